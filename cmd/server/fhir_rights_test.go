package main

import (
	"fmt"
	"net/http"
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

// TestFHIRRights is a matrix: every resource and interaction for nobody, for a user without roles, and for
// one who has the right; and no resource that a user of one district may not see.
func TestFHIRRights(t *testing.T) {
	d := dbtest.SQLite(t)
	today, _ := time.Parse(time.RFC3339, recordedNow)
	if err := seed.Seed(t.Context(), d, seed.Demo, today, progress.None); err != nil {
		t.Fatal(err)
	}
	stored, key := auth.HashLegacy("nothingnothing")
	if err := d.Write(t.Context(), "a user without roles", func(tx *db.Tx) error {
		_, err := tx.Insert(t.Context(), "tblUsers", db.Values{"LoginName": "nothing", "LanguageID": "en", "LastName": "No", "OtherNames": "Roles", "RoleID": 0,
			"StoredPassword": stored, "PrivateKey": key, "AuditUserID": 1, "ValidityFrom": today})
		return err
	}); err != nil {
		t.Fatal(err)
	}
	for release, modules := range map[apifhir.Release]string{apifhir.R4: "", apifhir.STU3: "@1.2.0"} {
		env := map[string]string{"OPENIMIS_MODULES": "core,location,medical,medical_pricelist,product,insuree,policy,contribution,claim,claim_batch,api_fhir" + modules,
			"IMIS_FIXED_NOW": recordedNow, "REMOTE_USER_AUTHENTICATION": "false"}
		s := servertest.New(t, d, compiled, env)
		base := servertest.Serve(t, s) + "/api/api_fhir/"
		ask := func(user, method, path string) int {
			r, err := http.NewRequestWithContext(t.Context(), method, base+path, strings.NewReader("{"))
			if err != nil {
				t.Fatal(err)
			}
			r.Header.Set("Content-Type", "application/json")
			if user != "" {
				r.SetBasicAuth(user, map[string]string{"Admin": "admin123"}[user])
				if user == "nothing" {
					r.SetBasicAuth(user, "nothingnothing")
				}
			}
			resp, err := http.DefaultClient.Do(r)
			if err != nil {
				t.Fatal(err)
			}
			resp.Body.Close()
			return resp.StatusCode
		}
		for _, res := range s.Instances[0].FHIR().Resources(release) {
			for _, c := range []struct {
				on           bool
				method, path string
				access       auth.Access
			}{
				{res.Search != nil, "GET", "", res.Access.Get},
				{res.Search != nil, "POST", "/_search", res.Access.Get},
				{res.Read != nil, "GET", "/none-such", res.Access.Get},
				{res.History != nil, "GET", "/none-such/_history", res.Access.Get},
				{res.History != nil, "GET", "/none-such/_history/1", res.Access.Get},
				{res.Create != nil, "POST", "", res.Access.Create},
				{res.Update != nil, "PUT", "/none-such", res.Access.Update},
				{res.Update != nil && res.Read != nil, "PATCH", "/none-such", res.Access.Update},
				{res.Delete != nil, "DELETE", "/none-such", res.Access.Delete},
			} {
				if !c.on {
					continue
				}
				t.Run(fmt.Sprintf("%s %s %s%s", release, c.method, res.Type, c.path), func(t *testing.T) {
					if got := ask("", c.method, res.Type+c.path); got != http.StatusUnauthorized {
						t.Errorf("nobody: %d", got)
					}
					got := ask("nothing", c.method, res.Type+c.path)
					if want := !c.access.SignedIn; want != (got == http.StatusForbidden) {
						t.Errorf("without roles: %d; a right is needed: %v", got, want)
					}
					if got := ask("Admin", c.method, res.Type+c.path); got == http.StatusUnauthorized || got == http.StatusForbidden {
						t.Errorf("with all rights: %d", got)
					}
				})
			}
		}
	}
}
