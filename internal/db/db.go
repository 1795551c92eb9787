// Package db is the way to the database: three engines behind one portable SQL. Start with Open, then
// DB.Read and DB.Write; Render has the portable SQL; Tx has the helpers for writing (Insert, Update,
// BulkInsert, BulkUpdate, and Archive for history).
//
// SQL Server is production and its legacy tables are never altered; PostgreSQL is what newer
// installations use, with the same table names; SQLite is the embedded default.
package db

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/jmoiron/sqlx"
)

// Query runs statements that read. DB and Tx are Queries.
type Query interface {
	// Select fills a slice of structs (db tags) or of scalars.
	Select(ctx context.Context, dest any, src string, args ...any) error
	// Get fills one struct or scalar; sql.ErrNoRows when there is none.
	Get(ctx context.Context, dest any, src string, args ...any) error
	// Rows streams; the caller closes.
	Rows(ctx context.Context, src string, args ...any) (*sqlx.Rows, error)
	// Dialect is for internal/db's own helpers and for tests; stores have no use for it.
	Dialect() Dialect
	// Offers says whether the database at hand has the column (databases of 1.3, 1.4, 1.7 and the
	// PostgreSQL one differ). column "" asks for the table.
	Offers(table, column string) bool
}

// Options tune Open.
type Options struct {
	MaxConns int           // open connections at most; default 16 (SQLite: readers)
	ReadURL  string        // read-only replica for Query methods of DB; default the same database
	ReadLag  time.Duration // how far the replica may be behind and still be read from; default 30 s
	Log      *slog.Logger  // slow and retried statements; default slog.Default
	Fill     bool          // SQLite: a new database is to be filled, which nobody else has open (see fillPragmas)
}

// DB is an open database.
type DB struct {
	writer, reader *sqlx.DB
	planned        *sqlx.DB // the reader with sessions that keep plans (SamePlan); nil: the engine does, or nothing may be kept
	dialect        Dialect
	columns        map[string]map[string]Column // table → column, lower case; see probe
	denied         []string                     // see Denied
	misspellings   []string                     // see Misspelt
	triggers       map[string]bool              // tables with triggers, lower case; SQL Server only
	mu             sync.RWMutex                 // guards columns and triggers
	stmts          sync.Map                     // rendered text → *sqlx.Stmt of the reader, SQLite only
	stmtCount      int
	log            *slog.Logger
	name           string
	hexKeys        bool // keys of the Python backend's tables are char(32), see DjangoUUID
	babelfish      bool // speaks TDS but is PostgreSQL: Babelfish
	noJSON         string
	horizon        string // the expression of Horizon; "" where rows are not numbered
	pooler         pooler
	zone           *zone
	collation      string // by which PostgreSQL folds letters; "" the database's own
	writing        *writing
	changes        sync.Map // table → time.Time, see Changed
	url            string   // of Open
	options        Options
	reserved       []*DB     // closed with this one
	replica        *replica  // nil: there is none
	plain          sync.Once // see noteTLS
}

// Open connects to the database that url names and learns which tables and columns it has:
//
//	sqlite:PATH                                   a file; it is created
//	postgres://user:password@host:5432/name       PostgreSQL 13 or newer
//	sqlserver://user:password@host?database=name  SQL Server 2016 or newer
//
// The error says in one line what is wrong, without the password.
func Open(ctx context.Context, url string, o Options) (*DB, error) {
	if o.MaxConns <= 0 {
		o.MaxConns = 16
	}
	if o.Log == nil {
		o.Log = slog.Default()
	}
	scheme, _, ok := strings.Cut(url, ":")
	if !ok { // it may be a list of settings with a password in it
		return nil, fmt.Errorf("the database URL does not start with a scheme; allowed: sqlite:, postgres://, sqlserver://")
	}
	d := &DB{log: o.Log, columns: map[string]map[string]Column{}, writing: &writing{}, url: url, options: o}
	if err := d.connect(scheme); err != nil {
		return nil, err
	}
	err := d.reach(ctx)
	for d.dialect == Postgres && d.pooler.learns(err) {
		d.Close()
		if err := d.openPostgres(url, o); err != nil {
			return nil, err
		}
		err = d.reach(ctx)
	}
	if err != nil {
		d.Close()
		return nil, fmt.Errorf("open %s: %w", d.name, oneLine(err))
	}
	if d.pooler.between {
		d.log.Info("a connection pooler is between the program and the database: statements are not prepared, sessions not set up", "database", d.name)
	}
	if d.pooler.noOptions {
		d.log.Warn("the connection pooler does not pass the options of DB_OPTIONS on: tables are looked for in the search path of the login (ALTER ROLE … SET search_path)", "database", d.name)
	}
	if err := d.openZone(ctx); err != nil {
		d.Close()
		return nil, fmt.Errorf("ask %s for its time: %w", d.name, oneLine(err))
	}
	if err := d.Probe(ctx); err != nil {
		d.Close()
		return nil, fmt.Errorf("read the schema of %s: %w", d.name, oneLine(err))
	}
	if d.replica != nil {
		if err := d.watchReplica(); err != nil {
			d.Close()
			return nil, err
		}
	}
	return d, nil
}

// reach waits for the database. A replica that is not there need not be waited for; one behind a pooler is told
// from one that is not.
func (d *DB) reach(ctx context.Context) error {
	err := d.await(ctx)
	if err != nil || d.dialect != Postgres || d.replica == nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, lookTimeout)
	defer cancel()
	learnt := d.pooler
	if err := d.reader.PingContext(ctx); learnt.learns(err) {
		return err
	}
	return nil
}

// await waits a while for a database that is starting or failing over.
func (d *DB) await(ctx context.Context) error {
	for began := time.Now(); ; {
		err := d.ping(ctx)
		if err == nil || !starting(err) || time.Since(began) > patience {
			return err
		}
		d.log.WarnContext(ctx, "the database is not ready yet", "database", d.name, "error", err)
		select {
		case <-ctx.Done():
			return err
		case <-time.After(500 * time.Millisecond):
		}
	}
}

// connect makes the pools; nothing is sent yet.
func (d *DB) connect(scheme string) error {
	switch scheme {
	case "sqlite":
		return d.openSQLite(d.url, d.options)
	case "postgres", "postgresql":
		return d.openPostgres(d.url, d.options)
	case "sqlserver", "mssql":
		return d.openSQLServer(d.url, d.options)
	}
	return fmt.Errorf("database URL starts with %q; allowed: sqlite:, postgres://, sqlserver://", scheme)
}

// pools sets the pool limits.
func pools(pool *sql.DB, n int) *sql.DB {
	pool.SetMaxOpenConns(n)
	pool.SetMaxIdleConns(n)
	pool.SetConnMaxLifetime(30 * time.Minute)
	pool.SetConnMaxIdleTime(5 * time.Minute)
	return pool
}

// Close closes all connections.
func (d *DB) Close() error {
	d.endWatch()
	var errs []error
	for _, r := range d.reserved {
		if r.writer == d.writer {
			errs = append(errs, r.reader.Close())
		} else {
			errs = append(errs, r.Close())
		}
	}
	if d.reader != nil && d.reader != d.writer {
		errs = append(errs, d.reader.Close())
	}
	if d.planned != nil {
		errs = append(errs, d.planned.Close())
	}
	if d.writer != nil {
		errs = append(errs, d.writer.Close())
	}
	return errors.Join(errs...)
}

// Name describes the database for logs and messages, without credentials.
func (d *DB) Name() string { return d.name }

// Dialect names the engine.
func (d *DB) Dialect() Dialect { return d.dialect }

// Pooled says whether a connection pooler is between the program and PostgreSQL, which may give every
// transaction another session.
func (d *DB) Pooled() bool { return d.pooler.between }

// RowLocks says whether $skiplocked passes over rows that another transaction holds. SQLite has one
// writer at a time, and Babelfish takes lock hints without heeding them; there a writer waits.
func (d *DB) RowLocks() bool { return d.dialect != SQLite && !d.babelfish }

// Ping asks the database for a sign of life. Connections of the pool that have died do not count.
func (d *DB) Ping(ctx context.Context) error {
	return d.retry(ctx, "ping", 3, func() error { return d.ping(ctx) })
}

// ping asks the primary: without its replica a server goes on.
func (d *DB) ping(ctx context.Context) error {
	err := d.writer.PingContext(ctx)
	if err == nil && d.reader != d.writer && d.replica == nil {
		err = d.reader.PingContext(ctx)
	}
	return err
}

// prepare renders, converts and announces one statement.
func (d *DB) prepare(ctx context.Context, src string, args []any) (string, []any, error) {
	text, err := d.dialect.render(src, d.dialect != SQLServer && wide(src, args), d.collation)
	if err != nil {
		return "", nil, err
	}
	for i, a := range args {
		if key, ok := a.(DjangoUUID); ok {
			args = slices.Clone(args)
			args[i] = key.bind(d.hexKeys)
		}
	}
	if d.horizon != "" && d.horizon != serverHorizon {
		text = strings.ReplaceAll(text, serverHorizon, d.horizon)
	}
	conv, err := d.dialect.convertAll(args)
	if err != nil {
		return "", nil, fmt.Errorf("%w in %q", err, src)
	}
	if d.pooler.between { // nobody says then what type the column has, before PostgreSQL takes the number for that
		for i, a := range conv {
			if n, ok := a.(int64); ok && n != int64(int16(n)) {
				text = widened(text, i+1)
			}
		}
	}
	observe(ctx, src)
	return text, conv, nil
}

// wide says whether a $like or $starts of the statement may have a pattern beyond ASCII.
func wide(src string, args []any) bool {
	if !strings.Contains(src, "$like") && !strings.Contains(src, "$starts") {
		return false
	}
	for _, a := range args {
		if s, ok := a.(string); ok {
			for i := range len(s) {
				if s[i] >= utf8.RuneSelf {
					return true
				}
			}
		}
	}
	return false
}

// Read runs fn with a Query on the reading side and repeats it, up to three times, when the
// connection is lost. fn must have no effect outside.
func (d *DB) Read(ctx context.Context, fn func(q Query) error) error {
	return d.retry(ctx, "read", 3, func() error {
		before := d.toReplica(ctx)
		err := fn(d)
		if before && ofReplica(err) { // perhaps in the middle of rows: the next try is at the primary
			d.replica.lost()
		}
		return err
	})
}

// Select implements Query.
func (d *DB) Select(ctx context.Context, dest any, src string, args ...any) error {
	text, conv, err := d.prepare(ctx, src, args)
	if err != nil {
		return err
	}
	defer timed(ctx, src, time.Now())
	if st := d.statement(ctx, text); st != nil {
		return Describe(selectAll(ctx, stmtQueryer{st}, dest, text, conv), src)
	}
	return Describe(d.reading(ctx, dest, func(q queryer) error { return d.selectStraight(ctx, q, dest, text, conv) }), src)
}

// Get implements Query.
func (d *DB) Get(ctx context.Context, dest any, src string, args ...any) error {
	text, conv, err := d.prepare(ctx, src, args)
	if err != nil {
		return err
	}
	defer timed(ctx, src, time.Now())
	if st := d.statement(ctx, text); st != nil {
		return Describe(getOne(ctx, stmtQueryer{st}, dest, text, conv), src)
	}
	return Describe(d.reading(ctx, nil, func(q queryer) error { return getOne(ctx, q, dest, text, conv) }), src)
}

// Rows implements Query.
func (d *DB) Rows(ctx context.Context, src string, args ...any) (*sqlx.Rows, error) {
	text, conv, err := d.prepare(ctx, src, args)
	if err != nil {
		return nil, err
	}
	defer timed(ctx, src, time.Now())
	if st := d.statement(ctx, text); st != nil {
		rows, err := st.QueryxContext(ctx, conv...)
		return rows, Describe(err, src)
	}
	var rows *sqlx.Rows
	err = d.reading(ctx, nil, func(q queryer) (err error) {
		rows, err = ask(ctx, q, text, conv)
		return err
	})
	return rows, Describe(err, src)
}

// maxStatements bounds the prepared statements that SQLite keeps.
const maxStatements = 500

// statement gives the prepared form of text. Only SQLite gains: pgx caches by itself and
// go-mssqldb sends the text with every call.
func (d *DB) statement(ctx context.Context, text string) *sqlx.Stmt {
	if d.dialect != SQLite {
		return nil
	}
	if st, ok := d.stmts.Load(text); ok {
		return st.(*sqlx.Stmt)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.stmtCount >= maxStatements {
		return nil
	}
	st, err := d.reader.PreparexContext(ctx, text)
	if err != nil {
		return nil // the plain call gives the error
	}
	d.stmts.Store(text, st)
	d.stmtCount++
	return st
}
