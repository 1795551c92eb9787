package db

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/jmoiron/sqlx"
)

// plainly sets a session up for many small statements. JIT compiles a statement before it runs, set going
// by a cost that the planner overrates; that takes half a second, the statement milliseconds. The cost of
// a random page is, unless somebody has set it, that of a turning disk: PostgreSQL would rather read a
// table than the index that has all it needs. And the plan is made for the arguments at hand: that for
// any arguments, which it would go over to, takes twenty times as long where one of many filters is narrow.
//
// It fails with errPooler where the process that answers is not the one that the session was given: a pooler
// stands between, and sessions are not ours to set up.
//
// plans is "force_custom_plan" for that, and "force_generic_plan" for the sessions of [SamePlan].
func plainly(ctx context.Context, c *pgx.Conn, plans string) error {
	answers, err := c.PgConn().Exec(ctx, "SELECT pg_backend_pid()").ReadAll()
	if err != nil {
		return err
	}
	if pid := string(answers[0].Rows[0][0]); pid != strconv.FormatUint(uint64(c.PgConn().PID()), 10) {
		return errPooler
	}
	_, err = c.Exec(ctx, "SELECT set_config('jit', 'off', false), set_config('plan_cache_mode', $1, false), CASE current_setting('random_page_cost') WHEN '4' THEN set_config('random_page_cost', '1.1', false) END", plans)
	return err
}

// errPooler says that a pooler (PgBouncer) is between the program and the server. It may give every
// transaction another session, so that nothing may be kept in one: no prepared statement, no setting.
var errPooler = errors.New("a connection pooler answers in the place of the database server; start the program again")

// pooler is what has to be done for a pooler.
type pooler struct {
	between   bool // it is there: statements are sent whole, with their parameters, and sessions left as they are
	noOptions bool // and it takes no "options" at the start of a session
}

// learns takes from an error of the first connection what has to be done for a pooler, and says whether that
// is something new.
func (p *pooler) learns(err error) bool {
	var pg *pgconn.PgError
	switch {
	case errors.Is(err, errPooler) && !p.between:
		p.between = true
		return true
	case errors.As(err, &pg) && pg.Code == "08P01" && strings.HasSuffix(pg.Message, "startup parameter: options") && !p.noOptions:
		p.noOptions = true
		return true
	}
	return false
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
	open := func(dsn, plans string, conns int) (*sql.DB, string, error) {
		c, err := pgx.ParseConfig(dsn)
		if err != nil {
			return nil, "", fmt.Errorf("the database URL for PostgreSQL is not valid%s; allowed: postgres://user:password@host:port/name", reason(dsn, err))
		}
		if d.pooler.noOptions {
			delete(c.RuntimeParams, "options")
		}
		setUp := func(ctx context.Context, conn *pgx.Conn) error {
			d.noteTLS(ctx, dsn, conn)
			if d.pooler.between {
				return nil
			}
			return plainly(ctx, conn, plans)
		}
		if d.pooler.between {
			c.DefaultQueryExecMode = pgx.QueryExecModeSimpleProtocol
		}
		c.RuntimeParams["timezone"] = "UTC"
		c.RuntimeParams["application_name"] = "openimis"
		return pools(stdlib.OpenDB(*c, stdlib.OptionAfterConnect(setUp)), conns), fmt.Sprintf("PostgreSQL %s:%d/%s", c.Host, c.Port, c.Database), nil
	}
	const custom, generic = "force_custom_plan", "force_generic_plan"
	writer, name, err := open(dsn, custom, o.MaxConns)
	if err != nil {
		return err
	}
	d.dialect, d.name = Postgres, name
	d.writer = sqlx.NewDb(writer, "pgx")
	d.reader = d.writer
	if o.ReadURL != "" {
		reader, _, err := open(o.ReadURL, custom, o.MaxConns)
		if err != nil {
			return err
		}
		d.reader = sqlx.NewDb(reader, "pgx")
		if d.replica == nil {
			d.replica = newReplica(o.ReadLag)
		}
		dsn = o.ReadURL
	}
	if d.planned = nil; !d.pooler.between {
		planned, _, err := open(dsn, generic, max(1, o.MaxConns/2))
		if err != nil {
			return err
		}
		d.planned = sqlx.NewDb(planned, "pgx")
	}
	return nil
}
