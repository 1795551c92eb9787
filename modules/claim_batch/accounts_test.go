package claim_batch

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/shopspring/decimal"

	"github.com/openimis/openimis-be-go/internal/auth"
	"github.com/openimis/openimis-be-go/internal/db"
	"github.com/openimis/openimis-be-go/internal/fault"
	"github.com/openimis/openimis-be-go/internal/testing/dbtest"
	"github.com/openimis/openimis-be-go/modules/claim_batch/rules"
)

var everything = auth.Scope{All: true}

// The accounts of a run are what its preview said, by product and facility, whatever way they are listed.
func TestAccountsOfARun(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := fill(t, d, 7, 120, 400)
		s := &Service{DB: d, Clock: january, Part: 150}
		for _, place := range w.places() {
			r := Request{LocationID: place, Year: 2019, Month: 12, UserID: 9}
			preview, err := s.Preview(t.Context(), r)
			if err != nil {
				t.Fatal(err)
			}
			id, err := s.Run(t.Context(), "test", r, nil)
			if err != nil {
				t.Fatal(err)
			}
			want := map[string]string{}
			for _, x := range preview.Totals {
				if x.Remunerated.IsPositive() {
					want[fmt.Sprint(code(t, d, "tblProduct", "ProductCode", "ProdID", x.ProductID), " ", code(t, d, "tblHF", "HFCode", "HfID", x.FacilityID))] = x.Remunerated.StringFixed(2)
				}
			}
			sums, claims := map[string]decimal.Decimal{}, map[string]decimal.Decimal{}
			for row, err := range s.Accounts(t.Context(), everything, AccountQuestion{RunID: &id}) {
				if err != nil {
					t.Fatal(err)
				}
				if row.Region != "R0" || row.District != "D0" && row.District != "D1" {
					t.Errorf("region %q, district %q", row.Region, row.District)
				}
				k := row.ProductCode + " " + row.FacilityCode
				sums[k] = sums[k].Add(row.Remunerated)
			}
			for row, err := range s.AccountClaims(t.Context(), everything, AccountQuestion{RunID: &id}) {
				if err != nil {
					t.Fatal(err)
				}
				if row.RunMonth == nil || *row.RunMonth != 12 {
					t.Errorf("claim %s is not of the run", row.Code)
				}
				k := row.ProductCode + " " + row.FacilityCode
				claims[k] = claims[k].Add(row.Remunerated)
			}
			for what, got := range map[string]map[string]decimal.Decimal{"accounts": sums, "claims": claims} {
				texts := map[string]string{}
				for k, v := range got {
					texts[k] = v.StringFixed(2)
				}
				if diff := cmp.Diff(want, texts); diff != "" {
					t.Errorf("%s of %s:\n%s", what, period(place, 2019, 12), diff)
				}
			}
		}
		// A claim administrator's facility alone, and nothing for nobody.
		var facility int
		if err := d.Get(t.Context(), &facility, `SELECT MIN("HfID") FROM "tblHF"`); err != nil {
			t.Fatal(err)
		}
		for what, scope := range map[string]auth.Scope{"F0": {Districts: w.locations[1:2], HealthFacility: &facility}, "": {}} {
			for row, err := range s.Accounts(t.Context(), scope, AccountQuestion{}) {
				if err != nil || row.FacilityCode != what {
					t.Errorf("scope of %q sees %q, %v", what, row.FacilityCode, err)
				}
			}
		}
	})
}

func code(t *testing.T, d *db.DB, table, column, key string, id int) (text string) {
	t.Helper()
	if err := d.Get(t.Context(), &text, `SELECT "`+column+`" FROM "`+table+`" WHERE "`+key+`" = ?`, id); err != nil {
		t.Fatal(err)
	}
	return text
}

// A run that is not open yet is not paid: its claims are in no account.
func TestAccountsLeaveClosedRunsOut(t *testing.T) {
	d := dbtest.SQLite(t)
	w := fill(t, d, 7, 120, 400)
	s := &Service{DB: d, Clock: january}
	id, err := s.Run(t.Context(), "test", Request{LocationID: &w.locations[1], Year: 2019, Month: 12}, nil)
	if err != nil {
		t.Fatal(err)
	}
	count := func() (n int) {
		for _, err := range s.Accounts(t.Context(), everything, AccountQuestion{RunID: &id}) {
			if err != nil {
				t.Fatal(err)
			}
			n++
		}
		return n
	}
	if count() == 0 {
		t.Fatal("the run has no account")
	}
	if err := d.Write(t.Context(), "close", func(tx *db.Tx) error {
		_, err := tx.Update(t.Context(), "tblBatchRun", id, db.Values{"ValidityTo": january()})
		return err
	}); err != nil {
		t.Fatal(err)
	}
	if n := count(); n != 0 {
		t.Errorf("%d rows of a closed run", n)
	}
}

// Two facilities share a village half and half and one has another to itself; the figures are computed by hand.
func TestCapitation(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := fill(t, d, 7, 10, 10)
		ctx := t.Context()
		var facilities []int
		if err := d.Select(ctx, &facilities, `SELECT "HfID" FROM "tblHF" ORDER BY "HfID"`); err != nil {
			t.Fatal(err)
		}
		product := w.products[0]
		err := d.Write(ctx, "capitation", func(tx *db.Tx) error {
			f := filler{t: t, tx: tx}
			for _, table := range []string{"tblPolicy", "tblPremium", "tblClaim", "tblClaimItems", "tblClaimServices"} {
				if _, err := tx.Exec(ctx, `DELETE FROM "`+table+`"`); err != nil {
					return err
				}
			}
			if _, err := tx.Update(ctx, "tblProduct", product, db.Values{"Level1": "H", "Sublevel1": nil, "Level2": "D", "ShareContribution": decimal.New(50, 0),
				"WeightPopulation": decimal.New(40, 0), "WeightNumberFamilies": decimal.New(10, 0), "WeightInsuredPopulation": decimal.New(20, 0),
				"WeightNumberInsuredFamilies": decimal.New(10, 0), "WeightNumberVisits": decimal.New(10, 0), "WeightAdjustedAmount": decimal.New(10, 0)}); err != nil {
				return err
			}
			// 366 days of cover for 3,660: 10 a day, 310 in March.
			policy := f.put("tblPolicy", 1, func(int) db.Values {
				return db.Values{"ProdID": product, "EnrollDate": date("2019-01-01"), "StartDate": date("2019-01-01"), "EffectiveDate": date("2019-01-01"), "ExpiryDate": date("2020-01-02"), "PolicyStatus": 2, "PolicyStage": "N"}
			})
			f.put("tblPremium", 1, func(int) db.Values {
				return db.Values{"PolicyID": policy[0], "Amount": 3660, "Receipt": "1", "PayDate": date("2019-01-01"), "PayType": "C"}
			})
			var people []int
			if err := tx.Select(ctx, &people, `SELECT "InsureeID" FROM "tblInsuree" ORDER BY "InsureeID"`); err != nil {
				return err
			}
			f.put("tblInsureePolicy", 3, func(i int) db.Values { // two people of one family in V0, one in V1
				return db.Values{"InsureeId": people[[]int{0, 20, 1}[i]], "PolicyId": policy[0], "EffectiveDate": date("2019-01-01"), "ExpiryDate": date("2020-01-01")}
			})
			f.put("tblHFCatchment", 3, func(i int) db.Values {
				return db.Values{"HFID": facilities[[]int{0, 1, 1}[i]], "LocationId": w.locations[[]int{5, 5, 6}[i]], "Catchment": []int{50, 50, 100}[i]}
			})
			claims := f.put("tblClaim", 2, func(i int) db.Values {
				return db.Values{"ClaimCode": fmt.Sprint(i), "InsureeID": people[0], "HFID": facilities[i%2], "ClaimStatus": 16, "DateFrom": date("2019-03-02"), "DateTo": date("2019-03-02"),
					"DateClaimed": date("2019-03-02"), "DateProcessed": date("2019-03-31")}
			})
			f.put("tblClaimItems", 3, func(i int) db.Values {
				return db.Values{"ClaimID": claims[i/2], "ProdID": product, "ClaimItemStatus": 1, "QtyProvided": 1, "PriceAsked": 1, "PriceValuated": []int{10, 20, 90}[i]}
			})
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		s := &Service{DB: d, Clock: january}
		got, err := s.Capitation(ctx, everything, CapitationQuestion{ProductID: product, Year: 2019, Month: 3})
		if err != nil {
			t.Fatal(err)
		}
		if got.Contribution.StringFixed(2) != "310.00" {
			t.Errorf("contribution %s", got.Contribution)
		}
		type shown struct {
			Facility  string
			Has, Gets [rules.CriterionCount]string
			Payment   string
		}
		var rows []shown
		for _, r := range got.Rows {
			row := shown{Facility: r.FacilityCode, Payment: r.Payment.StringFixed(2)}
			for k := range rules.CriterionCount {
				row.Has[k], row.Gets[k] = r.Has[k].String(), r.Gets[k].StringFixed(2)
			}
			rows = append(rows, row)
		}
		want := []shown{
			{"F0", [6]string{"105", "20", "1", "0.5", "1", "30"}, [6]string{"15.50", "3.88", "10.33", "3.88", "7.75", "3.88"}, "45.22"},
			{"F1", [6]string{"315", "60", "2", "1.5", "1", "90"}, [6]string{"46.50", "11.63", "20.67", "11.63", "7.75", "11.63"}, "109.81"},
			{"F3", [6]string{"0", "0", "0", "0", "0", "0"}, [6]string{"0.00", "0.00", "0.00", "0.00", "0.00", "0.00"}, "0.00"},
		}
		if diff := cmp.Diff(want, rows); diff != "" {
			t.Error(diff)
		}
		some, err := s.Capitation(ctx, auth.Scope{Districts: w.locations[1:2]}, CapitationQuestion{ProductID: product, Year: 2019, Month: 3})
		if err != nil || len(some.Rows) != 1 || some.Rows[0].FacilityCode != "F0" || some.Rows[0].Payment.StringFixed(2) != "45.22" {
			t.Errorf("within a district: %+v, %v", some, err)
		}
		if _, err := s.Capitation(ctx, everything, CapitationQuestion{ProductID: -5, Year: 2019, Month: 3}); fault.Field(err) != "productId" {
			t.Errorf("an unknown product: %v", err)
		}
	})
}
