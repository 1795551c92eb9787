package instance_test

import (
	"context"
	"log/slog"
	"os"
	"testing"
	"time"

	"github.com/openimis/openimis-be-go/internal/db"
	"github.com/openimis/openimis-be-go/internal/instance"
	"github.com/openimis/openimis-be-go/internal/testing/dbtest"
	"github.com/openimis/openimis-be-go/internal/testing/sqlcheck"
)

func TestMain(m *testing.M) { os.Exit(sqlcheck.Gate(m)) }

func TestWhoLives(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		now := time.Date(2026, 11, 30, 9, 0, 0, 0, time.UTC)
		r := instance.Registry{DB: d, Clock: func() time.Time { return now }, Log: slog.New(slog.DiscardHandler)}
		ctx := t.Context()
		live := func(want ...string) {
			t.Helper()
			list, err := r.Live(ctx)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, p := range list {
				got = append(got, p.ID)
			}
			if len(got) != len(want) {
				t.Fatalf("live: %v, want %v", got, want)
			}
			for i := range want {
				if got[i] != want[i] {
					t.Errorf("live: %v, want %v", got, want)
				}
			}
		}
		contract := "2019"
		a := instance.Process{ID: "a", Role: "serve", Host: "h1", PID: 1, Version: "1.0", Roots: "api", Modules: "claim 0.0.16", Contract: &contract, SchemaStep: 6, Started: now}
		b := instance.Process{ID: "b", Role: "worker", Host: "h2", PID: 2, Version: "1.1", Roots: "api,iapi", SchemaStep: 8, Started: now}
		for _, p := range []instance.Process{a, b, a} {
			if err := r.Beat(ctx, p); err != nil {
				t.Fatal(err)
			}
		}
		live("a", "b")
		now = now.Add(50 * time.Second)
		if err := r.Beat(ctx, a); err != nil {
			t.Fatal(err)
		}
		now = now.Add(20 * time.Second)
		live("a") // b was not seen for 70 s
		if err := r.Beat(ctx, b); err != nil {
			t.Fatal(err)
		}
		live("a", "b")
		if err := r.Leave(ctx, "a"); err != nil {
			t.Fatal(err)
		}
		live("b")

		// Keep registers at once, and takes the row away at the end.
		keeping, stop := context.WithCancel(ctx)
		ended := make(chan struct{})
		go func() { r.Keep(keeping, instance.Process{ID: "c", Role: "serve", Host: "h3"}); close(ended) }()
		for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(10 * time.Millisecond) {
			if list, err := r.Live(ctx); err == nil && len(list) == 2 {
				break
			}
			if time.Now().After(deadline) {
				t.Fatal("not registered")
			}
		}
		stop()
		<-ended
		live("b")
	})
}
