package fhirconformance

import (
	"bytes"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// walk follows next to the end: every resource once, and as many as total says on every page.
func (c *checker) walk(t T, k kind, query string) []body {
	t.Helper()
	var all []body
	seen := map[string]bool{}
	a := c.search(t, k, query)
	total := a.number("total")
	for pages := 1; ; pages++ {
		if pages > mostPages {
			t.Fatalf("%s?%s: more than %d pages", k.name, query, mostPages)
		}
		if a.number("total") != total {
			t.Errorf("%s?%s: total %d on page %d, %d on the first", k.name, query, a.number("total"), pages, total)
		}
		for _, e := range a.entries() {
			id := e.text("resource.id")
			if seen[id] {
				t.Errorf("%s?%s: %s is on two pages", k.name, query, id)
			}
			seen[id] = true
			all = append(all, body{e.at("resource")})
		}
		next := a.link("next")
		if next == "" {
			break
		}
		if once, err := url.PathUnescape(next); err != nil || strings.ContainsAny(once, " \"") {
			t.Errorf("%s: %s does not survive being decoded once", k.name, next)
		}
		a = c.get(t, next, http.StatusOK)
		c.page(t, next, a)
	}
	if len(all) != total {
		t.Errorf("%s?%s: %d resources on all pages, total %d", k.name, query, len(all), total)
	}
	return all
}

// searches: paging by number and by link agree, POST is GET, sizes are capped, controls are understood.
func (c *checker) searches(t T, k kind, all, few []body) {
	total := len(all)
	first := c.search(t, k, "")
	if slash := c.get(t, k.name+"/", http.StatusOK); slash.number("total") != total {
		t.Errorf("with a slash: total %d, want %d", slash.number("total"), total)
	}
	if first.number("total") != total {
		t.Errorf("total %d, want %d", first.number("total"), total)
	}
	post := c.do(t, "POST", k.name+"/_search", "_count=2&_total=accurate", "Content-Type: application/x-www-form-urlencoded")
	if get := c.search(t, k, "_count=2&_total=accurate"); !bytes.Equal(get.raw, post.raw) {
		t.Errorf("POST _search answers otherwise: %.300s", post.raw)
	}
	if total > 4 { // by number
		var ids []string
		for page := 1; page <= 2; page++ {
			for _, e := range c.search(t, k, fmt.Sprintf("_count=2&page-offset=%d", page)).entries() {
				ids = append(ids, e.text("resource.id"))
			}
		}
		for i, id := range ids {
			if all[i].text("id") != id {
				t.Errorf("page %d by number has %s, by link %s", i/2+1, id, all[i].text("id"))
			}
		}
	}
	c.get(t, k.name+"?page-offset=99999", http.StatusNotFound)
	for _, bad := range []string{"page-offset=0", "page-offset=x", "_count=-1", "_count=x", "_summary=some", "_total=perhaps", "_sort=none-such", "_lastUpdated=yesterday"} {
		if strings.HasPrefix(bad, "_lastUpdated") && k.params["_lastUpdated"] == "" {
			continue
		}
		a := c.get(t, k.name+"?"+bad, http.StatusBadRequest)
		name, _, _ := strings.Cut(bad, "=")
		if a.text("issue.0.location.0") != "http."+name {
			t.Errorf("?%s: the outcome does not name the parameter: %.300s", bad, a.raw)
		}
	}
	if a := c.search(t, k, "_count=100000"); strings.Contains(a.link("self"), "100000") {
		t.Errorf("_count is not capped: %s", a.link("self"))
	}
	if a := c.search(t, k, "_count=0"); a.number("total") != total || len(a.entries()) > 0 {
		t.Errorf("_count=0: total %d with %d entries", a.number("total"), len(a.entries()))
	}
	if a := c.search(t, k, "_total=none&_count=1"); a.at("total") != nil {
		t.Error("_total=none has a total")
	}
	c.ignored(t, k, total)
	self := c.search(t, k, "_count=1&_format=json").link("next")
	if total > 1 && !strings.Contains(self, "_format=json") {
		t.Errorf("next has lost _format: %s", self)
	}
	if k.params["_lastUpdated"] != "" {
		c.sorted(t, k)
	}
	for _, r := range few {
		if k.params["_id"] != "" {
			c.finds(t, k, "_id="+url.QueryEscape(r.text("id")), r, true)
		}
		for _, i := range r.list("identifier") {
			code, value := (body{i}).text("type.coding.0.code"), (body{i}).text("value")
			if k.params["identifier"] != "" && (code == "Code" || code == "UUID") {
				c.finds(t, k, "identifier="+url.QueryEscape(code+"|"+value), r, false)
				c.finds(t, k, "identifier="+url.QueryEscape(value), r, false)
			}
		}
	}
}

// ignored: what the server does not know is left out with a word, or refused to who is strict; nothing that
// clients add without meaning anything by it is mentioned.
func (c *checker) ignored(t T, k kind, total int) {
	lenient := c.search(t, k, "none-such=1&_count=2")
	if lenient.number("total") != total || strings.Contains(lenient.link("self"), "none-such") {
		t.Errorf("an unknown parameter: total %d, self %s", lenient.number("total"), lenient.link("self"))
	}
	if counted := c.search(t, k, "none-such=1&_summary=count"); counted.header.Get("Warning") == "" {
		t.Error("an unknown parameter of a count is ignored without a word")
	}
	outcomes := 0
	for _, e := range lenient.object()["entry"].([]any) {
		if (body{e}).text("search.mode") == "outcome" {
			outcomes++
		}
	}
	if said := outcomes > 0 || lenient.header.Get("Warning") != ""; !said {
		t.Error("an unknown parameter is ignored without a word")
	}
	strict := c.get(t, k.name+"?none-such=1", http.StatusBadRequest, "Prefer: handling=strict")
	if strict.text("issue.0.location.0") != "http.none-such" {
		t.Errorf("strict: %.300s", strict.raw)
	}
	for _, silent := range []string{"format=json", "=", "=x", "_pretty=true", "_format=json", "_sort=", "_count=", "_summary="} {
		a := c.search(t, k, silent+"&_count=2")
		if a.number("total") != total || len(a.object()["entry"].([]any)) != min(2, total) || a.header.Get("Warning") != "" {
			t.Errorf("?%s is not ignored in silence: %.300s", silent, a.raw)
		}
		c.get(t, k.name+"?"+silent, http.StatusOK, "Prefer: handling=strict")
	}
}

// sorted: _lastUpdated ascends, and descends.
func (c *checker) sorted(t T, k kind) {
	for _, sort := range []string{"_lastUpdated", "-_lastUpdated"} {
		var last string
		for _, e := range c.search(t, k, "_sort="+sort+"&_count=100").entries() {
			now := e.text("resource.meta.lastUpdated")
			if last != "" && (sort[0] == '-' && now > last || sort[0] != '-' && now < last) {
				t.Errorf("_sort=%s: %s comes after %s", sort, now, last)
			}
			last = now
		}
	}
}

// finds wants a search to find a resource, and nothing else when only is set.
func (c *checker) finds(t T, k kind, query string, want body, only bool) {
	t.Helper()
	a := c.search(t, k, query)
	found := slices.ContainsFunc(a.entries(), func(e body) bool { return e.text("resource.id") == want.text("id") })
	if !found || only && len(a.entries()) != 1 {
		t.Errorf("?%s finds %d resources; is %s among them: %v", query, len(a.entries()), want.text("id"), found)
	}
	if !strings.Contains(a.link("self"), strings.SplitN(query, "=", 2)[0]) {
		t.Errorf("?%s: self does not repeat it: %s", query, a.link("self"))
	}
}

// parameters: every one narrows, dates partition, values that nothing has find nothing, and values of the
// wrong kind are refused by name.
func (c *checker) parameters(t T, k kind, all []body) {
	total := len(all)
	count := func(query string) int {
		t.Helper()
		return c.search(t, k, query+"&_summary=count").number("total")
	}
	for name, kind := range k.params {
		t.Run(name, func(t T) {
			switch kind {
			case "string":
				if n := count(name + "=" + url.QueryEscape("ζζ none such")); n != 0 {
					t.Errorf("%d have a text that nobody has", n)
				}
			case "token":
				a := c.do(t, "GET", k.name+"?"+name+"=none-such&_summary=count", "")
				if a.status == http.StatusBadRequest {
					if a.text("issue.0.location.0") != "http."+name {
						t.Errorf("the refusal does not name it: %.300s", a.raw)
					}
				} else if a.status != http.StatusOK || a.number("total") != 0 {
					t.Errorf("a code that there is not: %d, total %d", a.status, a.number("total"))
				}
				if name != "_id" && name != "identifier" {
					if n := c.do(t, "GET", k.name+"?"+name+"=http%3A%2F%2Fnone.example%7Cx&_summary=count", ""); n.status == http.StatusOK && n.number("total") != 0 {
						t.Errorf("a system that there is not finds %d", n.number("total"))
					}
				}
			case "date":
				c.dates(t, k, name, all, count)
			case "reference":
				if n := count(name + "=00000000-0000-0000-0000-000000000000"); n != 0 {
					t.Errorf("%d refer to what there is not", n)
				}
				c.get(t, k.name+"?"+name+"=Nonsense/1", http.StatusBadRequest)
			case "number", "quantity":
				c.get(t, k.name+"?"+name+"=big", http.StatusBadRequest)
			}
			if a := c.do(t, "GET", k.name+"?"+name+":none-such=1", ""); a.status != http.StatusBadRequest {
				t.Errorf("a modifier that there is not: %d", a.status)
			}
			if n := c.search(t, k, name+"=&_summary=count").number("total"); n != total {
				t.Errorf("without a value: %d of %d", n, total)
			}
		})
	}
}

// dates: before, at and after a moment are all that there is.
func (c *checker) dates(t T, k kind, name string, all []body, count func(string) int) {
	with := count(name + "=ge1900-01-01") // those that have the date at all
	if name == "refDate" || name == "refEndDate" {
		if n := count("refDate=1900-01-01"); n != len(all) {
			t.Errorf("since 1900: %d of %d", n, len(all))
		}
		if n := count("refDate=2900-01-01"); n != 0 {
			t.Errorf("since 2900: %d", n)
		}
		if a, b := count("refEndDate=1900-01-01"), count("refEndDate=2900-01-01"); a != 0 || b != len(all) {
			t.Errorf("until 1900: %d, until 2900: %d of %d", a, b, len(all))
		}
		return
	}
	moments := []string{"2024-01-01", "2026-06-15"}
	if name == "_lastUpdated" {
		for _, r := range spread(all, 3) {
			moments = append(moments, r.text("meta.lastUpdated"))
		}
		if with != len(all) {
			t.Errorf("%d of %d were changed ever", with, len(all))
		}
	}
	for _, m := range moments {
		m = url.QueryEscape(m)
		if lt, ge := count(name+"=lt"+m), count(name+"=ge"+m); lt+ge != with {
			t.Errorf("%s: %d before and %d since, of %d", m, lt, ge, with)
		}
		if le, gt := count(name+"=le"+m), count(name+"=gt"+m); le+gt != with {
			t.Errorf("%s: %d until and %d after, of %d", m, le, gt, with)
		}
		if eq, ne := count(name+"="+m), count(name+"=ne"+m); eq+ne != with {
			t.Errorf("%s: %d then and %d not then, of %d", m, eq, ne, with)
		}
		if ge, both := count(name+"=ge"+m), count(name+"=ge"+m+"&"+name+"=lt2900"); ge != both {
			t.Errorf("%s: %d since, %d in a range without end", m, ge, both)
		}
	}
	c.get(t, k.name+"?"+name+"=31.12.2024", http.StatusBadRequest)
}
