package server_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/openimis/openimis-be-go/internal/testing/dbtest"
)

// fetch sends a request with headers, as an administrator, and does not unpack the answer.
func (r *running) fetch(path string, headers map[string]string) (*http.Response, string) {
	r.t.Helper()
	req, err := http.NewRequestWithContext(r.t.Context(), http.MethodGet, r.URL+path, nil)
	if err != nil {
		r.t.Fatal(err)
	}
	req.Header.Set("Remote-User", "admin")
	for k, v := range headers {
		req.Header.Set(k, v)
	}
	plain := http.Client{Transport: &http.Transport{DisableCompression: true}}
	res, err := plain.Do(req)
	if err != nil {
		r.t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		r.t.Fatal(err)
	}
	return res, string(body)
}

func TestCompressionIsNegotiated(t *testing.T) {
	d := dbtest.SQLite(t)
	fill(t, d, 1)
	r := start(t, d, nil)
	for accepted, want := range map[string]string{
		"":                              "",
		"gzip":                          "gzip",
		"GZIP":                          "gzip",
		"gzip;q=1":                      "gzip",
		"br, gzip;q=0.5":                "gzip",
		"gzip ; q=0.001":                "gzip",
		"gzip;q=0":                      "",
		"gzip;q=0.000":                  "",
		"identity, gzip; q=0":           "",
		"GZip;Q=0, br":                  "",
		"notgzip":                       "",
		"gzip;q=broken":                 "",
		"deflate;q=1, gzip;level=1;q=0": "",
	} {
		res, body := r.fetch("/api/graphql?query="+url.QueryEscape("{ __schema { types { name description } } }"), map[string]string{"Accept-Encoding": accepted})
		if got := res.Header.Get("Content-Encoding"); got != want || want == "" && !strings.HasPrefix(body, `{"data":`) {
			t.Errorf("Accept-Encoding %q: got %q, want %q", accepted, got, want)
		}
	}
}

func TestMediaTypeIsNegotiated(t *testing.T) {
	d := dbtest.SQLite(t)
	fill(t, d, 1)
	r := start(t, d, nil)
	const graphQL = "application/graphql-response+json"
	for accepted, want := range map[string]string{
		"":                                      "application/json",
		"*/*":                                   "application/json",
		"application/json":                      "application/json",
		graphQL:                                 graphQL,
		graphQL + ", application/json;q=0.9":    graphQL,
		graphQL + ";charset=utf-8":              graphQL,
		"application/json, " + graphQL:          graphQL,
		graphQL + ";q=0":                        "application/json",
		graphQL + ";q=0.5, application/json":    "application/json",
		"text/plain":                            "application/json",
		"application/graphql+json, text/plain;": "application/json",
	} {
		for query, status := range map[string]int{"{ __typename }": 200, "{ nothing }": 400, "": 400} {
			res, body := r.fetch("/api/graphql?query="+url.QueryEscape(query), map[string]string{"Accept": accepted})
			if got := res.Header.Get("Content-Type"); got != want || res.StatusCode != status || !json.Valid([]byte(body)) {
				t.Errorf("Accept %q, %q: %d %s %s; want %d %s", accepted, query, res.StatusCode, got, body, status, want)
			}
		}
	}
}

// Clients and people write ; in texts without encoding it.
func TestSemicolonsAreText(t *testing.T) {
	d := dbtest.SQLite(t)
	fill(t, d, 1)
	r := start(t, d, nil)
	res, body := r.fetch(`/api/graphql?query={insurees(lastName:"a;b"){totalCount}}&x=1;2`, nil)
	if res.StatusCode != http.StatusOK || body != `{"data":{"insurees":{"totalCount":0}}}` {
		t.Errorf("GraphQL: %d %s", res.StatusCode, body)
	}
	if res, body = r.fetch("/api/api_fhir_r4/Location?name=a;b&_count=1", nil); res.StatusCode != http.StatusOK || !strings.Contains(body, "name=a%3Bb") {
		t.Errorf("FHIR: %d %s", res.StatusCode, body)
	}
	for _, c := range []struct{ path, form, want string }{
		{"/api/graphql", `query={insurees(lastName:"a;b"){totalCount}}`, `"totalCount":0`},
		{"/api/api_fhir_r4/Location/_search", `name=a;b`, "name=a%3Bb"},
	} {
		req, _ := http.NewRequestWithContext(t.Context(), http.MethodPost, r.URL+c.path, strings.NewReader(c.form))
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		req.Header.Set("Remote-User", "admin")
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		raw, _ := io.ReadAll(res.Body)
		res.Body.Close()
		if res.StatusCode != http.StatusOK || !strings.Contains(string(raw), c.want) {
			t.Errorf("%s with a form: %d %s", c.path, res.StatusCode, raw)
		}
	}
}

func TestFrontPageSaysWhatIsHere(t *testing.T) {
	d := dbtest.SQLite(t)
	fill(t, d, 1)
	r := start(t, d, nil)
	res, body := r.fetch("/", map[string]string{"Accept": "text/html"})
	if res.StatusCode != http.StatusOK || !strings.HasPrefix(res.Header.Get("Content-Type"), "text/html") {
		t.Fatalf("%d %s", res.StatusCode, res.Header)
	}
	for _, part := range strings.Split(body, `href="`)[1:] {
		link, _, _ := strings.Cut(part, `"`)
		if res, _ := r.fetch("/"+link, map[string]string{"Accept": "text/html"}); res.StatusCode != http.StatusOK {
			t.Errorf("the page leads to /%s: %d", link, res.StatusCode)
		}
	}
	for _, want := range []string{"/api", "/iapi", "GraphiQL", "FHIR"} {
		if !strings.Contains(body, want) {
			t.Errorf("the page does not mention %s", want)
		}
	}
}
