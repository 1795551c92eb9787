package rules_test

import (
	"testing"

	"github.com/openimis/openimis-be-go/internal/testing/claims"
	"github.com/openimis/openimis-be-go/modules/claim/rules"
)

// One operation is one claim, of 2.5 lines on average, of a district with 10 000 claims.
func bench(b *testing.B, prepare, run func(*rules.Data, []rules.Ref)) {
	db := &claims.Database{Rows: claims.Generate(claims.Seeded(), claims.Size{Families: 1000, Products: 5, Entries: 40, Claims: 10_000, Lines: 4})}
	b.ReportAllocs()
	b.ResetTimer()
	for done := 0; done < b.N; {
		b.StopTimer()
		d := rules.NewData(db.Load())
		refs := db.Refs()
		prepare(d, refs)
		refs = refs[:min(len(refs), b.N-done)]
		b.StartTimer()
		run(d, refs)
		done += len(refs)
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "claims/s")
}

func BenchmarkSubmit(b *testing.B) {
	bench(b, func(*rules.Data, []rules.Ref) {}, func(d *rules.Data, refs []rules.Ref) { d.SubmitClaims(refs, claims.Someone) })
}

func BenchmarkProcess(b *testing.B) {
	bench(b, func(d *rules.Data, refs []rules.Ref) { d.SubmitClaims(refs, claims.Someone) },
		func(d *rules.Data, refs []rules.Ref) { d.ProcessClaims(refs, claims.Someone) })
}

// BenchmarkLoad is the indexing of 10 000 claims.
func BenchmarkLoad(b *testing.B) {
	db := &claims.Database{Rows: claims.Generate(claims.Seeded(), claims.Size{Families: 1000, Products: 5, Entries: 40, Claims: 10_000, Lines: 4})}
	b.ReportAllocs()
	for b.Loop() {
		rules.NewData(db.Load())
	}
}
