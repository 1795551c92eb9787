package schema_test

import (
	"context"
	"crypto/rand"
	"database/sql"
	"database/sql/driver"
	"os"
	"strings"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib"
	"github.com/sqlc-dev/teesql/ast"
	"github.com/sqlc-dev/teesql/parser"
	"modernc.org/sqlite"

	"github.com/openimis/openimis-be-go/internal/schema"
)

func init() {
	sqlite.MustRegisterCollationUtf8("IMIS_CI", func(a, b string) int {
		return strings.Compare(strings.ToLower(strings.TrimRight(a, " ")), strings.ToLower(strings.TrimRight(b, " ")))
	})
	sqlite.MustRegisterScalarFunction("imis_uuid", 0, func(*sqlite.FunctionContext, []driver.Value) (driver.Value, error) {
		return strings.ToLower(rand.Text()), nil
	})
}

// legacyVersions are the releases that a SQL Server or embedded database can have.
var legacyVersions = []schema.Version{schema.V130, schema.V140, schema.V174, schema.V174Upgraded}

func openSQLite(t *testing.T) *sql.DB {
	t.Helper()
	db, err := sql.Open("sqlite", "file::memory:?_dqs=0")
	if err != nil {
		t.Fatal(err)
	}
	db.SetMaxOpenConns(1)
	t.Cleanup(func() { db.Close() })
	return db
}

func execute(t *testing.T, db *sql.DB, statements []string) {
	t.Helper()
	for _, s := range statements {
		if _, err := db.Exec(s); err != nil {
			t.Fatalf("%v\n%s", err, s)
		}
	}
}

func TestSQLiteMakesEveryRelease(t *testing.T) {
	for _, v := range legacyVersions {
		t.Run(string(v), func(t *testing.T) {
			db := openSQLite(t)
			execute(t, db, schema.DDL(schema.SQLite, v))
			execute(t, db, schema.OwnDDL(schema.SQLite, v)) // a second time changes nothing
			have := columnsOf(t, db, `SELECT m.name, p.name FROM sqlite_master m, pragma_table_info(m.name) p WHERE m.type = 'table'`)
			sameColumns(t, have, schema.SQLite, v)
		})
	}
}

func TestSQLiteDefaultsAndTypes(t *testing.T) {
	db := openSQLite(t)
	execute(t, db, schema.DDL(schema.SQLite, schema.V140))
	execute(t, db, schema.Indexes(schema.SQLite, ""))
	_, err := db.Exec(`INSERT INTO "tblPremium" ("PolicyID", "Amount", "Receipt", "PayDate", "PayType", "AuditUserID")
		VALUES (7, 12.5, 'R-1', '2019-03-31', 'C', 1), (8, 1, 'r-2', '2019-04-01', 'C', 1)`)
	if err != nil {
		t.Fatal(err)
	}
	var id, uuid any
	var from, paid time.Time
	var offline bool
	err = db.QueryRow(`SELECT "PremiumId", "PremiumUUID", "ValidityFrom", "PayDate", "isOffline" FROM "tblPremium" WHERE "Receipt" = 'r-1 '`).
		Scan(&id, &uuid, &from, &paid, &offline)
	if err != nil {
		t.Fatal(err)
	}
	if id != int64(1) || uuid == nil || uuid == "" {
		t.Errorf("key %v and GUID %v are not numbered by the database", id, uuid)
	}
	if since := time.Since(from); since < -time.Minute || since > time.Minute {
		t.Errorf("ValidityFrom is %v, not now in UTC", from)
	}
	if want := time.Date(2019, 3, 31, 0, 0, 0, 0, time.UTC); !paid.Equal(want) {
		t.Errorf("PayDate is %v, want %v", paid, want)
	}
	if offline {
		t.Error("isOffline defaults to true")
	}
}

func TestSQLServerParses(t *testing.T) {
	for _, v := range legacyVersions {
		for _, statement := range schema.DDL(schema.SQLServer, v) {
			script, err := parser.Parse(context.Background(), strings.NewReader(statement))
			if err != nil {
				t.Fatalf("%s: %v\n%s", v, err, statement)
			}
			if n := statements(script); n != 1 {
				t.Errorf("%s: read as %d statements, want 1\n%s", v, n, statement)
			}
		}
	}
}

func statements(script *ast.Script) (n int) {
	for _, b := range script.Batches {
		n += len(b.Statements)
	}
	return n
}

func TestSQLServerText(t *testing.T) {
	all := strings.Join(schema.DDL(schema.SQLServer, schema.V140), ";\n")
	for _, want := range []string{
		"CREATE TABLE [dbo].[tblClaim] (\n  [ClaimID] int IDENTITY(1,1) NOT NULL,\n  [ClaimUUID] uniqueidentifier NOT NULL DEFAULT newid(),",
		"[ClaimCode] nvarchar(8) NOT NULL",
		"[Adjustment] ntext NULL",
		"[RowID] timestamp NULL",
		"[Amount] decimal(18,2) NOT NULL",
		"CONSTRAINT [PK_tblPremium] PRIMARY KEY ([PremiumId])",
		"IF OBJECT_ID(N'dbo.imis_lease', N'U') IS NULL\nCREATE TABLE [dbo].[imis_lease]",
	} {
		if !strings.Contains(all, want) {
			t.Errorf("missing: %s", want)
		}
	}
	if strings.Contains(all, "udf") {
		t.Error("a default calls a function that the DDL does not create")
	}
}

func TestPostgresMakesA2410Database(t *testing.T) {
	server := os.Getenv("IMIS_TEST_POSTGRES")
	if server == "" {
		if os.Getenv("CI") != "" {
			t.Fatal("CI is set, but IMIS_TEST_POSTGRES names no server")
		}
		t.Skip("IMIS_TEST_POSTGRES names no server")
	}
	db, err := sql.Open("pgx", server)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	db.SetMaxOpenConns(1) // the search path belongs to a connection
	scratch := "imis_schema_" + strings.ToLower(rand.Text())[:10]
	execute(t, db, []string{"CREATE SCHEMA " + scratch, "SET search_path TO " + scratch})
	t.Cleanup(func() { db.Exec("DROP SCHEMA " + scratch + " CASCADE") })

	execute(t, db, schema.DDL(schema.Postgres, schema.PG2410))
	execute(t, db, schema.OwnDDL(schema.Postgres, schema.PG2410))
	execute(t, db, schema.Indexes(schema.Postgres, ""))
	execute(t, db, schema.Indexes(schema.Postgres, ""))
	have := columnsOf(t, db, "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = '"+scratch+"'")
	sameColumns(t, have, schema.Postgres, schema.PG2410)
	execute(t, db, []string{"SET enable_seqscan = off"}) // the tables are empty
	usesIndexes(t, db, schema.Postgres, "EXPLAIN ", 1, 0)

	var id int
	err = db.QueryRow(`INSERT INTO "tblPremium" ("PremiumUUID", "PolicyID", "Amount", "Receipt", "PayDate", "PayType", "ValidityFrom", "AuditUserID")
				VALUES ('x', 7, 12.5, 'R-1', '2019-03-31', 'C', now(), 1) RETURNING "PremiumId"`).Scan(&id)
	if err != nil || id != 1 {
		t.Errorf("insert: id %d, %v", id, err)
	}
}

func columnsOf(t *testing.T, db *sql.DB, query string) map[string]map[string]bool {
	t.Helper()
	rows, err := db.Query(query)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	have := map[string]map[string]bool{}
	for rows.Next() {
		var table, column string
		if err := rows.Scan(&table, &column); err != nil {
			t.Fatal(err)
		}
		if have[table] == nil {
			have[table] = map[string]bool{}
		}
		have[table][column] = true
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return have
}

// sameColumns compares a database with the catalogue, spelling included.
func sameColumns(t *testing.T, have map[string]map[string]bool, d schema.Dialect, v schema.Version) {
	t.Helper()
	n := 0
	for _, table := range schema.Tables() {
		if !table.In(v) {
			continue
		}
		for _, c := range table.Columns {
			if !c.In(v) {
				continue
			}
			n++
			if !have[table.Name][c.NameOn(d)] {
				t.Errorf("%s.%s was not created", table.Name, c.NameOn(d))
			}
		}
	}
	created := 0
	for table, columns := range have {
		if strings.HasPrefix(table, "sqlite_") {
			continue
		}
		created += len(columns)
	}
	if created != n {
		t.Errorf("%d columns were created, the catalogue has %d", created, n)
	}
}
