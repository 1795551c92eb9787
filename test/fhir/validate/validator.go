package main

import (
	"encoding/json"
	"fmt"
	"sort"
	"strings"

	"github.com/google/fhir/go/fhirversion"
	"github.com/google/fhir/go/jsonformat"
)

// validator checks structure, required members, code sets, primitive formats, choices and reference types
// (google/fhir), and what that lets pass: members without content and links that are named twice.
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
	return append(append(findings, emptyMembers("$", doc)...), repeatedLinks(doc)...)
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
		names := make([]string, 0, len(v))
		for name := range v {
			names = append(names, name)
		}
		sort.Strings(names)
		for _, name := range names {
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
