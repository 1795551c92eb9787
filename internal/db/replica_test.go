package db_test

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/openimis/openimis-be-go/internal/db"
	"github.com/openimis/openimis-be-go/internal/testing/dbtest"
)

// within waits until something that has to happen by itself has happened.
func within(t *testing.T, limit time.Duration, what string, happened func() bool) {
	t.Helper()
	for began := time.Now(); !happened(); time.Sleep(20 * time.Millisecond) {
		if time.Since(began) > limit {
			t.Fatalf("after %v: not %s", limit, what)
		}
	}
}

// A primary with a standby that follows it, in the life of both.
func TestStreamingReplica(t *testing.T) {
	primary, standby := dbtest.Replicated(t)
	const bound = 2 * time.Second
	d := open(t, primary.URL(), db.Options{ReadURL: standby.URL(), ReadLag: bound, Log: slog.New(slog.DiscardHandler)})
	ctx := t.Context()
	state := func() db.Replica {
		r, ok := d.Replica()
		if !ok {
			t.Fatal("there is a replica")
		}
		return r
	}
	serves := func() bool { return state().Serves }
	atStandby := func(ctx context.Context) bool {
		var is bool
		if err := d.Get(ctx, &is, `SELECT pg_is_in_recovery()`); err != nil {
			t.Fatal(err)
		}
		return is
	}
	genders := 0
	write := func(ctx context.Context) {
		genders++
		err := d.Write(ctx, "gender", func(tx *db.Tx) error {
			_, err := tx.Insert(ctx, "tblGender", db.Values{"Code": fmt.Sprint(genders), "Gender": fmt.Sprint("gender ", genders)})
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	seen := func(ctx context.Context) (n int) {
		if err := d.Get(ctx, &n, `SELECT COUNT(*) FROM "tblGender"`); err != nil {
			t.Fatal(err)
		}
		return n
	}

	within(t, time.Minute, "read from the replica", serves)
	if !atStandby(ctx) || atStandby(db.FromPrimary(ctx)) {
		t.Fatal("reads do not go where they should")
	}

	// Nobody applies changes at the replica any more. Whoever has written sees it at once; for others the
	// replica serves until it is behind by the bound.
	standby.Exec(t, `SELECT pg_wal_replay_pause()`)
	mine, _ := db.WithFollower(ctx)
	write(mine)
	written := time.Now()
	if seen(mine) != genders {
		t.Error("a user does not read his own write")
	}
	if serves() && seen(ctx) != genders-1 && time.Since(written) < bound/2 {
		t.Error("the standby has what was not applied there")
	}
	within(t, 10*bound, "taken out for its lag", func() bool { return !serves() })
	if late := time.Since(written); late < bound/4 || state().Lag <= 0 {
		t.Errorf("taken out after %v, behind by %v", late, state().Lag)
	}
	if atStandby(ctx) || seen(ctx) != genders {
		t.Error("while the replica is too far behind, reads do not come from the primary")
	}
	standby.Exec(t, `SELECT pg_wal_replay_resume()`)
	within(t, time.Minute, "back after it has caught up", serves)
	if !atStandby(ctx) || seen(ctx) != genders {
		t.Error("the replica does not serve what it has caught up with")
	}

	// The replica is lost while many read: every read succeeds. It comes back by itself.
	var reads atomic.Int64
	reading, stop := context.WithCancel(ctx)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for reading.Err() == nil {
				var codes []string
				err := d.Read(ctx, func(q db.Query) error {
					rows, err := q.Rows(ctx, `SELECT g."Code" FROM "tblGender" g, generate_series(1, 500)`)
					if err != nil {
						return err
					}
					defer rows.Close()
					codes = codes[:0]
					for rows.Next() {
						var code string
						if err := rows.Scan(&code); err != nil {
							return err
						}
						codes = append(codes, code)
					}
					return rows.Err()
				})
				if err != nil || len(codes) != 500*genders {
					t.Errorf("%d rows, %v", len(codes), err)
				}
				var all []string
				if err := d.Select(ctx, &all, `SELECT g."Code" FROM "tblGender" g`); err != nil || len(all) != genders {
					t.Errorf("%d rows, %v", len(all), err)
				}
				reads.Add(1)
			}
		})
	}
	within(t, time.Minute, "reading", func() bool { return reads.Load() > 100 })
	standby.Kill()
	within(t, time.Minute, "without the replica", func() bool { return !serves() })
	before := reads.Load()
	within(t, time.Minute, "reading on", func() bool { return reads.Load() > before+100 })
	if d.Ping(ctx) != nil {
		t.Error("the loss of the replica makes the database unready")
	}
	without := open(t, primary.URL(), db.Options{ReadURL: standby.URL(), Log: slog.New(slog.DiscardHandler)})
	if r, ok := without.Replica(); !ok || r.Serves {
		t.Error("a replica that is away at the start serves")
	}
	standby.Start(t)
	within(t, time.Minute, "back after its loss", serves)
	within(t, time.Minute, "found after the start", func() bool { r, _ := without.Replica(); return r.Serves })
	stop()
	wg.Wait()
	if !atStandby(ctx) || state().TriedAgain == 0 || state().FromReplica == 0 || state().FromPrimary == 0 {
		t.Errorf("%+v", state())
	}
}
