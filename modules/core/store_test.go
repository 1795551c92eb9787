package core_test

import (
	"context"
	"os"
	"testing"
	"time"

	"github.com/openimis/openimis-be-go/internal/db"
	"github.com/openimis/openimis-be-go/internal/testing/dbtest"
	"github.com/openimis/openimis-be-go/internal/testing/sqlcheck"
	"github.com/openimis/openimis-be-go/modules/core"
)

func TestMain(m *testing.M) { os.Exit(sqlcheck.Gate(m)) }

var now = time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)

func fill(t *testing.T, d *db.DB, rows map[string][]db.Values) {
	t.Helper()
	err := d.Write(context.Background(), "test data", func(tx *db.Tx) error {
		for table, list := range rows {
			for _, v := range list {
				if _, err := tx.Insert(context.Background(), table, v); err != nil {
					return err
				}
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func configuration(module, layer string, exposed bool, until *time.Time) db.Values {
	return db.Values{"id": db.NewUUID(), "module": module, "version": "1", "layer": layer, "config": `{"a": 1}`, "is_exposed": exposed, "is_disabled_until": until}
}

func TestConfigurations(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		later, before := now.AddDate(1, 0, 0), now.AddDate(-1, 0, 0)
		fill(t, d, map[string][]db.Values{"core_ModuleConfiguration": {
			configuration("fe-core", "fe", true, nil), configuration("fe-old", "fe", true, &before), configuration("fe-disabled", "fe", true, &later),
			configuration("fe-secret", "fe", false, nil), configuration("claim", "be", true, nil),
		}})
		s := core.Store{DB: d}
		for layer, want := range map[string]string{"": "claim fe-core fe-old", "fe": "fe-core fe-old", "FE": "fe-core fe-old", "be": "claim", "x": ""} {
			rows, err := s.Configurations(t.Context(), now, layer)
			if err != nil {
				t.Fatal(err)
			}
			got := ""
			for _, r := range rows {
				if got != "" {
					got += " "
				}
				got += r.Module
				if len(r.ID) != 36 || r.Config != `{"a": 1}` {
					t.Errorf("%+v", r)
				}
			}
			if got != want {
				t.Errorf("layer %q: %q, want %q", layer, got, want)
			}
		}
		if text, err := s.Backend(t.Context(), "CLAIM", now); err != nil || text != `{"a": 1}` {
			t.Errorf("backend: %q %v", text, err)
		}
		if text, err := s.Backend(t.Context(), "none", now); err != nil || text != "" {
			t.Errorf("backend: %q %v", text, err)
		}
	})
}

func TestControlsOfAModuleHaveItsPrefix(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		fill(t, d, map[string][]db.Values{"tblControls": {
			{"FieldName": "claim.code", "Adjustibility": "M", "Usage": "S"}, {"FieldName": "claim_batch.year", "Adjustibility": "O", "Usage": ""}, {"FieldName": "ClaimAdministrator", "Adjustibility": "M", "Usage": ""},
		}})
		s := core.Store{DB: d}
		rows, err := s.Controls(t.Context(), "claim")
		if err != nil || len(rows) != 1 || rows[0].FieldName != "claim.code" || rows[0].Usage == nil || *rows[0].Usage != "S" {
			t.Errorf("%+v %v", rows, err)
		}
		if all, err := s.AllControls(t.Context()); err != nil || len(all) != 2 {
			t.Errorf("%d %v", len(all), err)
		}
	})
}
