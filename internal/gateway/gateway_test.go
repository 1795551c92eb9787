package gateway

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
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
	in.vars = map[string]string{"IBACKEND_URLS": in.Backend, "BACKEND_URLS": in.Backend, "SESSION_SECRET": strings.Repeat("k", 40), "LOGINS_PER_MINUTE": "1000"}
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
	c, err := FromEnvironment(vars)
	if err != nil {
		in.t.Fatal(err)
	}
	g, err := New(c, in.clock, slog.New(slog.DiscardHandler))
	if err != nil {
		in.t.Fatal(err)
	}
	s := httptest.NewServer(g.Handler())
	in.t.Cleanup(s.Close)
	return s
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

func TestTheLoginOfTheLegacyApplicationIsShared(t *testing.T) {
	in := install(t, true)
	b := newBrowser(t, in.gateway().URL)
	if got := b.whoAmI(); got != "401" {
		t.Fatalf("before the login: %s", got)
	}
	if a, _ := b.page("/front/home"); a.StatusCode != http.StatusFound || a.Header.Get("Location") != "/" {
		t.Errorf("a page without a session: %d to %q", a.StatusCode, a.Header.Get("Location"))
	}
	if a := b.legacyLogin("Klara", "wrong"); a.StatusCode != http.StatusOK || b.whoAmI() != "401" {
		t.Fatalf("a wrong password: %d", a.StatusCode)
	}
	if a := b.legacyLogin("Klara", password); a.StatusCode != http.StatusFound {
		t.Fatalf("the login: %d", a.StatusCode)
	}
	if got := b.whoAmI(); got != "Klara" {
		t.Fatalf("signed in as %s", got)
	}
	if a, _ := b.page("/Home.aspx"); a.Header.Get("Location") != "/front" {
		t.Errorf("/Home.aspx leads to %q", a.Header.Get("Location"))
	}
	if _, text := b.page("/LegacyHome"); text != "legacy page /Home.aspx of Klara" {
		t.Errorf("/LegacyHome: %s", text)
	}
	for _, path := range []string{"/photos/1.jpg", "/keepLegacyAlive"} {
		if _, text := b.page(path); !strings.HasPrefix(text, "legacy page "+path) {
			t.Errorf("%s: %s", path, text)
		}
	}
	if a, _ := b.page("/logout"); a.Header.Get("Location") != "/Logout.aspx" {
		t.Errorf("logout leads to %q", a.Header.Get("Location"))
	}
	if got := b.whoAmI(); got != "401" {
		t.Errorf("after the logout: %s", got)
	}
}

func TestTheLegacyLogoutEndsTheSession(t *testing.T) {
	in := install(t, true)
	b := newBrowser(t, in.gateway().URL)
	b.legacyLogin("Klara", password)
	stolen := b.Jar.Cookies(must(url.Parse(b.base)))
	b.page("/Logout.aspx")
	if got := b.whoAmI(); got != "401" {
		t.Errorf("after the logout: %s", got)
	}
	b.Jar.SetCookies(must(url.Parse(b.base)), stolen)
	if got := b.whoAmI(); got != "401" {
		t.Errorf("with the old cookies: %s", got)
	}
}

// What a client can do to become somebody else.
func TestNobodyBecomesSomebodyElse(t *testing.T) {
	in := install(t, true)
	gateway := in.gateway()
	signedIn := func() *browser {
		b := newBrowser(t, gateway.URL)
		b.legacyLogin("Klara", password)
		return b
	}
	for _, name := range []string{"Remote-User", "remote-user", "REMOTE_USER", "Remote_User", "REMOTE-USER", "HTTP_REMOTE_USER", "Http-Remote-User", "HTTP-REMOTE_USER",
		"X-Remote-User", "X-Forwarded-User", "Remote.User", "REMOTEUSER", "Redirect_Remote_User", "X-Auth-User", "Auth_User", "Logon_User"} {
		if got := newBrowser(t, gateway.URL).whoAmI(name, "Admin"); got != "401" {
			t.Errorf("%s without a session: %s", name, got)
		}
		if got := signedIn().whoAmI(name, "Admin"); got != "Klara" {
			t.Errorf("%s beside a session: %s", name, got)
		}
		a, _ := newBrowser(t, gateway.URL).do("GET", "/api/core/users/current_user/", "", name, "Admin")
		if a.StatusCode == http.StatusOK {
			t.Errorf("%s gets into /api", name)
		}
	}
	for _, connection := range []string{"Remote-User", "close, Remote-User", "remote-user, X-Forwarded-For, Cookie", "keep-alive, Authorization, Host"} {
		if got := signedIn().whoAmI("Connection", connection); got != "Klara" {
			t.Errorf("Connection: %s: %s", connection, got)
		}
	}
	if got := signedIn().whoAmI("Remote-User", "Admin", "Remote-User", "Admin", "Connection", "Remote-User"); got != "Klara" {
		t.Errorf("the user's header twice, named by Connection: %s", got)
	}
	if got := newBrowser(t, gateway.URL).whoAmI("Authorization", "Basic QWRtaW46czNjcmV0LVBhc3N3MHJk"); got != "401" {
		t.Errorf("/iapi takes a Basic login without a session: %s", got)
	}
	if got := signedIn().whoAmI("Authorization", "Basic QWRtaW46czNjcmV0LVBhc3N3MHJk"); got != "Klara" {
		t.Errorf("a Basic login beside a session: %s", got)
	}
	t.Run("somebody who is in names somebody else at the login page", func(t *testing.T) {
		b := signedIn()
		a, _ := b.form("/Default.aspx", url.Values{legacyUserField: {"Admin"}, "txtPassword": {"guess"}})
		if got := b.whoAmI(); a.StatusCode != http.StatusFound || got != "Klara" {
			t.Errorf("status %d, now %s", a.StatusCode, got)
		}
	})
	t.Run("another page that redirects", func(t *testing.T) {
		b := newBrowser(t, gateway.URL)
		b.form("/Users.aspx", url.Values{legacyUserField: {"Admin"}, "txtPassword": {password}})
		if got := b.whoAmI(); got != "401" {
			t.Error(got)
		}
	})
	t.Run("two names", func(t *testing.T) {
		b := newBrowser(t, gateway.URL)
		a, _ := b.form("/Default.aspx", url.Values{legacyUserField: {"Klara", "Admin"}, "txtPassword": {password}})
		if got := b.whoAmI(); a.StatusCode != http.StatusBadRequest || got != "401" {
			t.Errorf("status %d, now %s", a.StatusCode, got)
		}
	})
	// Where the redirection alone is trusted, gateway and application must read one name in the form.
	t.Run("a form that is read in two ways", func(t *testing.T) {
		trusting := in.gateway("LEGACY_VERIFY", "false")
		const form = "application/x-www-form-urlencoded"
		for what, c := range map[string]struct{ kind, body, want string }{
			"as a browser sends it":     {form, "txtUserName=Klara&txtPassword=" + password, "Klara"},
			"with its character set":    {form + "; charset=UTF-8", "txtUserName=Klara&txtPassword=" + password, "Klara"},
			"another character set":     {form + "; charset=ibm037", "txtUserName=Admin&txtPassword=" + password, "401"},
			"UTF-7":                     {form + "; charset=utf-7", "txtUserName=Admin&txtPassword=" + password, "401"},
			"two spellings of the name": {form, "txtUserName=Admin&TXTUSERNAME=Klara&txtPassword=" + password, "401"},
			"the name in another case":  {form, "txtusername=Admin&txtPassword=" + password, "401"},
			"an escape of ASP.NET":      {form, "txtUserName=Admin&txtUserN%u0061me=Klara&txtPassword=" + password, "401"},
			"a semicolon":               {form, "txtUserName=Admin;txtUserName=Klara&txtPassword=" + password, "401"},
			"no form":                   {"text/plain", "txtUserName=Admin&txtPassword=" + password, "401"},
			"a control character":       {form, "txtUserName=Admin%0d%0aX:y&txtPassword=" + password, "401"},
		} {
			b := newBrowser(t, trusting.URL)
			b.page("/")
			b.do("POST", "/Default.aspx", c.body, "Content-Type", c.kind)
			if got := b.whoAmI(); got != c.want {
				t.Errorf("%s: %s", what, got)
			}
		}
		b := newBrowser(t, trusting.URL)
		b.page("/")
		b.do("POST", "/Default.aspx", "txtUserName=Admin&txtPassword="+password, "Content-Type", form, "Content-Type", form+"; charset=ibm037")
		if got := b.whoAmI(); got != "401" {
			t.Errorf("two content types: %s", got)
		}
	})
	t.Run("a cookie of another secret", func(t *testing.T) {
		other := in.gateway("SESSION_SECRET", strings.Repeat("x", 40))
		b := newBrowser(t, other.URL)
		b.legacyLogin("Admin", password)
		moved := newBrowser(t, gateway.URL)
		moved.Jar.SetCookies(must(url.Parse(gateway.URL)), b.Jar.Cookies(must(url.Parse(other.URL))))
		if got := moved.whoAmI(); got != "401" {
			t.Error(got)
		}
	})
	t.Run("a cookie that was changed", func(t *testing.T) {
		b := signedIn()
		at := must(url.Parse(gateway.URL))
		for _, c := range b.Jar.Cookies(at) {
			if c.Name == "openimis_session" {
				flipped := []byte(c.Value)
				flipped[len(flipped)/2] ^= 1
				b.Jar.SetCookies(at, []*http.Cookie{{Name: c.Name, Value: string(flipped), Path: "/"}})
			}
		}
		if got := b.whoAmI(); got != "401" {
			t.Error(got)
		}
	})
	t.Run("other cookies", func(t *testing.T) {
		token := in.token("Admin")
		at := must(url.Parse(gateway.URL))
		b := signedIn()
		var own string
		for _, c := range b.Jar.Cookies(at) {
			if c.Name == "openimis_session" {
				own = c.Value
			}
		}
		legacy := "; " + legacyCookie + "=" + legacyOf(b, at)
		for what, test := range map[string]struct{ cookie, want string }{
			"a token beside the session":             {"openimis_session=" + own + legacy + "; JWT=" + token, "Klara"},
			"a token without a session":              {"JWT=" + token, "401"},
			"Django's session":                       {"sessionid=Admin; JWT=" + token, "401"},
			"two sessions, the own one first":        {"openimis_session=" + own + "; openimis_session=x" + legacy, "401"},
			"two sessions, the own one last":         {"openimis_session=x; openimis_session=" + own + legacy, "401"},
			"two sessions of the legacy application": {"openimis_session=" + own + legacy + legacy, "401"},
			"without that of the legacy application": {"openimis_session=" + own, "401"},
			"another one of the legacy application":  {"openimis_session=" + own + "; " + legacyCookie + "=asp999", "401"},
			"the name of HTTPS":                      {"__Host-openimis_session=" + own + legacy, "401"},
			"a session by another spelling":          {"OPENIMIS_SESSION=" + own + legacy, "401"},
			"nothing sealed":                         {"openimis_session=" + base64.RawURLEncoding.EncodeToString([]byte(`{"i":"0123456789abcdef","u":"Admin"}`)) + legacy, "401"},
			"nothing":                                {"openimis_session=" + legacy, "401"},
		} {
			bare := newBrowser(t, gateway.URL)
			if got := bare.whoAmI("Cookie", test.cookie); got != test.want {
				t.Errorf("%s: %s", what, got)
			}
		}
		if got := signedIn().whoAmI("Authorization", "Bearer "+token); got != "Klara" {
			t.Errorf("somebody else's token beside a session: %s", got)
		}
	})
	t.Run("another protocol on the connection", func(t *testing.T) {
		var got http.Header
		willing := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			got = r.Header.Clone()
			if to := r.Header.Get("Upgrade"); to != "" {
				w.Header().Set("Connection", "Upgrade")
				w.Header().Set("Upgrade", to)
				w.WriteHeader(http.StatusSwitchingProtocols)
			}
		}))
		defer willing.Close()
		address := strings.TrimPrefix(in.gateway("BACKEND_URLS", willing.URL).URL, "http://")
		for upgrade, want := range map[string]int{"h2c": 200, "H2C": 200, "HTTP/2.0": 200, "TLS/1.0, h2c": 200, "websocket, h2c": 200, "websocket\r\nUpgrade: h2c": 200, "websocket": 101, "WebSocket": 101} {
			status := raw(t, address, "GET /api/graphql HTTP/1.1\r\nHost: "+address+"\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: "+upgrade+"\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\nRemote-User: Admin\r\n\r\n")
			if status != want || got.Get("Http2-Settings") != "" || got.Get("Remote-User") != "" {
				t.Errorf("Upgrade: %s: %d, the server got %v", upgrade, status, got)
			}
		}
	})
	t.Run("the gateway's cookie stays here", func(t *testing.T) {
		signedIn().page("/photos/x")
		for _, r := range in.Legacy.Seen() {
			if len(r.CookiesNamed("openimis_session")) > 0 {
				t.Fatal("the legacy application got the session")
			}
		}
	})
}

func TestPathTricks(t *testing.T) {
	in := install(t, true)
	gateway := in.gateway()
	address := strings.TrimPrefix(gateway.URL, "http://")
	for _, target := range []string{
		"//iapi/graphql", "/api/../iapi/graphql", "/x/..%2fiapi/graphql", "/iapi%2fgraphql", "/%69api/..", "/./iapi/graphql", "/iapi/%2e%2e/api",
		"/..;/iapi/graphql", "/api/..;/iapi/graphql", "/api/..;x=y/iapi/graphql", "/api/%2e%2e;/iapi/graphql", "/api/..%252fiapi/graphql", "/iapi/..%00/api", "/api/.%2e/iapi/graphql",
		"/%2fiapi/graphql", "///iapi/graphql", "/api//..//iapi/graphql", "/%c0%ae%c0%ae/iapi/graphql", "/api/..%c0%afiapi/graphql", "/iapi%0agraphql", "/iapi%09graphql", "/api/%3b/iapi",
		"/api;x/graphql", "/iapi\\graphql", "/iapi%5cgraphql", "/iapi/%00", "/iapi%252fgraphql", "http://evil/../iapi/graphql",
	} {
		status := raw(t, address, "GET "+target+" HTTP/1.1\r\nHost: "+address+"\r\nConnection: close\r\n\r\n")
		if status != 400 {
			t.Errorf("%s: %d", target, status)
		}
	}
	// An address in full, or another host, is no way round the login.
	for _, request := range []string{
		"GET http://127.0.0.1:8001/iapi/core/users/current_user/ HTTP/1.1\r\nHost: 127.0.0.1:8001\r\n",
		"GET http://Admin@" + address + "/iapi/core/users/current_user/ HTTP/1.1\r\nHost: " + address + "\r\n",
		"GET /iapi/core/users/current_user/ HTTP/1.1\r\nHost: 127.0.0.1:8001\r\n",
		"GET /iapi/core/users/current_user/?user=Admin&Remote-User=Admin HTTP/1.1\r\nHost: " + address + "\r\n",
		"GET /iapi/core/users/current_user/ HTTP/1.0\r\nHost: " + address + "\r\n",
		"HEAD /iapi/core/users/current_user/ HTTP/1.1\r\nHost: " + address + "\r\nX-HTTP-Method-Override: GET\r\n",
		"GET /photos/x HTTP/1.1\r\nHost: " + address + "\r\nX-Original-URL: /iapi/core/users/current_user/\r\nX-Rewrite-URL: /iapi/core/users/current_user/\r\n",
	} {
		want := 401
		if strings.HasPrefix(request, "GET /photos") {
			want = 200 // of the legacy application
		}
		if status := raw(t, address, request+"Connection: close\r\nRemote-User: Admin\r\nREMOTE_USER: Admin\r\n\r\n"); status != want {
			t.Errorf("%s: %d", strings.SplitN(request, "\r", 2)[0], status)
		}
	}
	for _, target := range []string{"/IAPI/graphql", "/iapix/graphql"} { // no routes: they are the legacy application's
		if status := raw(t, address, "GET "+target+" HTTP/1.1\r\nHost: "+address+"\r\nConnection: close\r\n\r\n"); status != 200 {
			t.Errorf("%s: %d", target, status)
		}
	}
	for what, request := range map[string]string{
		"two lengths":           "POST /iapi/graphql HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\nContent-Length: 30\r\n\r\nabcd",
		"length and chunked":    "POST /iapi/graphql HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\nTransfer-Encoding: xchunked\r\n\r\nabcd",
		"a blank in a name":     "GET /iapi/graphql HTTP/1.1\r\nHost: h\r\nRemote-User : Admin\r\n\r\n",
		"a folded header":       "GET /iapi/graphql HTTP/1.1\r\nHost: h\r\nX: a\r\n Remote-User: Admin\r\nConnection: close\r\n\r\n",
		"a user in the trailer": "POST /iapi/graphql HTTP/1.1\r\nHost: h\r\nConnection: close\r\nTransfer-Encoding: chunked\r\nTrailer: Remote-User\r\n\r\n0\r\nRemote-User: Admin\r\n\r\n",
	} {
		if status := raw(t, address, request); status < 400 || status >= 502 {
			t.Errorf("%s: %d", what, status)
		}
	}
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

func TestSessionsOverSeveralGateways(t *testing.T) {
	in := install(t, true)
	now := time.Now()
	var mu sync.Mutex
	in.clock = func() time.Time { mu.Lock(); defer mu.Unlock(); return now }
	pass := func(d time.Duration) { mu.Lock(); now = now.Add(d); mu.Unlock() }
	one, two := in.gateway(), in.gateway()
	b := newBrowser(t, one.URL)
	b.legacyLogin("Klara", password)
	other := newBrowser(t, two.URL)
	other.Jar.SetCookies(must(url.Parse(two.URL)), b.Jar.Cookies(must(url.Parse(one.URL))))
	if got := other.whoAmI(); got != "Klara" {
		t.Fatalf("at the second gateway: %s", got)
	}
	b.page("/logout")
	pass(10 * time.Second)
	if got := other.whoAmI(); got != "401" {
		t.Errorf("ten seconds after the logout at the first gateway: %s", got)
	}

	b = newBrowser(t, one.URL)
	b.legacyLogin("Klara", password)
	for range 10 { // it slides
		pass(50 * time.Minute)
		if got := b.whoAmI(); got != "Klara" {
			t.Fatalf("a session in use: %s", got)
		}
	}
	pass(2 * time.Hour)
	if got := b.whoAmI(); got != "401" {
		t.Errorf("two hours without use: %s", got)
	}
	b.legacyLogin("Klara", password)
	for range 15 {
		pass(50 * time.Minute)
		b.whoAmI()
	}
	if got := b.whoAmI(); got != "401" {
		t.Errorf("after more than twelve hours: %s", got)
	}
}

// While the backend is away nobody can be told that a session has ended. It is over at the gateway of the logout at once, and at
// the others when the backend is back.
func TestALogoutWhileTheBackendIsAwayEndsTheSessionEverywhere(t *testing.T) {
	in := install(t, true)
	var away atomic.Bool
	to := httputil.NewSingleHostReverseProxy(must(url.Parse(in.Backend)))
	way := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if away.Load() {
			panic(http.ErrAbortHandler)
		}
		to.ServeHTTP(w, r)
	}))
	defer way.Close()
	in.vars["IBACKEND_URLS"] = way.URL
	one, two := in.gateway(), in.gateway()
	b := newBrowser(t, one.URL)
	b.legacyLogin("Klara", password)
	cookies := b.Jar.Cookies(must(url.Parse(one.URL)))
	at := func(gateway string) string {
		c := newBrowser(t, gateway)
		c.Jar.SetCookies(must(url.Parse(gateway)), cookies)
		return c.whoAmI()
	}
	if got := at(two.URL); got != "Klara" {
		t.Fatalf("at the second gateway: %s", got)
	}
	away.Store(true)
	if a, _ := b.page("/logout"); a.Header.Get("Location") != "/Logout.aspx" {
		t.Errorf("the logout leads to %q", a.Header.Get("Location"))
	}
	away.Store(false)
	if got := at(one.URL); got != "401" {
		t.Errorf("at the gateway of the logout: %s", got)
	}
	for deadline := time.Now().Add(20 * time.Second); at(two.URL) != "401"; time.Sleep(100 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("the session goes on at the other gateway")
		}
	}
}

func TestAClosedUserIsOutWithinTenSeconds(t *testing.T) {
	in := install(t, false)
	now := time.Now()
	in.clock = func() time.Time { return now }
	b := newBrowser(t, in.gateway().URL)
	answer, _ := b.form("/gateway/login", url.Values{"user": {"Klara"}, "password": {password}})
	if answer.StatusCode != http.StatusSeeOther || b.whoAmI() != "Klara" {
		t.Fatalf("the login: %d", answer.StatusCode)
	}
	err := in.DB.Write(context.Background(), "close", func(tx *db.Tx) error {
		_, err := tx.Exec(t.Context(), `UPDATE "tblUsers" SET "ValidityTo" = ? WHERE "LoginName" = 'Klara'`, time.Now().Add(-time.Minute))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	now = now.Add(10 * time.Second)
	deadline := time.Now().Add(10 * time.Second)
	for b.whoAmI() != "401" { // the backend itself remembers users for some seconds
		if time.Now().After(deadline) {
			t.Fatal("still in after ten seconds")
		}
		time.Sleep(100 * time.Millisecond)
		now = now.Add(100 * time.Millisecond)
	}
}

func TestTheOwnLoginPage(t *testing.T) {
	in := install(t, false)
	gateway := in.gateway("LOGINS_PER_MINUTE", "5")
	b := newBrowser(t, gateway.URL)
	if a, _ := b.page("/front/claim/claims"); a.Header.Get("Location") != "/gateway/login?to=/front/claim/claims" {
		t.Fatalf("a page without a session leads to %q", a.Header.Get("Location"))
	}
	a, text := b.page("/gateway/login?to=/front/claim/claims")
	if a.StatusCode != http.StatusOK || !strings.Contains(text, `value="/front/claim/claims"`) || a.Header.Get("Content-Security-Policy") == "" {
		t.Fatalf("%d %s", a.StatusCode, text)
	}
	if a, text := b.form("/gateway/login", url.Values{"user": {"Klara"}, "password": {"no"}}); a.StatusCode != 401 || !strings.Contains(text, "wrong") {
		t.Errorf("wrong password: %d %s", a.StatusCode, text)
	}
	if a, _ := b.do("POST", "/gateway/login", "user=Klara&password="+password, "Content-Type", "application/x-www-form-urlencoded", "Sec-Fetch-Site", "cross-site"); a.StatusCode != 403 {
		t.Errorf("a login from another site: %d", a.StatusCode)
	}
	if a, _ := b.form("/gateway/login", url.Values{"user": {"Klara"}, "password": {password}, "to": {"//evil.example"}}); a.Header.Get("Location") != "/front" {
		t.Errorf("after the login: to %q", a.Header.Get("Location"))
	}
	if a, _ := b.page("/logout"); a.Header.Get("Location") != "/gateway/login" || b.whoAmI() != "401" {
		t.Errorf("logout: to %q", a.Header.Get("Location"))
	}
	status := 0
	for range 10 {
		a, _ := b.form("/gateway/login", url.Values{"user": {"Klara"}, "password": {password}})
		status = a.StatusCode
	}
	if status != http.StatusTooManyRequests {
		t.Errorf("the tenth login within a minute: %d", status)
	}
}

func TestLoginsAreLimitedByNetwork(t *testing.T) {
	for _, test := range []struct {
		one, other string
		together   bool
	}{
		{"203.0.113.7", "203.0.113.7", true},
		{"203.0.113.7", "203.0.113.8", false},
		{"2001:db8:1:2::1", "2001:db8:1:2:ffff::9", true},
		{"2001:db8:1:2::1", "2001:db8:1:3::1", false},
		{"::ffff:203.0.113.7", "::ffff:203.0.113.8", false},
		{"fe80::1%eth0", "fe80::2%eth1", true},
		{"", "", true},
	} {
		l := newLoginLimiter(2)
		for range 2 {
			if wait := l.wait(test.one); wait != 0 {
				t.Errorf("%s may not try twice: %v", test.one, wait)
			}
		}
		if wait := l.wait(test.other); (wait > 0) != test.together {
			t.Errorf("%s after two tries of %s: %v", test.other, test.one, wait)
		}
	}
}

func TestMutationsFromOtherSitesAreRefused(t *testing.T) {
	in := install(t, true)
	b := newBrowser(t, in.gateway().URL)
	b.legacyLogin("Klara", password)
	for _, headers := range [][]string{{"Sec-Fetch-Site", "cross-site"}, {"Origin", "https://evil.example"}} {
		a, _ := b.do("POST", "/iapi/graphql", `{"query":"{__typename}"}`, append(headers, "Content-Type", "application/json")...)
		if a.StatusCode != http.StatusForbidden {
			t.Errorf("%v: %d", headers, a.StatusCode)
		}
	}
	if a, text := b.do("POST", "/iapi/graphql", `{"query":"{__typename}"}`, "Content-Type", "application/json", "Origin", b.base); a.StatusCode != 200 {
		t.Errorf("from the own site: %d %s", a.StatusCode, text)
	}
}

func TestBackendsAreRestartedWithoutAnError(t *testing.T) {
	backend := func(name string) (*httptest.Server, *bool) {
		ready := true
		var mu sync.Mutex
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			mu.Lock()
			defer mu.Unlock()
			if r.URL.Path == "/readyz" && !ready {
				w.WriteHeader(503)
				return
			}
			_, _ = io.Copy(io.Discard, r.Body)
			_, _ = io.WriteString(w, name)
		}))
		t.Cleanup(s.Close)
		return s, &ready
	}
	one, _ := backend("one")
	two, _ := backend("two")
	c, err := FromEnvironment(map[string]string{"BACKEND_URLS": one.URL + "," + two.URL, "SESSION_SECRET": strings.Repeat("k", 40), "HEALTH_INTERVAL": "50ms"})
	if err != nil {
		t.Fatal(err)
	}
	g, err := New(c, clock.System, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	s := httptest.NewServer(g.Handler())
	defer s.Close()
	b := newBrowser(t, s.URL)
	seen := map[string]int{}
	for i := range 40 {
		if i == 20 {
			one.CloseClientConnections()
			one.Close()
		}
		a, text := b.do("POST", "/api/graphql", "{}", "Content-Type", "application/json")
		if a.StatusCode != 200 {
			t.Fatalf("request %d: %d %s", i, a.StatusCode, text)
		}
		seen[text]++
	}
	if seen["one"] < 5 || seen["two"] < 25 {
		t.Errorf("answers by server: %v", seen)
	}
}

// A server that hangs does not delay the news that another one stops.
func TestAStoppingServerIsNoticedBesideOneThatHangs(t *testing.T) {
	release := make(chan struct{})
	hangs := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-release }))
	defer hangs.Close()
	defer close(release)
	var asked atomic.Int64
	stops := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if asked.Add(1) > 5 {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	}))
	defer stops.Close()
	c, err := FromEnvironment(map[string]string{"BACKEND_URLS": hangs.URL + "," + stops.URL, "SESSION_SECRET": strings.Repeat("k", 40), "HEALTH_INTERVAL": "20ms"})
	if err != nil {
		t.Fatal(err)
	}
	g, err := New(c, clock.System, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	ctx, end := context.WithCancel(t.Context())
	defer end()
	began := time.Now()
	g.Watch(ctx)
	m := g.pools[routeBackend].members[1]
	for !m.down.Load() {
		if time.Since(began) > 1900*time.Millisecond { // the first of them is waited for during two seconds
			t.Fatalf("not noticed, asked %d times", asked.Load())
		}
		time.Sleep(5 * time.Millisecond)
	}
}

// What a server had received when its connection broke is sent to another one only when it changes nothing, and
// only once.
func TestWhatIsSentTwice(t *testing.T) {
	for name, test := range map[string]struct {
		method, path, kind, body string
		want                     int
	}{
		"page":                      {"GET", "/api/x", "", "", 2},
		"query":                     {"POST", "/api/graphql", "application/json; charset=utf-8", `{"query": "{ insurees { totalCount } }"}`, 2},
		"query as text":             {"POST", "/api/graphql/", "application/graphql", `{ insurees { totalCount } }`, 2},
		"log of mutations":          {"POST", "/api/graphql", "application/json", `{"query": "{ mutationLogs(first: 1) { totalCount } }"}`, 2},
		"search of FHIR":            {"POST", "/api/api_fhir_r4/Patient/_search", "application/x-www-form-urlencoded", "name=a", 2},
		"mutation":                  {"POST", "/api/graphql", "application/json", `{"query": "mutation { createClaim(input: {}) { internalId } }"}`, 1},
		"mutation behind a comment": {"POST", "/api/graphql", "application/json", `{"query": "# {\nmutation{ createClaim(input: {}) { internalId } }"}`, 1},
		"mutation with an escape":   {"POST", "/api/graphql", "application/json", `{"query": "\u006dutation { createClaim(input: {}) { internalId } }"}`, 1},
		"mutation in the address":   {"POST", "/api/graphql?query=mutation{x}", "application/json", `{"query": "{ insurees { totalCount } }"}`, 1},
		"mutation in a form":        {"POST", "/api/graphql", "application/x-www-form-urlencoded", "query=%6dutation{x}", 1},
		"no body":                   {"POST", "/api/graphql", "application/json", "", 1},
		"claim of FHIR":             {"POST", "/api/api_fhir_r4/Claim", "application/json", `{}`, 1},
		"change of FHIR":            {"PUT", "/api/api_fhir_r4/Claim/1", "application/json", `{}`, 1},
	} {
		t.Run(name, func(t *testing.T) {
			var got atomic.Int64
			var servers []string
			for range 3 {
				cut := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
					got.Add(1)
					panic(http.ErrAbortHandler) // the connection breaks after the request arrived
				}))
				defer cut.Close()
				servers = append(servers, cut.URL)
			}
			c, err := FromEnvironment(map[string]string{"BACKEND_URLS": strings.Join(servers, ","), "SESSION_SECRET": strings.Repeat("k", 40)})
			if err != nil {
				t.Fatal(err)
			}
			g, err := New(c, clock.System, slog.New(slog.DiscardHandler))
			if err != nil {
				t.Fatal(err)
			}
			s := httptest.NewServer(g.Handler())
			defer s.Close()
			r, err := http.NewRequest(test.method, s.URL+test.path, strings.NewReader(test.body))
			if err != nil {
				t.Fatal(err)
			}
			if test.kind != "" {
				r.Header.Set("Content-Type", test.kind)
			}
			a, err := http.DefaultClient.Do(r)
			if err != nil {
				t.Fatal(err)
			}
			a.Body.Close()
			if a.StatusCode != http.StatusBadGateway || got.Load() != int64(test.want) {
				t.Errorf("status %d, sent %d times, not %d", a.StatusCode, got.Load(), test.want)
			}
		})
	}
}

func TestForwardedHeaders(t *testing.T) {
	var got http.Header
	echo := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { got = r.Header.Clone(); got.Set("Host", r.Host) }))
	defer echo.Close()
	for _, test := range []struct {
		name, trusted, wantFor, wantProto string
	}{
		{"from anybody", "none", "127.0.0.1", "http"},
		{"from a proxy in front", "127.0.0.1", "203.0.113.7", "https"},
	} {
		t.Run(test.name, func(t *testing.T) {
			c, err := FromEnvironment(map[string]string{"BACKEND_URLS": echo.URL, "TRUSTED_PROXIES": test.trusted, "SESSION_SECRET": strings.Repeat("k", 40)})
			if err != nil {
				t.Fatal(err)
			}
			g, err := New(c, clock.System, slog.New(slog.DiscardHandler))
			if err != nil {
				t.Fatal(err)
			}
			s := httptest.NewServer(g.Handler())
			defer s.Close()
			newBrowser(t, s.URL).do("GET", "/api/x", "", "X-Forwarded-For", "198.51.100.1, 203.0.113.7", "X-Forwarded-Proto", "https", "X-Forwarded-Host", "evil", "Forwarded", "for=1.2.3.4")
			if got.Get("X-Forwarded-For") != test.wantFor || got.Get("X-Forwarded-Proto") != test.wantProto || got.Get("X-Forwarded-Host") == "evil" || got.Get("Forwarded") != "" {
				t.Errorf("the backend sees %v", got)
			}
		})
	}
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}
