package apifhir

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/samply/golang-fhir-models/fhir-models/fhir"

	"github.com/openimis/openimis-be-go/internal/auth"
	"github.com/openimis/openimis-be-go/internal/db"
	"github.com/openimis/openimis-be-go/internal/fault"
)

// FuzzPatch: a patch gives JSON of the same type or a reason why not.
func FuzzPatch(f *testing.F) {
	res := &Resource{Release: R4, Type: "Location"}
	current := []byte(`{"resourceType":"Location","id":"1","name":"a","alias":["b","c"],"partOf":{"reference":"Location/2"}}`)
	for _, seed := range [][2]string{
		{typePatch, `[{"op":"replace","path":"/name","value":"x"},{"op":"copy","from":"/alias","path":"/alias/-"}]`},
		{typePatch, `[{"op":"move","from":"/alias/0","path":"/name"},{"op":"test","path":"","value":null}]`},
		{typeMerge, `{"name":null,"partOf":{"display":"d"}}`}, {typeJSON, `{"resourceType":"Parameters"}`}, {typeJSON, `[]`}, {typePatch, `null`}, {typeMerge, ``},
	} {
		f.Add(seed[0], []byte(seed[1]))
	}
	f.Fuzz(func(t *testing.T, kind string, body []byte) {
		change, err := patcher(res, body, kind)
		if err == nil {
			var out []byte
			if out, err = change(current); err == nil && !json.Valid(out) {
				t.Errorf("%s %q gives %q", kind, body, out)
			}
		}
		if err != nil {
			if status, _ := outcomeOf(aboutBody, err); status >= 500 || fault.Message(err) == "" {
				t.Errorf("%s %q: %d %v", kind, body, status, err)
			}
		}
	})
}

// FuzzBundle: whatever is posted as a batch or transaction gets an answer that says why not, or a Bundle.
func FuzzBundle(f *testing.F) {
	place := func(context.Context, db.Query, string) (Entry, error) {
		return Entry{ID: "1", Resource: fhir.Location{Name: Ptr("a")}}, nil
	}
	s, err := New(Config{Log: slog.New(slog.NewTextHandler(io.Discard, nil))}, Resource{
		Release: R4, Type: "Location", Access: Access{Get: auth.SignedIn, Create: auth.SignedIn, Update: auth.SignedIn, Delete: auth.SignedIn}, Read: place,
		Search: func(_ context.Context, _ db.Query, q Query) (Page, error) {
			return Page{Entries: []Entry{{ID: "1", Resource: fhir.Location{}}}[:min(1, q.Limit)], Total: 1}, nil
		},
		Create: Decoded(func(_ context.Context, _ *Input, l *fhir.Location, _ []Contained) (Entry, error) {
			return Entry{ID: "2", Resource: l}, nil
		}),
		Update: Decoded(func(_ context.Context, in *Input, l *fhir.Location, _ []Contained) (Entry, error) {
			return Entry{ID: in.ID, Resource: l}, nil
		}),
		Delete: func(context.Context, *Input) error { return nil },
	})
	if err != nil {
		f.Fatal(err)
	}
	for _, seed := range []string{
		`{"resourceType":"Bundle","type":"transaction","entry":[{"fullUrl":"urn:uuid:1","resource":{"resourceType":"Location","name":"x"},"request":{"method":"POST","url":"Location","ifNoneExist":"name=x"}},{"request":{"method":"GET","url":"Location?_count=1&_include=Location:partof"}}]}`,
		`{"resourceType":"Bundle","type":"batch","entry":[{"resource":{"name":"y"},"request":{"method":"PATCH","url":"Location/1","ifMatch":"W/\"1\""}},{"request":{"method":"DELETE","url":"/Location/%31"}},{"request":{"method":"HEAD","url":"Location/1/_history/2"}}]}`,
		`{"resourceType":"Bundle","type":"batch"}`, `[]`, `{"entry":7}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(string(body)))
		r = r.WithContext(auth.With(r.Context(), &auth.Principal{Username: "x"}))
		r.Header.Set("Content-Type", typeFHIR)
		q := &call{s: s, release: R4, mount: Mount{Release: R4}, request: r, method: "POST", base: "http://h", header: r.Header, contentType: typeFHIR}
		got := q.answer()
		var answer struct{ ResourceType string }
		if err := json.Unmarshal(got.body, &answer); err != nil || got.status >= 500 || (answer.ResourceType == "Bundle") != (got.status == 200) {
			t.Errorf("%q: %d %s %v", body, got.status, got.body, err)
		}
	})
}
