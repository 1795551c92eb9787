package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/openimis/openimis-be-go/internal/auth"
	"github.com/openimis/openimis-be-go/internal/db"
	"github.com/openimis/openimis-be-go/internal/progress"
	"github.com/openimis/openimis-be-go/internal/seed"
	"github.com/openimis/openimis-be-go/internal/testing/dbtest"
	"github.com/openimis/openimis-be-go/internal/testing/servertest"
	apifhir "github.com/openimis/openimis-be-go/modules/api_fhir"
)

// registers are the personal resources that do not lie in a district.
var registers = map[string]string{
	"Subscription": "it belongs to who made it; package subscription tests that",
}

// TestFHIRShowsNoOtherDistrict: somebody with every right works in one district. What lies elsewhere is in
// no list, is found by no parameter, and can be neither read nor changed.
func TestFHIRShowsNoOtherDistrict(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		today, _ := time.Parse(time.RFC3339, recordedNow)
		if err := seed.Seed(t.Context(), d, seed.Demo, today, progress.None); err != nil {
			t.Fatal(err)
		}
		insertLocal(t, d, today)
		for release, modules := range map[apifhir.Release]string{apifhir.R4: "", apifhir.STU3: "@1.2.0"} {
			env := map[string]string{"OPENIMIS_MODULES": "core,location,medical,medical_pricelist,product,insuree,policy,contribution,claim,claim_batch,api_fhir" + modules,
				"IMIS_FIXED_NOW": recordedNow, "REMOTE_USER_AUTHENTICATION": "false"}
			s := servertest.New(t, d, compiled, env)
			c := scoped{t, servertest.Serve(t, s) + "/api/api_fhir/"}
			for _, res := range s.Instances[0].FHIR().Resources(release) {
				if res.Search == nil || registers[res.Type] != "" {
					continue
				}
				t.Run(fmt.Sprint(release, " ", res.Type), func(t *testing.T) { scoped{t, c.base}.holds(res) })
			}
		}
	})
}

// insertLocal makes a user of all roles but the administrator's who works in the first district.
func insertLocal(t *testing.T, d *db.DB, today time.Time) {
	t.Helper()
	var district int
	var roles []int
	if err := d.Get(t.Context(), &district, `SELECT MIN(l."LocationId") FROM "tblLocations" AS l WHERE l."LocationType" = 'D' AND l."ValidityTo" IS NULL`); err != nil {
		t.Fatal(err)
	}
	if err := d.Select(t.Context(), &roles, `SELECT r."RoleID" FROM "tblRole" AS r WHERE r."IsSystem" <> 64 AND r."ValidityTo" IS NULL`); err != nil {
		t.Fatal(err)
	}
	stored, key := auth.HashLegacy("elsewhereelsewhere")
	if err := d.Write(t.Context(), "a user of one district", func(tx *db.Tx) error {
		user, err := tx.Insert(t.Context(), "tblUsers", db.Values{"LoginName": "elsewhere", "LanguageID": "en", "LastName": "Else", "OtherNames": "Where", "RoleID": 0,
			"StoredPassword": stored, "PrivateKey": key, "AuditUserID": 1, "ValidityFrom": today})
		if err != nil {
			return err
		}
		for _, r := range roles {
			if _, err := tx.Insert(t.Context(), "tblUserRole", db.Values{"UserID": user, "RoleID": r, "AudituserID": 1, "ValidityFrom": today}); err != nil {
				return err
			}
		}
		_, err = tx.Insert(t.Context(), "tblUsersDistricts", db.Values{"UserID": user, "LocationId": district, "AuditUserID": 1, "ValidityFrom": today})
		return err
	}); err != nil {
		t.Fatal(err)
	}
}

type scoped struct {
	t    *testing.T
	base string
}

// bundle is what the test reads of a page.
type bundle struct {
	Total int
	Link  []struct{ Relation, URL string }
	Entry []struct {
		Resource struct {
			ResourceType, ID string
			Identifier       []struct {
				Value string
				Type  struct {
					Coding []struct{ Code string }
				}
			}
		}
	}
}

// next is the address of the page after this one, "" on the last.
func (b bundle) next() string {
	for _, l := range b.Link {
		if l.Relation == "next" {
			return l.URL
		}
	}
	return ""
}

func (c scoped) ask(user, method, path string) (int, bundle) {
	c.t.Helper()
	if !strings.HasPrefix(path, "http") {
		path = c.base + path
	}
	r, err := http.NewRequestWithContext(c.t.Context(), method, path, strings.NewReader(`{"resourceType":"`+strings.Split(strings.TrimPrefix(path, c.base), "/")[0]+`"}`))
	if err != nil {
		c.t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	r.SetBasicAuth(user, map[string]string{"Admin": "admin123", "elsewhere": "elsewhereelsewhere"}[user])
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		c.t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		c.t.Fatal(err)
	}
	var b bundle
	if resp.StatusCode == http.StatusOK {
		_ = json.Unmarshal(body, &b) // a resource is not a Bundle
	}
	return resp.StatusCode, b
}

// all walks a list.
func (c scoped) all(user, kind string) (ids []string, codes map[string]string) {
	c.t.Helper()
	codes = map[string]string{}
	next := kind + "?_count=200"
	for next != "" {
		status, page := c.ask(user, "GET", next)
		if status != http.StatusOK {
			c.t.Fatalf("%s asks for %s: %d", user, next, status)
		}
		next = page.next()
		for _, e := range page.Entry {
			ids = append(ids, e.Resource.ID)
			for _, i := range e.Resource.Identifier {
				codes[e.Resource.ID] = i.Value
			}
		}
	}
	return ids, codes
}

func (c scoped) holds(res *apifhir.Resource) {
	everything, codes := c.all("Admin", res.Type)
	mine, _ := c.all("elsewhere", res.Type)
	inside := map[string]bool{}
	for _, id := range mine {
		inside[id] = true
	}
	var outside []string
	for _, id := range everything {
		if !inside[id] {
			outside = append(outside, id)
		}
		delete(inside, id)
	}
	if len(inside) > 0 {
		c.t.Errorf("%d resources are in the district and nowhere", len(inside))
	}
	if res.Personal && len(outside) == 0 {
		c.t.Errorf("%d of %d resources are seen from one district", len(mine), len(everything))
	}
	for i := 0; i < len(outside); i += max(1, len(outside)/5) {
		id := url.PathEscape(outside[i])
		for _, line := range []struct {
			on           bool
			method, path string
		}{
			{res.Read != nil, "GET", "/" + id}, {res.History != nil, "GET", "/" + id + "/_history"},
			{res.Update != nil, "PUT", "/" + id}, {res.Update != nil, "PATCH", "/" + id}, {res.Delete != nil, "DELETE", "/" + id},
		} {
			if !line.on {
				continue
			}
			// A body without what is needed may be refused before anything is looked for.
			if status, _ := c.ask("elsewhere", line.method, res.Type+line.path); status < 400 || line.method == "GET" && status != http.StatusNotFound || line.method == "DELETE" && status != http.StatusNotFound {
				c.t.Errorf("%s %s%s of another district: %d", line.method, res.Type, line.path, status)
			}
		}
		for _, search := range []string{"_id=" + id, "identifier=" + url.QueryEscape(codes[outside[i]])} {
			status, page := c.ask("elsewhere", "GET", res.Type+"?"+search)
			for _, e := range page.Entry {
				if e.Resource.ID == outside[i] {
					c.t.Errorf("?%s finds what lies in another district (%d)", search, status)
				}
			}
		}
	}
}
