package e2e

import (
	"net/http"
	"net/url"
	"path/filepath"
	"testing"
	"time"
)

// Two gateways and two ibackends. Who signs out at one gateway, and whose user an administrator closes, is out at both of them
// within ten seconds: of the data and of the React application.
func TestSessionsEndOnEveryGateway(t *testing.T) {
	d := deploy(t, shape{ibackends: 2, backends: 1, gateways: 2})
	// people are a browser's session, taken to every gateway.
	people := func(user, password string) (at []*client) {
		t.Helper()
		first := d.signIn(d.gateways[0], user, password)
		home, err := url.Parse(d.gateways[0])
		if err != nil {
			t.Fatal(err)
		}
		cookies := first.http.Jar.Cookies(home)
		for _, g := range d.gateways {
			c := d.newClient(g)
			there, err := url.Parse(g)
			if err != nil {
				t.Fatal(err)
			}
			for _, cookie := range cookies {
				cookie.Secure, cookie.Path = true, "/"
			}
			c.http.Jar.SetCookies(there, cookies)
			if status := c.whoAmI(); status != http.StatusOK {
				t.Fatalf("%s at %s: %d", user, g, status)
			}
			at = append(at, c)
		}
		return at
	}
	front := func(c *client) int {
		status, _, _ := c.send(t.Context(), http.MethodGet, "/front", "", http.Header{"Accept": {"text/html"}})
		return status
	}
	// out waits until none of them is in, who use the application all the time.
	out := func(what string, since time.Time, at []*client) {
		t.Helper()
		await(t, what+": out at every gateway", 10*time.Second-time.Since(since), func() bool {
			for _, c := range at {
				if c.whoAmI() != http.StatusUnauthorized || front(c) != http.StatusFound {
					return false
				}
			}
			return true
		})
		t.Logf("%s: out at every gateway after %v", what, time.Since(since).Round(100*time.Millisecond))
	}

	at := people("medical", "medicalmedical")
	ended := time.Now()
	if status, _, err := at[0].send(t.Context(), http.MethodGet, "/logout", "", nil); err != nil || status != http.StatusFound {
		t.Fatalf("the logout: %d %v", status, err)
	}
	out("a logout", ended, at)

	at = people("clerk", "clerkclerk")
	for _, c := range at {
		if front(c) != http.StatusOK {
			t.Error("the React application is closed to who is signed in")
		}
	}
	closed := time.Now()
	output(t, nil, filepath.Join(postgresBin(t), "psql"), d.db, "-v", "ON_ERROR_STOP=1", "-qc", `UPDATE "tblUsers" SET "ValidityTo" = now() - interval '2 days' WHERE "LoginName" = 'clerk'`)
	out("a closed user", closed, at)
}
