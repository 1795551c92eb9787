package main

import (
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/openimis/openimis-be-go/internal/db"
	"github.com/openimis/openimis-be-go/internal/progress"
	"github.com/openimis/openimis-be-go/internal/seed"
	"github.com/openimis/openimis-be-go/internal/testing/dbtest"
	"github.com/openimis/openimis-be-go/internal/testing/servertest"
)

// FHIR tells and takes moments, although the columns keep local time.
func TestFHIRTellsMoments(t *testing.T) {
	d := dbtest.SQLite(t)
	if err := seed.Seed(t.Context(), d, seed.Demo, time.Now().UTC(), progress.None); err != nil {
		t.Fatal(err)
	}
	base := servertest.Serve(t, servertest.New(t, d, compiled, map[string]string{"TIME_ZONE": "Asia/Kathmandu"})) // UTC+05:45
	err := d.Write(t.Context(), "touch", func(tx *db.Tx) error {
		_, err := tx.Exec(t.Context(), `UPDATE "tblLocations" SET "ValidityFrom" = ? WHERE "LocationId" = (SELECT MIN(l."LocationId") FROM "tblLocations" AS l WHERE l."ValidityTo" IS NULL AND l."LocationType" = 'D')`, d.Now())
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	search := func(at time.Time) (found []time.Time) {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, base+"/api/api_fhir_r4/Location?_lastUpdated=ge"+url.QueryEscape(at.UTC().Format(time.RFC3339)), nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Remote-User", "Admin")
		answer, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer answer.Body.Close()
		text, err := io.ReadAll(answer.Body)
		if err != nil {
			t.Fatal(err)
		}
		var bundle struct {
			Entry []struct {
				Resource struct {
					Meta struct{ LastUpdated time.Time }
				}
			}
		}
		if err := json.Unmarshal(text, &bundle); err != nil {
			t.Fatalf("%v: %s", err, text)
		}
		for _, e := range bundle.Entry {
			found = append(found, e.Resource.Meta.LastUpdated)
		}
		return found
	}
	if got := search(time.Now().Add(-time.Minute)); len(got) != 1 || time.Since(got[0]).Abs() > time.Minute {
		t.Errorf("changed within the last minute: %v", got)
	}
	if got := search(time.Now().Add(time.Minute)); len(got) != 0 {
		t.Errorf("changed in a minute from now: %v", got)
	}
}
