package db

import (
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
	}
	return nil
}
