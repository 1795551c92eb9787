package policy

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
)

// FuzzFHIREligibility posts requests of both releases: they are answered, or refused as what they are.
func FuzzFHIREligibility(f *testing.F) {
	c := found(f, dbtest.SQLite(f))
	family, members := c.family(f, &c.villages[0].id, "100000001")
	c.policies(f, 1, family, members)
	m := New(&modules.App{DB: c.d, Clock: clock.Fixed(now)})
	s, err := apifhir.New(apifhir.Config{DB: c.d, Clock: clock.Fixed(now)}, m.eligibilityResources()...)
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
		`{"resourceType":"EligibilityRequest","patient":{"reference":"Patient/100000001"},"benefitCategory":{"coding":[{"code":"service"}],"text":"S1"}}`,
		`{"resourceType":"EligibilityRequest","patient":{"identifier":{"type":{"coding":[{"code":"SB"}]},"value":"1"}},"benefitSubCategory":{"coding":[{}],"text":""}}`,
		`{"resourceType":"CoverageEligibilityRequest","patient":{"reference":"Patient/100000001"},"item":[{"category":{"text":"item"},"productOrService":{"text":"I1"}}]}`,
		`{"resourceType":"CoverageEligibilityRequest","patient":{"reference":"/"},"item":[{}],"purpose":["x"]}`,
	} {
		f.Add([]byte(body))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		for path, created := range map[string]string{"/r4/CoverageEligibilityRequest": "CoverageEligibilityResponse", "/stu3/EligibilityRequest": "EligibilityResponse"} {
			r := httptest.NewRequest(http.MethodPost, path, strings.NewReader(string(raw)))
			r.Header.Set("Content-Type", "application/fhir+json")
			w := httptest.NewRecorder()
			e.ServeHTTP(w, r)
			var answer struct{ ResourceType string }
			if err := json.Unmarshal(w.Body.Bytes(), &answer); err != nil {
				t.Fatalf("%s: %q", err, w.Body)
			}
			if want := map[bool]string{true: created, false: "OperationOutcome"}[w.Code == http.StatusCreated]; answer.ResourceType != want || w.Code >= http.StatusInternalServerError {
				t.Errorf("%d: %s", w.Code, w.Body)
			}
		}
	})
}
