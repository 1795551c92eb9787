package db

import (
	"context"
	"database/sql"
	"fmt"
	"net/url"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/jmoiron/sqlx"
)

// plainly sets a session up for many small statements. JIT compiles a statement before it runs, set going
// by a cost that the planner overrates; that takes half a second, the statement milliseconds. The cost of
// a random page is, unless somebody has set it, that of a turning disk: PostgreSQL would rather read a
// table than the index that has all it needs. And the plan is made for the arguments at hand: that for
// any arguments, which it would go over to, takes twenty times as long where one of many filters is narrow.
func plainly(ctx context.Context, c *pgx.Conn) error {
	_, err := c.Exec(ctx, "SELECT set_config('jit', 'off', false), set_config('plan_cache_mode', 'force_custom_plan', false), CASE current_setting('random_page_cost') WHEN '4' THEN set_config('random_page_cost', '1.1', false) END")
	return err
}

// reason is why pgx does not take a URL, without the URL, which its text quotes; "" when it might show the
// password.
func reason(dsn string, err error) string {
	text := err.Error()
	if i := strings.LastIndexByte(text, '`'); i >= 0 {
		text = text[i+1:]
	}
	if u, err := url.Parse(dsn); err != nil || text == "" {
		return ""
	} else if password, ok := u.User.Password(); ok && password != "" && strings.Contains(text, password) {
		return ""
	}
	return ": " + strings.TrimLeft(text, ": ")
}

// openPostgres opens PostgreSQL with the session in UTC, because legacy times are naive.
func (d *DB) openPostgres(dsn string, o Options) error {
	open := func(dsn string) (*sql.DB, string, error) {
		c, err := pgx.ParseConfig(dsn)
		if err != nil {
			return nil, "", fmt.Errorf("the database URL for PostgreSQL is not valid%s; allowed: postgres://user:password@host:port/name", reason(dsn, err))
		}
		c.RuntimeParams["timezone"] = "UTC"
		c.RuntimeParams["application_name"] = "openimis"
		return pools(stdlib.OpenDB(*c, stdlib.OptionAfterConnect(plainly)), o.MaxConns), fmt.Sprintf("PostgreSQL %s:%d/%s", c.Host, c.Port, c.Database), nil
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
