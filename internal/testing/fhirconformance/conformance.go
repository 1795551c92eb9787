// Package fhirconformance judges a FHIR server from outside, by what its capability statement promises: for
// every type, interaction and search parameter it sends requests and holds the answers against the rules of
// the protocol. It knows nothing of openIMIS, so that a resource is judged as soon as it is registered.
// Start with Check.
package fhirconformance

import (
	"fmt"
	"net/http"
	"slices"
	"testing"
)

// Server is a mount of a server to judge.
type Server struct {
	Base string // absolute URL of the mount
	// Sign puts a login on a request; it sees everything.
	Sign func(*http.Request)
	// Compat: the mount answers as the Python backend did.
	Compat bool
	// Dump keeps a body for the validator. Optional.
	Dump func(name string, body []byte)
	// Empty are the types that have no resource in the data; others without one are a failure.
	Empty []string
	// Barren are the inclusions (Type:parameter) that bring nothing for the first 100 resources of the data.
	Barren []string
	// Logical are the references that lead to no resource of the server.
	Logical []string
}

// sample is how many resources of a type are looked at one by one.
const sample = 4

// mostPages ends a walk that does not.
const mostPages = 400

// Check judges all types that the server names. It gives the names of the types.
func Check(t *testing.T, s Server) []string { return check(std{t}, s) }

// T is what the checks need of a test; another one finds out whether they would notice.
type T interface {
	Helper()
	Error(args ...any)
	Errorf(format string, args ...any)
	Fatal(args ...any)
	Fatalf(format string, args ...any)
	Run(name string, fn func(t T))
}

type std struct{ *testing.T }

func (s std) Run(name string, fn func(t T)) { s.T.Run(name, func(t *testing.T) { fn(std{t}) }) }

func check(t T, s Server) []string {
	c := &checker{Server: s}
	meta := c.get(t, "metadata", http.StatusOK)
	if meta.at("resourceType") != "CapabilityStatement" {
		t.Fatalf("metadata is %v", meta.at("resourceType"))
	}
	var types []string
	for _, r := range meta.list("rest.0.resource") {
		c.kinds = append(c.kinds, kindOf(r))
	}
	for _, kind := range c.kinds {
		types = append(types, kind.name)
		t.Run(kind.name, func(t T) { c.kind(t, kind) })
	}
	t.Run("protocol", func(t T) { c.protocol(t, types) })
	return types
}

// Pairs wants the pages of the same number of two types to hold the same ids in the same order.
func Pairs(t *testing.T, s Server, a, b string) { pairs(std{t}, s, a, b) }

func pairs(t T, s Server, a, b string) {
	c := &checker{Server: s}
	for page := 1; page <= 5; page++ {
		query := fmt.Sprintf("_count=7&page-offset=%d", page)
		first := c.do(t, http.MethodGet, a+"?"+query, "")
		second := c.do(t, http.MethodGet, b+"?"+query, "")
		if first.status != second.status {
			t.Errorf("page %d: %s answers %d, %s %d", page, a, first.status, b, second.status)
		}
		ids := func(x answer) (list []string) {
			for _, e := range x.entries() {
				list = append(list, e.text("resource.id"))
			}
			return list
		}
		if got, want := ids(second), ids(first); !slices.Equal(got, want) {
			t.Errorf("page %d: %s has %v, %s %v", page, a, want, b, got)
		}
	}
}

// kind is what the capability statement says of a type.
type kind struct {
	name         string
	interactions []string
	params       map[string]string // name → type
	includes     []string
	revIncludes  []string
}

func kindOf(v any) kind {
	r := body{v}
	k := kind{name: r.text("type"), params: map[string]string{}}
	for _, i := range r.list("interaction") {
		k.interactions = append(k.interactions, body{i}.text("code"))
	}
	for _, p := range r.list("searchParam") {
		k.params[body{p}.text("name")] = body{p}.text("type")
	}
	for _, i := range r.list("searchInclude") {
		k.includes = append(k.includes, fmt.Sprint(i))
	}
	for _, i := range r.list("searchRevInclude") {
		k.revIncludes = append(k.revIncludes, fmt.Sprint(i))
	}
	return k
}

func (k kind) has(interaction string) bool { return slices.Contains(k.interactions, interaction) }

// kind judges one type.
func (c *checker) kind(t T, k kind) {
	c.methods(t, k)
	if !k.has("search-type") {
		return
	}
	all := c.walk(t, k, "_count=50")
	if len(all) == 0 {
		if !slices.Contains(c.Empty, k.name) {
			t.Errorf("there is no %s to look at; name it in Empty if that is right", k.name)
		}
		return
	}
	if len(all) <= 150 { // small pages go the same way
		small := c.walk(t, k, "_count=4&_total=accurate")
		if !slices.EqualFunc(small, all, func(a, b body) bool { return a.text("id") == b.text("id") }) {
			t.Errorf("small pages have %d resources, or another order than large ones, which have %d", len(small), len(all))
		}
	}
	few := spread(all, sample)
	t.Run("read", func(t T) { c.reads(t, k, few) })
	t.Run("history", func(t T) { c.history(t, k, few) })
	t.Run("search", func(t T) { c.searches(t, k, all, few) })
	t.Run("parameters", func(t T) { c.parameters(t, k, all) })
	t.Run("view", func(t T) { c.views(t, k) })
	t.Run("include", func(t T) { c.includes(t, k) })
	t.Run("references", func(t T) { c.references(t, few) })
}

// spread takes n entries from all over a list.
func spread(all []body, n int) []body {
	if len(all) <= n {
		return all
	}
	var out []body
	for i := range n {
		out = append(out, all[i*(len(all)-1)/(n-1)])
	}
	return out
}
