package server_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/openimis/openimis-be-go/internal/db"
	"github.com/openimis/openimis-be-go/internal/testing/dbtest"
	"github.com/openimis/openimis-be-go/internal/testing/dbtest/faketds"
)

const (
	someInsurees = `{ insurees(first: 5) { totalCount edges { node { chfId family { id } } } } }`
	someMutation = `mutation { submitClaims(input: {ids: [1], clientMutationId: "1"}) { clientMutationId internalId } }`
	inTime       = "The database did not answer in time; ask for less, or try again in a moment."
)

// watched serves r so that the test sees the context of a request and when its handler has returned.
type watched struct {
	*httptest.Server
	began    chan context.Context
	returned chan bool
}

func watch(t *testing.T, r *running) *watched {
	w := &watched{began: make(chan context.Context, 100), returned: make(chan bool, 100)}
	w.Server = httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, req *http.Request) {
		w.began <- req.Context()
		r.Main.Handler().ServeHTTP(rw, req)
		w.returned <- true
	}))
	t.Cleanup(w.Close)
	return w
}

// post sends a query on a connection of its own.
func (w *watched) post(ctx context.Context, query string) (status int, text string, err error) {
	body, _ := json.Marshal(map[string]string{"query": query})
	req, _ := http.NewRequestWithContext(ctx, http.MethodPost, w.URL+"/api/graphql", bytes.NewReader(body))
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Remote-User", "admin")
	req.Close = true
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, "", err
	}
	defer res.Body.Close()
	all, err := io.ReadAll(res.Body)
	return res.StatusCode, string(all), err
}

// leavesNoGoroutines runs fn once to fill caches and pools, and again, after which there may not be more
// goroutines than before.
func leavesNoGoroutines(t *testing.T, fn func()) {
	t.Helper()
	fn()
	before := runtime.NumGoroutine()
	for range 3 {
		fn()
	}
	for deadline := time.Now().Add(10 * time.Second); runtime.NumGoroutine() > before; time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			stacks := make([]byte, 1<<20)
			t.Fatalf("%d goroutines, %d before\n%s", runtime.NumGoroutine(), before, stacks[:runtime.Stack(stacks, true)])
		}
	}
}

// hold makes whoever reads the table wait, until release.
func hold(t *testing.T, d *db.DB, table string) (release func()) {
	t.Helper()
	tx, err := d.Pool().Begin()
	if err == nil {
		_, err = tx.Exec(`LOCK TABLE "` + table + `" IN ACCESS EXCLUSIVE MODE`)
	}
	if err != nil {
		t.Fatal(err)
	}
	return func() { _ = tx.Rollback() }
}

func onPostgres(t *testing.T) *db.DB {
	t.Helper()
	dbtest.Need(t, db.Postgres)
	return dbtest.Open(t, db.Postgres)
}

func TestSlowDatabase(t *testing.T) {
	d := onPostgres(t)
	fill(t, d, 2)
	w := watch(t, start(t, d, map[string]string{"REQUEST_TIMEOUT": "500ms"}))
	answers := func(t *testing.T) { // within the time-out, which a busy machine may miss at first
		t.Helper()
		var status int
		var text string
		var err error
		for range 20 {
			if status, text, err = w.post(t.Context(), someInsurees); status == 200 && !strings.Contains(text, "errors") && err == nil {
				return
			}
		}
		t.Fatalf("%d %s %v", status, text, err)
	}
	answers(t)
	for name, c := range map[string]struct {
		table, query, text string
		status             int
	}{
		"list":     {"tblInsuree", someInsurees, inTime, 200},
		"relation": {"tblFamilies", someInsurees, inTime, 200},
		"mutation": {"core_Mutation_Log", someMutation, inTime, 200},
	} {
		t.Run(name, func(t *testing.T) {
			release := hold(t, d, c.table)
			leavesNoGoroutines(t, func() {
				began := time.Now()
				status, text, err := w.post(t.Context(), c.query)
				if status != c.status || !strings.Contains(text, c.text) || err != nil || time.Since(began) > 10*time.Second {
					t.Errorf("after %v: %d %s %v", time.Since(began), status, text, err)
				}
			})
			release()
			answers(t)
		})
	}
}

// SQL Server lets readers and writers wait for each other, and may end a reader as the victim.
func TestAListIsReadAgainAfterADeadlock(t *testing.T) {
	s := faketds.Start(t)
	var asked atomic.Int64
	deadlocks := int64(0)
	s.Handle(func(r faketds.Request) *faketds.Reply {
		switch {
		case strings.Contains(r.SQL, `"tblUserRole"`):
			return &faketds.Reply{Columns: []string{"IsSystem int", "RightID int"}, Rows: [][]any{{64, nil}}}
		case strings.Contains(r.SQL, `FROM "tblUsersDistricts"`):
			return &faketds.Reply{Columns: []string{"LocationId int"}}
		case strings.Contains(r.SQL, `FROM "tblUsers"`):
			return &faketds.Reply{Columns: []string{"UserID int", "LoginName nvarchar", "LanguageID nvarchar", "LastName nvarchar", "OtherNames nvarchar", "HFID int", "StoredPassword nvarchar", "PrivateKey nvarchar"},
				Rows: [][]any{{1, "admin", "en", "L", "O", nil, nil, nil}}}
		case strings.Contains(r.SQL, `FROM "core_User"`):
			return &faketds.Reply{Columns: []string{"id nvarchar", "i_user_id int", "t_user_id nvarchar"}, Rows: [][]any{{"11111111-1111-1111-1111-111111111111", 1, nil}}}
		case strings.Contains(r.SQL, `FROM "tblICDCodes"`):
			if asked.Add(1) <= deadlocks {
				return faketds.Deadlock()
			}
			return &faketds.Reply{Columns: []string{"k0 int", "c0 nvarchar"}, Rows: [][]any{{7, "A00"}}}
		}
		return nil
	})
	d, err := db.Open(t.Context(), s.URL(), db.Options{Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	r := start(t, d, nil)
	const query = `{ diagnoses(first: 1) { edges { node { code } } } }`
	for deadlocks = range 3 {
		asked.Store(0)
		if data := r.good("admin", query); !strings.Contains(fmt.Sprint(data), "A00") || asked.Load() != deadlocks+1 {
			t.Errorf("%d deadlocks: asked %d times, %v", deadlocks, asked.Load(), data)
		}
	}
	asked.Store(0)
	deadlocks = 100
	if a := r.query("admin", query); len(a.Errors) != 1 || !strings.Contains(a.Errors[0].Message, "busy just now") {
		t.Errorf("%v", a.Errors)
	}
}

func TestSlowSignIn(t *testing.T) {
	d := onPostgres(t)
	fill(t, d, 1)
	w := watch(t, start(t, d, map[string]string{"REQUEST_TIMEOUT": "500ms"}))
	defer hold(t, d, "tblUsers")()
	status, text, err := w.post(t.Context(), someInsurees)
	if status != http.StatusServiceUnavailable || !strings.Contains(text, "try again in a moment") || err != nil {
		t.Errorf("%d %s %v", status, text, err)
	}
}

// An embedded database that another program writes to keeps readers and gives writers a clear answer.
func TestLockedEmbeddedDatabase(t *testing.T) {
	d := dbtest.SQLite(t)
	fill(t, d, 2)
	w := watch(t, start(t, d, map[string]string{"REQUEST_TIMEOUT": "1s"}))
	if _, text, err := w.post(t.Context(), someInsurees); err != nil || strings.Contains(text, "errors") { // signs in
		t.Fatal(text, err)
	}
	tx, err := d.Pool().Begin() // takes the write lock, as another program would
	if err != nil {
		t.Fatal(err)
	}
	leavesNoGoroutines(t, func() {
		if status, text, err := w.post(t.Context(), someMutation); status != 200 || !strings.Contains(text, inTime) || err != nil {
			t.Errorf("write: %d %s %v", status, text, err)
		}
		if status, text, err := w.post(t.Context(), someInsurees); status != 200 || strings.Contains(text, "errors") || err != nil {
			t.Errorf("read: %d %s %v", status, text, err)
		}
	})
	_ = tx.Rollback()
	if status, text, err := w.post(t.Context(), someMutation); status != 200 || strings.Contains(text, "errors") || err != nil {
		t.Errorf("afterwards: %d %s %v", status, text, err)
	}
}

// Nothing is asked of the database for a client that has gone away.
func TestClientGoesAwayInAList(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		fill(t, d, 2)
		w := watch(t, start(t, d, nil))
		if _, text, err := w.post(t.Context(), someInsurees); err != nil || strings.Contains(text, "errors") { // signs in
			t.Fatal(text, err)
		}
		<-w.began
		<-w.returned
		leavesNoGoroutines(t, func() {
			ctx, leave := context.WithCancel(t.Context())
			defer leave()
			var insurees, later atomic.Int32
			stop := db.Listen(func(src string) {
				switch {
				case insurees.Load() > 0:
					later.Add(1)
				case strings.Contains(src, `FROM "tblInsuree"`):
					insurees.Add(1)
					leave()
					<-(<-w.began).Done()
				}
			})
			defer stop()
			if _, text, err := w.post(ctx, someInsurees); err == nil {
				t.Errorf("answered %s", text)
			}
			<-w.returned
			if insurees.Load() != 1 || later.Load() != 0 {
				t.Errorf("%d statements for the list, %d after the client had gone", insurees.Load(), later.Load())
			}
		})
	})
}

// A statement that runs when its client goes away is cancelled in the server.
func TestClientGoesAwayInAStatement(t *testing.T) {
	d := onPostgres(t)
	fill(t, d, 2)
	w := watch(t, start(t, d, nil))
	if _, text, err := w.post(t.Context(), someInsurees); err != nil || strings.Contains(text, "errors") { // signs in
		t.Fatal(text, err)
	}
	<-w.returned
	defer hold(t, d, "tblInsuree")()
	waiting := func(want int) {
		t.Helper()
		for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(5 * time.Millisecond) {
			var n int
			if err := d.Pool().QueryRow(`SELECT COUNT(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`).Scan(&n); err != nil {
				t.Fatal(err)
			}
			if n == want {
				return
			}
			if time.Now().After(deadline) {
				t.Fatalf("%d statements wait, want %d", n, want)
			}
		}
	}
	leavesNoGoroutines(t, func() {
		ctx, leave := context.WithCancel(t.Context())
		defer leave()
		answered := make(chan error)
		go func() {
			_, _, err := w.post(ctx, someInsurees)
			answered <- err
		}()
		waiting(1)
		leave()
		if err := <-answered; err == nil {
			t.Error("answered")
		}
		<-w.returned
		waiting(0)
	})
}

// A reader does not notice a connection lost between the statements of a list: the list is read again.
func TestConnectionLostInAList(t *testing.T) {
	dbtest.Need(t, db.Postgres)
	for name, lose := range map[string]func(*dbtest.Proxy, string){"request": (*dbtest.Proxy).LoseRequest, "answer": (*dbtest.Proxy).LoseAnswer} {
		t.Run(name, func(t *testing.T) {
			proxy := dbtest.NewProxy(t, dbtest.URL(t, db.Postgres))
			d, err := db.Open(t.Context(), proxy.URL, db.Options{Log: slog.New(slog.DiscardHandler), MaxConns: 1})
			if err != nil {
				t.Fatal(err)
			}
			defer d.Close()
			fill(t, d, 2)
			r := start(t, d, nil)
			r.good("admin", `{ userDistricts { id } }`) // signs in
			disturbed := statements(func() {
				lose(proxy, `FROM "tblFamilies"`) // sent when the statement is first used
				list := r.good("admin", someInsurees)["insurees"].(map[string]any)
				if len(list["edges"].([]any)) != 5 || list["totalCount"] != 6.0 {
					t.Errorf("the list is %v", list)
				}
			})
			undisturbed := statements(func() { r.good("admin", someInsurees) })
			if disturbed < undisturbed+2 {
				t.Errorf("%d statements, and %d without the fault: there was none", disturbed, undisturbed)
			}
		})
	}
}
