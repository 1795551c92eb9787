package seed_test

import (
	"testing"
	"time"

	"github.com/openimis/openimis-be-go/internal/db"
	"github.com/openimis/openimis-be-go/internal/migrate"
	"github.com/openimis/openimis-be-go/internal/progress"
	"github.com/openimis/openimis-be-go/internal/seed"
	"github.com/openimis/openimis-be-go/internal/testing/dbtest"
)

// BenchmarkDistrict fills a database of a district, with 100,000 claims, and indexes it as `server seed`
// does. On PostgreSQL the indexes are there before, so that figure is the worst case.
func BenchmarkDistrict(b *testing.B) {
	for _, engine := range dbtest.Engines() {
		if engine == db.SQLServer {
			continue // its stand-in is not a measure of it
		}
		b.Run(string(engine), func(b *testing.B) {
			for b.Loop() {
				d := fresh(b, engine)
				started := time.Now()
				if err := seed.Seed(b.Context(), d, seed.District, today, progress.None); err != nil {
					b.Fatal(err)
				}
				filled := time.Now()
				if err := migrate.CreateIndexes(b.Context(), d, progress.None); err != nil {
					b.Fatal(err)
				}
				for table, least := range map[string]int{"tblInsuree": 88_000, "tblClaim": 99_900, "tblFamilies": 20_000} {
					var n int
					if err := d.Get(b.Context(), &n, `SELECT COUNT(*) FROM "`+table+`" WHERE "ValidityTo" IS NULL`); err != nil || n < least || n > least*21/20 {
						b.Errorf("%s has %d current rows, %v", table, n, err)
					}
				}
				b.ReportMetric(filled.Sub(started).Seconds(), "s-fill")
				b.ReportMetric(time.Since(filled).Seconds(), "s-index")
			}
		})
	}
}

// fresh is an empty database, without indexes on SQLite.
func fresh(b *testing.B, engine db.Dialect) *db.DB {
	if engine != db.SQLite {
		return dbtest.Open(b, engine)
	}
	d, err := db.Open(b.Context(), "sqlite:"+b.TempDir()+"/district.db", db.Options{})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { d.Close() })
	if err := migrate.CreateTables(b.Context(), d); err != nil {
		b.Fatal(err)
	}
	return d
}
