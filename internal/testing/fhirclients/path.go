package fhirclients

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// A path names what a client reads of an answer:
//
//	id                              the member is there
//	name[0].given[0]                of lists, the element
//	entry[].resource.id             each element has it, and there is one
//	entry[?].resource.extension     one element has it
//	identifier[type.text=MR].value  an element for which the condition holds has it
//	resourceType=Bundle             the value; with ~ what a regular expression matches
//
// read says what is missing, "" when nothing is.
func read(v any, path string) string {
	path, op, want := condition(path)
	if found(v, steps(path), func(v any) bool {
		switch op {
		case '=':
			return text(v) == want
		case '~':
			return regexp.MustCompile(want).MatchString(text(v))
		}
		return true
	}) {
		return ""
	}
	if op != 0 {
		return fmt.Sprintf("%s is not %q", path, want)
	}
	return path + " is missing"
}

// value is what a path of members and indexes leads to, nil when to nothing.
func value(v any, path string) (at any) {
	found(v, steps(path), func(v any) bool { at = v; return true })
	return at
}

// condition splits off "=value" or "~expression" that follows a path; those in brackets are the path's own.
func condition(path string) (string, byte, string) {
	depth := 0
	for i := range len(path) {
		switch path[i] {
		case '[':
			depth++
		case ']':
			depth--
		case '=', '~':
			if depth == 0 {
				return path[:i], path[i], path[i+1:]
			}
		}
	}
	return path, 0, ""
}

// steps are the members and, with a bracket, the selections of a path.
func steps(path string) (list []string) {
	depth, start := 0, 0
	cut := func(end, next int) {
		if end > start {
			list = append(list, path[start:end])
		}
		start = next
	}
	for i := range len(path) {
		switch path[i] {
		case '.':
			if depth == 0 {
				cut(i, i+1)
			}
		case '[':
			if depth == 0 {
				cut(i, i)
			}
			depth++
		case ']':
			depth--
		}
	}
	cut(len(path), len(path))
	return list
}

func found(v any, steps []string, holds func(any) bool) bool {
	if len(steps) == 0 {
		return v != nil && holds(v)
	}
	step, rest := steps[0], steps[1:]
	if !strings.HasPrefix(step, "[") {
		o, _ := v.(map[string]any)
		return found(o[step], rest, holds)
	}
	list, _ := v.([]any)
	which := strings.Trim(step, "[]")
	if strings.ContainsAny(which, "[=~") {
		which = step[1 : len(step)-1]
	}
	if n, err := strconv.Atoi(which); err == nil {
		return n < len(list) && found(list[n], rest, holds)
	}
	for _, x := range list {
		selected := which == "" || which == "?" || read(x, which) == ""
		switch ok := selected && found(x, rest, holds); {
		case which == "" && !ok:
			return false
		case which != "" && ok:
			return true
		}
	}
	return which == "" && len(list) > 0
}

// text is a value as it stands in JSON, of a text without its quotes.
func text(v any) string {
	if v == nil {
		return ""
	}
	return fmt.Sprint(v)
}

// set changes what a path of members and indexes leads to.
func set(v any, path string, to any) error {
	all := steps(path)
	for i, step := range all {
		last := i == len(all)-1
		if n, err := strconv.Atoi(strings.Trim(step, "[]")); err == nil && strings.HasPrefix(step, "[") {
			list, _ := v.([]any)
			if n >= len(list) {
				return fmt.Errorf("%s: there is no %s", path, step)
			}
			if last {
				list[n] = to
			}
			v = list[n]
			continue
		}
		o, ok := v.(map[string]any)
		if !ok {
			return fmt.Errorf("%s: there is no %s", path, step)
		}
		if last {
			o[step] = to
		}
		v = o[step]
	}
	return nil
}
