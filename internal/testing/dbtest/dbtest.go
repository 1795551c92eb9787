// Package dbtest gives tests an empty database on every engine: SQLite always, PostgreSQL and SQL
// Server when IMIS_TEST_POSTGRES and IMIS_TEST_MSSQL name a server. The databases
// are made from the catalogue and go away with the test.
package dbtest

import (
	"context"
	"database/sql"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver that makes the databases
	_ "github.com/microsoft/go-mssqldb"

	"github.com/openimis/openimis-be-go/internal/db"
	"github.com/openimis/openimis-be-go/internal/schema"
)

// Each runs fn as a subtest per engine, on an empty database with all tables.
func Each(t *testing.T, fn func(t *testing.T, d *db.DB)) {
	t.Helper()
	complete(t)
	for _, engine := range Engines() {
		t.Run(string(engine), func(t *testing.T) { fn(t, Open(t, engine)) })
	}
}

// EachFresh is Each for tests that know the ids of the rows that they make: they start at 1 on SQL Server too.
func EachFresh(t *testing.T, fn func(t *testing.T, d *db.DB)) {
	t.Helper()
	forget() // SQL Server's database is used again, and goes on counting
	Each(t, fn)
}

// Engines lists what this run can use, for tests and benchmarks that fill a database themselves.
func Engines() []db.Dialect {
	list := []db.Dialect{db.SQLite}
	if os.Getenv("IMIS_TEST_POSTGRES") != "" {
		list = append(list, db.Postgres)
	}
	if os.Getenv("IMIS_TEST_MSSQL") != "" {
		list = append(list, db.SQLServer)
	}
	return list
}

// Need skips a test whose subject is one engine, where this run cannot use it.
func Need(t testing.TB, engine db.Dialect) {
	t.Helper()
	complete(t)
	if !slices.Contains(Engines(), engine) {
		t.Skipf("no server for %s is named", engine)
	}
}

// complete makes sure that a run under CI has the server that every machine can have.
func complete(t testing.TB) {
	t.Helper()
	if os.Getenv("CI") != "" && os.Getenv("IMIS_TEST_POSTGRES") == "" {
		t.Fatal("CI is set, but IMIS_TEST_POSTGRES names no server")
	}
}

// Open gives an empty database with all tables.
func Open(t testing.TB, engine db.Dialect) *db.DB {
	t.Helper()
	d, err := db.Open(t.Context(), URL(t, engine), db.Options{Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	return d
}

// SQLite is Open for the embedded engine, for tests whose subject is not the database.
func SQLite(t testing.TB) *db.DB { t.Helper(); return Open(t, db.SQLite) }

// URL makes an empty database with all tables and gives its DATABASE_URL.
func URL(t testing.TB, engine db.Dialect) string {
	t.Helper()
	var dsn string
	var err error
	switch engine {
	case db.Postgres:
		dsn, err = postgres(t, os.Getenv("IMIS_TEST_POSTGRES"))
	case db.SQLServer:
		dsn, err = sqlServer(t, os.Getenv("IMIS_TEST_MSSQL"))
	default:
		dsn, err = sqliteFile(t)
	}
	if err != nil {
		t.Fatalf("make a %s database: %v", engine, err)
	}
	return dsn
}

// template is the bytes of an empty SQLite database, made once per process.
var template = sync.OnceValues(func() ([]byte, error) {
	dir, err := os.MkdirTemp("", "imis")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	file := filepath.Join(dir, "template.db")
	d, err := db.Open(context.Background(), "sqlite:"+file+"?_pragma=journal_mode(DELETE)&_pragma=synchronous(OFF)", db.Options{})
	if err != nil {
		return nil, err
	}
	if err := create(d, schema.SQLite, schema.V140); err != nil {
		return nil, err
	}
	if err := d.Close(); err != nil {
		return nil, err
	}
	return os.ReadFile(file)
})

func sqliteFile(t testing.TB) (string, error) {
	empty, err := template()
	if err != nil {
		return "", err
	}
	file := filepath.Join(t.TempDir(), "openimis.db")
	return "sqlite:" + file + "?_pragma=synchronous(OFF)", os.WriteFile(file, empty, 0o600)
}

// PythonKeys gives an empty database on SQL Server in which the tables of the Python backend are those
// that it made there itself in 2019: keys as char(32) and timestamps as datetime2.
func PythonKeys(t testing.TB) *db.DB {
	t.Helper()
	d := Open(t, db.SQLServer)
	t.Cleanup(forget) // no other test gets this database
	python := strings.NewReplacer("uniqueidentifier", "char(32)", "datetime", "datetime2", "DEFAULT (NEWID())", "")
	err := d.Write(t.Context(), "create tables", func(tx *db.Tx) error {
		for _, tab := range schema.OwnTables() {
			if strings.HasPrefix(tab.Name, "imis_") {
				continue
			}
			if err := tx.DDL(t.Context(), `DROP TABLE "`+tab.Name+`"`); err != nil {
				return err
			}
		}
		for _, s := range schema.OwnDDL(schema.SQLServer, schema.V140) {
			if strings.Contains(s, "imis_") {
				continue
			}
			if err := tx.DDL(t.Context(), python.Replace(s)); err != nil {
				return err
			}
		}
		return nil
	})
	if err == nil {
		err = d.Probe(t.Context())
	}
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// create runs the catalogue's DDL.
func create(d *db.DB, dialect schema.Dialect, version schema.Version) error {
	return d.Write(context.Background(), "create tables", func(tx *db.Tx) error {
		for _, s := range append(schema.DDL(dialect, version), schema.Indexes(dialect, d.Collation())...) {
			if err := tx.DDL(context.Background(), s); err != nil {
				return err
			}
		}
		return nil
	})
}

var serial atomic.Int64

func name(kind string) string {
	return fmt.Sprintf("imis_test_%s_%d_%d", kind, os.Getpid(), serial.Add(1))
}

// pgTemplate is one database per process that all others are copied from.
var pgTemplate struct {
	sync.Mutex
	name string
}

func postgres(t testing.TB, server string) (string, error) {
	admin, err := sql.Open("pgx", server)
	if err != nil {
		return "", err
	}
	defer admin.Close()
	u, err := url.Parse(server)
	if err != nil {
		return "", err
	}
	at := func(database string) string {
		c := *u
		c.Path = "/" + database
		return c.String()
	}
	pgTemplate.Lock()
	defer pgTemplate.Unlock()
	if pgTemplate.name == "" {
		base := name("template")
		if _, err := admin.Exec(`CREATE DATABASE ` + base); err != nil {
			return "", err
		}
		d, err := db.Open(context.Background(), at(base), db.Options{})
		if err != nil {
			return "", err
		}
		if err := create(d, schema.Postgres, schema.PG2410); err != nil {
			return "", err
		}
		d.Close()
		pgTemplate.name = base
		go dropLeftovers(server, "pgx", `SELECT datname FROM pg_database WHERE datname LIKE 'imis_test_%'`, " WITH (FORCE)")
	}
	fresh := name("db")
	if _, err := admin.Exec(`CREATE DATABASE ` + fresh + ` TEMPLATE ` + pgTemplate.name); err != nil {
		return "", err
	}
	t.Cleanup(func() {
		if admin, err := sql.Open("pgx", server); err == nil {
			_, _ = admin.Exec(`DROP DATABASE IF EXISTS ` + fresh + ` WITH (FORCE)`)
			admin.Close()
		}
	})
	return at(fresh), nil
}

// PostgresURL makes a database without tables on IMIS_TEST_POSTGRES, with further words of CREATE DATABASE,
// and gives its URL.
func PostgresURL(t testing.TB, options string) string {
	t.Helper()
	Need(t, db.Postgres)
	u, err := url.Parse(os.Getenv("IMIS_TEST_POSTGRES"))
	if err != nil {
		t.Fatal(err)
	}
	admin, err := sql.Open("pgx", u.String())
	if err != nil {
		t.Fatal(err)
	}
	defer admin.Close()
	fresh := name("db")
	server := u.String()
	if _, err := admin.Exec(`CREATE DATABASE ` + fresh + ` ` + options); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if admin, err := sql.Open("pgx", server); err == nil {
			_, _ = admin.Exec(`DROP DATABASE IF EXISTS ` + fresh + ` WITH (FORCE)`)
			admin.Close()
		}
	})
	u.Path = "/" + fresh
	return u.String()
}

// Create makes all tables and indexes in an empty database.
func Create(t testing.TB, d *db.DB) {
	t.Helper()
	version := schema.V140
	if d.Dialect() == db.Postgres {
		version = schema.PG2410
	}
	if err := create(d, schema.Dialect(d.Dialect()), version); err != nil {
		t.Fatal(err)
	}
	if err := d.Probe(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// DropUUIDs makes an embedded database one of release 1.3, which has no UUID columns.
func DropUUIDs(t testing.TB, d *db.DB) {
	t.Helper()
	err := d.Write(t.Context(), "drop UUIDs", func(tx *db.Tx) error {
		for _, table := range schema.Tables() {
			if table.UUIDColumn == "" {
				continue
			}
			for _, s := range []string{`DROP INDEX IF EXISTS "imis_` + table.Name + `_` + table.UUIDColumn + `"`,
				`ALTER TABLE "` + table.Name + `" DROP COLUMN "` + table.UUIDColumn + `"`} {
				if err := tx.DDL(t.Context(), s); err != nil {
					return err
				}
			}
		}
		return nil
	})
	if err == nil {
		err = d.Probe(t.Context())
	}
	if err != nil {
		t.Fatal(err)
	}
}

// dropLeftovers removes the databases of test processes that are gone, whose names tell their id.
func dropLeftovers(server, driver, names, how string) {
	admin, err := sql.Open(driver, server)
	if err != nil {
		return
	}
	defer admin.Close()
	rows, err := admin.Query(names)
	if err != nil {
		return
	}
	var gone []string
	for rows.Next() {
		var n string
		if rows.Scan(&n) != nil {
			break
		}
		if parts := strings.Split(n, "_"); len(parts) == 5 {
			if _, err := os.Stat("/proc/" + parts[3]); os.IsNotExist(err) {
				gone = append(gone, n)
			}
		}
	}
	rows.Close()
	for _, n := range gone {
		_, _ = admin.Exec(`DROP DATABASE IF EXISTS ` + n + how)
	}
}

// msTemplate is one database per process, emptied for each test: making a database takes seconds there.
var msTemplate struct {
	sync.Mutex
	dsn string
}

// forget makes the next test get a database of its own on SQL Server.
func forget() {
	msTemplate.Lock()
	defer msTemplate.Unlock()
	msTemplate.dsn = ""
}

func sqlServer(t testing.TB, server string) (string, error) {
	msTemplate.Lock()
	defer msTemplate.Unlock()
	u, err := url.Parse(server)
	if err != nil {
		return "", err
	}
	if msTemplate.dsn == "" {
		dropLeftovers(server, "sqlserver", `SELECT name FROM sys.databases WHERE name LIKE 'imis_test_%'`, "")
		base := name("db")
		admin, err := sql.Open("sqlserver", server)
		if err != nil {
			return "", err
		}
		defer admin.Close()
		for try := 0; ; try++ { // Babelfish cannot make two databases at the same moment
			if _, err = admin.Exec(`CREATE DATABASE ` + base); err == nil {
				break
			}
			if try == 20 {
				return "", err
			}
			time.Sleep(250 * time.Millisecond)
		}
		q := u.Query()
		q.Set("database", base)
		u.RawQuery = q.Encode()
		d, err := db.Open(context.Background(), u.String(), db.Options{})
		if err != nil {
			return "", err
		}
		defer d.Close()
		if err := create(d, schema.SQLServer, schema.V140); err != nil {
			return "", err
		}
		msTemplate.dsn = u.String()
		return msTemplate.dsn, nil
	}
	d, err := db.Open(context.Background(), msTemplate.dsn, db.Options{})
	if err != nil {
		return "", err
	}
	defer d.Close()
	return msTemplate.dsn, d.Write(context.Background(), "empty tables", func(tx *db.Tx) error {
		for _, tab := range schema.Tables() {
			if d.Offers(tab.Name, "") {
				if err := tx.DDL(context.Background(), `DELETE FROM "`+tab.Name+`"`); err != nil {
					return err
				}
			}
		}
		return nil
	})
}
