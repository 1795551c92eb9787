package main

import (
	"strings"
	"testing"

	"github.com/openimis/openimis-be-go/internal/clock"
	"github.com/openimis/openimis-be-go/internal/db"
	"github.com/openimis/openimis-be-go/internal/testing/dbtest"
)

// An operator finds, repeats and drops a mutation that was given up.
func TestQueueCommands(t *testing.T) {
	url := dbtest.URL(t, db.SQLite)
	t.Setenv("DATABASE_URL", url)
	d, err := db.Open(t.Context(), url, db.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	const id = "8f1c6a5e-3b47-4f5a-9a55-2d0c0f6f8a01"
	err = d.Write(t.Context(), "a dead letter", func(tx *db.Tx) error {
		if _, err := tx.Insert(t.Context(), "core_Mutation_Log", db.Values{"id": db.UUID(id), "json_content": "{}", "request_date_time": clock.System(), "status": 1, "error": "internal error"}); err != nil {
			return err
		}
		_, err := tx.Insert(t.Context(), "imis_dead_mutation", db.Values{"mutation_id": db.UUID(id), "name": "createClaim", "principal": "Nurse", "payload": `{"code": "X"}`,
			"attempts": 5, "enqueued": clock.System(), "died": clock.System(), "reason": "the disk was full\nat line 7"})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ line, says, fails string }{
		{"queue", "createClaim  Nurse  5", ""},
		{"queue list", "the disk was full …\n0 queued, 1 given up.", ""},
		{"queue show " + id, `{"code": "X"}`, ""},
		{"queue show " + id, "at line 7", ""},
		{"queue show", "", "queue: allowed: list, show ID, retry ID, drop ID"},
		{"queue empty all", "", `"empty" is not understood`},
		{"queue show 7", "", `"7" is not the id of a mutation`},
		{"queue retry " + id, "is queued again", ""},
		{"queue retry " + id, "", "was not given up: it is waiting"},
		{"queue", "1 queued, 0 given up.", ""},
		{"queue drop " + id, "is dropped", ""},
		{"queue drop " + id, "", "neither queued nor given up"},
		{"queue", "0 queued, 0 given up.", ""},
	} {
		said, err := output(t, strings.Fields(c.line)...)
		if (err == nil) != (c.fails == "") || err != nil && !strings.Contains(err.Error(), c.fails) || !strings.Contains(said, c.says) {
			t.Errorf("server %s: %v\n%s", c.line, err, said)
		}
	}
}
