package db

import (
	"context"
	"database/sql"
	"fmt"
	"net/url"
	"strings"

	"github.com/jmoiron/sqlx"
	mssql "github.com/microsoft/go-mssqldb"
)

// openSQLServer opens SQL Server. A replica gets ApplicationIntent=ReadOnly, so that an availability
// group routes it to a secondary.
func (d *DB) openSQLServer(dsn string, o Options) error {
	open := func(text string, readOnly bool) (*sql.DB, string, error) {
		u, err := url.Parse(strings.Replace(text, "mssql://", "sqlserver://", 1))
		if err != nil {
			return nil, "", fmt.Errorf("database URL for SQL Server is not valid; allowed: sqlserver://user:password@host:port?database=name")
		}
		q := u.Query()
		if !q.Has("app name") {
			q.Set("app name", "openimis")
		}
		if readOnly && !q.Has("ApplicationIntent") {
			q.Set("ApplicationIntent", "ReadOnly")
		}
		askForTLS(q, u.Hostname())
		u.RawQuery = q.Encode()
		connector, err := mssql.NewConnector(u.String())
		if err != nil {
			return nil, "", fmt.Errorf("database URL for SQL Server is not valid: %w", err)
		}
		return pools(sql.OpenDB(connector), o.MaxConns), fmt.Sprintf("SQL Server %s/%s", u.Host, q.Get("database")), nil
	}
	writer, name, err := open(dsn, false)
	if err != nil {
		return err
	}
	d.dialect, d.name = SQLServer, name
	d.writer = sqlx.NewDb(writer, "sqlserver")
	d.reader = d.writer
	if o.ReadURL != "" {
		reader, _, err := open(o.ReadURL, true)
		if err != nil {
			return err
		}
		d.reader = sqlx.NewDb(reader, "sqlserver")
		if d.replica == nil {
			d.replica = newReplica(o.ReadLag)
		}
	}
	return nil
}

// loadTriggers finds the tables that have triggers. The legacy schema has none; an installation may.
func (d *DB) loadTriggers(ctx context.Context) error {
	var tables []string
	if err := d.writer.SelectContext(ctx, &tables, `SELECT DISTINCT OBJECT_NAME(parent_id) FROM sys.triggers WHERE parent_class = 1 AND is_disabled = 0`); err != nil {
		return err
	}
	found := map[string]bool{}
	for _, t := range tables {
		found[strings.ToLower(t)] = true
	}
	d.mu.Lock()
	d.triggers = found
	d.mu.Unlock()
	return nil
}

func (d *DB) hasTriggers(table string) bool {
	d.mu.RLock()
	defer d.mu.RUnlock()
	return d.triggers[strings.ToLower(table)]
}

// throughTable makes an INSERT with OUTPUT give its keys by way of a table variable: SQL Server refuses OUTPUT
// to the client on a table with triggers (error 334). A failed INSERT does not end the batch, so what follows
// asks for @@ERROR; otherwise the empty answer would hide the error.
func throughTable(insert, key string) string {
	output := `OUTPUT INSERTED."` + key + `"`
	return "SET NOCOUNT ON; DECLARE @imis_keys TABLE ([imis_key] bigint); " +
		strings.Replace(insert, output, output+" INTO @imis_keys", 1) +
		"; IF @@ERROR = 0 SELECT [imis_key] FROM @imis_keys"
}
