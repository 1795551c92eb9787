package fhirsql_test

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/openimis/openimis-be-go/internal/auth"
)

func located(code, name, in string) string {
	part := ""
	if in != "" {
		part = `,"partOf":{"reference":"` + in + `"}`
	}
	return `{"resourceType":"Location","identifier":[{"type":{"coding":[{"code":"Code"}]},"value":"` + code + `"}],"name":"` + name + `"` + part + `}`
}

func TestACreateAnswersWhatIsThere(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		made := w.do("POST Location/", located("D1W9", "New", "Location/D1")).want(t, 201, "name=New", "partOf.display=D1")
		id := made.at("id")
		if got := made.Header().Get("Location"); got != "http://example.com/r4/Location/"+id+"/_history/"+made.at("meta.versionId") {
			t.Errorf("Location is %s", got)
		}
		w.do("GET Location/D1W9", "").want(t, 200, "id="+id, "meta.versionId="+strings.Trim(made.Header().Get("ETag"), `W/"`))
		w.do("POST Location", located("X", "X", "Location/NONE")).want(t, 400, "issue.0.expression.0=Location.partOf", "issue.0.details.text=~no Location NONE")
		w.do("POST Location", `{"resourceType":"Location"}`).want(t, 400, "issue.0.details.text=Missing location code", "issue.0.diagnostics=Missing location code", "issue.0.code=invalid")
		w.do("POST /compat/Location", `{"resourceType":"Location"}`).want(t, 500, "issue.0.details.text=Missing location code", "issue.0.code=exception", "issue.0.severity=error")
		w.do("POST Location", located("PANIC", "", "")).want(t, 500, "resourceType=OperationOutcome", "issue.0.details.text=~internal error")
	})
}

func TestIfNoneExist(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		body := located("D1W9", "New", "Location/D1")
		first := w.do("POST Location", body, "If-None-Exist: identifier=Code|D1W9").want(t, 201)
		w.do("POST Location", body, "If-None-Exist: Location?identifier=Code%7CD1W9").want(t, 200, "id="+first.at("id"))
		w.do("POST Location", body, "If-None-Exist: kind=W").want(t, 412)
		w.do("POST Location", body, "If-None-Exist: colour=red").want(t, 400, "issue.0.details.text=~colour")
		w.do("POST Location", body, "If-None-Exist: _count=1").want(t, 400)
		w.do("GET Location?identifier=D1W9", "").want(t, 200, "total=1")
	})
}

func TestUpdatesKeepVersions(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		before := w.do("GET Location/D1W1", "").want(t, 200)
		id, tag := before.at("id"), before.Header().Get("ETag")
		w.now = w.now.Add(time.Hour)
		w.do("PUT Location/"+id, located("D1W1", "Second", "Location/D1"), `If-Match: W/"1"`).want(t, 412, "issue.0.code=conflict", "issue.0.location.0=http.If-Match")
		second := w.do("PUT Location/"+id+"/", located("D1W1", "Second", "Location/D1"), "If-Match: "+tag).want(t, 200, "name=Second", "id="+id)
		w.do("PUT Location/"+id, located("D1W1", "Third", "Location/D1"), "If-Match: "+tag).want(t, 412)
		w.now = w.now.Add(time.Hour)
		w.do("PATCH Location/D1W1", `[{"op":"test","path":"/name","value":"Second"},{"op":"replace","path":"/name","value":"Third"}]`,
			"Content-Type: application/json-patch+json").want(t, 200, "name=Third", "partOf.display=D1")
		w.now = w.now.Add(time.Hour)
		w.do("PATCH Location/D1W1", `{"name":"Fourth"}`, "Content-Type: application/json").want(t, 200, "name=Fourth", "partOf.display=D1")

		history := w.do("GET Location/"+id+"/_history", "").want(t, 200, "type=history", "total=4",
			"entry.0.resource.name=Fourth", "entry.1.resource.name=Third", "entry.2.resource.name=Second", "entry.3.resource.name=Name of D1W1",
			"entry.0.request.method=PUT", "entry.3.request.method=POST", "entry.3.response.status=201", "entry.3.resource.id="+id)
		w.do("GET Location/"+id+"/_history?_count=1&page-offset=4", "").want(t, 200, "total=4", "entry.0.resource.name=Name of D1W1")
		w.do("GET Location/"+id+"/_history?_since=2026-11-01T09:30:00Z", "").want(t, 200, "total=2")
		w.do("GET Location/"+id+"/_history/"+second.at("meta.versionId"), "").want(t, 200, "name=Second", "meta.versionId="+second.at("meta.versionId"), "id="+id)
		w.do("GET Location/"+id+"/_history/12", "").want(t, 404)

		w.now = w.now.Add(time.Hour)
		w.do("DELETE Location/"+id, "", "If-Match: "+tag).want(t, 412)
		w.do("DELETE Location/"+id, "").want(t, 204)
		w.do("GET Location/"+id, "").want(t, 404)
		gone := w.do("GET Location/"+id+"/_history", "").want(t, 200, "total=5", "entry.0.request.method=DELETE", "entry.0.response.status=204", "entry.1.resource.name=Fourth")
		w.do("GET Location/"+id+"/_history/"+strings.Trim(gone.at("entry.0.response.etag"), `W/"`), "").want(t, 410)
		w.do("DELETE Location/"+id, "").want(t, 404)
		if history.at("entry.0.resource.meta.versionId") == history.at("entry.1.resource.meta.versionId") {
			t.Error("two versions have one number")
		}
	})
}

func TestPatchesThatDoNotFit(t *testing.T) {
	w := newWorld(t, openOne(t))
	for _, c := range []struct {
		kind, body string
		status     int
		text       string
	}{
		{"application/json-patch+json", `{"name":"x"}`, 400, "a list of operations"},
		{"application/json-patch+json", `[{"op":"test","path":"/name","value":"y"}]`, 422, "cannot be applied"},
		{"application/json-patch+json", `[{"op":"remove","path":"/none"}]`, 422, "cannot be applied"},
		{"application/json-patch+json", `[{"op":"replace","path":"/resourceType","value":"Patient"}]`, 400, "resourceType"},
		{"application/merge-patch+json", `{"identifier":null}`, 400, "Missing location code"},
		{"application/merge-patch+json", `[]`, 400, "JSON object"},
		{"application/json", ``, 400, "JSON object"},
		{"application/fhir+json", `{"resourceType":"Parameters"}`, 400, "FHIRPath Patch"},
		{"text/plain", `{}`, 415, "Unsupported media type"},
	} {
		w.do("PATCH Location/D1W1", c.body, "Content-Type: "+c.kind).want(t, c.status, "issue.0.details.text=~"+c.text)
	}
	w.do("PATCH Location/none", `{"name":"x"}`, "Content-Type: application/merge-patch+json").want(t, 404)
	w.do("GET Location/D1W1", "").want(t, 200, "name=Name of D1W1")
}

func TestATransactionIsAllOrNothing(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		entry := func(method, url, full, resource string) string {
			return `{"fullUrl":"` + full + `","resource":` + resource + `,"request":{"method":"` + method + `","url":"` + url + `"}}`
		}
		bundle := func(kind string, entries ...string) string {
			return `{"resourceType":"Bundle","type":"` + kind + `","entry":[` + strings.Join(entries, ",") + `]}`
		}
		const a, b = "urn:uuid:11111111-1111-1111-1111-111111111111", "urn:uuid:22222222-2222-2222-2222-222222222222"
		// the child comes before what it refers to
		good := w.do("POST ", bundle("transaction", entry("POST", "Location", b, located("T2", "Child", a)), entry("POST", "Location/", a, located("T1", "Parent", "")),
			`{"request":{"method":"GET","url":"Location?identifier=T1"}}`, `{"request":{"method":"DELETE","url":"Location/D2W3"}}`)).
			want(t, 200, "type=transaction-response", "entry.0.response.status=201 Created", "entry.0.resource.partOf.display=T1", "entry.1.resource.name=Parent",
				"entry.2.resource.total=1", "entry.3.response.status=204 No Content")
		if got := good.at("entry.1.response.location"); !strings.HasSuffix(got, "/r4/Location/"+good.at("entry.1.resource.id")+"/_history/"+good.at("entry.1.resource.meta.versionId")) {
			t.Errorf("location %s", got)
		}
		if good.at("entry.1.response.lastModified") != good.at("entry.1.resource.meta.lastUpdated") {
			t.Errorf("lastModified is %s", good.at("entry.1.response.lastModified"))
		}
		w.do("GET Location/D2W3", "").want(t, 404)
		w.do("POST ", bundle("transaction", entry("POST", "Location", a, located("T5", "By criteria", "Location?identifier=D1&kind=D")), entry("POST", "Location", b, located("T6", "As well", "Location?identifier=D1&kind=D")))).
			want(t, 200, "entry.0.resource.partOf.display=D1", "entry.1.resource.partOf.display=D1")
		for criteria, text := range map[string]string{"Location?identifier=NONE": "No resource meets", "Location?kind=W": "More than one resource meets", "Location?nonsense=1": "has no search parameter", "Location?": "no search parameter"} {
			w.do("POST ", bundle("transaction", entry("POST", "Location", a, located("T7", "x", criteria)))).want(t, map[bool]int{true: 412, false: 400}[strings.HasSuffix(text, "meets")], "issue.0.details.text=~"+text)
		}
		bad := w.do("POST ", bundle("transaction", entry("POST", "Location", a, located("T3", "x", "")), entry("PUT", "Location/none", b, located("T4", "x", "")))).want(t, 404, "resourceType=OperationOutcome")
		if bad.Header().Get("X-Bundle-Entry") != "1" {
			t.Errorf("the entry that was refused: %v", bad.Header())
		}
		w.do("GET Location?identifier=T3", "").want(t, 200, "total=0")
		w.do("POST ", bundle("transaction", entry("POST", "Location", a, located("T3", "x", "")), entry("POST", "Location", b, located("PANIC", "x", "")))).want(t, 500, "resourceType=OperationOutcome")
		w.do("GET Location?identifier=T3", "").want(t, 200, "total=0")
		w.do("POST ", bundle("batch", entry("POST", "Location", a, located("T3", "x", "")), entry("POST", "Location", b, located("PANIC", "x", "")), entry("PUT", "Location/none", "", located("T4", "x", "")))).
			want(t, 200, "type=batch-response", "entry.0.response.status=201 Created", "entry.1.response.status=500 Internal Server Error", "entry.2.response.status=404 Not Found",
				"entry.2.response.outcome.resourceType=OperationOutcome")
		w.do("GET Location?identifier=T3", "").want(t, 200, "total=1")
		// What is wrong with an entry of a batch is its own matter, and a transaction's as a whole.
		mixed := []string{`{"request":{"method":"POST","url":"Location"}}`, `{"request":{"method":"FLY","url":"Location"}}`, `{"request":{"method":"GET","url":"https://elsewhere.example/Location"}}`, `{}`,
			`{"request":{"method":"GET","url":"Location/T3"}}`}
		w.do("POST ", bundle("batch", mixed...)).want(t, 200, "entry.0.response.status=400 Bad Request", "entry.0.response.outcome.issue.0.details.text=~resource is missing",
			"entry.1.response.status=400 Bad Request", "entry.2.response.status=400 Bad Request", "entry.3.response.status=400 Bad Request", "entry.4.response.status=200 OK")
		w.do("POST ", bundle("transaction", mixed...)).want(t, 400, "issue.0.expression.0=Bundle.entry[0].resource")
		// A JSON Patch is no resource: Bundles carry it in a Binary.
		binary := func(kind, patch string) string {
			return `{"resourceType":"Binary","contentType":"` + kind + `","data":"` + base64.StdEncoding.EncodeToString([]byte(patch)) + `"}`
		}
		w.do("POST ", bundle("transaction", entry("PATCH", "Location/T3", "", binary("application/json-patch+json", `[{"op":"replace","path":"/name","value":"patched"}]`)))).
			want(t, 200, "entry.0.resource.name=patched")
		w.do("POST ", bundle("batch", entry("PATCH", "Location/T3", "", binary("application/merge-patch+json", `{"name":"merged"}`)), entry("PATCH", "Location/T3", "", binary("text/plain", "x")),
			entry("PATCH", "Location/T3", "", `{"name":"as it is"}`))).
			want(t, 200, "entry.0.resource.name=merged", "entry.1.response.status=400 Bad Request", "entry.2.resource.name=as it is")
	})
}

func TestWhoSeesLittleChangesLittle(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		id := w.do("GET Location/D2W1", "").want(t, 200).at("id")
		w.scope = auth.Scope{Districts: []int{w.ids["D1"]}}
		for _, line := range []string{"GET Location/" + id, "GET Location/" + id + "/_history", "DELETE Location/" + id, "PUT Location/" + id, "PATCH Location/" + id} {
			w.do(line, located("D2W1", "Mine", "")).want(t, http.StatusNotFound)
		}
		w.do("POST Location", located("N", "N", "Location/D2")).want(t, 400, "issue.0.details.text=~no Location D2")
		w.do("GET Location?partof.name=Name", "").want(t, 200, "total=3") // D1 itself lies in what is out of sight
		w.do("GET Location?_count=100", "").want(t, 200, "total=4")
	})
}

func TestChainsAndIncludes(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		for query, want := range map[string]string{
			"Location?partof.identifier=D1":                 "D1W1 D1W2 D1W3",
			"Location?partof:Location.name=Name of D2":      "D2W1 D2W2 D2W3",
			"Location?partof.partof.identifier=R&_count=9":  "D1W1 D1W2 D1W3 D2W1 D2W2 D2W3",
			"Location?partof.identifier=D1&name=Name of D2": "",
			"Organization?address.partof.identifier=R":      "HD1 HD2",
			"Organization?address.name:exact=Name of D2":    "HD2",
		} {
			if got := w.do("GET "+strings.ReplaceAll(query, " ", "%20"), "").want(t, 200).codes("match"); got != want {
				t.Errorf("%s: %s, want %s", query, got, want)
			}
		}
		w.do("GET Location?partof.colour=red", "", "Prefer: handling=strict").want(t, 400, "issue.0.details.text=~colour")
		w.do("GET Location?partof.partof.partof.partof=x", "").want(t, 400)
		w.do("GET Location?name.x=1", "", "Prefer: handling=strict").want(t, 400)

		included := w.do("GET Location?kind=W&_include=Location:partof", "").want(t, 200, "total=6")
		if got := included.codes("include"); got != "D1 D2" {
			t.Errorf("_include: %s", got)
		}
		reverse := w.do("GET Location?identifier=D1&_revinclude=Organization:address&_revinclude=Location:partof", "").want(t, 200, "total=1")
		if got := reverse.codes("include"); got != "HD1 D1W1 D1W2 D1W3" {
			t.Errorf("_revinclude: %s", got)
		}
		w.scope = auth.Scope{Districts: []int{w.ids["D1"]}} // without the right on Organization
		w.do("GET Location?identifier=D1&_revinclude=Organization:address", "").want(t, 403)
	})
}

// TestSeveralSourcesAreOneList, by number and by link, whatever the size of the pages.
func TestSeveralSourcesAreOneList(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		const all = "R D1 D1W1 D1W2 D1W3 D2 D2W1 D2W2 D2W3 HD1 HD2"
		for count := 1; count <= 12; count++ {
			var numbers, links []string
			for page := 1; page <= (11+count-1)/count; page++ {
				numbers = append(numbers, w.do(fmt.Sprintf("GET Endpoint?_count=%d&page-offset=%d", count, page), "").want(t, 200, "total=11").codes("match"))
			}
			next := fmt.Sprintf("GET Endpoint?_count=%d", count)
			for next != "" {
				a := w.do(next, "").want(t, 200, "total=11")
				links = append(links, a.codes("match"))
				if next = a.next(); next != "" {
					next = "GET " + next
				}
			}
			if got := strings.Join(numbers, " "); got != all {
				t.Errorf("pages of %d by number: %s", count, got)
			}
			if got := strings.Join(links, " "); got != all {
				t.Errorf("pages of %d by link: %s", count, got)
			}
		}
		w.do("GET Endpoint?name=Clinic", "").want(t, 200, "total=2")
		w.do("GET Endpoint?kind=D", "").want(t, 200, "total=2")
		w.do("GET Endpoint/HD2", "").want(t, 200, "name=Clinic of D2")
		w.do("GET Endpoint?page-offset=3", "").want(t, 404, "issue.0.details.text=Invalid page.")
	})
}
