package seed_test

import (
	"crypto/sha256"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"github.com/openimis/openimis-be-go/internal/auth"
	"github.com/openimis/openimis-be-go/internal/db"
	"github.com/openimis/openimis-be-go/internal/progress"
	"github.com/openimis/openimis-be-go/internal/schema"
	"github.com/openimis/openimis-be-go/internal/seed"
	"github.com/openimis/openimis-be-go/internal/testing/dbtest"
	"github.com/openimis/openimis-be-go/internal/testing/loadtest"
	"github.com/openimis/openimis-be-go/modules/claim"
	"github.com/openimis/openimis-be-go/modules/claim/rules"
)

func TestMain(m *testing.M) { os.Exit(loadtest.Gate(m)) }

var today = time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC)

// small is a plan with more of everything than the demo, but quick to generate.
var small = seed.Plan{Regions: 3, Districts: 6, Wards: 12, Villages: 40, Facilities: 40, Items: 300, Services: 120, Diagnoses: 2600, Products: 10,
	Families: 300, Members: 4.5, Covered: 0.9, Claims: 1500, Users: 70}

func fill(t *testing.T, d *db.DB, plan seed.Plan) {
	t.Helper()
	if err := seed.Generate(t.Context(), d, plan, today, progress.None); err != nil {
		t.Fatal(err)
	}
}

func demo(t *testing.T, d *db.DB) {
	t.Helper()
	if err := seed.Seed(t.Context(), d, seed.Demo, today, progress.None); err != nil {
		t.Fatal(err)
	}
}

func get[T any](t *testing.T, d *db.DB, src string, args ...any) T {
	t.Helper()
	var v T
	if err := d.Get(t.Context(), &v, src, args...); err != nil {
		t.Fatal(err)
	}
	return v
}

// secrets are the columns that must not be foreseeable.
var secrets = []string{"tblUsers.PrivateKey", "tblUsers.StoredPassword", "core_TechnicalUser.password"}

// checksums are the tables' contents as the engine shows them.
func checksums(t *testing.T, d *db.DB) map[string]string {
	t.Helper()
	sums := map[string]string{}
	for _, tab := range schema.Tables() {
		if !d.Offers(tab.Name, "") {
			continue
		}
		var cols []string
		for _, c := range tab.Columns {
			if d.Offers(tab.Name, c.Name) && c.Type != schema.RowVersion && !slices.Contains(secrets, tab.Name+"."+c.Name) {
				cols = append(cols, `"`+c.Name+`"`)
			}
		}
		order := cols[0]
		if len(tab.PrimaryKey) > 0 {
			order = `"` + tab.PrimaryKey[0] + `"`
		}
		rows, err := d.Rows(t.Context(), `SELECT `+strings.Join(cols, ", ")+` FROM "`+tab.Name+`" ORDER BY `+order)
		if err != nil {
			t.Fatal(err)
		}
		h, n := sha256.New(), 0
		for rows.Next() {
			values, err := rows.SliceScan()
			if err != nil {
				t.Fatal(err)
			}
			n++
			fmt.Fprintf(h, "%v\n", values)
		}
		if err := rows.Err(); err != nil {
			t.Fatal(err)
		}
		rows.Close()
		sums[tab.Name] = fmt.Sprintf("%d %x", n, h.Sum(nil))
	}
	return sums
}

func TestTheSameSizeAndDayGiveTheSameRows(t *testing.T) {
	for _, engine := range dbtest.Engines() {
		if engine == db.SQLServer {
			continue // one database per process: a second seed would empty the first
		}
		a, b := dbtest.Open(t, engine), dbtest.Open(t, engine)
		fill(t, a, small)
		fill(t, b, small)
		first, second := checksums(t, a), checksums(t, b)
		for table, sum := range first {
			if second[table] != sum {
				t.Errorf("%s: %s is %s the first time, %s the second", engine, table, sum, second[table])
			}
		}
	}
}

func TestEveryReferenceResolves(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		plan := small
		if d.Dialect() == db.SQLServer {
			plan.Families, plan.Claims = 60, 200
		}
		fill(t, d, plan)
		checked := 0
		for _, tab := range schema.Tables() {
			for _, f := range tab.Foreign {
				if !d.Offers(tab.Name, "") {
					continue
				}
				ref, _ := schema.Lookup(f.Table)
				from, _ := tab.Column(f.Column)
				to, _ := ref.Column(f.RefColumn)
				lost := get[int](t, d, fmt.Sprintf(`SELECT COUNT(*) FROM "%s" AS x WHERE x."%s" IS NOT NULL AND NOT EXISTS (SELECT 1 FROM "%s" AS y WHERE y."%s" = x."%s")`,
					tab.Name, from.Name, ref.Name, to.Name, from.Name))
				if lost > 0 {
					t.Errorf("%d rows of %s have a %s that is not in %s", lost, tab.Name, from.Name, ref.Name)
				}
				checked++
			}
		}
		if checked < 60 {
			t.Errorf("only %d references checked", checked)
		}
	})
}

func TestDemoHasEverythingThatRulesLookAt(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		demo(t, d)
		counts := map[string]int{"tblLocations": 31, "tblHF": 15, "tblItems": 257, "tblServices": 81, "tblICDCodes": 1910, "tblProduct": 4, "tblFamilies": 21, "tblClaim": 50, "tblUsers": 31, "tblRole": 12, "tblRoleRight": 193}
		for table, want := range counts {
			if n := get[int](t, d, `SELECT COUNT(*) FROM "`+table+`" WHERE "ValidityTo" IS NULL`); n != want {
				t.Errorf("%s has %d current rows, want %d", table, n, want)
			}
		}
		some := map[string]string{
			"claims of every status":        `SELECT COUNT(DISTINCT "ClaimStatus") FROM "tblClaim" WHERE "ValidityTo" IS NULL`,
			"history of insurees":           `SELECT COUNT(*) FROM "tblInsuree" WHERE "ValidityTo" IS NOT NULL AND "LegacyID" IS NOT NULL`,
			"renewed policies":              `SELECT COUNT(*) FROM "tblPolicy" WHERE "PolicyStage" = 'R'`,
			"reminders of renewals":         `SELECT COUNT(*) FROM "tblPolicyRenewals"`,
			"photos due with a renewal":     `SELECT COUNT(*) FROM "tblPolicyRenewalDetails"`,
			"several policies of a family":  `SELECT COUNT(*) FROM (SELECT "FamilyID" FROM "tblPolicy" WHERE "ValidityTo" IS NULL AND "PolicyStage" = 'N' GROUP BY "FamilyID" HAVING COUNT(*) > 1) AS x`,
			"products with deductibles":     `SELECT COUNT(*) FROM "tblProduct" WHERE "DedInsuree" > 0 OR "DedTreatment" > 0 OR "DedIPTreatment" > 0 OR "DedPolicy" > 0`,
			"products with ceilings":        `SELECT COUNT(*) FROM "tblProduct" WHERE "MaxPolicy" > 0 OR "MaxInsuree" > 0`,
			"products with cycles":          `SELECT COUNT(*) FROM "tblProduct" WHERE "StartCycle1" IS NOT NULL`,
			"products with category counts": `SELECT COUNT(*) FROM "tblProduct" WHERE "MaxNoVisits" IS NOT NULL`,
			"fixed limits":                  `SELECT COUNT(*) FROM "tblProductServices" WHERE "LimitationType" = 'F'`,
			"relative prices":               `SELECT COUNT(*) FROM "tblProductItems" WHERE "PriceOrigin" = 'R'`,
			"waiting periods":               `SELECT COUNT(*) FROM "tblProductItems" WHERE "WaitingPeriodAdult" > 0`,
			"exclusions":                    `SELECT COUNT(*) FROM "tblProductItems" WHERE "CeilingExclusionAdult" IS NOT NULL`,
			"overruled prices":              `SELECT COUNT(*) FROM "tblPLItemsDetail" WHERE "PriceOverule" IS NOT NULL`,
			"batch runs":                    `SELECT COUNT(*) FROM "tblBatchRun"`,
			"relative indexes":              `SELECT COUNT(*) FROM "tblRelIndex"`,
			"claims paid in a batch":        `SELECT COUNT(*) FROM "tblClaim" WHERE "RunID" IS NOT NULL`,
			"photos":                        `SELECT COUNT(*) FROM "tblPhotos"`,
			"feedback":                      `SELECT COUNT(*) FROM "tblFeedback"`,
			"active policies":               `SELECT COUNT(*) FROM "tblPolicy" WHERE "ValidityTo" IS NULL AND "PolicyStatus" = 2 AND "ExpiryDate" > '2026-11-23'`,
		}
		for what, src := range some {
			if n := get[int](t, d, src); n == 0 || what == "claims of every status" && n < 4 {
				t.Errorf("%s: %d", what, n)
			}
		}
		id := 0
		if err := d.Write(t.Context(), "number on", func(tx *db.Tx) (err error) {
			id, err = tx.Insert(t.Context(), "tblICDCodes", db.Values{"ICDCode": "X", "ICDName": "X", "ValidityFrom": today, "AuditUserID": 1})
			return err
		}); err != nil || id < 1911 || id > 1911 && d.Dialect() != db.SQLServer { // where tests share a database
			t.Errorf("the next diagnosis got %d, %v", id, err)
		}
		if err := seed.Seed(t.Context(), d, seed.Demo, today, progress.None); err == nil || !strings.Contains(err.Error(), "must be empty") {
			t.Errorf("a second seed: %v", err)
		}
	})
}

func TestEverybodyInLoginsCanSignIn(t *testing.T) {
	d := dbtest.SQLite(t)
	demo(t, d)
	for _, l := range seed.Logins(seed.Demo) {
		if l.Name == "sysadmin" {
			ok, err := auth.CheckDjango(t.Context(), l.Password, get[string](t, d, `SELECT "password" FROM "core_TechnicalUser" WHERE "username" = ?`, l.Name))
			if err != nil || !ok {
				t.Errorf("%s: %v, %v", l.Name, ok, err)
			}
			continue
		}
		var u struct {
			Stored *string `db:"StoredPassword"`
			Key    *string `db:"PrivateKey"`
		}
		if err := d.Get(t.Context(), &u, `SELECT "StoredPassword", "PrivateKey" FROM "tblUsers" WHERE "LoginName" = ? AND "ValidityTo" IS NULL`, l.Name); err != nil {
			t.Errorf("%s: %v", l.Name, err)
			continue
		}
		if !auth.CheckLegacy(l.Password, u.Stored, u.Key) {
			t.Errorf("%s: the password is not %s", l.Name, l.Password)
		}
	}
	if seed.Logins("huge") != nil {
		t.Error("logins of an unknown size")
	}
	if err := seed.Seed(t.Context(), dbtest.SQLite(t), "huge", today, progress.None); err == nil || !strings.Contains(err.Error(), "allowed: demo, district, national") {
		t.Errorf("got %v", err)
	}
}

// refs gives the current claims in some status.
func refs(t *testing.T, d *db.DB, statuses ...int) []rules.Ref {
	t.Helper()
	var ids []int
	if err := d.Select(t.Context(), &ids, `SELECT "ClaimID" FROM "tblClaim" WHERE "ValidityTo" IS NULL AND "ClaimStatus" IN $ints(?)`, db.Ints(statuses)); err != nil {
		t.Fatal(err)
	}
	list := make([]rules.Ref, len(ids))
	for i, id := range ids {
		list[i] = rules.Ref{ClaimID: id}
	}
	return list
}

// everybody sees all claims.
var everybody = claim.Author{Principal: &auth.Principal{Person: &auth.Person{ID: 1}, Admin: true, Scope: auth.Scope{All: true}}, Now: today}

func TestEnteredClaimsPassTheRules(t *testing.T) {
	d := dbtest.SQLite(t)
	fill(t, d, small)
	list := refs(t, d, 2)
	err := d.Write(t.Context(), "submit", func(tx *db.Tx) error {
		done, err := claim.Service{}.Submit(t.Context(), tx, everybody, list)
		n := done.Counts
		if n.Checked*10 < len(list)*9 {
			t.Errorf("of %d claims only %d were checked: %+v", len(list), n.Checked, n)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// TestProcessedClaimsAreValuedAsTheRulesDo takes away what claims used and processes them again, in their
// order, by the rules of the program: nearly all lines must get the value that the generator gave them.
// Those of families with two policies may be assigned to the other one.
func TestProcessedClaimsAreValuedAsTheRulesDo(t *testing.T) {
	d := dbtest.SQLite(t)
	fill(t, d, small)
	type line struct {
		ID    int             `db:"ID"`
		Value decimal.Decimal `db:"Value"`
	}
	values := func() map[int]decimal.Decimal {
		var lines []line
		if err := d.Select(t.Context(), &lines, `SELECT l."ClaimItemID" AS "ID", l."PriceValuated" AS "Value" FROM "tblClaimItems" AS l WHERE l."PriceValuated" IS NOT NULL
UNION ALL SELECT -l."ClaimServiceID" AS "ID", l."PriceValuated" AS "Value" FROM "tblClaimServices" AS l WHERE l."PriceValuated" IS NOT NULL`); err != nil {
			t.Fatal(err)
		}
		m := map[int]decimal.Decimal{}
		for _, l := range lines {
			m[l.ID] = l.Value
		}
		return m
	}
	uses := func() decimal.Decimal {
		return get[decimal.Decimal](t, d, `SELECT SUM("RemG") FROM "tblClaimDedRem"`)
	}
	before, used := values(), uses()
	list := refs(t, d, 8, 16)
	err := d.Write(t.Context(), "process", func(tx *db.Tx) error {
		if _, err := tx.Exec(t.Context(), `DELETE FROM "tblClaimDedRem"`); err != nil {
			return err
		}
		if _, err := tx.Exec(t.Context(), `UPDATE "tblClaim" SET "ClaimStatus" = 4 WHERE "ValidityTo" IS NULL AND "ClaimStatus" IN (8, 16)`); err != nil {
			return err
		}
		done, err := claim.Service{}.Process(t.Context(), tx, everybody, list)
		n := done.Counts
		if n.Processed+n.Valuated != len(list) {
			t.Errorf("of %d claims: %+v", len(list), n)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	after := values()
	same := 0
	for id, v := range before {
		if after[id].Equal(v) {
			same++
		}
	}
	if len(before) < 300 || same*100 < len(before)*90 {
		t.Errorf("%d of %d lines have the same value", same, len(before))
	}
	t.Logf("%d of %d lines have the same value; remunerated %s, now %s", same, len(before), used, uses())
}
