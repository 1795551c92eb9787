package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/openimis/openimis-be-go/internal/db"
	"github.com/openimis/openimis-be-go/internal/progress"
	"github.com/openimis/openimis-be-go/internal/seed"
	"github.com/openimis/openimis-be-go/internal/testing/dbtest"
	"github.com/openimis/openimis-be-go/internal/testing/servertest"
	apifhir "github.com/openimis/openimis-be-go/modules/api_fhir"
)

// The decoders of FHIR are fuzzed in the whole server, over the demo data: what is not taken is refused with an
// OperationOutcome, and is never a fault of the server. Each type that can be written has a target (fuzzedTypes), in
// all releases and with all of its writes; TestEveryWriteIsFuzzed keeps the list complete. Minimizing what is interesting would take most of the two minutes:
//
//	go test -run '^$' -fuzz '^FuzzFHIRClaim$' -fuzztime 2m -fuzzminimizetime 50x ./cmd/server

func FuzzFHIRPatient(f *testing.F)       { fuzzWrites(f, "Patient") }
func FuzzFHIRGroup(f *testing.F)         { fuzzWrites(f, "Group") }
func FuzzFHIRContract(f *testing.F)      { fuzzWrites(f, "Contract") }
func FuzzFHIRClaim(f *testing.F)         { fuzzWrites(f, "Claim") }
func FuzzFHIRCommunication(f *testing.F) { fuzzWrites(f, "Communication") }
func FuzzFHIREligibility(f *testing.F) {
	fuzzWrites(f, "CoverageEligibilityRequest", "EligibilityRequest")
}
func FuzzFHIRSubscription(f *testing.F)       { fuzzWrites(f, "Subscription") }
func FuzzFHIRMedication(f *testing.F)         { fuzzWrites(f, "Medication") }
func FuzzFHIRActivityDefinition(f *testing.F) { fuzzWrites(f, "ActivityDefinition") }
func FuzzFHIRLocation(f *testing.F)           { fuzzWrites(f, "Location") }
func FuzzFHIROrganization(f *testing.F)       { fuzzWrites(f, "Organization") }
func FuzzFHIRPractitioner(f *testing.F)       { fuzzWrites(f, "Practitioner") }
func FuzzFHIRPractitionerRole(f *testing.F)   { fuzzWrites(f, "PractitionerRole") }

// fuzzedTypes are the types of the targets.
var fuzzedTypes = []string{"Patient", "Group", "Contract", "Claim", "Communication", "CoverageEligibilityRequest", "EligibilityRequest", "Subscription", "Medication", "ActivityDefinition",
	"Location", "Organization", "Practitioner", "PractitionerRole"}

func TestEveryWriteIsFuzzed(t *testing.T) {
	s := openFuzzed(t)
	for _, w := range s.writes {
		if !slices.Contains(fuzzedTypes, w.kind) {
			t.Errorf("%s %s is in no fuzz target", w.method, w.kind)
		}
	}
}

// forms are bodies of types of which the demo data has none, or which cannot be read, and what clients get wrong in others.
var forms = map[string][]string{
	"Patient": {
		`{"resourceType":"Patient","identifier":[{"type":{"coding":[{"code":"SB"}]},"value":"1"}],"name":[{"family":"a","given":["b"]}],"birthDate":"1990-01-01","gender":"other","address":[{"type":"both","text":"x"}]}`,
		`{"resourceType":"Patient","extension":[{"url":"https://openimis.github.io/openimis_fhir_r4_ig/StructureDefinition/patient-is-head","valueBoolean":true}],"address":[{"use":"temp","extension":[{}]}],"contact":[{"relationship":[{}]}],"generalPractitioner":[{"reference":"/"}]}`,
		`{"resourceType":"Patient","extension":[{"url":"https://openimis.github.io/openimis_fhir_r4_ig/StructureDefinition/patient-group-reference"}],"birthDate":"\u0000","maritalStatus":{"coding":[{"code":"é"}]}}`,
		`[{"op":"replace","path":"/name/0/family","value":"x"},{"op":"remove","path":"/birthDate"}]`, `{"name":[{"family":""}],"gender":null}`,
	},
	"Group": {
		`{"resourceType":"Group","type":"PERSON","actual":"TRUE","identifier":[{"type":{"coding":[{"code":"Code"}]},"value":"1"}],"member":[{"entity":{}},{"entity":{"type":"Patient","identifier":{"value":"1"}}}]}`,
		`{"resourceType":"Group","type":1,"actual":"","extension":[{"url":"https://openimis.github.io/openimis_fhir_r4_ig/StructureDefinition/group-address","valueAddress":{}}]}`,
		`[{"op":"add","path":"/member/-","value":{"entity":{"reference":"Patient/1"}}}]`, `{"member":[]}`,
	},
	"Contract": {
		`{"resourceType":"Contract","status":"Idle","legalState":{"text":"Renewed"},"subject":[{"reference":"Group/1"}],"author":{"reference":"Practitioner/1"},"term":[{"asset":[{"extension":[{"url":"https://openimis.github.io/openimis_fhir_r4_ig/StructureDefinition/contract-premium","extension":[{"url":"amount","valueMoney":{"value":1e18,"currency":"USD"}},{"url":"date","valueDate":"9999-99-99"},{"url":"receipt","valueString":"é"}]}],"typeReference":[{"reference":"Patient/1"},{}],"valuedItem":[{"entityReference":{"reference":"InsurancePlan/1"}}],"period":[{"start":"0001-01-01","end":"x"}]}]}]}`,
		`{"resourceType":"Contract","status":1,"issued":"2026","subject":[{}],"term":[{"asset":[{"valuedItem":[{}],"period":[{}]}]}]}`, `{"resourceType":"Contract","term":[{}]}`,
	},
	"Claim": {
		`{"resourceType":"Claim","item":[{}],"diagnosis":[{"sequence":-1},{"sequence":9e9}],"billablePeriod":{"start":"0001-01-01","end":"9999-12-31T23:59:59.999+14:00"},"patient":{"reference":"#"}}`,
		`{"resourceType":"Claim","total":{"value":1e400},"item":[{"quantity":{"value":-0.000000000000000000001}}],"contained":[{"resourceType":"Patient","id":"p","identifier":"x"}],"patient":{"reference":"Patient/9999999999999999999999999999999999999999"}}`,
		`{"resourceType":"Claim","supportingInfo":[{"category":{"coding":[{"code":"attachment"}]},"valueAttachment":{"contentType":";","data":"="}}],"information":[{"category":{"text":"guarantee_id"}},{}]}`,
	},
	"Communication": {
		`{"resourceType":"Communication","status":"completed","about":[{"reference":"Claim/1"}],"subject":{"identifier":{}},"payload":[{"extension":[{"url":"https://openimis.github.io/openimis_fhir_r4_ig/StructureDefinition/communication-payload-type","valueCodeableConcept":{"coding":[{"code":"Asessment"}]}}],"contentString":"9"},{},{},{},{}]}`,
		`{"resourceType":"Communication","status":["completed"],"about":[{"reference":"Claim/"}],"sent":"2026-11-23T24:00:00Z"}`,
	},
	"CoverageEligibilityRequest": {
		`{"resourceType":"CoverageEligibilityRequest","patient":{"reference":"Patient/1"},"item":[{"category":{"text":"item"},"productOrService":{"text":"I1"}}]}`,
		`{"resourceType":"CoverageEligibilityRequest","patient":{"reference":"/"},"item":[{}],"purpose":["x"]}`,
	},
	"EligibilityRequest": {
		`{"resourceType":"EligibilityRequest","patient":{"reference":"Patient/1"},"benefitCategory":{"coding":[{"code":"service"}],"text":"S1"}}`,
		`{"resourceType":"EligibilityRequest","patient":{"identifier":{"type":{"coding":[{"code":"SB"}]},"value":"1"}},"benefitSubCategory":{"coding":[{}],"text":""}}`,
	},
	"Medication": {
		`{"resourceType":"Medication","identifier":[{"type":{"coding":[{"code":"Code"}]},"value":"M"}],"code":{"text":"x"},"extension":[{"url":"https://openimis.github.io/openimis_fhir_r4_ig/CodeSystem/unit-price","valueMoney":{"value":1e400}},{"url":"https://openimis.github.io/openimis_fhir_r4_ig/StructureDefinition/medication-type","valueCodeableConcept":{"coding":[{"code":"D"}]}},{"url":"https://openimis.github.io/openimis_fhir_r4_ig/StructureDefinition/medication-usage-context","extension":[{"url":"CareType","valueUsageContext":{"valueCodeableConcept":{"coding":[{"code":"AMB"},{"code":"IMP"}]}}},{"url":"Gender"},{}]}]}`,
		`[{"op":"replace","path":"/code/text","value":""},{"op":"remove","path":"/extension/0"}]`, `{"extension":[],"form":{"text":"\u0000"}}`,
	},
	"ActivityDefinition": {
		`{"resourceType":"ActivityDefinition","name":"S","title":"x","status":"active","topic":[{"coding":[{"code":"P"}]}],"timingTiming":{"repeat":{"period":1e9999,"frequency":0}},"useContext":[{"code":{"code":"workflow"},"valueCodeableConcept":{"coding":[{}]}},{"code":{}}]}`,
		`{"resourceType":"ActivityDefinition","status":"x"}`, `{"topic":null,"timingTiming":{"repeat":{"period":-0.5,"periodUnit":"a"}}}`,
	},
	"Location": {
		`{"resourceType":"Location","identifier":[{"type":{"coding":[{"code":"LC"}]},"value":"X"}],"name":"x","physicalType":{"coding":[{"code":"V"}]},"partOf":{"type":"Location","identifier":{"type":{"coding":[{"code":"Code"}]},"value":"W"}}}`,
		`{"resourceType":"Location","identifier":[{"type":{"coding":[{"code":"FI"}]},"value":"X"}],"name":"\u0000","type":{"coding":[{"code":"HOSP"}]},"physicalType":{"coding":[{"code":"si"}]},"status":"inactive","mode":"kind","partOf":{"reference":"/"}}`,
		`[{"op":"replace","path":"/partOf/reference","value":"Location/1"},{"op":"remove","path":"/identifier"}]`, `{"name":"é","partOf":null,"address":{"text":"x"}}`,
	},
	"Organization": {
		`{"resourceType":"Organization","identifier":[{"type":{"coding":[{"code":"Code"}]},"value":"X"}],"name":"x","address":[{"line":[""],"district":"D","state":"R","extension":[{"url":"https://openimis.github.io/openimis_fhir_r4_ig//StructureDefinition/address-location-reference","valueReference":{"reference":"Organization/X"}}]}],"extension":[{"url":"https://openimis.github.io/openimis_fhir_r4_ig/StructureDefinition/organization-legal-form","valueCodeableConcept":{"coding":[{"code":"G"}]}},{"url":"https://openimis.github.io/openimis_fhir_r4_ig//StructureDefinition/organization-hf-level","valueCodeableConcept":{"coding":[{"code":"H"}]}},{"url":"https://openimis.github.io/openimis_fhir_r4_ig/StructureDefinition/organization-hf-care-type","valueCodeableConcept":{"coding":[{"code":"B"}]}}]}`,
		`{"resourceType":"Organization","type":[{"coding":[{"code":"ins"}]}],"telecom":[{"system":"fax"},{"system":"fax","value":"1"},{"system":"fax","value":"2"}],"address":[{"extension":[{}]},{}]}`,
		`[{"op":"add","path":"/telecom/-","value":{"system":"phone","value":"1"}}]`, `{"address":[{"district":"\u0000"}],"active":false}`,
	},
	"Practitioner": {
		`{"resourceType":"Practitioner","identifier":[{"type":{"coding":[{"code":"FILL"}]},"value":"X"}],"name":[{"use":"official","family":"x","given":["y"]}],"qualification":[{"code":{"coding":[{"code":"ca"}]}}],"birthDate":"1990-02-31","extension":[{"url":"https://openimis.github.io/openimis_fhir_r4_ig/StructureDefinition/reference","valueReference":{"reference":"Organization/1"}}]}`,
		`{"resourceType":"Practitioner","qualification":[{"code":{"coding":[{"code":"EO"}]}},{}],"name":[{}],"telecom":[{}],"birthDate":"0001-01-01","active":false}`, `{"name":null}`,
	},
	"PractitionerRole": {
		`{"resourceType":"PractitionerRole","code":[{"coding":[{"code":"EO"}]}],"practitioner":{"reference":"Practitioner/eo-1"},"location":[{"reference":"Location/1"}],"extension":[{"url":"https://openimis.github.io/openimis_fhir_r4_ig/StructureDefinition/practitioner-role-substitution-reference","valueReference":{}}]}`,
		`{"resourceType":"PractitionerRole","code":[{"coding":[{"code":"CA"}]}],"practitioner":{"identifier":{}},"organization":{"reference":"Organization/1"},"location":[{"reference":"Location/1"}]}`, `{"organization":null,"location":[]}`,
	},
	"Subscription": {
		`{"resourceType":"Subscription","status":"requested","reason":"x","criteria":"Patient?name=a","end":"2029-01-01T00:00:00Z","channel":{"type":"rest-hook","endpoint":"https://example.org/x","header":["A: b","{\"c\":\"d\"}"]}}`,
		`{"resourceType":"Subscription","status":"off","criteria":"?","channel":{"type":"email","endpoint":"https://[::1]:0/","header":["",":","{"]}}`,
		`[{"op":"replace","path":"/status","value":"off"}]`, `{"status":"off"}`,
	},
}

// fuzzed is the server with what is written to it.
type fuzzed struct {
	t       testing.TB
	handler http.Handler
	writes  []fhirWrite
	lists   []string // the lists of both releases
}

// fhirWrite is a write of a type.
type fhirWrite struct {
	kind, release, method, path, contentType string
}

func openFuzzed(t testing.TB) *fuzzed {
	t.Helper()
	db.Observe(nil) // statements are judged by the tests
	d := dbtest.SQLite(t)
	today, _ := time.Parse(time.RFC3339, recordedNow)
	if err := seed.Seed(t.Context(), d, seed.Demo, today, progress.None); err != nil {
		t.Fatal(err)
	}
	s := servertest.New(t, d, compiled, map[string]string{"IMIS_FIXED_NOW": recordedNow,
		"OPENIMIS_MODULES": "core,location,medical,medical_pricelist,product,insuree,policy,contribution,claim,claim_batch,api_fhir@1.2.0"})
	z := &fuzzed{t: t, handler: s.Handler()}
	for release, base := range map[apifhir.Release]string{apifhir.R4: "/api/api_fhir_r4/", apifhir.STU3: "/api/api_fhir/"} {
		for _, res := range s.Instances[0].FHIR().Resources(release) {
			if res.Search != nil {
				z.lists = append(z.lists, base+res.Type)
			}
			write := func(method, path, contentType string) {
				z.writes = append(z.writes, fhirWrite{res.Type, string(release), method, path, contentType})
			}
			if res.Create != nil {
				write(http.MethodPost, base+res.Type, "application/fhir+json")
			}
			if res.Type == "Subscription" {
				z.send(t, http.MethodPost, base+res.Type, forms[res.Type][0], "application/fhir+json")
			}
			if id := z.first(base + res.Type); res.Update != nil && id != "" {
				write(http.MethodPut, base+res.Type+"/"+id, "application/fhir+json")
				write(http.MethodPatch, base+res.Type+"/"+id, "application/json-patch+json")
				write(http.MethodPatch, base+res.Type+"/"+id, "application/merge-patch+json")
			}
		}
	}
	slices.Sort(z.lists)
	return z
}

// send sends a request as the administrator; headers are names and values.
func (z *fuzzed) send(t testing.TB, method, path, body, contentType string, headers ...string) (int, []byte) {
	t.Helper()
	r := httptest.NewRequest(method, "/", strings.NewReader(body))
	path, query, _ := strings.Cut(path, "?")
	r.URL.Path, r.URL.RawQuery = path, query
	r.Host, r.RemoteAddr = "localhost", "127.0.0.1:4711"
	r.Header.Set("Remote-User", "Admin")
	if contentType != "" {
		r.Header.Set("Content-Type", contentType)
	}
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	z.handler.ServeHTTP(w, r)
	got := w.Body.Bytes()
	if len(got) == 0 && (w.Code == http.StatusNoContent || w.Code == http.StatusNotModified || method == http.MethodHead || w.Code < 300) {
		return w.Code, got
	}
	if strings.Trim(strings.TrimPrefix(path, "/api/api_fhir"), "/") == "" && method == http.MethodGet { // the list of addresses is no resource
		return w.Code, got
	}
	var answer struct{ ResourceType string }
	if err := json.Unmarshal(got, &answer); err != nil || answer.ResourceType == "" || w.Code >= 400 && answer.ResourceType != "OperationOutcome" {
		t.Errorf("%s %s %q: %d %s %v", method, r.URL, body, w.Code, got, err)
	}
	if bytes.Contains(got, []byte("internal error has occurred")) || w.Code == http.StatusServiceUnavailable {
		t.Errorf("%s %s %q %q: %d %s", method, r.URL, body, headers, w.Code, got)
	}
	return w.Code, got
}

// page is the first page of a list.
func (z *fuzzed) page(list string) (entries []struct{ Resource json.RawMessage }) {
	_, raw := z.send(z.t, http.MethodGet, list+"?_count=2", "", "")
	var page struct {
		Entry []struct{ Resource json.RawMessage }
	}
	_ = json.Unmarshal(raw, &page) // 405 has no entries
	return page.Entry
}

// first is the id of the first resource of a list.
func (z *fuzzed) first(list string) string {
	for _, e := range z.page(list) {
		var resource struct{ ID string }
		if err := json.Unmarshal(e.Resource, &resource); err != nil {
			z.t.Fatal(err)
		}
		return resource.ID
	}
	return ""
}

// fuzzWrites sends bodies to all writes of types. The seeds are what the server itself answers, whole, without each of
// its members, and with each replaced by something else.
func fuzzWrites(f *testing.F, kinds ...string) {
	z := openFuzzed(f)
	var writes []fhirWrite
	for _, w := range z.writes {
		if slices.Contains(kinds, w.kind) {
			writes = append(writes, w)
		}
	}
	for _, kind := range kinds {
		for _, form := range forms[kind] {
			f.Add([]byte(form))
		}
		for _, list := range z.lists {
			if !strings.HasSuffix(list, "/"+kind) {
				continue
			}
			for _, e := range z.page(list) {
				f.Add([]byte(e.Resource))
				var members map[string]any
				if err := json.Unmarshal(e.Resource, &members); err != nil {
					f.Fatal(err)
				}
				for name, was := range members {
					for _, other := range []any{nil, map[string]any{}, []any{map[string]any{}}, -1} {
						members[name] = other
						raw, err := json.Marshal(members)
						if err != nil {
							f.Fatal(err)
						}
						f.Add(raw)
					}
					members[name] = was
				}
			}
		}
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		for _, w := range writes {
			z.send(t, w.method, w.path, string(raw), w.contentType)
		}
	})
}

// FuzzFHIRSearch searches every list of both releases with any query.
func FuzzFHIRSearch(f *testing.F) {
	z := openFuzzed(f)
	for i, query := range []string{
		"identifier=Code|a\\,b,c", "_lastUpdated=ge2024-01&_lastUpdated=lt2024-01-01T10:00Z&_sort=-_lastUpdated", "patient.identifier=1&_include=*", "_id=1,2&_summary=true",
		"_count=5&page-offset=3&_sort=-_id&_total=none&_elements=a", "name:contains=%25&birthdate=sa1900", "refDate=2020-01-01&refEndDate=x", "_revinclude=Claim:patient", "page-after=2.9.x",
		"status=active&gender=male&created=ap2026", "subject:Patient.name=a", "claimDateFrom=2026-01-01", "physicalType=si", "identifier:of-type=a|Code|b", "page-query=aa",
		"_sort=name,-identifier,birthdate", "\x00=%zz&_count=-1", "_id=99999999999999999999&_id=%00", "beneficiary=Patient/1&_has:Claim:patient:_id=1",
	} {
		f.Add(uint8(i), query)
	}
	f.Fuzz(func(t *testing.T, list uint8, query string) {
		path := z.lists[int(list)%len(z.lists)]
		z.send(t, http.MethodGet, path+"?"+query, "", "")
		z.send(t, http.MethodPost, path+"/_search", query, "application/x-www-form-urlencoded", "Prefer", "handling=strict")
	})
}

// FuzzFHIRHeaders reads, searches and writes with any headers.
func FuzzFHIRHeaders(f *testing.F) {
	z := openFuzzed(f)
	id := z.first("/api/api_fhir_r4/Patient")
	for _, h := range [][4]string{
		{"application/fhir+json; fhirVersion=3.0, */*;q=0.1", "return=minimal; handling=strict", `W/"1", *`, "application/json; charset=x"},
		{"text/html;q=2", "handling=lenient,return=OperationOutcome", `"`, "application/merge-patch+json; fhirVersion=9"},
		{"application/*;q=0", "return=", "Mon, 23 Nov 2026 10:00:00 GMT", "application/json-patch+json"}, {"", "", "identifier=Code|1", ""}, {"*/*", "x", "?name=a&_count=1", ";"},
	} {
		f.Add(h[0], h[1], h[2], h[3], "/Patient/"+id)
	}
	f.Fuzz(func(t *testing.T, accept, prefer, condition, contentType, path string) {
		headers := []string{"Accept", accept, "Prefer", prefer, "If-None-Match", condition, "If-Modified-Since", condition, "If-Match", condition, "If-None-Exist", condition}
		for _, base := range []string{"/api/api_fhir_r4", "/api/api_fhir"} {
			z.send(t, http.MethodGet, base+"/Patient/"+id, "", "", headers...)
			z.send(t, http.MethodGet, base+"/"+strings.TrimLeft(path, "/"), "", "", headers...)
			z.send(t, http.MethodPut, base+"/Patient/"+id, `{"resourceType":"Patient"}`, contentType, headers...)
			z.send(t, http.MethodPost, base+"/Group", `{"resourceType":"Group"}`, contentType, headers...)
		}
	})
}

// FuzzFHIRBundle posts batches and transactions.
func FuzzFHIRBundle(f *testing.F) {
	z := openFuzzed(f)
	patient := z.first("/api/api_fhir_r4/Patient")
	for _, seed := range []string{
		`{"resourceType":"Bundle","type":"transaction","entry":[{"fullUrl":"urn:uuid:1","resource":{"resourceType":"Group"},"request":{"method":"POST","url":"Group","ifNoneExist":"identifier=x"}},{"request":{"method":"GET","url":"Patient?_count=1&_include=*"}}]}`,
		`{"resourceType":"Bundle","type":"batch","entry":[{"resource":{"gender":"male"},"request":{"method":"PATCH","url":"Patient/%s","ifMatch":"W/\"1\""}},{"request":{"method":"DELETE","url":"/Group/%%31"}},{"request":{"method":"HEAD","url":"Patient/%s/_history/2"}}]}`,
		`{"resourceType":"Bundle","type":"transaction","entry":[{"resource":{"resourceType":"Contract","subject":[{"reference":"Group?identifier=1"}]},"request":{"method":"POST","url":"Contract"}},{"resource":{"resourceType":"Patient","id":"x"},"request":{"method":"PUT","url":"Patient/x","ifNoneMatch":"*"}}]}`,
		`{"resourceType":"Bundle","type":"batch"}`, `[]`, `{"entry":7}`, `{"resourceType":"Bundle","type":"transaction","entry":[{},{"request":{"url":"?"}}]}`,
	} {
		f.Add([]byte(strings.NewReplacer("%s", patient, "%%", "%").Replace(seed)))
	}
	for _, list := range []string{"/api/api_fhir_r4/Group", "/api/api_fhir_r4/Claim"} {
		for _, e := range z.page(list) {
			f.Add(fmt.Appendf(nil, `{"resourceType":"Bundle","type":"transaction","entry":[{"fullUrl":"urn:uuid:6f1c1d8e-5a53-4b0e-9a56-000000000001","resource":%s,"request":{"method":"POST","url":%q}}]}`, e.Resource, list[len("/api/api_fhir_r4/"):]))
		}
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		for _, base := range []string{"/api/api_fhir_r4", "/api/api_fhir"} {
			z.send(t, http.MethodPost, base, string(raw), "application/fhir+json")
		}
	})
}
