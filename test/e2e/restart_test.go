package e2e

import (
	"net/http"
	"testing"
	"time"
)

// Two servers behind each route are stopped and started again one by one, as for an upgrade, while people work: nobody
// gets an error.
func TestBackendsAreRestartedOneByOne(t *testing.T) {
	d := deploy(t, shape{ibackends: 2, backends: 2, workers: 1, gateways: 1})
	gateway := d.gateways[0]
	asks := d.signIn(gateway, "Admin", "admin123")
	l := d.work("R", d.signIn(gateway, "Admin", "admin123"), d.signIn(gateway, "Admin", "admin123"))
	for range 2 {
		for _, name := range []string{"ibackend1", "ibackend2", "backend1", "backend2"} {
			time.Sleep(time.Second)
			p := d.services[name]
			p.stop()
			time.Sleep(time.Second) // it is away for a while
			p.start()
			await(t, name, time.Minute, func() bool { return d.get(d.address[name]+"/readyz") == http.StatusOK })
			time.Sleep(2 * time.Second) // the gateway asks every second
		}
	}
	failed, requests := l.since(time.Time{})
	for i, f := range failed {
		if i < 10 {
			t.Errorf("%s: %v", f.what, f.err)
		}
	}
	t.Logf("%d of %d requests failed", len(failed), requests)
	d.verify(asks, l.end())
}
