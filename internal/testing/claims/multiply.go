package claims

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/openimis/openimis-be-go/internal/db"
	"github.com/openimis/openimis-be-go/internal/load"
	"github.com/openimis/openimis-be-go/internal/migrate"
	"github.com/openimis/openimis-be-go/internal/progress"
	"github.com/openimis/openimis-be-go/internal/schema"
)

// multiplied are the tables of claims: name, key, and what refers to a claim.
var multiplied = []struct{ table, key, claim string }{
	{"tblClaim", "ClaimID", "ClaimID"},
	{"tblClaimItems", "ClaimItemID", "ClaimID"},
	{"tblClaimServices", "ClaimServiceID", "ClaimID"},
}

// Multiply copies the claims of a database with their lines until there are n, within the database: a country's claims
// take minutes. Copies have numbers and GUIDs of their own and are else alike. The indexes are made afterwards.
func Multiply(t testing.TB, d *db.DB, n int) {
	t.Helper()
	ctx := context.Background()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatalf("multiply claims: %v", err)
		}
	}
	for _, m := range multiplied {
		must(dropIndexes(ctx, d, m.table))
	}
	for {
		var have, top, limit int
		must(d.Get(ctx, &have, `SELECT COUNT(*) FROM "tblClaim"`))
		if have >= n {
			break
		}
		must(d.Get(ctx, &top, `SELECT MAX("ClaimID") FROM "tblClaim"`))
		must(d.Get(ctx, &limit, `SELECT MAX(x."ClaimID") FROM (SELECT c."ClaimID" FROM "tblClaim" AS c ORDER BY c."ClaimID" $page(?, 0)) AS x`, n-have))
		must(d.Write(ctx, "multiply claims", func(tx *db.Tx) error {
			for _, m := range multiplied {
				if err := copyRows(ctx, tx, m.table, m.key, m.claim, top, limit); err != nil {
					return err
				}
			}
			return nil
		}))
	}
	must(migrate.CreateIndexes(ctx, d, progress.None))
}

// copyRows copies the rows of claims up to a number; what refers to claims goes up by top.
func copyRows(ctx context.Context, tx *db.Tx, table, key, claim string, top, limit int) error {
	tab, _ := schema.Lookup(table)
	step := top
	if key != claim {
		if err := tx.Get(ctx, &step, `SELECT COALESCE(MAX("`+key+`"), 0) FROM "`+table+`"`); err != nil {
			return err
		}
	}
	var to, from []string
	for _, c := range tab.Columns {
		if c.Type == schema.RowVersion || !tx.Offers(table, c.Name) {
			continue
		}
		value := `x."` + c.Name + `"`
		switch c.Name {
		case key, tab.LegacyIDColumn:
			value += fmt.Sprintf(" + %d", step)
		case claim:
			value += fmt.Sprintf(" + %d", top)
		case tab.UUIDColumn:
			value = "$newuuid"
		}
		to, from = append(to, `"`+c.Name+`"`), append(from, value)
	}
	_, err := tx.Exec(ctx, `INSERT INTO "`+table+`" (`+strings.Join(to, ", ")+`) SELECT `+strings.Join(from, ", ")+` FROM "`+table+`" AS x WHERE x."`+claim+`" <= ?`, limit)
	if err != nil {
		return err
	}
	return load.Number(ctx, tx, tab)
}

// dropIndexes drops those that nothing depends on.
func dropIndexes(ctx context.Context, d *db.DB, table string) error {
	list := map[db.Dialect]string{
		db.Postgres: `SELECT indexname FROM pg_indexes WHERE tablename = $1 AND indexdef NOT LIKE 'CREATE UNIQUE%'`,
		db.SQLite:   `SELECT name FROM sqlite_master WHERE type = 'index' AND tbl_name = $1 AND sql NOT LIKE 'CREATE UNIQUE%'`,
	}[d.Dialect()]
	if list == "" {
		return nil
	}
	rows, err := d.Pool().QueryContext(ctx, list, table)
	if err != nil {
		return err
	}
	defer rows.Close()
	var names []string
	for rows.Next() {
		var n string
		if err := rows.Scan(&n); err != nil {
			return err
		}
		names = append(names, n)
	}
	if err := rows.Err(); err != nil {
		return err
	}
	return d.Write(ctx, "drop indexes", func(tx *db.Tx) error {
		for _, n := range names {
			if err := tx.DDL(ctx, `DROP INDEX "`+n+`"`); err != nil {
				return err
			}
		}
		return nil
	})
}
