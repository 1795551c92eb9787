package insuree_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/labstack/echo/v4"

	"github.com/openimis/openimis-be-go/internal/auth"
	"github.com/openimis/openimis-be-go/internal/clock"
	"github.com/openimis/openimis-be-go/internal/testing/dbtest"
	"github.com/openimis/openimis-be-go/modules"
	apifhir "github.com/openimis/openimis-be-go/modules/api_fhir"
	"github.com/openimis/openimis-be-go/modules/insuree"
)

// FuzzFHIRPeople posts patients and groups of both releases: they are registered, or refused as what they are.
func FuzzFHIRPeople(f *testing.F) {
	app := &modules.App{DB: dbtest.SQLite(f), Clock: clock.Fixed(later)}
	s, err := apifhir.New(apifhir.Config{DB: app.DB, Clock: app.Clock}, insuree.New(app).Resources()...)
	if err != nil {
		f.Fatal(err)
	}
	e := echo.New()
	sign := func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			p := &auth.Principal{Username: "Admin", Admin: true, Scope: auth.Scope{All: true}}
			c.SetRequest(c.Request().WithContext(auth.With(c.Request().Context(), p)))
			return next(c)
		}
	}
	s.Mount(e.Group("/r4", sign), apifhir.Mount{Release: apifhir.R4})
	s.Mount(e.Group("/stu3", sign), apifhir.Mount{Release: apifhir.STU3})
	for _, body := range []string{
		`{"resourceType":"Patient","identifier":[{"type":{"coding":[{"code":"SB"}]},"value":"1"}],"name":[{"family":"a","given":["b"]}],"birthDate":"1990-01-01","gender":"other","address":[{"type":"both","text":"x"}]}`,
		`{"resourceType":"Patient","extension":[{"url":"https://openimis.github.io/openimis_fhir_r4_ig/StructureDefinition/patient-is-head","valueBoolean":true}],"address":[{"use":"temp","extension":[{}]}],"contact":[{"relationship":[{}]}],"generalPractitioner":[{"reference":"/"}]}`,
		`{"resourceType":"Patient","extension":[{"url":"https://openimis.github.io/openimis_fhir_r4_ig/StructureDefinition/patient-group-reference"}],"birthDate":"\u0000","maritalStatus":{"coding":[{"code":"é"}]}}`,
		`{"resourceType":"Group","type":"PERSON","actual":"TRUE","identifier":[{"type":{"coding":[{"code":"Code"}]},"value":"1"}],"member":[{"entity":{}},{"entity":{"type":"Patient","identifier":{"value":"1"}}}]}`,
		`{"resourceType":"Group","type":1,"actual":"","extension":[{"url":"https://openimis.github.io/openimis_fhir_r4_ig/StructureDefinition/group-address","valueAddress":{}}]}`,
	} {
		f.Add([]byte(body))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		for _, path := range []string{"/r4/Patient", "/r4/Group", "/stu3/Patient"} {
			r := httptest.NewRequest(http.MethodPost, path, strings.NewReader(string(raw)))
			r.Header.Set("Content-Type", "application/fhir+json")
			w := httptest.NewRecorder()
			e.ServeHTTP(w, r)
			var answer struct{ ResourceType string }
			if err := json.Unmarshal(w.Body.Bytes(), &answer); err != nil {
				t.Fatalf("%s: %q", err, w.Body)
			}
			if want := map[bool]string{true: path[strings.LastIndexByte(path, '/')+1:], false: "OperationOutcome"}[w.Code == http.StatusCreated]; answer.ResourceType != want || w.Code >= http.StatusInternalServerError {
				t.Errorf("%d: %s", w.Code, w.Body)
			}
		}
	})
}
