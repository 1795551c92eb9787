package main

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"testing"
	"time"

	"github.com/openimis/openimis-be-go/internal/db"
	"github.com/openimis/openimis-be-go/internal/progress"
	"github.com/openimis/openimis-be-go/internal/seed"
	"github.com/openimis/openimis-be-go/internal/testing/dbtest"
	"github.com/openimis/openimis-be-go/internal/testing/servertest"
)

// TestTablesOfThePythonBackend signs in and runs a mutation on a database whose core_ tables the Python
// backend made: keys without hyphens there, with hyphens for clients.
func TestTablesOfThePythonBackend(t *testing.T) {
	dbtest.Need(t, db.SQLServer) // the backend kept such keys on SQL Server only
	d := dbtest.PythonKeys(t)
	today, _ := time.Parse(time.RFC3339, recordedNow)
	if err := seed.Seed(t.Context(), d, seed.Demo, today, progress.None); err != nil {
		t.Fatal(err)
	}
	url := serveWhole(t, d)
	ask := func(query string, answer any) {
		t.Helper()
		res, body := servertest.GraphQL(t, url, "Admin", query)
		if err := json.Unmarshal(body, answer); err != nil || res.StatusCode != http.StatusOK {
			t.Fatalf("%s: status %d, %v", query, res.StatusCode, err)
		}
	}
	var done struct {
		Data struct{ SkipClaimsReview struct{ InternalID string } }
	}
	ask(`mutation {skipClaimsReview(input: {clientMutationId: "k", ids: [0]}) {internalId}}`, &done)
	internal := done.Data.SkipClaimsReview.InternalID
	if _, ok := db.ParseUUID(internal); !ok || len(internal) != 36 {
		t.Fatalf("internalId %q", internal)
	}
	var logs struct {
		Data struct {
			MutationLogs struct {
				Edges []struct {
					Node struct {
						ID     string
						Status int
					}
				}
			}
		}
	}
	ask(`{mutationLogs(id: "`+internal+`") {edges {node {id status}}}}`, &logs)
	if edges := logs.Data.MutationLogs.Edges; len(edges) != 1 || edges[0].Node.Status != 1 {
		t.Fatalf("%+v", edges)
	} else if key, _ := base64.StdEncoding.DecodeString(edges[0].Node.ID); string(key) != "MutationLogGQLType:"+internal {
		t.Errorf("the id is %s", key)
	}
	for table, want := range map[string]int{"core_Mutation_Log": 1, "core_User": 2} {
		var n int
		if err := d.Get(t.Context(), &n, `SELECT COUNT(*) FROM "`+table+`" WHERE "id" NOT LIKE ?`, "%-%"); err != nil || n != want {
			t.Errorf("%s has %d keys without hyphens, want %d, %v", table, n, want, err)
		}
	}
}
