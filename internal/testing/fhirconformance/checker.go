package fhirconformance

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
)

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
