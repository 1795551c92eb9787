package db

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
)

// Rights is what a login may do with a table.
type Rights struct {
	Select, Insert, Update, Delete bool
	Lock                           bool // lock rows; PostgreSQL wants the right to update a column of theirs
	Number                         bool // use the sequence that numbers the rows; PostgreSQL's serial columns need it
}

// Lacking names the rights that are missing, as GRANT has them.
func (r Rights) Lacking() (list []string) {
	for _, x := range []struct {
		has  bool
		name string
	}{{r.Select, "SELECT"}, {r.Insert, "INSERT"}, {r.Update, "UPDATE"}, {r.Delete, "DELETE"}, {r.Lock, "UPDATE of its key"}, {r.Number, "USAGE of its sequence"}} {
		if !x.has {
			list = append(list, x.name)
		}
	}
	return list
}

// Login is the name by which the database knows the program; "" on SQLite.
func (d *DB) Login(ctx context.Context) (name string, err error) {
	switch d.dialect {
	case Postgres:
		err = d.writer.GetContext(ctx, &name, `SELECT current_user`)
	case SQLServer:
		err = d.writer.GetContext(ctx, &name, `SELECT COALESCE(SUSER_SNAME(), USER_NAME())`)
	}
	return name, err
}

const (
	postgresRights = `SELECT has_table_privilege(c.oid, 'SELECT'), has_table_privilege(c.oid, 'INSERT'), has_table_privilege(c.oid, 'UPDATE'), has_table_privilege(c.oid, 'DELETE'),
  has_any_column_privilege(c.oid, 'UPDATE'),
  COALESCE((SELECT bool_and(has_sequence_privilege(d.objid, 'USAGE')) FROM pg_depend d JOIN pg_class s ON s.oid = d.objid AND s.relkind = 'S'
    WHERE d.classid = CAST('pg_class' AS regclass) AND d.refobjid = c.oid AND d.deptype = 'a'), TRUE)
FROM pg_class c WHERE c.oid = to_regclass($1)`

	sqlServerRights = `SELECT COALESCE(HAS_PERMS_BY_NAME(n.name, 'OBJECT', 'SELECT'), 0), COALESCE(HAS_PERMS_BY_NAME(n.name, 'OBJECT', 'INSERT'), 0),
  COALESCE(HAS_PERMS_BY_NAME(n.name, 'OBJECT', 'UPDATE'), 0), COALESCE(HAS_PERMS_BY_NAME(n.name, 'OBJECT', 'DELETE'), 0)
FROM (SELECT QUOTENAME(OBJECT_SCHEMA_NAME(OBJECT_ID(@p1))) + N'.' + QUOTENAME(@p1) AS name) AS n`
)

// RightsTo says what the login may do with a table that the database offers.
func (d *DB) RightsTo(ctx context.Context, table string) (r Rights, err error) {
	switch d.dialect {
	case Postgres:
		err = d.writer.QueryRowxContext(ctx, postgresRights, `"`+table+`"`).Scan(&r.Select, &r.Insert, &r.Update, &r.Delete, &r.Lock, &r.Number)
	case SQLServer:
		r.Lock, r.Number = true, true
		err = d.writer.QueryRowxContext(ctx, sqlServerRights, table).Scan(&r.Select, &r.Insert, &r.Update, &r.Delete)
	default:
		writes := d.writable()
		r = Rights{true, writes, writes, writes, writes, true}
	}
	if err != nil {
		return r, fmt.Errorf("rights to %s: %w", table, err)
	}
	return r, nil
}

// writable says whether the file of an embedded database can be written.
func (d *DB) writable() bool {
	f, err := os.OpenFile(strings.TrimPrefix(d.name, "SQLite "), os.O_WRONLY, 0)
	if err == nil {
		f.Close()
	}
	return !errors.Is(err, fs.ErrPermission)
}

// MayCreate says whether the login may make tables.
func (d *DB) MayCreate(ctx context.Context) (may bool, err error) {
	switch d.dialect {
	case Postgres:
		err = d.writer.GetContext(ctx, &may, `SELECT COALESCE(has_schema_privilege(current_schema(), 'CREATE'), FALSE)`)
	case SQLServer:
		err = d.writer.GetContext(ctx, &may, `SELECT COALESCE(HAS_PERMS_BY_NAME(DB_NAME(), 'DATABASE', 'CREATE TABLE'), 0)`)
	default:
		return d.writable(), nil
	}
	return may, err
}

// Unseen says why a table may be there although Offers has it not: the login may not read it, it is in another
// schema, or it is spelled otherwise. "" when nothing tells that it is there.
func (d *DB) Unseen(ctx context.Context, table string) (string, error) {
	if d.Offers(table, "") || d.dialect == SQLite {
		return "", nil
	}
	login, err := d.Login(ctx)
	if err != nil {
		return "", err
	}
	for _, t := range d.Denied() {
		if t == table {
			return fmt.Sprintf(`the login %s may not read its tables: GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA … TO "%s"`, login, login), nil
		}
	}
	for _, line := range d.Misspelt() {
		if strings.HasPrefix(line, "table "+table+" ") {
			return "the " + line + ", which is another name to it", nil
		}
	}
	var schemas []string
	if d.dialect == Postgres {
		var path string
		if err := d.writer.GetContext(ctx, &path, `SELECT current_setting('search_path')`); err != nil {
			return "", err
		}
		err := d.writer.SelectContext(ctx, &schemas, `SELECT n.nspname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.relname = $1 AND c.relkind IN ('r', 'p', 'v', 'm', 'f')`, table)
		if err != nil || len(schemas) == 0 {
			return "", err
		}
		return fmt.Sprintf(`its tables are in the schema %[1]s, which the login %[2]s may not use or its search path (%[3]s) leaves out: GRANT USAGE ON SCHEMA "%[1]s" TO "%[2]s", or DB_OPTIONS={"options":"-c search_path=%[1]s"}`,
			schemas[0], login, path), nil
	}
	var at string
	if err := d.writer.GetContext(ctx, &at, `SELECT SCHEMA_NAME()`); err != nil {
		return "", err
	}
	if err := d.writer.SelectContext(ctx, &schemas, `SELECT TABLE_SCHEMA FROM INFORMATION_SCHEMA.TABLES WHERE TABLE_NAME = @p1`, table); err != nil {
		return "", err
	}
	if len(schemas) > 0 {
		return fmt.Sprintf("its tables are in the schema %s, and the default schema of the login %s is %s: ALTER USER … WITH DEFAULT_SCHEMA = %s", schemas[0], login, at, schemas[0]), nil
	}
	var may bool
	if err := d.writer.GetContext(ctx, &may, `SELECT COALESCE(HAS_PERMS_BY_NAME(DB_NAME(), 'DATABASE', 'SELECT'), 0)`); err != nil || may {
		return "", err
	}
	return fmt.Sprintf("the login %s has no right to any of its tables, so that they cannot be seen: ALTER ROLE db_datareader ADD MEMBER …; ALTER ROLE db_datawriter ADD MEMBER …; or it is not the database of openIMIS", login), nil
}
