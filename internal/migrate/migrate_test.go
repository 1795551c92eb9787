package migrate_test

import (
	"context"
	"database/sql"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/openimis/openimis-be-go/internal/db"
	"github.com/openimis/openimis-be-go/internal/migrate"
	"github.com/openimis/openimis-be-go/internal/progress"
	"github.com/openimis/openimis-be-go/internal/schema"
	"github.com/openimis/openimis-be-go/internal/testing/dbtest"
	"github.com/openimis/openimis-be-go/internal/testing/sqlcheck"
)

func TestMain(m *testing.M) { os.Exit(sqlcheck.Gate(m)) }

var serial atomic.Int64

// bare makes a database without a table and gives its URL.
func bare(t *testing.T, engine db.Dialect) string {
	t.Helper()
	server := map[db.Dialect]string{db.Postgres: os.Getenv("IMIS_TEST_POSTGRES"), db.SQLServer: os.Getenv("IMIS_TEST_MSSQL")}[engine]
	if engine == db.SQLite {
		return "sqlite:" + filepath.Join(t.TempDir(), "bare.db")
	}
	driver := map[db.Dialect]string{db.Postgres: "pgx", db.SQLServer: "sqlserver"}[engine]
	name := fmt.Sprintf("imis_test_bare_%d_%d", os.Getpid(), serial.Add(1))
	admin, err := sql.Open(driver, server)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { admin.Close() })
	if _, err := admin.Exec(`CREATE DATABASE ` + name); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _, _ = admin.Exec(`DROP DATABASE ` + name) })
	u, err := url.Parse(server)
	if err != nil {
		t.Fatal(err)
	}
	if engine == db.Postgres {
		u.Path = "/" + name
	} else {
		q := u.Query()
		q.Set("database", name)
		u.RawQuery = q.Encode()
	}
	return u.String()
}

func open(t *testing.T, dsn string) *db.DB {
	t.Helper()
	d, err := db.Open(t.Context(), dsn, db.Options{Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	return d
}

func eachBare(t *testing.T, fn func(t *testing.T, dsn string)) {
	for _, engine := range dbtest.Engines() {
		t.Run(string(engine), func(t *testing.T) { fn(t, bare(t, engine)) })
	}
}

func up(ctx context.Context, d *db.DB) error {
	return migrate.Up(ctx, d, migrate.DefaultVersion(d.Dialect()), progress.None)
}

func exec(t *testing.T, d *db.DB, statements ...string) {
	t.Helper()
	for _, s := range statements {
		if _, err := d.Pool().ExecContext(t.Context(), s); err != nil {
			t.Fatal(err)
		}
	}
}

func TestUpCreatesOwnTablesOnceWhoeverStarts(t *testing.T) {
	eachBare(t, func(t *testing.T, dsn string) {
		var instances []*db.DB
		for range 3 {
			instances = append(instances, open(t, dsn))
		}
		pending, err := migrate.Pending(t.Context(), instances[0])
		releases := len(pending) - len(schema.OwnTables()) // a line for each step, and one for each table
		if err != nil || releases < 4 || !strings.HasPrefix(pending[releases-1], fmt.Sprint(releases, ": ")) {
			t.Fatalf("pending in a bare database: %q, %v", pending, err)
		}
		errs := make([]error, len(instances))
		var wg sync.WaitGroup
		for i, d := range instances {
			wg.Go(func() { errs[i] = up(t.Context(), d) })
		}
		wg.Wait()
		for i, err := range errs {
			if err != nil {
				t.Fatalf("instance %d: %v", i, err)
			}
			if pending, err := migrate.Pending(t.Context(), instances[i]); err != nil || len(pending) > 0 {
				t.Fatalf("instance %d still has pending %q, %v", i, pending, err)
			}
		}
		var steps int
		if err := instances[0].Pool().QueryRowContext(t.Context(), `SELECT COUNT(*) FROM imis_migration WHERE version_id > 0`).Scan(&steps); err != nil || steps != releases {
			t.Fatalf("%d steps noted, %v", steps, err)
		}
		if instances[0].Offers("tblClaim", "") {
			t.Fatal("a legacy table was created")
		}
	})
}

func TestUpLeavesTablesOfThePythonBackendAlone(t *testing.T) {
	eachBare(t, func(t *testing.T, dsn string) {
		d := open(t, dsn)
		exec(t, d, `CREATE TABLE "core_User" ("id" char(32) NOT NULL PRIMARY KEY, "username" varchar(25), "is_mine" int)`,
			`INSERT INTO "core_User" ("id", "username", "is_mine") VALUES ('1', 'kept', 7)`)
		if err := up(t.Context(), d); err != nil {
			t.Fatal(err)
		}
		if !d.Offers("core_User", "is_mine") || d.Offers("core_User", "i_user_id") || !d.Offers("core_Mutation_Log", "id") {
			t.Fatal("core_User was changed, or another table is missing")
		}
	})
}

// A queue that an earlier release made gets the column of the contract, and its rows stay.
func TestUpAddsTheContractToTheQueue(t *testing.T) {
	eachBare(t, func(t *testing.T, dsn string) {
		d := open(t, dsn)
		if err := up(t.Context(), d); err != nil {
			t.Fatal(err)
		}
		exec(t, d, `ALTER TABLE "imis_mutation_queue" DROP COLUMN "contract"`, `DELETE FROM imis_migration WHERE version_id >= 5`)
		if err := up(t.Context(), d); err != nil {
			t.Fatal(err)
		}
		if !d.Offers("imis_mutation_queue", "contract") {
			t.Error("the column is missing")
		}
	})
}

func TestUpSaysWhenATableWasLost(t *testing.T) {
	d := open(t, bare(t, db.SQLite))
	if err := up(t.Context(), d); err != nil {
		t.Fatal(err)
	}
	exec(t, d, `DROP TABLE "imis_lease"`)
	if err := up(t.Context(), d); err == nil || !strings.Contains(err.Error(), "missing: imis_lease") {
		t.Fatalf("got %v", err)
	}
}

func TestUpRefusesAReleaseOfAnotherEngine(t *testing.T) {
	d := open(t, bare(t, db.SQLite))
	if err := migrate.Up(t.Context(), d, schema.PG2410, progress.None); err == nil || !strings.Contains(err.Error(), "not one of this engine") {
		t.Fatalf("got %v", err)
	}
}

func TestTablesAreMadeInAnEmptyDatabaseOnly(t *testing.T) {
	eachBare(t, func(t *testing.T, dsn string) {
		d := open(t, dsn)
		if err := migrate.CreateTables(t.Context(), d); err != nil {
			t.Fatal(err)
		}
		if err := migrate.CreateIndexes(t.Context(), d, progress.None); err != nil {
			t.Fatal(err)
		}
		for _, table := range schema.Tables() {
			if table.In(migrate.DefaultVersion(d.Dialect())) && !d.Offers(table.Name, "") {
				t.Errorf("%s was not created", table.Name)
			}
		}
		r, err := migrate.Check(t.Context(), d, nil)
		if err != nil || !r.OK() || r.Version != migrate.DefaultVersion(d.Dialect()) {
			t.Fatalf("check of the new database: %+v, %v", r, err)
		}
		if err := migrate.CreateIndexes(t.Context(), d, progress.None); err != nil {
			t.Fatalf("indexes again: %v", err)
		}
		if err := migrate.CreateTables(t.Context(), d); err == nil || !strings.Contains(err.Error(), "already") {
			t.Fatalf("tables again: %v", err)
		}
	})
}

func TestCheckListsWhatIsMissingAndUnknown(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		exec(t, d, `CREATE TABLE "tblZZ" ("a" int)`, `DROP TABLE "tblZZ"`)
		needs := []schema.Need{
			{Table: "tblClaim", Columns: []string{"ClaimID", "Nothing"}, Why: "module claim stores claims"},
			{Table: "tblNowhere", Optional: true, Why: "module x does without"},
		}
		r, err := migrate.Check(t.Context(), d, needs)
		if err != nil {
			t.Fatal(err)
		}
		if len(r.Missing) != 1 || !strings.Contains(r.Missing[0], "tblClaim.Nothing is missing: module claim stores claims") || r.OK() {
			t.Errorf("missing: %q", r.Missing)
		}
		if len(r.Optional) != 1 || !strings.Contains(r.Optional[0], "tblNowhere") {
			t.Errorf("optional: %q", r.Optional)
		}
		if len(r.Rows) == 0 || r.Rows[0] != (migrate.TableRows{Table: "tblLocations"}) {
			t.Errorf("rows: %v", r.Rows)
		}
		if (r.Compatibility > 0) != (d.Dialect() == db.SQLServer) {
			t.Errorf("compatibility level %d", r.Compatibility)
		}
		var out strings.Builder
		if err := r.Print(&out); err != nil || !strings.Contains(out.String(), "cannot start") {
			t.Errorf("printed %q, %v", out.String(), err)
		}
	})
}

func TestCheckOfALegacyDatabaseOfAnotherRelease(t *testing.T) {
	d := open(t, bare(t, db.SQLite))
	exec(t, d, schema.LegacyDDL(schema.SQLite, schema.V130)...)
	exec(t, d, `ALTER TABLE "tblClaim" ADD COLUMN "OurOwn" int`)
	if err := d.Probe(t.Context()); err != nil {
		t.Fatal(err)
	}
	r, err := migrate.Check(t.Context(), d, nil)
	if err != nil {
		t.Fatal(err)
	}
	if r.Version != schema.V130 || r.OK() || len(r.Pending) == 0 || len(r.Unknown) != 1 || !strings.EqualFold(r.Unknown[0], "tblClaim.OurOwn") {
		t.Fatalf("%+v", r)
	}
}

// What an installation has of its own on SQL Server and what goes wrong by it is told by name; its own tables do no harm.
func TestCheckNamesCollationsAndTriggers(t *testing.T) {
	dbtest.Need(t, db.SQLServer)
	d := open(t, bare(t, db.SQLServer))
	exec(t, d, `CREATE TABLE "tblGender" ("Code" char(1) NOT NULL, "Gender" nvarchar(50) COLLATE French_CI_AS NULL)`,
		`CREATE TABLE "OurOwn" ("Name" nvarchar(50) COLLATE French_CI_AS NULL)`,
		`CREATE TRIGGER "ours" ON "tblGender" INSTEAD OF INSERT AS BEGIN SELECT 1 END`)
	r, err := migrate.Check(t.Context(), d, nil)
	if err != nil {
		t.Fatal(err)
	}
	notes := strings.Join(r.Notes, "\n")
	for _, want := range []string{"(error 468): tblGender.Gender.", "INSTEAD OF a statement: ours."} {
		if !strings.Contains(notes, want) {
			t.Errorf("the notes lack %q:\n%s", want, notes)
		}
	}
}

func TestCheckRefusesADatabaseWithoutOpenJSON(t *testing.T) {
	if (migrate.Report{Version: schema.V140, NoJSON: true}).OK() || !(migrate.Report{Version: schema.V140}).OK() {
		t.Fatal("lists of parameters travel as JSON")
	}
}
