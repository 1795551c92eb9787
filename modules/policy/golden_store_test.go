package policy

import (
	"context"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/openimis/openimis-be-go/internal/clock"
	"github.com/openimis/openimis-be-go/internal/db"
	"github.com/openimis/openimis-be-go/internal/fault"
	"github.com/openimis/openimis-be-go/internal/schema"
	"github.com/openimis/openimis-be-go/internal/testing/dbtest"
	"github.com/openimis/openimis-be-go/internal/testing/golden"
	"github.com/openimis/openimis-be-go/internal/testing/policyplay"
	"github.com/openimis/openimis-be-go/internal/testing/sqlcheck"
	"github.com/openimis/openimis-be-go/modules/insuree"
	"github.com/openimis/openimis-be-go/modules/policy/rules"
)

func TestMain(m *testing.M) { os.Exit(sqlcheck.Gate(m)) }

// The scenarios run again before each database, through service and store.

func TestGoldenStorePolicyValue(t *testing.T)   { playStored(t, "policy-value") }
func TestGoldenStorePolicyPeriod(t *testing.T)  { playStored(t, "policy-period") }
func TestGoldenStoreInsureePolicy(t *testing.T) { playStored(t, "insuree-policy") }
func TestGoldenStoreLastPayment(t *testing.T)   { playStored(t, "last-payment") }
func TestGoldenStorePolicyStatus(t *testing.T)  { playStored(t, "policy-status") }
func TestGoldenStoreRenewal(t *testing.T)       { playStored(t, "renewal") }
func TestGoldenStoreInquiry(t *testing.T)       { playStored(t, "inquiry") }
func TestGoldenStoreEligibility(t *testing.T)   { playStored(t, "eligibility") }

// calls play a procedure with a service.
var calls = map[string]func(ctx context.Context, s Service, w *golden.World, params golden.Row) (policyplay.Record, error){
	"uspGetPolicyPeriod": func(ctx context.Context, s Service, w *golden.World, params golden.Row) (policyplay.Record, error) {
		in := policyplay.Decode[policyplay.PeriodParams](w, params)
		p, err := s.Period(ctx, in.ProdId, in.EnrolDate, in.PolicyStage)
		return policyplay.PeriodRecord(p), err
	},
	"uspPolicyValue": func(ctx context.Context, s Service, w *golden.World, params golden.Row) (policyplay.Record, error) {
		in := policyplay.Decode[policyplay.ValueParams](w, params)
		v, err := s.Value(ctx, everything, ValueQuestion{PolicyID: in.PolicyId, FamilyID: in.FamilyId, ProductID: in.ProdId,
			Stage: in.PolicyStage, Enrol: in.EnrollDate, PreviousID: in.PreviousPolicyId})
		return policyplay.ValueRecord(v), err
	},
	"uspLastDateForPayment": func(ctx context.Context, s Service, w *golden.World, params golden.Row) (policyplay.Record, error) {
		last, err := s.LastDateForPayment(ctx, everything, policyplay.Decode[policyplay.LastDateParams](w, params).PolicyId)
		return policyplay.LastDateRecord(last), err
	},
	"uspAddInsureePolicy": func(ctx context.Context, s Service, w *golden.World, params golden.Row) (policyplay.Record, error) {
		in := policyplay.Decode[policyplay.CoverParams](w, params)
		var rows []rules.Coverage
		err := s.DB.Write(ctx, "cover", func(tx *db.Tx) (err error) {
			rows, err = insuree.AddPolicies(ctx, tx, in.InsureeId, in.Activate, s.Clock())
			return err
		})
		return policyplay.CoverRecord(rows), err
	},
	"uspPolicyStatusUpdate": func(ctx context.Context, s Service, _ *golden.World, _ golden.Row) (policyplay.Record, error) {
		_, err := s.ExpirePolicies(ctx)
		return policyplay.Record{Return: golden.Record{"return": 0}}, err
	},
	"uspPolicyRenewalInserts": func(ctx context.Context, s Service, w *golden.World, params golden.Row) (policyplay.Record, error) {
		_, err := s.InsertRenewals(ctx, policyplay.Decode[policyplay.RenewalParams](w, params).Filter())
		return policyplay.Record{Return: golden.Record{"return": 0}}, err
	},
	"uspPolicyInquiry": func(ctx context.Context, s Service, w *golden.World, params golden.Row) (policyplay.Record, error) {
		in := policyplay.Decode[policyplay.InquiryParams](w, params)
		i, err := s.Inquiry(ctx, everything, in.CHFID, in.LocationId)
		rec := policyplay.Record{Return: golden.Record{"return": 0}, Sets: [][]golden.Record{{}}}
		if fault.Code(err) == fault.NotFound { // the procedure answers no row
			return rec, nil
		}
		if err == nil {
			rec.Sets[0] = policyplay.InquiryRecords(i.Insuree, i.Covers)
		}
		return rec, err
	},
	"uspServiceItemEnquiry": func(ctx context.Context, s Service, w *golden.World, params golden.Row) (policyplay.Record, error) {
		in := policyplay.Decode[policyplay.EligibilityParams](w, params)
		e, err := s.Eligibility(ctx, everything, in.CHFID, in.ServiceCode, in.ItemCode)
		if fault.Code(err) == fault.NotFound { // the procedure lets an unknown insuree have everything
			return policyplay.EligibilityRecord(rules.Enquire(rules.EligibilityData{}, w.Today)), nil
		}
		return policyplay.EligibilityRecord(e), err
	},
}

func playStored(t *testing.T, family string) {
	scenarios := golden.Load(family)
	if len(scenarios) == 0 {
		t.Fatalf("no golden scenario of family %s", family)
	}
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		write(t, d, func(ctx context.Context, tx *db.Tx) error {
			_, err := tx.Insert(ctx, "tblIMISDefaults", db.Values{"PolicyRenewalInterval": policyplay.StandardInterval})
			return err
		})
		for _, s := range scenarios {
			t.Run(s.ID, func(t *testing.T) { playScenario(t, d, s) })
		}
	})
}

func playScenario(t *testing.T, d *db.DB, scenario *golden.Scenario) {
	var w *golden.World
	write(t, d, func(ctx context.Context, tx *db.Tx) (err error) {
		w, err = golden.Insert(scenario,
			func(table string, row golden.Record) (int, error) {
				v := values(table, row)
				for name, x := range unsaid(table) {
					if _, given := row[name]; !given {
						v[name] = x
					}
				}
				return tx.Insert(ctx, table, v)
			},
			func(table string, id int, set golden.Record) error {
				_, err := tx.Update(ctx, table, id, values(table, set))
				return err
			})
		return err
	})
	defer clean(t, d, w)
	s := Service{DB: d, Clock: clock.Fixed(w.Now)}
	for i, step := range w.Steps {
		call, ok := calls[step.Proc]
		if !ok {
			t.Fatalf("nothing plays step %d %s", i, step.Proc)
		}
		got, err := call(t.Context(), s, w, step.Params)
		if err != nil {
			t.Fatalf("step %d %s: %v", i, step.Proc, err)
		}
		diffs := w.DiffReturn(i, got.Return)
		if want := len(w.Expected.ResultSets[i]); want != len(got.Sets) {
			t.Fatalf("step %d %s: want %d result sets, got %d", i, step.Proc, want, len(got.Sets))
		}
		for n, set := range got.Sets {
			diffs = append(diffs, w.DiffResult(i, n, set, false)...)
		}
		for _, diff := range diffs {
			t.Error(diff)
		}
	}
	for _, diff := range w.DiffTables(func(table string) []golden.Record { return rowsOf(t, d, table) }) {
		t.Error(diff)
	}
}

func write(t testing.TB, d *db.DB, fn func(ctx context.Context, tx *db.Tx) error) {
	t.Helper()
	ctx := context.Background()
	if err := d.Write(ctx, "test", func(tx *db.Tx) error { return fn(ctx, tx) }); err != nil {
		t.Fatal(err)
	}
}

// clean empties the tables of a scenario.
func clean(t *testing.T, d *db.DB, w *golden.World) {
	tables := map[string]bool{}
	for _, list := range [][]golden.Table{w.Input, w.Expected.Tables} {
		for _, table := range list {
			tables[table.Name] = true
		}
	}
	write(t, d, func(ctx context.Context, tx *db.Tx) error {
		for name := range tables {
			if _, err := tx.Exec(ctx, `DELETE FROM "`+name+`"`); err != nil {
				return err
			}
		}
		return nil
	})
}

// unsaid are the values that scenarios leave to the database: the defaults of the legacy one, which PostgreSQL does not
// have, and what only PostgreSQL wants.
func unsaid(table string) golden.Record {
	v := golden.Record{}
	for name, x := range map[string]golden.Record{
		"tblServices": {"manualPrice": false, "ServPackageType": "S"},
		"tblHF":       {"status": "AC"},
	}[table] {
		v[name] = x
	}
	tab, _ := schema.Lookup(table)
	for _, c := range tab.Columns {
		text := strings.Trim(c.Default, "()")
		if n, err := strconv.Atoi(text); err == nil && c.Type == schema.Bit {
			v[c.Name] = n != 0
		} else if err == nil {
			v[c.Name] = n
		} else if strings.HasSuffix(text, "'") {
			v[c.Name] = strings.Trim(strings.TrimPrefix(text, "N"), "'")
		}
	}
	return v
}

// values gives the values of a scenario the types of their columns.
func values(table string, row golden.Record) db.Values {
	tab, _ := schema.Lookup(table)
	v := db.Values{}
	for name, x := range row {
		c, ok := tab.Column(name)
		switch {
		case !ok:
		case c.Type == schema.Bit:
			if n, isInt := x.(int); isInt {
				x = n != 0
			}
		case c.Type == schema.Date, c.Type == schema.DateTime, c.Type == schema.SmallDateTime:
			if text, isText := x.(string); isText {
				for _, layout := range []string{time.DateOnly, "2006-01-02T15:04:05", time.DateTime} {
					if day, err := time.Parse(layout, text); err == nil {
						x = day
					}
				}
			}
		}
		v[name] = x
	}
	return v
}

// rowsOf reads a table as it is.
func rowsOf(t *testing.T, d *db.DB, table string) []golden.Record {
	tab, _ := schema.Lookup(table)
	var columns []string
	for _, c := range tab.Columns {
		switch c.Type {
		case schema.RowVersion, schema.GUID, schema.Binary, schema.JSON:
		default:
			if d.Offers(table, c.Name) {
				columns = append(columns, `x."`+c.Name+`"`)
			}
		}
	}
	rows, err := d.Rows(t.Context(), `SELECT `+strings.Join(columns, ", ")+` FROM "`+tab.Name+`" x`)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	var records []golden.Record
	for rows.Next() {
		labelled, record := map[string]any{}, golden.Record{}
		if err := rows.MapScan(labelled); err != nil {
			t.Fatal(err)
		}
		for label, v := range labelled {
			if c, ok := tab.Column(label); ok {
				if at, isTime := v.(time.Time); isTime {
					v = at.UTC()
				}
				if b, isBytes := v.([]byte); isBytes {
					v = string(b)
				}
				record[c.Name] = v
			}
		}
		records = append(records, record)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return records
}
