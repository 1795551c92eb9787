package config

import (
	"reflect"
	"slices"
	"strings"
	"testing"
)

// plain leaves the places out.
func plain(list []Module) []Module {
	out := slices.Clone(list)
	for i := range out {
		out[i].Where = ""
	}
	return out
}

func TestShortForm(t *testing.T) {
	got, err := ParseModuleList("OPENIMIS_MODULES", " core, location ,claim@0.0.16,")
	want := []Module{{Name: "core", Version: ""}, {Name: "location", Version: ""}, {Name: "claim", Version: "0.0.16"}}
	if err != nil || !reflect.DeepEqual(plain(got), want) {
		t.Errorf("got %v, %v", got, err)
	}
}

func TestBadShortForm(t *testing.T) {
	for text, want := range map[string]string{
		",":                `names no module`,
		"core,claim@":      `module "claim" has no version after @`,
		"core,Claim":       `the name of a module cannot be "Claim"; allowed: lower-case letters`,
		"core,core@1.0":    `module core is named twice`,
		"claim@latest":     `module claim has the version "latest"; allowed: a version such as`,
		"claim@1.0@2.0":    `has the version "1.0@2.0"`,
		"claim==0.0.16":    `the name of a module cannot be "claim==0.0.16"`,
		"core;location":    `the name of a module cannot be "core;location"`,
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
	want := []Module{{Name: "core", Version: "0.0.10"}, {Name: "location", Version: ""}, {Name: "claim", Version: "1.4.0rc1"}, {Name: "policy", Version: ""}, {Name: "product", Version: ""}, {Name: "insuree", Version: "1.2.3"}, {Name: "api_fhir", Version: "1.0"}}
	if err != nil || !reflect.DeepEqual(plain(got), want) {
		t.Errorf("got %v, %v", got, err)
	}
}

func TestBadModulesFileNamesFileLineAndModule(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"empty", "", "openimis.json, line 1: the file ends too early"},
		{"syntax", "{\n\"modules\": [\n{\"name\": \"core\",}\n]}", "line 3: this is not JSON: invalid character '}' looking for beginning of object key string; look for a comma"},
		{"cut off", "{\n\"modules\": [\n{\"name\"", "line 3: the file ends too early: a bracket or a brace is not closed"},
		{"list", "\n[]", "line 2: an object is expected, {\"modules\": [{\"name\": \"claim\"}, …]}; here is a list"},
		{"no modules", "{}", `"modules" is missing; {"modules": [{"name": "claim"}, …]} is expected`},
		{"no list", `{"modules": {}}`, `"modules" must be a list, {"modules": [{"name": "claim"}, …]}; here is an object`},
		{"none", `{"modules": []}`, `"modules" is empty`},
		{"twice", "{\"modules\": [{\"name\": \"core\"},\n{\"name\": \"core\"}]}", "line 2: module core is named twice"},
		{"modules twice", `{"modules": [{"name": "core"}], "modules": []}`, `"modules" is there twice`},
		{"no name", "{\"modules\": [\n\n{\"pip\": \"x==1\"}]}", `line 3: the name of a module cannot be ""`},
		{"type", "{\"modules\": [{\"name\": \"core\"},\n{\"name\": 7}]}", "line 2: \"name\" of a module must be a text in quotes, such as {\"name\": \"claim\", \"pip\": \"openimis-be-claim==0.0.16\"}; here is a number"},
		{"entry", "{\"modules\": [\n\"core\"]}", "line 2: a module is expected, such as {\"name\": \"claim\", \"pip\": \"openimis-be-claim==0.0.16\"}; here is a text"},
		{"version", `{"modules": [{"name": "core", "version": "new"}]}`, `module core has the version "new"`},
		{"contradiction", `{"modules": [{"name": "core", "version": "1.0", "pip": "core==2.0"}]}`, `has the version "1.0" and pip "core==2.0"`},
		{"rest", `{"modules": [{"name": "core"}]} {}`, "nothing may follow the object"},
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
	if err != nil || !reflect.DeepEqual(plain(again), plain(list)) {
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
