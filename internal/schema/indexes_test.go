package schema_test

import (
	"database/sql"
	"slices"
	"strings"
	"testing"

	"github.com/openimis/openimis-be-go/internal/schema"
)

func TestIndexNames(t *testing.T) {
	for _, d := range []schema.Dialect{schema.SQLite, schema.Postgres} {
		seen := map[string]bool{}
		for _, statement := range schema.Indexes(d, "") {
			name := strings.Split(statement, `"`)[1]
			if len(name) > 63 || seen[name] { // PostgreSQL cuts names there
				t.Errorf("index name %s is too long or used twice", name)
			}
			seen[name] = true
		}
	}
	if got := schema.Indexes(schema.SQLServer, ""); got != nil {
		t.Errorf("SQL Server gets %d indexes, want none: legacy databases are not altered", len(got))
	}
}

func TestVersionIndexes(t *testing.T) {
	for _, online := range []bool{false, true} {
		for _, x := range schema.VersionIndexes(online) {
			want := `CREATE INDEX [` + x.Name + `] ON [dbo].[` + x.Table + `] ([RowID]) INCLUDE ([ValidityTo])`
			if online {
				want += ` WITH (ONLINE = ON)`
			}
			if x.Create != want {
				t.Errorf("%s, want %s", x.Create, want)
			}
		}
	}
}

// searches are typical statements with the index that must answer them, also on empty tables. Braces hold a
// comparison of texts that ignores case, which internal/db writes as the engine needs it.
var searches = []struct{ sql, index string }{
	{`SELECT 1 FROM "tblInsuree" WHERE {"CHFID" = '070707070'}`, "imis_tblInsuree_CHFID"},
	{`SELECT 1 FROM "tblInsuree" WHERE {"LastName" = 'manal'} AND {"OtherNames" = 'x'} AND "ValidityTo" IS NULL`, "imis_tblInsuree_LastName_OtherNames_live"},
	{`SELECT 1 FROM "tblInsuree" WHERE "FamilyID" = 7`, "imis_tblInsuree_FamilyID"},
	{`SELECT 1 FROM "tblInsuree" WHERE "InsureeUUID" = 'x'`, "imis_tblInsuree_InsureeUUID"},
	{`SELECT 1 FROM "tblClaim" WHERE {"ClaimCode" = 'c1'} AND "ValidityTo" IS NULL`, "imis_tblClaim_ClaimCode_live"},
	{`SELECT 1 FROM "tblClaimItems" WHERE "ClaimID" IN (1, 2)`, "imis_tblClaimItems_ClaimID"},
	{`SELECT 1 FROM "tblClaimDedRem" WHERE "PolicyID" = 3 AND "InsureeID" = 4`, "imis_tblClaimDedRem_PolicyID_InsureeID"},
	{`SELECT 1 FROM "tblItems" WHERE "LegacyID" = 3`, "imis_tblItems_LegacyID"},
	{`SELECT 1 FROM "tblUsers" WHERE {"LoginName" = 'Admin'} AND "ValidityTo" IS NULL`, "imis_tblUsers_LoginName_live"},
	{`SELECT 1 FROM "core_Mutation_Log" WHERE {"client_mutation_id" = 'x'}`, "imis_core_Mutation_Log_client_mutation_id"},
}

// foldedText writes the comparisons in braces as the engine needs them.
func foldedText(d schema.Dialect, s string) string {
	for strings.Contains(s, "{") {
		before, rest, _ := strings.Cut(s, "{")
		inside, after, _ := strings.Cut(rest, "}")
		if left, right, _ := strings.Cut(inside, " = "); d == schema.Postgres {
			inside = schema.FoldedText(left, "") + " = " + schema.FoldedText(right, "")
		}
		s = before + inside + after
	}
	return s
}

func TestSQLiteUsesTheIndexes(t *testing.T) {
	db := openSQLite(t)
	execute(t, db, slices.Concat(schema.DDL(schema.SQLite, schema.V140), schema.Indexes(schema.SQLite, "")))
	usesIndexes(t, db, schema.SQLite, "EXPLAIN QUERY PLAN ", 4, 3)
}

// usesIndexes reads the plan from one of the columns that EXPLAIN answers.
func usesIndexes(t *testing.T, db *sql.DB, d schema.Dialect, explain string, columns, plan int) {
	t.Helper()
	for _, s := range searches {
		rows, err := db.Query(explain + foldedText(d, s.sql))
		if err != nil {
			t.Fatal(err)
		}
		var lines []string
		for rows.Next() {
			cells := make([]any, columns)
			for i := range cells {
				cells[i] = new(any)
			}
			var line string
			cells[plan] = &line
			if err := rows.Scan(cells...); err != nil {
				t.Fatal(err)
			}
			lines = append(lines, line)
		}
		rows.Close()
		if all := strings.Join(lines, "\n"); !slices.ContainsFunc(strings.FieldsFunc(all, func(r rune) bool { return r == ' ' || r == '"' || r == '\n' }),
			func(word string) bool { return word == s.index }) {
			t.Errorf("%s does not use %s:\n%s", s.sql, s.index, all)
		}
	}
}
