package mutation

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/openimis/openimis-be-go/internal/auth"
	"github.com/openimis/openimis-be-go/internal/db"
	"github.com/openimis/openimis-be-go/internal/fault"
	"github.com/openimis/openimis-be-go/internal/testing/dbtest"
)

func (l *lab) queue() *Queue { return &Queue{DB: l.db, Clock: l.now} }

// What fails for a reason that is not the user's is kept, and can be tried again or dropped; what was
// refused is not.
func TestGivenUpMutationsAreKeptForTheOperator(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		l := newLab(t, d, func(o *Options) { o.Async = true })
		ctx := t.Context()
		l.submit(clerk, "refuse", `{"n": 1}`)
		l.submit(clerk, "partly", `{"n": 2}`)
		l.submit(clerk, "count", `{"n": "x"}`)
		broken := l.submit(clerk, "break", `{"n": 3}`)
		l.fails["flaky"] = 5
		worn := l.submit(clerk, "flaky", `{"n": 4}`)
		for range 20 {
			l.pass(time.Minute)
			for l.next(ctx) {
			}
		}
		items, err := l.queue().List(ctx, 10)
		if err != nil {
			t.Fatal(err)
		}
		var ids []string
		for _, i := range items {
			if i.State != Dead || i.Payload != "" || i.Died == nil || !strings.Contains(*i.Reason, map[string]string{broken: "secret detail", worn: "flaky: busy"}[string(i.ID)]) {
				t.Errorf("%+v", i)
			}
			ids = append(ids, string(i.ID))
		}
		if len(ids) != 2 || !slices.Contains(ids, broken) || !slices.Contains(ids, worn) {
			t.Fatalf("kept %v, want %s and %s", ids, broken, worn)
		}
		if depth, err := l.queue().Depth(ctx); err != nil || depth.Dead != 2 || depth.Queued != 0 || depth.Oldest != nil {
			t.Errorf("%+v %v", depth, err)
		}
		if i, err := l.queue().Show(ctx, worn); err != nil || i.Payload != `{"n": 4}` || i.Attempts != 5 || i.Principal != "clerk" {
			t.Errorf("%+v %v", i, err)
		}

		l.ended(worn, 4, Failed, 0, "internal error")
		if _, err := l.queue().Retry(ctx, worn); err != nil {
			t.Fatal(err)
		}
		l.ended(worn, 4, Received, 0, "")
		if _, err := l.queue().Retry(ctx, worn); fault.Code(err) != fault.Conflict {
			t.Errorf("retried twice: %v", err)
		}
		if depth, err := l.queue().Depth(ctx); err != nil || depth.Queued != 1 || depth.Oldest == nil || !depth.Oldest.Equal(l.now()) {
			t.Errorf("%+v %v", depth, err)
		}
		if !l.next(ctx) || l.next(ctx) {
			t.Error("not executed once")
		}
		l.ended(worn, 4, Done, 1, "")

		if _, err := l.queue().Drop(ctx, broken); err != nil {
			t.Fatal(err)
		}
		for id, code := range map[string]string{broken: fault.NotFound, worn: fault.NotFound, "x": fault.Invalid} {
			if _, err := l.queue().Show(ctx, id); fault.Code(err) != code {
				t.Errorf("show %s: %v", id, err)
			}
			if _, err := l.queue().Drop(ctx, id); fault.Code(err) != code {
				t.Errorf("drop %s: %v", id, err)
			}
		}
		l.ended(broken, 3, Failed, 0, "internal error")
	})
}

func TestAnOperatorDropsWhatWaitsAndNotWhatRuns(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		l := newLab(t, d, func(o *Options) { o.Async = true })
		id := l.submit(clerk, "count", `{"n": 1}`)
		if _, found, err := l.claim(t.Context()); !found || err != nil {
			t.Fatal(err)
		}
		if _, err := l.queue().Drop(t.Context(), id); fault.Code(err) != fault.Conflict || !strings.Contains(err.Error(), "leased by") {
			t.Errorf("dropped while it ran: %v", err)
		}
		l.pass(16 * time.Second)
		if i, err := l.queue().Drop(t.Context(), id); err != nil || i.State != Waiting {
			t.Errorf("%+v %v", i, err)
		}
		l.ended(id, 1, Failed, 0, "dropped")
		if l.next(t.Context()) {
			t.Error("it was executed")
		}
	})
}

// Users take turns, whoever came first and with however many.
func TestUsersTakeTurns(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		l := newLab(t, d, func(o *Options) { o.Async = true })
		author := map[string]string{}
		submit := func(user string, n int) {
			l.users[user] = &auth.Principal{ID: string(db.NewUUID()), Username: user, Rights: clerk.Rights}
			for range n {
				author[l.submit(l.users[user], "count", `{"n": 1}`)] = user
				l.pass(time.Millisecond)
			}
		}
		submit("m", 6)
		submit("b", 2)
		submit("z", 1)
		var order []string
		for {
			e, found, err := l.claim(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if !found {
				break
			}
			order = append(order, author[string(e.ID)])
			if len(order) == 4 {
				submit("c", 1) // whoever comes late has a turn in the same round
			}
		}
		if got := strings.Join(order, " "); got != "b m z b c m m m m m" {
			t.Errorf("served %s", got)
		}
	})
}

// What does not end while a process drains is undone, and another process begins it at once: it does not
// wait for the lease to run out.
func TestDrainingGivesLeasesBack(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		began, quick := make(chan struct{}), make(chan struct{})
		var l *lab
		l = newLab(t, d, func(o *Options) { o.Async, o.Drain = true, 50*time.Millisecond })
		slow := func(ctx context.Context, tx *db.Tx, c Call, in numbered) (Outcome, error) {
			if err := effect(ctx, tx, in.N); err != nil {
				return Outcome{}, err
			}
			close(began)
			select {
			case <-ctx.Done():
				return Outcome{}, fmt.Errorf("slow: %w", ctx.Err())
			case <-quick:
				return Outcome{}, nil
			}
		}
		if err := l.registry.Add("slow", Typed(auth.Needs(111002), slow)); err != nil {
			t.Fatal(err)
		}
		id := l.submit(clerk, "slow", `{"n": 1}`)
		run := func(s *Service) {
			ctx, stop := context.WithCancel(t.Context())
			ended := make(chan struct{})
			go func() { s.Run(ctx, 2); close(ended) }()
			<-began
			stop()
			if s.o.Drain > time.Second {
				close(quick)
			}
			select {
			case <-ended:
			case <-time.After(20 * time.Second):
				t.Fatal("it does not end")
			}
		}
		run(l.Service)
		l.ended(id, 1, Received, 0, "")
		var row entry
		if err := d.Get(t.Context(), &row, `SELECT q."attempts", q."lease_until" FROM "imis_mutation_queue" q`); err != nil || row.Attempts != 0 || row.LeaseUntil.After(l.now()) {
			t.Errorf("the lease was not given back: %+v %v", row, err)
		}

		// Another process has more patience: what is running may end.
		began = make(chan struct{})
		other := New(d, l.registry, Options{Principals: l.o.Principals, Clock: l.now, Poll: 20 * time.Millisecond, Drain: time.Minute, Log: slog.New(slog.DiscardHandler)})
		run(other)
		l.ended(id, 1, Done, 1, "")
	})
}

// A mutation is not given up for an error that the stop caused.
func TestAStopIsNoFailure(t *testing.T) {
	l := newLab(t, dbtest.SQLite(t), nil)
	if why := l.reason(fault.New(fault.Conflict, "The claim is checked already.")); why != "" {
		t.Errorf("a refusal is kept: %s", why)
	}
	if !rests(errStopped) || l.reason(errors.New("x")) != "x" {
		t.Error("a stop is not a rest, or an internal error has no reason")
	}
}
