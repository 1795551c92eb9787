package e2e

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// Each process is killed in turn while people work, and comes back as under a service manager. No mutation is lost or
// done twice, and everything heals by itself. The log has the figures of docs/performance.md.
func TestAnyProcessMayBeKilled(t *testing.T) {
	// Of the two routes one has an equal server that takes over, the other has none.
	d := deploy(t, shape{ibackends: 2, backends: 1, workers: 2, gateways: 1})
	asks := d.signIn(d.gateways[0], "Admin", "admin123")
	l := d.work("K", d.signIn(d.gateways[0], "Admin", "admin123"), d.signIn(d.gateways[0], "Admin", "admin123"))
	time.Sleep(2 * time.Second)
	if failed, _ := l.since(time.Time{}); len(failed) > 0 {
		t.Fatalf("before anything was killed: %s: %v", failed[0].what, failed[0].err)
	}
	report := []string{"killed      requests  failed (of which mutations)  last failure after  all mutations done after"}
	for _, victim := range []*process{d.services["backend1"], d.services["ibackend1"], d.services["worker1"], d.services["worker2"], d.services["gateway1"], d.rabbit, d.postgres} {
		_, before := l.since(time.Now())
		killed := time.Now()
		victim.kill()
		if !victim.gone(10 * time.Second) {
			t.Fatalf("%s does not die", victim.name)
		}
		await(t, victim.name+" comes back", time.Minute, victim.alive)
		back := time.Now()
		await(t, "a gateway that is ready", time.Minute, d.ready)
		// It has healed when nothing failed for three seconds, and what was sent until then has been executed.
		await(t, "the end of errors after "+victim.name+" was killed", time.Minute, func() bool {
			failed, _ := l.since(time.Now().Add(-3 * time.Second))
			return len(failed) == 0 && time.Since(back) > 3*time.Second
		})
		sent := l.count()
		await(t, "the execution of what was sent while "+victim.name+" was away", time.Minute, func() bool { return l.executed(asks, sent) })
		done := time.Since(killed)
		failed, after := l.since(killed)
		mutations, last := 0, time.Duration(0)
		for _, f := range failed {
			if f.what == "mutation" {
				mutations++
			}
			last = max(last, f.at.Sub(killed))
		}
		report = append(report, fmt.Sprintf("%-11s %8d  %6d (%d)  %v  %v", victim.name, after-before, len(failed), mutations, last.Round(100*time.Millisecond), done.Round(100*time.Millisecond)))
		if len(failed) > 0 {
			report = append(report, fmt.Sprintf("            first: %s: %v", failed[0].what, failed[0].err))
		}
	}
	t.Log("\n" + strings.Join(report, "\n"))
	codes := l.end()
	d.verify(asks, codes)
	if said := d.server("queue"); !strings.Contains(said, "0 queued, 0 given up.") {
		t.Errorf("the queue at the end:\n%s", said)
	}
}
