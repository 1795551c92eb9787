package server_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/openimis/openimis-be-go/internal/db"
	"github.com/openimis/openimis-be-go/internal/testing/dbtest"
)

// The legacy application keeps money that was given to a scheme as places and people: no list, picker or resource has
// them, not for an administrator either.
func TestFundingIsShownNowhere(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := fill(t, d, 2)
		err := d.Write(t.Context(), "funding", func(tx *db.Tx) error {
			var parent any
			for _, kind := range []string{"R", "D", "W", "V"} {
				id, err := tx.Insert(t.Context(), "tblLocations", db.Values{"LocationCode": "F" + kind, "LocationName": "Funding", "LocationType": kind, "ParentLocationId": parent, "AuditUserId": 1, "ValidityFrom": now})
				if err != nil {
					return err
				}
				if parent = id; kind != "D" {
					continue
				}
				if _, err := tx.Insert(t.Context(), "tblUsersDistricts", db.Values{"UserID": 1, "LocationId": id, "AuditUserID": 1, "ValidityFrom": now}); err != nil {
					return err
				}
			}
			family, err := tx.Insert(t.Context(), "tblFamilies", db.Values{"InsureeID": 0, "LocationId": parent, "AuditUserID": 1, "ValidityFrom": now})
			if err != nil {
				return err
			}
			_, err = tx.Insert(t.Context(), "tblInsuree", db.Values{"FamilyID": family, "CHFID": "999999999", "LastName": "Funding", "OtherNames": "Funding", "DOB": now, "Gender": "M",
				"IsHead": true, "CardIssued": false, "AuditUserID": 1, "ValidityFrom": now})
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		r := start(t, d, nil)
		for query, want := range map[string]string{
			`{ insurees(chfId: "999999999") { totalCount edges { node { id } } } }`:                            `map[insurees:map[edges:[] totalCount:0]]`,
			`{ insurees(lastName: "Funding") { totalCount } }`:                                                 `map[insurees:map[totalCount:0]]`,
			`{ insuree(chfId: "999999999") { id } }`:                                                           `map[insuree:<nil>]`,
			`{ policiesByInsuree(chfId: "999999999") { items { productCode } } }`:                              `map[policiesByInsuree:map[items:[]]]`,
			`{ insurees(first: 1) { edges { node { gender { insureeSet { edges { node { chfId } } } } } } } }`: ``,
			`{ userDistricts { code } }`:                                                                       ``,
		} {
			got := fmt.Sprint(r.good("admin", query))
			if want != "" && got != want {
				t.Errorf("%s\n got %s\nwant %s", query, got, want)
			}
			if strings.Contains(got, "999999999") || strings.Contains(got, "FD") {
				t.Errorf("%s: %s", query, got)
			}
		}
		if got := fmt.Sprint(r.good("admin", `{ insurees { totalCount } }`)); got != fmt.Sprintf("map[insurees:map[totalCount:%d]]", len(w.Insurees)) {
			t.Errorf("people: %s", got)
		}
	})
}

// A legacy row with a gap where the contract has none is shown all the same.
func TestGapsDoNotEmptyTheRow(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := fill(t, d, 1)
		err := d.Write(t.Context(), "gaps", func(tx *db.Tx) error {
			if _, err := tx.Exec(context.Background(), `UPDATE "tblInsuree" SET "isOffline" = NULL`); err != nil {
				return err
			}
			if d.Dialect() != db.Postgres { // elsewhere, everybody has a date of birth
				return nil
			}
			_, err := tx.Exec(context.Background(), `UPDATE "tblInsuree" SET "DOB" = NULL, "FamilyID" = CASE WHEN "CHFID" = '000001' THEN NULL ELSE "FamilyID" END`)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		r := start(t, d, nil)
		if got := fmt.Sprint(r.good("admin", `{ policiesByInsuree(chfId: "000000") { items { status } } }`)); !strings.Contains(got, "status:I") {
			t.Errorf("policies: %s", got) // a family without policies has one idle line
		}
		if got := fmt.Sprint(r.good("admin", `{ insuree(chfId: "000001") { chfId family { id } } }`)); !strings.Contains(got, "chfId:000001") || strings.Contains(got, "family:<nil>") != (d.Dialect() == db.Postgres) {
			t.Errorf("without family: %s", got)
		}
		got := fmt.Sprint(r.good("admin", `{ insurees(first: 1) { edges { node { chfId offline dob age } } } }`))
		if !strings.Contains(got, "offline:false") || !strings.Contains(got, "chfId:0") || d.Dialect() == db.Postgres && !strings.Contains(got, "age:<nil>") || d.Dialect() == db.Postgres && !strings.Contains(got, "dob:<nil>") {
			t.Errorf("%s of %d", got, len(w.Insurees))
		}
	})
}
