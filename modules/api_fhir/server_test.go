package apifhir_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/labstack/echo/v4"
	"pgregory.net/rapid"

	"github.com/openimis/openimis-be-go/internal/auth"
	"github.com/openimis/openimis-be-go/internal/clock"
	"github.com/openimis/openimis-be-go/internal/testing/fhirtest"
	fhirapi "github.com/openimis/openimis-be-go/modules/api_fhir"
)

// tester sends requests as one user and keeps every body for the validator.
type tester struct {
	t    testing.TB
	e    *echo.Echo
	log  *bytes.Buffer
	user *auth.Principal
}

var reader = &auth.Principal{Username: "reader", Rights: map[int]bool{}}

func newTester(t testing.TB, n int) *tester {
	x := &tester{t: t, e: echo.New(), log: &bytes.Buffer{}, user: reader}
	server, err := fhirapi.New(fhirapi.Config{
		Clock: clock.Fixed(time.Date(2024, 6, 1, 0, 0, 0, 0, time.UTC)), Version: "24.10", MaxCount: 50, MaxBody: 4096,
		BaseURL: func(*http.Request) string { return "https://imis.example.org/" },
		Log:     slog.New(slog.NewTextHandler(x.log, nil)),
	}, organizations(), locations(places(n)))
	if err != nil {
		t.Fatal(err)
	}
	server.Mount(x.e.Group("/api/api_fhir_r4"), fhirapi.Mount{Release: fhirapi.R4})
	server.Mount(x.e.Group("/api/api_fhir"), fhirapi.Mount{Release: fhirapi.R4, Compat: true, Refusals500: true})
	return x
}

type answer struct {
	*httptest.ResponseRecorder
	body map[string]any
}

// do sends "METHOD path" with a body and headers given as "Name: value".
func (x *tester) do(line, body string, headers ...string) answer {
	x.t.Helper()
	method, path, _ := strings.Cut(line, " ")
	if !strings.HasPrefix(path, "http") {
		path = "/api/api_fhir_r4" + path
	}
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	for _, h := range headers {
		name, v, _ := strings.Cut(h, ": ")
		r.Header.Add(name, v)
	}
	r = r.WithContext(auth.With(context.Background(), x.user))
	w := httptest.NewRecorder()
	x.e.ServeHTTP(w, r)
	a := answer{ResponseRecorder: w}
	if w.Body.Len() > 0 {
		if err := json.Unmarshal(w.Body.Bytes(), &a.body); err != nil {
			x.t.Fatalf("%s: %v in %s", line, err, w.Body)
		}
		if a.body["resourceType"] != nil {
			fhirtest.Dump(x.t, line, w.Body.Bytes())
		}
	}
	return a
}

func (x *tester) as(p *auth.Principal) *tester {
	c := *x
	c.user = p
	return &c
}

// at follows a path such as "issue.0.details.text".
func at(v any, path string) any {
	for _, step := range strings.Split(path, ".") {
		switch o := v.(type) {
		case map[string]any:
			v = o[step]
		case []any:
			var i int
			if fmt.Sscan(step, &i); i >= len(o) {
				return nil
			}
			v = o[i]
		default:
			return nil
		}
	}
	return v
}

func (a answer) at(path string) any { return at(a.body, path) }

func (a answer) ids() []string {
	var ids []string
	entries, _ := a.at("entry").([]any)
	for _, e := range entries {
		if at(e, "search.mode") == "match" {
			ids = append(ids, at(e, "resource.id").(string))
		}
	}
	return ids
}

func (a answer) link(relation string) string {
	links, _ := a.at("link").([]any)
	for _, l := range links {
		if at(l, "relation") == relation {
			return at(l, "url").(string)
		}
	}
	return ""
}

// want compares "path=value" pairs; "-path" must be missing, "path~part" contains.
func (a answer) want(t *testing.T, status int, pairs ...string) {
	t.Helper()
	if a.Code != status {
		t.Errorf("status %d, want %d: %s", a.Code, status, a.Body)
	}
	for _, p := range pairs {
		if path, ok := strings.CutPrefix(p, "-"); ok {
			if v := a.at(path); v != nil {
				t.Errorf("%s is %v, want nothing", path, v)
			}
			continue
		}
		i := strings.IndexAny(p, "=~")
		got := fmt.Sprint(a.at(p[:i]))
		if p[i] == '=' && got != p[i+1:] || !strings.Contains(got, p[i+1:]) {
			t.Errorf("%s is %q, want %s", p[:i], got, p[i:])
		}
	}
}

const id3 = "00000000-0000-4000-8000-000000000003"

func TestSearchAnswers(t *testing.T) {
	x := newTester(t, 31)
	for name, c := range map[string]struct {
		line  string
		total int
		first string // code of the first entry
	}{
		"all":                     {"/Location", 31, "L0"},
		"slash":                   {"/Location/", 31, "L0"},
		"count":                   {"/Location?_count=3", 31, "L0"},
		"page":                    {"/Location/?_count=10&page-offset=4", 31, "L30"},
		"id":                      {"/Location?_id=" + id3, 1, "L3"},
		"ids":                     {"/Location?_id=" + id3 + ",00000000-0000-4000-8000-000000000001", 2, "L1"},
		"identifier plain code":   {"/Location?identifier=L3", 1, "L3"},
		"identifier plain uuid":   {"/Location?identifier=" + id3, 1, "L3"},
		"identifier Code":         {"/Location?identifier=Code|L3", 1, "L3"},
		"identifier LC":           {"/Location?identifier=LC|L3", 1, "L3"},
		"identifier MR":           {"/Location?identifier=MR%7CL3", 1, "L3"},
		"identifier FI":           {"/Location?identifier=FI|L3", 1, "L3"},
		"identifier FILL":         {"/Location?identifier=FILL|L3", 1, "L3"},
		"identifier SB":           {"/Location?identifier=SB|L3", 1, "L3"},
		"identifier UUID":         {"/Location?identifier=UUID|" + id3, 1, "L3"},
		"identifier wrong kind":   {"/Location?identifier=UUID|L3", 0, ""},
		"identifier system":       {"/Location?identifier=" + url.QueryEscape(fhirapi.IdentifierSystem+"|L3"), 1, "L3"},
		"identifier of-type":      {"/Location?identifier:of-type=" + url.QueryEscape(fhirapi.IdentifierSystem+"|Code|L3"), 1, "L3"},
		"identifier or":           {"/Location?identifier=L3,L4", 2, "L3"},
		"identifier and":          {"/Location?identifier=L3&identifier=L4", 0, ""},
		"updated since":           {"/Location?_lastUpdated=ge2024-01-30", 2, "L29"},
		"updated range":           {"/Location?_lastUpdated=ge2024-01-03&_lastUpdated=lt2024-01-05", 2, "L2"},
		"updated on a day":        {"/Location?_lastUpdated=2024-01-03", 1, "L2"},
		"updated not":             {"/Location?_lastUpdated=ne2024-01-03", 30, "L0"},
		"updated in a month":      {"/Location?_lastUpdated=2024-01", 31, "L0"},
		"updated exactly":         {"/Location?_lastUpdated=2024-01-03T08:30:00", 1, "L2"},
		"updated with zone":       {"/Location?_lastUpdated=2024-01-03T14:15:00%2B05:45", 1, "L2"},
		"updated, + not escaped":  {"/Location?_lastUpdated=2024-01-03T14:15:00+05:45", 1, "L2"},
		"updated after":           {"/Location?_lastUpdated=gt2024-01-30", 1, "L30"},
		"updated before":          {"/Location?_lastUpdated=eb2024-01-02", 1, "L0"},
		"token":                   {"/Location?physicalType=R", 11, "L0"},
		"reference id":            {"/Location?partof=" + id3, 1, "L4"},
		"reference typed":         {"/Location?partof=Location/" + id3, 1, "L4"},
		"reference url":           {"/Location?partof=https://imis.example.org/api/api_fhir_r4/Location/" + id3, 1, "L4"},
		"reference modifier":      {"/Location?partof:Location=" + id3, 1, "L4"},
		"string":                  {"/Location?name=" + url.QueryEscape("Place <3"), 2, "L3"},
		"string exact":            {"/Location?name:exact=" + url.QueryEscape("Place <3>"), 1, "L3"},
		"number":                  {"/Location?size=gt9", 21, "L10"},
		"sort":                    {"/Location?_sort=-_lastUpdated", 31, "L30"},
		"sort by two":             {"/Location?_sort=name,-_id", 31, "L0"},
		"nothing":                 {"/Location?identifier=nope", 0, ""},
		"control without meaning": {"/Location?_pretty=true&_summary=false&_total=accurate", 31, "L0"},
	} {
		t.Run(name, func(t *testing.T) {
			a := x.do("GET "+c.line, "")
			a.want(t, 200, "resourceType=Bundle", "type=searchset", fmt.Sprintf("total=%d", c.total))
			if got := a.at("entry.0.resource.identifier.1.value"); c.first != "" && got != c.first {
				t.Errorf("first is %v, want %s", got, c.first)
			}
			if _, there := a.body["entry"]; there != (c.total > 0) {
				t.Errorf("entry: %v", there)
			}
			if _, query, ok := strings.Cut(c.line, "?"); ok {
				post := x.do("POST /Location/_search", query, "Content-Type: application/x-www-form-urlencoded")
				if post.Body.String() != a.Body.String() {
					t.Errorf("POST answers otherwise: %s", post.Body)
				}
			}
		})
	}
}

func TestBundleShape(t *testing.T) {
	x := newTester(t, 31)
	a := x.do("GET /Location?_count=10&page-offset=2&physicalType=D", "")
	a.want(t, 200, "total=20",
		"entry.0.fullUrl=https://imis.example.org/api/api_fhir_r4/Location/00000000-0000-4000-8000-000000000016",
		"entry.0.search.mode=match", "entry.0.resource.meta.lastUpdated=2024-01-17T08:30:00.000Z",
		"entry.0.resource.partOf.reference=Location/00000000-0000-4000-8000-000000000015",
		"entry.0.resource.partOf.identifier.type.coding.0.code=UUID",
		"entry.0.resource.name=Place <16>")
	for relation, want := range map[string]string{
		"self":     "https://imis.example.org/api/api_fhir_r4/Location?_count=10&page-offset=2&physicalType=D",
		"first":    "https://imis.example.org/api/api_fhir_r4/Location?_count=10&physicalType=D",
		"previous": "https://imis.example.org/api/api_fhir_r4/Location?_count=10&physicalType=D",
		"last":     "https://imis.example.org/api/api_fhir_r4/Location?_count=10&page-offset=2&physicalType=D",
		"next":     "",
	} {
		if got := a.link(relation); got != want {
			t.Errorf("%s is %q, want %q", relation, got, want)
		}
	}
	if !strings.HasPrefix(a.Body.String(), `{"resourceType":"Bundle","type":"searchset","total":20,"link":[`) {
		t.Errorf("members out of order: %s", a.Body)
	}
	other := x.do("GET http://h/api/api_fhir/Location?_count=1", "")
	if got := other.link("next"); got != "https://imis.example.org/api/api_fhir/Location?_count=1&page-offset=2" {
		t.Errorf("next of the other mount is %s", got)
	}
	x.do("GET /Location?_count=500", "").want(t, 200, "total=31", "entry.30.search.mode=match", "link.0.url~_count=50")
	x.do("GET /Location?_count=0", "").want(t, 200, "total=31", "-entry", "-link.1")
	x.do("GET /Location?_summary=count&physicalType=R", "").want(t, 200, "total=11", "-entry")
	none := x.do("GET /Location?_total=none&_count=20", "")
	none.want(t, 200, "-total", "entry.19.search.mode=match", "-entry.20", "link.1.relation=next")
	x.do("GET /Location?_total=none&_count=20&page-offset=2", "").want(t, 200, "-total", "entry.10.search.mode=match", "-entry.11", "-link.3")
	x.do("GET /Location?_elements=name,Location.status&_count=1", "").want(t, 200, "entry.0.resource.name=Place <0>",
		"entry.0.resource.status=active", "entry.0.resource.meta.tag.0.code=SUBSETTED", "-entry.0.resource.mode", "-entry.0.resource.identifier")
}

// TestFollowNext proves that pages neither repeat nor skip, whatever their size.
func TestFollowNext(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		n := rapid.IntRange(0, 60).Draw(r, "rows")
		x := newTester(t, n)
		next := fmt.Sprintf("/Location?_count=%d%s", rapid.IntRange(1, 60).Draw(r, "count"),
			rapid.SampledFrom([]string{"", "&_total=none", "&_sort=-name", "&physicalType=R,D"}).Draw(r, "more"))
		var ids []string
		for pages := 0; next != ""; pages++ {
			if pages > n {
				r.Fatal("no end")
			}
			a := x.do("GET "+strings.TrimPrefix(next, "https://imis.example.org/api/api_fhir_r4"), "")
			if a.Code != 200 || a.at("total") != nil && a.at("total") != float64(n) {
				r.Fatalf("%s: %d %v", next, a.Code, a.at("total"))
			}
			ids = append(ids, a.ids()...)
			next = a.link("next")
		}
		slices.Sort(ids)
		if len(ids) != n || len(slices.Compact(ids)) != n {
			r.Fatalf("%d ids for %d rows", len(ids), n)
		}
	})
}

func TestSearchRefusals(t *testing.T) {
	x := newTester(t, 5)
	for query, part := range map[string]string{
		"_count=ten":                       "whole number from 0 to 50",
		"_count=-1":                        "_count",
		"page-offset=0":                    "from 1 on",
		"page-offset=99999999999999999999": "page-offset",
		"_lastUpdated=yesterday":           "_lastUpdated",
		"_lastUpdated=2024-13":             "YYYY-MM",
		"_lastUpdated=xx2024":              "eq, ne",
		"_lastUpdated=0000-01-01":          "not a date",
		"_summary=some":                    "_summary",
		"_total=maybe":                     "none, estimate or accurate",
		"_sort=colour":                     "_id, _lastUpdated, name",
		"identifier=XX|1":                  "Code, UUID, ACSN",
		"identifier=Code|":                 "no value",
		"identifier=a|b|c":                 "type|value",
		"identifier:of-type=a":             "system|type|value",
		"identifier:exact=a":               "of-type",
		"identifier=,":                     "empty",
		"name:contains=a":                  "exact",
		"physicalType=V":                   "R, D",
		"physicalType=|":                   "neither",
		"physicalType=a|b|c":               "too many",
		"_id:missing=true":                 "missing",
		"partof=Patient/1":                 "allowed: Location",
		"partof=/":                         "not a reference",
		"size=big":                         "a number",
		"size=1e999999999":                 "a number",
		"size=1||m":                        "a number",
		"%zz=1":                            "query string",
		"a;b=1":                            "query string",
	} {
		t.Run(query, func(t *testing.T) {
			a := x.do("GET /Location?"+query, "")
			a.want(t, 400, "resourceType=OperationOutcome", "issue.0.severity=error", "issue.0.code=invalid", "issue.0.details.text~"+part)
			name, _, _ := strings.Cut(query, "=")
			if part != "query string" {
				a.want(t, 400, "issue.0.location.0=http."+name, "issue.0.details.text~"+strings.Split(name, ":")[0])
			}
		})
	}
	x.do("GET /Location?_count=x&_sort=y", "").want(t, 400, "issue.0.details.text~_count", "issue.1.details.text~_sort")
	x.do("GET /Location?page-offset=2", "").want(t, 404, "issue.0.code=not-found", "issue.0.details.text=Invalid page.")
	x.do("GET /Location?page-offset=2&_total=none", "").want(t, 404, "issue.0.details.text=Invalid page.")
}

func TestUnknownParameter(t *testing.T) {
	x := newTester(t, 3)
	lenient := x.do("GET /Location?colour=red&_count=2&identifier=", "")
	lenient.want(t, 200, "total=3", "entry.2.search.mode=outcome", "-entry.2.fullUrl", "entry.2.resource.resourceType=OperationOutcome",
		"entry.2.resource.issue.0.severity=warning", `entry.2.resource.issue.0.details.text~"colour"`, "entry.2.resource.issue.1.details.text~identifier")
	if self := lenient.link("self"); strings.Contains(self, "colour") || strings.Contains(self, "identifier") {
		t.Errorf("self names what was ignored: %s", self)
	}
	x.do("GET /Location?colour=red", "", "Prefer: return=minimal, handling=strict").
		want(t, 400, "issue.0.location.0=http.colour", "issue.0.details.text~_lastUpdated, identifier, name")
	x.do("GET /Location?_summary=true", "", "Prefer: handling=lenient").want(t, 200, "total=3", "entry.0.resource.meta.tag.0.code=SUBSETTED", "-entry.3")
}

func TestRead(t *testing.T) {
	x := newTester(t, 5)
	for _, path := range []string{"/Location/" + id3, "/Location/" + id3 + "/", "/Location/L3", "/Location/l3/"} {
		a := x.do("GET "+path, "")
		a.want(t, 200, "resourceType=Location", "id="+id3, "meta.lastUpdated=2024-01-04T08:30:00.000Z", "meta.versionId=1704357000000")
		if !strings.HasPrefix(a.Body.String(), `{"resourceType":"Location","id":"`+id3) {
			t.Errorf("%s", a.Body)
		}
		for name, want := range map[string]string{"ETag": `W/"1704357000000"`, "Last-Modified": "Thu, 04 Jan 2024 08:30:00 GMT",
			"Content-Type": "application/json", "Cache-Control": "private, no-cache", "Vary": "Accept", "X-Content-Type-Options": "nosniff"} {
			if got := a.Header().Get(name); got != want {
				t.Errorf("%s is %q, want %q", name, got, want)
			}
		}
	}
	head := x.do("HEAD /Location/L3", "")
	if head.Code != 200 || head.Body.Len() != 0 || head.Header().Get("ETag") == "" {
		t.Errorf("HEAD: %d %s", head.Code, head.Body)
	}
	for header, want := range map[string]int{
		`If-None-Match: W/"1704357000000"`:                 304,
		`If-None-Match: "1", "1704357000000"`:              304,
		`If-None-Match: *`:                                 304,
		`If-None-Match: W/"1"`:                             200,
		`If-Modified-Since: Thu, 04 Jan 2024 08:30:00 GMT`: 304,
		`If-Modified-Since: Thu, 04 Jan 2024 08:29:59 GMT`: 200,
		`If-Modified-Since: yesterday`:                     200,
	} {
		if a := x.do("GET /Location/L3", "", header); a.Code != want || want == 304 && a.Body.Len() > 0 {
			t.Errorf("%s: %d, want %d", header, a.Code, want)
		}
	}
	org := x.as(&auth.Principal{Rights: map[int]bool{121101: true}}).do("GET /Organization/u-1", "")
	org.want(t, 200, "contained.0.resourceType=Location", "extension.2.valueBoolean=false", "-contact")
}

func TestErrors(t *testing.T) {
	x := newTester(t, 5)
	x.do("GET /Location/nope", "").want(t, 404, "issue.0.severity=error", "issue.0.code=not-found", "issue.0.details.text=Location nope not found.")
	x.do("GET /Patient", "").want(t, 404, "issue.0.details.text~Location, Organization")
	x.do("GET /location/L3", "").want(t, 404)
	x.do("GET /", "").want(t, 405)
	if a := x.do("GET http://h/api/api_fhir/", ""); a.Code != 200 || a.at("Location") != "https://imis.example.org/api/api_fhir/Location/" {
		t.Errorf("the root: %d %s", a.Code, a.Body)
	}
	x.do("GET /a/b/c/d/e", "").want(t, 404, "issue.0.details.text~/metadata")
	x.do("GET /Location/L3/_history/1", "").want(t, 404)
	x.do("GET /Location/_history", "").want(t, 404)
	x.do("POST /Location/$validate", "{}").want(t, 404)
	x.do("GET /Location/A%2FB", "").want(t, 404, "issue.0.details.text=Location A/B not found.")
	x.do("GET /Location/AWAY", "").want(t, 503, "issue.0.code=transient")
	x.do("GET /Location/BROKEN", "").want(t, 500, "issue.0.code=exception", "issue.0.details.text~internal error", "-issue.0.expression")
	if log := x.log.String(); !strings.Contains(log, "password of sa") || strings.Contains(log, "nope") {
		t.Errorf("log: %s", log)
	}
	for line, allow := range map[string]string{
		"PATCH /Location/L3":      "GET, HEAD, DELETE, OPTIONS",
		"PUT /Location/L3":        "GET, HEAD, DELETE, OPTIONS",
		"DELETE /Location":        "GET, HEAD, POST, OPTIONS",
		"GET /Location/_search":   "POST, OPTIONS",
		"POST /metadata":          "GET, HEAD, OPTIONS",
		"GET /Organization":       "OPTIONS",
		"POST /Organization/u-1/": "GET, HEAD, PUT, PATCH, OPTIONS",
	} {
		a := x.do(line, "")
		a.want(t, 405, "issue.0.severity=fatal", "issue.0.details.text="+fmt.Sprintf("Method %q not allowed.", strings.Fields(line)[0]))
		if got := a.Header().Get("Allow"); got != allow {
			t.Errorf("%s: Allow %q, want %q", line, got, allow)
		}
	}
	if a := x.do("OPTIONS /Location", ""); a.Code != 204 || a.Header().Get("Allow") == "" {
		t.Errorf("OPTIONS: %d", a.Code)
	}
}

func TestRights(t *testing.T) {
	x := newTester(t, 5)
	nobody, admin := x.as(nil), x.as(&auth.Principal{Admin: true})
	for _, line := range []string{"GET /Location", "GET /Location/L3", "POST /Location/_search", "POST /Location", "DELETE /Location/L3", "GET /Organization/u-1", "GET /Location?_count=x"} {
		a := nobody.do(line, "")
		a.want(t, 401, "issue.0.severity=fatal", "issue.0.code=exception", "issue.0.details.text=Authentication credentials were not provided.")
		if a.Header().Get("WWW-Authenticate") == "" {
			t.Errorf("%s: no WWW-Authenticate", line)
		}
	}
	for _, line := range []string{"POST /Location", "DELETE /Location/L3", "GET /Organization/u-1", "PUT /Organization/u-1"} {
		x.do(line, "{}").want(t, 403, "issue.0.code=exception", "issue.0.details.text=You do not have permission to perform this action.", "issue.0.diagnostics~is needed")
	}
	nobody.do("GET /metadata", "").want(t, 200)
	if a := admin.do("DELETE /Location/L3", ""); a.Code != 204 {
		t.Errorf("DELETE: %d", a.Code)
	}
	admin.do("GET /Organization/u-1", "").want(t, 200)
}

func TestNegotiation(t *testing.T) {
	x := newTester(t, 2)
	for header, want := range map[string]string{
		"X-None: ": "application/json", "Accept: */*": "application/json", "Accept: application/fhir+json": "application/fhir+json", "Accept: application/json": "application/json",
		"Accept: application/fhir+json; fhirVersion=4.0": "application/fhir+json", "Accept: application/xml;q=0.9, application/json;q=0.1": "application/json",
		"Accept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8": "application/json",
		"Accept: application/fhir+json;q=0.5, application/json":                   "application/json",
		"Accept: application/xml": "", "Accept: application/fhir+xml": "", "Accept: application/fhir+json; fhirVersion=3.0": "",
		"Accept: application/json;q=0": "", "Accept: ;;;": "",
	} {
		a := x.do("GET /Location/L1", "", header)
		if want == "" {
			a.want(t, 406, "issue.0.code=not-supported", "issue.0.severity=fatal", "issue.0.details.text=Could not satisfy the request Accept header.", "issue.0.location.0=http.Accept")
		} else if got := a.Header().Get("Content-Type"); a.Code != 200 || got != want {
			t.Errorf("%s: %d %s, want %s", header, a.Code, got, want)
		}
	}
	for format, want := range map[string]string{"json": "application/json", "application/fhir+json": "application/fhir+json",
		"application/fhir%2Bjson": "application/fhir+json", "application/json;charset=utf-8": "application/json", "xml": "", "application/fhir%2Bxml": "", "html": ""} {
		a := x.do("GET /Location?_format="+strings.ReplaceAll(format, ";", "%3B"), "", "Accept: application/xml")
		if want == "" {
			a.want(t, 406, "issue.0.location.0=http._format")
		} else if got := a.Header().Get("Content-Type"); a.Code != 200 || got != want {
			t.Errorf("%s: %d %s, want %s", format, a.Code, got, want)
		}
	}
	x.do("POST /Location/_search", "{}", "Content-Type: application/json").want(t, 415, "issue.0.details.text~Unsupported media type", "issue.0.diagnostics~x-www-form-urlencoded")
	x.do("POST /Location/_search", "name=%zz", "Content-Type: application/x-www-form-urlencoded").want(t, 400)
}

func TestCreateAndUpdate(t *testing.T) {
	x := newTester(t, 5).as(&auth.Principal{Admin: true})
	body := `{"resourceType":"Location","name":"New","identifier":[{"type":{"coding":[{"code":"LC"}]},"value":" N1 "}],"careType":"x"}`
	a := x.do("POST /Location/", body, "Content-Type: application/fhir+json; charset=utf-8")
	a.want(t, 201, "id=new-1", "identifier.1.value=N1", "meta.lastUpdated=2025-01-01T00:00:00.000Z")
	if got := a.Header().Get("Location"); got != "https://imis.example.org/api/api_fhir_r4/Location/new-1" {
		t.Errorf("Location is %q", got)
	}
	if a := x.do("POST /Location", body, "Prefer: return=minimal"); a.Code != 201 || a.Body.Len() != 0 || a.Header().Get("ETag") == "" {
		t.Errorf("minimal: %d %s", a.Code, a.Body)
	}
	x.do("POST /Location", body, "Sec-Fetch-Site: cross-site").want(t, 403, "issue.0.details.text~another site")
	x.do("POST /Location", body, "Prefer: return=OperationOutcome").want(t, 201, "issue.0.severity=information")
	x.do("POST /Location", strings.Replace(body, " N1 ", "L1", 1)).want(t, 409, "issue.0.code=conflict", "issue.0.details.text=There is a location L1.")
	x.do("POST /Location", `{"resourceType":"Location"}`).want(t, 400, "issue.0.expression.0=Location.identifier", "issue.0.details.text=Missing location code")
	x.do("POST /Location", `{"resourceType":"Patient"}`).want(t, 400, "issue.0.expression.0=resourceType")
	x.do("POST /Location", `{}`).want(t, 400, "issue.0.details.text=Missing `resourceType` attribute")
	x.do("POST /Location", `{"resourceType":"Location",`).want(t, 400, "issue.0.details.text~at byte")
	x.do("POST /Location", ``).want(t, 400, "issue.0.details.text~empty")
	x.do("POST /Location", `[1]`).want(t, 400, "issue.0.details.text~object")
	x.do("POST /Location", `{"resourceType":"Location","status":"open"}`).want(t, 400, "issue.0.expression.0=Location.status", "issue.0.details.text~active, suspended, inactive")
	x.do("POST /Location", strings.Repeat("x", 5000)).want(t, 413, "issue.0.code=too-long")
	x.do("POST /Location", body, "Content-Type: application/xml").want(t, 415, "issue.0.diagnostics~fhir+json")
	org := `{"resourceType":"Organization","name":"x"}`
	x.do("PUT /Organization/u-1", org, `If-Match: W/"7"`).want(t, 200, "id=u-1")
	x.do("PUT /Organization/u-1", org, `If-Match: W/"6"`).want(t, 412)
}

func TestMetadata(t *testing.T) {
	x := newTester(t, 0).as(nil)
	for _, path := range []string{"/metadata", "/metadata/"} {
		x.do("GET "+path, "").want(t, 200, "resourceType=CapabilityStatement", "kind=instance", "fhirVersion=4.0.1", "date=2024-06-01T00:00:00.000Z",
			"status=active", "software.version=24.10", "implementation.url=https://imis.example.org/api/api_fhir_r4", "rest.0.mode=server",
			"rest.0.resource.0.type=Location", "rest.0.resource.0.interaction.1.code=search-type", "rest.0.resource.0.interaction.2.code=create",
			"rest.0.resource.0.interaction.3.code=delete", "-rest.0.resource.0.interaction.4", "rest.0.resource.0.searchParam.0.name=_id",
			"rest.0.resource.0.searchParam.1.type=date", "rest.0.resource.0.searchParam.2.type=token", "rest.0.resource.0.searchParam.3.name=name",
			"rest.0.resource.1.type=Organization", "rest.0.resource.1.interaction.0.code=read", "-rest.0.resource.1.searchParam",
			"rest.0.resource.0.supportedProfile.0~openimis-location")
	}
}

func TestNewRefusesMistakes(t *testing.T) {
	for want, r := range map[string][]fhirapi.Resource{
		"twice":         {locations(nil), locations(nil)},
		"not the name":  {{Release: fhirapi.R4, Type: "location"}},
		"nobody":        {func() fhirapi.Resource { r := locations(nil); r.Access.Get = auth.Access{}; return r }()},
		"reserved name": {{Release: fhirapi.R4, Type: "Location", Params: []fhirapi.Param{{Name: "_count"}}}},
	} {
		if _, err := fhirapi.New(fhirapi.Config{}, r...); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
}

// TestDefaultBaseURL serves over a real connection: links carry the host that was asked.
func TestDefaultBaseURL(t *testing.T) {
	server, err := fhirapi.New(fhirapi.Config{}, locations(places(12)))
	if err != nil {
		t.Fatal(err)
	}
	e := echo.New()
	e.Use(func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			c.SetRequest(c.Request().WithContext(auth.With(c.Request().Context(), reader)))
			return next(c)
		}
	})
	server.Mount(e.Group("/fhir"), fhirapi.Mount{Release: fhirapi.R4})
	ts := httptest.NewServer(e)
	defer ts.Close()
	for _, path := range []string{"/fhir/Location", "/fhir/Location/"} {
		resp, err := http.Get(ts.URL + path)
		if err != nil {
			t.Fatal(err)
		}
		body, _ := io.ReadAll(resp.Body)
		resp.Body.Close()
		if want := `"url":"` + ts.URL + `/fhir/Location?page-offset=2"`; resp.StatusCode != 200 || !bytes.Contains(body, []byte(want)) {
			t.Errorf("%s: %d without %s", path, resp.StatusCode, want)
		}
	}
}
