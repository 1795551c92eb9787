package gateway

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/openimis/openimis-be-go/internal/db"
)

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
