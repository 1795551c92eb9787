package importer_test

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/openimis/openimis-be-go/internal/db"
	"github.com/openimis/openimis-be-go/internal/importer"
	"github.com/openimis/openimis-be-go/internal/load"
	"github.com/openimis/openimis-be-go/internal/progress"
	"github.com/openimis/openimis-be-go/internal/schema"
	"github.com/openimis/openimis-be-go/internal/testing/dbtest"
	"github.com/openimis/openimis-be-go/internal/testing/loadtest"
)

func TestMain(m *testing.M) { os.Exit(loadtest.Gate(m)) }

// dump makes a folder of files: name → lines.
func dump(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		data := []byte(text)
		if strings.HasSuffix(name, ".gz") {
			var b bytes.Buffer
			z := gzip.NewWriter(&b)
			_, _ = z.Write(data) // into memory
			if err := z.Close(); err != nil {
				t.Fatal(err)
			}
			data = b.Bytes()
		}
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func day(y int, m time.Month, d int) time.Time { return time.Date(y, m, d, 0, 0, 0, 0, time.UTC) }

const gender = `{"Code":"F","Gender":"Female","SortOrder":2}`

// small is a dump with every kind of column.
var small = map[string]string{
	"tblGender.jsonl": "\xef\xbb\xbf" + gender + "\n\n" + `{"Code":"M","Gender":"Male","AltLanguage":null,"SortOrder":1}`,
	"tblItems.jsonl": `{"ItemID":7,"itemcode":"A7","ItemName":"Äther \"x\"","ItemType":"D","ItemPrice":12345678901234.56,"ItemCareType":"O","ItemPatCat":15,"AuditUserID":-1,"ValidityFrom":"2018-03-21T04:20:33.533+02:00","RowID":null}
{"ItemID":4000,"ItemCode":"A8","ItemName":"B","ItemType":"D","ItemPrice":0.1,"ItemCareType":"O","ItemPatCat":15,"AuditUserID":-1,"ItemUUID":"{5C2C2A6E-9D0A-4A2C-9D58-0F2A7C1B6A11}","ValidityTo":"2019-01-02 03:04:05.5"}`,
	"tblInsuree.jsonl.gz":            `{"InsureeID":3,"CHFID":"1","LastName":"A","OtherNames":"B","DOB":"1950-07-12T00:00:00","IsHead":1,"AuditUserID":1,"Vulnerability":null,"FamilyID":1,"Source":"web"}`,
	"tblUsers.jsonl":                 `{"UserID":1,"LanguageID":"en","LastName":"A","OtherNames":"B","LoginName":"x","RoleID":1,"AuditUserID":0,"password":"\\x0aff"}`,
	"core_ModuleConfiguration.jsonl": `{"id":"22222222222242228222222222222222","module":"m","version":"1","config":{"a":[1.10,"<"]},"is_exposed":true,"layer":"fe"}`,
	"tblEmailSettings.jsonl":         `{"EmailId":"a","EmailPassword":"b","SMTPHost":"h","Port":25,"EnableSSL":true}`,
	"README.md":                      "not a dump",
}

func TestImportKeepsIdentitiesValuesAndDefaults(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		ctx := t.Context()
		var last string
		r, err := importer.Import(ctx, d, dump(t, small), func(table string, done, of int) { last = table })
		if err != nil {
			t.Fatal(err)
		}
		if last == "" {
			t.Error("no progress was reported")
		}
		// Babelfish, which stands in for SQL Server, leaves quotation marks escaped in what OPENJSON gives.
		unquote := func(s string) string { return strings.ReplaceAll(s, `\"`, `"`) }
		get := func(dest any, src string, args ...any) {
			t.Helper()
			if err := d.Get(ctx, dest, src, args...); err != nil {
				t.Fatal(err)
			}
		}
		var item struct {
			Name  string `db:"ItemName"`
			UUID  string `db:"UUID"`
			Price string `db:"Price"`
		}
		get(&item, `SELECT "ItemName", $uuid("ItemUUID") AS "UUID", CAST("ItemPrice" AS varchar(30)) AS "Price" FROM "tblItems" WHERE "ItemID" = ?`, 7)
		if unquote(item.Name) != `Äther "x"` || len(item.UUID) != 36 || !strings.HasPrefix(item.Price, "12345678901234.5") {
			t.Errorf("item: %+v", item)
		}
		get(&item.UUID, `SELECT $uuid("ItemUUID") FROM "tblItems" WHERE "ItemID" = ?`, 4000)
		if item.UUID != "5c2c2a6e-9d0a-4a2c-9d58-0f2a7c1b6a11" {
			t.Errorf("GUID: %q", item.UUID)
		}
		var n int
		get(&n, `SELECT COUNT(*) FROM "tblInsuree" WHERE "InsureeID" = ? AND "IsHead" = $true AND "CardIssued" = $false AND "DOB" = ?`, 3, db.Date(day(1950, 7, 12)))
		if n != 1 {
			t.Errorf("insuree with the default of CardIssued: %d rows", n)
		}
		var config string
		get(&config, `SELECT "config" FROM "core_ModuleConfiguration"`)
		if unquote(config) != `{"a":[1.10,"<"]}` {
			t.Errorf("configuration %s", config)
		}
		get(&n, `SELECT COUNT(*) FROM "tblUsers" WHERE "UserID" = 1 AND "password" IS NOT NULL`)
		if n != 1 {
			t.Error("the bytes of tblUsers.password are not there")
		}
		err = d.Write(ctx, "number on", func(tx *db.Tx) error {
			id, err := tx.Insert(ctx, "tblItems", db.Values{"ItemCode": "A9", "ItemName": "C", "ItemType": "D", "ItemPrice": 1, "ItemCareType": "O", "ItemPatCat": 15, "AuditUserID": 1})
			if err == nil && id != 4001 {
				t.Errorf("the next row got %d", id)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		var out strings.Builder
		if err := r.Print(&out); err != nil {
			t.Fatal(err)
		}
		reported := strings.Contains(out.String(), "Source (1 values): this database does not have the column")
		if reported == d.Offers("tblInsuree", "Source") {
			t.Errorf("what was left out: %s", out.String())
		}
		if len(r.Tables) != 6 {
			t.Errorf("%d tables reported: %+v", len(r.Tables), r)
		}
	})
}

// TestImportKeepsForeignKeys enforces keys as a legacy database does: rows refer to later ones, a claim
// to its feedback and the feedback to its claim.
func TestImportKeepsForeignKeys(t *testing.T) {
	keys := [][3]string{{"tblOfficer", "OfficerIDSubst", "tblOfficer"}, {"tblClaim", "FeedbackID", "tblFeedback"}, {"tblFeedback", "ClaimID", "tblClaim"}}
	officer := `{"OfficerID":%d,"Code":"A%[1]d","LastName":"L","OtherNames":"O","AuditUserID":1,"PhoneCommunication":false,"OfficerIDSubst":%s}` + "\n"
	claim := `{"ClaimID":5,"ClaimCode":"C","InsureeID":1,"DateFrom":"2019-01-01","DateClaimed":"2019-01-02","ICDID":1,"HFID":1,"AuditUserID":1,"ClaimStatus":4,"ValidityFrom":"2019-01-02T00:00:00","FeedbackID":%d}`
	files := map[string]string{
		"tblOfficer.jsonl":  fmt.Sprintf(officer, 1, "2") + fmt.Sprintf(officer, 2, "null"),
		"tblClaim.jsonl":    fmt.Sprintf(claim, 9),
		"tblFeedback.jsonl": `{"FeedbackID":9,"ClaimID":5,"AuditUserID":1}`,
	}
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		ddl := func(text string) error {
			return d.Write(context.Background(), "alter", func(tx *db.Tx) error { return tx.DDL(context.Background(), text) })
		}
		for i, k := range keys {
			if d.Dialect() == db.SQLite {
				break
			}
			name := fmt.Sprintf(`"FK_import_%d"`, i)
			ref, _ := schema.Lookup(k[2])
			if err := ddl(`ALTER TABLE "` + k[0] + `" ADD CONSTRAINT ` + name + ` FOREIGN KEY ("` + k[1] + `") REFERENCES "` + k[2] + `" ("` + ref.PrimaryKey[0] + `")`); err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() {
				if err := ddl(`ALTER TABLE "` + k[0] + `" DROP CONSTRAINT ` + name); err != nil {
					t.Error(err)
				}
			})
		}
		if d.Dialect() != db.SQLite {
			wrong := maps.Clone(files)
			wrong["tblClaim.jsonl"] = fmt.Sprintf(claim, 8)
			_, err := importer.Import(t.Context(), d, dump(t, wrong), progress.None)
			if db.Kind(err) != db.ErrForeign || !strings.Contains(err.Error(), "tblClaim.jsonl:1: column FeedbackID") {
				t.Errorf("a feedback that does not exist: %v", err)
			}
		}
		if _, err := importer.Import(t.Context(), d, dump(t, files), progress.None); err != nil {
			t.Fatal(err)
		}
		for src, want := range map[string]int{
			`SELECT "OfficerIDSubst" FROM "tblOfficer" WHERE "OfficerID" = 1`: 2,
			`SELECT "FeedbackID" FROM "tblClaim" WHERE "ClaimID" = 5`:         9,
		} {
			var got int
			if err := d.Get(t.Context(), &got, src); err != nil || got != want {
				t.Errorf("%s: want %d, got %d, %v", src, want, got, err)
			}
		}
	})
}

func TestImportRefusesAndLeavesTheDatabaseEmpty(t *testing.T) {
	item := `{"ItemID":7,"ItemCode":"A7","ItemName":"N","ItemType":"D","ItemPrice":1,"ItemCareType":"O","ItemPatCat":15,"AuditUserID":1}`
	with := func(old, new string) string { return strings.Replace(item, old, new, 1) }
	cases := []struct {
		name, file, text, want string
	}{
		{"unknown table", "tblNothing.jsonl", gender, `tblNothing.jsonl: there is no table "tblNothing"`},
		{"unknown column", "tblItems.jsonl", item + "\n" + `{"ItemID":8,"Colour":"red"}`, `tblItems.jsonl:2: column Colour: table tblItems has no such column`},
		{"column twice", "tblItems.jsonl", `{"ItemID":8,"itemid":8}`, `tblItems.jsonl:1: column itemid: the column is there twice`},
		{"bad line", "tblItems.jsonl", item + "\n\n{\"ItemID\":8,", `tblItems.jsonl:3: the JSON object is not complete`},
		{"no object", "tblItems.jsonl", `[1]`, `tblItems.jsonl:1: the line is not a JSON object`},
		{"more on the line", "tblItems.jsonl", item + item, `tblItems.jsonl:1: there is something after the JSON object`},
		{"duplicate key", "tblItems.jsonl", item + "\n" + with(":7", ":9") + "\n" + item, `tblItems.jsonl:3: a row with this ItemID is there already`},
		{"text for a number", "tblItems.jsonl", with(":7", `:"7"`), `tblItems.jsonl:1: column ItemID: "7" is not allowed; allowed: a whole number from -2147483648 to 2147483647`},
		{"number out of range", "tblItems.jsonl", with(":15", ":256"), `column ItemPatCat: 256 is not allowed; allowed: a whole number from`},
		{"decimals cut", "tblItems.jsonl", with(`Price":1`, `Price":1.005`), `column ItemPrice: 1.005 is not allowed; allowed: a number of 18 digits, 2 of them decimals`},
		{"text too long", "tblItems.jsonl", with("A7", "A7654321"), `column ItemCode: "A7654321" is not allowed; allowed: a text of 6 characters at most`},
		{"no timestamp", "tblItems.jsonl", with(`"AuditUserID":1`, `"AuditUserID":1,"ValidityTo":"soon"`), `column ValidityTo: "soon" is not allowed; allowed: a timestamp such as`},
		{"required", "tblItems.jsonl", with(`"ItemName":"N",`, ""), `tblItems.jsonl:1: column ItemName: the column is required and has no default`},
		{"required, NULL", "tblItems.jsonl", with(`"N"`, "null"), `column ItemName: the column is required`},
		{"no GUID", "tblItems.jsonl", with(`"AuditUserID":1`, `"AuditUserID":1,"ItemUUID":"x"`), `allowed: a GUID`},
		{"not UTF-8", "tblItems.jsonl", item + "\n" + strings.Replace(with(":7", ":8"), "\"N\"", "\"Aspirin\xe9\"", 1), `tblItems.jsonl:2: the text is not UTF-8 (0xE9 at byte`},
		{"UTF-16", "tblItems.jsonl", "\xff\xfe{\x00}\x00", `tblItems.jsonl:1: the text is not UTF-8 (0xFF at byte 1)`},
		{"half a character", "tblItems.jsonl", with(`"N"`, `"N\udc4d"`), `tblItems.jsonl:1: \udc4d is one half of a character without the other`},
		{"no file", "notes.txt", "", `no dump in the folder`},
		{"no gzip", "tblItems.jsonl.gz", "", ``},
	}
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		for _, c := range cases {
			dir := dump(t, map[string]string{"tblGender.jsonl": gender, c.file: c.text})
			switch c.name {
			case "no file":
				os.Remove(filepath.Join(dir, "tblGender.jsonl"))
			case "no gzip":
				if err := os.WriteFile(filepath.Join(dir, c.file), []byte("plain"), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			if c.name == "number out of range" && d.Dialect() == db.Postgres {
				continue // smallint there
			}
			_, err := importer.Import(t.Context(), d, dir, progress.None)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%s: got %v, want %s", c.name, err, c.want)
			}
			if err := load.Empty(t.Context(), d); err != nil {
				t.Fatalf("%s: %v", c.name, err)
			}
		}
	})
}

func TestImportRefusesADatabaseInUse(t *testing.T) {
	d := dbtest.SQLite(t)
	dir := dump(t, map[string]string{"tblItems.jsonl": `{"ItemID":7,"ItemCode":"A7","ItemName":"N","ItemType":"D","ItemPrice":1,"ItemCareType":"O","ItemPatCat":15,"AuditUserID":1}`})
	if _, err := importer.Import(t.Context(), d, dir, progress.None); err != nil {
		t.Fatal(err)
	}
	if _, err := importer.Import(t.Context(), d, dir, progress.None); err == nil || !strings.Contains(err.Error(), "must be empty, but these tables have rows: tblItems") {
		t.Fatalf("got %v", err)
	}
}

// scripted are some of the rows that the scripts of the legacy database leave in an empty one.
var scripted = map[string]string{
	"tblGender.jsonl":    gender,
	"tblLanguages.jsonl": `{"LanguageCode":"en","LanguageName":"English"}`,
	"tblUsers.jsonl":     `{"UserID":1,"LanguageID":"en","LastName":"Admin","OtherNames":"Admin","LoginName":"Admin","RoleID":1023,"AuditUserID":1}`,
	"tblRole.jsonl":      `{"RoleID":1,"RoleName":"IMIS Administrator","IsSystem":64,"IsBlocked":false,"ValidityFrom":"2019-01-01"}`,
	"tblUserRole.jsonl":  `{"UserRoleID":1,"UserID":1,"RoleID":1,"AudituserID":1,"ValidityFrom":"2019-01-01"}`,
}

// The empty database of the official scripts is not a database in use. What a file brings takes the place of what they
// made, and what refers to that goes too: the role of their administrator is not for whoever gets the number.
func TestImportIntoTheDatabaseOfTheScripts(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		if _, err := importer.Import(t.Context(), d, dump(t, scripted), progress.None); err != nil {
			t.Fatal(err)
		}
		clerk := strings.Replace(scripted["tblUsers.jsonl"], `"LoginName":"Admin"`, `"LoginName":"clerk"`, 1)
		report, err := importer.Import(t.Context(), d, dump(t, map[string]string{"tblUsers.jsonl": clerk}), progress.None)
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(report.Cleared, []string{"tblUserRole", "tblUsers"}) {
			t.Errorf("cleared %v", report.Cleared)
		}
		for table, want := range map[string]int{"tblUsers": 1, "tblUserRole": 0, "tblRole": 1, "tblLanguages": 1} {
			var n int
			if err := d.Get(t.Context(), &n, `SELECT COUNT(*) FROM "`+table+`"`); err != nil || n != want {
				t.Errorf("%s has %d rows, want %d: %v", table, n, want, err)
			}
		}
		two := clerk + "\n" + strings.NewReplacer(`"UserID":1`, `"UserID":2`, "clerk", "nurse").Replace(clerk)
		if _, err := importer.Import(t.Context(), d, dump(t, map[string]string{"tblUsers.jsonl": two}), progress.None); err != nil {
			t.Fatal(err)
		}
		if _, err := importer.Import(t.Context(), d, dump(t, map[string]string{"tblUsers.jsonl": two}), progress.None); err == nil || !strings.Contains(err.Error(), "have rows: tblUsers") {
			t.Errorf("two users are somebody's: %v", err)
		}
	})
}

// A dump with tables of the Python backend needs a database that has them.
func TestImportSaysThatOneMigratesFirst(t *testing.T) {
	d := dbtest.SQLite(t)
	if _, err := d.Pool().ExecContext(t.Context(), `DROP TABLE "core_User"`); err != nil {
		t.Fatal(err)
	}
	if err := d.Probe(t.Context()); err != nil {
		t.Fatal(err)
	}
	dir := dump(t, map[string]string{"core_User.jsonl": `{"id":"8f7e8d6e-1f3c-4c39-9d0c-0f6ad3b1c111","username":"x"}`})
	if _, err := importer.Import(t.Context(), d, dir, progress.None); err == nil || !strings.Contains(err.Error(), "run `server migrate` first") {
		t.Errorf("%v", err)
	}
}

// TestImportOfTheDemoData loads openIMIS' demo data of 2019, which lies in the folder that
// IMIS_TEST_SHARED names.
func TestImportOfTheDemoData(t *testing.T) {
	shared := os.Getenv("IMIS_TEST_SHARED")
	if shared == "" {
		t.Skip("IMIS_TEST_SHARED names no folder")
	}
	dir := filepath.Join(shared, "data", "demo-2019")
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		r, err := importer.Import(t.Context(), d, dir, progress.None)
		if err != nil {
			t.Fatal(err)
		}
		files, err := filepath.Glob(filepath.Join(dir, "*.jsonl"))
		if err != nil || len(files) != len(r.Tables) {
			t.Fatalf("%d files, %d tables, %v", len(files), len(r.Tables), err)
		}
		for _, table := range r.Tables {
			var n int
			if err := d.Get(t.Context(), &n, `SELECT COUNT(*) FROM "`+table.Table+`"`); err != nil {
				t.Fatal(err)
			}
			if want := countLines(t, filepath.Join(dir, table.File)); n != want || table.Read != want || table.Written != want {
				t.Errorf("%s: %d lines, %d read, %d written, %d in the database", table.Table, want, table.Read, table.Written, n)
			}
		}
	})
}

func countLines(t *testing.T, path string) int {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	n := 0
	s := bufio.NewScanner(f)
	s.Buffer(nil, 1<<24)
	for s.Scan() {
		n++
	}
	return n
}
