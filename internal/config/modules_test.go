package config

import (
	"reflect"
	"strings"
	"testing"
)

func TestShortForm(t *testing.T) {
	got, err := ParseModuleList("OPENIMIS_MODULES", " core, location ,claim@0.0.16,")
	want := []Module{{"core", ""}, {"location", ""}, {"claim", "0.0.16"}}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, %v", got, err)
	}
}

func TestBadShortForm(t *testing.T) {
	for text, want := range map[string]string{
		",":                `names no module`,
		"core,claim@":      `module "claim" has no version after @`,
		"core,Claim":       `module "Claim" is no name; allowed: lower-case letters`,
		"core,core@1.0":    `module core is named twice`,
		"claim@latest":     `module claim has the version "latest"; allowed: a version such as`,
		"claim@1.0@2.0":    `has the version "1.0@2.0"`,
		"claim==0.0.16":    `is no name`,
		"core;location":    `is no name`,
		"claim@../../etc/": `has the version`,
	} {
		_, err := ParseModuleList("OPENIMIS_MODULES", text)
		if err == nil || !strings.HasPrefix(err.Error(), "OPENIMIS_MODULES") || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %s", text, err, want)
		}
	}
}

func TestModulesFile(t *testing.T) {
	got, err := ParseModulesFile("openimis.json", []byte("\uFEFF"+`{
		"comment": {"any": ["thing"]},
		"modules": [
			{"name": "core", "pip": "openimis-be-core==0.0.10"},
			{"name": "location"},
			{"name": "claim", "pip": "openimis-be-claim[extra] ~= v1.4.0rc1, <2", "codeowner": 7},
			{"name": "policy", "pip": "git+https://example.org/openimis-be-policy.git@develop#egg=openimis-be-policy"},
			{"name": "product", "pip": "/opt/openimis-be-product"},
			{"name": "insuree", "version": "v1.2.3"},
			{"name": "api_fhir", "pip": "openimis-be-api-fhir==1.0", "version": "1.0"}
		]
	}`))
	want := []Module{{"core", "0.0.10"}, {"location", ""}, {"claim", "1.4.0rc1"}, {"policy", ""}, {"product", ""}, {"insuree", "1.2.3"}, {"api_fhir", "1.0"}}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, %v", got, err)
	}
}

func TestBadModulesFileNamesFileLineAndModule(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"empty", "", "openimis.json, line 1: is no JSON"},
		{"syntax", "{\n\"modules\": [\n{\"name\": \"core\",}\n]}", "line 3: is no JSON"},
		{"cut off", "{\n\"modules\": [\n{\"name\"", "line 3: is no JSON"},
		{"list", "[]", "is no object"},
		{"no modules", "{}", `there is no "modules"`},
		{"no list", `{"modules": {}}`, `"modules" is no list`},
		{"none", `{"modules": []}`, `"modules" is empty`},
		{"twice", "{\"modules\": [{\"name\": \"core\"},\n{\"name\": \"core\"}]}", "line 2: module core is named twice"},
		{"modules twice", `{"modules": [{"name": "core"}], "modules": []}`, `"modules" is there twice`},
		{"no name", "{\"modules\": [\n\n{\"pip\": \"x==1\"}]}", `line 3: module "" is no name`},
		{"type", "{\"modules\": [{\"name\": \"core\"},\n{\"name\": 7}]}", "line 2: name must be string, not number"},
		{"version", `{"modules": [{"name": "core", "version": "new"}]}`, `module core has the version "new"`},
		{"contradiction", `{"modules": [{"name": "core", "version": "1.0", "pip": "core==2.0"}]}`, `has the version "1.0" and pip "core==2.0"`},
		{"rest", `{"modules": [{"name": "core"}]} {}`, "there is text after the object"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := ParseModulesFile("openimis.json", []byte(c.text))
			if err == nil || !strings.HasPrefix(err.Error(), "openimis.json, line ") || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %s", err, c.want)
			}
		})
	}
}

// checkList states what every list of modules keeps: names and versions are well formed, no module is
// there twice, and the short form of the list reads back as the list.
func checkList(t *testing.T, list []Module) {
	t.Helper()
	var parts []string
	for i, m := range list {
		if err := m.check(list[:i]); err != nil {
			t.Errorf("accepted: %v", err)
		}
		parts = append(parts, m.String())
	}
	again, err := ParseModuleList("OPENIMIS_MODULES", strings.Join(parts, ","))
	if err != nil || !reflect.DeepEqual(again, list) {
		t.Errorf("%v reads back as %v, %v", list, again, err)
	}
}

func oneLine(t *testing.T, err error) {
	t.Helper()
	if strings.Contains(err.Error(), "\n") {
		t.Errorf("error has more than a line: %v", err)
	}
}

func FuzzModuleList(f *testing.F) {
	for _, seed := range []string{"core,location,claim@0.0.16", "claim@", "a@1,a@2", ",,", "core@1.0+x-y", "é"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		list, err := ParseModuleList("OPENIMIS_MODULES", text)
		if err != nil {
			oneLine(t, err)
			return
		}
		checkList(t, list)
	})
}

func FuzzModulesFile(f *testing.F) {
	for _, seed := range []string{
		`{"modules":[{"name":"claim","pip":"openimis-be-claim==0.0.16"}]}`, `{"modules":[{"name":"core"},{"name":"x","version":"v1"}]}`,
		`{"modules":`, `[]`, `{"modules":[{"name":"a","pip":"a[b]>=1.0,<2"}]}{`, "\uFEFF{}",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		list, err := ParseModulesFile("openimis.json", data)
		if err != nil {
			oneLine(t, err)
			return
		}
		checkList(t, list)
	})
}
