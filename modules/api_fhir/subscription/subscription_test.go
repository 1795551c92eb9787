package subscription_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/labstack/echo/v4"
	"github.com/samply/golang-fhir-models/fhir-models/fhir"

	"github.com/openimis/openimis-be-go/internal/auth"
	"github.com/openimis/openimis-be-go/internal/clock"
	"github.com/openimis/openimis-be-go/internal/db"
	"github.com/openimis/openimis-be-go/internal/table"
	"github.com/openimis/openimis-be-go/internal/testing/dbtest"
	"github.com/openimis/openimis-be-go/internal/testing/fhirtest"
	"github.com/openimis/openimis-be-go/internal/testing/sqlcheck"
	apifhir "github.com/openimis/openimis-be-go/modules/api_fhir"
	"github.com/openimis/openimis-be-go/modules/api_fhir/fhirsql"
	"github.com/openimis/openimis-be-go/modules/api_fhir/subscription"
)

func TestMain(m *testing.M) { os.Exit(sqlcheck.Gate(m)) }

// payer is a row of tblPayer, as Account: a table that anybody may change.
type payer struct {
	fhirsql.Row
	Name string `db:"PayerName"`
}

var accounts = &fhirsql.Source[payer]{
	Table:   table.New(table.Table{Name: "tblPayer", Why: "payers", Columns: []string{"PayerName"}}),
	Columns: []string{"PayerName"},
	Params:  []fhirsql.Param{fhirsql.Text("name", "Start of the name", "PayerName")},
	Map: func(p payer) apifhir.Entry {
		return p.Entry(&fhir.Account{Status: fhir.AccountStatusActive, Name: &p.Name})
	},
}

const rightToRead = 121801

var (
	ann   = &auth.Principal{Username: "ann", Rights: map[int]bool{rightToRead: true, 158001: true, 158002: true, 158003: true, 158004: true}, Scope: auth.Scope{All: true}}
	bob   = &auth.Principal{Username: "bob", Rights: map[int]bool{158001: true, 158002: true, 158003: true, 158004: true}, Scope: auth.Scope{All: true}}
	boss  = &auth.Principal{Username: "boss", Admin: true, Scope: auth.Scope{All: true}}
	start = time.Date(2026, 11, 30, 9, 0, 0, 0, time.UTC)
)

// world is a FHIR server with payers and subscriptions, and a clock.
type world struct {
	t       *testing.T
	d       *db.DB
	service *subscription.Service
	handler http.Handler
	mu      sync.Mutex
	now     time.Time
	by      *auth.Principal
	noted   func(key int) // hears of changes; may be nil
	held    bool          // a transaction of the test is open
}

func (w *world) note(key int) {
	if w.noted != nil {
		w.noted(key)
	}
}

func (w *world) clock() time.Time { w.mu.Lock(); defer w.mu.Unlock(); return w.now }

func (w *world) pass(d time.Duration) { w.mu.Lock(); w.now = w.now.Add(d); w.mu.Unlock() }

func build(t *testing.T, d *db.DB) *world { t.Helper(); return buildWith(t, d, nil) }

// buildWith is build with something else about the resource of payers.
func buildWith(t *testing.T, d *db.DB, change func(*apifhir.Resource)) *world {
	t.Helper()
	w := &world{t: t, d: d, now: start, by: ann}
	w.service = &subscription.Service{DB: d, Clock: clock.Clock(w.clock), Targets: subscription.ParseTargets([]string{"127.0.0.1"})}
	payers := fhirsql.Resource(apifhir.Resource{Release: apifhir.R4, Type: "Account", Doc: "Payers.", Access: apifhir.Access{Get: auth.Needs(rightToRead)}}, accounts)
	if change != nil {
		change(&payers)
	}
	s, err := apifhir.New(apifhir.Config{DB: d, Clock: clock.Clock(w.clock), Log: slog.New(slog.DiscardHandler)}, payers, w.service.Resource())
	if err != nil {
		t.Fatal(err)
	}
	w.service.Serve(s)
	e := echo.New()
	s.Mount(e.Group("/fhir", func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			c.SetRequest(c.Request().WithContext(auth.With(c.Request().Context(), w.by)))
			return next(c)
		}
	}), apifhir.Mount{Release: apifhir.R4})
	w.handler = e
	return w
}

func (w *world) feed() *subscription.Feed {
	return &subscription.Feed{Service: w.service, Log: slog.New(slog.DiscardHandler), Poll: 10 * time.Millisecond, Timeout: 300 * time.Millisecond,
		Principals: func(_ context.Context, name string) (*auth.Principal, error) {
			return map[string]*auth.Principal{"ann": ann, "bob": bob, "boss": boss}[name], nil
		}}
}

// run feeds until done says that it is enough. The clock goes on, as it does.
func (w *world) run(what string, done func() bool) {
	w.t.Helper()
	if !w.held {
		dbtest.Settled(w.t, w.d)
	}
	ctx, stop := context.WithCancel(w.t.Context())
	ended := make(chan struct{})
	go func() { w.feed().Run(ctx); close(ended) }()
	deadline := time.Now().Add(30 * time.Second)
	for !done() {
		if time.Now().After(deadline) {
			stop()
			<-ended
			w.t.Fatalf("%s did not happen", what)
		}
		time.Sleep(5 * time.Millisecond)
		w.pass(200 * time.Millisecond)
	}
	stop()
	<-ended
}

// change inserts or updates a payer, as the legacy application does, and gives its key.
func (w *world) change(key int, name string) int {
	w.t.Helper()
	w.pass(time.Second)
	err := w.d.Write(w.t.Context(), "change", func(tx *db.Tx) (err error) {
		if key == 0 {
			key, err = tx.Insert(w.t.Context(), "tblPayer", db.Values{"PayerName": name, "PayerType": "D", "AuditUserID": 1, "ValidityFrom": w.clock()})
			return err
		}
		_, err = tx.Update(w.t.Context(), "tblPayer", key, db.Values{"PayerName": name, "ValidityFrom": w.clock()})
		return err
	})
	if err != nil {
		w.t.Fatal(err)
	}
	w.note(key)
	return key
}

func (w *world) send(by *auth.Principal, method, path, body string) (int, string) {
	w.t.Helper()
	w.by = by
	r := httptest.NewRequest(method, "/fhir/"+path, strings.NewReader(body))
	r.Header.Set("Content-Type", "application/fhir+json")
	a := httptest.NewRecorder()
	w.handler.ServeHTTP(a, r)
	fhirtest.Dump(w.t, "/fhir/"+path, a.Body.Bytes())
	return a.Code, a.Body.String()
}

func body(criteria, endpoint string, more string) string {
	return fmt.Sprintf(`{"resourceType":"Subscription","status":"requested","reason":"test","criteria":%q,"channel":{"type":"rest-hook","endpoint":%q%s}}`, criteria, endpoint, more)
}

func (w *world) subscribe(by *auth.Principal, criteria, endpoint, more string) string {
	w.t.Helper()
	code, text := w.send(by, "POST", "Subscription", body(criteria, endpoint, more))
	var made struct{ ID, Status string }
	if err := json.Unmarshal([]byte(text), &made); err != nil || code != http.StatusCreated || made.Status != "active" {
		w.t.Fatalf("%d %s", code, text)
	}
	return made.ID
}

// hook is an endpoint that keeps what it got.
type hook struct {
	*httptest.Server
	mu     sync.Mutex
	names  []string
	header http.Header
	answer func(name string) int
}

func newHook(t *testing.T) *hook {
	h := &hook{}
	h.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		raw, _ := io.ReadAll(r.Body)
		var account struct{ Name string }
		_ = json.Unmarshal(raw, &account)
		h.mu.Lock()
		defer h.mu.Unlock()
		status := http.StatusOK
		if h.answer != nil {
			status = h.answer(account.Name)
		}
		if status == http.StatusOK {
			h.names, h.header = append(h.names, account.Name), r.Header.Clone()
		}
		w.WriteHeader(status)
	}))
	t.Cleanup(h.Close)
	return h
}

func (h *hook) got() string { h.mu.Lock(); defer h.mu.Unlock(); return strings.Join(h.names, ",") }

func TestChangesAreSentInTheirOrder(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := build(t, d)
		w.change(0, "before")
		w.pass(2 * time.Minute)
		h := newHook(t)
		w.subscribe(ann, "Account", h.URL, `,"header":["{\"X-Key\":\"k1\"}"]`)
		one := w.change(0, "one")
		w.change(0, "two")
		w.run("both", func() bool { return h.got() == "one,two" })
		if h.header.Get("X-Key") != "k1" || h.header.Get("Content-Type") != "application/fhir+json" {
			t.Errorf("headers %v", h.header)
		}
		w.change(one, "one again")
		w.run("the change", func() bool { return h.got() == "one,two,one again" })
	})
}

// A transaction may end after later ones were sent: what it changed is sent then, and nothing twice.
func TestWhatIsCommittedLateIsSent(t *testing.T) {
	dbtest.Need(t, db.Postgres) // SQLite has one writer at a time
	w := build(t, dbtest.Open(t, db.Postgres))
	h := newHook(t)
	w.subscribe(ann, "Account", h.URL, "")
	changed, end, ended := make(chan struct{}), make(chan struct{}), make(chan error)
	w.pass(time.Second)
	at := w.clock()
	go func() {
		ended <- w.d.Write(t.Context(), "a long transaction", func(tx *db.Tx) error {
			if _, err := tx.Insert(t.Context(), "tblPayer", db.Values{"PayerName": "late", "PayerType": "D", "AuditUserID": 1, "ValidityFrom": at}); err != nil {
				return err
			}
			close(changed)
			<-end
			return nil
		})
	}()
	<-changed
	w.change(0, "meanwhile")
	w.run("what was committed", func() bool { return h.got() == "meanwhile" })
	close(end)
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
	w.run("the late one", func() bool { return h.got() == "meanwhile,late" })
	w.change(0, "after")
	w.run("the next one", func() bool { return h.got() == "meanwhile,late,after" })
}

func TestAnEndpointThatFailsDelaysNobodyAndMissesNothing(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := build(t, d)
		good, bad := newHook(t), newHook(t)
		tries := 0
		bad.answer = func(string) int {
			if tries++; tries <= 3 {
				return http.StatusBadGateway
			}
			return http.StatusOK
		}
		over := make(chan struct{})
		hanging := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body)
			<-over
		}))
		defer hanging.Close()
		defer close(over)
		w.subscribe(ann, "Account", hanging.URL, "")
		w.subscribe(ann, "Account", bad.URL, "")
		w.subscribe(ann, "Account?name=a", good.URL, "")
		w.change(0, "a1")
		w.change(0, "b1")
		w.run("all but the hanging one", func() bool { return good.got() == "a1" && bad.got() == "a1,b1" })
		_, text := w.send(ann, "GET", "Subscription?url="+hanging.URL, "")
		if !strings.Contains(text, "the endpoint cannot be reached") {
			t.Errorf("the hanging one says: %s", text)
		}
	})
}

func TestAResourceThatIsRefusedAgainAndAgainIsLeftOut(t *testing.T) {
	w := build(t, dbtest.SQLite(t))
	h := newHook(t)
	h.answer = func(name string) int {
		if name == "poison" {
			return http.StatusUnprocessableEntity
		}
		return http.StatusOK
	}
	w.subscribe(ann, "Account", h.URL, "")
	w.change(0, "poison")
	w.change(0, "sound")
	w.run("the sound one", func() bool { return h.got() == "sound" })
}

// Rights are those of who subscribed, at the time of sending.
func TestWhoLosesTheRightGetsNothing(t *testing.T) {
	w := build(t, dbtest.SQLite(t))
	h := newHook(t)
	carl := &auth.Principal{Username: "bob", Rights: map[int]bool{158001: true, 158002: true, rightToRead: true}, Scope: auth.Scope{All: true}}
	id := w.subscribe(carl, "Account", h.URL, "") // bob, while that user had the right
	w.change(0, "secret")
	w.run("the end of it", func() bool {
		_, text := w.send(bob, "GET", "Subscription/"+id, "")
		return strings.Contains(text, `"status":"error"`)
	})
	if got := h.got(); got != "" {
		t.Errorf("sent: %s", got)
	}
}

func TestWhatIsRefused(t *testing.T) {
	w := build(t, dbtest.SQLite(t))
	const fine = "https://example.org/hook"
	for name, test := range map[string]struct {
		by   *auth.Principal
		body string
		want int
		says string
	}{
		"a type that is not there":      {ann, body("Patient", fine, ""), 400, "Subscription.criteria"},
		"a parameter that is not there": {ann, body("Account?owner=1", fine, ""), 400, "has no parameter"},
		"a search by time":              {ann, body("Account?_lastUpdated=gt2020", fine, ""), 400, "has no parameter"},
		"subscriptions themselves":      {ann, body("Subscription", fine, ""), 400, "cannot be subscribed|is not a type"},
		"no right to the type":          {bob, body("Account", fine, ""), 403, ""},
		"no endpoint":                   {ann, body("Account", "", ""), 400, "Subscription.channel.endpoint"},
		"plain HTTP":                    {ann, body("Account", "http://example.org/", ""), 400, "only https"},
		"the machine itself":            {ann, body("Account", "https://[::1]/", ""), 400, "not a public one"},
		"a private network":             {ann, body("Account", "https://10.0.0.7/", ""), 400, "not a public one"},
		"the metadata of a cloud":       {ann, body("Account", "https://169.254.169.254/latest", ""), 400, "not a public one"},
		"an embedded IPv4 address":      {ann, body("Account", "https://[::ffff:10.0.0.1]/", ""), 400, "not a public one"},
		"a login in the URL":            {ann, body("Account", "https://u:p@example.org/", ""), 400, "user name or password"},
		"another scheme":                {ann, body("Account", "file:///etc/passwd", ""), 400, "https URL"},
		"a header that breaks the line": {ann, body("Account", fine, `,"header":["X: a\r\nY: b"]`), 400, "header"},
		"a header of the server":        {ann, body("Account", fine, `,"header":["Host: inside"]`), 400, "set by the server"},
		"another channel":               {ann, strings.Replace(body("Account", fine, ""), "rest-hook", "email", 1), 400, "rest-hook"},
		"an end that has passed":        {ann, strings.Replace(body("Account", fine, ""), `"reason"`, `"end":"2020-01-01T00:00:00Z","reason"`, 1), 400, "Subscription.end"},
	} {
		t.Run(name, func(t *testing.T) {
			code, text := w.send(test.by, "POST", "Subscription", test.body)
			ok := test.says == ""
			for _, s := range strings.Split(test.says, "|") {
				ok = ok || strings.Contains(text, s)
			}
			if code != test.want || !ok {
				t.Errorf("%d %s", code, text)
			}
		})
	}
}

func TestSubscriptionsBelongToWhoMadeThem(t *testing.T) {
	w := build(t, dbtest.SQLite(t))
	id := w.subscribe(ann, "Account", "https://example.org/hook", `,"header":["Authorization: Bearer s3cret"]`)
	if code, text := w.send(ann, "GET", "Subscription/"+id, ""); code != 200 || !strings.Contains(text, "s3cret") {
		t.Errorf("the owner: %d %s", code, text)
	}
	for _, method := range []string{"GET", "DELETE"} {
		if code, text := w.send(bob, method, "Subscription/"+id, ""); code != 404 {
			t.Errorf("another user, %s: %d %s", method, code, text)
		}
	}
	if code, text := w.send(boss, "GET", "Subscription", ""); code != 200 || !strings.Contains(text, id) || strings.Contains(text, "s3cret") {
		t.Errorf("an administrator: %d %s", code, text)
	}
	changed := strings.Replace(body("Account", "https://example.org/other", ""), "requested", "off", 1)
	changed = strings.Replace(changed, `{"resourceType":"Subscription"`, `{"resourceType":"Subscription","id":"`+id+`"`, 1)
	if code, text := w.send(boss, "PUT", "Subscription/"+id, changed); code != 403 {
		t.Errorf("an administrator changes it: %d %s", code, text)
	}
	if code, text := w.send(ann, "PUT", "Subscription/"+id, changed); code != 200 || !strings.Contains(text, `"status":"off"`) {
		t.Errorf("the owner changes it: %d %s", code, text)
	}
	if code, text := w.send(ann, "DELETE", "Subscription/"+id, ""); code != 204 && code != 200 {
		t.Errorf("the owner deletes it: %d %s", code, text)
	}
	if code, _ := w.send(ann, "GET", "Subscription/"+id, ""); code != 404 {
		t.Errorf("after deletion: %d", code)
	}
}
