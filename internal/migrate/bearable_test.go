package migrate

import (
	"context"
	"database/sql"
	"strings"
	"testing"
	"time"

	"github.com/openimis/openimis-be-go/internal/db"
	"github.com/openimis/openimis-be-go/internal/instance"
	"github.com/openimis/openimis-be-go/internal/progress"
	"github.com/openimis/openimis-be-go/internal/schema"
	"github.com/openimis/openimis-be-go/internal/testing/dbtest"
)

// A release with a step that restricts waits for the older instances; one that only expands does not.
func TestUpSparesLiveInstancesOfOlderReleases(t *testing.T) {
	original := steps
	t.Cleanup(func() { steps = original })
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		steps = original
		ctx := t.Context()
		up := func() error { return Up(ctx, d, DefaultVersion(d.Dialect()), progress.None) }
		if err := up(); err != nil {
			t.Fatal(err)
		}
		registry := instance.Registry{DB: d}
		old := instance.Process{ID: "old", Role: "serve", Host: "alpha", PID: 77, Version: "1.4.0", Roots: "api", SchemaStep: Latest(), Started: time.Now().UTC()}
		if err := registry.Beat(ctx, old); err != nil {
			t.Fatal(err)
		}
		var ran []string
		next := int64(Latest())
		add := func(what string, e effect) {
			next++
			steps = append(append([]step{}, steps...), step{next, what, e, func(context.Context, *sql.Tx, schema.Dialect, schema.Version) error {
				ran = append(ran, what)
				return nil
			}})
		}
		add("wider", expands)
		if err := up(); err != nil || strings.Join(ran, " ") != "wider" {
			t.Fatalf("ran %v, %v", ran, err)
		}
		add("wider still", expands)
		add("narrower", restrict)
		err := up()
		if err == nil || len(ran) != 1 || !strings.Contains(err.Error(), "narrower") || !strings.Contains(err.Error(), "release 1.4.0 (serve api on alpha, process 77)") {
			t.Fatalf("ran %v, %v", ran, err)
		}
		// An instance that knows the step bears it.
		current := old
		current.ID, current.SchemaStep = "new", Latest()
		if err := registry.Beat(ctx, current); err != nil {
			t.Fatal(err)
		}
		if err := registry.Leave(ctx, "old"); err != nil {
			t.Fatal(err)
		}
		if err := up(); err != nil || strings.Join(ran, ", ") != "wider, wider still, narrower" {
			t.Fatalf("ran %v, %v", ran, err)
		}
	})
}
