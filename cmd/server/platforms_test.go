package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/vektah/gqlparser/v2/ast"

	"github.com/openimis/openimis-be-go/internal/config"
	"github.com/openimis/openimis-be-go/internal/progress"
	"github.com/openimis/openimis-be-go/internal/seed"
	"github.com/openimis/openimis-be-go/internal/server"
	"github.com/openimis/openimis-be-go/internal/testing/dbtest"
	"github.com/openimis/openimis-be-go/internal/testing/servertest"
)

// startup are the queries that the React application of 2019 sends when its page is opened and its pickers
// are filled, with the module that must be enabled for each. A field in brackets is asked for only when the
// module in front of it is enabled.
var startup = []struct{ module, query string }{
	{"core", `{ coreModuleConfigurations { module, config, controls{fieldName, usage} } }`},
	{"core", `{ mutationLogs(first: 5, orderBy: "-request_date_time") { pageInfo { hasNextPage hasPreviousPage startCursor endCursor } edges { node { id status error clientMutationLabel requestDateTime } } } }`},
	{"location", `{ userDistricts { id code name regionId regionCode regionName } }`},
	{"location", `{ healthFacilities(id: "1") { pageInfo { hasNextPage } edges { node { id code name level [medical_pricelist servicePricelist { id } itemPricelist { id }] location { id code name parent { id code name } } } } } }`},
	{"location", `{ healthFacilitiesStr(str: "a", regionId: 1, districtId: 2) { edges { node { id code name level } } } }`},
	{"medical", `{ diagnosesStr(str: "a") { edges { node { id code name } } } }`},
	{"medical", `{ medicalItemsStr(str: "a") { edges { node { id code name price } } } medicalServicesStr(str: "a") { edges { node { id code name price } } } }`},
	{"medical_pricelist", `{ pricelists(servicePricelistId: 1, itemPricelistId: 1) { services { id priceOverrule } items { id priceOverrule } } }`},
	{"product", `{ productsStr(str: "a") { edges { node { id code name } } } }`},
	{"insuree", `{ insuree(chfId: "100000014") { chfId lastName otherNames dob age family { id } photo { folder filename } gender { code gender altLanguage } } }`},
	{"insuree", `{ insurees(first: 10) { totalCount edges { node { id chfId lastName otherNames } } } insureeFamilyMembers(chfId: "100000014") { chfId otherNames lastName head phone } }`},
	{"policy", `{ policiesByInsuree(chfId: "100000014") { items { productCode productName expiryDate status dedType ded1 ded2 ceiling1 ceiling2 } } }`},
	{"claim", `{ claimAdmins { edges { node { id code lastName otherNames } } } claimOfficers { edges { node { id code lastName otherNames } } } }`},
	{"claim", `{ claims(first: 10, orderBy: ["-dateClaimed"], batchRun_Id: "1", healthFacility_Location_Parent_Id: "1") { totalCount edges { node { id code dateClaimed feedbackStatus reviewStatus claimed approved status healthFacility { id code } insuree { id chfId } icd { id } services { id service { id } } items { id item { id } } } } } }`},
	{"claim_batch", `{ batchRunsSummaries { runYear runMonth productLabel careType calcDate index } batchRuns { edges { node { id runDate location { id } } } } }`},
}

// earlier are queries that only earlier releases served.
var earlier = []string{
	`{ moduleConfigurations { module config controls { fieldName usage } } }`,
	`{ healthFacilityFullPath(hfId: 1) { hfId hfCode hfName hfLevel regionId regionCode regionName districtId districtCode districtName } }`,
	`{ locationsStr(tpe: "D", str: "a") { edges { node { id code name } } } }`,
	`{ batchRuns(runDate_Gte: "2020-01-01", location_Code: "R1") { totalCount edges { node { id runDate runYear } } } }`,
}

// platforms are the lists of deploy/platforms: which of the earlier queries each serves, and whether it
// serves FHIR. "" stands for no list, that is, every module.
var platforms = map[string]struct {
	earlier [4]bool
	fhir    bool
}{
	"":                           {earlier: [4]bool{3: true}, fhir: true},
	"demo-ibackend.json":         {earlier: [4]bool{3: true}},
	"nepali-test-ibackend.json":  {earlier: [4]bool{false, true, true, true}, fhir: true},
	"nepali-test-backend.json":   {earlier: [4]bool{false, true, true, true}, fhir: true},
	"nepali-qa-backend.json":     {earlier: [4]bool{false, true, true, true}, fhir: true},
	"core@0.0.10":                {earlier: [4]bool{0: true}},
	"core,claim@0.0.16,api_fhir": {fhir: true},
	"api_fhir":                   {fhir: true},
	"insuree":                    {},
}

// only writes a query out for the enabled modules.
func only(query string, enabled map[string]bool) string {
	from, to := strings.IndexByte(query, '['), strings.LastIndexByte(query, ']')
	if module, fields, ok := strings.Cut(query[max(from, 0)+1:max(to, 1)], " "); ok && from > 0 && !strings.HasPrefix(query[from:], `["`) {
		if !enabled[module] {
			fields = ""
		}
		return query[:from] + fields + query[to+1:]
	}
	return query
}

// Every list of modules starts, on its own, and answers what the application sends first.
func TestEveryPlatformStarts(t *testing.T) {
	files, err := filepath.Glob("../../deploy/platforms/*.json")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if _, ok := platforms[filepath.Base(f)]; !ok {
			t.Errorf("%s has no test", f)
		}
	}
	d := dbtest.SQLite(t)
	today, _ := time.Parse(time.RFC3339, recordedNow)
	if err := seed.Seed(t.Context(), d, seed.Demo, today, progress.None); err != nil {
		t.Fatal(err)
	}
	for list, want := range platforms {
		t.Run(list, func(t *testing.T) {
			env := map[string]string{"IMIS_FIXED_NOW": recordedNow}
			switch {
			case strings.HasSuffix(list, ".json"):
				env["OPENIMIS_CONFIG"] = filepath.Join("../../deploy/platforms", list)
			case list != "":
				env["OPENIMIS_MODULES"] = list
			}
			s := servertest.New(t, d, compiled, env)
			if missing := s.Missing(); len(missing) > 0 {
				t.Fatal(missing)
			}
			url := servertest.Serve(t, s)
			enabled := map[string]bool{}
			for _, m := range s.Instances[0].Describe().Modules {
				enabled[m.Name] = m.Enabled
			}
			for _, q := range startup {
				if enabled[q.module] && (list == "" || strings.HasSuffix(list, ".json")) { // the application is not made for fewer
					asked(t, url, only(q.query, enabled), true)
				}
			}
			if s.Instances[0].Schema() != nil {
				for i, q := range earlier {
					asked(t, url, q, want.earlier[i])
				}
				asked(t, url, `{ __schema { types { name fields { name args { name type { name } } type { name kind ofType { name } } } } } }`, true)
			}
			res, err := http.Get(url + "/api/api_fhir_r4/metadata")
			if err != nil {
				t.Fatal(err)
			}
			defer res.Body.Close()
			body, _ := io.ReadAll(res.Body)
			if want.fhir != (res.StatusCode == http.StatusOK) || want.fhir && (!bytes.Contains(body, []byte(`"Location"`)) || !bytes.Contains(body, []byte(`"Organization"`))) {
				t.Errorf("FHIR metadata: %d %.300s", res.StatusCode, body)
			}
		})
	}
}

// asked sends a query that must be served, or must not be.
func asked(t *testing.T, url, query string, served bool) {
	t.Helper()
	res, body := servertest.GraphQL(t, url, "Admin", query)
	var answer struct {
		Data   map[string]any
		Errors []struct{ Message string }
	}
	if err := json.Unmarshal(body, &answer); err != nil {
		t.Fatalf("%s: %v: %s", query, err, body)
	}
	switch {
	case served && (res.StatusCode != http.StatusOK || len(answer.Errors) > 0 || len(answer.Data) == 0):
		t.Errorf("%s: %d %.500s", query, res.StatusCode, body)
	case !served && (res.StatusCode != http.StatusBadRequest || !strings.Contains(string(body), "Cannot query field")):
		t.Errorf("%s is served: %d %.500s", query, res.StatusCode, body)
	}
}

var unknownField = regexp.MustCompile(`^Cannot query field "(\w+)" on type "(\w+)"`)

// Each list answers what the application sends. What it does not know belongs to a module that the list lacks: the
// full list has it, and the field is named at the start (TestFieldsOfDisabledModulesAreNamedAtTheStart).
func TestEveryPlatformAnswersTheApplication(t *testing.T) {
	operations := recordedOperations(t)
	d := dbtest.SQLite(t)
	today, _ := time.Parse(time.RFC3339, recordedNow)
	if err := seed.Seed(t.Context(), d, seed.Demo, today, progress.None); err != nil {
		t.Fatal(err)
	}
	whole := servertest.New(t, d, compiled, map[string]string{"IMIS_FIXED_NOW": recordedNow}).Instances[0].Schema()
	has := func(s *ast.Schema, owner, field string) bool {
		def := s.Types[owner]
		return def != nil && def.Fields.ForName(field) != nil
	}
	for list := range platforms {
		if list != "" && !strings.HasSuffix(list, ".json") {
			continue // the application is not made for these
		}
		t.Run(list, func(t *testing.T) {
			env := map[string]string{"IMIS_FIXED_NOW": recordedNow}
			if list != "" {
				env["OPENIMIS_CONFIG"] = filepath.Join("../../deploy/platforms", list)
			}
			s := servertest.New(t, d, compiled, env)
			own := s.Instances[0].Schema()
			url := servertest.Serve(t, s)
			answered, refused := 0, 0
			for _, o := range operations {
				query := o.with(values{text: "1", number: "1", global: b64("X:1")})
				a := asks(t, url, "Admin", query)
				if a.Status == http.StatusOK {
					answered++
					continue
				}
				refused++
				for _, e := range a.Errors {
					m := unknownField.FindStringSubmatch(e.Message)
					if m == nil || !has(whole, m[2], m[1]) || has(own, m[2], m[1]) {
						t.Errorf("%s: %s", query, e.Message)
					}
				}
			}
			if complete := list == "" || list == "demo-ibackend.json"; complete && refused > 0 || answered < 20 {
				t.Errorf("%d operations are answered, %d are not", answered, refused)
			}
			t.Logf("%d operations answered, %d of modules that the list lacks", answered, refused)
		})
	}
}

// What a list leaves out is said once, by name.
func TestFieldsOfDisabledModulesAreNamedAtTheStart(t *testing.T) {
	var log bytes.Buffer
	conf, err := config.FromEnvironment(map[string]string{"SITE_ROOT": "api", "OPENIMIS_MODULES": "core,claim,report,calcrule_fee_for_service"})
	if err != nil {
		t.Fatal(err)
	}
	s, err := server.New(conf, dbtest.SQLite(t), compiled, slog.New(slog.NewTextHandler(&log, nil)))
	if err != nil {
		t.Fatal(err)
	}
	claims := s.Instances[0].Schema().Types["ClaimGQLType"].Fields
	if claims.ForName("insuree") != nil || claims.ForName("healthFacility") != nil || claims.ForName("code") == nil || claims.ForName("admin") == nil {
		t.Error("the wrong fields are left out")
	}
	lines := strings.Split(log.String(), "\n")
	for what, parts := range map[string][]string{
		"left out of the schema, for their modules are not enabled":        {"ClaimGQLType.insuree of insuree", "ClaimGQLType.healthFacility of location"},
		"modules of the list that this program has no use for are skipped": {"report, calcrule_fee_for_service", "level=WARN"},
	} {
		i := slices.IndexFunc(lines, func(l string) bool { return strings.Contains(l, what) })
		if i < 0 || slices.ContainsFunc(lines[i+1:], func(l string) bool { return strings.Contains(l, what) }) {
			t.Errorf("%q is not said once:\n%s", what, log.String())
			continue
		}
		for _, p := range parts {
			if !strings.Contains(lines[i], p) {
				t.Errorf("no %q in %s", p, lines[i])
			}
		}
	}
}

// A list that cannot start makes and fills no database.
func TestAWrongListMakesNoDatabase(t *testing.T) {
	dir := t.TempDir()
	list := filepath.Join(dir, "openimis.json")
	if err := os.WriteFile(list, []byte("{\"modules\": [\n  {\"name\": \"core\"},\n  {\"name\": \"clam\"}\n]}"), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("DATABASE_URL", "sqlite:"+filepath.Join(dir, "t.db"))
	t.Setenv("OPENIMIS_CONFIG", list)
	t.Setenv("LISTEN", "127.0.0.1:0")
	for _, command := range []string{"serve", "worker", "modules", "check"} {
		err := run(context.Background(), []string{command})
		if err == nil || !strings.HasPrefix(err.Error(), list+`, line 3: unknown module "clam"; there are: core, location,`) {
			t.Errorf("%s: %v", command, err)
		}
	}
	if _, err := os.Stat(filepath.Join(dir, "t.db")); !os.IsNotExist(err) {
		t.Errorf("the database was made: %v", err)
	}
}

func TestModulesPrintsEveryPlatform(t *testing.T) {
	for list := range platforms {
		if !strings.HasSuffix(list, ".json") {
			continue
		}
		conf, err := config.FromEnvironment(map[string]string{"OPENIMIS_CONFIG": filepath.Join("../../deploy/platforms", list)})
		if err != nil {
			t.Fatal(err)
		}
		listed, err := conf.Modules()
		if err != nil {
			t.Fatal(err)
		}
		var out bytes.Buffer
		if err := showModules(t.Context(), &program{conf: conf, out: &out}, nil); err != nil {
			t.Fatal(err)
		}
		for _, m := range listed {
			contract := "2019"
			if m.Name == "api_fhir" {
				contract = "STU3"
			}
			if !slices.ContainsFunc(strings.Split(out.String(), "\n"), func(l string) bool {
				return slices.Equal(strings.Fields(l), []string{m.Name, "yes", m.Version, contract})
			}) {
				t.Errorf("%s: %s is not there:\n%s", list, m, out.String())
			}
		}
	}
}
