package auth

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/labstack/echo/v4"
	"pgregory.net/rapid"

	"github.com/openimis/openimis-be-go/internal/clock"
	"github.com/openimis/openimis-be-go/internal/db"
	"github.com/openimis/openimis-be-go/internal/fault"
	"github.com/openimis/openimis-be-go/internal/testing/dbtest"
)

// gate is an Authenticator over a populated database, with a clock and a log to look at.
type gate struct {
	*Authenticator
	d     *db.DB
	at    time.Time
	log   *bytes.Buffer
	slept []time.Duration
	mu    sync.Mutex
}

func newGate(t testing.TB, change func(*Options)) *gate {
	g := &gate{d: dbtest.SQLite(t), at: now, log: &bytes.Buffer{}}
	populate(t, g.d)
	c := clock.Clock(func() time.Time { g.mu.Lock(); defer g.mu.Unlock(); return g.at })
	o := Options{RemoteUser: true, TrustedProxies: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128")},
		Clock: c, Log: slog.New(slog.NewTextHandler(g.log, nil)),
		Sleep: func(_ context.Context, d time.Duration) {
			g.mu.Lock()
			defer g.mu.Unlock()
			g.slept = append(g.slept, d)
		}}
	if change != nil {
		change(&o)
	}
	g.Authenticator = New(NewStore(g.d, c, 0), o)
	return g
}

func (g *gate) pass(d time.Duration) { g.mu.Lock(); defer g.mu.Unlock(); g.at = g.at.Add(d) }

func request(peer string, headers ...string) *http.Request {
	r := httptest.NewRequest("GET", "/", nil)
	r.RemoteAddr = peer
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Add(headers[i], headers[i+1])
	}
	return r
}

func basic(user, password string) string {
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(user+":"+password))
}

const local, away = "127.0.0.1:5000", "203.0.113.9:5000"

func TestAuthenticate(t *testing.T) {
	g := newGate(t, nil)
	off := newGate(t, func(o *Options) { o.RemoteUser = false })
	nobody := newGate(t, func(o *Options) { o.TrustedProxies = nil })
	django := newGate(t, func(o *Options) { o.HeaderName = "HTTP_X_IMIS_USER" })
	for _, c := range []struct {
		name string
		gate *gate
		r    *http.Request
		want string // user name, "" anonymous, "!" unauthenticated
	}{
		{"nothing", g, request(local), ""},
		{"header of a trusted proxy", g, request(local, "Remote-User", "Clerk1"), "Clerk1"},
		{"header over IPv6", g, request("[::1]:9", "Remote-User", "clerk1"), "Clerk1"},
		{"header over IPv4 in IPv6", g, request("[::ffff:127.0.0.1]:9", "Remote-User", "clerk1"), "Clerk1"},
		{"header with a machine's name", g, request(local, "Remote-User", "super"), "super"},
		{"header from elsewhere", g, request(away, "Remote-User", "Admin"), ""},
		{"header from elsewhere, forwarded", g, request(away, "Remote-User", "Admin", "X-Forwarded-For", "127.0.0.1"), ""},
		{"header from elsewhere with Basic", g, request(away, "Remote-User", "Admin", "Authorization", basic("Clerk1", "clerkpass")), "Clerk1"},
		{"header while not enabled", off, request(local, "Remote-User", "Admin"), ""},
		{"header while nobody is trusted", nobody, request(local, "Remote-User", "Admin"), ""},
		{"header of another name", django, request(local, "Remote-User", "Admin"), ""},
		{"header in Django's spelling", django, request(local, "X-Imis-User", "Admin"), "Admin"},
		{"empty header", g, request(local, "Remote-User", " "), ""},
		{"header with white space around the name", g, request(local, "Remote-User", "\t Admin "), "Admin"},
		{"header with a no-break space", g, request(local, "Remote-User", "Admin\u00a0"), "!"},
		{"header with an em space", g, request(local, "Remote-User", "\u2003Admin"), "!"},
		{"header with a look-alike", g, request(local, "Remote-User", "ADM\u0130N"), "!"},
		{"Basic with a look-alike", g, request(away, "Authorization", basic("cler\u212a1", "clerkpass")), "!"},
		{"two headers", g, request(local, "Remote-User", "Clerk1", "Remote-User", "Admin"), "!"},
		{"unknown user in the header", g, request(local, "Remote-User", "nobody"), "!"},
		{"user past validity in the header", g, request(local, "Remote-User", "Left"), "!"},
		{"unreadable peer", g, request("unix", "Remote-User", "Admin"), ""},
		{"header wins over Basic", g, request(local, "Remote-User", "Clerk1", "Authorization", basic("Admin", "wrong")), "Clerk1"},
		{"Basic of a person", g, request(away, "Authorization", basic("Admin", "admin123")), "Admin"},
		{"Basic in another case", g, request(away, "Authorization", strings.Replace(basic("aDMIN", "admin123"), "Basic", "bAsIC", 1)), "Admin"},
		{"Basic of a machine", g, request(away, "Authorization", basic("machine", "machine")), "machine"},
		{"Basic with a wrong password", g, request(away, "Authorization", basic("HFUser", "x")), "!"},
		{"Basic of nobody", g, request(away, "Authorization", basic("nobody", "x")), "!"},
		{"Basic with an earlier password", g, request(away, "Authorization", basic("Clerk1", "oldpass")), "!"},
		{"Basic of a user without password", g, request(away, "Authorization", basic("NoPassword", "")), "!"},
		{"Basic of a user past validity", g, request(away, "Authorization", basic("Left", "leftpass")), "!"},
		{"Basic of a machine past validity", g, request(away, "Authorization", basic("expired", "machine")), "!"},
		{"malformed Basic", g, request(away, "Authorization", "Basic ???"), "!"},
		{"Basic twice", g, request(away, "Authorization", basic("Admin", "admin123"), "Authorization", "JWT x"), "!"},
		{"another scheme", g, request(away, "Authorization", "JWT undefined"), ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			p, err := c.gate.Authenticate(c.r)
			switch {
			case c.want == "!":
				if fault.Code(err) != fault.Unauthenticated || p != nil {
					t.Errorf("got %+v, %v", p, err)
				}
			case err != nil:
				t.Error(err)
			case c.want == "" && p != nil, c.want != "" && (p == nil || p.Username != c.want):
				t.Errorf("got %+v", p)
			}
		})
	}
}

// No header makes a principal unless its peer is a trusted proxy.
func TestUntrustedHeaderNeverCounts(t *testing.T) {
	g := newGate(t, nil)
	rapid.Check(t, func(t *rapid.T) {
		octets := rapid.SliceOfN(rapid.Byte(), 4, 4).Draw(t, "peer")
		if octets[0] == 127 {
			octets[0] = 128
		}
		peer := netip.AddrFrom4([4]byte(octets)).String() + ":1"
		user := rapid.SampledFrom([]string{"Admin", "admin", "Clerk1", "super", "machine"}).Draw(t, "user")
		name := rapid.SampledFrom([]string{"Remote-User", "REMOTE-USER", "Remote_User", "remote-user"}).Draw(t, "header")
		forwarded := rapid.SampledFrom([]string{"127.0.0.1", "::1", "for=127.0.0.1", "127.0.0.1, 127.0.0.1"}).Draw(t, "forwarded")
		r := request(peer, name, user, "X-Forwarded-For", forwarded, "Forwarded", forwarded, "X-Real-Ip", forwarded)
		if p, err := g.Authenticate(r); p != nil || err != nil {
			t.Fatalf("%s said %s: got %+v, %v", peer, user, p, err)
		}
	})
}

func TestSameAnswerForEveryFailure(t *testing.T) {
	g := newGate(t, nil)
	answers := map[string]bool{}
	for i, login := range [][2]string{{"Admin", "x"}, {"nobody", "x"}, {"Left", "leftpass"}, {"machine", "x"}, {"expired", "machine"}, {"NoPassword", ""}} {
		_, err := g.Login(t.Context(), login[0], login[1], fmt.Sprint("198.51.100.", i))
		answers[fault.Message(err)] = true
	}
	if len(answers) != 1 {
		t.Errorf("answers differ: %v", answers)
	}
	for _, d := range g.slept {
		if d > 300*time.Millisecond {
			t.Errorf("slept %v, more than fills up 300 ms", d)
		}
	}
	if len(g.slept) != 6 {
		t.Errorf("slept %d times", len(g.slept))
	}
	if log := g.log.String(); strings.Contains(log, "leftpass") || strings.Contains(log, "password=") || !strings.Contains(log, "user=nobody") || !strings.Contains(log, "address=198.51.100.1") {
		t.Errorf("log:\n%s", log)
	}
}

func TestLockOut(t *testing.T) {
	g := newGate(t, nil)
	login := func(user, password, address string) error {
		_, err := g.Login(t.Context(), user, password, address)
		return err
	}
	for i := range 5 {
		var locked *LockedError
		if err := login("Admin", fmt.Sprint(i), "a"); fault.Code(err) != fault.Unauthenticated || errors.As(err, &locked) {
			t.Fatalf("failure %d: %v", i, err)
		}
	}
	if n := len(g.slept); n != 5 || g.slept[4] <= g.slept[0]*4 {
		t.Errorf("delays do not grow: %v", g.slept)
	}
	var locked *LockedError
	if err := login("ADMIN", "admin123", "a"); !errors.As(err, &locked) || locked.RetryAfter != 5*time.Minute {
		t.Fatalf("not locked: %v", err)
	}
	if status, wait := Status(locked); status != http.StatusTooManyRequests || wait != 5*time.Minute {
		t.Errorf("status %d, wait %v", status, wait)
	}
	if err := login("Admin", "admin123", "b"); err != nil {
		t.Errorf("from another address: %v", err)
	}
	if err := login("Clerk1", "clerkpass", "a"); err != nil {
		t.Errorf("another user from the same address: %v", err)
	}
	g.pass(5 * time.Minute)
	if err := login("Admin", "admin123", "a"); err != nil {
		t.Errorf("after the lock: %v", err)
	}
	for i := range 4 {
		_ = login("Regional", fmt.Sprint(i), "a")
	}
	if err := login("Regional", "regionalpass", "a"); err != nil {
		t.Errorf("right after four failures: %v", err)
	}
	if err := login("Regional", "x", "a"); errors.As(err, &locked) {
		t.Errorf("a success did not forgive the failures: %v", err)
	}
}

// A user who is known comes from the cache, one who is not is looked for in the database: the answer must
// not take the longer for it.
func TestTheDatabaseDoesNotTellWhoIsKnown(t *testing.T) {
	g := newGate(t, nil)
	_, _ = g.Login(t.Context(), "Admin", "x", "a")
	stop := db.Listen(func(string) { time.Sleep(20 * time.Millisecond) })
	defer stop()
	_, _ = g.Login(t.Context(), "nobody", "x", "b")
	if len(g.slept) != 2 || g.slept[1] > g.throttle.limits.Delay-40*time.Millisecond { // a person, then a machine
		t.Errorf("delays %v", g.slept)
	}
}

// Others who try a user's name from everywhere, or other names from the user's address, do not keep the user out of
// where they signed in lately; the user's own wrong passwords do.
func TestOthersDoNotLockOutWhoIsKnown(t *testing.T) {
	g := newGate(t, func(o *Options) { o.Remember = time.Nanosecond })
	login := func(user, password, address string) (locked bool) {
		t.Helper()
		g.pass(time.Millisecond)
		_, err := g.Login(t.Context(), user, password, address)
		var l *LockedError
		if locked = errors.As(err, &l); err != nil && !locked && password == "admin123" {
			t.Error(err)
		}
		return locked
	}
	login("Admin", "admin123", "office")
	for i := range 50 {
		login("Admin", "x", fmt.Sprint(i))
		login(fmt.Sprint("user", i), "x", "office")
	}
	if !login("Admin", "admin123", "elsewhere") {
		t.Error("not locked elsewhere")
	}
	for range 4 {
		if login("Admin", "x", "office") || login("Admin", "admin123", "office") {
			t.Fatal("locked out of the office")
		}
	}
	for range 5 {
		login("Admin", "x", "office")
	}
	g.pass(4 * time.Minute)
	if !login("Admin", "x", "office") {
		t.Error("own wrong passwords do not count")
	}
	g.pass(knownFor)
	for i := range 50 {
		login("Admin", "x", fmt.Sprint(i))
	}
	if !login("Admin", "admin123", "office") {
		t.Error("known for ever")
	}
}

// Databases find a user by names in another case and with blanks behind them.
func TestSpellingsOfAUserCountAsOne(t *testing.T) {
	g := newGate(t, nil)
	for _, name := range []string{"Admin", "ADMIN", "admin ", "Admin  ", "aDMIN   "} {
		_, _ = g.Login(t.Context(), name, "x", "a")
	}
	var locked *LockedError
	for _, name := range []string{"Admin", "Admin    "} {
		if _, err := g.Login(t.Context(), name, "admin123", "a"); !errors.As(err, &locked) {
			t.Errorf("%q is not locked: %v", name, err)
		}
	}
}

func TestLockOfAddressAndOfUser(t *testing.T) {
	g := newGate(t, nil)
	var locked *LockedError
	for i := range 50 {
		_, _ = g.Login(t.Context(), fmt.Sprint("user", i), "x", "a")
	}
	if _, err := g.Login(t.Context(), "Admin", "admin123", "a"); !errors.As(err, &locked) {
		t.Errorf("an address that tried 50 users is not locked: %v", err)
	}
	if _, err := g.Login(t.Context(), "Admin", "admin123", ""); err != nil {
		t.Errorf("an unknown address: %v", err)
	}
	for i := range 50 {
		_, _ = g.Login(t.Context(), "Clerk1", "x", fmt.Sprint(i))
	}
	if _, err := g.Login(t.Context(), "Clerk1", "clerkpass", "new"); !errors.As(err, &locked) {
		t.Errorf("a user tried from 50 addresses is not locked: %v", err)
	}
}

// Many wrong logins at once get no more tries than many in a row, and many equal right ones are one.
func TestThrottleUnderConcurrency(t *testing.T) {
	g := newGate(t, nil)
	var all sync.WaitGroup
	var mu sync.Mutex
	tried := 0
	for i := range 40 {
		all.Go(func() {
			_, err := g.Login(t.Context(), "Admin", fmt.Sprint(i), "a")
			var locked *LockedError
			mu.Lock()
			defer mu.Unlock()
			if !errors.As(err, &locked) {
				tried++
			}
		})
		all.Go(func() {
			if _, err := g.Login(t.Context(), "machine", "machine", "b"); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if tried != 5 {
		t.Errorf("%d passwords tried", tried)
	}
}

func TestRememberedLogin(t *testing.T) {
	g := newGate(t, nil)
	ctx := t.Context()
	ok := func(when string, password string) {
		t.Helper()
		if _, err := g.Login(ctx, "machine", password, ""); err != nil {
			t.Errorf("%s: %v", when, err)
		}
	}
	ok("first", "machine")
	ok("again", "machine")
	err := g.d.Write(ctx, "change the password", func(tx *db.Tx) error {
		encoded, err := HashDjango(ctx, "changed")
		if err != nil {
			return err
		}
		_, err = tx.Exec(ctx, `UPDATE "core_TechnicalUser" SET "password" = ? WHERE "username" = ?`, encoded, "machine")
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	g.pass(6 * time.Minute)
	ok("the new password", "changed")
	if _, err := g.Login(ctx, "machine", "machine", ""); fault.Code(err) != fault.Unauthenticated {
		t.Errorf("the earlier password still counts: %v", err)
	}
}

// While an address is locked out, not even the right password of somebody who is at work there passes: the
// guesser would learn it. Elsewhere it does, but a login that was right in one place is checked in another.
func TestLockCountsForRememberedLogins(t *testing.T) {
	for _, address := range []string{"office", ""} { // "": behind a proxy that does not tell
		t.Run(address, func(t *testing.T) {
			g := newGate(t, nil)
			login := func(password, address string) error {
				_, err := g.Login(t.Context(), "machine", password, address)
				return err
			}
			var locked *LockedError
			if err := login("machine", address); err != nil {
				t.Fatal(err)
			}
			for i := range 5 {
				if err := login(fmt.Sprint(i), address); errors.As(err, &locked) || err == nil {
					t.Fatalf("guess %d: %v", i, err)
				}
			}
			for _, password := range []string{"wrong", "machine"} {
				if err := login(password, address); !errors.As(err, &locked) {
					t.Errorf("%q is not locked: %v", password, err)
				}
			}
			slept := len(g.slept)
			if err := login("machine", "home"); err != nil {
				t.Errorf("elsewhere: %v", err)
			}
			if err := login("wrong", "home"); err == nil || len(g.slept) != slept+1 {
				t.Errorf("elsewhere, wrong: %v", err)
			}
			g.pass(5 * time.Minute)
			if err := login("machine", address); err != nil {
				t.Errorf("after the lock: %v", err)
			}
		})
	}
}

// The right password among many guesses at once passes only while guesses are left.
func TestGuessesAtOnceAreCounted(t *testing.T) {
	g := newGate(t, nil)
	if _, err := g.Login(t.Context(), "Admin", "admin123", "a"); err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	var mu sync.Mutex
	answered := 0
	for i := range 200 {
		all.Go(func() {
			_, err := g.Login(t.Context(), "Admin", fmt.Sprint("guess", i), "a")
			var locked *LockedError
			if !errors.As(err, &locked) {
				mu.Lock()
				answered++
				mu.Unlock()
			}
		})
	}
	all.Wait()
	var locked *LockedError
	if _, err := g.Login(t.Context(), "Admin", "admin123", "a"); answered != 5 || !errors.As(err, &locked) {
		t.Errorf("%d guesses answered, then %v", answered, err)
	}
}

// Many names from one address lock it for names that have not been right there; the clients of a proxy
// that does not tell their addresses have a wider limit together.
func TestManyNames(t *testing.T) {
	g := newGate(t, nil)
	var locked *LockedError
	tries := func(address string) (n int) {
		for ; n < 2000; n++ {
			if _, err := g.Login(t.Context(), fmt.Sprint("name", n), "Password1", address); errors.As(err, &locked) {
				return n
			}
		}
		return n
	}
	for _, address := range []string{"office", ""} {
		if _, err := g.Login(t.Context(), "Admin", "admin123", address); err != nil {
			t.Fatal(err)
		}
	}
	if n := tries("office"); n != 50 {
		t.Errorf("%d names tried from one address", n)
	}
	if n := tries(""); n != 500 {
		t.Errorf("%d names tried through a proxy", n)
	}
	for _, address := range []string{"office", ""} {
		if _, err := g.Login(t.Context(), "Admin", "admin123", address); err != nil {
			t.Errorf("who was right at %q before: %v", address, err)
		}
		if _, err := g.Login(t.Context(), "Regional", "regionalpass", address); !errors.As(err, &locked) {
			t.Errorf("who was not is let in: %v", err)
		}
	}
}

// A password that has run out is not a password, where that is asked for; in the legacy application it only
// ends a link to set a new one.
func TestPasswordsRunOut(t *testing.T) {
	for _, expire := range []bool{true, false} {
		g := newGate(t, nil)
		g.store.PasswordsExpire = expire
		err := g.d.Write(t.Context(), "validity of passwords", func(tx *db.Tx) error {
			w := world{t, g.d, tx}
			w.user("RunOut", "x", db.Values{"PasswordValidity": now.Add(-time.Minute)})
			w.user("RunsOut", "x", db.Values{"PasswordValidity": now.Add(time.Minute)})
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		in := func(name string) bool {
			_, err := g.Login(t.Context(), name, "x", "a")
			if err != nil && fault.Message(err) != errLogin.Message {
				t.Error(err)
			}
			return err == nil
		}
		if in("RunOut") == expire || !in("RunsOut") {
			t.Errorf("expire %v", expire)
		}
		if _, err := g.Authenticate(request(local, "Remote-User", "RunOut")); err != nil {
			t.Errorf("the gateway vouches for the user: %v", err)
		}
		g.pass(time.Minute)
		if in("RunsOut") == expire {
			t.Errorf("expire %v: a remembered login does not run out", expire)
		}
	}
}

func TestClientOf(t *testing.T) {
	g := newGate(t, nil)
	for _, c := range []struct{ peer, forwarded, want string }{
		{away, "", "203.0.113.9"},
		{away, "198.51.100.7", "203.0.113.9"},
		{local, "", ""},
		{local, "198.51.100.7", "198.51.100.7"},
		{local, "10.9.9.9, 198.51.100.7, 127.0.0.5", "198.51.100.7"},
		{local, "198.51.100.7, nonsense", ""},
		{"[2001:db8::1]:1", "", "2001:db8::/64"},
	} {
		r := request(c.peer, "X-Forwarded-For", c.forwarded)
		if got := g.clientOf(r, peerOf(r)); got != c.want {
			t.Errorf("%s, %s: got %q, want %q", c.peer, c.forwarded, got, c.want)
		}
	}
}

func TestThrottleMemoryIsBounded(t *testing.T) {
	th := newThrottle(Limits{}, clock.Fixed(now))
	for i := range maxTracked {
		_, _ = th.begin(fmt.Sprint("u", i), fmt.Sprint("a", i), func() bool { return false })
	}
	if len(th.keys) > maxTracked || th.recent.Len() != len(th.keys) {
		t.Errorf("%d keys, %d in the list", len(th.keys), th.recent.Len())
	}
}

func TestMiddleware(t *testing.T) {
	g := newGate(t, nil)
	e := echo.New()
	e.Use(Middleware(g.Authenticator, RenderErrors))
	e.GET("/", func(c echo.Context) error {
		p := From(c.Request().Context())
		if p == nil {
			return c.String(http.StatusOK, "anonymous")
		}
		return c.String(http.StatusOK, p.Username)
	})
	for _, c := range []struct {
		name   string
		r      *http.Request
		status int
		body   string
	}{
		{"anonymous", request(away), 200, "anonymous"},
		{"user", request(local, "Remote-User", "Admin"), 200, "Admin"},
		{"unknown", request(local, "Remote-User", "nobody"), 401, `{"errors":[{"message":"The user \"nobody\" is not known or no longer valid."}]}`},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := httptest.NewRecorder()
			e.ServeHTTP(w, c.r)
			if w.Code != c.status || strings.TrimSpace(w.Body.String()) != c.body {
				t.Errorf("got %d %s", w.Code, w.Body)
			}
		})
	}
	for range 5 {
		e.ServeHTTP(httptest.NewRecorder(), request(away, "Authorization", basic("Admin", "x"+fmt.Sprint(len(g.slept)))))
	}
	w := httptest.NewRecorder()
	e.ServeHTTP(w, request(away, "Authorization", basic("Admin", "admin123")))
	if w.Code != http.StatusTooManyRequests || w.Header().Get("Retry-After") != "300" || !strings.Contains(w.Body.String(), "5 minutes") {
		t.Errorf("locked: %d %v %s", w.Code, w.Header(), w.Body)
	}
}

func FuzzBasic(f *testing.F) {
	f.Add("Basic QTpi")
	f.Add("basic")
	f.Add("JWT undefined")
	f.Add("Basic " + strings.Repeat("QUFB", 5000))
	f.Fuzz(func(t *testing.T, header string) {
		c, ok, err := parseBasic(http.Header{"Authorization": {header}})
		if err == nil && ok && !validUsername(c.username) {
			t.Errorf("accepted %q", c.username)
		}
		if !ok && err != nil {
			t.Errorf("an error about another scheme: %v", err)
		}
	})
}
