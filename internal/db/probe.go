package db

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	mssql "github.com/microsoft/go-mssqldb"

	"github.com/openimis/openimis-be-go/internal/schema"
)

// Column is what the database at hand says of a column.
type Column struct {
	Name             string // as it is spelled there
	Type             string // as the engine calls it, without the size
	Length           int    // of a text in characters; 0 is no limit
	Precision, Scale int    // of a decimal; 0 where the engine does not say
	table            string // as it is spelled
	readable         bool
}

// columnsOf lists the columns of everything that an unqualified name finds, per engine: table, column, type,
// length, precision, scale, whether the login may read it, and the schema's place in the path. These are
// catalogue queries of the engines themselves and the only SQL that is not portable. PostgreSQL's own
// catalogue, unlike its information schema, shows what the login may not read, too.
var columnsOf = map[Dialect]string{
	SQLite: `SELECT m.name, p.name, p.type, 0, 0, 0, 1, 1 FROM sqlite_master m, pragma_table_info(m.name) p WHERE m.type IN ('table', 'view')`,
	Postgres: `SELECT c.relname, a.attname, t.typname,
  CASE WHEN t.typname IN ('varchar', 'bpchar') AND a.atttypmod > 4 THEN a.atttypmod - 4 ELSE 0 END,
  CASE WHEN t.typname = 'numeric' AND a.atttypmod > 4 THEN ((a.atttypmod - 4) >> 16) & 65535 ELSE 0 END,
  CASE WHEN t.typname = 'numeric' AND a.atttypmod > 4 THEN (a.atttypmod - 4) & 2047 ELSE 0 END,
  CASE WHEN has_table_privilege(c.oid, 'SELECT') OR has_column_privilege(c.oid, a.attnum, 'SELECT') THEN 1 ELSE 0 END,
  array_position(current_schemas(false), n.nspname)
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_attribute a ON a.attrelid = c.oid JOIN pg_type t ON t.oid = a.atttypid
WHERE n.nspname = ANY (current_schemas(false)) AND c.relkind IN ('r', 'p', 'v', 'm', 'f') AND a.attnum > 0 AND NOT a.attisdropped
ORDER BY 8, 1`,
	SQLServer: `SELECT TABLE_NAME, COLUMN_NAME, DATA_TYPE, COALESCE(CHARACTER_MAXIMUM_LENGTH, 0), CAST(COALESCE(NUMERIC_PRECISION, 0) AS int), COALESCE(NUMERIC_SCALE, 0), 1,
  CASE WHEN TABLE_SCHEMA = SCHEMA_NAME() THEN 1 ELSE 2 END
FROM INFORMATION_SCHEMA.COLUMNS WHERE TABLE_SCHEMA = SCHEMA_NAME() OR TABLE_SCHEMA = 'dbo' ORDER BY 8, 1`,
}

// Probe reads which tables and columns the database has. Open does it; repeat it after creating tables.
func (d *DB) Probe(ctx context.Context) error {
	if d.dialect == SQLServer {
		var version string
		if err := d.writer.GetContext(ctx, &version, `SELECT CAST(@@VERSION AS nvarchar(300))`); err != nil {
			return err
		}
		d.babelfish = strings.Contains(version, "Babelfish")
		if err := d.loadTriggers(ctx); err != nil {
			return err
		}
		if err := d.probeJSON(ctx); err != nil {
			return err
		}
		if err := d.probeHorizon(ctx); err != nil {
			return err
		}
	}
	if d.dialect == Postgres {
		if err := d.probeFolding(ctx); err != nil {
			return err
		}
	}
	rows, err := d.writer.QueryContext(ctx, columnsOf[d.dialect])
	if err != nil {
		return err
	}
	defer rows.Close()
	found := map[string]map[string]Column{}
	place := map[string]int{} // the schema that a table is taken from
	denied, misspelt := map[string]bool{}, map[string]bool{}
	for rows.Next() {
		var c Column
		var at int
		if err := rows.Scan(&c.table, &c.Name, &c.Type, &c.Length, &c.Precision, &c.Scale, &c.readable, &at); err != nil {
			return err
		}
		table := strings.ToLower(c.table)
		if first, known := place[table]; known && first != at {
			continue // another schema's comes first
		}
		place[table] = at
		switch {
		case !c.readable:
			denied[c.table] = true
		case d.misspelt(c) != "":
			misspelt[d.misspelt(c)] = true
		default:
			if found[table] == nil {
				found[table] = map[string]Column{}
			}
			c.Length = max(c.Length, 0) // nvarchar(max) has -1
			if c.Length >= 1<<30-1 {    // and ntext this many
				c.Length = 0
			}
			found[table][strings.ToLower(c.Name)] = c
		}
	}
	if err := rows.Err(); err != nil {
		return err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.columns, d.denied, d.misspellings = found, slices.Sorted(maps.Keys(denied)), slices.Sorted(maps.Keys(misspelt))
	d.hexKeys = d.dialect == SQLServer && found["core_user"]["id"].Type == "char"
	return nil
}

// misspelt says which name of a column of openIMIS is spelled so that statements do not find it: PostgreSQL
// tells InsureeId from InsureeID. "" when nothing is wrong.
func (d *DB) misspelt(c Column) string {
	if d.dialect != Postgres {
		return ""
	}
	t, ok := schema.Lookup(c.table)
	if !ok {
		return ""
	}
	if t.Name != c.table {
		return fmt.Sprintf("table %s is spelled %s", t.Name, c.table)
	}
	if known, ok := t.Column(c.Name); ok && known.NameOn(schema.Postgres) != c.Name {
		return fmt.Sprintf("column %s.%s is spelled %s", t.Name, known.NameOn(schema.Postgres), c.Name)
	}
	return ""
}

// Denied lists the tables that are there but that the login may not read; Offers has them not. Only
// PostgreSQL shows them.
func (d *DB) Denied() []string {
	d.mu.RLock()
	defer d.mu.RUnlock()
	return d.denied
}

// Misspelt lists, a line each, what is there in a spelling that statements do not find; Offers has it not.
func (d *DB) Misspelt() []string {
	d.mu.RLock()
	defer d.mu.RUnlock()
	return d.misspellings
}

// probeJSON tries OPENJSON, by which lists of parameters travel. It is tried, because other engines that
// speak T-SQL have it at any compatibility level.
func (d *DB) probeJSON(ctx context.Context) error {
	d.noJSON = ""
	_, err := d.writer.ExecContext(ctx, `SELECT COUNT(*) FROM OPENJSON(N'[1]')`)
	var refused mssql.Error
	if !errors.As(err, &refused) {
		return err
	}
	level := 0
	if err := d.writer.GetContext(ctx, &level, `SELECT CAST(compatibility_level AS int) FROM sys.databases WHERE name = DB_NAME()`); err != nil {
		return err
	}
	d.noJSON = fmt.Sprintf("OPENJSON does not work (%s). It needs SQL Server 2016 and compatibility level 130 or more; the level is %d: ALTER DATABASE … SET COMPATIBILITY_LEVEL = 130.", refused.Message, level)
	return nil
}

// letters are folded alike by every collation that knows them; that of the locale C leaves those beyond
// ASCII as they are, that of Turkish makes another letter of I.
const letters, folded = "ÉЖΩI", "éжωi"

// collations are those that fold letters by the tables of Unicode, the fastest first: PostgreSQL 17's own,
// the C library's, ICU's.
var collations = []string{"pg_c_utf8", "C.utf8", "C.UTF-8", "und-x-icu", "en-x-icu", "en_US.utf8", "en_US"}

// probeFolding finds the collation by which texts are folded. A database whose own does not do has to have
// another, because names and codes would else be found in one spelling only, and be taken twice.
func (d *DB) probeFolding(ctx context.Context) error {
	var encoding, locale string
	var done bool
	err := d.writer.QueryRowxContext(ctx, `SELECT pg_encoding_to_char(encoding), datctype FROM pg_database WHERE datname = current_database()`).Scan(&encoding, &locale)
	if err != nil {
		return err
	}
	if encoding != "UTF8" {
		return fmt.Errorf("the encoding of the database is %s, and texts cannot be compared in it without regard to case; "+
			"copy it into a database made with CREATE DATABASE … ENCODING 'UTF8' TEMPLATE template0", encoding)
	}
	if err := d.writer.GetContext(ctx, &done, `SELECT LOWER(CAST($1 AS text)) = $2`, letters, folded); err != nil {
		return err
	}
	collation := ""
	if !done {
		var there []string
		err := d.writer.SelectContext(ctx, &there, `SELECT collname FROM pg_collation WHERE collnamespace = CAST('pg_catalog' AS regnamespace) AND collencoding IN (-1, pg_char_to_encoding('UTF8'))`)
		if err != nil {
			return err
		}
		for _, c := range collations {
			if done || !slices.Contains(there, c) {
				continue
			}
			if err := d.writer.GetContext(ctx, &done, `SELECT LOWER(CAST($1 AS text)`+schema.Collate(c)+`) = $2`, letters, folded); err != nil {
				return err
			}
			collation = c
		}
	}
	if !done {
		return fmt.Errorf("the locale of the database (LC_CTYPE %s) does not tell small letters beyond ASCII from capital ones, and the server has no collation that does; "+
			"use a PostgreSQL built with ICU, or copy the data into a database made with CREATE DATABASE … LC_CTYPE 'C.UTF-8' TEMPLATE template0", locale)
	}
	d.collation = collation
	return nil
}

// Collation is the collation by which PostgreSQL folds letters, for indexes; "" for that of the database, and
// on other engines.
func (d *DB) Collation() string { return d.collation }

// NoJSON says why the database cannot take lists of parameters; "" when it can.
func (d *DB) NoJSON() string { return d.noJSON }

// Offers implements Query.
func (d *DB) Offers(table, column string) bool {
	d.mu.RLock()
	defer d.mu.RUnlock()
	columns, ok := d.columns[strings.ToLower(table)]
	if !ok || column == "" {
		return ok
	}
	_, ok = columns[strings.ToLower(column)]
	return ok
}

// Columns is what Probe found: table → columns, all lower case.
func (d *DB) Columns() map[string]map[string]bool {
	d.mu.RLock()
	defer d.mu.RUnlock()
	all := make(map[string]map[string]bool, len(d.columns))
	for table, columns := range d.columns {
		all[table] = make(map[string]bool, len(columns))
		for c := range columns {
			all[table][c] = true
		}
	}
	return all
}
