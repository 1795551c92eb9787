package claim_batch

import (
	"context"
	"fmt"
	"testing"

	"github.com/openimis/openimis-be-go/internal/clock"
	"github.com/openimis/openimis-be-go/internal/db"
	"github.com/openimis/openimis-be-go/internal/fault"
	"github.com/openimis/openimis-be-go/internal/testing/dbtest"
	"github.com/openimis/openimis-be-go/internal/testing/golden"
	"github.com/openimis/openimis-be-go/internal/testing/golden/goldendb"
	"github.com/openimis/openimis-be-go/modules/claim"
	claimrules "github.com/openimis/openimis-be-go/modules/claim/rules"
	"github.com/openimis/openimis-be-go/modules/claim_batch/rules"
)

// ownTables are those in which a run is kept.
var ownTables = []string{"imis_batch", "imis_batch_index", "imis_batch_rate", "imis_batch_claim", "imis_batch_line", "imis_lease"}

// The recorded scenarios, through the service on every engine. Parts of two claims make several transactions of all.
func TestGolden(t *testing.T) {
	short(t, 2)
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		for _, s := range golden.Load("batch") {
			t.Run(s.ID, func(t *testing.T) {
				w := goldendb.Insert(t, d, s)
				defer goldendb.Clean(t, d, w, ownTables...)
				given := len(goldendb.Rows(t, d, nil, "tblBatchRun"))
				for i, step := range w.Steps {
					got, err := call(t, d, w, step)
					if err != nil {
						t.Fatalf("step %d: %v", i, err)
					}
					if got == nil {
						continue
					}
					for _, diff := range w.DiffReturn(i, got) {
						t.Error(diff)
					}
				}
				for _, diff := range w.DiffTables(func(table string) []golden.Record {
					rows := goldendb.Rows(t, d, w, table)
					if table == "tblBatchRun" { // the recording has the new ones only
						rows = rows[given:]
					}
					return rows
				}) {
					t.Error(diff)
				}
				if t.Failed() {
					t.Logf("%s: %s %v %s", s.ID, s.Title, s.Rules, s.Risk)
				}
			})
		}
	})
}

func call(t *testing.T, d *db.DB, w *golden.World, step golden.Step) (golden.Record, error) {
	ctx := t.Context()
	if step.Update != "" {
		return nil, d.Write(ctx, "update", func(tx *db.Tx) error {
			_, err := tx.Update(ctx, step.Update, w.ID(string(step.Row)), goldendb.Fitting(step.Update, w.Record(step.Set)))
			return err
		})
	}
	params := w.Record(step.Params)
	user := params["AuditUser"].(int)
	var location *int
	if id, ok := params["LocationId"].(int); ok && id != -1 {
		location = &id
	}
	switch step.Proc {
	case "uspBatchProcess":
		s := &Service{DB: d, Clock: clock.Fixed(w.Now), Part: 2}
		_, err := s.Run(ctx, "test", Request{LocationID: location, Year: params["Year"].(int), Month: params["Period"].(int), UserID: user}, nil)
		if fault.Code(err) == fault.Conflict {
			return golden.Record{"return": 2}, nil
		}
		return golden.Record{"return": 0}, err
	case "uspRelativeIndexCalculationMonthly":
		return golden.Record{"return": 0, "RtnStatus": 0}, calculate(ctx, d, w, location,
			rules.Period{Type: rules.Type(params["RelType"].(int)), Year: params["Year"].(int), Number: params["Period"].(int)}, user)
	}
	return single(ctx, d, w, step, claimrules.Author{UserID: user, Now: w.Now})
}

// calculate writes the indexes of a period, which the procedure does when it is called by itself.
func calculate(ctx context.Context, d *db.DB, w *golden.World, location *int, p rules.Period, user int) error {
	return d.Write(ctx, "calculate", func(tx *db.Tx) error {
		products, err := localProducts(ctx, tx, location)
		if err != nil {
			return err
		}
		list, _, err := indexes(ctx, tx, products, []rules.Period{p})
		if err != nil {
			return err
		}
		for _, x := range list {
			if _, err := tx.Insert(ctx, "tblRelIndex", db.Values{"ProdID": x.ProductID, "RelType": int(p.Type), "RelCareType": string(x.Care), "RelYear": p.Year,
				"RelPeriod": p.Number, "CalcDate": w.Now, "RelIndex": x.Value, "ValidityFrom": w.Now, "AuditUserID": user, "LocationId": location}); err != nil {
				return err
			}
		}
		return nil
	})
}

// single plays the steps of a claim before its batch.
func single(ctx context.Context, d *db.DB, w *golden.World, step golden.Step, author claimrules.Author) (got golden.Record, err error) {
	id := w.Record(step.Params)["ClaimID"].(int)
	steps := map[string]func(*claimrules.Data, *claimrules.Claim, claimrules.Author) claimrules.Changes{
		"uspSubmitSingleClaim":       (*claimrules.Data).Submit,
		"uspProcessSingleClaimStep1": (*claimrules.Data).Assign,
		"uspProcessSingleClaimStep2": func(d *claimrules.Data, c *claimrules.Claim, a claimrules.Author) claimrules.Changes {
			return d.Valuate(c, a, true)
		},
	}
	evaluate, ok := steps[step.Proc]
	if !ok {
		return nil, fmt.Errorf("nothing plays %s", step.Proc)
	}
	var out claimrules.Outcome
	err = d.Write(ctx, step.Proc, func(tx *db.Tx) error {
		ch, ok, err := claim.Single(ctx, tx, id, author, evaluate)
		if err == nil && !ok {
			err = fmt.Errorf("no claim %d", id)
		}
		out = ch.Outcome
		return err
	})
	got = golden.Record{"return": 0, "RtnStatus": out.Status}
	if step.Proc == "uspSubmitSingleClaim" {
		got["RtnItemsPassed"], got["RtnItemsRejected"] = out.Passed[claimrules.Items], out.Rejected[claimrules.Items]
		got["RtnServicesPassed"], got["RtnServicesRejected"] = out.Passed[claimrules.Services], out.Rejected[claimrules.Services]
	}
	return got, err
}
