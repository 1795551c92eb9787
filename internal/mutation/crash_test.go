package mutation

import (
	"errors"
	"os"
	"os/exec"
	"syscall"
	"testing"
	"time"

	"github.com/openimis/openimis-be-go/internal/db"
	"github.com/openimis/openimis-be-go/internal/testing/dbtest"
)

// A process killed at any point loses no mutation and executes none twice.
func TestKilled(t *testing.T) {
	for _, engine := range dbtest.Engines() {
		for _, point := range []string{"recorded", "leased", "applied", "finished", "committed"} {
			t.Run(string(engine)+" "+point, func(t *testing.T) {
				url := dbtest.URL(t, engine)
				child := exec.Command(os.Args[0])
				child.Env = append(os.Environ(), "IMIS_CRASH_AT="+point, "IMIS_CRASH_DB="+url)
				out, err := child.CombinedOutput()
				var exit *exec.ExitError
				if !errors.As(err, &exit) || exit.Sys().(syscall.WaitStatus).Signal() != syscall.SIGKILL {
					t.Fatalf("the child was not killed: %v\n%s", err, out)
				}
				d, err := db.Open(t.Context(), url, db.Options{})
				if err != nil {
					t.Fatal(err)
				}
				t.Cleanup(func() { d.Close() })
				l := newLab(t, d, nil)
				var id db.UUID
				if err := d.Get(t.Context(), &id, `SELECT m."id" FROM "core_Mutation_Log" m`); err != nil {
					t.Fatal(err)
				}
				if l.next(t.Context()) {
					t.Error("taken over before the lease has expired")
				}
				if point == "committed" {
					l.ended(string(id), 1, Done, 1, "")
				} else {
					l.ended(string(id), 1, Received, 0, "")
				}
				l.pass(16 * time.Second)
				// The server may take a moment to notice that the child is gone.
				for deadline := time.Now().Add(20 * time.Second); l.queued() > 0 && time.Now().Before(deadline); {
					if !l.next(t.Context()) {
						time.Sleep(10 * time.Millisecond)
					}
				}
				l.ended(string(id), 1, Done, 1, "")
				if l.queued() != 0 {
					t.Error("the queue row is still there")
				}
			})
		}
	}
}

// A mutation that kills its process each time does not do so for ever.
func TestPoisonousMutationEnds(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		l := newLab(t, d, func(o *Options) { o.Async = true })
		id := l.submit(clerk, "count", `{"n": 1}`)
		for range 20 {
			if _, found, err := l.claim(t.Context()); !found || err != nil { // and the process dies
				t.Fatalf("not claimed: %v", err)
			}
			l.pass(16 * time.Second)
		}
		l.next(t.Context())
		l.ended(id, 1, Failed, 0, "interrupted 20 times")
		if l.queued() != 0 {
			t.Error("the queue row is still there")
		}
	})
}
