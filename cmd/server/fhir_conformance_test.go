package main

import (
	"maps"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/openimis/openimis-be-go/internal/db"
	"github.com/openimis/openimis-be-go/internal/progress"
	"github.com/openimis/openimis-be-go/internal/seed"
	"github.com/openimis/openimis-be-go/internal/testing/dbtest"
	"github.com/openimis/openimis-be-go/internal/testing/fhirconformance"
	"github.com/openimis/openimis-be-go/internal/testing/fhirtest"
	"github.com/openimis/openimis-be-go/internal/testing/servertest"
)

// TestFHIRDoesWhatItPromises judges every type, interaction and search parameter of /metadata over the
// seeded data, of both releases, on every engine, and on a database whose ids are numbers.
func TestFHIRDoesWhatItPromises(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		today, _ := time.Parse(time.RFC3339, recordedNow)
		if err := seed.Seed(t.Context(), d, seed.Demo, today, progress.None); err != nil {
			t.Fatal(err)
		}
		modules := "core,location,medical,medical_pricelist,product,insuree,policy,contribution,claim,claim_batch,api_fhir"
		for _, m := range []struct {
			name, list, path string
			env              map[string]string
			compat           bool
			dump             func(testing.TB, string, []byte)
			empty            []string
			numbers          bool // the database has no UUIDs; the last, for they are dropped
		}{
			{name: "R4", list: modules, path: "/api/api_fhir_r4", dump: fhirtest.Dump},
			{name: "R4 compat", list: modules, path: "/api/api_fhir", compat: true, dump: fhirtest.Dump},
			{name: "STU3", list: modules + "@1.2.0", path: "/api/api_fhir", compat: true, dump: fhirtest.DumpSTU3},
			{name: "R4 without UUIDs", list: modules, path: "/api/api_fhir_r4", dump: fhirtest.Dump, numbers: true},
			{name: "STU3 without UUIDs", list: modules + "@1.2.0", path: "/api/api_fhir", compat: true, dump: fhirtest.DumpSTU3, numbers: true},
		} {
			if m.numbers && d.Dialect() != db.SQLite { // where one of release 1.3 is not made
				continue
			}
			if m.numbers && d.Offers("tblClaim", "ClaimUUID") {
				dbtest.DropUUIDs(t, d)
			}
			t.Run(m.name, func(t *testing.T) {
				env := map[string]string{"OPENIMIS_MODULES": m.list, "IMIS_FIXED_NOW": recordedNow, "REMOTE_USER_AUTHENTICATION": "false"}
				maps.Copy(env, m.env)
				s := servertest.New(t, d, compiled, env)
				judged := fhirconformance.Server{
					Base: servertest.Serve(t, s) + m.path, Compat: m.compat, Empty: append(m.empty, "Subscription"),
					Dump: func(name string, body []byte) { m.dump(t, name, body) },
					Sign: func(r *http.Request) { r.SetBasicAuth("Admin", "admin123") },
				}
				types := fhirconformance.Check(t, judged)
				if slices.Contains(types, "Claim") && slices.Contains(types, "ClaimResponse") {
					// The DHIS2 adapter reads a page of each and joins them.
					fhirconformance.Pairs(t, judged, "Claim", "ClaimResponse")
				}
			})
		}
	})
}
