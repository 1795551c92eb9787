package gateway

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
)

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
