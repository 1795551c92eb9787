package gateway

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/openimis/openimis-be-go/internal/clock"
)

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
	s := front(t, build(t, clock.System, map[string]string{"SESSION_SECRET": secret, "BACKEND_URLS": one.URL + "," + two.URL, "HEALTH_INTERVAL": "50ms"}))
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
	g := build(t, clock.System, map[string]string{"SESSION_SECRET": secret, "BACKEND_URLS": hangs.URL + "," + stops.URL, "HEALTH_INTERVAL": "20ms"})
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
			s := front(t, build(t, clock.System, map[string]string{"SESSION_SECRET": secret, "BACKEND_URLS": strings.Join(servers, ",")}))
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
