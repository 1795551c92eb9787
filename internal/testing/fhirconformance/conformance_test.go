package fhirconformance

import (
	"bytes"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/labstack/echo/v4"
	"github.com/samply/golang-fhir-models/fhir-models/fhir"

	"github.com/openimis/openimis-be-go/internal/auth"
	"github.com/openimis/openimis-be-go/internal/db"
	"github.com/openimis/openimis-be-go/internal/table"
	"github.com/openimis/openimis-be-go/internal/testing/dbtest"
	"github.com/openimis/openimis-be-go/internal/testing/sqlcheck"
	apifhir "github.com/openimis/openimis-be-go/modules/api_fhir"
	"github.com/openimis/openimis-be-go/modules/api_fhir/fhirsql"
)

func TestMain(m *testing.M) { os.Exit(sqlcheck.Gate(m)) }

// recorder is a test that only remembers what failed.
type recorder struct{ failures *[]string }

func (r recorder) Helper()                   {}
func (r recorder) Error(args ...any)         { *r.failures = append(*r.failures, fmt.Sprint(args...)) }
func (r recorder) Errorf(f string, a ...any) { r.Error(fmt.Sprintf(f, a...)) }
func (r recorder) Fatal(args ...any)         { r.Error(args...); panic(r) }
func (r recorder) Fatalf(f string, a ...any) { r.Fatal(fmt.Sprintf(f, a...)) }
func (r recorder) Run(_ string, fn func(T)) {
	defer func() {
		if p := recover(); p != nil && p != any(r) {
			r.Error("the check broke off: ", p)
		}
	}()
	fn(r)
}

type place struct {
	fhirsql.Row
	Name   *string     `db:"LocationName"`
	Parent fhirsql.Ref `db:"parent"`
}

// sound is a server of one resource that keeps all promises.
func sound(t *testing.T) http.Handler {
	d := dbtest.SQLite(t)
	start := time.Date(2026, 5, 1, 0, 0, 0, 0, time.UTC)
	if err := d.Write(t.Context(), "fill", func(tx *db.Tx) error {
		var parent any
		for i := range 12 {
			id, err := tx.Insert(t.Context(), "tblLocations", db.Values{"LocationCode": fmt.Sprintf("L%02d", i), "LocationName": fmt.Sprintf("Place %d", i), "LocationType": "D",
				"ParentLocationId": parent, "ValidityFrom": start.AddDate(0, 0, i)})
			if err != nil {
				return err
			}
			parent = id
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	places := table.New(table.Table{Name: "tblLocations", Code: "LocationCode"})
	s, err := apifhir.New(apifhir.Config{DB: d}, fhirsql.Resource(apifhir.Resource{Release: apifhir.R4, Type: "Location", Access: apifhir.Access{Get: auth.SignedIn}}, &fhirsql.Source[place]{
		Table: places, Columns: []string{"LocationName"}, Links: []fhirsql.Link{{Alias: "parent", Table: places, Via: "ParentLocationId"}},
		Params: []fhirsql.Param{fhirsql.Text("name", "", "LocationName"), fhirsql.Reference("partof", "", "partOf", places, "ParentLocationId", "Location")},
		Map: func(p place) apifhir.Entry {
			return p.Entry(&fhir.Location{Identifier: p.Identifiers(), Name: p.Name, PartOf: p.Parent.Reference("Location")})
		},
	}))
	if err != nil {
		t.Fatal(err)
	}
	e := echo.New()
	s.Mount(e.Group("/fhir", func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			if c.Request().Header.Get("Authorization") != "" {
				c.SetRequest(c.Request().WithContext(auth.With(c.Request().Context(), &auth.Principal{Admin: true, Scope: auth.Scope{All: true}})))
			}
			return next(c)
		}
	}), apifhir.Mount{Release: apifhir.R4})
	return e
}

// TestTheChecksNotice breaks a sound server in one way after the other. Each has to be noticed, and the
// sound one must pass.
func TestTheChecksNotice(t *testing.T) {
	handler := sound(t)
	replace := func(old, new string) func(r *http.Request, status *int, h http.Header, body []byte) []byte {
		return func(_ *http.Request, _ *int, _ http.Header, body []byte) []byte {
			return bytes.ReplaceAll(body, []byte(old), []byte(new))
		}
	}
	for name, c := range map[string]struct {
		want   string
		damage func(r *http.Request, status *int, h http.Header, body []byte) []byte
	}{
		"nothing":       {"", nil},
		"a wrong total": {"total", replace(`"total":12`, `"total":13`)},
		"no self":       {"self", replace(`"relation":"self"`, `"relation":"me"`)},
		"the first page always": {"two pages", func(r *http.Request, _ *int, _ http.Header, body []byte) []byte {
			if r.URL.Query().Get("page-after") != "" {
				q := r.URL.Query()
				q.Del("page-after")
				q.Del("page-offset")
				again := httptest.NewRequest("GET", "/fhir/Location?"+q.Encode(), nil)
				again.Host, again.Header = r.Host, r.Header
				w := httptest.NewRecorder()
				handler.ServeHTTP(w, again)
				return w.Body.Bytes()
			}
			return body
		}},
		"fullUrl leads elsewhere": {"fullUrl", replace(`/fhir/Location/`, `/fhir/Place/`)},
		"no ETag in HEAD": {"HEAD", func(r *http.Request, _ *int, h http.Header, body []byte) []byte {
			if r.Method == "HEAD" {
				h.Del("ETag")
			}
			return body
		}},
		"never 304": {"304", func(r *http.Request, status *int, _ http.Header, body []byte) []byte {
			if *status == 304 {
				*status = 200
			}
			return body
		}},
		"no Allow": {"Allow", func(_ *http.Request, status *int, h http.Header, body []byte) []byte { h.Del("Allow"); return body }},
		"errors are text": {"OperationOutcome", func(_ *http.Request, status *int, _ http.Header, body []byte) []byte {
			if *status >= 400 && len(body) > 0 {
				return []byte(`{"detail":"no"}`)
			}
			return body
		}},
		"no diagnostics": {"OperationOutcome", replace(`"diagnostics"`, `"diagnosis"`)},
		"unknown ids are found": {"404", func(r *http.Request, status *int, _ http.Header, body []byte) []byte {
			if strings.HasSuffix(r.URL.Path, "/none-such") && *status == 404 && r.Method == "GET" {
				*status = 200
			}
			return body
		}},
		"a filter without effect": {"text that nobody has", func(r *http.Request, _ *int, _ http.Header, body []byte) []byte {
			if strings.Contains(r.URL.RawQuery, "name=") && strings.Contains(r.URL.RawQuery, "count") {
				return bytes.Replace(body, []byte(`"total":0`), []byte(`"total":12`), 1)
			}
			return body
		}},
		"dates that do not partition": {"of 12", func(r *http.Request, _ *int, _ http.Header, body []byte) []byte {
			if strings.HasPrefix(r.URL.Query().Get("_lastUpdated"), "lt") {
				return bytes.Replace(body, []byte(`"total":`), []byte(`"total":1`), 1)
			}
			return body
		}},
		"parts do not say so": {"part", replace("SUBSETTED", "WHOLE")},
		"strict is not strict": {"400", func(r *http.Request, status *int, _ http.Header, body []byte) []byte {
			if r.Header.Get("Prefer") != "" {
				*status = 200
			}
			return body
		}},
		"open to everybody": {"without a login", func(r *http.Request, status *int, _ http.Header, body []byte) []byte {
			if *status == 401 {
				*status = 200
			}
			return body
		}},
		"history of another version": {"begins with version", func(r *http.Request, _ *int, _ http.Header, body []byte) []byte {
			if strings.HasSuffix(r.URL.Path, "/_history") {
				return bytes.ReplaceAll(body, []byte(`"versionId":"1`), []byte(`"versionId":"2`))
			}
			return body
		}},
		"silent about what it ignores": {"without a word", func(_ *http.Request, _ *int, _ http.Header, body []byte) []byte {
			return bytes.ReplaceAll(body, []byte(`"mode":"outcome"`), []byte(`"mode":"other"`))
		}},
		"the wrong kind of body": {"Content-Type", func(_ *http.Request, _ *int, h http.Header, body []byte) []byte {
			h.Set("Content-Type", "text/html")
			return body
		}},
		"nothing there": {"there is no Location", replace(`"entry":`, `"entries":`)},
	} {
		t.Run(name, func(t *testing.T) {
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if c.damage == nil {
					handler.ServeHTTP(w, r)
					return
				}
				inner := httptest.NewRecorder()
				handler.ServeHTTP(inner, r)
				status := inner.Code
				body := c.damage(r, &status, inner.Header(), inner.Body.Bytes())
				inner.Header().Del("Content-Length") // of the body before
				for k, v := range inner.Header() {
					w.Header()[k] = v
				}
				w.WriteHeader(status)
				_, _ = w.Write(body)
			}))
			defer server.Close()
			var failures []string
			recorder{&failures}.Run("", func(r T) {
				check(r, Server{Base: server.URL + "/fhir", Sign: func(r *http.Request) { r.Header.Set("Authorization", "x") }})
			})
			all := strings.Join(failures, "\n")
			if c.want == "" && len(failures) > 0 || !strings.Contains(all, c.want) {
				t.Errorf("want %q among\n%.1500s", c.want, all)
			}
		})
	}
}
