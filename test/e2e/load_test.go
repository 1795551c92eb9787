package e2e

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"testing"
	"time"
)

// load is people and systems that work through a gateway all the time.
type load struct {
	t      *testing.T
	prefix string // of the codes of its claims
	of     claimant
	stop   context.CancelFunc
	all    sync.WaitGroup

	mu       sync.Mutex
	requests int
	failures []failure
	recorded []string // codes of the claims whose mutations were recorded, as their clients know
	known    int      // how many of them executed has seen the end of
}

// failure is a request that got no result.
type failure struct {
	at   time.Time
	what string
	err  error
}

// work begins: some who send mutations, who read at /iapi, and who read FHIR at /api. clients are the people.
func (d *deployment) work(prefix string, clients ...*client) *load {
	l := &load{t: d.t, prefix: prefix, of: clients[0].claimant()}
	ctx, stop := context.WithCancel(d.t.Context())
	l.stop = stop
	d.t.Cleanup(func() { stop(); l.all.Wait() })
	for n, c := range clients {
		l.all.Go(func() {
			for i := 0; ctx.Err() == nil; i++ {
				l.mutation(ctx, c, fmt.Sprintf("%s%d%04d", prefix, n, i))
				pause(ctx, 30*time.Millisecond)
			}
		})
		l.all.Go(func() {
			for ctx.Err() == nil {
				_, err := c.graphql(ctx, `{ insurees(first: 3) { edges { node { chfId lastName } } } }`, nil)
				l.saw(ctx, "query", err)
				pause(ctx, 30*time.Millisecond)
			}
		})
		l.all.Go(func() {
			for ctx.Err() == nil {
				_, err := c.fhir(ctx, "Patient?_count=2")
				l.saw(ctx, "FHIR", err)
				pause(ctx, 30*time.Millisecond)
			}
		})
	}
	return l
}

func pause(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}

// saw counts a request.
func (l *load) saw(ctx context.Context, what string, err error) {
	if ctx.Err() != nil {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.requests++
	if err != nil {
		l.failures = append(l.failures, failure{time.Now(), what, err})
	}
}

// mutation sends one until it is recorded, as a careful client does: when it does not know what became of it, it asks
// for it by its own id, and sends it again only if it was not recorded.
func (l *load) mutation(ctx context.Context, c *client, code string) {
	whole := context.WithoutCancel(ctx) // it is not left half-known at the end
	for {
		_, err := c.graphql(whole, l.of.createClaim(code), nil)
		l.saw(ctx, "mutation", err)
		if err == nil {
			break
		}
		pause(whole, time.Second) // a commit may be on its way
		var log []map[string]any
		for deadline := time.Now().Add(2 * time.Minute); ; pause(whole, 100*time.Millisecond) {
			if log, err = c.logged(whole, code); err == nil {
				break
			}
			if time.Now().After(deadline) {
				l.t.Errorf("what became of %s cannot be asked: %v", code, err)
				return
			}
		}
		if len(log) > 0 {
			break
		}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.recorded = append(l.recorded, code)
}

// since gives what failed from a moment on.
func (l *load) since(t time.Time) (failed []failure, requests int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, f := range l.failures {
		if !f.at.Before(t) {
			failed = append(failed, f)
		}
	}
	return failed, l.requests
}

// count is how many mutations were recorded.
func (l *load) count() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.recorded)
}

// executed says whether the first n mutations that were recorded have ended.
func (l *load) executed(c *client, n int) bool {
	l.mu.Lock()
	codes := l.recorded[l.known:n]
	l.mu.Unlock()
	for _, code := range codes {
		log, err := c.logged(l.t.Context(), code)
		if err != nil || len(log) == 0 || log[0]["status"] == 0.0 {
			return false
		}
		l.known++ // not asked for again
	}
	return true
}

// end ends the load and gives the codes of all claims that must be there.
func (l *load) end() []string {
	l.stop()
	l.all.Wait()
	return l.recorded
}

// verify fails the test unless every mutation ended well, exactly once.
func (d *deployment) verify(c *client, codes []string) {
	t := d.t
	t.Helper()
	if len(codes) < 20 {
		t.Errorf("only %d mutations: the test proves little", len(codes))
	}
	d.drained(c, time.Minute)
	wrong := 0
	for _, code := range codes {
		log, err := c.logged(t.Context(), code)
		if err != nil {
			t.Fatal(err)
		}
		claims, err := c.claims(t.Context(), code)
		if err != nil {
			t.Fatal(err)
		}
		if len(log) != 1 || log[0]["status"] != 2.0 || claims != 1 {
			if wrong++; wrong < 10 {
				t.Errorf("%s: %d claims, log %v", code, claims, log)
			}
		}
	}
	t.Logf("%d mutations, %d of them lost, failed or done twice", len(codes), wrong)
}

// drained waits until no mutation is open.
func (d *deployment) drained(c *client, within time.Duration) {
	d.t.Helper()
	await(d.t, "the end of all mutations", within, func() bool {
		data, err := c.graphql(d.t.Context(), `{ mutationLogs(status: "0") { totalCount } }`, nil)
		return err == nil && data["mutationLogs"].(map[string]any)["totalCount"] == 0.0
	})
}

// ready says whether gateways and servers are.
func (d *deployment) ready() bool {
	for _, g := range d.gateways {
		if d.get(g+"/readyz") != http.StatusOK {
			return false
		}
	}
	return true
}
