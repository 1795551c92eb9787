package migrate_test

import (
	"strings"
	"testing"

	"github.com/openimis/openimis-be-go/internal/db"
	"github.com/openimis/openimis-be-go/internal/migrate"
	"github.com/openimis/openimis-be-go/internal/progress"
	"github.com/openimis/openimis-be-go/internal/testing/dbtest"
)

// foreign makes the database one of the Python backend, which has none of our indexes.
func foreign(t *testing.T, d *db.DB) {
	t.Helper()
	if d.Dialect() != db.Postgres {
		return
	}
	if _, err := d.Pool().ExecContext(t.Context(), `DO $$ DECLARE i record; BEGIN
		FOR i IN SELECT indexname FROM pg_indexes WHERE indexname LIKE 'imis\_tbl%' LOOP EXECUTE format('DROP INDEX %I', i.indexname); END LOOP; END $$`); err != nil {
		t.Fatal(err)
	}
}

// Indexes on legacy tables are offered, created when asked for, and made anew when one was left half made.
func TestIndexesAreOffered(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		foreign(t, d)
		lacking, err := migrate.Lacking(t.Context(), d)
		if err != nil {
			t.Fatal(err)
		}
		switch d.Dialect() {
		case db.SQLite:
			if len(lacking) > 0 {
				t.Errorf("%d indexes are offered", len(lacking))
			}
			return
		case db.SQLServer:
			if len(lacking) != 4 {
				t.Errorf("%d indexes are offered, want one by row version on each of 4 large tables", len(lacking))
			}
			if err := migrate.Index(t.Context(), d, lacking, progress.None); err != nil {
				t.Fatal(err)
			}
			if rest, err := migrate.Lacking(t.Context(), d); err != nil || len(rest) > 0 {
				t.Errorf("still lacking: %v %v", rest, err)
			}
			return
		}
		if len(lacking) < 50 {
			t.Fatalf("only %d are offered", len(lacking))
		}
		for _, x := range lacking {
			if !strings.HasPrefix(x.Create, "CREATE INDEX CONCURRENTLY IF NOT EXISTS ") || !strings.HasPrefix(x.Name, "imis_") {
				t.Errorf("%s: %s", x.Name, x.Create)
			}
		}
		if err := migrate.Index(t.Context(), d, lacking[:3], progress.None); err != nil {
			t.Fatal(err)
		}
		// as after a build that was cut off
		if _, err := d.Pool().ExecContext(t.Context(), `UPDATE pg_index SET indisvalid = false WHERE indexrelid = $1::regclass`, `"`+lacking[0].Name+`"`); err != nil {
			t.Fatal(err)
		}
		rest, err := migrate.Lacking(t.Context(), d)
		if err != nil || len(rest) != len(lacking)-2 || rest[0].Name != lacking[0].Name {
			t.Fatalf("%d are lacking of %d, %v", len(rest), len(lacking), err)
		}
		if err := migrate.Index(t.Context(), d, rest, progress.None); err != nil {
			t.Fatal(err)
		}
		if rest, err := migrate.Lacking(t.Context(), d); err != nil || len(rest) > 0 {
			t.Errorf("still lacking: %v %v", rest, err)
		}
	})
}

// A database of another release lacks columns; indexes on them are not offered.
func TestIndexesOnMissingColumnsAreNotOffered(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		if d.Dialect() != db.Postgres {
			return
		}
		foreign(t, d)
		if _, err := d.Pool().ExecContext(t.Context(), `ALTER TABLE "tblClaim" DROP COLUMN "ClaimUUID"; DROP TABLE "tblHFCatchment"`); err != nil {
			t.Fatal(err)
		}
		if err := d.Probe(t.Context()); err != nil {
			t.Fatal(err)
		}
		lacking, err := migrate.Lacking(t.Context(), d)
		if err != nil {
			t.Fatal(err)
		}
		for _, x := range lacking {
			if x.Table == "tblHFCatchment" || strings.Contains(x.Create, "ClaimUUID") {
				t.Errorf("offered: %s", x.Create)
			}
		}
		if err := migrate.Index(t.Context(), d, lacking, progress.None); err != nil {
			t.Error(err)
		}
	})
}
