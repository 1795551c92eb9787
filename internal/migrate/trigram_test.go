package migrate_test

import (
	"strings"
	"testing"

	"github.com/openimis/openimis-be-go/internal/db"
	"github.com/openimis/openimis-be-go/internal/migrate"
	"github.com/openimis/openimis-be-go/internal/progress"
	"github.com/openimis/openimis-be-go/internal/testing/dbtest"
)

// Where PostgreSQL offers trigrams, a part of a name is found by them: the index folds texts as $like does.
func TestPartsOfNamesAreFoundByTrigrams(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		if d.Dialect() != db.Postgres {
			return
		}
		if err := migrate.CreateIndexes(t.Context(), d, progress.None); err != nil {
			t.Fatal(err)
		}
		var offered bool
		if err := d.Pool().QueryRow(`SELECT EXISTS (SELECT 1 FROM pg_extension WHERE extname = 'pg_trgm')`).Scan(&offered); err != nil || !offered {
			t.Log("this server does not offer pg_trgm", err)
			return
		}
		c, err := d.Pool().Conn(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		// On empty tables any other index is cheaper.
		if _, err := c.ExecContext(t.Context(), `SET enable_seqscan = off; DO $$ DECLARE i record; BEGIN
			FOR i IN SELECT indexname FROM pg_indexes WHERE indexname LIKE 'imis\_%' AND indexname NOT LIKE '%\_parts' LOOP
				EXECUTE format('DROP INDEX %I', i.indexname); END LOOP; END $$`); err != nil {
			t.Fatal(err)
		}
		for src, index := range map[string]string{
			`SELECT t."CHFID" FROM "tblInsuree" t WHERE $like(t."OtherNames", ?) AND t."ValidityTo" IS NULL`: "imis_tblInsuree_LastName_OtherNames_parts",
			`SELECT t."ClaimID" FROM "tblClaim" t WHERE $like(t."ClaimCode", ?) AND t."ValidityTo" IS NULL`:  "imis_tblClaim_ClaimCode_parts",
		} {
			text, err := db.Postgres.Render(src)
			if err != nil {
				t.Fatal(err)
			}
			rows, err := c.QueryContext(t.Context(), "EXPLAIN "+text, db.Contains("ara"))
			if err != nil {
				t.Fatal(err)
			}
			var plan []string
			for rows.Next() {
				var line string
				if err := rows.Scan(&line); err != nil {
					t.Fatal(err)
				}
				plan = append(plan, line)
			}
			rows.Close()
			if all := strings.Join(plan, "\n"); !strings.Contains(all, index) {
				t.Errorf("%s does not use %s:\n%s", src, index, all)
			}
		}
	})
}
