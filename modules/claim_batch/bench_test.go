package claim_batch

import (
	"context"
	"os"
	"runtime/debug"
	"strconv"
	"testing"
	"time"

	"github.com/openimis/openimis-be-go/internal/db"
	claimstest "github.com/openimis/openimis-be-go/internal/testing/claims"
	"github.com/openimis/openimis-be-go/internal/testing/dbtest"
	"github.com/openimis/openimis-be-go/internal/testing/proc"
)

// benchClaims is how many claims the benchmark's run pays; IMIS_BENCH_CLAIMS says another number.
func benchClaims(b *testing.B) int {
	text := os.Getenv("IMIS_BENCH_CLAIMS")
	if text == "" {
		return 100_000
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		b.Fatalf("IMIS_BENCH_CLAIMS=%q is not a number", text)
	}
	return n
}

// generated is how many claims are generated at most; more are copies of these.
const generated = 100_000

// BenchmarkBatch is one run that pays 100,000 claims of two and a half lines, its preview and its undo. How the processor
// time for a claim grows with IMIS_BENCH_CLAIMS is how the time grows: other programs on the machine change it less.
func BenchmarkBatch(b *testing.B) { benchmark(b, 1) }

// BenchmarkBatchOfFew is the same of a location whose products only one claim in 25 has to do with, as in a region's run
// in a country. The times are for each of all claims.
func BenchmarkBatchOfFew(b *testing.B) { benchmark(b, 25) }

// benchmark runs the batch of one claim in so many.
func benchmark(b *testing.B, every int) {
	claims := benchClaims(b)
	db.Observe(nil) // statements are checked by the tests
	for _, engine := range []db.Dialect{db.SQLite, db.Postgres} {
		if engine == db.Postgres && os.Getenv("IMIS_TEST_POSTGRES") == "" {
			continue
		}
		b.Run(string(engine), func(b *testing.B) {
			d := dbtest.Open(b, engine)
			first := min(claims, generated)
			closing(b, d, fill(b, d, 1, first/20, first), every)
			claimstest.Multiply(b, d, claims)
			s := &Service{DB: d, Clock: january}
			r := Request{Year: 2019, Month: 3, UserID: 9}
			for b.Loop() {
				high := watchMemory(b)
				timed(b, d, "preview", claims, func() error { _, err := s.Preview(b.Context(), r); return err })
				timed(b, d, "run", claims, func() error { _, err := s.Run(b.Context(), "bench", r, nil); return err })
				var paid int
				if err := d.Get(b.Context(), &paid, `SELECT COUNT(*) FROM "tblClaim" WHERE "RunID" IS NOT NULL AND "ClaimStatus" = 16`); err != nil || paid < claims/every*9/10 || paid > claims/every+1 {
					b.Fatalf("%d of %d claims are paid, %v", paid, claims, err)
				}
				timed(b, d, "undo", claims, func() error { return s.Undo(b.Context(), "bench", nil, "", nil) })
				b.ReportMetric(high(), "peak-MB")
			}
		})
	}
}

// closing makes one claim in so many one of a national product, and the others those of a region's, all processed in
// March 2019.
func closing(b *testing.B, d *db.DB, w world, every int) {
	var elsewhere int
	if err := d.Get(b.Context(), &elsewhere, `SELECT MIN(p."ProdID") FROM "tblProduct" AS p WHERE p."LocationId" IS NOT NULL AND p."ValidityTo" IS NULL`); err != nil {
		b.Fatal(err)
	}
	err := d.Write(context.Background(), "prepare", func(tx *db.Tx) error {
		if _, err := tx.Exec(context.Background(), `UPDATE "tblClaim" SET "ClaimStatus" = 8, "ProcessStamp" = ?, "ValidityTo" = NULL`, date("2019-03-15")); err != nil {
			return err
		}
		for _, k := range kinds {
			if _, err := tx.Exec(context.Background(), `UPDATE "`+k.table+`" SET "ProdID" = CASE WHEN "ClaimID" % CAST(? AS int) = 0 THEN CAST(? AS int) ELSE CAST(? AS int) END, "PriceOrigin" = 'R', "PriceValuated" = COALESCE("PriceValuated", 10)`, every, w.products[0], elsewhere); err != nil {
				return err
			}
		}
		_, err := tx.Exec(context.Background(), `UPDATE "tblRelDistr" SET "DistrPerc" = 0.8, "DistrCareType" = 'B', "DistrType" = 12, "Period" = 3 WHERE "ProdID" = ?`, w.products[0])
		return err
	})
	if err == nil {
		_, err = d.Pool().ExecContext(b.Context(), `ANALYZE`)
	}
	if err != nil {
		b.Fatal(err)
	}
}

// timed reports how long fn takes, and how much of a processor for it and for each claim.
func timed(b *testing.B, d *db.DB, what string, claims int, fn func() error) {
	b.Helper()
	began, before := time.Now(), processor(b, d)
	if err := fn(); err != nil {
		b.Fatal(err)
	}
	b.ReportMetric(time.Since(began).Seconds(), what+"-s")
	var used time.Duration
	for pid, now := range processor(b, d) {
		used += now - before[pid]
	}
	b.ReportMetric(used.Seconds(), what+"-cpu-s")
	b.ReportMetric(float64(used.Microseconds())/float64(claims), what+"-cpu-µs/claim")
}

// processor gives the processor time that this process has used and, where they are on this machine, those of PostgreSQL
// that work for it (without the helpers that it starts for single statements).
func processor(b *testing.B, d *db.DB) map[int]time.Duration {
	pids := []int{}
	if d.Dialect() == db.Postgres {
		if err := d.Select(b.Context(), &pids, `SELECT a.pid FROM pg_stat_activity AS a WHERE a.datname = current_database() AND a.backend_type = 'client backend'`); err != nil {
			b.Fatal(err)
		}
	}
	used := map[int]time.Duration{}
	for _, pid := range append(pids, os.Getpid()) {
		if cpu, err := proc.CPU(pid); err != nil {
			b.Log(err)
		} else {
			used[pid] = cpu
		}
	}
	return used
}

// watchMemory finds the most memory, in MB, that the process has resident from now on.
func watchMemory(b *testing.B) (high func() float64) {
	debug.FreeOSMemory()
	if err := proc.ResetPeak(os.Getpid()); err != nil {
		b.Log(err)
	}
	return func() float64 {
		peak, err := proc.Peak(os.Getpid())
		if err != nil {
			b.Log(err)
		}
		return peak
	}
}
