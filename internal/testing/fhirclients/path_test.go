package fhirclients

import (
	"encoding/json"
	"testing"
)

// A reader that finds everything would make the replay worthless.
func TestRead(t *testing.T) {
	var v any
	if err := json.Unmarshal([]byte(`{
		"resourceType": "Patient", "exp": 1700000000,
		"identifier": [{"type": {"coding": [{"code": "UUID"}]}, "value": "u"}, {"type": {"coding": [{"code": "Code"}]}, "value": "c"}],
		"extension": [{"url": "https://a/b/premium", "valueReference": {"type": "Organization"}}, {"url": "x"}],
		"name": [{"given": ["A", "B"]}, {"given": ["C"], "family": "F"}], "none": []}`), &v); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{
		"resourceType":         "",
		"resourceType=Patient": "",
		"resourceType=Bundle":  `resourceType is not "Bundle"`,
		"id":                   "id is missing",
		"exp~^[0-9]+$":         `exp is not "^[0-9]+$"`, // without UseNumber a number is 1.7e+09
		"name[0].given[1]":     "",
		"name[0].given[2]":     "name[0].given[2] is missing",
		"name[].given[0]":      "",
		"name[].family":        "name[].family is missing",
		"name[?].family":       "",
		"none":                 "",
		"none[]":               "none[] is missing",
		"none[?]":              "none[?] is missing",
		"identifier[type.coding[0].code=Code].value":                              "",
		"identifier[type.coding[0].code=Code].value=c":                            "",
		"identifier[type.coding[0].code=UUID].value=c":                            `identifier[type.coding[0].code=UUID].value is not "c"`,
		"identifier[type.coding[0].code=MR].value":                                "identifier[type.coding[0].code=MR].value is missing",
		"extension[url~/premium$].valueReference.type":                            "",
		"extension[?].valueReference.type=Organization":                           "",
		"extension[valueReference.type=Organization].valueReference.reference":    "extension[valueReference.type=Organization].valueReference.reference is missing",
		"identifier[type.coding[code=Code].code=Code].type.coding[].code~^C[a-z]": "",
	} {
		if got := read(v, path); got != want {
			t.Errorf("%s: %q, want %q", path, got, want)
		}
	}
	if err := set(v, "name[1].family", "G"); err != nil || value(v, "name[1].family") != "G" {
		t.Errorf("set: %v, %v", err, value(v, "name[1].family"))
	}
	if set(v, "name[2].family", "G") == nil {
		t.Error("set what is not there: no error")
	}
}
