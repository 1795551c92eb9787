package sqlcheck

import (
	"bytes"
	"context"
	_ "embed"
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"github.com/openimis/openimis-be-go/internal/db"
)

//go:embed testdata/good.tsv
var good string

//go:embed testdata/bad.tsv
var bad string

// lines gives the rows of a corpus, split at tabs.
func lines(t *testing.T, text string, fields int) [][]string {
	t.Helper()
	var rows [][]string
	for _, line := range strings.Split(strings.TrimSpace(text), "\n") {
		row := strings.Split(line, "\t")
		if len(row) != fields {
			t.Fatalf("corpus line %q has %d fields, want %d", line, len(row), fields)
		}
		rows = append(rows, row)
	}
	return rows
}

func TestGoodStatementsPass(t *testing.T) {
	for _, row := range lines(t, good, 2) {
		t.Run(row[0], func(t *testing.T) {
			if err := Check(row[1]); err != nil {
				t.Errorf("%v\n%s", err, row[1])
			}
		})
	}
}

func TestBadStatementsAreRefusedWithTheReason(t *testing.T) {
	for _, row := range lines(t, bad, 3) {
		t.Run(row[0], func(t *testing.T) {
			err := Check(row[2])
			if err == nil {
				t.Fatalf("accepted: %s", row[2])
			}
			if !strings.Contains(err.Error(), row[1]) {
				t.Errorf("reason %q does not say %q", err, row[1])
			}
		})
	}
}

func TestVerdictsAreRemembered(t *testing.T) {
	src := `SELECT "Nope" FROM "tblClaim" WHERE "ClaimID" = 4711`
	first, second := Check(src), Check(src)
	var a, b *Refusal
	if !errors.As(first, &a) || !errors.As(second, &b) || a != b {
		t.Errorf("two verdicts on one statement: %v, %v", first, second)
	}
}

// open is an embedded database with one table for the statements of the gate's tests.
func open(t *testing.T) *db.DB {
	t.Helper()
	d, err := db.Open(context.Background(), "sqlite:"+filepath.Join(t.TempDir(), "gate.db"), db.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	err = d.Write(context.Background(), "create", func(tx *db.Tx) error {
		_, err := tx.Exec(context.Background(), `CREATE TABLE "imis_lease" ("name" text, "holder" text, "until" text, "extra" text)`)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// select runs a statement as a test of a store would, and gives the tests' exit code.
func runs(t *testing.T, d *db.DB, src string, code int) func() int {
	return func() int {
		var names []string
		if err := d.Select(context.Background(), &names, src); err != nil {
			t.Errorf("%s: %v", src, err)
		}
		return code
	}
}

func TestGateFailsAPackageThatRunsAWrongStatement(t *testing.T) {
	d := open(t)
	for _, c := range []struct {
		name, src string
		code      int
		want      int
		print     string
	}{
		{"good statement", `SELECT "name" FROM "imis_lease"`, 0, 0, ""},
		{"good statement of failed tests", `SELECT "name" FROM "imis_lease"`, 2, 2, ""},
		{"column that the catalogue lacks, though the database has it", `SELECT "extra" FROM "imis_lease"`, 0, 1, "column extra is in no table"},
		{"SQLite's own syntax", `SELECT "name" FROM "imis_lease" LIMIT 1`, 0, 1, "write $page"},
		{"one that fails already", `SELECT "name" FROM "imis_lease" LIMIT 1`, 3, 3, "write $page"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var out bytes.Buffer
			if got := gate(runs(t, d, c.src, c.code), &out, none); got != c.want {
				t.Errorf("exit code %d, want %d", got, c.want)
			}
			if c.print == "" {
				if out.Len() > 0 {
					t.Errorf("printed %s", &out)
				}
				return
			}
			for _, want := range []string{c.print, c.src, "T-SQL:", "1 of 1 statements refused"} {
				if !strings.Contains(out.String(), want) {
					t.Errorf("output lacks %q:\n%s", want, &out)
				}
			}
		})
	}
}

func TestAReasonThatIsExcusedDoesNotCount(t *testing.T) {
	d := open(t)
	const src = `SELECT "extra" FROM "imis_lease"`
	var out bytes.Buffer
	excused := func(statement, reason string) bool { return statement == src && strings.Contains(reason, "extra") }
	if code := gate(runs(t, d, src, 0), &out, excused); code != 0 || out.Len() > 0 {
		t.Errorf("exit code %d:\n%s", code, &out)
	}
}

func TestGateStopsListeningAfterwards(t *testing.T) {
	d := open(t)
	var out bytes.Buffer
	gate(func() int { return 0 }, &out, none)
	runs(t, d, `SELECT "extra" FROM "imis_lease"`, 0)()
	if gate(func() int { return 0 }, &out, none) != 0 {
		t.Errorf("a statement from outside the run was counted:\n%s", &out)
	}
}

func BenchmarkCheck(b *testing.B) {
	src := strings.Split(strings.Split(good, "\n")[0], "\t")[1]
	for b.Loop() {
		check(src)
	}
}
