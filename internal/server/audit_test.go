package server_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/samply/golang-fhir-models/fhir-models/fhir"

	"github.com/openimis/openimis-be-go/internal/audit"
	"github.com/openimis/openimis-be-go/internal/db"
	"github.com/openimis/openimis-be-go/internal/testing/dbtest"
)

// audited serves a database with its audit log on, and gives what the log has after the server ended.
func audited(t *testing.T, d *db.DB, env map[string]string) (*running, func() []string) {
	env["AUDIT_LOG"] = "table"
	r := start(t, d, env)
	return r, func() (lines []string) {
		t.Helper()
		r.Main.Close()
		found, err := audit.Table{DB: d}.Search(t.Context(), audit.Query{Limit: 1000})
		if err != nil {
			t.Fatal(err)
		}
		slices.Reverse(found)
		for _, l := range found {
			if l.Action == audit.Start || l.Action == audit.Stop {
				continue
			}
			if l.User == "" || l.Request == "" || l.Address == "" {
				t.Errorf("who, from where, in which request: %+v", l)
			}
			lines = append(lines, fmt.Sprint(l.User, " ", l.Way, " ", l.Operation, " ", l.Action, " ", l.Subject, " ", l.IDs, " ", l.Outcome))
		}
		return lines
	}
}

// Who saw whom is kept, whatever the way; registers are not, nor is what was refused.
func TestAuditOfReading(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := fill(t, d, 2)
		r, log := audited(t, d, map[string]string{})
		ids := func(all []int, from, to int) string { return fmt.Sprint(all[from:to]) }
		r.good("u0", `{insurees(first:2){edges{node{chfId family{id}}}}}`)
		r.good("admin", fmt.Sprintf(`{insuree(chfId:"%05d1"){chfId}}`, 1))
		r.good("u0", `{insurees(chfId:"nobody"){edges{node{chfId}}} healthFacilities{edges{node{code}}}}`)
		r.query("u0", `{claims{edges{node{code}}}}`)
		r.good("u0", `{insurees{totalCount}}`)
		want := []string{
			"u0 graphql insurees read insuree " + ids(w.Insurees, 0, 2) + " ok",
			"u0 graphql insurees read family " + ids(w.Families, 0, 1) + " ok",
			"admin graphql insuree read insuree " + ids(w.Insurees, 4, 5) + " ok",
		}
		if got := log(); !slices.Equal(got, want) {
			t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
	})
}

// Mutations name what they have changed, beside the id of their row in core_Mutation_Log.
func TestAuditOfMutations(t *testing.T) {
	d := dbtest.SQLite(t)
	w := fill(t, d, 1)
	var claim int
	err := d.Write(t.Context(), "a claim", func(tx *db.Tx) (err error) {
		icd, err := tx.Insert(t.Context(), "tblICDCodes", db.Values{"ICDCode": "A1", "ICDName": "A", "ValidityFrom": now, "AuditUserID": 1})
		if err != nil {
			return err
		}
		claim, err = tx.Insert(t.Context(), "tblClaim", db.Values{"InsureeID": w.Insurees[0], "ClaimCode": "C1", "DateFrom": now, "ICDID": icd, "ClaimStatus": 2, "DateClaimed": now,
			"FeedbackStatus": 1, "ReviewStatus": 1, "Feedback": false, "HFID": w.Facilities[0], "ValidityFrom": now, "AuditUserID": 1})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	r, log := audited(t, d, map[string]string{})
	id := r.good("admin", fmt.Sprintf(`mutation{selectClaimsForReview(input:{clientMutationId:"1",ids:[%d]}){internalId}}`, claim))["selectClaimsForReview"].(map[string]any)["internalId"]
	r.good("admin", fmt.Sprintf(`mutation{submitClaims(input:{clientMutationId:"2",ids:[%d]}){internalId}}`, claim+1)) // there is none
	if got, want := log(), []string{fmt.Sprintf("admin mutation selectClaimsForReview update claim [%d] ok", claim)}; !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	lines, err := audit.Table{DB: d}.Search(t.Context(), audit.Query{Action: audit.Update})
	if err != nil || len(lines) != 1 || lines[0].Request != id {
		t.Errorf("line %+v is not of mutation %v (%v)", lines, id, err)
	}
}

// Answers about people are not to be kept by browsers and proxies.
func TestAnswersAreNotStored(t *testing.T) {
	d := dbtest.SQLite(t)
	fill(t, d, 1)
	r := start(t, d, nil)
	for _, path := range []string{"/api/graphql?query=" + url.QueryEscape("{insurees{edges{node{chfId}}}}"), "/api/api_fhir_r4/Location", "/api/core/users/current_user"} {
		status, header, body := r.send("GET", path, "", "Remote-User", "admin")
		if status != 200 || header.Get("Cache-Control") != "no-store" {
			t.Errorf("%s: %d %q %.200s", path, status, header.Get("Cache-Control"), body)
		}
	}
}

// The log is read by administrators and by who may see the report on the activity of users.
func TestAuditRoute(t *testing.T) {
	d := dbtest.SQLite(t)
	fill(t, d, 1)
	r := start(t, d, map[string]string{"AUDIT_LOG": "table"})
	r.good("u0", `{insurees(first:1){edges{node{chfId}}}}`)
	get := func(user, query string) (int, []audit.Line, string) {
		t.Helper()
		status, _, body := r.send("GET", "/api/audit"+query, "", "Remote-User", user)
		var answer struct{ Lines []audit.Line }
		if err := json.Unmarshal([]byte(body), &answer); err != nil {
			t.Fatalf("%s: %v", body, err)
		}
		return status, answer.Lines, body
	}
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(20 * time.Millisecond) { // written apart from the request
		status, lines, body := get("admin", "?user=u0&action=read&subject=insuree")
		if status != 200 {
			t.Fatalf("%d %s", status, body)
		}
		if len(lines) == 1 && len(lines[0].IDs) == 1 && lines[0].Operation == "insurees" {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("not kept: %s", body)
		}
	}
	for query, want := range map[string]int{"?limit=0": 400, "?from=yesterday": 400, "?after=x": 400, "?users=u0": 400, "?id=1,2": 400, "?limit=1&from=2026-01-01": 200} {
		if status, _, body := get("admin", query); status != want {
			t.Errorf("%s: %d %s", query, status, body)
		}
	}
	if status, _, body := get("u0", ""); status != 403 || !strings.Contains(body, "131207") {
		t.Errorf("a clerk: %d %s", status, body)
	}
	if status, _, body := r.send("GET", "/api/audit", ""); status != 401 {
		t.Errorf("nobody: %d %s", status, body)
	}
	if status, _, body := start(t, d, nil).send("GET", "/api/audit", "", "Remote-User", "admin"); status != 404 {
		t.Errorf("off: %d %s", status, body)
	}
}

// TestAuditEvents: what was done is an AuditEvent, reading those too, where the log is in the database.
func TestAuditEvents(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		fill(t, d, 2)
		r := start(t, d, map[string]string{"AUDIT_LOG": "table"})
		r.good("admin", `{insurees(first:1){edges{node{chfId}}}}`)
		get := func(user, path string, want int) (found []fhir.AuditEvent) {
			t.Helper()
			status, _, body := r.send("GET", "/api/api_fhir_r4/"+path, "", "Remote-User", user)
			if status != want {
				t.Fatalf("%s: %d %s", path, status, body)
			}
			var page struct {
				Entry []struct{ Resource fhir.AuditEvent }
			}
			if err := json.Unmarshal([]byte(body), &page); err != nil {
				t.Fatal(err)
			}
			for _, e := range page.Entry {
				found = append(found, e.Resource)
			}
			return found
		}
		eventually := func(path string, done func([]fhir.AuditEvent) bool) {
			t.Helper()
			for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(20 * time.Millisecond) { // written apart from the request
				found := get("admin", path, http.StatusOK)
				if done(found) {
					return
				}
				if time.Now().After(deadline) {
					t.Fatalf("%s finds %d events: %+v", path, len(found), found)
				}
			}
		}
		eventually("AuditEvent?altid=admin&type=110110&action=R", func(found []fhir.AuditEvent) bool {
			return len(found) > 0 && strings.HasPrefix(*found[0].Entity[1].What.Reference, "Patient/")
		})
		eventually("AuditEvent?type=110101&_count=100", func(found []fhir.AuditEvent) bool {
			for _, e := range found {
				for _, entity := range e.Entity {
					if entity.Query != nil && *entity.Query == base64.StdEncoding.EncodeToString([]byte("AuditEvent?action=R&altid=admin&type=110110")) {
						return true
					}
				}
			}
			return false
		})
		get("u0", "AuditEvent", http.StatusForbidden)
		for _, log := range []string{"off", "file:" + filepath.Join(t.TempDir(), "audit.jsonl")} {
			other := start(t, d, map[string]string{"AUDIT_LOG": log})
			status, _, _ := other.send("GET", "/api/api_fhir_r4/AuditEvent", "", "Remote-User", "admin")
			if _, _, meta := other.send("GET", "/api/api_fhir_r4/metadata", ""); status != http.StatusNotFound || strings.Contains(meta, "AuditEvent") {
				t.Errorf("AUDIT_LOG=%s: %d", log, status)
			}
		}
	})
}
