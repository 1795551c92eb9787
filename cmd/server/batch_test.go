package main

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/xuri/excelize/v2"

	"github.com/openimis/openimis-be-go/internal/db"
	"github.com/openimis/openimis-be-go/internal/progress"
	"github.com/openimis/openimis-be-go/internal/seed"
	"github.com/openimis/openimis-be-go/internal/testing/dbtest"
	"github.com/openimis/openimis-be-go/internal/testing/servertest"
)

// An accountant looks at a batch before running it, runs it, cannot run it twice, and undoes it.
func TestBatchOverGraphQL(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		now, _ := time.Parse(time.RFC3339, recordedNow)
		if err := seed.Seed(t.Context(), d, seed.Demo, now, progress.None); err != nil {
			t.Fatal(err)
		}
		var location int
		if err := d.Get(t.Context(), &location, `SELECT MIN(p."LocationId") FROM "tblProduct" AS p WHERE p."ValidityTo" IS NULL`); err != nil {
			t.Fatal(err)
		}
		base := serveWhole(t, d)
		ask := func(user, query string) (data map[string]any, failure string) {
			t.Helper()
			answer, body := servertest.GraphQL(t, base, user, query)
			if answer.StatusCode != http.StatusOK {
				t.Fatalf("%s: %s", answer.Status, body)
			}
			var got struct {
				Data   map[string]any
				Errors []struct{ Message string }
			}
			if err := json.Unmarshal(body, &got); err != nil {
				t.Fatal(err)
			}
			if len(got.Errors) > 0 {
				return got.Data, got.Errors[0].Message
			}
			return got.Data, ""
		}
		mutate := func(name, input string) (status float64, text string) {
			t.Helper()
			data, failure := ask("Admin", fmt.Sprintf(`mutation { %s(input: {clientMutationLabel: "batch", %s}) { internalId } }`, name, input))
			if failure != "" {
				t.Fatal(failure)
			}
			id := data[name].(map[string]any)["internalId"]
			data, _ = ask("Admin", fmt.Sprintf(`{ mutationLogs(id: "%s") { edges { node { status error } } } }`, id))
			node := data["mutationLogs"].(map[string]any)["edges"].([]any)[0].(map[string]any)["node"].(map[string]any)
			text, _ = node["error"].(string)
			return node["status"].(float64), text
		}
		where := fmt.Sprintf("locationId: %d", location)
		november := where + ", year: 2026, month: 11"
		preview := fmt.Sprintf(`{ batchRunPreview(%s) { claims waiting relative remunerated indexes { productCode relIndex } missingDistributions { productCode } totals { productCode healthFacilityName claims remunerated } } }`, november)
		runs := func() float64 {
			data, failure := ask("Admin", fmt.Sprintf(`{ batchRuns(location_Id: "%d") { totalCount } }`, location))
			if failure != "" {
				t.Fatal(failure)
			}
			return data["batchRuns"].(map[string]any)["totalCount"].(float64)
		}

		if _, failure := ask("clerk", preview); !strings.Contains(failure, "111101") && !strings.Contains(failure, "not allowed") {
			t.Errorf("a clerk asks for a preview: %q", failure)
		}
		data, failure := ask("Admin", preview)
		if failure != "" {
			t.Fatal(failure)
		}
		expected := data["batchRunPreview"].(map[string]any)
		before := runs()
		if status, text := mutate("processBatch", november); status != 2 || text != "" {
			t.Fatalf("status %v: %s", status, text)
		}
		if after := runs(); after != before+1 {
			t.Errorf("%v runs, want %v", after, before+1)
		}
		var claims float64
		if err := d.Get(t.Context(), &claims, `SELECT COUNT(*) FROM "tblClaim" WHERE "RunID" = (SELECT MAX("RunID") FROM "tblBatchRun")`); err != nil {
			t.Fatal(err)
		}
		if claims != expected["claims"] {
			t.Errorf("%v claims in the run, %v in the preview", claims, expected["claims"])
		}
		if status, text := mutate("processBatch", november); status != 1 || !strings.Contains(text, "run already") {
			t.Errorf("a second run: status %v, %q", status, text)
		}
		if status, text := mutate("processBatch", where+", year: 2026, month: 13"); status != 1 || !strings.Contains(text, "month is 13") {
			t.Errorf("a month that does not exist: status %v, %q", status, text)
		}
		if status, text := mutate("undoBatchRun", where); status != 2 {
			t.Errorf("undo: status %v, %q", status, text)
		}
		if after := runs(); after != before {
			t.Errorf("%v runs after the undo, want %v", after, before)
		}
		if status, text := mutate("undoBatchRun", where); status != 1 || !strings.Contains(text, "Nothing was kept") {
			t.Errorf("undo of a run that was not made here: status %v, %q", status, text)
		}
	})
}

// The account preview and capitation are downloaded with the right for them, and what is wrong with a request is said.
func TestBatchReports(t *testing.T) {
	d := dbtest.SQLite(t)
	now, _ := time.Parse(time.RFC3339, recordedNow)
	if err := seed.Seed(t.Context(), d, seed.Demo, now, progress.None); err != nil {
		t.Fatal(err)
	}
	base := serveWhole(t, d) + "/api/claim_batch/report"
	get := func(user, query string) (*http.Response, []byte) {
		t.Helper()
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, base+query, nil)
		if err != nil {
			t.Fatal(err)
		}
		if user != "" {
			req.Header.Set("Remote-User", user)
		}
		answer, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer answer.Body.Close()
		body, err := io.ReadAll(answer.Body)
		if err != nil {
			t.Fatal(err)
		}
		return answer, body
	}
	for _, c := range []struct {
		user, query string
		status      int
		has         string
	}{
		{"accountant", "?format=csv", 200, "Region,District,Health facility code"},
		{"accountant", "/?format=csv&group=P&locationId=0", 200, "Product code,Product,Product account,Region"},
		{"accountant", "?format=csv&showClaims=true&dateFrom=2020-01-01&dateTo=2030-12-31", 200, "Claim code,Claimed on"},
		{"accountant", "?format=xlsx", 200, "PK"},
		{"accountant", "", 200, "PK"},
		{"accountant", "?report=capitation&format=csv&prodId=1&year=2026&month=10", 200, "Region,District,Health facility code"},
		{"accountant", "?format=pdf", 400, "allowed are csv and xlsx"},
		{"accountant", "?dateFrom=31/12/2020", 400, "dateFrom"},
		{"accountant", "?dateFrom=2020-02-01&dateTo=2020-01-01", 400, "dateTo"},
		{"accountant", "?prodId=x", 400, "prodId"},
		{"accountant", "?report=capitation&format=csv", 400, "prodId"},
		{"accountant", "?report=capitation&prodId=1&year=2026&month=13", 400, "month is 13"},
		{"accountant", "?report=nothing", 400, "accounts and capitation"},
		{"clerk", "?format=csv", 403, "detail"},
		{"clerk", "?report=capitation&prodId=1&year=2026&month=10", 403, "detail"},
		{"", "?format=csv", 401, "detail"},
	} {
		answer, body := get(c.user, c.query)
		if answer.StatusCode != c.status || !strings.Contains(string(body), c.has) {
			t.Errorf("%s %q: %s %.200s, want %d with %q", c.user, c.query, answer.Status, body, c.status, c.has)
		}
		if c.status == 200 && !strings.HasPrefix(answer.Header.Get("Content-Disposition"), "attachment; filename=") {
			t.Errorf("%q: %v", c.query, answer.Header)
		}
	}
	// Both formats are told by their media type, open in other programs, and have the same rows.
	for _, query := range []string{"?group=H", "?showClaims=true", "?report=capitation&prodId=1&year=2026&month=10"} {
		answer, body := get("accountant", query+"&format=csv")
		if kind := answer.Header.Get("Content-Type"); kind != "text/csv; charset=utf-8" {
			t.Errorf("%q: Content-Type %q", query, kind)
		}
		table, err := csv.NewReader(bytes.NewReader(body)).ReadAll()
		if err != nil || len(table) < 2 {
			t.Fatalf("%q: %d rows, %v", query, len(table), err)
		}
		answer, body = get("accountant", query+"&format=xlsx")
		if kind := answer.Header.Get("Content-Type"); kind != "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet" {
			t.Errorf("%q: Content-Type %q", query, kind)
		}
		book, err := excelize.OpenReader(bytes.NewReader(body))
		if err != nil {
			t.Fatalf("%q: %v", query, err)
		}
		defer book.Close()
		cells, err := book.GetRows(book.GetSheetName(0))
		if err != nil {
			t.Fatal(err)
		}
		for _, row := range append(table, cells...) {
			for i, c := range row {
				row[i] = strings.ReplaceAll(strings.TrimPrefix(c, "'"), ",", "")
			}
		}
		for i := range cells { // empty cells at the end of a row are left out there
			cells[i] = append(cells[i], make([]string, len(table[0])-len(cells[i]))...)
		}
		if diff := cmp.Diff(table, cells); diff != "" {
			t.Errorf("%q: CSV and XLSX differ: %s", query, diff)
		}
	}
}
