package db

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	mssql "github.com/microsoft/go-mssqldb"

	"github.com/openimis/openimis-be-go/internal/schema"
)

// columnsOf lists table and column of everything in the default schema, per engine. These are
// catalogue queries of the engines themselves and the only SQL that is not portable.
var columnsOf = map[Dialect]string{
	SQLite:    `SELECT m.name, p.name FROM sqlite_master m, pragma_table_info(m.name) p WHERE m.type IN ('table', 'view')`,
	Postgres:  `SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = current_schema()`,
	SQLServer: `SELECT TABLE_NAME, COLUMN_NAME FROM INFORMATION_SCHEMA.COLUMNS WHERE TABLE_SCHEMA = SCHEMA_NAME()`,
}

// Probe reads which tables and columns the database has. Open does it; repeat it after creating tables.
func (d *DB) Probe(ctx context.Context) error {
	if d.dialect == SQLServer {
		var version string
		if err := d.writer.GetContext(ctx, &version, `SELECT CAST(@@VERSION AS nvarchar(300))`); err != nil {
			return err
		}
		d.babelfish = strings.Contains(version, "Babelfish")
		var kinds []string
		if err := d.writer.SelectContext(ctx, &kinds, `SELECT DATA_TYPE FROM INFORMATION_SCHEMA.COLUMNS WHERE TABLE_SCHEMA = SCHEMA_NAME() AND TABLE_NAME = 'core_User' AND COLUMN_NAME = 'id'`); err != nil {
			return err
		}
		d.hexKeys = len(kinds) == 1 && kinds[0] == "char"
		if err := d.loadTriggers(ctx); err != nil {
			return err
		}
		if err := d.probeJSON(ctx); err != nil {
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
	found := map[string]map[string]bool{}
	for rows.Next() {
		var table, column string
		if err := rows.Scan(&table, &column); err != nil {
			return err
		}
		table = strings.ToLower(table)
		if found[table] == nil {
			found[table] = map[string]bool{}
		}
		found[table][strings.ToLower(column)] = true
	}
	if err := rows.Err(); err != nil {
		return err
	}
	d.mu.Lock()
	d.columns = found
	d.mu.Unlock()
	return nil
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
	return ok && (column == "" || columns[strings.ToLower(column)])
}

// Columns is what Probe found: table → columns, all lower case.
func (d *DB) Columns() map[string]map[string]bool {
	d.mu.RLock()
	defer d.mu.RUnlock()
	return d.columns
}
