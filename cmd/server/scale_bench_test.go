package main

import (
	"fmt"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/openimis/openimis-be-go/internal/seed"
)

// BenchmarkScaleOut asks 1, 2 and 4 servers behind a gateway for a page of claims, 8 clients at once, with and without
// a standby that reads go to. Beside the rate it tells what each request costs of a processor, and where: that says
// what a machine of another size would do. Clients and gateway are one process here.
func BenchmarkScaleOut(b *testing.B) {
	primary, standby := filled(b, seed.Demo)
	for _, replica := range []bool{false, true} {
		for _, n := range []int{1, 2, 4} {
			name := fmt.Sprintf("instances=%d", n)
			env := []string{"DATABASE_URL=" + primary.URL(), "AUDIT_READS=single", "MAX_OPERATIONS_PER_USER=16", "LOG_LEVEL=error"}
			if replica {
				name += "/standby"
				env = append(env, "DATABASE_READ_URL="+standby.URL())
			}
			b.Run(name, func(b *testing.B) {
				c := newCluster(b, n, env...)
				var servers []int
				for _, p := range c.instances {
					servers = append(servers, p.cmd.Process.Pid)
				}
				clients := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 100}}
				const claims = `{ claims(first: 10, orderBy: ["-dateClaimed"]) { ` + claimSummary + ` } }`
				ask := func() {
					if text, err := c.get(clients, "graphql", claims); err != nil {
						b.Error(text, err)
					}
				}
				for range 50 * n { // connections are made, and plans
					ask()
				}
				measure := map[string]func() time.Duration{
					"server":  func() time.Duration { return cpu(servers...) },
					"gateway": func() time.Duration { return cpu(os.Getpid()) },
					"primary": func() time.Duration { return cpu(family(primary.PID())...) },
					"standby": func() time.Duration { return cpu(family(standby.PID())...) },
				}
				before := map[string]time.Duration{}
				for what, used := range measure {
					before[what] = used()
				}
				took := make([]time.Duration, b.N)
				var next atomic.Int64
				var wg sync.WaitGroup
				b.ResetTimer()
				for range 8 {
					wg.Go(func() {
						for i := next.Add(1) - 1; i < int64(b.N); i = next.Add(1) - 1 {
							began := time.Now()
							ask()
							took[i] = time.Since(began)
						}
					})
				}
				wg.Wait()
				b.StopTimer()
				slices.Sort(took)
				ms := func(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
				b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "req/s")
				b.ReportMetric(ms(took[len(took)/2]), "p50-ms")
				b.ReportMetric(ms(took[len(took)*99/100]), "p99-ms")
				for what, used := range measure {
					b.ReportMetric(ms(used()-before[what])/float64(b.N), what+"-cpu-ms/op")
				}
				for _, p := range c.instances {
					p.kill()
				}
			})
		}
	}
}

// cpu is the processor time that processes have used so far, in steps of 10 ms; 0 where there is no /proc.
func cpu(pids ...int) (sum time.Duration) {
	for _, pid := range pids {
		text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
		_, rest, _ := strings.Cut(string(text), ") ")
		fields := strings.Fields(rest)
		for _, i := range []int{11, 12} { // utime, stime
			if i < len(fields) {
				ticks, _ := strconv.Atoi(fields[i])
				sum += time.Duration(ticks) * 10 * time.Millisecond
			}
		}
	}
	return sum
}

// family is a process with its children.
func family(parent int) []int {
	list := []int{parent}
	entries, _ := os.ReadDir("/proc")
	for _, e := range entries {
		pid, err := strconv.Atoi(e.Name())
		if err != nil {
			continue
		}
		text, _ := os.ReadFile("/proc/" + e.Name() + "/stat")
		_, rest, _ := strings.Cut(string(text), ") ")
		if fields := strings.Fields(rest); len(fields) > 1 && fields[1] == strconv.Itoa(parent) {
			list = append(list, pid)
		}
	}
	return list
}
