package auth

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/openimis/openimis-be-go/internal/clock"
	"github.com/openimis/openimis-be-go/internal/fault"
)

// Options are the ways in. The zero value lets people in by HTTP Basic only.
type Options struct {
	RemoteUser     bool                                      // believe HeaderName from TrustedProxies (REMOTE_USER_AUTHENTICATION)
	HeaderName     string                                    // as in HTTP or as Django spells it (HTTP_REMOTE_USER); default Remote-User
	TrustedProxies []netip.Prefix                            // peers whose header is believed; none: nobody's
	Limits         Limits                                    // on failed logins
	Remember       time.Duration                             // how long a checked Basic login is not hashed again; default 5 minutes
	Secret         func(ctx context.Context) (string, error) // what tokens are signed with (see Secret); none: no tokens
	TokenLifetime  time.Duration                             // default 24 hours
	Clock          clock.Clock
	Log            *slog.Logger
	Checked        func(err error) // is told of every login with a password, with nil for one that succeeded

	// Sleep delays the answer to a failed login; tests replace it.
	Sleep func(ctx context.Context, d time.Duration)
}

// Authenticator finds out who sends a request: a trusted proxy's Remote-User header, HTTP Basic, or a
// token that POST login gave for a password (token.go).
type Authenticator struct {
	store    *Store
	o        Options
	throttle *throttle

	secret   [32]byte // of this process: keys the remembered logins
	mu       sync.Mutex
	verified map[[32]byte]verified // by digest
	attempts map[[32]byte]*attempt // under way, by digest
}

// attempt is a login whose password is being checked.
type attempt struct {
	done chan struct{}
	err  error
}

// verified is a login that was right, as long as the account still has the same secret.
type verified struct {
	secret string
	until  time.Time
}

// maxVerified bounds the remembered logins.
const maxVerified = 10_000

// New makes an Authenticator over store.
func New(store *Store, o Options) *Authenticator {
	o.HeaderName = HeaderName(o.HeaderName)
	if o.Remember <= 0 {
		o.Remember = 5 * time.Minute
	}
	if o.TokenLifetime <= 0 {
		o.TokenLifetime = 24 * time.Hour
	}
	if o.Clock == nil {
		o.Clock = clock.System
	}
	if o.Log == nil {
		o.Log = slog.Default()
	}
	if o.Sleep == nil {
		o.Sleep = func(ctx context.Context, d time.Duration) {
			select {
			case <-ctx.Done():
			case <-time.After(d):
			}
		}
	}
	a := &Authenticator{store: store, o: o, throttle: newThrottle(o.Limits, o.Clock), verified: map[[32]byte]verified{}, attempts: map[[32]byte]*attempt{}}
	_, _ = rand.Read(a.secret[:])
	return a
}

// HeaderName turns Django's spelling of a header (HTTP_REMOTE_USER, REMOTE_USER) into that of HTTP.
// Empty is the default, Remote-User.
func HeaderName(name string) string {
	name = strings.ReplaceAll(strings.TrimPrefix(strings.TrimSpace(name), "HTTP_"), "_", "-")
	if name == "" {
		name = "Remote-User"
	}
	return http.CanonicalHeaderKey(name)
}

// Authenticate gives the principal of r, or nil when it names none (anonymous). A trusted header wins
// over HTTP Basic and tokens, because the gateway checks the login itself and passes both on. A header
// from a peer that is not trusted counts for nothing. A token that is not valid is an error in the
// Authorization header; in the cookie it counts for nothing, for it may be another program's. The error is fault.Unauthenticated for a user who is unknown
// or a login that is wrong, a *LockedError after too many of these, fault.Unavailable when it cannot
// be found out just now.
func (a *Authenticator) Authenticate(r *http.Request) (*Principal, error) {
	ctx := r.Context()
	peer := peerOf(r)
	if names := r.Header.Values(a.o.HeaderName); len(names) > 0 {
		switch {
		case !a.o.RemoteUser || !a.trusted(peer):
			a.o.Log.WarnContext(ctx, "ignored a user header from a peer that is not trusted", "header", a.o.HeaderName, "peer", r.RemoteAddr, "enabled", a.o.RemoteUser)
		case len(names) > 1:
			return nil, fault.New(fault.Unauthenticated, "The header %s appears more than once.", a.o.HeaderName)
		case strings.Trim(names[0], " \t") != "": // nothing else is white space around a header
			return a.remote(ctx, strings.Trim(names[0], " \t"), r.RemoteAddr)
		}
	}
	login, basic, err := parseBasic(r.Header)
	if err != nil {
		return nil, err
	}
	if !basic {
		return a.token(r)
	}
	return a.Login(ctx, login.username, login.password, a.clientOf(r, peer))
}

// token gives the principal of the request's token, nil when it has none.
func (a *Authenticator) token(r *http.Request) (*Principal, error) {
	token, ok, err := tokenOf(r.Header)
	if err != nil {
		return nil, err
	}
	if ok {
		return a.bearer(r.Context(), token)
	}
	if token = cookieToken(r); token == "" {
		return nil, nil
	}
	p, err := a.bearer(r.Context(), token)
	if fault.Code(err) == fault.Unauthenticated {
		return nil, nil
	}
	return p, err
}

// remote trusts the name that a proxy vouches for.
func (a *Authenticator) remote(ctx context.Context, name, peer string) (*Principal, error) {
	if !validUsername(name) {
		return nil, fault.New(fault.Unauthenticated, "The header %s is not a user name.", a.o.HeaderName)
	}
	p, err := a.store.Principal(ctx, name)
	if fault.Code(err) == fault.Unauthenticated {
		a.o.Log.WarnContext(ctx, "unknown user in a trusted header", "user", name, "peer", peer)
	}
	return p, err
}

// errLogin is the one answer to wrong passwords and to users who are unknown or no longer valid.
var errLogin = fault.New(fault.Unauthenticated, "The user name or the password is wrong.")

// Login checks a user name and password that came from address (only for counting failures; "" when it is
// not known). Failures are slowed down, counted and logged. A login that was right lately at the same
// address is not hashed again unless the stored password has changed; nothing is looked at while sign-in
// is locked there.
func (a *Authenticator) Login(ctx context.Context, username, password, address string) (p *Principal, err error) {
	if a.o.Checked != nil {
		defer func() { a.o.Checked(err) }()
	}
	started := time.Now() // who is known may be found faster than who is not
	acc, err := a.store.account(ctx, username)
	if err != nil && fault.Code(err) != fault.Unauthenticated {
		return nil, err
	}
	if acc != nil { // a database finds one account under several spellings; all count as one
		username = acc.principal.Username
	}
	digest := a.digest(username, password, address)
	at, err := a.begin(ctx, started, acc, digest, username, password, address)
	if err != nil {
		return nil, err
	}
	if at != nil {
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-at.done:
		}
		if at.err != nil {
			return nil, at.err
		}
	}
	return acc.principal, nil
}

// begin gives the attempt that is to be waited for, none for a login that is remembered. The same login
// many times at once is one attempt.
func (a *Authenticator) begin(ctx context.Context, started time.Time, acc *account, digest [32]byte, username, password, address string) (*attempt, error) {
	var at *attempt
	failures, err := a.throttle.begin(username, address, func() bool {
		a.mu.Lock()
		defer a.mu.Unlock()
		if acc != nil && a.remembered(digest, acc) {
			return true
		}
		var running bool
		if at, running = a.attempts[digest]; !running {
			at = &attempt{done: make(chan struct{})}
			a.attempts[digest] = at
		}
		return running
	})
	switch {
	case err != nil:
		through := "" // a proxy that should tell
		if address == "" {
			through = "everybody behind proxies that send no X-Forwarded-For"
		}
		a.o.Log.WarnContext(ctx, "login refused after too many failures", "user", username, "address", address, "counted_together", through)
		return nil, err
	case failures == 0:
		return at, nil
	}
	go func() { // it outlives the request that began it, because others may wait for it
		defer func() {
			a.mu.Lock()
			delete(a.attempts, digest)
			a.mu.Unlock()
			close(at.done)
		}()
		at.err = a.verify(context.WithoutCancel(ctx), started, acc, digest, username, password, address, failures)
	}()
	return at, nil
}

// verify checks the password of acc (nil: there is no such user) and keeps the books.
func (a *Authenticator) verify(ctx context.Context, started time.Time, acc *account, digest [32]byte, username, password, address string, failures int) error {
	ok, reason, err := acc.check(ctx, password, a.store.clock())
	switch {
	case err != nil:
		a.throttle.withdraw(username, address, false)
		return err
	case ok:
		a.remember(digest, acc)
		a.throttle.withdraw(username, address, true)
		return nil
	}
	a.o.Log.WarnContext(ctx, "login failed", "user", username, "address", address, "reason", reason, "failures", failures)
	a.o.Sleep(ctx, a.throttle.delay(failures)-time.Since(started))
	return errLogin
}

// check compares a password with the account's; reason is for the log.
func (acc *account) check(ctx context.Context, password string, now time.Time) (ok bool, reason string, err error) {
	switch {
	case acc == nil:
		return false, "unknown user", nil
	case acc.principal.Person != nil:
		ok = CheckLegacy(password, acc.stored, acc.privateKey)
	default:
		ok, err = CheckDjango(ctx, password, acc.encoded)
	}
	if ok && acc.expired(now) {
		return false, "the password has run out", nil
	}
	return ok, "wrong password", err
}

// expired says whether the account's password is no longer valid, as far as that counts.
func (acc *account) expired(now time.Time) bool {
	return acc.expires != nil && !now.Before(*acc.expires)
}

// secret identifies the account and its stored password, to notice that it has changed.
func (acc *account) secret() string {
	text := func(s *string) string {
		if s == nil {
			return ""
		}
		return *s
	}
	id := ""
	if p := acc.principal; p.Person != nil {
		id = "p" + strconv.Itoa(p.Person.ID)
	} else {
		id = "t" + p.Technical.ID
	}
	return id + "\x00" + text(acc.stored) + "\x00" + text(acc.privateKey) + "\x00" + acc.encoded
}

// digest names a login at an address without keeping the password.
func (a *Authenticator) digest(username, password, address string) (d [32]byte) {
	mac := hmac.New(sha256.New, a.secret[:])
	for _, part := range []string{fold(username), address, password} {
		var n [8]byte
		binary.BigEndian.PutUint64(n[:], uint64(len(part)))
		mac.Write(n[:])
		mac.Write([]byte(part))
	}
	return [32]byte(mac.Sum(nil))
}

// remembered says whether the login was right lately. The caller holds a.mu.
func (a *Authenticator) remembered(digest [32]byte, acc *account) bool {
	v, ok := a.verified[digest]
	return ok && a.o.Clock().Before(v.until) && v.secret == acc.secret() && !acc.expired(a.store.clock())
}

func (a *Authenticator) remember(digest [32]byte, acc *account) {
	a.mu.Lock()
	defer a.mu.Unlock()
	now := a.o.Clock()
	if len(a.verified) >= maxVerified {
		for k, v := range a.verified {
			if !now.Before(v.until) || len(a.verified) >= maxVerified {
				delete(a.verified, k)
			}
		}
	}
	a.verified[digest] = verified{acc.secret(), now.Add(a.o.Remember)}
}

// trusted says whether the peer is a proxy whose word counts.
func (a *Authenticator) trusted(peer netip.Addr) bool {
	if !peer.IsValid() {
		return false
	}
	for _, p := range a.o.TrustedProxies {
		if p.Contains(peer) {
			return true
		}
	}
	return false
}

// peerOf is who holds the other end of the connection; X-Forwarded-For has no say in it.
func peerOf(r *http.Request) netip.Addr {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		host = r.RemoteAddr
	}
	peer, err := netip.ParseAddr(host)
	if err != nil {
		return netip.Addr{}
	}
	return peer.Unmap().WithZone("")
}

// clientOf is the address whose failures are counted: the peer, or behind a trusted proxy the last
// address that it saw and that is not a trusted proxy itself. "" when the proxy does not tell.
func (a *Authenticator) clientOf(r *http.Request, peer netip.Addr) string {
	if !peer.IsValid() {
		return ""
	}
	if !a.trusted(peer) {
		return subscriber(peer)
	}
	hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for i := len(hops) - 1; i >= 0; i-- {
		hop, err := netip.ParseAddr(strings.TrimSpace(hops[i]))
		if err != nil {
			return ""
		}
		if hop = hop.Unmap().WithZone(""); !a.trusted(hop) {
			return subscriber(hop)
		}
	}
	return ""
}

// Address is where a request comes from, as far as trusted proxies tell, for logs.
func (a *Authenticator) Address(r *http.Request) string {
	at := peerOf(r)
	hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for i := len(hops) - 1; i >= 0 && a.trusted(at); i-- {
		hop, err := netip.ParseAddr(strings.TrimSpace(hops[i]))
		if err != nil {
			break
		}
		at = hop.Unmap()
	}
	if !at.IsValid() {
		return ""
	}
	return at.String()
}

// subscriber is the address, or for IPv6 the /64 of one subscriber.
func subscriber(addr netip.Addr) string {
	if addr.Is4() {
		return addr.String()
	}
	prefix, err := addr.Prefix(64)
	if err != nil {
		return addr.String()
	}
	return prefix.String()
}

// Status is the HTTP status of an error of Authenticate, and how long the client should wait.
func Status(err error) (status int, retryAfter time.Duration) {
	var locked *LockedError
	switch {
	case errors.As(err, &locked):
		return http.StatusTooManyRequests, locked.RetryAfter
	case fault.Code(err) == fault.Unauthenticated:
		return http.StatusUnauthorized, 0
	case fault.Code(err) == fault.Unavailable:
		return http.StatusServiceUnavailable, time.Second
	}
	return http.StatusInternalServerError, 0
}
