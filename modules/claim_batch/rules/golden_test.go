package rules_test

import (
	"cmp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"github.com/openimis/openimis-be-go/internal/testing/golden"
	. "github.com/openimis/openimis-be-go/modules/claim_batch/rules"
)

// Golden scenarios: what the stored procedures left behind, against the rules in memory. Two scenarios that begin
// with claims as they are entered run with the store, where the steps before the batch are at hand.
func TestGolden(t *testing.T) {
	golden.Each(t, "batch", func(t *testing.T, w *golden.World) {
		if w.Steps[0].Proc == "uspSubmitSingleClaim" {
			t.Skip("needs the claim module; runs with the store")
		}
		given := len(w.Rows("tblBatchRun"))
		for i, step := range w.Steps {
			got := golden.Record{"return": 0}
			params := w.Record(step.Params)
			location := params["LocationId"]
			if location == -1 {
				location = nil
			}
			switch step.Proc {
			case "uspBatchProcess":
				got["RtnStatus"] = nil
				got["return"] = run(w, location, params["Year"].(int), params["Period"].(int), params["AuditUser"])
			case "uspRelativeIndexCalculationMonthly":
				got["RtnStatus"] = 0
				calculate(w, location, Period{Type: Type(params["RelType"].(int)), Year: params["Year"].(int), Number: params["Period"].(int)}, params["AuditUser"])
			default:
				t.Fatalf("nothing plays %s", step.Proc)
			}
			for _, diff := range w.DiffReturn(i, got) {
				t.Error(diff)
			}
		}
		for _, diff := range w.DiffTables(func(table string) []golden.Record {
			rows := w.Rows(table)
			if table == "tblBatchRun" { // the recording has the new ones only
				rows = rows[given:]
			}
			return rows
		}) {
			t.Error(diff)
		}
	})
}

const alreadyRun = 2

func run(w *golden.World, location any, year, month int, user any) int {
	for _, r := range current(w, "tblBatchRun") {
		if r["LocationId"] == location && r["RunYear"] == year && r["RunMonth"] == month {
			return alreadyRun
		}
	}
	for _, p := range Due(year, month) {
		calculate(w, location, p, user)
	}
	local := products(w, location)
	var indexes []Index
	for _, r := range current(w, "tblRelIndex") {
		indexes = append(indexes, Index{r["ProdID"].(int), Care(r["RelCareType"].(string)),
			Period{Type(r["RelType"].(int)), r["RelYear"].(int), r["RelPeriod"].(int)}, amount(r["RelIndex"])})
	}
	book := NewBook(year, month, local, Rates(local, indexes))
	var claims []Claim
	rows := map[int][]golden.Record{}
	for _, c := range current(w, "tblClaim") {
		claim := Claim{ID: c["ClaimID"].(int), Status: c["ClaimStatus"].(int), RunID: whole(c["RunID"]),
			Level: find(w, "tblHF", c["HFID"])["HFLevel"].(string), Processed: moment(c["ProcessStamp"])}
		for kind, table := range lineTables {
			for _, l := range current(w, table) {
				if l["ClaimID"] != c["ClaimID"] || l[status[kind]] != LinePassed {
					continue
				}
				rows[claim.ID] = append(rows[claim.ID], l)
				claim.Lines = append(claim.Lines, Line{Kind: kind, ID: l[golden.Identity(table)].(int), ProductID: whole(l["ProdID"]),
					Origin: text(l["PriceOrigin"]), Valuated: amount(l["PriceValuated"]), Remunerated: amount(l["RemuneratedAmount"])})
			}
		}
		claims = append(claims, claim)
	}
	type stored struct {
		RunID       int
		LocationId  any
		RunYear     int
		RunMonth    int
		AuditUserID any
	}
	id := golden.Store(w, "tblBatchRun", stored{LocationId: location, RunYear: year, RunMonth: month, AuditUserID: user})[0]
	for _, claim := range claims {
		ch, ok := book.Decide(claim)
		if !ok {
			continue
		}
		c := find(w, "tblClaim", claim.ID)
		c["ClaimStatus"] = ch.Status
		if ch.Run {
			c["RunID"] = id
		}
		for i, pay := range ch.Lines {
			rows[claim.ID][i]["RemuneratedAmount"] = nil
			if pay.Amount != nil {
				rows[claim.ID][i]["RemuneratedAmount"] = *pay.Amount
			}
		}
	}
	return 0
}

var (
	lineTables = []string{"tblClaimItems", "tblClaimServices"}
	status     = []string{"ClaimItemStatus", "ClaimServiceStatus"}
)

func calculate(w *golden.World, location any, p Period, user any) {
	products := products(w, location)
	earned, billed, shares := NewEarned(p), Billed{}, Distribution{}
	local := map[any]bool{}
	for _, x := range products {
		local[x.ID] = true
	}
	type key struct {
		product   int
		amount    string
		pay, till time.Time
		from      string
	}
	var order []key
	sums := map[key]Premium{}
	for _, r := range current(w, "tblPremium") {
		policy := find(w, "tblPolicy", r["PolicyID"])
		pay, expiry := moment(r["PayDate"]), moment(policy["ExpiryDate"])
		if policy["ValidityTo"] != nil || policy["PolicyStatus"] == 1 || !local[policy["ProdID"]] || expiry == nil || pay.After(*expiry) {
			continue
		}
		effective := moment(policy["EffectiveDate"])
		k := key{policy["ProdID"].(int), amount(r["Amount"]).String(), *pay, *expiry, ""}
		if effective != nil {
			k.from = effective.String()
		}
		if _, ok := sums[k]; !ok {
			order = append(order, k)
		}
		sums[k] = Premium{k.product, sums[k].Amount.Add(*amount(r["Amount"])), *pay, effective, *expiry}
	}
	for _, k := range order {
		earned.Add(sums[k])
	}
	for kind, table := range lineTables {
		for _, l := range current(w, table) {
			c := find(w, "tblClaim", l["ClaimID"])
			stamp := moment(c["ProcessStamp"])
			if l[status[kind]] != LinePassed || l["ProdID"] == nil || l["PriceValuated"] == nil || c["ValidityTo"] != nil || stamp == nil ||
				c["ClaimStatus"] != Processed && c["ClaimStatus"] != Valuated || !p.Contains(*stamp) {
				continue
			}
			b := Bill{l["ProdID"].(int), find(w, "tblHF", c["HFID"])["HFLevel"] == "H"}
			billed[b] = billed[b].Add(*amount(l["PriceValuated"]))
		}
	}
	for _, r := range current(w, "tblRelDistr") {
		shares[DistributionKey{r["ProdID"].(int), Care(r["DistrCareType"].(string)), Type(r["DistrType"].(int)), r["Period"].(int)}] = amount(r["DistrPerc"])
	}
	type stored struct {
		RelIndexID  int
		ProdID      int
		RelType     int
		RelCareType string
		RelYear     int
		RelPeriod   int
		RelIndex    *decimal.Decimal
		LocationId  any
		AuditUserID any
	}
	indexes, _ := Calculate(p, products, earned, billed, shares)
	for _, x := range indexes {
		golden.Store(w, "tblRelIndex", stored{ProdID: x.ProductID, RelType: int(p.Type), RelCareType: string(x.Care), RelYear: p.Year,
			RelPeriod: p.Number, RelIndex: x.Value, LocationId: location, AuditUserID: user})
	}
}

func products(w *golden.World, location any) (list []Product) {
	for _, r := range current(w, "tblProduct") {
		if r["LocationId"] == location {
			list = append(list, Product{r["ProdID"].(int), text(r["PeriodRelPrices"]), text(r["PeriodRelPricesIP"]), text(r["PeriodRelPricesOP"])})
		}
	}
	slices.SortFunc(list, func(a, b Product) int { return cmp.Compare(a.ID, b.ID) })
	return list
}

func current(w *golden.World, table string) (rows []golden.Record) {
	for _, r := range w.Rows(table) {
		if r["ValidityTo"] == nil {
			rows = append(rows, r)
		}
	}
	return rows
}

func find(w *golden.World, table string, id any) golden.Record {
	for _, r := range w.Rows(table) {
		if r[golden.Identity(table)] == id {
			return r
		}
	}
	panic(table)
}

func amount(v any) *decimal.Decimal {
	switch v := v.(type) {
	case nil:
		return nil
	case decimal.Decimal:
		return &v
	case *decimal.Decimal:
		return v
	case int:
		d := decimal.New(int64(v), 0)
		return &d
	}
	d := decimal.RequireFromString(v.(string))
	return &d
}

func whole(v any) *int {
	if v == nil {
		return nil
	}
	n := v.(int)
	return &n
}

func text(v any) *string {
	if v == nil {
		return nil
	}
	s := v.(string)
	return &s
}

func moment(v any) *time.Time {
	switch v := v.(type) {
	case nil:
		return nil
	case time.Time:
		return &v
	}
	for _, layout := range []string{time.DateOnly, "2006-01-02T15:04:05"} {
		if at, err := time.Parse(layout, strings.Replace(v.(string), " ", "T", 1)); err == nil {
			return &at
		}
	}
	panic(v)
}
