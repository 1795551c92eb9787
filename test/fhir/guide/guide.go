// Package guide checks R4 bodies against what the openIMIS implementation guide (1.0.0) says and no validator
// off the shelf looks at: extensions and what they hold, the codes of its code systems, and of its profiles
// the required and forbidden elements, extensions and identifiers. guide.json has these facts of the guide.
package guide

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"slices"
	"sort"
	"strings"
)

// span is how often something may be there; Max is nil for any number.
type span struct {
	Min int
	Max *int
}

type extension struct {
	Types []string // the members value… that it may have
	Parts map[string]struct {
		span
		Types []string
	} // sub-extensions by url, instead of a value
}

type profile struct {
	Type                string
	Required, Forbidden []string // elements; choices end with [x]
	Extensions          map[string]span
	Identifiers         map[string]int // code of the type → how many are required; no others are allowed
}

var facts struct {
	Canonical   string
	Extensions  map[string]extension
	CodeSystems map[string]struct {
		Codes []string
		Open  bool // an installation has codes of its own
	}
	Profiles map[string]profile
}

//go:embed guide.json
var source []byte

func init() {
	if err := json.Unmarshal(source, &facts); err != nil {
		panic("guide.json: " + err.Error())
	}
}

// Check returns what contradicts the guide in a resource, or in those of a Bundle.
func Check(body any) []string {
	c := &checker{}
	c.walk("$", body)
	return c.findings
}

type checker struct{ findings []string }

func (c *checker) find(path, format string, args ...any) {
	c.findings = append(c.findings, path+": "+fmt.Sprintf(format, args...))
}

func (c *checker) walk(path string, v any) {
	switch v := v.(type) {
	case []any:
		for i, x := range v {
			c.walk(fmt.Sprintf("%s[%d]", path, i), x)
		}
	case map[string]any:
		c.coding(path, v)
		if _, resource := v["resourceType"]; resource {
			c.resource(path, v)
		}
		for _, name := range sorted(v) {
			at := path + "." + name
			if name == "extension" || name == "modifierExtension" {
				list, _ := v[name].([]any)
				for i, x := range list {
					c.extension(fmt.Sprintf("%s[%d]", at, i), x)
				}
			}
			c.walk(at, v[name])
		}
	}
}

// extension checks one that is named by a whole address; relative ones are parts of such a one.
func (c *checker) extension(path string, v any) {
	e, _ := v.(map[string]any)
	url, _ := e["url"].(string)
	name, ours := below(url, "StructureDefinition")
	if !ours {
		return
	}
	want, known := facts.Extensions[name]
	switch {
	case !known:
		if !deviates(name, "extension") {
			c.find(path, "the guide has no extension %s", name)
		}
	case want.Parts == nil:
		c.types(path, name, e, want.Types)
	default:
		parts, _ := e["extension"].([]any)
		seen := map[string]int{}
		for i, p := range parts {
			part, _ := p.(map[string]any)
			url, _ := part["url"].(string)
			seen[url]++
			of, known := want.Parts[url]
			if !known {
				c.find(fmt.Sprintf("%s.extension[%d]", path, i), "%s has no part %q", name, url)
				continue
			}
			c.types(fmt.Sprintf("%s.extension[%d]", path, i), name+"."+url, part, of.Types)
		}
		for _, part := range sorted(want.Parts) {
			c.count(path, "part "+part+" of "+name, seen[part], want.Parts[part].span)
		}
	}
}

// types wants one value of an extension, of one of the types.
func (c *checker) types(path, name string, e map[string]any, types []string) {
	found := false
	for _, member := range sorted(e) {
		if !strings.HasPrefix(member, "value") {
			continue
		}
		found = true
		if !slices.Contains(types, member) {
			c.find(path, "%s has %s, the guide %s", name, member, strings.Join(types, " or "))
		}
	}
	if !found {
		c.find(path, "%s has no value", name)
	}
}

// coding checks a code whose system is the guide's.
func (c *checker) coding(path string, v map[string]any) {
	system, _ := v["system"].(string)
	code, _ := v["code"].(string)
	name, ours := below(system, "CodeSystem")
	if !ours || code == "" {
		return
	}
	s, known := facts.CodeSystems[name]
	if !known {
		c.find(path, "the guide has no code system %s", name)
	} else if !s.Open && !slices.Contains(s.Codes, code) && !deviates(name, "code "+code) {
		c.find(path, "%s has no code %q", name, code)
	}
}

// resource checks the profiles that a resource names. Of one that is shown in part, what is missing says nothing.
func (c *checker) resource(path string, r map[string]any) {
	meta, _ := r["meta"].(map[string]any)
	named, _ := meta["profile"].([]any)
	for _, url := range named {
		name, ours := below(fmt.Sprint(url), "StructureDefinition")
		if !ours {
			continue
		}
		p, known := facts.Profiles[name]
		if !known {
			c.find(path, "the guide has no profile %s", name)
			continue
		}
		if r["resourceType"] != p.Type {
			c.find(path, "%s is a profile of %s", name, p.Type)
		}
		for _, element := range p.Forbidden {
			if has(r, element) && !deviates(name, element) {
				c.find(path, "%s forbids %s", name, element)
			}
		}
		if subsetted(meta) {
			continue
		}
		for _, element := range p.Required {
			if !has(r, element) && !deviates(name, element) {
				c.find(path, "%s requires %s", name, element)
			}
		}
		extensions := counted(r["extension"], func(e map[string]any) string {
			url, _ := e["url"].(string)
			n, _ := below(url, "StructureDefinition")
			return n
		})
		for _, e := range sorted(p.Extensions) {
			if !deviates(name, e) {
				c.count(path, "extension "+e+" of "+name, extensions[e], p.Extensions[e])
			}
		}
		c.identifiers(path, name, p, r)
	}
}

func (c *checker) identifiers(path, name string, p profile, r map[string]any) {
	if p.Identifiers == nil || r["identifier"] == nil {
		return
	}
	codes := counted(r["identifier"], func(id map[string]any) string {
		kind, _ := id["type"].(map[string]any)
		codings, _ := kind["coding"].([]any)
		if len(codings) == 0 {
			return ""
		}
		coding, _ := codings[0].(map[string]any)
		code, _ := coding["code"].(string)
		return code
	})
	for _, code := range sorted(codes) {
		if _, allowed := p.Identifiers[code]; !allowed && !deviates(name, "identifier "+code) {
			c.find(path, "%s has no identifier of the type %q", name, code)
		}
		if codes[code] > 1 {
			c.find(path, "%s: identifier %s is there %d times", name, code, codes[code])
		}
	}
	for _, code := range sorted(p.Identifiers) {
		if codes[code] < p.Identifiers[code] && !deviates(name, "identifier "+code) {
			c.find(path, "%s requires the identifier %s", name, code)
		}
	}
}

func (c *checker) count(path, what string, n int, want span) {
	switch {
	case n < want.Min:
		c.find(path, "%s: %d instead of at least %d", what, n, want.Min)
	case want.Max != nil && n > *want.Max:
		c.find(path, "%s: %d instead of at most %d", what, n, *want.Max)
	}
}

// below is the last part of an address of the guide, of a kind.
func below(url, kind string) (string, bool) {
	return strings.CutPrefix(url, facts.Canonical+"/"+kind+"/")
}

// has says whether an element is there, a choice in any type.
func has(r map[string]any, element string) bool {
	stem, choice := strings.CutSuffix(element, "[x]")
	if !choice {
		return r[element] != nil
	}
	for name := range r {
		if rest, ok := strings.CutPrefix(name, stem); ok && rest != "" && rest[0] >= 'A' && rest[0] <= 'Z' {
			return true
		}
	}
	return false
}

func subsetted(meta map[string]any) bool {
	tags, _ := meta["tag"].([]any)
	return slices.ContainsFunc(tags, func(t any) bool {
		tag, _ := t.(map[string]any)
		return tag["code"] == "SUBSETTED"
	})
}

// counted counts the objects of a list by a key.
func counted(list any, key func(map[string]any) string) map[string]int {
	n := map[string]int{}
	items, _ := list.([]any)
	for _, item := range items {
		if o, ok := item.(map[string]any); ok {
			n[key(o)]++
		}
	}
	return n
}

func sorted[V any](m map[string]V) []string {
	names := make([]string, 0, len(m))
	for name := range m {
		names = append(names, name)
	}
	sort.Strings(names)
	return names
}
