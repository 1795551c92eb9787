package server_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"sync/atomic"
	"testing"
	"time"

	"github.com/openimis/openimis-be-go/internal/db"
	"github.com/openimis/openimis-be-go/internal/server"
	"github.com/openimis/openimis-be-go/internal/testing/servertest"
	"github.com/openimis/openimis-be-go/internal/testing/sqlcheck"
	"github.com/openimis/openimis-be-go/modules"
	"github.com/openimis/openimis-be-go/modules/claim"
	"github.com/openimis/openimis-be-go/modules/claim_batch"
	"github.com/openimis/openimis-be-go/modules/contribution"
	"github.com/openimis/openimis-be-go/modules/core"
	"github.com/openimis/openimis-be-go/modules/insuree"
	"github.com/openimis/openimis-be-go/modules/location"
	"github.com/openimis/openimis-be-go/modules/medical"
	"github.com/openimis/openimis-be-go/modules/medical_pricelist"
	"github.com/openimis/openimis-be-go/modules/policy"
	"github.com/openimis/openimis-be-go/modules/product"
)

func TestMain(m *testing.M) { os.Exit(sqlcheck.Gate(m)) }

var compiled = []server.Constructor{
	func(a *modules.App) modules.Module { return core.New(a) },
	func(a *modules.App) modules.Module { return location.New(a) },
	func(a *modules.App) modules.Module { return medical.New(a) },
	func(a *modules.App) modules.Module { return medical_pricelist.New(a) },
	func(a *modules.App) modules.Module { return product.New(a) },
	func(a *modules.App) modules.Module { return insuree.New(a) },
	func(a *modules.App) modules.Module { return policy.New(a) },
	func(a *modules.App) modules.Module { return contribution.New(a) },
	func(a *modules.App) modules.Module { return claim.New(a) },
	func(a *modules.App) modules.Module { return claim_batch.New(a) },
}

var now = time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)

// running is a server under test.
type running struct {
	t    testing.TB
	URL  string
	Main *server.Server
}

// start serves d with the given environment.
func start(t testing.TB, d *db.DB, env map[string]string) *running {
	t.Helper()
	vars := map[string]string{"IMIS_FIXED_NOW": now.Format(time.RFC3339)}
	maps.Copy(vars, env)
	s := servertest.New(t, d, compiled, vars)
	return &running{t: t, URL: servertest.Serve(t, s), Main: s}
}

// answer is a GraphQL answer.
type answer struct {
	Status int
	Data   map[string]any
	Errors []struct {
		Message string
		Path    []any
	}
}

// query sends a query as a user ("" is nobody).
func (r *running) query(user, query string) answer {
	r.t.Helper()
	res, raw := servertest.GraphQL(r.t, r.URL, user, query)
	a := answer{Status: res.StatusCode}
	if err := json.Unmarshal(raw, &a); err != nil {
		r.t.Fatalf("%s: %v: %s", query, err, raw)
	}
	return a
}

// good sends a query that must have no errors and gives its data.
func (r *running) good(user, query string) map[string]any {
	r.t.Helper()
	a := r.query(user, query)
	if a.Status != 200 || len(a.Errors) > 0 {
		r.t.Fatalf("%s: status %d, errors %v", query, a.Status, a.Errors)
	}
	return a.Data
}

// statements counts the SQL statements that fn causes.
func statements(fn func()) int {
	var n atomic.Int64
	stop := db.Listen(func(string) { n.Add(1) })
	fn()
	stop()
	return int(n.Load())
}

// world is the people and places that tests make.
type world struct {
	Districts, Facilities, Villages, Families, Insurees []int
}

// fill makes a region with n districts; each has a facility, a ward, a village and a family of three.
// User "admin" is an administrator; user "u<i>" (from 0) works in district i.
func fill(t testing.TB, d *db.DB, n int) *world {
	t.Helper()
	w := &world{}
	ctx := context.Background()
	var failed error
	err := d.Write(ctx, "test data", func(tx *db.Tx) error {
		*w = world{}
		insert := func(table string, v db.Values) int {
			if failed != nil {
				return 0
			}
			if _, given := v["ValidityFrom"]; !given {
				v["ValidityFrom"] = now.AddDate(-2, 0, 0)
			}
			switch table {
			case "tblRole", "tblRoleRight", "tblUserRole":
			case "tblLocations":
				v["AuditUserId"] = 1
			default:
				v["AuditUserID"] = 1
			}
			id, err := tx.Insert(ctx, table, v)
			if err != nil {
				failed = err
			}
			return id
		}
		admins := insert("tblRole", db.Values{"RoleName": "IMIS Administrator", "IsSystem": 64, "IsBlocked": false})
		clerks := insert("tblRole", db.Values{"RoleName": "Clerk", "IsSystem": 8, "IsBlocked": false})
		for _, right := range []int{101001, 101101, 101105, 101201, 111001, 111102} {
			insert("tblRoleRight", db.Values{"RoleID": clerks, "RightID": right})
		}
		user := func(name string, role int) int {
			id := insert("tblUsers", db.Values{"LanguageID": "en", "LastName": "L", "OtherNames": "O", "LoginName": name, "RoleID": 0})
			insert("tblUserRole", db.Values{"UserID": id, "RoleID": role})
			return id
		}
		user("admin", admins)
		for _, code := range []string{"M", "F"} {
			if _, err := tx.Insert(ctx, "tblGender", db.Values{"Code": code, "Gender": code}); err != nil {
				return err
			}
		}
		region := insert("tblLocations", db.Values{"LocationCode": "R1", "LocationName": "Region", "LocationType": "R"})
		list := insert("tblPLServices", db.Values{"PLServName": "Services", "DatePL": now, "LocationId": region})
		for i := range n {
			place := func(kind, code string, parent int) int {
				return insert("tblLocations", db.Values{"LocationCode": fmt.Sprintf("%s%d", code, i), "LocationName": fmt.Sprintf("%s %d", code, i), "LocationType": kind, "ParentLocationId": parent})
			}
			district := place("D", "D", region)
			village := place("V", "V", place("W", "W", district))
			facility := insert("tblHF", db.Values{"HFCode": fmt.Sprintf("HF%03d", i), "HFName": fmt.Sprintf("Facility %d", i), "LegalForm": "G", "HFLevel": "H", "HFCareType": "B", "LocationId": district, "PLServiceID": list, "OffLine": false})
			insert("tblHF", db.Values{"HFCode": fmt.Sprintf("HF%03d", i), "HFName": "Old name", "LegalForm": "G", "HFLevel": "H", "HFCareType": "B", "LocationId": district, "OffLine": false, "ValidityTo": now.AddDate(-1, 0, 0), "LegacyID": facility})
			family := insert("tblFamilies", db.Values{"InsureeID": 0, "LocationId": village, "Poverty": false, "isOffline": false})
			for k := range 3 {
				gender := "M"
				if k > 0 {
					gender = "F"
				}
				id := insert("tblInsuree", db.Values{"FamilyID": family, "CHFID": fmt.Sprintf("%05d%d", i, k), "LastName": fmt.Sprintf("Last%d", i), "OtherNames": fmt.Sprintf("Other%d", k), "DOB": now.AddDate(-30+10*k, 0, 0), "Gender": gender, "IsHead": k == 0, "CardIssued": false, "isOffline": false, "HFID": facility})
				w.Insurees = append(w.Insurees, id)
				if k == 0 && failed == nil {
					if _, err := tx.Update(ctx, "tblFamilies", family, db.Values{"InsureeID": id}); err != nil {
						return err
					}
				}
			}
			works := user(fmt.Sprintf("u%d", i), clerks)
			insert("tblUsersDistricts", db.Values{"UserID": works, "LocationId": district})
			w.Districts, w.Facilities = append(w.Districts, district), append(w.Facilities, facility)
			w.Villages, w.Families = append(w.Villages, village), append(w.Families, family)
		}
		err := failed
		failed = nil
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func b64(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) }
