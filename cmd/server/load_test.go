//go:build !windows

package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/openimis/openimis-be-go/internal/db"
	"github.com/openimis/openimis-be-go/internal/testing/proc"
)

// BenchmarkOverload asks a server, which is a process of its own, for four times what it can do, over the loopback
// interface. Each part is one run of some seconds, whatever -benchtime says. The goals: no less than 80 % of the peak
// are done, 99 of 100 cheap requests that are served take less than 250 ms, and the server's memory stays below 500 MB.
// Clients share the processors with the server; how much of a processor they take is reported.
func BenchmarkOverload(b *testing.B) {
	onDistrict(b, func(b *testing.B, w *site) {
		// Claim administrators, each of whom sees the claims of a health facility.
		users := w.some(`SELECT u."LoginName" FROM "tblUsers" AS u WHERE u."ValidityTo" IS NULL AND $like(u."LoginName", ?) ORDER BY u."UserID"`, db.Contains("CA"))
		server := launch(b, "DATABASE_URL="+w.url, "LOG_LEVEL=error")
		server.ready()
		l := &load{clients: newClients(b, server.url, users), pid: server.cmd.Process.Pid}
		cheap := func(n int) string {
			return fmt.Sprintf(`{ claims(claimed_Gte: %d, first: 10, orderBy: ["-dateClaimed"]) { %s } }`, n%1000, claimSummary)
		}
		for n := range 2 * len(users) { // who they are is known from here on
			l.send(n, cheap(n))
		}
		l.closed(4, 2*time.Second, cheap)
		var peak rate
		b.Run("peak", func(b *testing.B) {
			once(b)
			for _, n := range []int{2, 4, 8, 16} { // clients: the most that is done by any number
				if got := l.closed(n, 2*time.Second, cheap); got.second > peak.second {
					peak = got
				}
			}
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

// rate is how many requests were served in a second, and in a second of the server's processor time; clients is the
// share of a processor that the clients took meanwhile.
type rate struct{ second, processor, clients float64 }

func (r rate) report(b *testing.B) {
	b.ReportMetric(r.second, "served/s")
	b.ReportMetric(r.processor, "served/cpu-s")
	b.ReportMetric(100*r.clients, "%cpu-of-clients")
}

// load is clients of a server whose process is known.
type load struct {
	*clients
	pid int
}

// meter begins to measure; the result gives the rate of what was served since.
func (l *load) meter() func(served int) rate {
	used := func(pid int) float64 {
		d, err := proc.CPU(pid)
		if err != nil {
			l.b.Fatal(err)
		}
		return d.Seconds()
	}
	began, server, own := time.Now(), used(l.pid), used(os.Getpid())
	return func(served int) rate {
		took := time.Since(began).Seconds()
		return rate{float64(served) / took, float64(served) / (used(l.pid) - server), (used(os.Getpid()) - own) / took}
	}
}

// memory watches the resident memory of the server; the result gives its peak in MB.
func (l *load) memory() func() float64 {
	if err := proc.ResetPeak(l.pid); err != nil {
		l.b.Fatal(err)
	}
	return func() float64 {
		peak, err := proc.Peak(l.pid)
		if err != nil {
			l.b.Fatal(err)
		}
		return peak
	}
}

// clients sends requests and takes little of the processors that it shares with the server: connections are kept,
// requests are one write, and answers are not looked at.
type clients struct {
	b     *testing.B
	addr  string
	users []string
	mu    sync.Mutex
	idle  []*connection
}

type connection struct {
	net.Conn
	in *bufio.Reader
}

func newClients(b *testing.B, url string, users []string) *clients {
	c := &clients{b: b, addr: strings.TrimPrefix(url, "http://"), users: users}
	b.Cleanup(func() {
		for _, k := range c.idle {
			k.Close()
		}
	})
	return c
}

// send sends the nth operation and gives the status, 0 when there was no answer.
func (c *clients) send(n int, query string) (status int, took time.Duration) {
	return c.exchange(n, "POST", "/api/graphql", "application/graphql", query)
}

// get asks for a path.
func (c *clients) get(n int, path string) (status int, took time.Duration) {
	return c.exchange(n, "GET", path, "application/json", "")
}

func (c *clients) exchange(n int, method, path, contentType, body string) (status int, took time.Duration) {
	began := time.Now()
	k, err := c.connect()
	if err != nil {
		return 0, time.Since(began)
	}
	_ = k.SetDeadline(began.Add(30 * time.Second))
	_, err = fmt.Fprintf(k, "%s %s HTTP/1.1\r\nHost: %s\r\nRemote-User: %s\r\nContent-Type: %s\r\nContent-Length: %d\r\n\r\n%s",
		method, path, c.addr, c.users[n%len(c.users)], contentType, len(body), body)
	if err != nil {
		k.Close()
		return 0, time.Since(began)
	}
	answer, err := http.ReadResponse(k.in, nil)
	if err == nil {
		_, err = io.Copy(io.Discard, answer.Body)
	}
	took = time.Since(began)
	if err != nil {
		k.Close()
		return 0, took
	}
	if answer.Close {
		k.Close()
		return answer.StatusCode, took
	}
	c.mu.Lock()
	c.idle = append(c.idle, k)
	c.mu.Unlock()
	return answer.StatusCode, took
}

func (c *clients) connect() (*connection, error) {
	c.mu.Lock()
	if n := len(c.idle); n > 0 {
		k := c.idle[n-1]
		c.idle = c.idle[:n-1]
		c.mu.Unlock()
		return k, nil
	}
	c.mu.Unlock()
	k, err := net.DialTimeout("tcp", c.addr, 5*time.Second)
	if err != nil {
		return nil, err
	}
	return &connection{k, bufio.NewReader(k)}, nil
}

// closed has n clients that ask again when they are answered, and gives the requests served in a second.
func (l *load) closed(n int, during time.Duration, query func(n int) string) rate {
	return l.asking(n, during, func(i int) int { status, _ := l.send(i, query(i)); return status })
}

// asking is closed for any requests; ask gives the status.
func (l *load) asking(n int, during time.Duration, ask func(n int) (status int)) rate {
	measured := l.meter()
	end := time.Now().Add(during)
	var served, number atomic.Int64
	var all sync.WaitGroup
	for range n {
		all.Go(func() {
			for time.Now().Before(end) {
				if ask(int(number.Add(1))) == http.StatusOK {
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
	memory, measured := l.memory(), l.meter()
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
			status, took := l.send(n, query(n))
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
	memory := l.memory()
	ctx, cancel := context.WithTimeout(b.Context(), during)
	defer cancel()
	var heavy, light results
	var all sync.WaitGroup
	for i := range clients {
		all.Go(func() {
			for ctx.Err() == nil {
				status, took := l.send(i, expensive)
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
		status, took := l.send(0, cheap(n))
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
