package migrate

import (
	"context"
	"fmt"
	"strings"

	"github.com/openimis/openimis-be-go/internal/db"
	"github.com/openimis/openimis-be-go/internal/progress"
	"github.com/openimis/openimis-be-go/internal/schema"
)

// Lacking gives the indexes on legacy tables that would speed this program up and that the database lacks. These tables
// are not altered unasked: an operator has them created (Index), or does it with their statements. On PostgreSQL they
// are those of this program's own databases, which one of the Python backend lacks; on SQL Server, whose legacy database
// has its own, those that find rows by row version. SQLite databases are ours.
func Lacking(ctx context.Context, d *db.DB) ([]schema.Index, error) {
	switch d.Dialect() {
	case db.Postgres:
		return lackingPostgres(ctx, d)
	case db.SQLServer:
		return lackingSQLServer(ctx, d)
	}
	return nil, nil
}

func lackingPostgres(ctx context.Context, d *db.DB) ([]schema.Index, error) {
	var trigrams bool
	if err := d.Pool().QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM pg_extension WHERE extname = 'pg_trgm')`).Scan(&trigrams); err != nil {
		return nil, fmt.Errorf("look for pg_trgm in %s: %w", d.Name(), err)
	}
	there, err := indexes(ctx, d, true)
	if err != nil {
		return nil, err
	}
	var lacking []schema.Index
	for _, x := range schema.LegacyIndexes(d.Collation(), trigrams) {
		if !there[x.Name] && offers(d, x) {
			lacking = append(lacking, x)
		}
	}
	return lacking, nil
}

// lackingSQLServer does not mind the names of indexes that are there.
func lackingSQLServer(ctx context.Context, d *db.DB) ([]schema.Index, error) {
	var edition int
	if err := d.Pool().QueryRowContext(ctx, `SELECT CAST(SERVERPROPERTY('EngineEdition') AS int)`).Scan(&edition); err != nil {
		return nil, fmt.Errorf("ask %s for its edition: %w", d.Name(), err)
	}
	online := edition == 3 || edition == 5 || edition == 8 // Enterprise and Developer; Azure's database; its managed instance
	var lacking []schema.Index
	for _, x := range schema.VersionIndexes(online) {
		var n int
		err := d.Pool().QueryRowContext(ctx, `SELECT COUNT(*) FROM sys.index_columns AS i JOIN sys.columns AS c ON c.object_id = i.object_id AND c.column_id = i.column_id
			WHERE i.object_id = OBJECT_ID(@p1) AND i.key_ordinal = 1 AND LOWER(c.name) = @p2`, "dbo."+x.Table, strings.ToLower(x.Columns[0])).Scan(&n)
		if err != nil {
			return nil, fmt.Errorf("read the indexes of %s: %w", d.Name(), err)
		}
		if n == 0 && offers(d, x) && db.VersionColumn(d, x.Table) != "" {
			lacking = append(lacking, x)
		}
	}
	return lacking, nil
}

// offers says whether the database has what the index is about; releases differ.
func offers(d *db.DB, x schema.Index) bool {
	for _, c := range x.Columns {
		if !d.Offers(x.Table, c) {
			return false
		}
	}
	return d.Offers(x.Table, "")
}

// indexes are the names of our indexes that are valid, or those that are not: what is left of one that could not be
// finished.
func indexes(ctx context.Context, d *db.DB, valid bool) (map[string]bool, error) {
	rows, err := d.Pool().QueryContext(ctx, `SELECT c.relname FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_namespace n ON n.oid = c.relnamespace
		WHERE n.nspname = ANY (current_schemas(false)) AND c.relname LIKE 'imis\_%' AND i.indisvalid = $1`, valid)
	if err != nil {
		return nil, fmt.Errorf("read the indexes of %s: %w", d.Name(), err)
	}
	defer rows.Close()
	names := map[string]bool{}
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			return nil, err
		}
		names[name] = true
	}
	return names, rows.Err()
}

// Index creates indexes that are lacking, one after another, while others read and, but for some editions of SQL Server,
// write. One that was left half made is made anew. Those that were created before an error stay.
func Index(ctx context.Context, d *db.DB, lacking []schema.Index, report progress.Func) error {
	if len(lacking) == 0 {
		return nil
	}
	half := map[string]bool{}
	if d.Dialect() == db.Postgres {
		var err error
		if half, err = indexes(ctx, d, false); err != nil {
			return err
		}
	}
	for i, x := range lacking {
		report("Indexes", i, len(lacking))
		if half[x.Name] {
			if _, err := d.Pool().ExecContext(ctx, `DROP INDEX CONCURRENTLY IF EXISTS "`+x.Name+`"`); err != nil {
				return fmt.Errorf("drop the unfinished index %s in %s: %w", x.Name, d.Name(), err)
			}
		}
		if _, err := d.Pool().ExecContext(ctx, x.Create); err != nil {
			return fmt.Errorf("create the index %s in %s: %w", x.Name, d.Name(), err)
		}
	}
	report("Indexes", len(lacking), len(lacking))
	if d.Dialect() != db.Postgres {
		return nil
	}
	if _, err := d.Pool().ExecContext(ctx, `ANALYZE`); err != nil { // the planner knows nothing of them yet
		return fmt.Errorf("gather statistics in %s: %w", d.Name(), err)
	}
	return nil
}
