package insuree_test

import (
	"context"
	"os"
	"testing"
	"time"

	"github.com/openimis/openimis-be-go/internal/auth"
	"github.com/openimis/openimis-be-go/internal/db"
	"github.com/openimis/openimis-be-go/internal/testing/dbtest"
	"github.com/openimis/openimis-be-go/internal/testing/sqlcheck"
	"github.com/openimis/openimis-be-go/modules/insuree"
)

func TestMain(m *testing.M) { os.Exit(sqlcheck.Gate(m)) }

var someDay = time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC)

func insert(t *testing.T, d *db.DB, table string, v db.Values) (id int) {
	t.Helper()
	v["ValidityFrom"] = someDay
	err := d.Write(context.Background(), "test", func(tx *db.Tx) (err error) {
		id, err = tx.Insert(context.Background(), table, v)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// A family lives in the first of two districts; Ann with it, Bob for now in the second one.
func TestWhoIsSeenFromWhere(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		location := func(kind string, parent any) int {
			return insert(t, d, "tblLocations", db.Values{"LocationName": kind, "LocationType": kind, "ParentLocationId": parent, "AuditUserId": 1})
		}
		var want insuree.Residence
		want.RegionID = location("R", nil)
		want.DistrictID = location("D", want.RegionID)
		want.WardID = location("W", want.DistrictID)
		want.VillageID = location("V", want.WardID)
		other := location("D", want.RegionID)
		abroad := location("V", location("W", other))
		facility := insert(t, d, "tblHF", db.Values{"HFCode": "HF", "HFName": "HF", "LegalForm": "G", "HFLevel": "D", "HFCareType": "B",
			"LocationId": other, "OffLine": false, "AuditUserID": 1, "status": "AC"})
		family := insert(t, d, "tblFamilies", db.Values{"InsureeID": 0, "LocationId": want.VillageID, "AuditUserID": 1})
		for number, village := range map[string]any{"Ann": nil, "Bob": abroad} {
			insert(t, d, "tblInsuree", db.Values{"FamilyID": family, "CHFID": number, "LastName": "Doe", "OtherNames": number, "DOB": someDay,
				"IsHead": false, "CardIssued": false, "CurrentVillage": village, "AuditUserID": 1})
		}
		for name, c := range map[string]struct {
			scope    auth.Scope
			ann, bob bool
			family   bool
		}{
			"all":                        {auth.Scope{All: true}, true, true, true},
			"home":                       {auth.Scope{Districts: []int{want.DistrictID}}, true, true, true},
			"abroad":                     {auth.Scope{Districts: []int{other}}, false, true, false},
			"both":                       {auth.Scope{Districts: []int{other, want.DistrictID}}, true, true, true},
			"facility abroad":            {auth.Scope{HealthFacility: &facility}, false, true, false},
			"facility, not its district": {auth.Scope{HealthFacility: &facility, Districts: []int{want.DistrictID}}, false, true, false},
			"a region is not a district": {auth.Scope{Districts: []int{want.RegionID}}, false, false, false},
			"nothing":                    {auth.Scope{}, false, false, false},
		} {
			t.Run(name, func(t *testing.T) {
				ctx := t.Context()
				for number, visible := range map[string]bool{"ANN": c.ann, "bob": c.bob, "nobody": false} {
					i, err := insuree.ByNumber(ctx, d, c.scope, number)
					if err != nil || (i != nil) != visible {
						t.Errorf("%s: %v, %v", number, i, err)
					}
					if i == nil {
						continue
					}
					if same, err := insuree.ByID(ctx, d, c.scope, i.ID); err != nil || same == nil || same.ID != i.ID {
						t.Errorf("%s by id: %v, %v", number, same, err)
					}
				}
				members, err := insuree.Members(ctx, d, c.scope, []int{family})
				if n := map[bool]int{true: 1}[c.ann] + map[bool]int{true: 1}[c.bob]; err != nil || len(members) != n {
					t.Errorf("members %v, %v", members, err)
				}
				home, err := insuree.ResidenceOf(ctx, d, c.scope, family)
				if err != nil || (home != nil) != c.family || home != nil && *home != want {
					t.Errorf("residence %v, %v", home, err)
				}
				if seen, err := insuree.FamilySeen(ctx, d, c.scope, family); err != nil || seen != c.family {
					t.Errorf("family seen %v, %v", seen, err)
				}
			})
		}
	})
}
