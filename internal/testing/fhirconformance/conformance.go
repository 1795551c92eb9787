// Package fhirconformance judges a FHIR server from outside, by what its capability statement promises: for
// every type, interaction and search parameter it sends requests and holds the answers against the rules of
// the protocol. It knows nothing of openIMIS, so that a resource is judged as soon as it is registered.
// Start with Check.
package fhirconformance

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
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

type checker struct {
	Server
	kinds []kind
}

// answer is a response with its body read.
type answer struct {
	body
	status int
	header http.Header
	raw    []byte
}

// refused says that the answer is a refusal. One with status 500 counts when it says what was wrong: some
// clients know no other status.
func (a answer) refused() bool {
	return a.status >= 400 && a.status < 500 || a.status == http.StatusInternalServerError && !strings.Contains(a.text("issue.0.details.text"), "internal error")
}

// do sends a request; headers are "Name: value".
func (c *checker) do(t T, method, path, text string, headers ...string) answer {
	t.Helper()
	if !strings.HasPrefix(path, "http") {
		path = c.Base + "/" + path
	}
	r, err := http.NewRequest(method, path, strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	c.Sign(r)
	for _, h := range headers {
		name, v, _ := strings.Cut(h, ": ")
		if v == "" {
			r.Header.Del(name)
		} else {
			r.Header.Set(name, v)
		}
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	a := answer{status: resp.StatusCode, header: resp.Header}
	if a.raw, err = io.ReadAll(resp.Body); err != nil {
		t.Fatal(err)
	}
	if len(a.raw) > 0 {
		if err := json.Unmarshal(a.raw, &a.body.v); err != nil {
			t.Fatalf("%s %s: %v in %.300s", method, path, err, a.raw)
		}
		if kind, _, _ := strings.Cut(resp.Header.Get("Content-Type"), ";"); kind != "application/json" && kind != "application/fhir+json" {
			t.Errorf("%s %s: Content-Type %s", method, path, kind)
		}
		if c.Dump != nil {
			c.Dump(method+" "+strings.TrimPrefix(path, c.Base), a.raw)
		}
	}
	if a.status >= 400 && method != http.MethodHead {
		if a.text("resourceType") != "OperationOutcome" || a.text("issue.0.details.text") == "" || a.text("issue.0.diagnostics") == "" {
			t.Errorf("%s %s: %d without an OperationOutcome that says why: %.300s", method, path, a.status, a.raw)
		}
	}
	return a
}

func (c *checker) get(t T, path string, status int, headers ...string) answer {
	t.Helper()
	a := c.do(t, http.MethodGet, path, "", headers...)
	if a.status != status {
		t.Errorf("GET %s: %d, want %d: %.300s", path, a.status, status, a.raw)
	}
	return a
}

// search asks for a page and checks its form.
func (c *checker) search(t T, k kind, query string) answer {
	t.Helper()
	path := k.name
	if query != "" {
		path += "?" + query
	}
	a := c.get(t, path, http.StatusOK)
	c.page(t, path, a)
	return a
}

// page checks what holds for every page of results.
func (c *checker) page(t T, path string, a answer) {
	t.Helper()
	if a.text("resourceType") != "Bundle" || a.text("type") != "searchset" {
		t.Errorf("%s: %s of type %s", path, a.text("resourceType"), a.text("type"))
	}
	if a.link("self") == "" {
		t.Errorf("%s: there is no self link", path)
	}
	if entries, there := a.object()["entry"]; there && len(entries.([]any)) == 0 {
		t.Errorf("%s: an empty list of entries", path)
	}
	seen := map[string]bool{}
	for _, e := range a.entries() {
		url := e.text("fullUrl")
		if mode := e.text("search.mode"); mode != "outcome" {
			if want := c.Base + "/" + e.text("resource.resourceType") + "/" + e.text("resource.id"); url != want {
				t.Errorf("%s: fullUrl %s, want %s", path, url, want)
			}
		} else if c.Compat {
			t.Errorf("%s: an outcome among the entries", path)
		}
		if seen[url] {
			t.Errorf("%s: %s is there twice", path, url)
		}
		seen[url] = true
	}
}

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

// methods: what the statement does not name is 405 with what is allowed, with and without a login's rights.
func (c *checker) methods(t T, k kind) {
	t.Helper()
	for _, m := range []struct{ method, path, interaction string }{
		{"GET", k.name, "search-type"}, {"POST", k.name, "create"}, {"PUT", k.name, ""}, {"DELETE", k.name, ""}, {"PATCH", k.name, ""},
		{"GET", k.name + "/none-such", "read"}, {"POST", k.name + "/none-such", ""},
		{"PUT", k.name + "/none-such", "update"}, {"PATCH", k.name + "/none-such", "patch"}, {"DELETE", k.name + "/none-such", "delete"},
		{"GET", k.name + "/_search", ""},
	} {
		if m.interaction != "" && k.has(m.interaction) {
			if m.interaction == "search-type" || m.method == "DELETE" {
				continue
			}
			text := ""
			if m.method != "GET" {
				text = "{"
			}
			if a := c.do(t, m.method, m.path, text, "Content-Type: application/json"); !a.refused() || a.status == http.StatusMethodNotAllowed {
				t.Errorf("%s %s with nothing to find or a broken body: %d", m.method, m.path, a.status)
			}
			continue
		}
		for _, slash := range []string{"", "/"} {
			a := c.do(t, m.method, m.path+slash, "")
			if a.status != http.StatusMethodNotAllowed {
				t.Errorf("%s %s%s: %d, want 405", m.method, m.path, slash, a.status)
			}
			if allow := a.header.Get("Allow"); allow == "" || strings.Contains(allow, m.method+",") && m.method != "GET" {
				t.Errorf("%s %s%s: Allow %q", m.method, m.path, slash, allow)
			}
		}
	}
	if k.has("create") {
		for _, text := range []string{``, `[]`, `{"resourceType":"` + k.name + `"`, `{"resourceType":"Basic"}`, `{"resourceType":"` + k.name + `","id":{"a":1}}`} {
			if a := c.do(t, "POST", k.name+"/", text, "Content-Type: application/fhir+json"); !a.refused() {
				t.Errorf("POST %s %s: %d", k.name, text, a.status)
			}
		}
		if a := c.do(t, "POST", k.name, "<x/>", "Content-Type: application/fhir+xml"); a.status != http.StatusUnsupportedMediaType {
			t.Errorf("POST of XML: %d, want 415", a.status)
		}
	}
}

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

// reads: the resource of an entry is the one that is read, conditional reads save the body, HEAD has the
// same headers.
func (c *checker) reads(t T, k kind, few []body) {
	if !k.has("read") {
		return
	}
	for _, want := range few {
		path := k.name + "/" + url.PathEscape(want.text("id"))
		got := c.get(t, path, http.StatusOK)
		if !sameResource(got.body, want) {
			t.Errorf("%s is\n%s\nin a list\n%s", path, got.raw, want.json())
		}
		if got.text("id") != want.text("id") {
			t.Errorf("%s has the id %s", path, got.text("id"))
		}
		c.get(t, path+"/", http.StatusOK)
		if got.header.Get("Cache-Control") == "" {
			t.Errorf("%s: no Cache-Control", path)
		}
		head := c.do(t, http.MethodHead, path, "")
		for _, name := range []string{"ETag", "Last-Modified", "Content-Type", "Cache-Control"} {
			if head.header.Get(name) != got.header.Get(name) {
				t.Errorf("HEAD %s: %s %q, GET has %q", path, name, head.header.Get(name), got.header.Get(name))
			}
		}
		if head.status != http.StatusOK || len(head.raw) > 0 {
			t.Errorf("HEAD %s: %d with %d bytes", path, head.status, len(head.raw))
		}
		tag := got.header.Get("ETag")
		if tag == "" {
			continue
		}
		if version := got.text("meta.versionId"); tag != `W/"`+version+`"` {
			t.Errorf("%s: ETag %s for version %s", path, tag, version)
		}
		for _, h := range []string{"If-None-Match: " + tag, "If-Modified-Since: " + got.header.Get("Last-Modified")} {
			if a := c.do(t, http.MethodGet, path, "", h); a.status != http.StatusNotModified || len(a.raw) > 0 {
				t.Errorf("%s with %s: %d with %d bytes, want 304", path, h, a.status, len(a.raw))
			}
		}
		c.get(t, path, http.StatusOK, `If-None-Match: W/"another"`)
	}
	for _, id := range []string{"none-such", "0", "00000000-0000-0000-0000-000000000000", "%00", "%FF", strings.Repeat("x", 300), "99999999999999999999"} {
		c.get(t, k.name+"/"+id, http.StatusNotFound)
	}
	c.get(t, k.name+"/"+few[0].text("id")+"/$nothing", http.StatusNotFound)
}

// history: the newest version is the one that is read, every version can be read.
func (c *checker) history(t T, k kind, few []body) {
	if !k.has("history-instance") {
		if k.has("read") {
			c.get(t, k.name+"/"+few[0].text("id")+"/_history", http.StatusNotFound)
		}
		return
	}
	for _, r := range few {
		path := k.name + "/" + url.PathEscape(r.text("id"))
		a := c.get(t, path+"/_history?_count=3", http.StatusOK)
		if a.text("type") != "history" || a.number("total") < 1 || len(a.entries()) == 0 {
			t.Errorf("%s/_history: %.300s", path, a.raw)
			continue
		}
		if newest := (body{a.entries()[0].at("resource")}); newest.text("meta.versionId") != r.text("meta.versionId") {
			t.Errorf("%s/_history begins with version %s, the resource is %s", path, newest.text("meta.versionId"), r.text("meta.versionId"))
		} else if !sameResource(newest, r) {
			t.Errorf("%s/_history begins with\n%s\nin a list it is\n%s", path, newest.json(), r.json())
		}
		for _, e := range a.entries() {
			if e.text("request.method") == "" || e.text("response.status") == "" {
				t.Errorf("%s/_history: an entry without request or response: %s", path, e.json())
			}
			if e.at("resource") == nil {
				continue
			}
			v := c.get(t, path+"/_history/"+e.text("resource.meta.versionId"), http.StatusOK)
			if v.text("id") != r.text("id") || v.text("meta.versionId") != e.text("resource.meta.versionId") {
				t.Errorf("%s version %s is %s version %s", path, e.text("resource.meta.versionId"), v.text("id"), v.text("meta.versionId"))
			}
		}
		c.get(t, path+"/_history/1", http.StatusNotFound)
	}
	c.get(t, k.name+"/none-such/_history", http.StatusNotFound)
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

// protocol: what has nothing to do with a type.
func (c *checker) protocol(t T, types []string) {
	c.get(t, "metadata/", http.StatusOK)
	c.get(t, "NoSuchType", http.StatusNotFound)
	c.get(t, "NoSuchType/1", http.StatusNotFound)
	c.get(t, "metadata", http.StatusNotAcceptable, "Accept: application/fhir+xml")
	c.get(t, "metadata?_format=xml", http.StatusNotAcceptable)
	c.get(t, "metadata", http.StatusNotAcceptable, "Accept: application/fhir+json; fhirVersion=5.0")
	if a := c.get(t, "metadata", http.StatusOK, "Accept: application/fhir+json"); a.header.Get("Content-Type") != "application/fhir+json" {
		t.Errorf("asked for application/fhir+json, got %s", a.header.Get("Content-Type"))
	}
	if a := c.get(t, "metadata", http.StatusOK, "Accept: application/json"); a.header.Get("Content-Type") != "application/json" {
		t.Errorf("asked for application/json, got %s", a.header.Get("Content-Type"))
	}
	for _, kind := range types {
		a := c.do(t, "GET", kind, "", "Authorization: ", "Remote-User: ")
		if a.status == http.StatusOK || a.status != http.StatusUnauthorized && a.status != http.StatusMethodNotAllowed {
			t.Errorf("%s without a login: %d", kind, a.status)
		}
		if a.status == http.StatusUnauthorized && a.header.Get("WWW-Authenticate") == "" {
			t.Errorf("%s without a login: no WWW-Authenticate", kind)
		}
	}
	for _, text := range []string{"", "{}", `{"resourceType":"Bundle"}`, `{"resourceType":"Bundle","type":"collection"}`, `{"resourceType":"Bundle","type":"transaction","entry":[{"request":{"method":"FLY","url":"x"}}]}`} {
		if a := c.do(t, "POST", "", text, "Content-Type: application/fhir+json"); a.status != http.StatusBadRequest && a.status != http.StatusInternalServerError {
			t.Errorf("POST %s: %d", text, a.status)
		}
	}
	if len(types) == 0 {
		return
	}
	batch := `{"resourceType":"Bundle","type":"batch","entry":[{"request":{"method":"GET","url":"` + types[0] + `?_count=1"}},{"request":{"method":"GET","url":"NoSuchType/1"}},{"request":{"method":"FLY","url":"x"}}]}`
	a := c.do(t, "POST", "", batch, "Content-Type: application/fhir+json")
	if a.status != http.StatusOK || a.text("type") != "batch-response" || !strings.HasPrefix(a.text("entry.1.response.status"), "404") || a.text("entry.2.response.outcome.resourceType") != "OperationOutcome" ||
		a.text("entry.1.response.outcome.resourceType") != "OperationOutcome" {
		t.Errorf("batch: %d %.500s", a.status, a.raw)
	}
}

// sameResource compares two forms of a resource.
func sameResource(a, b body) bool { return a.json() == b.json() }
