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

// BenchmarkBatch is one run that pays 100,000 claims of two and a half lines, its preview and its undo.
func BenchmarkBatch(b *testing.B) {
	claims := benchClaims(b)
	db.Observe(nil) // statements are checked by the tests
	for _, engine := range []db.Dialect{db.SQLite, db.Postgres} {
		if engine == db.Postgres && os.Getenv("IMIS_TEST_POSTGRES") == "" {
			continue
		}
		b.Run(string(engine), func(b *testing.B) {
			d := dbtest.Open(b, engine)
			first := min(claims, generated)
			closing(b, d, fill(b, d, 1, first/20, first))
			claimstest.Multiply(b, d, claims)
			s := &Service{DB: d, Clock: january}
			r := Request{Year: 2019, Month: 3, UserID: 9}
			for b.Loop() {
				high := watchMemory(b)
				timed(b, "preview", func() error { _, err := s.Preview(b.Context(), r); return err })
				timed(b, "run", func() error { _, err := s.Run(b.Context(), "bench", r, nil); return err })
				var paid int
				if err := d.Get(b.Context(), &paid, `SELECT COUNT(*) FROM "tblClaim" WHERE "RunID" IS NOT NULL AND "ClaimStatus" = 16`); err != nil || paid < claims*9/10 {
					b.Fatalf("%d of %d claims are paid, %v", paid, claims, err)
				}
				timed(b, "undo", func() error { return s.Undo(b.Context(), "bench", nil, "", nil) })
				b.ReportMetric(high(), "peak-MB")
			}
		})
	}
}

// closing makes all claims those of one national product, processed in March 2019.
func closing(b *testing.B, d *db.DB, w world) {
	err := d.Write(context.Background(), "prepare", func(tx *db.Tx) error {
		if _, err := tx.Exec(context.Background(), `UPDATE "tblClaim" SET "ClaimStatus" = 8, "ProcessStamp" = ?, "ValidityTo" = NULL`, date("2019-03-15")); err != nil {
			return err
		}
		for _, k := range kinds {
			if _, err := tx.Exec(context.Background(), `UPDATE "`+k.table+`" SET "ProdID" = ?, "PriceOrigin" = 'R', "PriceValuated" = COALESCE("PriceValuated", 10)`, w.products[0]); err != nil {
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

// timed reports how long fn takes, and how much of a processor this process takes for it, which others on the
// machine change less.
func timed(b *testing.B, what string, fn func() error) {
	b.Helper()
	began, used := time.Now(), processor(b)
	if err := fn(); err != nil {
		b.Fatal(err)
	}
	b.ReportMetric(time.Since(began).Seconds(), what+"-s")
	b.ReportMetric((processor(b) - used).Seconds(), what+"-cpu-s")
}

func processor(b *testing.B) time.Duration {
	used, err := proc.CPU(os.Getpid())
	if err != nil {
		b.Log(err)
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
