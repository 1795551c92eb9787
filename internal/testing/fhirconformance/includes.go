package fhirconformance

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// views: what is written can be limited, and then the resource says so.
func (c *checker) views(t T, k kind) {
	whole := c.search(t, k, "_count=1").entries()[0]
	for _, view := range []string{"_elements=id", "_elements=identifier", "_summary=true", "_summary=text", "_summary=data"} {
		part := c.search(t, k, "_count=1&"+view).entries()[0]
		if !strings.Contains(part.json(), `"SUBSETTED"`) {
			t.Errorf("?%s: the resource does not say that it is a part", view)
		}
		for name, v := range (body{part.at("resource")}).object() {
			if w := whole.at("resource." + name); name != "meta" && (body{v}).json() != (body{w}).json() {
				t.Errorf("?%s: %s is %s, in the whole resource %s", view, name, body{v}.json(), body{w}.json())
			}
		}
	}
	for _, view := range []string{"_summary=false"} {
		if part := c.search(t, k, "_count=1&"+view).entries()[0]; part.json() != whole.json() {
			t.Errorf("?%s: %s", view, part.json())
		}
	}
	if k.has("read") {
		if a := c.get(t, whole.text("fullUrl")+"?_elements=id", http.StatusOK); !strings.Contains(string(a.raw), `"SUBSETTED"`) {
			t.Errorf("_elements of a read: %.300s", a.raw)
		}
	}
}

// includes: what is included is there once, is referred to, and does not count. Every inclusion that is promised finds
// something in the data, and what the resources refer to can be read.
func (c *checker) includes(t T, k kind) {
	total := c.search(t, k, "_summary=count").number("total")
	for _, name := range []string{"_include", "_revinclude"} {
		for _, value := range map[string][]string{"_include": k.includes, "_revinclude": k.revIncludes}[name] {
			a := c.including(t, k, name+"="+url.QueryEscape(value), total)
			if len(a.included()) == 0 && !slices.Contains(c.Barren, value) {
				t.Errorf("%s=%s includes nothing; name it in Barren if that is right", name, value)
			}
			matches := ""
			for _, e := range a.entries() {
				matches += e.json()
			}
			for _, e := range a.included() {
				if name == "_include" && !refers(matches, body{e.at("resource")}) {
					t.Errorf("%s=%s includes %s/%s, to which nothing refers", name, value, e.text("resource.resourceType"), e.text("resource.id"))
				}
				if name == "_revinclude" && !slices.ContainsFunc(a.entries(), func(m body) bool { return refers(e.json(), body{m.at("resource")}) }) {
					t.Errorf("%s=%s includes %s/%s, which refers to none of the matches", name, value, e.text("resource.resourceType"), e.text("resource.id"))
				}
			}
		}
		c.get(t, k.name+"?"+name+"=None:such", http.StatusBadRequest, "Prefer: handling=strict")
	}
}

// including gives the first of the pages for an inclusion that includes something, else the last that was asked for.
func (c *checker) including(t T, k kind, inclusion string, total int) (a answer) {
	t.Helper()
	for page := 1; page <= 20 && (page == 1 || a.link("next") != ""); page++ {
		a = c.search(t, k, fmt.Sprintf("_count=5&page-offset=%d&%s", page, inclusion))
		if a.number("total") != total || len(a.entries()) > 5 {
			t.Errorf("%s: total %d of %d, %d matches", inclusion, a.number("total"), total, len(a.entries()))
		}
		if len(a.included()) > 0 {
			break
		}
	}
	return a
}

// refers says whether there is a literal reference to a resource in a text, by its id or by one of its identifiers.
func refers(text string, to body) bool {
	names := []string{to.text("id")}
	for _, i := range to.list("identifier") {
		names = append(names, body{i}.text("value"))
	}
	return slices.ContainsFunc(names, func(n string) bool { return n != "" && strings.Contains(text, `"`+to.text("resourceType")+"/"+n+`"`) })
}

// references: what a resource refers to can be read, and is what the reference names.
func (c *checker) references(t T, few []body) {
	read := map[string]bool{}
	for _, r := range few {
		for _, ref := range r.references() {
			target, _, _ := strings.Cut(ref, "/")
			if read[ref] || !slices.ContainsFunc(c.kinds, func(k kind) bool { return k.name == target && k.has("read") }) || slices.Contains(c.Logical, ref) {
				continue
			}
			read[ref] = true
			if a := c.get(t, ref, http.StatusOK); a.status == http.StatusOK && !refers(`"`+ref+`"`, a.body) {
				t.Errorf("%s refers to %s, which reads as %s/%s", r.text("id"), ref, a.text("resourceType"), a.text("id"))
			}
		}
	}
}
