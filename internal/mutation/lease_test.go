package mutation

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/openimis/openimis-be-go/internal/db"
	"github.com/openimis/openimis-be-go/internal/testing/dbtest"
)

func TestLease(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		at := start
		l := NewLease(d, func() time.Time { return at })
		try := func(what, holder string, want bool) {
			t.Helper()
			if ok, err := l.Try(t.Context(), "job", holder, time.Minute); ok != want || err != nil {
				t.Errorf("%s: %v, %v", what, ok, err)
			}
		}
		try("free", "a", true)
		try("taken", "b", false)
		at = at.Add(30 * time.Second)
		try("renewed", "a", true)
		at = at.Add(59 * time.Second)
		try("still taken", "b", false)
		at = at.Add(time.Second)
		try("expired", "b", true)
		try("taken over", "a", false)
	})
}

func TestOneOfManyGetsTheLease(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		l := NewLease(d, func() time.Time { return start })
		for round := range 5 {
			var got atomic.Int32
			var all sync.WaitGroup
			for i := range 8 {
				all.Go(func() {
					ok, err := l.Try(t.Context(), fmt.Sprint("job", round), fmt.Sprint(i), time.Minute)
					if err != nil {
						t.Error(err)
					}
					if ok {
						got.Add(1)
					}
				})
			}
			all.Wait()
			if got.Load() != 1 {
				t.Errorf("%d got the lease", got.Load())
			}
		}
	})
}

func TestDailyJob(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		at := start // 10:00
		var ran []string
		var failure error
		quiet := slog.New(slog.DiscardHandler)
		instance := func(name string) *dailyJob {
			s := NewScheduler(d, func() time.Time { return at }, quiet)
			return &dailyJob{Scheduler: s, name: "renewals", at: 8*time.Hour + 30*time.Minute, began: at,
				fn: func(_ context.Context, day time.Time) error {
					ran = append(ran, name+" "+day.Format(time.DateOnly))
					return failure
				}}
		}
		a, b := instance("a"), instance("b")
		step := func(what string, j *dailyJob, want string) {
			t.Helper()
			ran = nil
			pause := j.step(t.Context())
			got := fmt.Sprint(ran)
			if got != "["+want+"]" || pause <= 0 || pause > time.Hour {
				t.Errorf("%s: ran %s, then pauses %v", what, got, pause)
			}
		}
		step("new database after the hour", a, "")
		at = start.Add(22*time.Hour + 29*time.Minute)
		step("a minute before", a, "")
		at = at.Add(time.Minute)
		step("at the hour", a, "a 2026-11-24")
		step("again", a, "")
		step("the other instance", b, "")
		at = at.Add(24 * time.Hour)
		failure = errors.New("no")
		step("next day, failing", b, "b 2026-11-25")
		step("while it rests", a, "")
		at = at.Add(5 * time.Minute)
		failure = nil
		step("tried again by the other", a, "a 2026-11-25")
		step("and done", b, "")
		at = at.Add(3*24*time.Hour - 6*time.Minute) // nothing ran for days; it is 8:29
		c := instance("c")
		step("a day missed is made up for", c, "c 2026-11-27")
		at = at.Add(time.Minute)
		step("and the next comes in time", c, "c 2026-11-28")
		c.fn = func(context.Context, time.Time) error { panic("no") }
		at = at.Add(24 * time.Hour)
		step("a panic", c, "")
		at = at.Add(5 * time.Minute)
		step("is a failure", a, "a 2026-11-29")
	})
}

func TestDailyEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	s := NewScheduler(dbtest.SQLite(t), func() time.Time { return start }, slog.New(slog.DiscardHandler))
	go func() {
		s.Daily(ctx, "job", time.Hour, func(context.Context, time.Time) error { return nil })
		close(done)
	}()
	cancel()
	<-done
}
