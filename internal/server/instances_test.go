package server_test

import (
	"bytes"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/openimis/openimis-be-go/internal/config"
	"github.com/openimis/openimis-be-go/internal/db"
	"github.com/openimis/openimis-be-go/internal/server"
	"github.com/openimis/openimis-be-go/internal/testing/dbtest"
	"github.com/openimis/openimis-be-go/internal/testing/dbtest/faketds"
)

func TestTwoInstancesServeTwoSchemasOverOneDatabase(t *testing.T) {
	d := dbtest.SQLite(t)
	fill(t, d, 1)
	file := func(name, text string) string {
		f := filepath.Join(t.TempDir(), name)
		if err := os.WriteFile(f, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return f
	}
	people := start(t, d, map[string]string{"SITE_ROOT": "iapi", "OPENIMIS_CONFIG": file("openimis.json", `{"modules":[{"name":"core","pip":"openimis-be-core==0.0.15"},{"name":"location","pip":"openimis-be-location==0.0.7"},{"name":"insuree","pip":"openimis-be-insuree==0.0.7"}]}`)})
	machines := start(t, d, map[string]string{"SITE_ROOT": "api", "OPENIMIS_CONFIG": file("openimis.json", `{"modules":[{"name":"core"},{"name":"medical"},{"name":"api_fhir","pip":"openimis-be-api-fhir==4.0.0"}]}`)})
	if s := people.Main.Instances[0].Schema(); s.Query.Fields.ForName("insurees") == nil || s.Query.Fields.ForName("diagnoses") != nil || s.Types["ItemGQLType"] != nil {
		t.Error("iapi has the wrong fields")
	}
	if s := machines.Main.Instances[0].Schema(); s.Query.Fields.ForName("insurees") != nil || s.Query.Fields.ForName("diagnoses") == nil {
		t.Error("api has the wrong fields")
	}
	if status, body := people.get("admin", "/iapi/graphql?query=%7BhealthFacilities%7Bedges%7Bnode%7Bcode%7D%7D%7D%7D"); status != 200 || !strings.Contains(body, "HF000") {
		t.Errorf("%d %s", status, body)
	}
	if status, body := machines.get("admin", "/api/graphql?query=%7Binsurees%7BtotalCount%7D%7D"); status != 400 || !strings.Contains(body, `Cannot query field \"insurees\"`) {
		t.Errorf("%d %s", status, body)
	}
	if status, _ := people.get("admin", "/api/graphql?query=%7B__typename%7D"); status != 404 {
		t.Errorf("the other root answers %d", status)
	}
	if status, body := machines.get("", "/api/version"); status != 200 || !strings.Contains(body, `{"name":"medical","enabled":true,"contract":"2019"}`) || !strings.Contains(body, `"name":"insuree","enabled":false`) {
		t.Errorf("%d %s", status, body)
	}
	if status, _ := machines.get("", "/api/api_fhir_r4/metadata"); status != 200 {
		t.Errorf("FHIR metadata: %d", status)
	}
	if status, _ := people.get("", "/iapi/api_fhir_r4/metadata"); status != 404 {
		t.Errorf("FHIR where it is not enabled: %d", status)
	}
}

func TestWrongModulesStopTheStartWithOneSentence(t *testing.T) {
	d := dbtest.SQLite(t)
	for list, want := range map[string]string{
		"core,nope":                  `OPENIMIS_MODULES: unknown module "nope"; there are: core, location,`,
		"core,location@1.2.0":        "OPENIMIS_MODULES: module location is pinned to version 1.2.0, whose contract with clients this program does not speak; versions that it speaks: 0.0.x",
		"core@0.0.15,location@1.2.0": "module core is pinned to version 0.0.15 and module location to version 1.2.0, which speak different contracts",
		"core,core":                  "module core is named twice",
		"core,api_fhir@9.9":          "api_fhir",
		"report":                     "no module is enabled",
	} {
		conf, err := config.FromEnvironment(map[string]string{"OPENIMIS_MODULES": list})
		if err != nil {
			t.Fatal(err)
		}
		_, err = server.New(conf, d, compiled, slog.New(slog.DiscardHandler))
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(strings.TrimSpace(err.Error()), "\n") {
			t.Errorf("%s: %v, want one line with %q", list, err, want)
		}
	}
}

func TestOperationsFloor(t *testing.T) {
	d := dbtest.SQLite(t)
	fill(t, d, 1)
	r := start(t, d, map[string]string{"ALLOWED_HOSTS": "imis.example.org,127.0.0.1"})
	r.good("admin", "{ insurees { totalCount } }")
	if status, body := r.get("", "/healthz"); status != 200 || !strings.Contains(body, "ok") {
		t.Errorf("healthz: %d %s", status, body)
	}
	if status, body := r.get("", "/readyz"); status != 200 || !strings.Contains(body, "ready") {
		t.Errorf("readyz: %d %s", status, body)
	}
	if status, body := r.get("", "/metrics"); status != 200 || !strings.Contains(body, `openimis_graphql_duration_seconds_count{field="insurees",kind="query",outcome="success"} 1`) || !strings.Contains(body, "openimis_database_statements_total") {
		t.Errorf("metrics: %d %.3000s", status, body)
	}
	for _, path := range []string{"/api/core/users/current_user", "/api/core/users/current_user/"} {
		if status, body := r.get("u0", path); status != 200 || !strings.Contains(body, `"username":"u0","i_user":{"id":`) || !strings.Contains(body, `"language":"en","last_name":"L","other_names":"O","health_facility_id":null},"t_user":null}`) {
			t.Errorf("%s: %d %s", path, status, body)
		}
		if status, _ := r.get("", path); status != 403 {
			t.Errorf("%s of nobody: %d", path, status)
		}
	}
}

func TestAMissingTableMakesTheServerUnready(t *testing.T) {
	d := dbtest.SQLite(t)
	if err := d.Write(t.Context(), "break", func(tx *db.Tx) error { return tx.DDL(t.Context(), `DROP TABLE "tblPhotos"`) }); err != nil {
		t.Fatal(err)
	}
	if err := d.Probe(t.Context()); err != nil {
		t.Fatal(err)
	}
	r := start(t, d, nil)
	if status, body := r.get("", "/readyz"); status != 503 || !strings.Contains(body, "tblPhotos") {
		t.Errorf("readyz: %d %s", status, body)
	}
	if missing := r.Main.Missing(); len(missing) != 1 || !strings.Contains(missing[0], "tblPhotos") {
		t.Errorf("missing: %v", missing)
	}
}

func TestTrustingEverybodyIsWarnedOf(t *testing.T) {
	d := dbtest.SQLite(t)
	for proxies, warns := range map[string]bool{"0.0.0.0/0": true, "10.0.0.1,::/0": true, "10.0.0.1": false, "none": false} {
		conf, err := config.FromEnvironment(map[string]string{"DATABASE_URL": "sqlite:unused.db", "REMOTE_USER_AUTHENTICATION": "true", "TRUSTED_PROXIES": proxies})
		if err != nil {
			t.Fatal(err)
		}
		var log bytes.Buffer
		if _, err := server.New(conf, d, compiled, slog.New(slog.NewTextHandler(&log, nil))); err != nil {
			t.Fatal(err)
		}
		if strings.Contains(log.String(), "can be any user") != warns {
			t.Errorf("TRUSTED_PROXIES=%s: %s", proxies, log.String())
		}
	}
}

// The scripts of the legacy database ask for the compatibility level of SQL Server 2012.
func TestALowCompatibilityLevelMakesTheServerUnready(t *testing.T) {
	s := faketds.Start(t)
	s.Handle(func(r faketds.Request) *faketds.Reply {
		switch {
		case strings.Contains(r.SQL, "OPENJSON"):
			return faketds.Fail(208, "Invalid object name 'OPENJSON'.")
		case strings.Contains(r.SQL, "compatibility_level"):
			return &faketds.Reply{Columns: []string{"compatibility_level int"}, Rows: [][]any{{110}}}
		}
		return nil
	})
	d, err := db.Open(t.Context(), s.URL(), db.Options{Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	r := start(t, d, nil)
	if missing := r.Main.Missing(); len(missing) != 1 || !strings.Contains(missing[0], "the level is 110") {
		t.Errorf("missing: %v", missing)
	}
	if status, body := r.get("", "/readyz"); status != 503 || !strings.Contains(body, "COMPATIBILITY_LEVEL = 130") {
		t.Errorf("readyz: %d %s", status, body)
	}
}

func TestADatabaseThatGoesAwayIsAClearAnswer(t *testing.T) {
	d := dbtest.SQLite(t)
	fill(t, d, 1)
	r := start(t, d, nil)
	r.good("admin", "{ insurees { totalCount } }")
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	if status, body := r.get("", "/readyz"); status != 503 || !strings.Contains(body, "the database cannot be reached") {
		t.Errorf("readyz: %d %s", status, body)
	}
	if status, _ := r.get("", "/healthz"); status != 200 {
		t.Errorf("healthz: %d", status)
	}
	a := r.query("admin", "{ insurees { totalCount } }")
	if len(a.Errors) != 1 || strings.Contains(a.Errors[0].Message, "sql") || !nothing(a.Data["insurees"]) {
		t.Errorf("%+v", a)
	}
}
