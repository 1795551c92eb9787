//go:build !windows

package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/openimis/openimis-be-go/internal/db"
)

// BenchmarkOverload asks a server for four times what it can do, over the loopback interface, with the clients in
// the same process. Each part is one run of some seconds, whatever -benchtime says. The goals: no less than 80 % of
// the peak are done, 99 of 100 cheap requests that are served take less than 250 ms, and memory (the clients'
// included) stays below 500 MB.
func BenchmarkOverload(b *testing.B) {
	onDistrict(b, func(b *testing.B, w *site) {
		// Claim administrators, each of whom sees the claims of a health facility.
		users := w.some(`SELECT u."LoginName" FROM "tblUsers" AS u WHERE u."ValidityTo" IS NULL AND $like(u."LoginName", ?) ORDER BY u."UserID"`, db.Contains("CA"))
		l := newLoad(b, w, users)
		cheap := func(n int) string {
			return fmt.Sprintf(`{ claims(claimed_Gte: %d, first: 10, orderBy: ["-dateClaimed"]) { %s } }`, n%1000, claimSummary)
		}
		for n := range 2 * len(users) { // who they are is known from here on
			l.send(b.Context(), n, cheap(n))
		}
		var peak rate
		b.Run("peak", func(b *testing.B) {
			once(b)
			peak = l.closed(b, 8, 4*time.Second, cheap)
			peak.report(b)
		})
		b.Run("four-times", func(b *testing.B) {
			once(b)
			l.open(b, 4*peak.second, peak, 8*time.Second, cheap)
		})
		b.Run("200-expensive-clients", func(b *testing.B) {
			once(b)
			l.beside(b, 200, 8*time.Second, cheap)
		})
	})
}

// once is for what is measured over a time of its own.
func once(b *testing.B) {
	b.ResetTimer()
	for b.Loop() {
		if b.N > 1 {
			break
		}
	}
	b.ReportMetric(0, "ns/op")
}

// rate is how many requests were served in a second, and in a second of processor time, which this process has to
// share with others.
type rate struct{ second, processor float64 }

func (r rate) report(b *testing.B) {
	b.ReportMetric(r.second, "served/s")
	b.ReportMetric(r.processor, "served/cpu-s")
}

// meter begins to measure; the result gives the rate of what was served since.
func meter() func(served int) rate {
	began, used := time.Now(), processor()
	return func(served int) rate {
		return rate{float64(served) / time.Since(began).Seconds(), float64(served) / (processor() - used)}
	}
}

// processor is the processor time of the process, in seconds.
func processor() float64 {
	var u syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return time.Duration(u.Utime.Nano() + u.Stime.Nano()).Seconds()
}

// load sends requests to a server that listens.
type load struct {
	url    string
	users  []string
	client *http.Client
}

func newLoad(b *testing.B, w *site, users []string) *load {
	s := httptest.NewServer(w.handler)
	b.Cleanup(s.Close)
	dialer := net.Dialer{Timeout: 5 * time.Second}
	return &load{s.URL, users, &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 1000, DialContext: dialer.DialContext, DisableCompression: true}}}
}

// send sends the nth request and gives the status, 0 when there was no answer.
func (l *load) send(ctx context.Context, n int, query string) (status int, took time.Duration) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, l.url+"/api/graphql", strings.NewReader(query))
	if err != nil {
		return 0, 0
	}
	req.Header.Set("Content-Type", "application/graphql")
	req.Header.Set("Remote-User", l.users[n%len(l.users)])
	began := time.Now()
	res, err := l.client.Do(req)
	if err != nil {
		return 0, time.Since(began)
	}
	defer res.Body.Close()
	_, _ = io.Copy(io.Discard, res.Body)
	return res.StatusCode, time.Since(began)
}

// closed has n clients that ask again when they are answered, and gives the requests served in a second.
func (l *load) closed(b *testing.B, n int, during time.Duration, query func(n int) string) rate {
	measured := meter()
	ctx, cancel := context.WithTimeout(b.Context(), during)
	defer cancel()
	var served, number atomic.Int64
	var all sync.WaitGroup
	for range n {
		all.Go(func() {
			for ctx.Err() == nil {
				i := int(number.Add(1))
				if status, _ := l.send(ctx, i, query(i)); status == http.StatusOK {
					served.Add(1)
				}
			}
		})
	}
	all.Wait()
	return measured(int(served.Load()))
}

// results are what came back.
type results struct {
	mu                     sync.Mutex
	times                  []time.Duration // of those served
	served, refused, other int
}

func (r *results) add(status int, took time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch status {
	case http.StatusOK:
		r.served++
		if took > 0 {
			r.times = append(r.times, took)
		}
	case http.StatusServiceUnavailable:
		r.refused++
	default:
		r.other++
	}
}

func (r *results) p99() float64 {
	if len(r.times) == 0 {
		return 0
	}
	slices.Sort(r.times)
	return float64(r.times[len(r.times)*99/100].Microseconds()) / 1000
}

// open sends requests at a rate, whether or not earlier ones are answered. Times are of those sent
// after the first two seconds, in which the server learns that it is too much.
func (l *load) open(b *testing.B, perSecond float64, peak rate, during time.Duration, query func(n int) string) {
	memory, measured := highest(), meter()
	var r results
	var all sync.WaitGroup
	const settling = 2 * time.Second
	began := time.Now()
	for n := 0; ; n++ {
		due := began.Add(time.Duration(float64(n) / perSecond * float64(time.Second)))
		if due.Sub(began) > during {
			break
		}
		time.Sleep(time.Until(due))
		all.Go(func() {
			status, took := l.send(b.Context(), n, query(n))
			if due.Sub(began) <= settling {
				took = 0
			}
			r.add(status, took)
		})
	}
	all.Wait()
	got := measured(r.served)
	got.report(b)
	b.ReportMetric(100*got.second/peak.second, "%of-peak")
	b.ReportMetric(100*got.processor/peak.processor, "%of-peak-cpu")
	b.ReportMetric(r.p99(), "p99-ms")
	b.ReportMetric(float64(r.refused)/during.Seconds(), "refused/s")
	b.ReportMetric(float64(r.other), "failed")
	b.ReportMetric(memory(), "MB")
}

// beside has clients with an expensive query, who ask again as soon as they are answered or have been told when,
// and one with a cheap query.
func (l *load) beside(b *testing.B, clients int, during time.Duration, cheap func(n int) string) {
	const expensive = `{ insurees { edges { node { chfId lastName otherNames dob family { id headInsuree { chfId lastName ` + facilityFields + ` } } gender { code insureeSet(first: 20) { edges { node { chfId lastName } } } } } } } }`
	memory := highest()
	ctx, cancel := context.WithTimeout(b.Context(), during)
	defer cancel()
	var heavy, light results
	var all sync.WaitGroup
	for i := range clients {
		all.Go(func() {
			for ctx.Err() == nil {
				status, took := l.send(ctx, i, expensive)
				if ctx.Err() != nil {
					return
				}
				heavy.add(status, took)
				if status != http.StatusOK {
					select {
					case <-ctx.Done():
					case <-time.After(2 * time.Second):
					}
				}
			}
		})
	}
	for n := 0; ctx.Err() == nil; n++ {
		status, took := l.send(b.Context(), 0, cheap(n))
		light.add(status, took)
		time.Sleep(20 * time.Millisecond)
	}
	all.Wait()
	b.ReportMetric(light.p99(), "p99-ms")
	b.ReportMetric(float64(light.refused+light.other), "cheap-refused")
	b.ReportMetric(float64(heavy.served)/during.Seconds(), "served/s")
	b.ReportMetric(float64(heavy.refused)/during.Seconds(), "refused/s")
	b.ReportMetric(float64(heavy.other), "failed")
	b.ReportMetric(memory(), "MB")
}

// highest watches the memory of the process; the result gives its peak in MB.
func highest() func() float64 {
	end, most := make(chan struct{}), make(chan uint64)
	go func() {
		tick := time.NewTicker(50 * time.Millisecond)
		defer tick.Stop()
		var high uint64
		for {
			var m runtime.MemStats
			runtime.ReadMemStats(&m)
			high = max(high, m.HeapInuse+m.StackInuse)
			select {
			case <-end:
				most <- high
				return
			case <-tick.C:
			}
		}
	}()
	return func() float64 { close(end); return float64(<-most >> 20) }
}
