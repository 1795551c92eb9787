package fhirconformance

import (
	"net/http"
	"net/url"
	"strings"
)

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
