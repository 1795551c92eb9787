package gateway

import (
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/openimis/openimis-be-go/internal/auth"
	"github.com/openimis/openimis-be-go/internal/clock"
	"github.com/openimis/openimis-be-go/internal/db"
	"github.com/openimis/openimis-be-go/internal/server"
	"github.com/openimis/openimis-be-go/internal/testing/dbtest"
	"github.com/openimis/openimis-be-go/internal/testing/legacyapp"
	"github.com/openimis/openimis-be-go/internal/testing/servertest"
	"github.com/openimis/openimis-be-go/modules"
	"github.com/openimis/openimis-be-go/modules/core"
	"github.com/openimis/openimis-be-go/modules/location"
)

const password = "s3cret-Passw0rd"

// secret is of sessions.
var secret = strings.Repeat("k", 40)

var backendModules = []server.Constructor{
	func(a *modules.App) modules.Module { return core.New(a) },
	func(a *modules.App) modules.Module { return location.New(a) },
}

// installation is a database with two users, two backends over it, a stand-in for the legacy application,
// and gateways in front.
type installation struct {
	t       *testing.T
	DB      *db.DB
	Backend string
	Legacy  *legacyStandIn
	vars    map[string]string
	clock   clock.Clock
}

func install(t *testing.T, legacy bool) *installation {
	t.Helper()
	d := dbtest.SQLite(t)
	stored, key := auth.HashLegacy(password)
	began := time.Now().AddDate(-1, 0, 0)
	err := d.Write(t.Context(), "users", func(tx *db.Tx) error {
		role, err := tx.Insert(t.Context(), "tblRole", db.Values{"RoleName": "IMIS Administrator", "IsSystem": 64, "IsBlocked": false, "AuditUserID": 0, "ValidityFrom": began})
		if err != nil {
			return err
		}
		for _, name := range []string{"Admin", "Klara"} {
			id, err := tx.Insert(t.Context(), "tblUsers", db.Values{"LanguageID": "en", "LastName": "L", "OtherNames": "O", "LoginName": name, "RoleID": 0, "StoredPassword": stored, "PrivateKey": key, "AuditUserID": 0, "ValidityFrom": began})
			if err != nil {
				return err
			}
			if _, err := tx.Insert(t.Context(), "tblUserRole", db.Values{"UserID": id, "RoleID": role, "AudituserID": 0, "ValidityFrom": began}); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	in := &installation{t: t, DB: d, clock: clock.System}
	in.Backend = servertest.Serve(t, servertest.New(t, d, backendModules, map[string]string{"OPENIMIS_MODULES": "core,location,api_fhir"}))
	in.vars = map[string]string{"IBACKEND_URLS": in.Backend, "BACKEND_URLS": in.Backend, "SESSION_SECRET": secret, "LOGINS_PER_MINUTE": "1000"}
	if legacy {
		in.Legacy = newLegacy(t)
		in.vars["LEGACY_URL"] = in.Legacy.URL
	}
	return in
}

// gateway starts a gateway; more changes its variables.
func (in *installation) gateway(more ...string) *httptest.Server {
	in.t.Helper()
	vars := map[string]string{"DATA_DIR": in.t.TempDir()}
	for k, v := range in.vars {
		vars[k] = v
	}
	for i := 0; i < len(more); i += 2 {
		vars[more[i]] = more[i+1]
	}
	return front(in.t, build(in.t, in.clock, vars))
}

// legacyStandIn is the stand-in for the legacy application, which lets everybody in who knows the password.
type legacyStandIn struct {
	*httptest.Server
	*legacyapp.App
}

func newLegacy(t *testing.T) *legacyStandIn {
	app := &legacyapp.App{Right: func(_, given string) bool { return given == password }}
	l := &legacyStandIn{httptest.NewServer(app), app}
	t.Cleanup(l.Close)
	return l
}

// browser is a client with cookies that does not follow redirections.
type browser struct {
	t    *testing.T
	base string
	*http.Client
}

func newBrowser(t *testing.T, base string) *browser {
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return &browser{t, base, &http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}
}

func (b *browser) do(method, path, body string, headers ...string) (*http.Response, string) {
	b.t.Helper()
	r, err := http.NewRequestWithContext(b.t.Context(), method, b.base+path, strings.NewReader(body))
	if err != nil {
		b.t.Fatal(err)
	}
	for i := 0; i < len(headers); i += 2 {
		r.Header.Add(headers[i], headers[i+1])
	}
	answer, err := b.Do(r)
	if err != nil {
		b.t.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		b.t.Fatal(err)
	}
	return answer, string(text)
}

func (b *browser) page(path string) (*http.Response, string) {
	b.t.Helper()
	return b.do("GET", path, "", "Accept", "text/html", "Sec-Fetch-Mode", "navigate")
}

func (b *browser) form(path string, values url.Values) (*http.Response, string) {
	b.t.Helper()
	return b.do("POST", path, values.Encode(), "Content-Type", "application/x-www-form-urlencoded")
}

// legacyOf is the browser's session of the legacy application.
func legacyOf(b *browser, at *url.URL) string {
	for _, c := range b.Jar.Cookies(at) {
		if c.Name == legacyCookie {
			return c.Value
		}
	}
	return ""
}

// token is one that signs a user in at the backend.
func (in *installation) token(user string) string {
	in.t.Helper()
	answer, err := http.PostForm(in.Backend+"/api/api_fhir_r4/login", url.Values{"username": {user}, "password": {password}})
	if err != nil {
		in.t.Fatal(err)
	}
	defer answer.Body.Close()
	var body struct{ Token string }
	if err := json.NewDecoder(answer.Body).Decode(&body); err != nil || body.Token == "" {
		in.t.Fatalf("the login for a token: %d %v", answer.StatusCode, err)
	}
	return body.Token
}

// legacyLogin signs in as a person does: open the start page, send the form.
func (b *browser) legacyLogin(user, password string) *http.Response {
	b.t.Helper()
	b.page("/")
	answer, _ := b.form("/Default.aspx", url.Values{legacyUserField: {user}, "txtPassword": {password}})
	return answer
}

// whoAmI is the user whom the backend sees behind /iapi, or the status that was answered.
func (b *browser) whoAmI(headers ...string) string {
	b.t.Helper()
	answer, text := b.do("GET", "/iapi/core/users/current_user/", "", headers...)
	if answer.StatusCode != http.StatusOK {
		return answer.Status[:3]
	}
	var u struct{ Username string }
	if err := json.Unmarshal([]byte(text), &u); err != nil {
		b.t.Fatal(err)
	}
	return u.Username
}

// raw sends bytes and reads the status of the answer.
func raw(t *testing.T, address, request string) int {
	t.Helper()
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(20 * time.Second))
	if _, err := io.WriteString(conn, request); err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(io.LimitReader(conn, 64))
	var status int
	if _, scan := fmt.Sscanf(strings.Replace(string(text), "HTTP/1.0", "HTTP/1.1", 1), "HTTP/1.1 %d", &status); scan != nil {
		t.Fatalf("%q: %v", text, err)
	}
	return status
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// build is a gateway with these variables.
func build(t *testing.T, c clock.Clock, vars map[string]string) *Gateway {
	t.Helper()
	config, err := FromEnvironment(vars)
	if err != nil {
		t.Fatal(err)
	}
	g, err := New(config, c, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// front serves a gateway until the test ends.
func front(t *testing.T, g *Gateway) *httptest.Server {
	s := httptest.NewServer(g.Handler())
	t.Cleanup(s.Close)
	return s
}
