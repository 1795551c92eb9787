package main

import (
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/openimis/openimis-be-go/internal/db"
	"github.com/openimis/openimis-be-go/internal/progress"
	"github.com/openimis/openimis-be-go/internal/seed"
	"github.com/openimis/openimis-be-go/internal/testing/dbtest"
)

// Two releases run on one database. One is stopped as a service manager does and another release takes its
// place, and back again; the other one answers meanwhile without an error, and `server instances` shows who
// runs. The one that stops answers until everybody could see at /readyz that it will.
func TestOneReleaseIsReplacedWhileTheOtherAnswers(t *testing.T) {
	for _, engine := range dbtest.Engines() {
		if engine == db.SQLServer {
			continue // the same code and statements; Babelfish takes a minute for each start
		}
		t.Run(string(engine), func(t *testing.T) {
			url := dbtest.URL(t, engine)
			d, err := db.Open(t.Context(), url, db.Options{})
			if err != nil {
				t.Fatal(err)
			}
			defer d.Close()
			if err := seed.Seed(t.Context(), d, seed.Demo, time.Now().UTC(), progress.None); err != nil {
				t.Fatal(err)
			}
			launchAs := func(release string) *process {
				return launch(t, "DATABASE_URL="+url, "DRAIN_DELAY=1s", "IMIS_TEST_RELEASE="+release)
			}
			steady, changing := launchAs("1.0.0"), launchAs("1.0.0")
			steady.ready()
			changing.ready()
			const query = `{ mutationLogs { totalCount } }`

			var asked, failed atomic.Int64
			var load sync.WaitGroup
			done := make(chan struct{})
			for range 2 {
				load.Go(func() {
					for {
						select {
						case <-done:
							return
						default:
						}
						asked.Add(1)
						if _, err := steady.post(query); err != nil {
							if failed.Add(1) == 1 {
								t.Error("the release that stays:", err)
							}
						}
						time.Sleep(5 * time.Millisecond)
					}
				})
			}
			runs := func(release string) {
				t.Helper()
				t.Setenv("DATABASE_URL", url)
				var said string
				for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); time.Sleep(100 * time.Millisecond) {
					if said, err = output(t, "instances"); err == nil && strings.Contains(said, "2 running on") && strings.Contains(said, release+"  ") && strings.Contains(said, "1.0.0  ") {
						return
					}
				}
				t.Errorf("want 1.0.0 and %s: %v\n%s", release, err, said)
			}
			runs("1.0.0")
			for _, release := range []string{"1.1.0", "1.0.1"} { // upgraded, and back
				answered := changing.stop(query)
				if answered == 0 {
					t.Error("the server answered nothing after it said that it stops")
				}
				changing = launchAs(release)
				changing.ready()
				runs(release)
			}
			close(done)
			load.Wait()
			if asked.Load() < 20 || failed.Load() > 0 {
				t.Errorf("%d of %d requests failed", failed.Load(), asked.Load())
			}
			t.Logf("%d requests", asked.Load())
		})
	}
}

// stop asks the process to end, as service managers do, and says how many queries it answered after it had
// told at /readyz that it stops. It must end by itself.
func (p *process) stop(query string) (answered int) {
	p.t.Helper()
	p.mu.Lock()
	cmd := p.cmd
	p.mu.Unlock()
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		p.t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	for {
		select {
		case err := <-ended:
			if err != nil {
				p.t.Errorf("it ended with %v: %s", err, p.out.String())
			}
			p.mu.Lock()
			p.cmd = nil
			p.mu.Unlock()
			return answered
		case <-time.After(30 * time.Second):
			p.t.Fatal("it does not end")
		default:
		}
		res, err := http.Get(p.url + "/readyz")
		if err != nil {
			time.Sleep(10 * time.Millisecond)
			continue
		}
		res.Body.Close()
		if res.StatusCode == http.StatusServiceUnavailable {
			if !res.Close {
				p.t.Error("the connection stays open")
			}
			if _, err := p.post(query); err == nil {
				answered++
			}
		}
		time.Sleep(10 * time.Millisecond)
	}
}
