package auth

import (
	"container/list"
	"fmt"
	"math"
	"sync"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"

	"github.com/openimis/openimis-be-go/internal/clock"
	"github.com/openimis/openimis-be-go/internal/fault"
)

// Limits say how many failed logins are let through. The zero value means the defaults.
type Limits struct {
	Failures int           // of one user from one address before they are locked out; default 5
	Window   time.Duration // in which they count, and for which the lock holds; default 5 minutes
	Spread   int           // times Failures: of one user from everywhere, or of everybody from one address; default 10
	Crowd    int           // times that: of everybody behind proxies that do not tell their clients' addresses; default 10
	Delay    time.Duration // how long the answer to a first failure takes at least; default 300 ms
	MaxDelay time.Duration // it doubles with every failure up to this; default 5 s
}

func (l Limits) orDefaults() Limits {
	set := func(p *time.Duration, d time.Duration) {
		if *p <= 0 {
			*p = d
		}
	}
	if l.Failures <= 0 {
		l.Failures = 5
	}
	if l.Spread <= 0 {
		l.Spread = 10
	}
	if l.Crowd <= 0 {
		l.Crowd = 10
	}
	set(&l.Window, 5*time.Minute)
	set(&l.Delay, 300*time.Millisecond)
	set(&l.MaxDelay, 5*time.Second)
	return l
}

// LockedError says that logins are refused for a while, whatever the password.
type LockedError struct {
	fault      *fault.Error
	RetryAfter time.Duration
}

func (e *LockedError) Error() string { return e.fault.Error() }

// Unwrap makes it a fault.Unauthenticated.
func (e *LockedError) Unwrap() error { return e.fault }

// throttle counts failed logins. An attempt counts as failed from its beginning, so that many at once
// get no more tries than many in a row; a success takes the attempt back and forgives the user at this
// address. It remembers the maxTracked keys used last.
//
// Three counters may lock a login out: that of the user at this address, that of the user from
// everywhere, and that of the address whoever is tried from there. The last two let in who signed in
// lately at this address: somebody who guesses at a name all over the world, or at many names in an
// office, keeps nobody out who works there. The first one lets nobody in, also not with the right
// password, for an answer to it would tell the guesser which that is.
//
// Clients behind a proxy that does not tell their addresses are one address, "". They share the first
// counter, so that one of them can lock a name out for all of them: without an address nothing else keeps
// a guesser from guessing on. The limit of their address is wider (Crowd), because it is many people's.
type throttle struct {
	limits Limits
	clock  clock.Clock
	mu     sync.Mutex
	keys   map[string]*list.Element // of *tries
	recent *list.List               // used last first
	// known are the pairs of user and address that were right, with the time. Failures of others do not
	// lock them out.
	known *lru.Cache[string, time.Time]
}

// knownFor is how long a login that was right keeps a pair known.
const knownFor = 24 * time.Hour

// tries are the failed logins of one key within the window.
type tries struct {
	key   string
	count int
	last  time.Time
}

const maxTracked = 20_000

func newThrottle(l Limits, c clock.Clock) *throttle {
	known, _ := lru.New[string, time.Time](maxTracked)
	return &throttle{limits: l.orDefaults(), clock: c, keys: map[string]*list.Element{}, recent: list.New(), known: known}
}

// limitedKey is a counter and how many failures it may have.
type limitedKey struct {
	key   string
	limit int
}

// limited lists the counters of a login; that of the pair of user and address comes first.
func (t *throttle) limited(user, address string) []limitedKey {
	user = fold(user)
	wide := t.limits.Failures * t.limits.Spread
	crowd := wide
	if address == "" {
		crowd *= t.limits.Crowd
	}
	return []limitedKey{{"pair\x00" + address + "\x00" + user, t.limits.Failures}, {"user\x00" + user, wide}, {"address\x00" + address, crowd}}
}

// begin counts an attempt and says how many the pair has had with it, or why it is refused. Unless it is,
// remembered may let it pass uncounted: then failures is 0.
func (t *throttle) begin(user, address string, remembered func() bool) (failures int, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	now := t.clock()
	keys := t.limited(user, address)
	checked := keys
	if at, ok := t.known.Get(keys[0].key); ok && now.Sub(at) < knownFor {
		checked = keys[:1]
	}
	for _, k := range checked {
		if tr := t.find(k.key, now); tr != nil && tr.count >= k.limit {
			wait := max(time.Second, tr.last.Add(t.limits.Window).Sub(now))
			return 0, &LockedError{RetryAfter: wait, fault: fault.New(fault.Unauthenticated,
				"Too many failed logins; sign-in is locked for %s.", inWords(wait))}
		}
	}
	if remembered() {
		return 0, nil
	}
	for i, k := range keys {
		tr := t.find(k.key, now)
		if tr == nil {
			tr = &tries{key: k.key}
			t.keys[k.key] = t.recent.PushFront(tr)
		}
		tr.count++
		tr.last = now
		t.recent.MoveToFront(t.keys[k.key])
		if i == 0 {
			failures = tr.count
		}
	}
	for len(t.keys) > maxTracked {
		oldest := t.recent.Back()
		delete(t.keys, t.recent.Remove(oldest).(*tries).key)
	}
	return failures, nil
}

// withdraw takes an attempt back that was neither right nor wrong, or, with forgive, was right.
func (t *throttle) withdraw(user, address string, forgive bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	now := t.clock()
	for i, k := range t.limited(user, address) {
		if i == 0 && forgive {
			t.known.Add(k.key, now)
		}
		tr := t.find(k.key, now)
		if tr == nil {
			continue
		}
		tr.count--
		if tr.count <= 0 || (i == 0 && forgive) {
			t.recent.Remove(t.keys[k.key])
			delete(t.keys, k.key)
		}
	}
}

// find gives the tries of a key that still count.
func (t *throttle) find(key string, now time.Time) *tries {
	el, ok := t.keys[key]
	if !ok {
		return nil
	}
	tr := el.Value.(*tries)
	if now.Sub(tr.last) >= t.limits.Window {
		t.recent.Remove(el)
		delete(t.keys, key)
		return nil
	}
	return tr
}

// delay is how long the answer to the n-th failure takes at least. Being longer than a hash takes, it
// also hides whether the user exists and of which kind the account is.
func (t *throttle) delay(n int) time.Duration {
	d := float64(t.limits.Delay) * math.Pow(2, float64(max(0, n-1)))
	return time.Duration(min(d, float64(t.limits.MaxDelay)))
}

func inWords(d time.Duration) string {
	if d > 90*time.Second {
		return fmt.Sprintf("%d minutes", int(math.Ceil(d.Minutes())))
	}
	return fmt.Sprintf("%d seconds", int(math.Ceil(d.Seconds())))
}
