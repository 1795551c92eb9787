package apifhir

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/samply/golang-fhir-models/fhir-models/fhir"
	"github.com/shopspring/decimal"
	"pgregory.net/rapid"

	"github.com/openimis/openimis-be-go/internal/testing/fhirtest"
)

func TestEncode(t *testing.T) {
	price := json.Number("1200.50")
	for name, c := range map[string]struct {
		resource  any
		contained []any
		want      string
	}{
		"empty":   {resource: fhir.Location{}, want: `{"resourceType":"Location"}`},
		"pointer": {resource: &fhir.Location{Id: Ptr("a")}, want: `{"resourceType":"Location","id":"a"}`},
		"blank and control characters": {
			resource: fhir.Location{Name: Ptr(" \n"), Description: Ptr("a\x00b\bc\td\u00e9 \x1f\\ \"e\""), Alias: []string{"", "x"}},
			want:     `{"resourceType":"Location","alias":["x"],"description":"abc\td` + "\u00e9" + ` \\ \"e\""}`},
		"unused siblings of a choice": {
			resource: fhir.ClaimDiagnosis{},
			want:     ""},
		"claim": {
			resource: fhir.Claim{Id: Ptr("c"), Status: fhir.FinancialResourceStatusCodesActive, Use: fhir.UseClaim, Created: "2024-01-01",
				Diagnosis: []fhir.ClaimDiagnosis{{Sequence: 1, DiagnosisCodeableConcept: fhir.CodeableConcept{Text: Ptr("A01")}}},
				Total:     &fhir.Money{Value: &price}},
			contained: []any{fhir.Patient{Id: Ptr("p")}, fhir.Organization{}},
			want: `{"resourceType":"Claim","id":"c","status":"active","use":"claim","created":"2024-01-01",` +
				`"diagnosis":[{"sequence":1,"diagnosisCodeableConcept":{"text":"A01"}}],"total":{"value":1200.50},` +
				`"contained":[{"resourceType":"Patient","id":"p"},{"resourceType":"Organization"}]}`},
		"only contained": {resource: fhir.Basic{Code: fhir.CodeableConcept{}}, contained: []any{fhir.Location{}},
			want: `{"resourceType":"Basic","contained":[{"resourceType":"Location"}]}`},
		"false that was never set": {
			resource: fhir.Group{Type: fhir.GroupTypePerson, Actual: true, Characteristic: []fhir.GroupCharacteristic{
				{Code: fhir.CodeableConcept{Text: Ptr("poor")}, ValueCodeableConcept: fhir.CodeableConcept{Text: Ptr("yes")}}}},
			want: `{"resourceType":"Group","type":"person","actual":true,"characteristic":[{"code":{"text":"poor"},"valueCodeableConcept":{"text":"yes"},"exclude":false}]}`},
		"false that was set": {
			resource: fhir.Group{Type: fhir.GroupTypePerson, Characteristic: []fhir.GroupCharacteristic{{Code: fhir.CodeableConcept{Text: Ptr("poor")}}}},
			want:     `{"resourceType":"Group","type":"person","actual":false,"characteristic":[{"code":{"text":"poor"},"valueBoolean":false,"exclude":false}]}`},
		"zeros in front": {
			resource: json.RawMessage(`{"a":{"valueInteger":0,"valueBoolean":false,"valueCode":"x"},"resourceType":"Basic"}`),
			want:     `{"resourceType":"Basic","a":{"valueCode":"x"}}`},
		"zeros around": {
			resource: json.RawMessage(`{"a":{"valueInteger":0,"value":false,"valueset":0,"valueCode":"x","valueDecimal":0},"resourceType":"Basic"}`),
			want:     `{"resourceType":"Basic","a":{"value":false,"valueset":0,"valueCode":"x"}}`},
		"white space and order": {
			resource: json.RawMessage("{ \"id\" : \"a\" ,\n\"list\":[ null , [ ] , {\"x\":{}} , 1.0e3 ] , \"resourceType\":\"Basic\" }\n"),
			want:     `{"resourceType":"Basic","id":"a","list":[1.0e3]}`},
		"nothing":          {resource: nil},
		"nil pointer":      {resource: (*fhir.Location)(nil)},
		"no resource":      {resource: struct{ A int }{1}},
		"a list":           {resource: json.RawMessage(`[{"resourceType":"Basic"}]`)},
		"not encodable":    {resource: struct{ F func() }{}},
		"contained broken": {resource: fhir.Location{}, contained: []any{nil}},
		"deep":             {resource: json.RawMessage(`{"resourceType":"Basic","a":` + strings.Repeat("[", 600) + "1" + strings.Repeat("]", 600) + `}`)},
		"odd resourceType": {resource: json.RawMessage(`{"resourceType":"Ba sic"}`)},
		"long type":        {resource: json.RawMessage(`{"resourceType":"` + strings.Repeat("A", 60) + `"}`)},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := Encode(c.resource, c.contained...)
			if (err != nil) != (c.want == "") || string(got) != c.want {
				t.Errorf("got  %s %v\nwant %s", got, err, c.want)
			}
		})
	}
}

// TestEncodeMalformed cuts and damages valid JSON everywhere: never a panic, never broken output.
func TestEncodeMalformed(t *testing.T) {
	valid := `{"a":[1,{"b":"c\u0001\n"},null,true],"d":"","resourceType":"Basic","e":{}}`
	for i := range valid {
		for _, bad := range []string{valid[:i], valid[:i] + "}" + valid[i:], valid[:i] + "\\" + valid[i:], valid[:i] + valid[i+1:], valid[:i] + "," + valid[i:]} {
			out, err := Encode(json.RawMessage(bad))
			if err == nil && json.Valid([]byte(bad)) && !json.Valid(out) {
				t.Errorf("%s became %s", bad, out)
			}
		}
	}
}

// prune is the scrubber's contract, told with maps.
func prune(v any) any {
	switch v := v.(type) {
	case string:
		clean := strings.Map(func(r rune) rune {
			if r < 32 && r != '\t' && r != '\n' && r != '\r' {
				return -1
			}
			return r
		}, v)
		if strings.Trim(clean, " \t\n\r") == "" {
			return nil
		}
		return clean
	case []any:
		var out []any
		for _, x := range v {
			if p := prune(x); p != nil {
				out = append(out, p)
			}
		}
		if len(out) == 0 {
			return nil
		}
		return out
	case map[string]any:
		out := map[string]any{}
		choices, zeros := 0, []string{}
		for name, x := range v {
			p := prune(x)
			if p == nil {
				continue
			}
			out[name] = p
			if len(name) > 5 && name[:5] == "value" && name[5] >= 'A' && name[5] <= 'Z' {
				if choices++; p == false || p == json.Number("0") {
					zeros = append(zeros, name)
				}
			}
		}
		if len(zeros) < choices {
			for _, name := range zeros {
				delete(out, name)
			}
		}
		if len(out) == 0 {
			return nil
		}
		return out
	}
	return v
}

func decodeAny(t testing.TB, b []byte) any {
	d := json.NewDecoder(bytes.NewReader(b))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		t.Fatalf("%v in %s", err, b)
	}
	return v
}

// TestScrubEqualsContract compares the byte scrubber with prune on generated documents.
func TestScrubEqualsContract(t *testing.T) {
	text := rapid.OneOf(rapid.SampledFrom([]string{"", " ", "\x00", "\b\f", "a\x01b", "\\", `"`, "\t", "é<&>"}), rapid.String())
	var value func(depth int) *rapid.Generator[any]
	value = func(depth int) *rapid.Generator[any] {
		leaves := rapid.OneOf(rapid.Just[any](nil), rapid.Just[any](false), rapid.Just[any](0), rapid.Map(rapid.Int(), func(i int) any { return i }),
			rapid.Map(text, func(s string) any { return s }))
		if depth == 0 {
			return leaves
		}
		name := rapid.OneOf(rapid.SampledFrom([]string{"valueA", "valueB", "valueC", "value", "name"}), rapid.StringMatching(`[a-z]{1,6}`))
		return rapid.OneOf(leaves,
			rapid.Map(rapid.SliceOfN(value(depth-1), 0, 4), func(l []any) any { return append([]any{}, l...) }),
			rapid.Map(rapid.MapOfN(name, value(depth-1), 0, 5), func(m map[string]any) any { return m }))
	}
	rapid.Check(t, func(r *rapid.T) {
		doc := map[string]any{"resourceType": "Basic", "x": value(4).Draw(r, "x"), "valueZ": value(1).Draw(r, "z")}
		raw, err := json.Marshal(doc)
		if err != nil {
			r.Fatal(err)
		}
		out, err := Encode(json.RawMessage(raw))
		if err != nil {
			r.Fatalf("%v: %s", err, raw)
		}
		got, want := decodeAny(t, out), prune(decodeAny(t, raw))
		if !reflect.DeepEqual(got, want) {
			r.Fatalf("%s became %s", raw, out)
		}
		again, err := Encode(json.RawMessage(out))
		if err != nil || !bytes.Equal(again, out) {
			r.Fatalf("not stable: %s then %s (%v)", out, again, err)
		}
	})
}

func FuzzEncode(f *testing.F) {
	f.Add([]byte(`{"resourceType":"Basic","a":[1,null,{"b":""}],"valueA":0,"valueB":"x"}`))
	f.Add([]byte("{\"a\":\"\\u0000\\b\\ud800\",\"resourceType\":\"X\"}"))
	f.Add([]byte(`{"a":`))
	f.Fuzz(func(t *testing.T, b []byte) {
		out, err := Encode(json.RawMessage(b))
		if err == nil && json.Valid(b) && !json.Valid(out) {
			t.Errorf("%q became %q", b, out)
		}
	})
}

func TestElements(t *testing.T) {
	out, err := Encode(fhir.Location{
		Identifier: Identifiers("u", "c"), PartOf: ReferenceToCode("Location", "R1", "Region"),
		Extension: []fhir.Extension{MoneyExtension("unit-price", Money(decimal.RequireFromString("12.5"), "USD"))},
	})
	fhirtest.Dump(t, "elements", out)
	want := `{"resourceType":"Location","extension":[{"url":"<base>StructureDefinition/unit-price","valueMoney":{"value":12.50,"currency":"USD"}}],` +
		`"identifier":[{"type":{"coding":[{"system":"<base>CodeSystem/openimis-identifiers","code":"UUID"}]},"value":"u"},` +
		`{"type":{"coding":[{"system":"<base>CodeSystem/openimis-identifiers","code":"Code"}]},"value":"c"}],` +
		`"partOf":{"reference":"Location/R1","type":"Location","identifier":{"type":{"coding":[{"system":"<base>CodeSystem/openimis-identifiers","code":"Code"}]},"value":"R1"},"display":"Region"}}`
	if got := strings.ReplaceAll(string(out), Base, "<base>"); err != nil || got != want {
		t.Errorf("got  %s %v\nwant %s", got, err, want)
	}
	if len(Identifiers("", "")) != 0 || DateText(time2024) != "2024-02-03" {
		t.Error("helpers")
	}
	list := []fhir.Extension{{Url: Base + "/StructureDefinition/x"}}
	if ExtensionNamed(list, "x") == nil || ExtensionNamed(list, "y") != nil {
		t.Error("ExtensionNamed")
	}
}

func TestTargetOf(t *testing.T) {
	logical := func(kind, v string) *fhir.Reference {
		return &fhir.Reference{Type: Ptr("Patient"), Identifier: Ptr(TypedIdentifier(kind, v))}
	}
	for name, c := range map[string]struct {
		ref  *fhir.Reference
		want string // Type kind value; empty means an error
	}{
		"literal":   {&fhir.Reference{Reference: Ptr("Patient/1")}, "Patient  1"},
		"absolute":  {&fhir.Reference{Reference: Ptr("https://h/fhir/Patient/1/_history/2")}, "Patient  1"},
		"code":      {logical("Code", "070707070"), "Patient Code 070707070"},
		"old code":  {logical("SB", "070707070"), "Patient Code 070707070"},
		"uuid":      {logical("UUID", "u"), "Patient UUID u"},
		"id":        {logical("ACSN", "7"), "Patient ACSN 7"},
		"none":      {nil, ""},
		"empty":     {&fhir.Reference{}, ""},
		"no slash":  {&fhir.Reference{Reference: Ptr("openIMIS")}, ""},
		"no id":     {&fhir.Reference{Reference: Ptr("Patient/")}, ""},
		"other":     {logical("XX", "7"), ""},
		"no type":   {&fhir.Reference{Reference: Ptr("/1")}, ""},
		"typed low": {&fhir.Reference{Reference: Ptr("a b/1")}, ""},
	} {
		got, err := TargetOf(c.ref, "Claim.patient")
		if text := fmt.Sprint(got.Type, " ", got.Kind, " ", got.Value); (err != nil) != (c.want == "") || err == nil && text != c.want {
			t.Errorf("%s: %q %v, want %q", name, text, err, c.want)
		}
	}
}

func BenchmarkEncode(b *testing.B) {
	l := fhir.Location{Id: Ptr("a"), Identifier: Identifiers("u", "c"), Name: Ptr("Rapta"), Status: Ptr(fhir.LocationStatusActive),
		PhysicalType: Concept(CodeSystem("location-type"), "D", "District"), PartOf: ReferenceTo("Location", "u", "R1")}
	b.Run("json", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			_, _ = json.Marshal(l)
		}
	})
	b.Run("Encode", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			_, _ = Encode(l)
		}
	})
	b.Run("entry", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			_, _ = encodeEntry(&Resource{}, Entry{ID: "x", VersionTime: time2024, Resource: l}, view{})
		}
	})
}
