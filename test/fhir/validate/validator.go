package main

import (
	"encoding/json"
	"fmt"
	"sort"
	"strings"

	"github.com/google/fhir/go/fhirversion"
	"github.com/google/fhir/go/jsonformat"

	"github.com/openimis/openimis-be-go/test/fhir/guide"
)

// validator checks structure, required members, code sets, primitive formats, choices and reference types
// (google/fhir), and what that lets pass: members without content, links that are named twice, contained
// resources that nothing refers to (dom-3), and the openIMIS guide.
type validator struct{ r4, stu3 *jsonformat.Unmarshaller }

func newValidator() (*validator, error) {
	r4, err := jsonformat.NewUnmarshaller("UTC", fhirversion.R4)
	if err != nil {
		return nil, err
	}
	stu3, err := jsonformat.NewUnmarshaller("UTC", fhirversion.STU3)
	if err != nil {
		return nil, err
	}
	return &validator{r4: r4, stu3: stu3}, nil
}

// validate returns what is wrong with a body.
func (v *validator) validate(body []byte, stu3 bool) []string {
	var doc any
	if err := json.Unmarshal(body, &doc); err != nil {
		return []string{"no JSON: " + err.Error()}
	}
	u := v.r4
	if stu3 {
		u = v.stu3
	}
	var findings []string
	if _, err := u.Unmarshal(body); err != nil {
		findings = append(findings, strings.Split(strings.TrimSpace(err.Error()), "\n")...)
	}
	findings = append(findings, emptyMembers("$", doc)...)
	findings = append(findings, repeatedLinks(doc)...)
	findings = append(findings, strayContained("$", doc)...)
	if !stu3 { // the guide is of R4
		findings = append(findings, guide.Check(doc)...)
	}
	return findings
}

// emptyMembers finds null, "", {} and [], which FHIR JSON forbids.
func emptyMembers(path string, v any) (findings []string) {
	switch v := v.(type) {
	case nil:
		return []string{path + ": null"}
	case string:
		if strings.TrimSpace(v) == "" {
			return []string{path + ": empty text"}
		}
	case []any:
		if len(v) == 0 {
			return []string{path + ": empty list"}
		}
		for i, x := range v {
			findings = append(findings, emptyMembers(fmt.Sprintf("%s[%d]", path, i), x)...)
		}
	case map[string]any:
		if len(v) == 0 {
			return []string{path + ": empty object"}
		}
		for _, name := range sortedNames(v) {
			findings = append(findings, emptyMembers(path+"."+name, v[name])...)
		}
	}
	return findings
}

// repeatedLinks finds relations that a bundle names twice and entries with one fullUrl, which only versions
// in a history share.
func repeatedLinks(doc any) (findings []string) {
	bundle, _ := doc.(map[string]any)
	if bundle["resourceType"] != "Bundle" {
		return nil
	}
	for list, member := range map[string]string{"link": "relation", "entry": "fullUrl"} {
		if list == "entry" && bundle["type"] == "history" {
			continue
		}
		seen := map[string]bool{}
		items, _ := bundle[list].([]any)
		for i, item := range items {
			object, _ := item.(map[string]any)
			name, _ := object[member].(string)
			if name != "" && seen[name] {
				findings = append(findings, fmt.Sprintf("$.%s[%d].%s: %s was there before", list, i, member, name))
			}
			seen[name] = true
		}
	}
	return findings
}

// strayContained finds contained resources that the rest of their resource does not refer to.
func strayContained(path string, v any) (findings []string) {
	switch v := v.(type) {
	case []any:
		for i, x := range v {
			findings = append(findings, strayContained(fmt.Sprintf("%s[%d]", path, i), x)...)
		}
	case map[string]any:
		contained, _ := v["contained"].([]any)
		used := map[string]bool{}
		if len(contained) > 0 {
			references(v, used)
		}
		for i, c := range contained {
			resource, _ := c.(map[string]any)
			if id, _ := resource["id"].(string); !used["#"+id] && !used["#"] {
				findings = append(findings, fmt.Sprintf("%s.contained[%d]: nothing refers to %q", path, i, id))
			}
		}
		for _, name := range sortedNames(v) {
			findings = append(findings, strayContained(path+"."+name, v[name])...)
		}
	}
	return findings
}

// references collects the texts of members that refer to a resource.
func references(v any, into map[string]bool) {
	switch v := v.(type) {
	case []any:
		for _, x := range v {
			references(x, into)
		}
	case map[string]any:
		if ref, ok := v["reference"].(string); ok {
			into[ref] = true
		}
		for _, x := range v {
			references(x, into)
		}
	}
}

func sortedNames(m map[string]any) []string {
	names := make([]string, 0, len(m))
	for name := range m {
		names = append(names, name)
	}
	sort.Strings(names)
	return names
}
