package migrate

import (
	"context"
	"fmt"
	"strings"

	"github.com/openimis/openimis-be-go/internal/db"
	"github.com/openimis/openimis-be-go/internal/progress"
	"github.com/openimis/openimis-be-go/internal/schema"
)

// CreateTables makes all tables of an openIMIS database, legacy and our own, without secondary indexes.
// A database that has any legacy table is refused: it is somebody's. All or nothing.
func CreateTables(ctx context.Context, d *db.DB) error {
	var there []string
	for _, t := range schema.Tables() {
		if !t.Own && d.Offers(t.Name, "") {
			there = append(there, t.Name)
		}
	}
	if len(there) > 0 {
		return fmt.Errorf("create tables in %s: it is an openIMIS database already (it has %s); legacy tables are never altered", d.Name(), abbreviate(there, 3))
	}
	version := DefaultVersion(d.Dialect())
	err := d.Write(ctx, "create tables", func(tx *db.Tx) error {
		for _, s := range schema.LegacyDDL(schema.Dialect(d.Dialect()), version) {
			if err := tx.DDL(ctx, s); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("create tables in %s: %w", d.Name(), err)
	}
	return Up(ctx, d, version, progress.None)
}

// CreateIndexes makes the secondary indexes that are missing in a database that CreateTables made. Call
// it after loading: a filled table is indexed faster than an indexed one is filled. On SQL Server there
// is nothing to do, because its databases are not ours.
func CreateIndexes(ctx context.Context, d *db.DB, report progress.Func) error {
	statements := schema.Indexes(schema.Dialect(d.Dialect()), d.Collation())
	if d.Dialect() == db.Postgres {
		// Its owner may install it; where it is not at hand, a search for a part of a name reads all names.
		if _, err := d.Pool().ExecContext(ctx, `CREATE EXTENSION IF NOT EXISTS pg_trgm`); err == nil {
			statements = append(statements, schema.TrigramIndexes()...)
		}
	}
	for i, s := range statements {
		report("Indexes", i, len(statements))
		if err := d.Write(ctx, "create an index", func(tx *db.Tx) error { return tx.DDL(ctx, s) }); err != nil {
			return fmt.Errorf("create indexes in %s: %w", d.Name(), err)
		}
	}
	if analyze := map[db.Dialect]string{db.SQLite: `PRAGMA optimize = 0x10002`, db.Postgres: `VACUUM (ANALYZE)`}[d.Dialect()]; analyze != "" {
		// The planners choose badly over tables that they know nothing of, and PostgreSQL reads an index
		// instead of the table only where VACUUM has been.
		if _, err := d.Pool().ExecContext(ctx, analyze); err != nil {
			return fmt.Errorf("gather statistics in %s: %w", d.Name(), err)
		}
	}
	report("Indexes", len(statements), len(statements))
	return nil
}

// abbreviate joins the first n of a list and says how many more there are.
func abbreviate(list []string, n int) string {
	if len(list) <= n {
		return strings.Join(list, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(list[:n], ", "), len(list)-n)
}
