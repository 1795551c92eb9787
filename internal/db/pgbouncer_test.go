//go:build !windows

package db_test

import (
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"

	"github.com/openimis/openimis-be-go/internal/db"
	"github.com/openimis/openimis-be-go/internal/testing/dbtest"
)

// Behind PgBouncer every transaction may have another session. It is noticed, and everything works, however
// many ask at the same time.
func TestPgBouncer(t *testing.T) {
	dbtest.Need(t, db.Postgres)
	dsn := dbtest.PgBouncer(t, dbtest.URL(t, db.Postgres))
	d := open(t, dsn, db.Options{})
	if !d.Pooled() {
		t.Fatal("the pooler is not noticed")
	}
	conform(t, d)
	var wg sync.WaitGroup
	for i := range 80 {
		wg.Go(func() {
			for j := range 5 { // other statements, and the same
				var n []int
				src := fmt.Sprintf(`SELECT i."ItemID" FROM "tblItems" i WHERE $starts(i."ItemCode", ?) AND i."ItemID" IN $ints(?) AND i."ValidityFrom" <= ? AND i."ItemPrice" >= ? AND %d = %d`, j, j)
				if err := d.Select(t.Context(), &n, src, db.StartsWith(fmt.Sprint("B", i)), db.Ints{1, 2, 3}, now, "1.5"); err != nil {
					t.Errorf("read %d: %v", i, err)
				}
			}
		})
	}
	wg.Wait()
	holdSpellings(t, d)
	numbersBeyond(t, d)
}

// A pooler that takes no options at the start of a session does not end the start of the program.
func TestPgBouncerRefusesOptions(t *testing.T) {
	dbtest.Need(t, db.Postgres)
	dsn := dbtest.PgBouncer(t, dbtest.URL(t, db.Postgres))
	var log strings.Builder
	d, err := db.Open(t.Context(), dsn+"?options=-c%20search_path%3Ddjango%2Cpublic", db.Options{Log: slog.New(slog.NewTextHandler(&log, nil))})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	if !d.Pooled() || !d.Offers("tblClaim", "ClaimCode") || !strings.Contains(log.String(), "ALTER ROLE") {
		t.Errorf("pooled: %v, log: %s", d.Pooled(), &log)
	}
}

// Where none is between, none is seen.
func TestNoPooler(t *testing.T) {
	dbtest.Need(t, db.Postgres)
	if dbtest.Open(t, db.Postgres).Pooled() {
		t.Error("a pooler is seen that is not there")
	}
}
