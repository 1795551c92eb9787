package main

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/openimis/openimis-be-go/internal/db"
	"github.com/openimis/openimis-be-go/internal/progress"
	"github.com/openimis/openimis-be-go/internal/seed"
	"github.com/openimis/openimis-be-go/internal/testing/dbtest"
	"github.com/openimis/openimis-be-go/internal/testing/servertest"
)

var update = flag.Bool("update", false, "write the snapshots anew")

// A snapshot is a file of requests in testdata/snapshots with the answers beside it. A request begins
// with a line "# <user>: <what it is about>"; it runs over the seeded demo data, in order, with the
// clock at recordedNow. Answers are the same on every engine.
func TestSnapshotsOverSeededData(t *testing.T) {
	files, err := filepath.Glob("testdata/snapshots/*.graphql")
	if err != nil || len(files) == 0 {
		t.Fatal("no snapshots", err)
	}
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		today, _ := time.Parse(time.RFC3339, recordedNow)
		if err := seed.Seed(t.Context(), d, seed.Demo, today, progress.None); err != nil {
			t.Fatal(err)
		}
		url := serveWhole(t, d)
		for _, file := range files {
			t.Run(filepath.Base(file), func(t *testing.T) {
				got := answers(t, url, file)
				golden := strings.TrimSuffix(file, ".graphql") + ".json"
				if *update && d.Dialect() == db.SQLite {
					if err := os.WriteFile(golden, got, 0o644); err != nil {
						t.Fatal(err)
					}
				}
				want, err := os.ReadFile(golden)
				if err != nil {
					t.Fatal(err)
				}
				if !bytes.Equal(got, want) {
					t.Errorf("the answers differ from %s at\n%s", golden, firstDifference(string(got), string(want)))
				}
			})
		}
	})
}

var (
	changing = regexp.MustCompile(`"(internalId|requestDateTime)": "[^"]*"`)
	logID    = regexp.MustCompile(`"id": "TXV0YXRpb25Mb2dHUUxUeXBl[^"]*"`)
)

// answers runs the requests of a file.
func answers(t *testing.T, url, file string) []byte {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	for _, part := range strings.Split("\n"+string(text), "\n# ")[1:] {
		head, query, _ := strings.Cut(part, "\n")
		user, _, ok := strings.Cut(head, ":")
		if !ok {
			t.Fatalf("%s: %q has no user", file, head)
		}
		if user == "nobody" {
			user = ""
		}
		res, raw := servertest.GraphQL(t, url, user, query)
		var pretty bytes.Buffer
		if err := json.Indent(&pretty, raw, "", " "); err != nil {
			t.Fatalf("%s: %v: %s", head, err, raw)
		}
		same := changing.ReplaceAll(pretty.Bytes(), []byte(`"$1": "…"`))
		same = logID.ReplaceAll(same, []byte(`"id": "…"`))
		out.WriteString("// " + head + " → " + res.Status + "\n")
		out.Write(same)
		out.WriteString("\n")
	}
	return out.Bytes()
}

// firstDifference shows the lines around the first difference.
func firstDifference(got, want string) string {
	g, w := strings.Split(got, "\n"), strings.Split(want, "\n")
	for i := range g {
		if i >= len(w) || g[i] != w[i] {
			from := max(0, i-3)
			return "got:\n" + strings.Join(g[from:min(len(g), i+3)], "\n") + "\nwant:\n" + strings.Join(w[from:min(len(w), i+3)], "\n")
		}
	}
	return "the end"
}
