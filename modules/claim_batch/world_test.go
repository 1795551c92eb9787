package claim_batch

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"github.com/openimis/openimis-be-go/internal/db"
	"github.com/openimis/openimis-be-go/internal/schema"
	"github.com/openimis/openimis-be-go/internal/testing/golden/goldendb"
)

// world is a generated scheme: a region with two districts, products of each and national ones, premiums and claims
// of 2019 in which everything that the rules look at occurs.
type world struct {
	locations []int // region, two districts, a ward in each, a village in each
	products  []int
}

// places are the locations that have products; nil is the country.
func (w world) places() []*int {
	return []*int{nil, &w.locations[0], &w.locations[1], &w.locations[2]}
}

// fill writes a world.
func fill(t testing.TB, d *db.DB, seed uint64, policies, claims int) (w world) {
	t.Helper()
	g := dice{rand.New(rand.NewPCG(seed, 1))}
	err := d.Write(context.Background(), "fill", func(tx *db.Tx) error {
		w = world{}
		f := filler{t: t, tx: tx}
		var above []any // of each place, the one that it lies in
		put := func(kind string, n int) {
			ids := f.put("tblLocations", n, func(i int) db.Values {
				v := db.Values{"LocationCode": fmt.Sprintf("%s%d", kind, i), "LocationName": fmt.Sprintf("%s%d", kind, i), "LocationType": kind, "ParentLocationId": nil,
					"MalePopulation": 100, "FemalePopulation": 110, "OtherPopulation": nil, "Families": 40}
				if above != nil {
					v["ParentLocationId"] = above[min(i, len(above)-1)]
				}
				return v
			})
			above = nil
			for _, id := range ids {
				above = append(above, id)
			}
			w.locations = append(w.locations, ids...)
		}
		put("R", 1)
		put("D", 2)
		put("W", 2)
		put("V", 2)
		homes := f.put("tblFamilies", 20, func(i int) db.Values { return db.Values{"LocationId": w.locations[5+i%2], "InsureeID": 0} })
		people := f.put("tblInsuree", 40, func(i int) db.Values {
			return db.Values{"CHFID": fmt.Sprintf("%09d", i), "LastName": "=1+1", "OtherNames": "N", "FamilyID": homes[i%20], "DOB": date("1980-01-01"), "Gender": "F"}
		})
		settings := []any{nil, "", "M", "M", "Q", "Y"}
		places := w.places()
		w.products = f.put("tblProduct", 8, func(i int) db.Values {
			v := db.Values{"ProductCode": fmt.Sprintf("P%d", i), "ProductName": "P", "LocationId": places[i%4], "PeriodRelPrices": settings[g.n(6)],
				"PeriodRelPricesIP": settings[g.n(6)], "PeriodRelPricesOP": settings[g.n(6)]}
			if i < 4 { // one that certainly has a monthly index
				v["PeriodRelPrices"] = "M"
			}
			return v
		})
		facilities := f.put("tblHF", 4, func(i int) db.Values {
			return db.Values{"HFCode": fmt.Sprintf("F%d", i), "HFName": "F", "HFLevel": []string{"H", "D", "C", "H"}[i], "LocationId": w.locations[1+i%2]}
		})
		day := func(from string, days int) time.Time { return date(from).AddDate(0, 0, g.n(days)) }
		var terms [][2]time.Time
		ids := f.put("tblPolicy", policies, func(int) db.Values {
			start := day("2018-03-01", 600)
			expiry := start.AddDate(0, []int{12, 12, 12, 3, 1}[g.n(5)], -1)
			terms = append(terms, [2]time.Time{start, expiry})
			v := db.Values{"ProdID": w.products[g.n(8)], "EnrollDate": start, "StartDate": start, "EffectiveDate": start, "ExpiryDate": expiry,
				"PolicyStatus": []int{1, 2, 2, 2, 8}[g.n(5)], "PolicyStage": "N", "PolicyValue": 100}
			if g.n(20) == 0 {
				v["EffectiveDate"] = nil
			}
			return v
		})
		f.put("tblPremium", policies*3/2, func(i int) db.Values {
			p := g.n(len(ids))
			return db.Values{"PolicyID": ids[p], "Amount": g.amount(2000), "Receipt": fmt.Sprint(i), "PayDate": terms[p][0].AddDate(0, 0, g.n(60)-20), "PayType": "C"}
		})
		var shares []db.Values
		for _, p := range w.products {
			for _, care := range []string{"B", "I", "O"} {
				for number := 1; number <= 12; number++ {
					if g.n(6) > 0 {
						shares = append(shares, db.Values{"ProdID": p, "DistrType": 12, "DistrCareType": care, "Period": number, "DistrPerc": decimal.New(int64(30+g.n(70)), -2)})
					}
				}
				for number := 1; number <= 4; number++ {
					shares = append(shares, db.Values{"ProdID": p, "DistrType": 4, "DistrCareType": care, "Period": number, "DistrPerc": nil})
				}
				shares = append(shares, db.Values{"ProdID": p, "DistrType": 1, "DistrCareType": care, "Period": 1, "DistrPerc": decimal.New(5, -1)})
			}
		}
		f.put("tblRelDistr", len(shares), func(i int) db.Values { return shares[i] })
		for left := claims; left > 0; left -= portion {
			claimsAndLines(f, g, w, facilities, people, claims-left, min(left, portion))
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// portion is how many claims are in memory at a time.
const portion = 50_000

// claimsAndLines writes n claims, the first of which has the number first, with one to four lines each.
func claimsAndLines(f filler, g dice, w world, facilities, people []int, first, n int) {
	day := func(from string, days int) time.Time { return date(from).AddDate(0, 0, g.n(days)) }
	numbers := f.put("tblClaim", n, func(i int) db.Values {
		stamp := day("2019-01-01", 365).Add(time.Duration(g.n(86400)) * time.Second)
		v := db.Values{"ClaimCode": fmt.Sprint(first + i), "InsureeID": people[g.n(40)], "HFID": facilities[g.n(4)], "ClaimStatus": []int{1, 4, 8, 8, 8, 8, 16, 16}[g.n(8)],
			"ProcessStamp": stamp, "DateFrom": stamp, "DateTo": stamp, "DateClaimed": stamp}
		switch g.n(40) {
		case 0:
			v["ValidityTo"] = stamp
		case 1:
			v["ProcessStamp"] = nil
		}
		return v
	})
	var lines [2][]db.Values
	for _, id := range numbers {
		for range 1 + g.n(4) {
			k := kinds[g.n(2)]
			v := db.Values{"ClaimID": id, "ProdID": w.products[g.n(8)], k.status: 1 + g.n(8)/7, "QtyProvided": 1, "PriceAsked": 1,
				"PriceOrigin": []any{"R", "R", "R", "P", "O", nil}[g.n(6)], "PriceValuated": g.amount(300), "RemuneratedAmount": nil, "ValidityTo": nil}
			if v["PriceOrigin"] != "R" && g.n(10) > 0 {
				v["RemuneratedAmount"] = v["PriceValuated"]
			}
			switch g.n(30) {
			case 0:
				v["ValidityTo"] = date("2019-12-31")
			case 1:
				v["PriceValuated"] = nil
			case 2:
				v["ProdID"] = nil
			}
			lines[k.number] = append(lines[k.number], v)
		}
	}
	for _, k := range kinds {
		f.put(k.table, len(lines[k.number]), func(i int) db.Values { return lines[k.number][i] })
	}
}

type dice struct{ *rand.Rand }

func (d dice) n(max int) int { return d.IntN(max) }

func (d dice) amount(max int) decimal.Decimal { return decimal.New(int64(d.n(max*100)), -2) }

type filler struct {
	t  testing.TB
	tx *db.Tx
}

// put writes n rows, whose columns are those of the first with what the table wants besides.
func (f filler) put(table string, n int, row func(i int) db.Values) []int {
	f.t.Helper()
	tab, _ := schema.Lookup(table)
	var columns []string
	var rows [][]any
	for i := range n {
		v := goldendb.Complete(f.tx, table, row(i))
		if tab.AuditUser != "" {
			v[tab.AuditUser] = 1
		}
		if columns == nil {
			if table == "tblClaim" {
				v["ValidityTo"] = nil
			}
			columns = slices.Sorted(maps.Keys(v))
		}
		values := make([]any, len(columns))
		for j, c := range columns {
			values[j] = v[c]
		}
		rows = append(rows, values)
	}
	ids, err := f.tx.BulkInsert(context.Background(), table, columns, rows)
	if err != nil {
		f.t.Fatalf("%s: %v", table, err)
	}
	return ids
}

func date(s string) time.Time {
	t, err := time.Parse(time.DateOnly, s)
	if err != nil {
		panic(err)
	}
	return t
}
