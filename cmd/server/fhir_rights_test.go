package main

import (
	"fmt"
	"net/http"
	"slices"
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

// interaction is one of a resource, as a request that finds nothing and breaks off: whoever may not send it is told so
// before.
type interaction struct {
	on           bool
	method, path string
	access       auth.Access
}

func interactions(res *apifhir.Resource) []interaction {
	all := []interaction{
		{res.Search != nil, "GET", "", res.Access.Get},
		{res.Search != nil, "POST", "/_search", res.Access.Get},
		{res.Read != nil, "GET", "/none-such", res.Access.Get},
		{res.History != nil, "GET", "/none-such/_history", res.Access.Get},
		{res.History != nil, "GET", "/none-such/_history/1", res.Access.Get},
		{res.Create != nil, "POST", "", res.Access.Create},
		{res.Update != nil, "PUT", "/none-such", res.Access.Update},
		{res.Update != nil && res.Read != nil, "PATCH", "/none-such", res.Access.Update},
		{res.Delete != nil, "DELETE", "/none-such", res.Access.Delete},
	}
	return slices.DeleteFunc(all, func(i interaction) bool { return !i.on })
}

// TestFHIRRights is a matrix: every resource and interaction of both releases for nobody, for a user without roles, for users
// with one right that it needs and nothing else, for one with every right but those, and for an administrator.
// TestFHIRShowsNoOtherDistrict is about users of another district.
func TestFHIRRights(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		today, _ := time.Parse(time.RFC3339, recordedNow)
		if err := seed.Seed(t.Context(), d, seed.Demo, today, progress.None); err != nil {
			t.Fatal(err)
		}
		servers := map[apifhir.Release]string{}
		resources := map[apifhir.Release][]*apifhir.Resource{}
		for release, modules := range map[apifhir.Release]string{apifhir.R4: "", apifhir.STU3: "@1.2.0"} {
			s := servertest.New(t, d, compiled, map[string]string{"IMIS_FIXED_NOW": recordedNow, "AUDIT_LOG": "table",
				"OPENIMIS_MODULES": "core,location,medical,medical_pricelist,product,insuree,policy,contribution,claim,claim_batch,api_fhir" + modules})
			servers[release], resources[release] = servertest.Serve(t, s)+"/api/api_fhir/", s.Instances[0].FHIR().Resources(release)
		}
		users := map[string][]int{"nothing": nil} // with their rights
		var rights []int
		for _, list := range resources {
			for _, res := range list {
				for _, i := range interactions(res) {
					rights = append(rights, i.access.Rights...)
				}
			}
		}
		slices.Sort(rights)
		rights = slices.Compact(rights)
		for _, r := range rights {
			users[holder(r)] = []int{r}
		}
		for _, list := range resources {
			for _, res := range list {
				for _, i := range interactions(res) {
					users[allBut(i.access)] = slices.DeleteFunc(slices.Clone(rights), func(r int) bool { return slices.Contains(i.access.Rights, r) })
				}
			}
		}
		insertUsers(t, d, today, users)
		for release, list := range resources {
			ask := func(user string, i interaction, kind string) int {
				r, err := http.NewRequestWithContext(t.Context(), i.method, servers[release]+kind+i.path, strings.NewReader("{"))
				if err != nil {
					t.Fatal(err)
				}
				r.Header.Set("Content-Type", "application/json")
				if user != "" {
					r.Header.Set("Remote-User", user)
				}
				resp, err := http.DefaultClient.Do(r)
				if err != nil {
					t.Fatal(err)
				}
				resp.Body.Close()
				return resp.StatusCode
			}
			for _, res := range list {
				for _, i := range interactions(res) {
					t.Run(fmt.Sprintf("%s %s %s%s", release, i.method, res.Type, i.path), func(t *testing.T) {
						if got := ask("", i, res.Type); got != http.StatusUnauthorized {
							t.Errorf("nobody: %d", got)
						}
						for _, user := range []string{"nothing", allBut(i.access)} {
							got := ask(user, i, res.Type)
							if want := !i.access.SignedIn; want != (got == http.StatusForbidden) || got == http.StatusUnauthorized {
								t.Errorf("%s: %d; a right is needed: %v", user, got, want)
							}
						}
						for _, user := range append(holders(i.access), "Admin") {
							if got := ask(user, i, res.Type); got == http.StatusUnauthorized || got == http.StatusForbidden {
								t.Errorf("%s: %d", user, got)
							}
						}
					})
				}
			}
		}
	})
}

// holder is the user who has one right, allBut the one who has those of all others; holders are those that may.
func holder(right int) string { return fmt.Sprintf("only%d", right) }

func allBut(a auth.Access) string {
	return "not" + strings.Trim(strings.ReplaceAll(fmt.Sprint(a.Rights), " ", "-"), "[]")
}

func holders(a auth.Access) (users []string) {
	for _, r := range a.Rights {
		users = append(users, holder(r))
	}
	return users
}

// insertUsers makes users with a role each, and its rights.
func insertUsers(t *testing.T, d *db.DB, today time.Time, users map[string][]int) {
	t.Helper()
	if err := d.Write(t.Context(), "users", func(tx *db.Tx) error {
		for name, rights := range users {
			user, err := tx.Insert(t.Context(), "tblUsers", db.Values{"LoginName": name, "LanguageID": "en", "LastName": "Doe", "OtherNames": "Joe", "RoleID": 0,
				"AuditUserID": 1, "ValidityFrom": today})
			if err != nil {
				return err
			}
			role, err := tx.Insert(t.Context(), "tblRole", db.Values{"RoleName": name, "IsSystem": 0, "IsBlocked": false, "AuditUserID": 1, "ValidityFrom": today})
			if err != nil {
				return err
			}
			if _, err := tx.Insert(t.Context(), "tblUserRole", db.Values{"UserID": user, "RoleID": role, "AudituserID": 1, "ValidityFrom": today}); err != nil {
				return err
			}
			for _, r := range rights {
				if _, err := tx.Insert(t.Context(), "tblRoleRight", db.Values{"RoleID": role, "RightID": r, "AuditUserId": 1, "ValidityFrom": today}); err != nil {
					return err
				}
			}
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
}
