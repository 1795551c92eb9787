package policy

import (
	"context"
	"os"
	"testing"

	"github.com/openimis/openimis-be-go/internal/clock"
	"github.com/openimis/openimis-be-go/internal/db"
	"github.com/openimis/openimis-be-go/internal/fault"
	"github.com/openimis/openimis-be-go/internal/testing/dbtest"
	"github.com/openimis/openimis-be-go/internal/testing/golden"
	"github.com/openimis/openimis-be-go/internal/testing/golden/goldendb"
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
	w := goldendb.Insert(t, d, scenario)
	defer goldendb.Clean(t, d, w)
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
	for _, diff := range w.DiffTables(func(table string) []golden.Record { return goldendb.Rows(t, d, nil, table) }) {
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
