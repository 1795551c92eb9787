package server_test

// The FHIR server as a client meets it: over HTTP, through configuration, authentication and scope.

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/openimis/openimis-be-go/internal/auth"
	"github.com/openimis/openimis-be-go/internal/db"
	"github.com/openimis/openimis-be-go/internal/testing/dbtest"
	"github.com/openimis/openimis-be-go/internal/testing/fhirtest"
	"github.com/openimis/openimis-be-go/internal/testing/servertest"
)

// fhirWorld has two districts with a health facility each (HF1, HF2), and clerk, who works in the first.
func fhirWorld(t *testing.T) *db.DB {
	t.Helper()
	d := dbtest.SQLite(t)
	since := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	err := d.Write(t.Context(), "fill", func(tx *db.Tx) error {
		insert := func(table string, v db.Values) int {
			v["ValidityFrom"] = since
			id, err := tx.Insert(t.Context(), table, v)
			if err != nil {
				t.Fatal(err)
			}
			return id
		}
		region := insert("tblLocations", db.Values{"LocationCode": "R1", "LocationName": "Ultha", "LocationType": "R"})
		var districts []int
		for i := 1; i <= 2; i++ {
			district := insert("tblLocations", db.Values{"LocationCode": fmt.Sprint("D", i), "LocationName": fmt.Sprint("District ", i), "LocationType": "D", "ParentLocationId": region})
			insert("tblHF", db.Values{"HFCode": fmt.Sprint("HF", i), "HFName": fmt.Sprint("Hospital ", i), "LegalForm": "G", "HFLevel": "H", "HFCareType": "B",
				"LocationId": district, "OffLine": false, "AuditUserID": 1})
			districts = append(districts, district)
		}
		stored, key := auth.HashLegacy("clerkpass")
		clerk := insert("tblUsers", db.Values{"LoginName": "clerk", "LanguageID": "en", "LastName": "Clerk", "OtherNames": "A", "RoleID": 0,
			"StoredPassword": stored, "PrivateKey": key, "AuditUserID": 1})
		insert("tblUsersDistricts", db.Values{"UserID": clerk, "LocationId": districts[0], "AuditUserID": 1})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// serve runs a server of the modules core, location and api_fhir with some variables more.
func serve(t *testing.T, d *db.DB, vars map[string]string) string {
	t.Helper()
	all := map[string]string{"OPENIMIS_MODULES": "core,location,api_fhir", "REMOTE_USER_AUTHENTICATION": "false"}
	maps.Copy(all, vars)
	return servertest.Serve(t, servertest.New(t, d, compiled, all))
}

// request is one request; header lines are "Name: value", login is user:password.
type request struct {
	path   string
	login  string
	header []string
}

func (r request) send(t *testing.T, base string) (*http.Response, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, base+r.path, nil)
	if err != nil {
		t.Fatal(err)
	}
	if user, password, ok := strings.Cut(r.login, ":"); ok {
		req.SetBasicAuth(user, password)
	}
	for _, line := range r.header {
		name, value, _ := strings.Cut(line, ": ")
		req.Header.Set(name, value)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	fhirtest.Dump(t, r.path, body)
	return res, string(body)
}

func TestFHIRWaysIn(t *testing.T) {
	d := fhirWorld(t)
	remote := map[string]string{"REMOTE_USER_AUTHENTICATION": "true"}
	const list, asClerk, outcome = "/api/api_fhir_r4/Organization", "Remote-User: clerk", `{"resourceType":"OperationOutcome"`
	for _, test := range []struct {
		name   string
		vars   map[string]string
		req    request
		status int
		want   []string // in the body
		not    string
	}{
		{"trusted header from loopback", remote, request{list, "", []string{asClerk}}, 200, []string{`"total":1`, "Hospital 1"}, "Hospital 2"},
		{"trusted header, another case", remote, request{list, "", []string{"Remote-User: CLERK"}}, 200, []string{`"total":1`}, ""},
		{"header of the configured name", map[string]string{"REMOTE_USER_AUTHENTICATION": "true", "REMOTE_USER_HEADER_NAME": "HTTP_X_USER"},
			request{list, "", []string{"X-User: clerk"}}, 200, []string{`"total":1`}, ""},
		{"unknown user in the header", remote, request{list, "", []string{"Remote-User: nobody"}}, 401, []string{outcome}, ""},
		{"header when that is off", nil, request{list, "", []string{asClerk}}, 401, []string{outcome}, ""},
		{"header from a peer that is not trusted", map[string]string{"REMOTE_USER_AUTHENTICATION": "true", "TRUSTED_PROXIES": "10.0.0.0/8"},
			request{list, "", []string{asClerk}}, 401, []string{outcome}, ""},
		{"Basic", nil, request{list, "clerk:clerkpass", nil}, 200, []string{`"total":1`, "Hospital 1"}, "Hospital 2"},
		{"Basic beside the header", remote, request{list, "clerk:clerkpass", nil}, 200, []string{`"total":1`}, ""},
		{"wrong password", nil, request{list, "clerk:other", nil}, 401, []string{outcome}, ""},
		{"anonymous", remote, request{list, "", nil}, 401, []string{outcome, "Authentication credentials were not provided."}, ""},
		{"anonymous, one resource", nil, request{list + "/HF1", "", nil}, 401, []string{outcome}, ""},
		{"in the scope", remote, request{list + "/HF1", "", []string{asClerk}}, 200, []string{`"resourceType":"Organization"`, `"state":"Ultha"`}, ""},
		{"outside the scope", remote, request{list + "/HF2", "", []string{asClerk}}, 404, []string{outcome, `"code":"not-found"`}, ""},
		{"locations are open", remote, request{"/api/api_fhir_r4/Location/D2", "", []string{asClerk}}, 200, []string{"District 2"}, ""},
		{"the mount without a release", remote, request{"/api/api_fhir/Location?physicalType=R", "", []string{asClerk}}, 200, []string{`"total":1`}, ""},
		{"the other instance", remote, request{"/iapi/api_fhir_r4/Location/", "", []string{asClerk}}, 200, []string{`"total":3`}, ""},
		{"unknown type", remote, request{"/api/api_fhir_r4/Observation", "", []string{asClerk}}, 404, []string{outcome}, ""},
		{"what is not trusted names no host", map[string]string{"TRUSTED_PROXIES": "10.0.0.0/8"},
			request{list, "clerk:clerkpass", []string{"X-Forwarded-Host: evil.example"}}, 200, []string{`"total":1`}, "evil.example"},
		{"a proxy names the host", nil, request{"/api/api_fhir_r4/Location?_count=1", "clerk:clerkpass", []string{"X-Forwarded-Proto: https", "X-Forwarded-Host: imis.example"}}, 200,
			[]string{`{"relation":"next","url":"https://imis.example/api/api_fhir_r4/Location?_count=1\u0026page-after=`}, ""},
		{"several proxies, a port and a path", nil, request{"/api/api_fhir_r4/Location?_count=1", "clerk:clerkpass",
			[]string{"X-Forwarded-Proto: https, http", "X-Forwarded-Host: imis.example, inner", "X-Forwarded-Port: 8443", "X-Forwarded-Prefix: /openimis/"}}, 200,
			[]string{`"fullUrl":"https://imis.example:8443/openimis/api/api_fhir_r4/Location/`}, "inner"},
		{"a malformed path", nil, request{"/api/api_fhir_r4/Location?_count=1", "clerk:clerkpass", []string{"X-Forwarded-Prefix: //evil.example", "X-Forwarded-Host: a@evil.example", "X-Forwarded-Port: x"}}, 200,
			[]string{`"total":3`}, "evil.example"},
	} {
		t.Run(test.name, func(t *testing.T) {
			res, body := test.req.send(t, serve(t, d, test.vars))
			if res.StatusCode != test.status {
				t.Fatalf("status %d, want %d\n%s", res.StatusCode, test.status, body)
			}
			for _, want := range test.want {
				if !strings.Contains(body, want) {
					t.Errorf("the body lacks %s\n%s", want, body)
				}
			}
			if test.not != "" && strings.Contains(body, test.not) {
				t.Errorf("the body has %s\n%s", test.not, body)
			}
			if test.status == http.StatusUnauthorized && res.Header.Get("WWW-Authenticate") == "" {
				t.Error("no WWW-Authenticate")
			}
		})
	}
}

func TestFHIRMetadataNeedsNoLogin(t *testing.T) {
	base := serve(t, fhirWorld(t), nil)
	for _, mount := range []string{"/api/api_fhir_r4", "/api/api_fhir", "/iapi/api_fhir_r4"} {
		res, body := request{path: mount + "/metadata"}.send(t, base)
		if res.StatusCode != http.StatusOK {
			t.Fatalf("%s: status %d\n%s", mount, res.StatusCode, body)
		}
		var c struct {
			FHIRVersion string
			Rest        []struct {
				Resource []struct {
					Type        string
					Interaction []struct{ Code string }
				}
			}
		}
		if err := json.Unmarshal([]byte(body), &c); err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, r := range c.Rest[0].Resource {
			for _, i := range r.Interaction {
				got = append(got, r.Type+" "+i.Code)
			}
		}
		all := strings.Join(got, ", ")
		for _, want := range []string{"Location read", "Location search-type", "Location vread", "Location history-instance", "Organization read", "Organization search-type"} {
			if !strings.Contains(all, want) {
				t.Errorf("%s lacks %s", mount, want)
			}
		}
		if c.FHIRVersion != "4.0.1" {
			t.Errorf("%s: FHIR %s: %v", mount, c.FHIRVersion, got)
		}
	}
}

func TestFHIRIsServedWhenItsModuleIsEnabled(t *testing.T) {
	base := serve(t, fhirWorld(t), map[string]string{"OPENIMIS_MODULES": "core,location"})
	res, err := http.Get(base + "/api/api_fhir_r4/metadata") // no FHIR answer: nothing for the validator
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	if res.StatusCode != http.StatusNotFound {
		t.Errorf("status %d without the module, want 404", res.StatusCode)
	}
}
