package main

import (
	"encoding/json"
	"os"
	"slices"
	"testing"

	"github.com/google/fhir/go/jsonformat"

	"github.com/openimis/openimis-be-go/test/fhir/guide"
)

// TestDefects puts one defect at a time into a sound body and wants those that are to find it to find it,
// so that a validator that stops seeing is noticed. The other validators of the table are judged in node/.
func TestDefects(t *testing.T) {
	raw, err := os.ReadFile("../testdata/defects.json")
	if err != nil {
		t.Fatal(err)
	}
	var table struct {
		Sound   map[string]json.RawMessage
		Defects []struct {
			Name  string
			In    string
			At    []any
			Value json.RawMessage // none: the member is taken away
			Finds []string
		}
	}
	if err := json.Unmarshal(raw, &table); err != nil {
		t.Fatal(err)
	}
	v, err := newValidator()
	if err != nil {
		t.Fatal(err)
	}
	for name, body := range table.Sound {
		if findings := v.validate(body, false); len(findings) > 0 {
			t.Errorf("the sound %s is refused: %q", name, findings)
		}
	}
	if len(table.Defects) != 26 {
		t.Fatalf("%d defects", len(table.Defects))
	}
	ours := 0
	for _, d := range table.Defects {
		t.Run(d.Name, func(t *testing.T) {
			var doc any
			if err := json.Unmarshal(table.Sound[d.In], &doc); err != nil {
				t.Fatal(err)
			}
			doc = with(doc, d.At, d.Value)
			body, err := json.Marshal(doc)
			if err != nil {
				t.Fatal(err)
			}
			found := false
			for who, finds := range map[string]func() bool{
				"google": func() bool { return refuses(v.r4, body) },
				"own": func() bool {
					return len(emptyMembers("$", doc))+len(repeatedLinks(doc))+len(strayContained("$", doc)) > 0
				},
				"guide": func() bool { return len(guide.Check(doc)) > 0 },
			} {
				if slices.Contains(d.Finds, who) {
					found = true
					if !finds() {
						t.Errorf("%s does not find it", who)
					}
				}
			}
			if found && len(v.validate(body, false)) == 0 {
				t.Error("the validator does not find it")
			}
			if found {
				ours++
			}
		})
	}
	t.Logf("%d of %d are found here, the others in node/", ours, len(table.Defects))
}

func refuses(u *jsonformat.Unmarshaller, body []byte) bool {
	_, err := u.Unmarshal(body)
	return err != nil
}

// with sets what a path leads to, or takes it away.
func with(v any, at []any, value json.RawMessage) any {
	if len(at) == 0 {
		var to any
		_ = json.Unmarshal(value, &to)
		return to
	}
	switch step := at[0].(type) {
	case string:
		o := v.(map[string]any)
		if len(at) == 1 && value == nil {
			delete(o, step)
			return o
		}
		o[step] = with(o[step], at[1:], value)
		return o
	default:
		i, list := int(step.(float64)), v.([]any)
		if i == len(list) {
			list = append(list, nil)
		}
		list[i] = with(list[i], at[1:], value)
		return list
	}
}
