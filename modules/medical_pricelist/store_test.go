package medical_pricelist

import (
	"context"
	"os"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"github.com/openimis/openimis-be-go/internal/auth"
	"github.com/openimis/openimis-be-go/internal/db"
	"github.com/openimis/openimis-be-go/internal/testing/dbtest"
	"github.com/openimis/openimis-be-go/internal/testing/sqlcheck"
)

func TestMain(m *testing.M) { os.Exit(sqlcheck.Gate(m)) }

func TestOverruledPricesAndWhoUsesAList(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		now := time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC)
		closed := now.AddDate(0, -1, 0)
		var list, district int
		err := d.Write(t.Context(), "test data", func(tx *db.Tx) (err error) {
			insert := func(table string, v db.Values) (id int) {
				if err == nil {
					v["ValidityFrom"], v["AuditUserID"] = now.AddDate(-1, 0, 0), 1
					if table == "tblLocations" {
						v["AuditUserId"] = 1
						delete(v, "AuditUserID")
					}
					id, err = tx.Insert(context.Background(), table, v)
				}
				return id
			}
			district = insert("tblLocations", db.Values{"LocationCode": "D1", "LocationName": "D", "LocationType": "D"})
			list = insert("tblPLItems", db.Values{"PLItemName": "List", "DatePL": now})
			insert("tblPLItemsDetail", db.Values{"PLItemID": list, "ItemID": 5, "PriceOverule": decimal.RequireFromString("12.50")})
			insert("tblPLItemsDetail", db.Values{"PLItemID": list, "ItemID": 6})
			insert("tblPLItemsDetail", db.Values{"PLItemID": list, "ItemID": 7, "PriceOverule": decimal.RequireFromString("9"), "ValidityTo": closed})
			insert("tblHF", db.Values{"HFCode": "H1", "HFName": "Facility", "LegalForm": "G", "HFLevel": "H", "HFCareType": "B", "LocationId": district, "PLItemID": list, "OffLine": false})
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		s := Store{DB: d}
		prices, err := s.Overruled(t.Context(), items, list)
		if err != nil || len(prices) != 1 || *prices[0].ID != 5 || !prices[0].PriceOverrule.Equal(decimal.RequireFromString("12.5")) {
			t.Errorf("%+v %v", prices, err)
		}
		if prices, err := s.Overruled(t.Context(), services, list); err != nil || len(prices) != 0 {
			t.Errorf("services: %+v %v", prices, err)
		}
		for _, c := range []struct {
			scope auth.Scope
			want  bool
		}{{auth.Scope{All: true}, true}, {auth.Scope{Districts: []int{district}}, true}, {auth.Scope{Districts: []int{district + 1}}, false}, {auth.Scope{}, false}} {
			if got, err := s.Used(t.Context(), items, list, c.scope); err != nil || got != c.want {
				t.Errorf("%+v: %t %v", c.scope, got, err)
			}
		}
	})
}
