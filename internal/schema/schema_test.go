package schema_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/openimis/openimis-be-go/internal/schema"
)

func table(t *testing.T, name string) *schema.Table {
	t.Helper()
	found, ok := schema.Lookup(name)
	if !ok {
		t.Fatalf("no table %s", name)
	}
	return found
}

func column(t *testing.T, name, col string) *schema.Column {
	t.Helper()
	c, ok := table(t, name).Column(col)
	if !ok {
		t.Fatalf("no column %s.%s", name, col)
	}
	return c
}

func TestLookupIgnoresCase(t *testing.T) {
	if got := table(t, "TBLCLAIM").Name; got != "tblClaim" {
		t.Errorf("table is %s", got)
	}
	if got := column(t, "tblclaim", "claimid").Name; got != "ClaimID" {
		t.Errorf("column is %s", got)
	}
	if _, ok := schema.Lookup("tblNothing"); ok {
		t.Error("found a table that does not exist")
	}
}

func TestMarks(t *testing.T) {
	cases := []struct {
		table                                     string
		history                                   bool
		identity, legacy, from, to, auditor, uuid string
	}{
		{"tblClaim", true, "ClaimID", "LegacyID", "ValidityFrom", "ValidityTo", "AuditUserID", "ClaimUUID"},
		{"tblInsureePolicy", true, "InsureePolicyId", "LegacyId", "ValidityFrom", "ValidityTo", "AuditUserId", ""},
		{"tblUserRole", true, "UserRoleID", "LegacyID", "ValidityFrom", "ValidityTo", "AudituserID", ""},
		{"tblPhotos", false, "PhotoID", "", "ValidityFrom", "ValidityTo", "AuditUserID", "PhotoUUID"}, // LegacyID on PostgreSQL only
		{"tblGender", false, "", "", "", "", "", ""},
		{"core_User", false, "", "", "", "", "", ""},
		{"core_TechnicalUser", false, "", "", "validity_from", "validity_to", "", ""},
	}
	for _, c := range cases {
		got := table(t, c.table)
		if got.History != c.history || got.Identity != c.identity || got.LegacyIDColumn != c.legacy || got.ValidityFrom != c.from ||
			got.ValidityTo != c.to || got.AuditUser != c.auditor || got.UUIDColumn != c.uuid {
			t.Errorf("%s is marked %+v", c.table, got)
		}
	}
}

func TestTypesPerRelease(t *testing.T) {
	cases := []struct{ table, column, sqlite140, mssql130, mssql140, mssql174, postgres string }{
		{"tblClaim", "ClaimCode", "TEXT COLLATE IMIS_CI", "nvarchar(8)", "nvarchar(8)", "nvarchar(50)", "varchar(50)"},
		{"tblClaim", "ClaimUUID", "TEXT COLLATE NOCASE", "", "uniqueidentifier", "uniqueidentifier", "varchar(36)"},
		{"tblClaim", "DateFrom", "DATETIME", "smalldatetime", "smalldatetime", "smalldatetime", "date"},
		{"tblClaim", "Adjustment", "TEXT COLLATE IMIS_CI", "ntext", "ntext", "ntext", "text"},
		{"tblClaim", "JsonExt", "", "", "", "", "jsonb"},
		{"tblClaim", "RowID", "BLOB", "timestamp", "timestamp", "timestamp", "bytea"},
		{"tblPremium", "Amount", "DECIMAL(18,2)", "decimal(18,2)", "decimal(18,2)", "decimal(18,2)", "numeric(18,2)"},
		{"tblPremium", "isOffline", "BOOLEAN", "bit", "bit", "bit", "boolean"},
		{"tblPremium", "PayType", "TEXT COLLATE IMIS_CI", "char(1)", "char(1)", "char(1)", "varchar(1)"},
		{"tblProduct", "MemberCount", "INTEGER", "smallint", "smallint", "int", "smallint"},
		{"tblUsers", "password", "BLOB", "varbinary(256)", "varbinary(256)", "varbinary(256)", "bytea"},
		{"tblPremium", "ReportingCommisionID", "INTEGER", "", "int", "", ""},
		{"core_User", "id", "TEXT COLLATE NOCASE", "uniqueidentifier", "uniqueidentifier", "uniqueidentifier", "uuid"},
		{"core_Mutation_Log", "json_content", "TEXT COLLATE IMIS_CI", "nvarchar(max)", "nvarchar(max)", "nvarchar(max)", "text"},
		{"core_TechnicalUser", "username", "TEXT COLLATE IMIS_CI", "nvarchar(150)", "nvarchar(150)", "nvarchar(150)", "varchar(50)"},
	}
	for _, c := range cases {
		col := column(t, c.table, c.column)
		got := []string{col.TypeOn(schema.SQLite, schema.V140), col.TypeOn(schema.SQLServer, schema.V130),
			col.TypeOn(schema.SQLServer, schema.V140), col.TypeOn(schema.SQLServer, schema.V174), col.TypeOn(schema.Postgres, "")}
		want := []string{c.sqlite140, c.mssql130, c.mssql140, c.mssql174, c.postgres}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s.%s: %s", c.table, c.column, diff)
		}
	}
}

// The renamed columns are those of the package comment: PostgreSQL spells every other column alike.
func TestRenames(t *testing.T) {
	want := map[string]map[string]string{
		"tblClaimAdmin":      {"LegacyId": "LegacyID"},
		"tblFamilySMS":       {"FamilyID": "familyid", "ApprovalOfSMS": "approvalofsms", "LanguageOfSMS": "languageofsms", "ValidityFrom": "validityfrom", "ValidityTo": "validityto"},
		"tblInsureePolicy":   {"InsureePolicyId": "InsureePolicyID", "InsureeId": "InsureeID", "LegacyId": "LegacyID", "AuditUserId": "AuditUserID", "RowId": "RowID"},
		"tblLocations":       {"LegacyId": "LegacyID"},
		"tblOfficerVillages": {"LegacyId": "LegacyID", "AuditUserId": "AuditUserID"},
	}
	if diff := cmp.Diff(want, schema.Renames()); diff != "" {
		t.Error(diff)
	}
}

func TestTablesAreConsistent(t *testing.T) {
	position := map[string]int{}
	for i, tab := range schema.Tables() {
		position[tab.Name] = i
	}
	for _, tab := range schema.Tables() {
		for _, name := range slices.Concat(tab.PrimaryKey, slices.Concat(tab.Unique...)) {
			column(t, tab.Name, name)
		}
		for _, f := range tab.Foreign {
			column(t, tab.Name, f.Column)
			column(t, f.Table, f.RefColumn)
			if !f.Unchecked && f.Table != tab.Name && position[f.Table] >= position[tab.Name] {
				t.Errorf("%s is created before %s, to which its %s refers", tab.Name, f.Table, f.Column)
			}
		}
		for _, c := range tab.Columns {
			if c.Type == 0 || len(c.Versions) == 0 {
				t.Errorf("%s.%s has no type or no release", tab.Name, c.Name)
			}
		}
	}
	for _, pair := range [][2]string{{"tblLocations", "tblHF"}, {"tblPolicy", "tblPremium"}, {"tblClaim", "tblClaimItems"},
		{"core_User", "core_User_groups"}, {"core_Mutation_Log", "imis_mutation_queue"}} {
		if position[pair[0]] >= position[pair[1]] {
			t.Errorf("%s is created after %s", pair[0], pair[1])
		}
	}
	var own []string
	for _, tab := range schema.OwnTables() {
		own = append(own, tab.Name)
	}
	want := []string{"core_TechnicalUser", "core_User", "auth_group", "core_User_groups", "core_ModuleConfiguration", "core_Mutation_Log",
		"claim_ClaimMutation", "imis_mutation_queue", "imis_lease", "imis_ended_session", "imis_secret", "imis_audit", "imis_dead_mutation", "imis_instance", "imis_subscription",
		"imis_batch", "imis_batch_index", "imis_batch_rate", "imis_batch_claim", "imis_batch_line", "claim_ClaimAttachment"}
	if diff := cmp.Diff(want, own); diff != "" {
		t.Error(diff)
	}
}

func TestProbe(t *testing.T) {
	have := map[string]map[string]bool{
		"TBLCLAIM":   {"CLAIMID": true, "claimuuid": true, "ClaimCode": false, "Local": true},
		"tblinsuree": {"insureeid": true},
		"other":      {"x": true},
	}
	needs := []schema.Need{
		{Table: "tblClaim", Columns: []string{"ClaimID", "ClaimCode"}, Why: "claim cannot number claims"},
		{Table: "tblClaim", Columns: []string{"ClaimCode"}, Why: "api_fhir needs identifiers"},
		{Table: "tblClaim", Columns: []string{"ClaimCode"}, Why: "api_fhir needs identifiers"},
		{Table: "tblPolicy", Columns: []string{"PolicyID"}, Why: "policy"},
		{Table: "tblInsuree", Columns: []string{"Vulnerability"}, Optional: true, Why: "insuree shows no vulnerability"},
	}
	want := []string{
		"column tblClaim.ClaimCode is missing: claim cannot number claims; api_fhir needs identifiers",
		"table tblPolicy is missing: policy",
	}
	if diff := cmp.Diff(want, schema.Missing(have, needs)); diff != "" {
		t.Error(diff)
	}
	want = []string{"column tblInsuree.Vulnerability is missing: insuree shows no vulnerability"}
	if diff := cmp.Diff(want, schema.MissingOptional(have, needs)); diff != "" {
		t.Error(diff)
	}
	offer := schema.Offered(have)
	if got := offer.Version(); got != schema.V140 {
		t.Errorf("version %q", got)
	}
	if diff := cmp.Diff([]string{"tblClaim.local"}, offer.Unknown()); diff != "" {
		t.Error(diff)
	}
}

func TestVersionIsRecognised(t *testing.T) {
	for _, v := range schema.Versions {
		have := map[string]map[string]bool{}
		for _, tab := range schema.Tables() {
			have[tab.Name] = map[string]bool{}
			for _, c := range tab.Columns {
				have[tab.Name][c.Name] = c.In(v)
			}
		}
		if got := schema.Offered(have).Version(); got != v {
			t.Errorf("a %s database is taken for %q", v, got)
		}
	}
	if got := schema.Offered(nil).Version(); got != "" {
		t.Errorf("an empty database is taken for %q", got)
	}
}

// Every column, type and nullability is compared with the recorded facts, by a reading of its own.
func TestCatalogueEqualsTheFacts(t *testing.T) {
	shared := os.Getenv("IMIS_TEST_SHARED")
	if shared == "" {
		t.Skip("IMIS_TEST_SHARED names no folder with the facts")
	}
	reference := filepath.Join(shared, "reference")
	dir := filepath.Join(reference, "schema")
	type attributes struct {
		Type string
		Null bool
	}
	want := map[string]map[string]attributes{}
	var legacy struct {
		Tables []struct {
			Name    string
			Columns []struct {
				Name, Type string
				Nullable   bool
				In         []string `json:"in_versions"`
				Differs    map[string]struct {
					Type     *string
					Nullable *bool
				}
			}
		}
	}
	read(t, filepath.Join(dir, "tables.json"), &legacy)
	for _, tab := range legacy.Tables {
		for _, c := range tab.Columns {
			for _, v := range legacyVersions {
				if !slices.Contains(c.In, "v"+string(v)) {
					continue
				}
				a := attributes{c.Type, c.Nullable}
				if d, ok := c.Differs["v"+string(v)]; ok {
					if d.Type != nil {
						a.Type = *d.Type
					}
					if d.Nullable != nil {
						a.Null = *d.Nullable
					}
				}
				add(want, string(v)+" "+tab.Name, c.Name, a)
			}
		}
	}
	var pg struct {
		Tables []struct {
			Name    string `json:"table_name"`
			Columns []struct {
				Name, Type string
				Nullable   bool
			}
		}
	}
	read(t, filepath.Join(dir, "postgres-24.10.json"), &pg)
	for _, tab := range pg.Tables {
		if known, ok := schema.Lookup(tab.Name); !ok || known.Name != tab.Name {
			continue
		}
		for _, c := range tab.Columns {
			full := map[string]string{"character": "character(1)", "varchar()": "varchar"}[c.Type]
			if full == "" {
				full = c.Type
			}
			add(want, string(schema.PG2410)+" "+tab.Name, c.Name, attributes{full, c.Nullable})
		}
	}

	got := map[string]map[string]attributes{}
	for _, tab := range schema.Tables() {
		if strings.HasPrefix(tab.Name, "imis_") {
			continue
		}
		for _, c := range tab.Columns {
			for _, v := range schema.Versions {
				d := schema.SQLServer
				if v == schema.PG2410 {
					d = schema.Postgres
				} else if tab.Own {
					continue // no SQL Server facts of the Python tables
				}
				if spec, ok := c.At(v); ok {
					add(got, string(v)+" "+tab.Name, c.NameOn(d), attributes{c.TypeOn(d, v), spec.Nullable})
				}
			}
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func add[A any](m map[string]map[string]A, table, column string, a A) {
	if m[table] == nil {
		m[table] = map[string]A{}
	}
	m[table][column] = a
}

func read(t *testing.T, path string, into any) {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, into); err != nil {
		t.Fatal(err)
	}
}
