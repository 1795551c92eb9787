package claim

import (
	"context"
	"errors"
	"fmt"
	"os"
	"testing"

	"github.com/openimis/openimis-be-go/internal/auth"
	"github.com/openimis/openimis-be-go/internal/db"
	"github.com/openimis/openimis-be-go/internal/testing/claims"
	"github.com/openimis/openimis-be-go/internal/testing/dbtest"
	"github.com/openimis/openimis-be-go/internal/testing/golden"
	"github.com/openimis/openimis-be-go/internal/testing/golden/goldendb"
	"github.com/openimis/openimis-be-go/internal/testing/sqlcheck"
	"github.com/openimis/openimis-be-go/modules/claim/rules"
)

func TestMain(m *testing.M) { os.Exit(sqlcheck.Gate(m)) }

// Golden scenarios again, through the store on every engine. Each runs in a transaction that is rolled
// back, so that one database serves them all.

func TestGoldenSubmitStored(t *testing.T) { storedScenarios(t, "claim-submit") }
func TestGoldenValueStored(t *testing.T)  { storedScenarios(t, "claim-value") }

func storedScenarios(t *testing.T, family string) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		for _, s := range golden.Load(family) {
			t.Run(s.ID, func(t *testing.T) {
				undo := errors.New("undo")
				err := d.Write(t.Context(), s.ID, func(tx *db.Tx) error {
					replayStored(t, tx, s)
					return undo
				})
				if !errors.Is(err, undo) {
					t.Error(err)
				}
				if t.Failed() {
					t.Logf("%s: %s %v %s", s.ID, s.Title, s.Rules, s.Risk)
				}
			})
		}
	})
}

func replayStored(t *testing.T, tx *db.Tx, s *golden.Scenario) {
	w, err := goldendb.InsertIn(t.Context(), tx, s)
	if err != nil {
		t.Fatal(err)
	}
	for i, step := range w.Steps {
		if step.Update != "" {
			if _, err := tx.Update(t.Context(), step.Update, w.ID(string(step.Row)), goldendb.Fitting(step.Update, w.Record(step.Set))); err != nil {
				t.Fatal(err)
			}
			continue
		}
		got, err := callStored(t.Context(), tx, w, step)
		if err != nil {
			t.Fatal(err)
		}
		for _, diff := range w.DiffReturn(i, got) {
			t.Error(diff)
		}
	}
	for _, diff := range w.DiffTables(func(table string) []golden.Record { return goldendb.Rows(t, tx, w, table) }) {
		t.Error(diff)
	}
}

func callStored(ctx context.Context, tx *db.Tx, w *golden.World, step golden.Step) (golden.Record, error) {
	params := w.Record(step.Params)
	author := rules.Author{UserID: params["AuditUser"].(int), Now: w.Now}
	over := func(refs []rules.Ref, why purpose, step func(*rules.Data, []rules.Ref) []rules.Changes) error {
		everybody := &auth.Principal{Person: &auth.Person{ID: author.UserID}, Scope: auth.Scope{All: true}}
		_, err := run{author: Author{everybody, author.Now}, purpose: why, rules: step}.over(ctx, tx, refs)
		return err
	}
	single := func(evaluate func(*rules.Data, *rules.Claim, rules.Author) rules.Changes) (rules.Changes, error) {
		ch, ok, err := Single(ctx, tx, params["ClaimID"].(int), author, evaluate)
		if err == nil && !ok {
			err = fmt.Errorf("no claim %v", params["ClaimID"])
		}
		return ch, err
	}
	switch step.Proc {
	case "uspSubmitSingleClaim":
		ch, err := single((*rules.Data).Submit)
		return claims.Submission(ch.Outcome), err
	case "uspProcessSingleClaimStep1":
		ch, err := single((*rules.Data).Assign)
		return claims.Returned(ch), err
	case "uspProcessSingleClaimStep2":
		ch, err := single(func(d *rules.Data, c *rules.Claim, author rules.Author) rules.Changes {
			return d.Valuate(c, author, params["IsProcess"] == 1)
		})
		return claims.Returned(ch), err
	}
	refs, err := storedReferences(ctx, tx, w, step)
	if err != nil {
		return nil, err
	}
	switch step.Proc {
	case "uspSubmitClaims":
		var n rules.SubmitCounts
		err := over(refs, forSubmit, func(d *rules.Data, refs []rules.Ref) (changes []rules.Changes) {
			changes, n = d.SubmitClaims(refs, author)
			return changes
		})
		return claims.Submitted(n), err
	case "uspProcessClaims":
		var n rules.ProcessCounts
		err := over(refs, forProcess, func(d *rules.Data, refs []rules.Ref) (changes []rules.Changes) {
			changes, n = d.ProcessClaims(refs, author)
			return changes
		})
		return claims.Processed(n), err
	}
	return nil, fmt.Errorf("unknown procedure %s", step.Proc)
}

// storedReferences reads row versions where the database has them.
func storedReferences(ctx context.Context, tx *db.Tx, w *golden.World, step golden.Step) (refs []rules.Ref, err error) {
	for _, row := range step.Claims {
		r := w.Record(row)
		ref := rules.Ref{ClaimID: r["ClaimID"].(int)}
		if err := tx.Get(ctx, &ref.RowID, `SELECT "RowID" FROM "tblClaim" WHERE "ClaimID" = ?`, ref.ClaimID); err != nil {
			return nil, err
		}
		if r["RowID"] == "stale" {
			ref.RowID++
		}
		refs = append(refs, ref)
	}
	return refs, nil
}
