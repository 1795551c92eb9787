package claim

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/openimis/openimis-be-go/internal/testing/dbtest"
)

// seeds are bodies as clients send them, and the places where they may be wrong.
func seeds(f *testing.F, body func(code string) object) {
	for i, change := range []func(object){
		func(object) {},
		func(b object) { delete(b, "item") },
		func(b object) { b["item"] = []any{object{}} },
		func(b object) { b["diagnosis"] = []any{object{"sequence": -1}, object{"sequence": 9e9}} },
		func(b object) {
			b["billablePeriod"] = object{"start": "0001-01-01", "end": "9999-12-31T23:59:59.999+14:00"}
		},
		func(b object) { b["patient"] = object{"reference": "#"} },
		func(b object) { b["patient"] = object{"reference": "Patient/" + strings.Repeat("9", 40)} },
		func(b object) { b["total"] = object{"value": json.Number("1e400")} },
		func(b object) {
			b["item"].([]any)[0].(object)["quantity"] = object{"value": json.Number("-0.000000000000000000001")}
		},
		func(b object) { b["identifier"] = []any{logical("", "Code", strings.Repeat("é", 60))["identifier"]} },
		func(b object) {
			b["contained"] = []any{object{"resourceType": "Patient", "id": "p", "identifier": "x"}}
		},
		func(b object) {
			b["supportingInfo"] = []any{object{"category": coded("attachment"), "valueAttachment": object{"contentType": ";", "data": "="}}}
		},
		func(b object) { b["information"] = []any{object{"category": object{"text": "guarantee_id"}}, object{}} },
	} {
		b := body("F" + string(rune('a'+i)))
		change(b)
		raw, err := json.Marshal(b)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(raw)
	}
	f.Add([]byte(`{"resourceType":"Claim"}`))
}

// fuzzClaims sends bodies: whatever comes is entered, or refused with an OperationOutcome, and never a fault of the server.
func fuzzClaims(f *testing.F, path string, body func(code string) object) {
	seeds(f, body)
	c := open(f, dbtest.SQLite(f))
	fuzzBodies(f, c.asClient(c.clerk()), path, "ClaimResponse")
}

// fuzzBodies posts bodies: what is created is answered with a resource of a type, everything else with an OperationOutcome.
func fuzzBodies(f *testing.F, h *hospital, path, created string) {
	f.Fuzz(func(t *testing.T, raw []byte) {
		r := httptest.NewRequest(http.MethodPost, path, strings.NewReader(string(raw)))
		r.Header.Set("Content-Type", "application/fhir+json")
		w := httptest.NewRecorder()
		h.e.ServeHTTP(w, r)
		var answer struct{ ResourceType string }
		if err := json.Unmarshal(w.Body.Bytes(), &answer); err != nil {
			t.Fatalf("%s: %q", err, w.Body)
		}
		if want := map[bool]string{true: created, false: "OperationOutcome"}[w.Code == http.StatusCreated]; answer.ResourceType != want || strings.Contains(w.Body.String(), "internal error has occurred") {
			t.Errorf("%d: %s", w.Code, w.Body)
		}
	})
}

func FuzzFHIRClaimR4(f *testing.F)   { fuzzClaims(f, "/r4/Claim", bodyR4) }
func FuzzFHIRClaimSTU3(f *testing.F) { fuzzClaims(f, "/strict/Claim", bodySTU3) }

func FuzzFHIRCommunication(f *testing.F) {
	c := open(f, dbtest.SQLite(f))
	c.selected("C1")
	for _, change := range []func(object){
		func(object) {},
		func(b object) { b["payload"] = []any{object{}, object{}, object{}, object{}, object{}} },
		func(b object) { b["about"] = []any{object{"reference": "Claim/"}} },
		func(b object) { b["subject"] = object{"identifier": object{}} },
		func(b object) { b["status"] = []any{"completed"} },
		func(b object) { b["sent"] = "2026-11-23T24:00:00Z" },
	} {
		b := bodyFeedback("C1")
		change(b)
		raw, err := json.Marshal(b)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(raw)
	}
	fuzzBodies(f, c.asClient(c.doctor()), "/r4/Communication", "Communication")
}
