package guide

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
)

// Every deviation is about something that the guide has, or an extension that it does not have.
func TestDeviationsAreOfTheGuide(t *testing.T) {
	for key, why := range deviations {
		of, what, _ := strings.Cut(key, " ")
		_, profile := facts.Profiles[of]
		_, system := facts.CodeSystems[of]
		_, extension := facts.Extensions[of]
		code, isCode := strings.CutPrefix(what, "code ")
		switch {
		case why == "":
			t.Errorf("%s has no reason", key)
		case what == "extension" && extension, isCode && !system, what != "extension" && !isCode && !profile:
			t.Errorf("%s: not of the guide", key)
		case isCode && slices.Contains(facts.CodeSystems[of].Codes, code):
			t.Errorf("%s: the guide has this code", key)
		}
	}
}

// Extensions of several parts, which the table of defects does not have.
func TestParts(t *testing.T) {
	for name, c := range map[string]struct{ body, want string }{
		"sound":        {`{"extension":[{"url":"number","valueString":"1"}]}`, ""},
		"part missing": {`{"extension":[{"url":"type","valueCodeableConcept":{}}]}`, "at least 1"},
		"part twice":   {`{"extension":[{"url":"number","valueString":"1"},{"url":"number","valueString":"2"}]}`, "at most 1"},
		"part unknown": {`{"extension":[{"url":"number","valueString":"1"},{"url":"colour","valueString":"2"}]}`, `no part "colour"`},
		"part's type":  {`{"extension":[{"url":"number","valueInteger":1}]}`, "valueInteger"},
		"no parts":     {`{"valueString":"1"}`, "at least 1"},
	} {
		var e map[string]any
		if err := json.Unmarshal([]byte(c.body), &e); err != nil {
			t.Fatal(err)
		}
		e["url"] = facts.Canonical + "/StructureDefinition/patient-identification"
		got := strings.Join(Check(map[string]any{"extension": []any{e}}), "\n")
		if (c.want == "") != (got == "") || !strings.Contains(got, c.want) {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}
