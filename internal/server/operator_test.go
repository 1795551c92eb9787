package server_test

import (
	"context"
	"encoding/json"
	"net/http"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/openimis/openimis-be-go/internal/auth"
	"github.com/openimis/openimis-be-go/internal/clock"
	"github.com/openimis/openimis-be-go/internal/db"
	"github.com/openimis/openimis-be-go/internal/testing/dbtest"
)

// The operator's page is for administrators; others do not learn that it is there.
func TestOperatorsPage(t *testing.T) {
	d := dbtest.SQLite(t)
	fill(t, d, 1)
	err := d.Write(t.Context(), "test data", func(tx *db.Tx) error {
		stored, key := auth.HashLegacy("secret")
		if _, err := tx.Exec(t.Context(), `UPDATE "tblUsers" SET "StoredPassword" = ?, "PrivateKey" = ?`, stored, key); err != nil {
			return err
		}
		id := db.NewUUID()
		if _, err := tx.Insert(t.Context(), "core_Mutation_Log", db.Values{"id": id, "json_content": "{}", "request_date_time": clock.System(), "status": 1}); err != nil {
			return err
		}
		_, err := tx.Insert(t.Context(), "imis_dead_mutation", db.Values{"mutation_id": id, "name": "createClaim", "principal": "<b>Nurse</b>", "payload": `{"code": "Private"}`,
			"attempts": 5, "enqueued": clock.System(), "died": clock.System(), "reason": "the disk is full\nstack"})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	r := start(t, d, nil)
	leave := r.Main.Announce(context.Background(), "serve")
	defer leave()
	for _, path := range []string{"/api", "/api/", "/iapi/"} {
		if status, head, _ := r.send(http.MethodGet, path, ""); status != http.StatusUnauthorized || !strings.HasPrefix(head.Get("WWW-Authenticate"), "Basic") {
			t.Errorf("%s of nobody: %d", path, status)
		}
		if status, _, body := r.send(http.MethodGet, path, "", "Authorization", "Basic "+b64("u0:secret")); status != http.StatusNotFound || strings.Contains(body, "Nurse") {
			t.Errorf("%s of a clerk: %d", path, status)
		}
		if status, _, _ := r.send(http.MethodPost, path, "", "Authorization", "Basic "+b64("admin:secret")); status != http.StatusNotFound {
			t.Errorf("POST %s: %d", path, status)
		}
		status, head, body := r.send(http.MethodGet, path, "", "Authorization", "Basic "+b64("admin:secret"))
		if status != http.StatusOK || head.Get("Cache-Control") != "no-store" || !strings.Contains(head.Get("Content-Security-Policy"), "default-src 'none'") {
			t.Fatalf("%s of the administrator: %d %v", path, status, head)
		}
		for _, part := range []string{"The database answers", "1 given up", "createClaim", "&lt;b&gt;Nurse&lt;/b&gt;", "the disk is full", "<td>claim_batch</td>"} {
			if !strings.Contains(body, part) {
				t.Errorf("%s lacks %q", path, part)
			}
		}
		for _, part := range []string{"Private", "stack", "<b>Nurse"} {
			if strings.Contains(body, part) {
				t.Errorf("%s shows %q", path, part)
			}
		}
	}
}

// Every metric that the dashboard asks for is one that the server has.
func TestTheDashboardAsksForMetricsThatThereAre(t *testing.T) {
	raw, err := os.ReadFile("../../deploy/grafana/openimis.json")
	if err != nil {
		t.Fatal(err)
	}
	var board struct {
		Panels []struct {
			Title   string
			Targets []struct{ Expr string }
		}
	}
	if err := json.Unmarshal(raw, &board); err != nil {
		t.Fatal(err)
	}
	r := signIn(t)
	r.send(http.MethodGet, "/api_fhir", "") // so that a request was counted
	r.good("admin", `{ mutationLogs { totalCount } }`)
	r.send(http.MethodGet, "/api/api_fhir_r4/metadata", "")
	_, _, metrics := r.send(http.MethodGet, "/metrics", "")
	name := regexp.MustCompile(`\b(?:openimis|go|process)_[a-z_]+`)
	asked := 0
	for _, p := range board.Panels {
		for _, target := range p.Targets {
			for _, m := range name.FindAllString(target.Expr, -1) {
				asked++
				if !strings.Contains(metrics, "\n"+m) && m != "openimis_mutations_total" { // none has ended yet
					t.Errorf("%s: there is no metric %s", p.Title, m)
				}
			}
		}
	}
	if asked < 15 {
		t.Errorf("the dashboard asks for %d metrics", asked)
	}
}
