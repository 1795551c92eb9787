package db

import (
	"context"
	"errors"
	"fmt"
	"strings"

	mssql "github.com/microsoft/go-mssqldb"
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
