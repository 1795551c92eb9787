package mutation

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/openimis/openimis-be-go/internal/auth"
	"github.com/openimis/openimis-be-go/internal/db"
	"github.com/openimis/openimis-be-go/internal/fault"
	"github.com/openimis/openimis-be-go/internal/testing/dbtest"
)

// longLab is a lab with a long mutation in two transactions. Between them it does what the test says.
func longLab(t *testing.T, d *db.DB, change func(*Options), between func(ctx context.Context, c Call) error) *lab {
	l := newLab(t, d, change)
	err := l.registry.Add("long", TypedLong(auth.Needs(111002), func(ctx context.Context, c Call, in numbered, report Report) (Outcome, error) {
		write := func(n int) error {
			return d.Write(ctx, "effect", func(tx *db.Tx) error {
				var done int
				if err := tx.Get(ctx, &done, `SELECT COUNT(*) FROM "tblLogins" l WHERE l."LogAction" = ?`, n); err != nil || done > 0 {
					return err
				}
				return effect(ctx, tx, n)
			})
		}
		if err := errors.Join(write(in.N), report(ctx, "half of it")); err != nil {
			return Outcome{}, err
		}
		if err := between(ctx, c); err != nil {
			return Outcome{}, err
		}
		return Outcome{}, write(in.N + 1)
	}))
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// once executes what there is to execute, and waits for its end.
func (l *lab) once() bool {
	found := l.next(l.t.Context())
	if err := l.Wait(l.t.Context()); err != nil {
		l.t.Fatal(err)
	}
	return found
}

func TestLongMutationShowsHowFarItIs(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		var l *lab
		l = longLab(t, d, nil, func(_ context.Context, c Call) error {
			row := l.entry(c.ID)
			if row.Status != Received || row.Error == nil || *row.Error != "half of it" {
				t.Errorf("while it runs: status %d, %v", row.Status, row.Error)
			}
			return nil
		})
		id := l.submit(clerk, "long", `{"n": 1}`)
		l.ended(id, 1, Done, 1, "")
		l.ended(id, 2, Done, 1, "")
		if l.queued() != 0 {
			t.Error("the queue row is still there")
		}
	})
}

func TestLongMutationFails(t *testing.T) {
	d := dbtest.SQLite(t)
	l := longLab(t, d, nil, func(context.Context, Call) error { return fault.New(fault.Conflict, "The batch has been run already.") })
	id := l.submit(clerk, "long", `{"n": 1}`)
	l.ended(id, 1, Failed, 1, "run already")
	l.ended(id, 2, Failed, 0, "run already")
}

// The answer does not wait for ever.
func TestLongMutationOutlastsItsAnswer(t *testing.T) {
	d := dbtest.SQLite(t)
	reached, release := make(chan struct{}), make(chan struct{})
	l := longLab(t, d, func(o *Options) { o.Patience = time.Millisecond }, func(context.Context, Call) error {
		close(reached)
		<-release
		return nil
	})
	id := l.submit(clerk, "long", `{"n": 1}`)
	<-reached
	l.ended(id, 2, Received, 0, "half of it")
	close(release)
	if err := l.Wait(t.Context()); err != nil {
		t.Fatal(err)
	}
	l.ended(id, 2, Done, 1, "")
}

// What cannot begin yet is tried again as often as it takes.
func TestLongMutationWaits(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		refusals := 30
		l := longLab(t, d, func(o *Options) { o.Async = true }, func(context.Context, Call) error {
			if refusals--; refusals >= 0 {
				return Later(5 * time.Second)
			}
			return nil
		})
		id := l.submit(clerk, "long", `{"n": 1}`)
		for range 30 {
			if !l.once() || l.once() {
				t.Fatal("tried again at once, or not at all")
			}
			l.ended(id, 2, Received, 0, "half of it")
			l.pass(5 * time.Second)
		}
		l.once()
		l.ended(id, 2, Done, 1, "")
	})
}

// A process that stops leaves the rest to another one, at once.
func TestLongMutationGoesOnElsewhere(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		var l *lab
		stopped := false
		l = longLab(t, d, func(o *Options) { o.Async = true }, func(ctx context.Context, _ Call) error {
			if !stopped {
				stopped = true
				l.stop()
				<-ctx.Done()
				return ctx.Err()
			}
			return nil
		})
		id := l.submit(clerk, "long", `{"n": 1}`)
		l.once()
		l.ended(id, 1, Received, 1, "half of it")
		l.stopping, l.stop = context.WithCancel(context.Background()) // the other one
		l.once()
		l.ended(id, 1, Done, 1, "")
		l.ended(id, 2, Done, 1, "")
	})
}

// Who lost the row, because its lease expired and somebody took it over, does not end the mutation.
func TestLongMutationThatWasTakenOver(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		var l *lab
		taken := false
		l = longLab(t, d, func(o *Options) { o.Async, o.Lease = true, 60*time.Millisecond }, func(ctx context.Context, _ Call) error {
			if taken {
				return nil
			}
			taken = true
			if err := d.Write(ctx, "take over", func(tx *db.Tx) error {
				_, err := tx.Exec(ctx, `UPDATE "imis_mutation_queue" SET "leased_by" = ?`, "somebody else")
				return err
			}); err != nil {
				return err
			}
			<-ctx.Done() // the next renewal notices
			return ctx.Err()
		})
		id := l.submit(clerk, "long", `{"n": 1}`)
		l.once()
		l.ended(id, 2, Received, 0, "half of it")
		l.pass(time.Minute)
		l.once()
		l.ended(id, 2, Done, 1, "")
	})
}

// While a long one runs, the worker executes others.
func TestLongMutationKeepsNoWorker(t *testing.T) {
	d := dbtest.SQLite(t)
	release := make(chan struct{})
	l := longLab(t, d, func(o *Options) { o.Async = true }, func(context.Context, Call) error { <-release; return nil })
	long := l.submit(clerk, "long", `{"n": 1}`)
	l.next(t.Context())
	short := l.submit(clerk, "count", `{"n": 7}`)
	l.next(t.Context())
	l.ended(short, 7, Done, 1, "")
	close(release)
	if err := l.Wait(t.Context()); err != nil {
		t.Fatal(err)
	}
	l.ended(long, 2, Done, 1, "")
}
