package server_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/shopspring/decimal"

	"github.com/openimis/openimis-be-go/internal/db"
	"github.com/openimis/openimis-be-go/internal/testing/dbtest"
)

// Whichever way leads to a price list, it shows those only that the query pricelists shows the user.
func TestPriceListsOfOthersAreNotShown(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := fill(t, d, 2)
		ctx := t.Context()
		var lists [2][2]int // for each facility, that of services and that of items
		err := d.Write(ctx, "price lists", func(tx *db.Tx) error {
			var failed error
			insert := func(table string, v db.Values) int {
				v["ValidityFrom"], v["AuditUserID"] = now.AddDate(-1, 0, 0), 1
				id, err := tx.Insert(ctx, table, v)
				if err != nil && failed == nil {
					failed = err
				}
				return id
			}
			service := insert("tblServices", db.Values{"ServCode": "S1", "ServName": "Service", "ServType": "C", "ServLevel": "S", "ServPrice": 10, "ServCareType": "B", "ServPatCat": 15})
			item := insert("tblItems", db.Values{"ItemCode": "I1", "ItemName": "Item", "ItemType": "D", "ItemPrice": 10, "ItemCareType": "B", "ItemPatCat": 15})
			for i, facility := range w.Facilities {
				price := decimal.NewFromInt(int64(100 + i))
				services := insert("tblPLServices", db.Values{"PLServName": fmt.Sprintf("Services %d", i), "DatePL": now, "LocationId": w.Districts[i]})
				insert("tblPLServicesDetail", db.Values{"PLServiceID": services, "ServiceID": service, "PriceOverule": price})
				items := insert("tblPLItems", db.Values{"PLItemName": fmt.Sprintf("Items %d", i), "DatePL": now, "LocationId": w.Districts[i]})
				insert("tblPLItemsDetail", db.Values{"PLItemID": items, "ItemID": item, "PriceOverule": price})
				if _, err := tx.Update(ctx, "tblHF", facility, db.Values{"PLServiceID": services, "PLItemID": items}); err != nil {
					return err
				}
				lists[i] = [2]int{services, items}
			}
			// a patient of district 0 whose usual facility is in district 1
			if _, err := tx.Update(ctx, "tblInsuree", w.Insurees[0], db.Values{"HFID": w.Facilities[1]}); err != nil {
				return err
			}
			// u1 may search lists of services wherever they are
			role, err := tx.Insert(ctx, "tblRole", db.Values{"RoleName": "Prices", "IsSystem": 0, "IsBlocked": false, "AuditUserID": 1, "ValidityFrom": now.AddDate(-1, 0, 0)})
			if err != nil {
				return err
			}
			if _, err := tx.Insert(ctx, "tblRoleRight", db.Values{"RoleID": role, "RightID": 121201, "ValidityFrom": now.AddDate(-1, 0, 0)}); err != nil {
				return err
			}
			var user int
			if err := tx.Get(ctx, &user, `SELECT u."UserID" FROM "tblUsers" AS u WHERE u."LoginName" = ?`, "u1"); err != nil {
				return err
			}
			if _, err := tx.Insert(ctx, "tblUserRole", db.Values{"UserID": user, "RoleID": role, "ValidityFrom": now.AddDate(-1, 0, 0)}); err != nil {
				return err
			}
			return failed
		})
		if err != nil {
			t.Fatal(err)
		}
		r := start(t, d, nil)
		const (
			ofServices = `{ medicalServices { edges { node { pricelistDetails { edges { node { priceOverrule servicePricelist { serviceName } } } } } } } }`
			ofItems    = `{ medicalItems { edges { node { pricelistDetails { edges { node { priceOverrule itemPricelist { itemName } } } } } } } }`
			counted    = `{ medicalServices { edges { node { pricelistDetails { totalCount } } } } }`
			facilities = `{ healthFacilities { edges { node { code servicePricelist { serviceName details { edges { node { priceOverrule } } } } } } } }`
			patient    = `{ insuree(chfId: "000000") { healthFacility { code servicePricelist { serviceName } itemPricelist { itemName } } } }`
			territory  = `{ healthFacilities { edges { node { location { servicepricelistSet { edges { node { serviceName } } } } } } } }`
		)
		for _, c := range []struct{ user, query, shows, hides string }{
			{"u0", ofServices, "100", "101"},
			{"u0", ofItems, "100", "101"},
			{"u0", counted, `totalCount:1`, `totalCount:2`},
			{"u0", facilities, "100", "101"},
			{"u0", patient, "HF001", "Services 1"},
			{"u0", patient, "HF001", "Items 1"},
			{"u0", territory, "Services 0", "Services 1"},
			{"u1", ofServices, "100", "102"},
			{"u1", ofServices, "101", "102"},
			{"u1", ofItems, "101", "100"},
			{"admin", ofServices, "101", "102"},
			{"admin", ofItems, "100", "102"},
			{"admin", patient, "Items 1", "Items 0"},
		} {
			a := r.query(c.user, c.query)
			got := fmt.Sprint(a.Data)
			if a.Status != 200 || len(a.Errors) > 0 || !strings.Contains(got, c.shows) || strings.Contains(got, c.hides) {
				t.Errorf("%s %s: %v %s", c.user, c.query, a.Errors, got)
			}
		}
		// the query that sets the measure
		for user, refused := range map[string]bool{"u0": true, "admin": false} {
			a := r.query(user, fmt.Sprintf(`{ pricelists(servicePricelistId: %d) { services { id } } }`, lists[1][0]))
			if got := len(a.Errors) > 0; got != refused {
				t.Errorf("%s: %v", user, a.Errors)
			}
		}
	})
}
