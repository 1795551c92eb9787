package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver that makes the databases

	"github.com/openimis/openimis-be-go/internal/auth"
	"github.com/openimis/openimis-be-go/internal/db"
	"github.com/openimis/openimis-be-go/internal/migrate"
	"github.com/openimis/openimis-be-go/internal/progress"
	"github.com/openimis/openimis-be-go/internal/relay"
	"github.com/openimis/openimis-be-go/internal/seed"
	"github.com/openimis/openimis-be-go/internal/testing/dbtest"
	"github.com/openimis/openimis-be-go/modules/insuree"
)

// site is a server over the database of a district.
type site struct {
	url     string
	db      *db.DB
	handler http.Handler
	b       *testing.B
}

// onDistrict runs fn on every engine. SQL Server is left out: its stand-in is not a measure of it.
func onDistrict(b *testing.B, fn func(b *testing.B, w *site)) {
	db.Observe(nil) // what requests ask is checked by the tests
	for _, engine := range dbtest.Engines() {
		if engine == db.SQLServer {
			continue
		}
		b.Run(string(engine), func(b *testing.B) {
			address := district(b, engine)
			d, err := db.Open(b.Context(), address, db.Options{Log: slog.New(slog.DiscardHandler)})
			if err != nil {
				b.Fatal(err)
			}
			defer d.Close()
			fn(b, &site{address, d, wholeServer(b, d).Handler(), b})
		})
	}
}

// texts are values of a column of insurees of the first district, spread evenly.
func (w *site) texts(column string) []string {
	var id int
	if err := w.db.Get(w.b.Context(), &id, `SELECT ud."LocationId" FROM "tblUsersDistricts" ud JOIN "tblUsers" u ON u."UserID" = ud."UserID" WHERE $eq(u."LoginName", ?) AND ud."ValidityTo" IS NULL AND u."ValidityTo" IS NULL`, local); err != nil {
		w.b.Fatal(err)
	}
	where, args := insuree.ScopeWhere(auth.Scope{Districts: []int{id}}, "t")
	return w.some(`SELECT `+column+` FROM "tblInsuree" AS t WHERE t."ValidityTo" IS NULL AND `+where+` ORDER BY t."InsureeID"`, args...)
}

// column are values of a register's column.
func (w *site) column(table, column string) []string {
	key := map[string]string{"tblLocations": "LocationId", "tblHF": "HfID", "tblICDCodes": "ICDID", "tblItems": "ItemID", "tblServices": "ServiceID", "tblProduct": "ProdID"}[table]
	return w.some(fmt.Sprintf(`SELECT "%s" FROM "%s" WHERE "ValidityTo" IS NULL ORDER BY "%s"`, column, table, key))
}

// some takes at most 500 values from the whole of a result.
func (w *site) some(src string, args ...any) []string {
	var all []string
	if err := w.db.Select(w.b.Context(), &all, src, args...); err != nil || len(all) == 0 {
		w.b.Fatal(len(all), err)
	}
	step := max(1, len(all)/500)
	var list []string
	for i := 0; i < len(all); i += step {
		list = append(list, all[i])
	}
	return list
}

// parts cuts three letters out of each text, as somebody who remembers part of a name enters them.
func parts(texts []string) []string {
	ascii := func(r rune) bool { return r >= 'A' && r <= 'Z' || r >= 'a' && r <= 'z' }
	var list []string
	for i, s := range texts {
		for _, word := range strings.FieldsFunc(s, func(r rune) bool { return r < 128 && !ascii(r) }) {
			if len(word) >= 4 && strings.IndexFunc(word, func(r rune) bool { return !ascii(r) }) < 0 {
				from := i % (len(word) - 2)
				list = append(list, word[from:from+3])
				break
			}
		}
	}
	return list
}

// starts takes the first six digits of numbers.
func starts(numbers []string) []string {
	var list []string
	for _, s := range numbers {
		list = append(list, s[:min(len(s), 6)])
	}
	return list
}

func cursor(offset int) string { return string(relay.AppendCursor(nil, offset)) }

// made are the addresses of the districts that this process has made, removals what undoes it.
var (
	made     = map[db.Dialect]string{}
	removals []func() error
)

// removeDistricts is for TestMain: the databases serve all benchmarks of the process.
func removeDistricts() error {
	var errs []error
	for _, remove := range removals {
		errs = append(errs, remove())
	}
	return errors.Join(errs...)
}

// district gives the address of a database of a district. Each process makes its own and removes it,
// unless IMIS_BENCH_CACHE names a folder: then SQLite's stays there, and PostgreSQL's as the database
// imis_bench_district, for the next run.
func district(b *testing.B, engine db.Dialect) string {
	b.Helper()
	if address := made[engine]; address != "" {
		return address
	}
	cache := os.Getenv("IMIS_BENCH_CACHE")
	address, err := emptySQLite(cache)
	if engine == db.Postgres {
		address, err = emptyPostgres(b.Context(), os.Getenv("IMIS_TEST_POSTGRES"), cache != "")
	}
	if err == nil {
		err = fillDistrict(b.Context(), address)
	}
	if err != nil {
		b.Fatalf("make the %s database of a district: %v", engine, err)
	}
	made[engine] = address
	return address
}

func emptySQLite(folder string) (address string, err error) {
	if folder == "" {
		if folder, err = os.MkdirTemp("", "imis_bench"); err != nil {
			return "", err
		}
		removals = append(removals, func() error { return os.RemoveAll(folder) })
	}
	return "sqlite:" + filepath.Join(folder, "district.db"), nil
}

func emptyPostgres(ctx context.Context, address string, keep bool) (string, error) {
	u, err := url.Parse(address)
	if err != nil {
		return "", err
	}
	admin, err := sql.Open("pgx", address)
	if err != nil {
		return "", err
	}
	name := "imis_bench_district"
	if !keep {
		name = fmt.Sprintf("imis_bench_%d", os.Getpid())
		removals = append(removals, func() error {
			_, err := admin.Exec(`DROP DATABASE IF EXISTS ` + name + ` WITH (FORCE)`)
			return err
		})
	}
	u.Path = "/" + name
	var there bool
	if err := admin.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM pg_database WHERE datname = $1)`, name).Scan(&there); err != nil || there {
		return u.String(), err
	}
	_, err = admin.ExecContext(ctx, `CREATE DATABASE `+name)
	return u.String(), err
}

// fillDistrict does what `server seed --size district` does, where it is not done yet.
func fillDistrict(ctx context.Context, address string) error {
	d, err := db.Open(ctx, address, db.Options{Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		return err
	}
	defer d.Close()
	if err := tables(ctx, d); err != nil {
		return err
	}
	var users int
	if err := d.Get(ctx, &users, `SELECT COUNT(*) FROM "tblUsers"`); err != nil || users > 0 {
		return errors.Join(err, migrate.CreateIndexes(ctx, d, progress.None))
	}
	today, err := time.Parse(time.RFC3339, recordedNow)
	if err != nil {
		return err
	}
	if err := seed.Seed(ctx, d, seed.District, today, progress.None); err != nil {
		return err
	}
	return migrate.CreateIndexes(ctx, d, progress.None)
}
