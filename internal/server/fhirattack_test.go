package server_test

import (
	"io"
	"net/http"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/openimis/openimis-be-go/internal/testing/dbtest"
)

// The same through FHIR: searches of absurd sizes are answered or refused soon, with little memory.
func TestExpensiveSearchesAreRefused(t *testing.T) {
	d := dbtest.SQLite(t)
	fill(t, d, 5)
	r := start(t, d, map[string]string{"REQUEST_TIMEOUT": "30s"})
	for _, c := range []struct{ name, path, form string }{
		{"a parameter very often", "Location/_search", strings.Repeat("name=a&", 200_000) + "name=b"},
		{"many values of a parameter", "Location/_search", "name=" + strings.Repeat("a,", 500_000) + "b"},
		{"many ids", "Location/_search", "_id=" + strings.Repeat("00000000-0000-0000-0000-000000000000,", 50_000) + "1"},
		{"many identifiers", "Patient/_search", "identifier=" + strings.Repeat("x|1,", 200_000) + "1"},
		{"as many identifiers as may be", "Patient/_search", "identifier=" + strings.Repeat("x|1,", 15_000) + "1"},
		{"as many values as may be", "Location/_search", "name=" + strings.Repeat("a,", 30_000) + "b"},
		{"as long a text as may be", "Patient/_search", "name=" + strings.Repeat("%25", 20_000)},
		{"as many parameters as may be", "Patient/_search", strings.Repeat("birthdate=gt2001-01-01&", 2_500) + "birthdate=1"},
		{"many parameters that there are not", "Location/_search", strings.Repeat("x=a&", 200_000) + "name=b"},
		{"many dates", "Patient/_search", strings.Repeat("birthdate=gt2001-01-01&", 50_000) + "birthdate=1"},
		{"a text as long as a request may be", "Patient/_search", "name=" + strings.Repeat("x", 9_000_000)},
		{"includes, very many", "Location/_search", strings.Repeat("_include=Location:partof&", 50_000) + "_count=100"},
		{"includes that follow each other", "Location/_search", strings.Repeat("_include:iterate=Location:partof&_revinclude:iterate=Location:partof&", 50) + "_count=1000"},
		{"sorts, very many", "Patient/_search", "_sort=" + strings.Repeat("birthdate,", 100_000) + "name"},
		{"a huge count", "Patient/_search", "_count=99999999999999999999"},
		{"a chain without end", "Location/_search", strings.Repeat("partof.", 10_000) + "name=a"},
		{"elements, very many", "Patient/_search", "_elements=" + strings.Repeat("name,", 300_000) + "id"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			began := time.Now()
			req, _ := http.NewRequestWithContext(t.Context(), http.MethodPost, r.URL+"/api/api_fhir_r4/"+c.path, strings.NewReader(c.form))
			req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			req.Header.Set("Remote-User", "admin")
			res, err := http.DefaultClient.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			defer res.Body.Close()
			raw, _ := io.ReadAll(res.Body)
			took := time.Since(began)
			runtime.ReadMemStats(&after)
			used := (after.TotalAlloc - before.TotalAlloc) >> 20
			t.Logf("%d in %v, %d MB, %d bytes: %.150s", res.StatusCode, took.Round(time.Millisecond), used, len(raw), raw)
			if took > 5*time.Second || used > 300 || len(raw) > 2<<20 || res.StatusCode >= 500 {
				t.Errorf("status %d in %v with %d MB, %d bytes", res.StatusCode, took, used, len(raw))
			}
		})
	}
}
