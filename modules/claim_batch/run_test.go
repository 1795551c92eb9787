package claim_batch

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/shopspring/decimal"

	"github.com/openimis/openimis-be-go/internal/clock"
	"github.com/openimis/openimis-be-go/internal/db"
	"github.com/openimis/openimis-be-go/internal/fault"
	"github.com/openimis/openimis-be-go/internal/mutation"
	"github.com/openimis/openimis-be-go/internal/schema"
	"github.com/openimis/openimis-be-go/internal/testing/dbtest"
	"github.com/openimis/openimis-be-go/internal/testing/golden/goldendb"
)

var january = clock.Fixed(time.Date(2020, 1, 3, 10, 0, 0, 0, time.UTC))

// runs are those of a year that the tests make: some months of each place, with ends of quarters and of the year.
func (w world) runs() (list []Request) {
	for _, month := range []int{2, 3, 6, 12} {
		for _, place := range w.places() {
			list = append(list, Request{LocationID: place, Year: 2019, Month: month, UserID: 9})
		}
	}
	return list
}

// A preview says what the run does that follows it: the preview goes by the rules, claim by claim, the run by sets.
func TestPreviewEqualsRun(t *testing.T) {
	short(t, 300)
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := fill(t, d, 7, 120, 800)
		s := &Service{DB: d, Clock: january, Part: 150}
		paid := decimal.Zero
		for _, r := range w.runs() {
			preview, err := s.Preview(t.Context(), r)
			if err != nil {
				t.Fatal(err)
			}
			again, err := s.Preview(t.Context(), r)
			if err != nil || cmp.Diff(preview, again) != "" {
				t.Fatal("a preview changed something", err)
			}
			id, err := s.Run(t.Context(), "test", r, nil)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(kept(t, d, id), promised(preview)); diff != "" {
				t.Errorf("%s: run (-) and preview (+) differ:\n%s", period(r.LocationID, r.Year, r.Month), diff)
			}
			for _, sum := range preview.Totals {
				paid = paid.Add(sum.Relative)
			}
			if _, err := s.Run(t.Context(), "test", r, nil); fault.Code(err) != fault.Conflict {
				t.Errorf("a second run: %v", err)
			}
		}
		if !paid.IsPositive() {
			t.Error("nothing was paid by an index")
		}
	})
}

// A run lists what its products have to do with, and not what else was processed in the country.
func TestRunListsClaimsOfItsProducts(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := fill(t, d, 5, 60, 300)
		s := &Service{DB: d, Clock: january}
		counts := map[int]bool{}
		for _, place := range w.places() {
			products, err := localProducts(t.Context(), d, place)
			if err != nil {
				t.Fatal(err)
			}
			concerned := map[int]bool{}
			for _, k := range kinds {
				var ids []int
				err := d.Select(t.Context(), &ids, `SELECT DISTINCT l."ClaimID" FROM "`+k.table+`" AS l JOIN "tblClaim" AS c ON c."ClaimID" = l."ClaimID"
					WHERE c."ValidityTo" IS NULL AND c."ProcessStamp" IS NOT NULL AND l."ValidityTo" IS NULL AND l."`+k.status+`" = 1 AND l."ProdID" IN $ints(?)
					AND (c."ClaimStatus" = 8 OR c."ClaimStatus" = 16 AND c."RunID" IS NULL AND c."ProcessStamp" >= ? AND c."ProcessStamp" < ?)`,
					productIDs(products), date("2019-06-01"), date("2019-07-01"))
				if err != nil {
					t.Fatal(err)
				}
				for _, id := range ids {
					concerned[id] = true
				}
			}
			var said []string
			_, err = s.Run(t.Context(), "test", Request{LocationID: place, Year: 2019, Month: 6, UserID: 9}, func(_ context.Context, text string) error {
				said = append(said, text)
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
			if want := fmt.Sprintf("The claims are being listed: %d so far.", len(concerned)); !slices.Contains(said, want) {
				t.Errorf("%s: %q is not among %q", period(place, 2019, 6), want, said)
			}
			counts[len(concerned)] = true
		}
		if len(counts) < 3 {
			t.Errorf("the places have all the same numbers of claims: %v", counts)
		}
	})
}

// outcome is what a run left, in one spelling for the database and the preview.
type outcome struct {
	Indexes []string
	Claims  int
	Totals  []string
}

func promised(p *Preview) (o outcome) {
	o.Claims = p.Claims
	for _, x := range p.Indexes {
		value := "NULL"
		if x.Value != nil {
			value = x.Value.StringFixed(4)
		}
		o.Indexes = append(o.Indexes, fmt.Sprint(x.ProductID, x.Care, x.Period.Type, x.Period.Year, x.Period.Number, value))
	}
	for _, x := range p.Totals {
		o.Totals = append(o.Totals, fmt.Sprint(x.ProductID, x.FacilityID, x.Claims, x.Lines, x.Relative.StringFixed(2), x.Remunerated.StringFixed(2)))
	}
	return o
}

func kept(t *testing.T, d *db.DB, run int) (o outcome) {
	t.Helper()
	var indexes []struct {
		Product, Type, Year, Period int
		Care                        string
		Value                       *decimal.Decimal
	}
	if err := d.Select(t.Context(), &indexes, `SELECT r."ProdID" AS "product", r."RelType" AS "type", r."RelYear" AS "year", r."RelPeriod" AS "period", r."RelCareType" AS "care", r."RelIndex" AS "value"
		FROM "tblRelIndex" AS r JOIN "imis_batch_index" AS x ON x."rel_index_id" = r."RelIndexID" JOIN "imis_batch" AS b ON b."id" = x."batch_id" WHERE b."run_id" = ? ORDER BY r."RelIndexID"`, run); err != nil {
		t.Fatal(err)
	}
	for _, x := range indexes {
		value := "NULL"
		if x.Value != nil {
			value = x.Value.StringFixed(4)
		}
		o.Indexes = append(o.Indexes, fmt.Sprint(x.Product, x.Care, x.Type, x.Year, x.Period, value))
	}
	if err := d.Get(t.Context(), &o.Claims, `SELECT COUNT(*) FROM "tblClaim" WHERE "RunID" = ? AND "ClaimStatus" = 16`, run); err != nil {
		t.Fatal(err)
	}
	var totals []struct {
		Product, Facility, Claims, Lines int
		Relative, Remunerated            decimal.Decimal
	}
	if err := d.Select(t.Context(), &totals, `SELECT x."product", x."facility", COUNT(DISTINCT x."claim") AS "claims", COUNT(*) AS "lines",
		SUM(CASE WHEN x."origin" = 'R' THEN COALESCE(x."amount", 0) ELSE 0 END) AS "relative", SUM(COALESCE(x."amount", 0)) AS "remunerated" FROM
		(SELECT c."ClaimID" AS "claim", c."HFID" AS "facility", l."ProdID" AS "product", l."PriceOrigin" AS "origin", l."RemuneratedAmount" AS "amount"
			FROM "tblClaim" AS c JOIN "tblClaimItems" AS l ON l."ClaimID" = c."ClaimID" WHERE c."RunID" = ? AND l."ValidityTo" IS NULL AND l."ClaimItemStatus" = 1 AND l."ProdID" IS NOT NULL
		UNION ALL SELECT c."ClaimID", c."HFID", l."ProdID", l."PriceOrigin", l."RemuneratedAmount"
			FROM "tblClaim" AS c JOIN "tblClaimServices" AS l ON l."ClaimID" = c."ClaimID" WHERE c."RunID" = ? AND l."ValidityTo" IS NULL AND l."ClaimServiceStatus" = 1 AND l."ProdID" IS NOT NULL) AS x
		GROUP BY x."product", x."facility" ORDER BY x."product", x."facility"`, run, run); err != nil {
		t.Fatal(err)
	}
	for _, x := range totals {
		o.Totals = append(o.Totals, fmt.Sprint(x.Product, x.Facility, x.Claims, x.Lines, x.Relative.StringFixed(2), x.Remunerated.StringFixed(2)))
	}
	return o
}

// Undoing runs, the last first, restores every legacy table after each to what it was before the run.
func TestUndoRestoresEverything(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := fill(t, d, 3, 60, 200)
		s := &Service{DB: d, Clock: january, Part: 70}
		var before []string
		runs := w.runs()
		for _, r := range runs {
			before = append(before, snapshot(t, d))
			if _, err := s.Run(t.Context(), "test", r, nil); err != nil {
				t.Fatal(err)
			}
		}
		for i, r := range slices.Backward(runs) {
			if err := s.Undo(t.Context(), "test", r.LocationID, "", nil); err != nil {
				t.Fatal(err)
			}
			if now := snapshot(t, d); now != before[i] {
				t.Fatalf("undoing %s left a difference:\n%s", period(r.LocationID, r.Year, r.Month), cmp.Diff(before[i], now))
			}
		}
		for _, table := range ownTables[1:5] {
			if rows := goldendb.Rows(t, d, nil, table); len(rows) > 0 {
				t.Errorf("%d rows are left in %s", len(rows), table)
			}
		}
		if err := s.Undo(t.Context(), "test", nil, "", nil); fault.Code(err) != fault.NotFound {
			t.Errorf("an undo without run: %v", err)
		}
	})
}

// Details are kept of the last three runs of a location; older ones cannot be undone.
func TestPrune(t *testing.T) {
	d := dbtest.SQLite(t)
	w := fill(t, d, 3, 60, 200)
	s := &Service{DB: d, Clock: january, Part: 30}
	district := &w.locations[1]
	for month := 1; month <= 5; month++ {
		if _, err := s.Run(t.Context(), "test", Request{LocationID: district, Year: 2019, Month: month}, nil); err != nil {
			t.Fatal(err)
		}
	}
	before := snapshot(t, d)
	for range 2 { // the second time there is nothing to do
		if err := s.Prune(t.Context(), "prune"); err != nil {
			t.Fatal(err)
		}
	}
	if snapshot(t, d) != before {
		t.Error("pruning changed a legacy table")
	}
	for _, table := range ownTables[1:5] {
		var n int
		if err := d.Get(t.Context(), &n, `SELECT COUNT(*) FROM "`+table+`" WHERE "batch_id" <= 2`); err != nil || n > 0 {
			t.Errorf("%d rows of old runs are left in %s, %v", n, table, err)
		}
	}
	for range keptRuns {
		if err := s.Undo(t.Context(), "test", district, "", nil); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Undo(t.Context(), "test", district, "", nil); fault.Code(err) != fault.Conflict {
		t.Errorf("undo of a run of which nothing is kept: %v", err)
	}
}

// short has statements that read all claims go through n at a time.
func short(t *testing.T, n int) {
	before := stretch
	stretch = n
	t.Cleanup(func() { stretch = before })
}

// A process that goes on with a run which it has read before another one took it over does nothing twice, and says so;
// in the same way one that still plans a run for which another one has made a new plan.
func TestTwoProcessesAtOnce(t *testing.T) {
	for _, state := range []string{statePlanning, stateStaging, statePublishing} {
		dbtest.Each(t, func(t *testing.T, d *db.DB) {
			short(t, 70)
			w := fill(t, d, 3, 60, 200)
			s := &Service{DB: d, Clock: january, Part: 30}
			r := Request{LocationID: &w.locations[1], Year: 2019, Month: 3, MutationID: "the same"}
			overtaken := false
			_, err := s.Run(t.Context(), "the same", r, func(ctx context.Context, _ string) error {
				b, err := unfinished(ctx, d)
				if err != nil || overtaken || b == nil || b.State != state {
					return err
				}
				overtaken = true
				_, err = s.Run(ctx, "the same", r, nil)
				return err
			})
			if !overtaken || !errors.Is(err, errElsewhere) {
				t.Errorf("%s: %v", state, err)
			}
			if b, err := unfinished(t.Context(), d); err != nil || b != nil {
				t.Errorf("%s: the run did not end: %+v, %v", state, b, err)
			}
		})
	}
}

// Runs of other locations wait for one that was interrupted. Once nobody has gone on with it for a while, a plan is
// thrown away, and a run that is half published is named.
func TestInterruptedRunAndOthers(t *testing.T) {
	d := dbtest.SQLite(t)
	short(t, 70)
	w := fill(t, d, 3, 60, 200)
	now := january()
	s := &Service{DB: d, Clock: func() time.Time { return now }, Part: 30}
	stop := errors.New("the process stops")
	first := Request{LocationID: &w.locations[1], Year: 2019, Month: 3, MutationID: "first"}
	second := Request{LocationID: &w.locations[2], Year: 2019, Month: 3, MutationID: "second"}
	interrupt := func(state string) {
		t.Helper()
		_, err := s.Run(t.Context(), "first", first, func(ctx context.Context, _ string) error {
			if b, err := unfinished(ctx, d); err != nil || b != nil && b.State == state {
				return errors.Join(stop, err)
			}
			return nil
		})
		if !errors.Is(err, stop) {
			t.Fatal(err)
		}
	}
	interrupt(statePlanning)
	if _, err := s.Run(t.Context(), "second", second, nil); !errors.Is(err, ErrBusy) {
		t.Errorf("beside half a plan of this moment: %v", err)
	}
	interrupt(stateStaging) // half a plan is thrown away, and made again
	if _, err := s.Run(t.Context(), "second", second, nil); !errors.Is(err, ErrBusy) {
		t.Errorf("beside a plan of this moment: %v", err)
	}
	if err := s.Undo(t.Context(), "second", first.LocationID, "undo", nil); !errors.Is(err, ErrBusy) {
		t.Errorf("undo beside a plan of this moment: %v", err)
	}
	now = now.Add(rest)
	if _, err := s.Run(t.Context(), "second", second, nil); err != nil {
		t.Errorf("after the plan was left: %v", err)
	}
	interrupt(statePublishing)
	now = now.Add(rest)
	second.Month = 4
	if _, err := s.Run(t.Context(), "second", second, nil); fault.Code(err) != fault.Conflict || !strings.Contains(fault.Message(err), "March 2019") {
		t.Errorf("after a half-published run was left: %v", err)
	}
	again := first
	again.MutationID = "again"
	if _, err := s.Run(t.Context(), "again", again, nil); err != nil {
		t.Errorf("asking for the same again: %v", err)
	}
	if _, err := s.Run(t.Context(), "again", again, nil); err != nil {
		t.Errorf("the same mutation, whose process died at its end: %v", err)
	}
	if _, err := s.Run(t.Context(), "second", second, nil); err != nil {
		t.Errorf("afterwards: %v", err)
	}
	// Who holds the lease keeps others out.
	if ok, err := mutation.NewLease(d, s.Clock).Try(t.Context(), leaseName, "somebody", time.Minute); !ok || err != nil {
		t.Fatal(ok, err)
	}
	if _, err := s.Run(t.Context(), "second", second, nil); !errors.Is(err, ErrBusy) {
		t.Errorf("beside another process: %v", err)
	}
}

// A claim that somebody changes between plan and publication stays as it is; an undo says that claims changed since.
func TestChangedClaims(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := fill(t, d, 3, 60, 200)
		s := &Service{DB: d, Clock: january, Part: 1000}
		r := Request{LocationID: &w.locations[1], Year: 2019, Month: 12}
		var claim int
		change := func(set db.Values) {
			t.Helper()
			if err := d.Write(t.Context(), "change", func(tx *db.Tx) error {
				_, err := tx.Update(t.Context(), "tblClaim", claim, set)
				return err
			}); err != nil {
				t.Fatal(err)
			}
		}
		_, err := s.Run(t.Context(), "test", r, func(ctx context.Context, _ string) error {
			if claim == 0 {
				if err := d.Get(ctx, &claim, `SELECT COALESCE(MIN("claim_id"), 0) FROM "imis_batch_claim" WHERE "old_status" = 8 AND "new_status" = 16`); err != nil {
					return err
				}
				if claim > 0 {
					change(db.Values{"ClaimStatus": 1})
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		var now struct {
			Status int  `db:"ClaimStatus"`
			Run    *int `db:"RunID"`
		}
		if err := d.Get(t.Context(), &now, `SELECT "ClaimStatus", "RunID" FROM "tblClaim" WHERE "ClaimID" = ?`, claim); err != nil || now.Status != 1 || now.Run != nil {
			t.Errorf("the claim that was rejected meanwhile: %+v, %v", now, err)
		}
		var skipped, paid int
		if err := d.Get(t.Context(), &skipped, `SELECT "skipped" FROM "imis_batch"`); err != nil || skipped != 1 {
			t.Errorf("%d claims were skipped, %v", skipped, err)
		}
		for _, k := range kinds {
			var n int
			if err := d.Get(t.Context(), &n, `SELECT COUNT(*) FROM "`+k.table+`" WHERE "ClaimID" = ? AND "PriceOrigin" = 'R' AND "RemuneratedAmount" IS NOT NULL`, claim); err != nil {
				t.Fatal(err)
			}
			paid += n
		}
		if paid > 0 {
			t.Errorf("%d of its lines are paid", paid)
		}
		if err := d.Get(t.Context(), &claim, `SELECT MIN("ClaimID") FROM "tblClaim" WHERE "RunID" IS NOT NULL`); err != nil {
			t.Fatal(err)
		}
		change(db.Values{"ClaimStatus": 1})
		before := snapshot(t, d)
		if err := s.Undo(t.Context(), "test", r.LocationID, "", nil); fault.Code(err) != fault.Conflict || !strings.Contains(fault.Message(err), "1 of its claims") {
			t.Errorf("undo after a change: %v", err)
		}
		if snapshot(t, d) != before {
			t.Error("a refused undo changed something")
		}
	})
}

// snapshot is the text of all legacy tables.
func snapshot(t *testing.T, d *db.DB) string {
	t.Helper()
	var text strings.Builder
	for _, tab := range schema.Tables() {
		if tab.Own || !d.Offers(tab.Name, "") {
			continue
		}
		for _, row := range goldendb.Rows(t, d, nil, tab.Name) {
			fmt.Fprintln(&text, tab.Name, row)
		}
	}
	return text.String()
}
