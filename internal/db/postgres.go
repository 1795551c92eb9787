package db

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/jmoiron/sqlx"
)

// noJIT keeps the server from compiling a statement before it runs it. What this program asks takes
// milliseconds; the compiler, set going by a cost that the planner overrates, takes half a second.
func noJIT(ctx context.Context, c *pgx.Conn) error {
	_, err := c.Exec(ctx, "SET jit = off")
	return err
}

// openPostgres opens PostgreSQL with the session in UTC, because legacy times are naive.
func (d *DB) openPostgres(dsn string, o Options) error {
	open := func(url string) (*sql.DB, string, error) {
		c, err := pgx.ParseConfig(url)
		if err != nil {
			return nil, "", fmt.Errorf("database URL for PostgreSQL is not valid; allowed: postgres://user:password@host:port/name")
		}
		c.RuntimeParams["timezone"] = "UTC"
		c.RuntimeParams["application_name"] = "openimis"
		return pools(stdlib.OpenDB(*c, stdlib.OptionAfterConnect(noJIT)), o.MaxConns), fmt.Sprintf("PostgreSQL %s:%d/%s", c.Host, c.Port, c.Database), nil
	}
	writer, name, err := open(dsn)
	if err != nil {
		return err
	}
	d.dialect, d.name = Postgres, name
	d.writer = sqlx.NewDb(writer, "pgx")
	d.reader = d.writer
	if o.ReadURL != "" {
		reader, _, err := open(o.ReadURL)
		if err != nil {
			return err
		}
		d.reader = sqlx.NewDb(reader, "pgx")
	}
	return nil
}
