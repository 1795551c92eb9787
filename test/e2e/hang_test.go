package e2e

import (
	"syscall"
	"testing"
	"time"
)

// A process hangs for a while and goes on: a worker for longer than its leases last, so that another one takes over what it was
// executing. Nothing is lost or done twice.
func TestAnyProcessMayHang(t *testing.T) {
	d := deploy(t, shape{ibackends: 2, backends: 1, workers: 2, gateways: 1})
	asks := d.signIn(d.gateways[0], "Admin", "admin123")
	l := d.work("H", d.signIn(d.gateways[0], "Admin", "admin123"), d.signIn(d.gateways[0], "Admin", "admin123"))
	time.Sleep(time.Second)
	for _, c := range []struct {
		victim *process
		during time.Duration
	}{{d.services["worker1"], 20 * time.Second}, {d.services["ibackend1"], 20 * time.Second}, {d.rabbit, 5 * time.Second}} {
		began := time.Now()
		c.victim.signal(syscall.SIGSTOP)
		time.Sleep(c.during)
		c.victim.signal(syscall.SIGCONT)
		resumed := time.Now()
		await(t, "the end of errors after "+c.victim.name+" hung", time.Minute, func() bool {
			failed, _ := l.since(time.Now().Add(-3 * time.Second))
			return len(failed) == 0 && time.Since(resumed) > 3*time.Second
		})
		sent := l.count()
		await(t, "the execution of what was sent while "+c.victim.name+" hung", time.Minute, func() bool { return l.executed(asks, sent) })
		failed, _ := l.since(began)
		last := time.Duration(0)
		for _, f := range failed {
			last = max(last, f.at.Sub(began))
		}
		t.Logf("%s hung for %v: %d requests failed, the last one after %v", c.victim.name, c.during, len(failed), last.Round(100*time.Millisecond))
	}
	d.verify(asks, l.end())
}
