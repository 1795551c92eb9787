package db_test

import (
	"strings"
	"testing"

	"github.com/openimis/openimis-be-go/internal/db"
	"github.com/openimis/openimis-be-go/internal/testing/dbtest"
	"github.com/openimis/openimis-be-go/internal/testing/dbtest/faketds"
)

// What tells up to where changes are settled is found out at start; without it rows do not count as numbered.
func TestHorizonOfSQLServer(t *testing.T) {
	for name, test := range map[string]struct{ known, column string }{
		"SQL Server":                     {"MIN_ACTIVE_ROWVERSION()", "RowID"},
		"Babelfish, which has not":       {"txid_snapshot_xmin", "RowID"},
		"an engine that has neither one": {"nothing", ""},
	} {
		t.Run(name, func(t *testing.T) {
			s := faketds.Start(t)
			s.Handle(func(r faketds.Request) *faketds.Reply {
				switch {
				case strings.Contains(r.SQL, "INFORMATION_SCHEMA.COLUMNS"):
					row := func(table, column, kind string) []any { return []any{table, column, kind, 0, 0, 0, 1, 1} }
					return &faketds.Reply{
						Columns: []string{"t nvarchar", "c nvarchar", "d nvarchar", "l int", "p int", "s int", "r int", "o int"},
						Rows:    [][]any{row("tblClaim", "RowID", "timestamp"), row("tblInsuree", "RowID", "varbinary"), row("tblFeedback", "FeedbackID", "int")},
					}
				case strings.Contains(r.SQL, "MIN_ACTIVE") || strings.Contains(r.SQL, "txid_"):
					if !strings.Contains(r.SQL, test.known) {
						return faketds.Fail(195, "It is not a recognized built-in function name.")
					}
					return &faketds.Reply{Columns: []string{"Horizon int"}, Rows: [][]any{{4711}}}
				}
				return nil
			})
			d := open(t, s.URL(), db.Options{})
			if got := db.VersionColumn(d, "tblClaim"); got != test.column {
				t.Errorf("tblClaim is numbered by %q", got)
			}
			for _, other := range []string{"tblInsuree", "tblFeedback", "tblHF", "tblNothing"} {
				if got := db.VersionColumn(d, other); got != "" {
					t.Errorf("%s is numbered by %q", other, got)
				}
			}
			if version, err := db.Horizon(t.Context(), d); test.column != "" && (err != nil || version != 4711) {
				t.Errorf("the horizon is %d, %v", version, err)
			}
		})
	}
}

// Every change of a row gives it a version below the horizon that follows, and at or above the one before.
func TestRowVersionsFollowTheHorizon(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		column := db.VersionColumn(d, "tblItems")
		if (column != "") != (d.Dialect() == db.SQLServer) {
			t.Fatalf("tblItems is numbered by %q", column)
		}
		if column == "" {
			return
		}
		horizon := func() int64 {
			t.Helper()
			n, err := db.Horizon(t.Context(), d)
			if err != nil {
				t.Fatal(err)
			}
			return n
		}
		var id int
		before := horizon()
		for i, change := range []func(tx *db.Tx) error{
			func(tx *db.Tx) (err error) { id, err = tx.Insert(t.Context(), "tblItems", item("V1")); return err },
			func(tx *db.Tx) error {
				_, err := tx.Update(t.Context(), "tblItems", id, db.Values{"ItemName": "again"})
				return err
			},
		} {
			write(t, d, change)
			var version int64
			if err := d.Get(t.Context(), &version, `SELECT $version(t."RowID") AS "Version" FROM "tblItems" AS t WHERE t."ItemID" = ?`, id); err != nil {
				t.Fatal(err)
			}
			dbtest.Settled(t, d)
			after := horizon()
			if version < before || version >= after {
				t.Errorf("change %d has version %d, between the horizons %d and %d", i, version, before, after)
			}
			var n int
			if err := d.Get(t.Context(), &n, `SELECT COUNT(*) FROM "tblItems" AS t WHERE t."RowID" >= $atversion(?) AND t."RowID" < $atversion(?)`, version, after); err != nil || n != 1 {
				t.Errorf("change %d: %d rows are found by their versions, %v", i, n, err)
			}
			before = after
		}
	})
}
