package claim_batch

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/openimis/openimis-be-go/internal/db"
	"github.com/openimis/openimis-be-go/internal/testing/dbtest"
	"github.com/openimis/openimis-be-go/internal/testing/golden/goldendb"
	"github.com/openimis/openimis-be-go/internal/testing/sqlcheck"
)

// A child process of the tests runs a batch, or undoes it, and dies at a statement.
const (
	crashDB    = "IMIS_CRASH_DB"
	crashAt    = "IMIS_CRASH_AT"    // number of the statement
	crashDelay = "IMIS_CRASH_DELAY" // how long after it was begun
	crashUndo  = "IMIS_CRASH_UNDO"
)

func TestMain(m *testing.M) {
	if url := os.Getenv(crashDB); url != "" {
		if err := child(url); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(sqlcheck.Gate(m))
}

// disturbed is the run that is killed: the end of a quarter, of a district.
func disturbed(w world) Request {
	return Request{LocationID: &w.locations[1], Year: 2019, Month: 12, UserID: 9, MutationID: "the same"}
}

func child(url string) error {
	ctx := context.Background()
	d, err := db.Open(ctx, url, db.Options{})
	if err != nil {
		return err
	}
	defer d.Close()
	at, _ := strconv.Atoi(os.Getenv(crashAt))
	delay, _ := time.ParseDuration(os.Getenv(crashDelay))
	n := 0
	db.Observe(func(string) {
		if n++; n == at {
			die := func() {
				if me, err := os.FindProcess(os.Getpid()); err == nil {
					_ = me.Kill()
				}
			}
			if delay == 0 {
				die()
			}
			time.AfterFunc(delay, die)
		}
	})
	var location int
	if err := d.Get(ctx, &location, `SELECT MIN("LocationId") + 1 FROM "tblLocations"`); err != nil {
		return err
	}
	stretch = 70
	s := &Service{DB: d, Clock: january, Part: 20}
	r := disturbed(world{locations: []int{0, location}})
	if os.Getenv(crashUndo) != "" {
		return s.Undo(ctx, "test", r.LocationID, r.MutationID+" undone", nil)
	}
	_, err = s.Run(ctx, "test", r, nil)
	return err
}

// A run that is killed at 200 random points and started again each time ends as an undisturbed one, and so does its
// undo. Until it has ended, none of its claims belongs to a current run: nothing of it is seen as paid.
func TestKilledAtRandomPoints(t *testing.T) {
	for _, engine := range dbtest.Engines() {
		if engine == db.SQLServer {
			continue // the same statements; Babelfish takes seconds for each start
		}
		t.Run(string(engine), func(t *testing.T) {
			t.Parallel()
			const seed = 11
			enough := 200
			if engine == db.Postgres && os.Getenv("CI") == "" {
				enough = 50 // each start of a child takes longer there
			}
			calm := dbtest.Open(t, engine)
			w := fill(t, calm, seed, 60, 200)
			s := &Service{DB: calm, Clock: january, Part: 20}
			if _, err := s.Run(t.Context(), "test", disturbed(w), nil); err != nil {
				t.Fatal(err)
			}
			want := settled(t, calm)

			g := rand.New(rand.NewPCG(5, uint64(len(engine))))
			kills := 0
			for kills < enough {
				url := dbtest.URL(t, engine)
				d, err := db.Open(t.Context(), url, db.Options{})
				if err != nil {
					t.Fatal(err)
				}
				fill(t, d, seed, 60, 200)
				before := snapshot(t, d)
				kills += untilDone(t, url, g, func() { unpaid(t, d) })
				if got := settled(t, d); got != want {
					t.Fatalf("after %d kills the run ended differently:\n%s", kills, cmp.Diff(want, got))
				}
				kills += untilDone(t, url, g, func() {}, crashUndo+"=1")
				if got := snapshot(t, d); got != before {
					t.Fatalf("after %d kills the undo ended differently:\n%s", kills, cmp.Diff(before, got))
				}
				d.Close()
			}
			t.Logf("killed %d times", kills)
		})
	}
}

// untilDone starts children until one comes to its end, and says how many were killed.
func untilDone(t *testing.T, url string, g *rand.Rand, killed func(), env ...string) (kills int) {
	t.Helper()
	for {
		c := exec.Command(os.Args[0])
		c.Env = append(append(os.Environ(), crashDB+"="+url, fmt.Sprintf("%s=%d", crashAt, 1+g.IntN(60)),
			fmt.Sprintf("%s=%dus", crashDelay, g.IntN(2)*g.IntN(4000))), env...)
		out, err := c.CombinedOutput()
		var exit *exec.ExitError
		switch {
		case err == nil:
			return kills
		case errors.As(err, &exit) && exit.Sys().(syscall.WaitStatus).Signal() == syscall.SIGKILL:
			kills++
			killed()
		default:
			t.Fatalf("the child failed: %v\n%s", err, out)
		}
		if kills > 1000 {
			t.Fatal("the run does not get on")
		}
	}
}

// unpaid checks that no claim belongs to a current run before the run has ended.
func unpaid(t *testing.T, d *db.DB) {
	t.Helper()
	var n int
	if err := d.Get(t.Context(), &n, `SELECT COUNT(*) FROM "tblClaim" AS c JOIN "tblBatchRun" AS r ON r."RunID" = c."RunID"
		WHERE r."ValidityTo" IS NULL AND NOT EXISTS (SELECT 1 FROM "imis_batch" AS b WHERE b."run_id" = r."RunID" AND b."state" = 'published')`); err != nil {
		t.Fatal(err)
	}
	if n > 0 {
		t.Errorf("%d claims of a run that has not ended are seen as paid", n)
	}
}

// settled is what a run left: the tables that it writes, without what differs from database to database.
func settled(t *testing.T, d *db.DB) string {
	t.Helper()
	var text string
	for _, table := range []string{"tblClaim", "tblClaimItems", "tblClaimServices", "tblRelIndex", "tblBatchRun"} {
		for _, row := range goldendb.Rows(t, d, nil, table) {
			delete(row, "ClaimUUID")
			delete(row, "RelIndexID") // numbers that died with a process are not used again
			row["RunID"] = row["RunID"] != nil
			text += table + " " + fmt.Sprint(map[string]any(row)) + "\n"
		}
	}
	return text
}
