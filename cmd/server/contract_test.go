package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/openimis/openimis-be-go/internal/db"
	"github.com/openimis/openimis-be-go/internal/importer"
	"github.com/openimis/openimis-be-go/internal/progress"
	"github.com/openimis/openimis-be-go/internal/server"
	"github.com/openimis/openimis-be-go/internal/testing/contract"
	"github.com/openimis/openimis-be-go/internal/testing/dbtest"
	"github.com/openimis/openimis-be-go/internal/testing/loadtest"
	"github.com/openimis/openimis-be-go/internal/testing/servertest"
)

func TestMain(m *testing.M) {
	if servesInstead() {
		return
	}
	code := loadtest.Gate(m)
	if err := removeDistricts(); err != nil {
		fmt.Fprintln(os.Stderr, err)
	}
	os.Exit(code)
}

// recordedNow is when the samples were recorded.
const recordedNow = "2026-11-23T00:47:00Z"

// wholeServer makes a server over d with all modules, at recordedNow.
func wholeServer(t testing.TB, d *db.DB) *server.Server {
	t.Helper()
	s := servertest.New(t, d, compiled, map[string]string{"IMIS_FIXED_NOW": recordedNow})
	if missing := s.Missing(); len(missing) > 0 {
		t.Fatal(missing)
	}
	return s
}

// serveWhole serves d with all modules and gives the address.
func serveWhole(t testing.TB, d *db.DB) (url string) {
	t.Helper()
	return servertest.Serve(t, wholeServer(t, d))
}

// shared is the folder with the recordings; without it the recorded contract is not part of a run, the
// snapshots over our own data (snapshot_test.go) are.
func shared(t *testing.T) string {
	t.Helper()
	dir := os.Getenv("IMIS_TEST_SHARED")
	if dir == "" {
		t.Skip("IMIS_TEST_SHARED names no folder with the recordings")
	}
	return dir
}

// fhirFrom is the number of the first sample of FHIR, which in 2019 was STU3.
const fhirFrom = 113

func TestRecordedRequestsGiveTheRecordedAnswers(t *testing.T) {
	dir := shared(t)
	dbtest.EachFresh(t, func(t *testing.T, d *db.DB) {
		if _, err := importer.Import(t.Context(), d, filepath.Join(dir, "data/demo-2019"), progress.None); err != nil {
			t.Fatal(err)
		}
		raw, err := os.ReadFile("../../docs/deviations-2019.json")
		if err != nil {
			t.Fatal(err)
		}
		var deviations map[string]string
		if err := json.Unmarshal(raw, &deviations); err != nil {
			t.Fatal(err)
		}
		samples, err := contract.Load(filepath.Join(dir, "contract/samples-2019"))
		if err != nil {
			t.Fatal(err)
		}
		base := serveWhole(t, d) + "/api"
		stu3 := servertest.Serve(t, servertest.New(t, d, compiled, map[string]string{"IMIS_FIXED_NOW": recordedNow,
			"OPENIMIS_MODULES": "core,location,medical,medical_pricelist,product,insuree,policy,contribution,claim,claim_batch,api_fhir@0.0.4"})) + "/api"
		var used []string
		for _, s := range samples {
			at := base
			if n, _ := strconv.Atoi(s.File[:3]); n >= fhirFrom {
				at = stu3
			}
			difference, err := contract.Send(http.DefaultClient, at, s)
			switch {
			case err != nil:
				t.Errorf("%s: %v", s.File, err)
			case difference == "":
				continue
			case deviations[s.File] == "":
				t.Errorf("%s: %s", s.File, difference)
			default:
				used = append(used, s.File)
			}
		}
		for name := range deviations {
			if !slices.Contains(used, name) {
				t.Errorf("%s is listed as a deviation, but there is none", name)
			}
		}
	})
}

func TestTheRecordedContractIsServedWhole(t *testing.T) {
	dir := shared(t)
	s := wholeServer(t, dbtest.SQLite(t))
	missing, checked, err := contract.Missing(s.Instances[0].Schema(), filepath.Join(dir, "contract/graphql-2019.introspection.json"))
	if err != nil {
		t.Fatal(err)
	}
	if len(missing) > 0 || checked < 2000 {
		t.Errorf("of %d members %d are missing:\n%s", checked, len(missing), strings.Join(missing, "\n"))
	}
}
