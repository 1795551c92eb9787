package fhirconformance

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
)

// body is JSON that paths such as "issue.0.details.text" lead into.
type body struct{ v any }

func (b body) at(path string) any {
	v := b.v
	for _, step := range strings.Split(path, ".") {
		switch o := v.(type) {
		case map[string]any:
			v = o[step]
		case []any:
			i, err := strconv.Atoi(step)
			if err != nil || i >= len(o) {
				return nil
			}
			v = o[i]
		default:
			return nil
		}
	}
	return v
}

// text is the text at a path, "" when there is none.
func (b body) text(path string) string {
	if v := b.at(path); v != nil {
		return fmt.Sprint(v)
	}
	return ""
}

// number is the whole number at a path, -1 when there is none.
func (b body) number(path string) int {
	if n, ok := b.at(path).(float64); ok {
		return int(n)
	}
	return -1
}

func (b body) list(path string) []any { l, _ := b.at(path).([]any); return l }

func (b body) object() map[string]any { o, _ := b.v.(map[string]any); return o }

func (b body) json() string { raw, _ := json.Marshal(b.v); return string(raw) }

// entries are the matches of a page, or all entries of a history.
func (b body) entries() []body { return b.mode("match", "") }

// included are what was added to the matches.
func (b body) included() []body { return b.mode("include") }

func (b body) mode(modes ...string) []body {
	var out []body
	for _, e := range b.list("entry") {
		for _, m := range modes {
			if (body{e}).text("search.mode") == m {
				out = append(out, body{e})
			}
		}
	}
	return out
}

func (b body) link(relation string) string {
	for _, l := range b.list("link") {
		if (body{l}).text("relation") == relation {
			return body{l}.text("url")
		}
	}
	return ""
}

// references are the literal references to other resources of the server.
func (b body) references() (all []string) {
	switch o := b.v.(type) {
	case []any:
		for _, v := range o {
			all = append(all, body{v}.references()...)
		}
	case map[string]any:
		for name, v := range o {
			if text, ok := v.(string); ok && name == "reference" && strings.Count(text, "/") == 1 {
				all = append(all, text)
			}
			all = append(all, body{v}.references()...)
		}
	}
	return all
}
