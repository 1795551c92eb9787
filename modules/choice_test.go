package modules_test

import (
	"strings"
	"testing"

	"github.com/openimis/openimis-be-go/modules"
)

var compiled = []string{"core", "location", "claim"}

var contracts = []modules.Contract{
	{Name: "old", Releases: "0.0.x", Of: func(v string) bool { return strings.HasPrefix(v, "0.0.") }},
	{Name: "new", Releases: "1.x", Of: func(v string) bool { return strings.HasPrefix(v, "1.") }},
}

func choices(list string) (out []modules.Choice) {
	for _, item := range strings.Split(list, " ") {
		name, version, _ := strings.Cut(item, "@")
		out = append(out, modules.Choice{Name: name, Version: version})
	}
	return out
}

func TestVersionsChooseTheContract(t *testing.T) {
	for list, want := range map[string]string{
		"core":                          "old",
		"core@0.0.15":                   "old",
		"core@1.2.0 claim":              "new",
		"core@1.2.0 api_fhir@0.0.4":     "new", // FHIR has releases of its own
		"core@0.0.15 report@1.4.0":      "old", // what is skipped does not count
		"core@0.0.15 api_fhir_r4@1.8.0": "old",
	} {
		c, err := modules.Choose(choices(list), compiled, contracts)
		if err != nil || c.Contract.Name != want || !c.Pins.Has("core") {
			t.Errorf("%s: %s, %v; want %s", list, c.Contract.Name, err, want)
		}
	}
}

func TestWrongListsAreRefused(t *testing.T) {
	for list, want := range map[string]string{
		"core clam":                        `unknown module "clam"; there are: core, location, claim, api_fhir`,
		"core core":                        "module core is listed twice",
		"core@0.0.15 location claim@1.2":   "module core is pinned to version 0.0.15 and module claim to version 1.2, which speak different contracts",
		"core@2.0 location@1.0":            "module core is pinned to version 2.0 and module location to version 1.0, which speak different contracts",
		"location@2.0 core":                "module location is pinned to version 2.0, whose contract with clients this program does not speak; versions that it speaks: 0.0.x, 1.x",
		"report tools calcrule_capitation": "no module is enabled",
	} {
		if _, err := modules.Choose(choices(list), compiled, contracts); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%s: %v, want %s", list, err, want)
		}
	}
	_, err := modules.Choose([]modules.Choice{{Name: "clam", Where: "openimis.json, line 3"}}, compiled, contracts)
	if err == nil || !strings.HasPrefix(err.Error(), `openimis.json, line 3: unknown module "clam"`) {
		t.Errorf("the place is missing: %v", err)
	}
}

func TestModulesWithoutUseAreSkipped(t *testing.T) {
	c, err := modules.Choose(choices("core report location calcrule_fee_for_service"), compiled, contracts)
	if err != nil || strings.Join(c.Skipped, " ") != "report calcrule_fee_for_service" || len(c.Pins) != 2 {
		t.Errorf("%+v, %v", c, err)
	}
	if c, err := modules.Choose(choices("api_fhir_r4@1.7.0"), compiled, contracts); err != nil || !c.Pins.Has(modules.FHIRModule) || c.Pins[modules.FHIRModule] != "" {
		t.Errorf("the name of R4: %+v, %v", c, err)
	}
	if c, err := modules.Choose(choices("api_fhir_r4@1.7.0 api_fhir@0.0.4"), compiled, contracts); err != nil || c.Pins[modules.FHIRModule] != "0.0.4" {
		t.Errorf("both releases of FHIR: %+v, %v", c, err)
	}
}

func TestPinsKnowEarlierReleases(t *testing.T) {
	p := modules.Pins{"claim": "0.0.10", "core": "", "location": "1.2.0rc1"}
	for _, c := range []struct {
		module, version string
		before          bool
	}{
		{"claim", "0.0.11", true}, {"claim", "0.0.10", false}, {"claim", "0.0.9", false}, {"claim", "0.1", true},
		{"core", "9.9.9", false}, {"policy", "9.9.9", false}, {"location", "1.2.1", true}, {"location", "1.2.0", false},
	} {
		if p.Before(c.module, c.version) != c.before {
			t.Errorf("%s %s before %s is not %v", c.module, p[c.module], c.version, c.before)
		}
	}
}
