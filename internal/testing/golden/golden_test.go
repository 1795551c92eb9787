package golden

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/shopspring/decimal"
)

func TestLoadFindsAllFamilies(t *testing.T) {
	least := map[string]int{"claim-submit": 22, "claim-value": 522, "batch": 92, "policy-value": 120, "policy-period": 26,
		"last-payment": 8, "insuree-policy": 8, "policy-status": 1, "renewal": 38, "inquiry": 87, "eligibility": 51}
	got := map[string]int{}
	for _, s := range Load() {
		got[s.Family]++
		if len(s.Steps) == 0 || len(s.Expected.Returns) != len(s.Steps) || len(s.Expected.ResultSets) != len(s.Steps) {
			t.Errorf("%s: %d steps, %d returns, %d result sets", s.ID, len(s.Steps), len(s.Expected.Returns), len(s.Expected.ResultSets))
		}
	}
	for family, n := range least {
		if got[family] < n {
			t.Errorf("%s: %d scenarios, want at least %d", family, got[family], n)
		}
	}
	if n := len(Load("renewal", "batch")); n != got["renewal"]+got["batch"] {
		t.Errorf("two families: %d scenarios", n)
	}
}

type policyRow struct {
	ID       int              `db:"PolicyID"`
	FamilyID int              `db:"FamilyID"`
	Start    time.Time        `db:"StartDate"`
	Expiry   *time.Time       `db:"ExpiryDate"`
	Status   *int             `db:"PolicyStatus"`
	Value    *decimal.Decimal `db:"PolicyValue"`
	Stage    *string          `db:"PolicyStage"`
}

const policyScenario = `{"id":"X-1","family":"x","today":"2026-11-23","clock":"today","input":{
	"tblFamilies":[{"_id":"family1","InsureeID":{"ref":"insuree1"}}],
	"tblInsuree":[{"_id":"insuree1","FamilyID":{"ref":"family1"},"DOB":{"year":-8,"md":"07-07"}}],
	"tblPolicy":[{"_id":"policy1","FamilyID":{"ref":"family1"},"StartDate":"2019-01-01","ExpiryDate":{"today":-1},"PolicyValue":"10.50"},
		{"_id":"policy2","FamilyID":{"ref":"family1"},"StartDate":"2019-01-01","PolicyStatus":2,"PolicyStage":null}]},
	"steps":[{"update":"tblPolicy","row":{"ref":"policy1"},"set":{"PolicyStatus":8}},{"proc":"p","params":{"PolicyId":{"ref":"policy2"}}}],
	"expected":{"returns":[null,{"return":0}],"resultsets":[[],[[{"A":"1.00"},{"A":null}]]],"rows":{"tblPolicy":[
		{"_id":"policy1","FamilyID":{"ref":"family1"},"StartDate":"2019-01-01","ExpiryDate":{"today":-1},"PolicyStatus":8,"PolicyValue":"10.50","PolicyStage":"N"},
		{"_id":"policy2","FamilyID":{"ref":"family1"},"StartDate":"2019-01-01","PolicyStatus":2},
		{"_id":"policy_new1","FamilyID":{"ref":"family1"},"StartDate":{"today":0},"PolicyStatus":1,"PolicyStage":"N"}]}}}`

func parse(t *testing.T) *Scenario {
	t.Helper()
	s := new(Scenario)
	if err := s.UnmarshalJSON([]byte(policyScenario)); err != nil {
		t.Fatal(err)
	}
	return s
}

func TestWorldInMemory(t *testing.T) {
	w := NewWorld(parse(t))
	w.Apply(w.Steps[0])
	policies := Scan[policyRow](w, "tblPolicy")
	p := policies[0]
	if len(policies) != 2 || p.ID != w.ID("policy1") || p.FamilyID != w.ID("family1") || *p.Status != 8 ||
		p.Value.String() != "10.5" || *p.Stage != "N" || !p.Expiry.Equal(w.Today.AddDate(0, 0, -1)) {
		t.Errorf("scanned %+v", p)
	}
	if policies[1].Stage != nil || policies[1].Expiry != nil {
		t.Errorf("explicit and implicit NULL: %+v", policies[1])
	}
	var params struct{ PolicyID, Other int }
	w.Decode(w.Steps[1].Params, &params)
	if params.PolicyID != w.ID("policy2") {
		t.Errorf("parameter %d", params.PolicyID)
	}
	one := 1
	ids := Store(w, "tblPolicy", policyRow{FamilyID: p.FamilyID, Start: w.Today, Status: &one, Stage: p.Stage})
	if diffs := w.Diff(); len(diffs) > 0 || w.ID("policy_new1") != ids[0] {
		t.Errorf("differences %q, new row %d", diffs, w.ids["policy_new1"])
	}
	if d := w.DiffReturn(1, Record{"return": 0}); len(d) > 0 {
		t.Error(d)
	}
	if d := w.DiffResult(1, 0, []Record{{"A": nil}, {"A": decimal.New(1, 0)}}, false); len(d) > 0 {
		t.Error(d)
	}
	if d := w.DiffResult(1, 0, []Record{{"A": nil}, {"A": decimal.New(1, 0)}}, true); len(d) != 2 {
		t.Error(d)
	}
}

func TestDiffNamesWhatDiffers(t *testing.T) {
	w := NewWorld(parse(t))
	w.Delete("tblPolicy", w.ID("policy2"))
	diffs := w.Diff()
	for _, want := range []string{"tblPolicy policy2: missing", "tblPolicy policy_new1: missing", "tblPolicy policy1 PolicyStatus: want 8, got 1"} {
		if !slices.Contains(diffs, want) {
			t.Errorf("want %q in %q", want, diffs)
		}
	}
}

func TestInsertDefersForwardReferences(t *testing.T) {
	var calls []string
	id := 0
	w, err := Insert(parse(t),
		func(table string, row Record) (int, error) {
			id++
			calls = append(calls, fmt.Sprint(table, len(row)))
			return id, nil
		},
		func(table string, id int, set Record) error {
			calls = append(calls, fmt.Sprint("update ", table, id, set))
			return nil
		})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"tblFamilies0", "tblInsuree2", "tblPolicy4", "tblPolicy4", "update tblFamilies1 map[InsureeID:2]"}
	if !slices.Equal(calls, want) || w.ID("policy2") != 4 {
		t.Errorf("%q", calls)
	}
}

func TestScanRefusesNullInPlainField(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("NULL went into a field that is not a pointer")
		}
	}()
	type bad struct {
		Expiry time.Time `db:"ExpiryDate"`
	}
	Scan[bad](NewWorld(parse(t)), "tblPolicy")
}

// TestEveryScenarioBinds catches unknown tables and names early: all inputs, parameters and results resolve, and
// tables no procedure touched compare equal.
func TestEveryScenarioBinds(t *testing.T) {
	for _, s := range Load() {
		w := NewWorld(s)
		for i, step := range s.Steps {
			w.Record(step.Params)
			w.Record(step.Set)
			w.Record(s.Expected.Returns[i])
		}
		for _, table := range s.Expected.Tables {
			facts(table.Name)
			for _, r := range table.Rows {
				for _, c := range r.Columns {
					if recorded := facts(table.Name).recorded; !slices.Contains(recorded, c.Name) {
						t.Fatalf("%s: %s.%s is not listed as recorded", s.ID, table.Name, c.Name)
					}
				}
			}
		}
	}
}
