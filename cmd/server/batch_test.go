package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/openimis/openimis-be-go/internal/db"
	"github.com/openimis/openimis-be-go/internal/dbtest"
	"github.com/openimis/openimis-be-go/internal/progress"
	"github.com/openimis/openimis-be-go/internal/seed"
	"github.com/openimis/openimis-be-go/internal/server/servertest"
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
			t.Errorf("a month that is none: status %v, %q", status, text)
		}
		if status, text := mutate("undoBatchRun", where); status != 2 {
			t.Errorf("undo: status %v, %q", status, text)
		}
		if after := runs(); after != before {
			t.Errorf("%v runs after the undo, want %v", after, before)
		}
		if status, text := mutate("undoBatchRun", where); status != 1 || !strings.Contains(text, "another program") {
			t.Errorf("undo of a run that was not made here: status %v, %q", status, text)
		}
	})
}
