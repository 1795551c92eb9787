package apifhir

import (
	"encoding/json"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/samply/golang-fhir-models/fhir-models/fhir"
	"pgregory.net/rapid"

	"github.com/openimis/openimis-be-go/internal/fault"
)

var time2024 = time.Date(2024, 2, 3, 4, 5, 6, 789e6, time.UTC)

func TestDecode(t *testing.T) {
	claim, contained, err := Decode[fhir.Claim]([]byte(`{"resourceType":"Claim","id":"c","status":"active","use":"claim","careType":"O","nmc":7,"_created":{"id":"x"},
		"contained":[{"resourceType":"Patient","id":"p","gender":"weird"},{"resourceType":"Medication"}],
		"total":{"value":60.00},"item":[{"sequence":1,"quantity":{"value":2}}]}`))
	if err != nil {
		t.Fatal(err)
	}
	if *claim.Id != "c" || *claim.Total.Value != "60.00" || len(claim.Item) != 1 || claim.Use != fhir.UseClaim {
		t.Errorf("%+v", claim)
	}
	if len(contained) != 2 || contained[0].Type != "Patient" || contained[0].ID != "p" || contained[1].Type != "Medication" {
		t.Fatalf("%+v", contained)
	}
	if _, _, err := Decode[fhir.Patient](contained[0].JSON); fault.Field(err) != "Patient.gender" {
		t.Errorf("contained: %v", err)
	}
}

func TestDecodeRefusals(t *testing.T) {
	for body, want := range map[string][2]string{ // field, part of the message
		``:                           {"", "empty"},
		` `:                          {"", "empty"},
		`null`:                       {"", "JSON object"},
		`7`:                          {"", "JSON object"},
		`{"a":1`:                     {"", "not valid JSON: unexpected end"},
		`{"resourceType":"Claim"}x`:  {"", "at byte 25"},
		`{}`:                         {"resourceType", "Missing `resourceType` attribute"},
		`{"resourceType":1}`:         {"resourceType", `"Claim"`},
		`{"resourceType":"Patient"}`: {"resourceType", `"Claim"`},
		`{"resourceType":"Claim","contained":{}}`:                                                        {"Claim.contained", "list"},
		`{"resourceType":"Claim","item":[{"sequence":1},{"category":{"text":"a\u0000"}}]}`:               {"Claim.item[1].category.text", "U+0000"},
		`{"resourceType":"Claim","contained":[{}]}`:                                                      {"Claim.contained[0]", "resourceType"},
		`{"resourceType":"Claim","contained":[{"resourceType":"Patient","id":7}]}`:                       {"Claim.contained[0]", "text as id"},
		`{"resourceType":"Claim","status":"open"}`:                                                       {"Claim.status", "allowed: active, cancelled, draft, entered-in-error."},
		`{"resourceType":"Claim","status":null}`:                                                         {"Claim.status", "null"},
		`{"resourceType":"Claim","status":["active"]}`:                                                   {"Claim.status", "not a code"},
		`{"resourceType":"Claim","item":{}}`:                                                             {"Claim.item", "list"},
		`{"resourceType":"Claim","item":[{"sequence":1},{"sequence":"2"}]}`:                              {"Claim.item[1].sequence", "a whole number"},
		`{"resourceType":"Claim","item":[{"sequence":1.5}]}`:                                             {"Claim.item[0].sequence", "a whole number"},
		`{"resourceType":"Claim","item":[{"quantity":{"value":"many"}}]}`:                                {"Claim.item[0].quantity.value", "a number"},
		`{"resourceType":"Claim","item":[7]}`:                                                            {"Claim.item[0]", "object"},
		`{"resourceType":"Claim","created":7}`:                                                           {"Claim.created", "a text"},
		`{"resourceType":"Claim","insurance":[{"focal":"yes"}]}`:                                         {"Claim.insurance[0].focal", "true or false"},
		`{"resourceType":"Claim","patient":{"identifier":{"use":"mine"}}}`:                               {"Claim.patient.identifier.use", "usual, official"},
		`{"resourceType":"Claim","created":` + strings.Repeat("[", 100) + strings.Repeat("]", 100) + `}`: {"Claim.created", "…"},
		`{"resourceType":"Claim","CREATED":7}`:                                                           {"", "cannot be read as Claim"},
	} {
		_, _, err := Decode[fhir.Claim]([]byte(body))
		if fault.Code(err) != fault.Invalid || fault.Field(err) != want[0] || !strings.Contains(fault.Message(err), want[1]) {
			t.Errorf("%s: field %q, %v; want %q", body, fault.Field(err), err, want)
		}
	}
	if _, err := TypeOf([]byte(`{"resourceType":"a b"}`)); fault.Field(err) != "resourceType" {
		t.Error(err)
	}
}

// TestRoundTrip proves that what Encode writes is what Decode reads.
func TestRoundTrip(t *testing.T) {
	word := rapid.StringMatching(`[A-Za-z0-9<&>"\\ é]{0,12}[a-z]`)
	rapid.Check(t, func(r *rapid.T) {
		in := fhir.Location{Id: Ptr(word.Draw(r, "id")), Name: Ptr(word.Draw(r, "name")), Alias: rapid.SliceOfN(word, 1, 3).Draw(r, "alias"),
			Identifier: Identifiers(word.Draw(r, "uuid"), word.Draw(r, "code")), PartOf: ReferenceTo("Location", word.Draw(r, "ref"), ""),
			Status: Ptr(fhir.LocationStatus(rapid.IntRange(0, 2).Draw(r, "status")))}
		b, err := Encode(in, fhir.Patient{Id: Ptr("p")})
		if err != nil {
			r.Fatal(err)
		}
		out, contained, err := Decode[fhir.Location](b)
		if err != nil || !reflect.DeepEqual(in, *out) || len(contained) != 1 {
			r.Fatalf("%v: %s", err, b)
		}
	})
}

func FuzzDecode(f *testing.F) {
	f.Add([]byte(`{"resourceType":"Claim","status":"active","contained":[{"resourceType":"Patient"}],"item":[{"sequence":1}]}`))
	f.Add([]byte(`{"resourceType":"Claim","item":[{"quantity":{"value":"x"}}]}`))
	f.Add([]byte(`{"resourceType":"Claim","extension":[{"url":"a","extension":[{"url":"b","valueCoding":{"code":7}}]}]}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		claim, contained, err := Decode[fhir.Claim](b)
		if err != nil {
			if fault.Code(err) != fault.Invalid || fault.Message(err) == "" {
				t.Errorf("%q: %v", b, err)
			}
			return
		}
		raw := make([]any, len(contained))
		for i, c := range contained {
			raw[i] = json.RawMessage(c.JSON)
		}
		if out, err := Encode(claim, raw...); err == nil && !json.Valid(out) {
			t.Errorf("%q became %q", b, out)
		}
	})
}

func FuzzSearch(f *testing.F) {
	res := Resource{Release: R4, Type: "Location", Params: []Param{ByIdentifier, {Name: "t", Type: Token}, {Name: "d", Type: Date}, {Name: "s", Type: String},
		{Name: "r", Type: Reference, Targets: []string{"Location"}}, {Name: "n", Type: Number}, {Name: "q", Type: Quantity}}}
	s, err := New(Config{}, res)
	if err != nil {
		f.Fatal(err)
	}
	conf := s.conf
	for _, seed := range []string{"identifier=Code|a\\,b,c", "t=a|b&d=ge2024-01&d=lt2024-01-01T10:00Z", "r:Location=x&n=ap1e2&q=5.4|u|mg", "_count=5&page-offset=3&_sort=-_id&_total=none&_elements=a"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, query string) {
		params, err := parseQuery(query)
		if err != nil {
			return
		}
		q := &call{s: s, release: R4, base: "http://h", params: params, request: httptest.NewRequest("GET", "/", nil)}
		req, errs := q.parse(&res, params)
		for _, err := range errs {
			if fault.Code(err) != fault.Invalid || fault.Field(err) == "" {
				t.Errorf("%q: %v", query, err)
			}
		}
		if len(errs) > 0 {
			return
		}
		if req.Offset < 0 || req.Limit < 0 || req.Limit > conf.MaxCount+1 || req.CountOnly != (req.Limit == 0) {
			t.Errorf("%q: %+v", query, req.Query)
		}
		for name, criteria := range req.Params {
			for _, c := range criteria {
				if len(c.Any) == 0 && c.Chain == nil {
					t.Errorf("%q: %s asks nothing", query, name)
				}
			}
		}
		page := Page{Total: 3, Entries: []Entry{{ID: "a", Resource: fhir.Location{}}}}
		if out, err := q.page(nil, &res, req, page); err == nil && !json.Valid(out.body) {
			t.Errorf("%q: %s", query, out.body)
		}
	})
}
