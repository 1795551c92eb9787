package gateway

import (
	"encoding/base64"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/openimis/openimis-be-go/internal/clock"
)

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
			s := front(t, build(t, clock.System, map[string]string{"SESSION_SECRET": secret, "BACKEND_URLS": echo.URL, "TRUSTED_PROXIES": test.trusted}))
			newBrowser(t, s.URL).do("GET", "/api/x", "", "X-Forwarded-For", "198.51.100.1, 203.0.113.7", "X-Forwarded-Proto", "https", "X-Forwarded-Host", "evil", "Forwarded", "for=1.2.3.4")
			if got.Get("X-Forwarded-For") != test.wantFor || got.Get("X-Forwarded-Proto") != test.wantProto || got.Get("X-Forwarded-Host") == "evil" || got.Get("Forwarded") != "" {
				t.Errorf("the backend sees %v", got)
			}
		})
	}
}
