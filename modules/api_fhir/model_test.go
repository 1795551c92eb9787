package apifhir

import (
	"encoding/json"
	"math/rand/v2"
	"reflect"
	"testing"

	"github.com/samply/golang-fhir-models/fhir-models/fhir"
)

// TestModelsAreWrittenAsTheScrubberDoes fills models with anything and compares the two ways of writing them.
func TestModelsAreWrittenAsTheScrubberDoes(t *testing.T) {
	types := []reflect.Type{reflect.TypeFor[fhir.Patient](), reflect.TypeFor[fhir.Group](), reflect.TypeFor[fhir.Claim](), reflect.TypeFor[fhir.ClaimResponse](), reflect.TypeFor[fhir.Contract](),
		reflect.TypeFor[fhir.Location](), reflect.TypeFor[fhir.Medication](), reflect.TypeFor[fhir.Communication](), reflect.TypeFor[fhir.CodeSystem](), reflect.TypeFor[fhir.InsurancePlan](),
		reflect.TypeFor[OperationOutcome](), reflect.TypeFor[Bundle]()}
	for _, model := range types {
		t.Run(model.Name(), func(t *testing.T) {
			for seed := range uint64(300) {
				r := rand.New(rand.NewPCG(seed, 1))
				v := reflect.New(model).Elem()
				fill(r, v, 5)
				keep := func(name string) bool { return len(name)%2 == 0 }
				if seed%3 > 0 {
					keep = nil
				}
				got, plain, err := appendPlain([]byte("before"), v.Interface(), keep)
				want, kind, errWant := scrubbed(v.Interface(), keep)
				if !plain || (err != nil) != (errWant != nil) && (keep == nil || err != nil) { // what is not kept may be wrong
					t.Fatalf("%v, %v; written straight: %v", err, errWant, plain)
				}
				if err == nil && errWant == nil && string(got) != "before"+string(withHead(want, kind)) {
					t.Fatalf("%s\n%s", got, withHead(want, kind))
				}
			}
		})
	}
}

// fill gives some of the fields of a model a value.
func fill(r *rand.Rand, v reflect.Value, depth int) {
	one := func(of ...string) string { return of[r.IntN(len(of))] }
	switch {
	case v.Type() == numberType:
		v.SetString(one("", "0", "0", "-1.50", "1e3", "7", "12", "60.00", "1", one("x", "null", "01", "2")))
	case v.Type() == reflect.TypeFor[json.RawMessage]():
		v.SetBytes([]byte(one(`{"a":[null,{}]}`, `{"resourceType":"X","b":" "}`, `[]`, `"x"`, `1`)))
	case v.Kind() == reflect.Int && v.Type().Implements(codedType):
		v.SetInt(r.Int64N(4))
	case v.Kind() == reflect.Pointer:
		if depth > 0 && r.IntN(3) == 0 {
			v.Set(reflect.New(v.Type().Elem()))
			fill(r, v.Elem(), depth-1)
		}
	case v.Kind() == reflect.Slice:
		if depth > 0 {
			v.Set(reflect.MakeSlice(v.Type(), r.IntN(3), 2))
			for i := range v.Len() {
				fill(r, v.Index(i), depth-1)
			}
		}
	case v.Kind() == reflect.Struct:
		for i := range v.NumField() {
			if v.Field(i).CanSet() && r.IntN(4) == 0 {
				fill(r, v.Field(i), depth)
			}
		}
	case v.Kind() == reflect.String:
		v.SetString(one("", " ", "\n\t", "\x00", "a\x01b\x1f", `"\`, "é<&>\u2028", "\xff", "a\r\nb", "\x7f", "\b\f", "Doe", "x\u2029\ufffd"))
	case v.Kind() == reflect.Bool:
		v.SetBool(r.IntN(2) == 0)
	case v.CanInt():
		v.SetInt(r.Int64N(3) - 1)
	}
}
