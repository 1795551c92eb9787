// Package fhirsession sends requests of somebody to the FHIR resources of a module, and reads the answers. It keeps the
// bodies for the validators (package fhirtest).
package fhirsession

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/labstack/echo/v4"

	"github.com/openimis/openimis-be-go/internal/auth"
	"github.com/openimis/openimis-be-go/internal/clock"
	"github.com/openimis/openimis-be-go/internal/db"
	"github.com/openimis/openimis-be-go/internal/testing/fhirtest"
	apifhir "github.com/openimis/openimis-be-go/modules/api_fhir"
)

// Object is JSON as a test writes it.
type Object = map[string]any

// Session is somebody at a server; R4 is at r4, STU3 at strict, and as for clients of upstream at stu3. With its status 500 for
// refused bodies STU3 is at legacy and R4 at compat.
type Session struct {
	T       testing.TB
	Last    *httptest.ResponseRecorder
	Counter *db.Counter // of the statements of the last request
	server  *echo.Echo
}

// New makes a server of resources over a database, at a moment, and signs somebody in.
func New(t testing.TB, d *db.DB, now clock.Clock, who *auth.Principal, resources ...apifhir.Resource) *Session {
	t.Helper()
	s, err := apifhir.New(apifhir.Config{DB: d, Clock: now}, resources...)
	if err != nil {
		t.Fatal(err)
	}
	e := echo.New()
	signed := func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			c.SetRequest(c.Request().WithContext(auth.With(c.Request().Context(), who)))
			return next(c)
		}
	}
	s.Mount(e.Group("/r4", signed), apifhir.Mount{Release: apifhir.R4})
	s.Mount(e.Group("/compat", signed), apifhir.Mount{Release: apifhir.R4, Compat: true, Refusals500: true})
	s.Mount(e.Group("/strict", signed), apifhir.Mount{Release: apifhir.STU3})
	s.Mount(e.Group("/stu3", signed), apifhir.Mount{Release: apifhir.STU3, Compat: true})
	s.Mount(e.Group("/legacy", signed), apifhir.Mount{Release: apifhir.STU3, Compat: true, Refusals500: true})
	return &Session{T: t, server: e}
}

// Send asks and wants a status; body is JSON, something to make JSON of, or nil. Headers are names and values.
func (s *Session) Send(method, path string, body any, status int, headers ...string) Answer {
	s.T.Helper()
	var text string
	switch b := body.(type) {
	case nil:
	case string:
		text = b
	default:
		raw, err := json.Marshal(b)
		if err != nil {
			s.T.Fatal(err)
		}
		text = string(raw)
	}
	if !strings.HasPrefix(path, "http") { // it may be a link of an answer
		path = "/" + strings.ReplaceAll(path, "|", "%7C")
	}
	r := httptest.NewRequest(method, path, strings.NewReader(text))
	r.Header.Set("Content-Type", "application/json")
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	ctx, counter := db.WithCounter(r.Context())
	s.Last, s.Counter = httptest.NewRecorder(), counter
	s.server.ServeHTTP(s.Last, r.WithContext(ctx))
	raw := s.Last.Body.Bytes()
	if s.Last.Code != status {
		s.T.Fatalf("%s %s = %d, want %d\n%s", method, path, s.Last.Code, status, raw)
	}
	if len(raw) == 0 {
		return Answer{s.T, nil}
	}
	dump := fhirtest.DumpSTU3
	if mount := strings.Split(r.URL.Path, "/")[1]; mount == "r4" || mount == "compat" {
		dump = fhirtest.Dump
	}
	dump(s.T, method+" "+path, raw)
	var v any
	if err := json.Unmarshal(raw, &v); err != nil {
		s.T.Fatal(err)
	}
	return Answer{s.T, v}
}

// Get reads what must be there.
func (s *Session) Get(path string) Answer {
	s.T.Helper()
	return s.Send(http.MethodGet, path, nil, http.StatusOK)
}

// Refused wants a request to be refused because of an element, with a text that has words in it.
func (s *Session) Refused(method, path string, body any, status int, element, words string) {
	s.T.Helper()
	got := s.Send(method, path, body, status)
	if at, text := got.Text("issue.0.expression.0"), got.Text("issue.0.details.text"); at != element || !strings.Contains(text, words) {
		s.T.Errorf("%s %s is refused because of %q: %q; want %q: %q", method, path, at, text, element, words)
	}
}

// Answer is a body as a tree; At finds what a path leads to.
type Answer struct {
	T testing.TB
	V any
}

// At follows steps through members and lists: "name.0.family"; an extension is found by the end of its URL: "extension.~is-head".
func (a Answer) At(path string) any {
	v := a.V
	for _, step := range strings.Split(path, ".") {
		switch o := v.(type) {
		case map[string]any:
			v = o[step]
		case []any:
			v = nil
			if end, ok := strings.CutPrefix(step, "~"); ok {
				for _, x := range o {
					if url, _ := x.(map[string]any)["url"].(string); strings.HasSuffix(url, end) {
						v = x
					}
				}
			} else {
				var i int
				if _, err := fmt.Sscan(step, &i); err == nil && i < len(o) {
					v = o[i]
				}
			}
		default:
			return nil
		}
	}
	return v
}

// Text is what a path leads to as a text; "" for nothing.
func (a Answer) Text(path string) string {
	if v := a.At(path); v != nil {
		return fmt.Sprint(v)
	}
	return ""
}

// Want compares texts at paths.
func (a Answer) Want(texts map[string]string) {
	a.T.Helper()
	for path, want := range texts {
		if got := a.Text(path); got != want {
			raw, _ := json.Marshal(a.V)
			a.T.Errorf("%s = %q, want %q in %s", path, got, want, raw)
		}
	}
}

// Code is the value of the identifier of a kind.
func (a Answer) Code(kind string) string {
	list, _ := a.At("identifier").([]any)
	for _, x := range list {
		if i := (Answer{a.T, x}); i.Text("type.coding.0.code") == kind {
			return i.Text("value")
		}
	}
	return ""
}

// Codes are those of the entries of a page.
func (a Answer) Codes(kind string) string {
	var out []string
	list, _ := a.At("entry").([]any)
	for i := range list {
		out = append(out, Answer{a.T, Answer{a.T, list[i]}.At("resource")}.Code(kind))
	}
	return strings.Join(out, " ")
}

// Coded is an identifier with a type.
func Coded(kind, value string) Object {
	return Object{"type": Object{"coding": []Object{{"system": apifhir.IdentifierSystem, "code": kind}}}, "value": value}
}

// Extension is one of the guide, by the end of its URL.
func Extension(name, kind string, value any) Object {
	return Object{"url": apifhir.StructureDefinition(name), "value" + kind: value}
}

// Concept is one code.
func Concept(system, code string) Object {
	return Object{"coding": []Object{{"system": system, "code": code}}}
}

// Reference is a literal reference.
func Reference(to string) Object { return Object{"reference": to} }
