package server_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/openimis/openimis-be-go/internal/db"
	"github.com/openimis/openimis-be-go/internal/testing/dbtest"
)

// many are rows for lists that are expensive: n insurees in families of ten.
func many(t testing.TB, d *db.DB, w *world, n int) {
	t.Helper()
	err := d.Write(t.Context(), "insurees", func(tx *db.Tx) error {
		rows := make([][]any, 0, n)
		for i := range n {
			gender := []string{"M", "F"}[i%2]
			rows = append(rows, []any{fmt.Sprintf("9%08d", i), fmt.Sprintf("Name%d", i%500), "Other", now.AddDate(-20, 0, -i%1000), gender, w.Families[i%len(w.Families)], false, false, false, now.AddDate(-1, 0, 0), 1})
		}
		_, err := tx.BulkInsert(t.Context(), "tblInsuree", []string{"CHFID", "LastName", "OtherNames", "DOB", "Gender", "FamilyID", "IsHead", "CardIssued", "isOffline", "ValidityFrom", "AuditUserID"}, rows)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// clients send requests side by side.
type clients struct {
	url  string
	http *http.Client
}

func newClients(url string) *clients {
	return &clients{url, &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 300}}}
}

// send gives the status, how long the answer took, and its bytes.
func (c *clients) send(ctx context.Context, user, query string) (status int, took time.Duration, body []byte, header http.Header) {
	text, _ := json.Marshal(map[string]string{"query": query})
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.url+"/api/graphql", bytes.NewReader(text))
	if err != nil {
		return 0, 0, nil, nil
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Remote-User", user)
	began := time.Now()
	res, err := c.http.Do(req)
	if err != nil {
		return 0, time.Since(began), nil, nil
	}
	defer res.Body.Close()
	body, _ = io.ReadAll(res.Body)
	return res.StatusCode, time.Since(began), body, res.Header
}

// percentile gives the time within which p of a hundred are.
func percentile(times []time.Duration, p int) time.Duration {
	if len(times) == 0 {
		return 0
	}
	slices.Sort(times)
	return times[min(len(times)-1, len(times)*p/100)]
}

// peak samples the heap until stop.
func peak() (stop func() (megabytes uint64)) {
	end, most := make(chan struct{}), make(chan uint64)
	go func() {
		tick := time.NewTicker(20 * time.Millisecond)
		defer tick.Stop()
		var high uint64
		for {
			var m runtime.MemStats
			runtime.ReadMemStats(&m)
			high = max(high, m.HeapInuse+m.StackInuse)
			select {
			case <-end:
				most <- high >> 20
				return
			case <-tick.C:
			}
		}
	}()
	return func() uint64 { close(end); return <-most }
}

// Two hundred clients with an expensive query: some are served, the others are told at once to come again, and
// another user's cheap query does not notice. So is memory bounded.
func TestOverloadByExpensiveQueries(t *testing.T) {
	d := dbtest.SQLite(t)
	w := fill(t, d, 20)
	many(t, d, w, 4000)
	r := start(t, d, nil)
	c := newClients(r.URL)
	const expensive = `{ insurees { edges { node { chfId lastName otherNames dob family { id headInsuree { chfId lastName } } gender { code insureeSet(first: 10) { edges { node { chfId lastName family { id } } } } } } } } }`
	const cheap = `{ insurees(first: 10, lastName_Istartswith: "name1") { edges { node { chfId lastName } } } }`
	c.send(t.Context(), "u0", cheap) // signs in
	memory := peak()
	ctx, cancel := context.WithTimeout(t.Context(), 6*time.Second)
	defer cancel()
	var served, refused atomic.Int64
	var all sync.WaitGroup
	for i := range 200 {
		all.Go(func() {
			for ctx.Err() == nil {
				status, _, body, header := c.send(ctx, fmt.Sprintf("u%d", 1+i%19), expensive)
				switch {
				case ctx.Err() != nil:
				case status == http.StatusServiceUnavailable && header.Get("Retry-After") != "" && bytes.Contains(body, []byte(`"errors"`)):
					refused.Add(1)
					select { // as it is told, but sooner
					case <-ctx.Done():
					case <-time.After(time.Second):
					}
				case status == http.StatusOK && bytes.HasPrefix(body, []byte(`{"data"`)):
					served.Add(1)
				default:
					t.Errorf("%d %.200s", status, body)
				}
			}
		})
	}
	var times []time.Duration
	for ctx.Err() == nil {
		status, took, body, _ := c.send(t.Context(), "u0", cheap)
		if status != http.StatusOK || bytes.Contains(body, []byte(`"errors"`)) {
			t.Errorf("the cheap query: %d %.200s", status, body)
		}
		times = append(times, took)
		time.Sleep(20 * time.Millisecond)
	}
	all.Wait()
	high := memory()
	t.Logf("expensive: %d served, %d refused; cheap: %d, median %v, p99 %v; %d MB", served.Load(), refused.Load(), len(times), percentile(times, 50), percentile(times, 99), high)
	if served.Load() == 0 || refused.Load() == 0 {
		t.Error("some must be served, and some refused")
	}
	if p := percentile(times, 90); p > time.Second { // the goal is 250 ms for 99 of 100, on a machine that does nothing else
		t.Errorf("90 of 100 cheap queries took up to %v", p)
	}
	if high > 500 {
		t.Errorf("%d MB were used", high)
	}
}

// Answers that are larger than what is left are refused, small ones are not, and all of it is given back.
func TestMemoryOfAnswersIsBounded(t *testing.T) {
	d := dbtest.SQLite(t)
	w := fill(t, d, 10)
	many(t, d, w, 2000)
	r := start(t, d, map[string]string{"ANSWER_MEMORY": "8MB", "MAX_OPERATIONS": "64"}) // none is to be refused for another reason
	c := newClients(r.URL)
	// 4 MB for an administrator, 0.4 MB for a user of one of the ten districts; four times that while it is built
	const large = `{ insurees(lastName_Istartswith: "name1") { edges { node { gender { insureeSet(first: 100) { edges { node { chfId lastName otherNames dob } } } } } } } }`
	var all sync.WaitGroup
	for i := range 4 {
		all.Go(func() {
			for range 4 {
				_, _, body, _ := c.send(t.Context(), "admin", large)
				for range 100 { // a slow machine has its own reasons to refuse it
					if !bytes.Contains(body, []byte("busy just now")) {
						break
					}
					_, _, body, _ = c.send(t.Context(), "admin", large)
				}
				if !bytes.Contains(body, []byte("too many large answers")) {
					t.Errorf("%.200s", body)
				}
				if status, _, body, _ := c.send(t.Context(), fmt.Sprintf("u%d", i), "{ insurees(first: 10) { edges { node { chfId } } } }"); status != http.StatusOK || bytes.Contains(body, []byte(`"errors"`)) {
					t.Errorf("a small answer: %d %.200s", status, body)
				}
			}
		})
	}
	all.Wait()
	if a := r.query("u1", large); len(a.Errors) > 0 {
		t.Errorf("after the others: %v", a.Errors)
	}
}

// FHIR refuses in its own words.
func TestOverloadOfFHIR(t *testing.T) {
	d := dbtest.SQLite(t)
	fill(t, d, 3)
	r := start(t, d, map[string]string{"MAX_OPERATIONS": "4", "MAX_OPERATIONS_PER_USER": "1"})
	var all sync.WaitGroup
	var refused atomic.Int64
	for range 150 {
		all.Go(func() {
			res, body := r.fetch("/api/api_fhir_r4/Location?_count=50&_include=*&name=D", nil)
			if res.StatusCode == http.StatusServiceUnavailable {
				refused.Add(1)
				if !strings.Contains(body, "OperationOutcome") || res.Header.Get("Retry-After") == "" {
					t.Errorf("%s %.200s", res.Header, body)
				}
			}
		})
	}
	all.Wait()
	for _, path := range []string{"/healthz", "/readyz", "/metrics", "/api/version"} {
		if res, _ := r.fetch(path, nil); res.StatusCode != http.StatusOK {
			t.Errorf("%s: %d", path, res.StatusCode)
		}
	}
	if refused.Load() == 0 {
		t.Error("none was refused")
	}
}
