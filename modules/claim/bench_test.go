package claim

import (
	"math/rand/v2"
	"testing"
)

// One operation is one claim, of 2.5 lines on average, of a district with 10 000 claims.
func bench(b *testing.B, prepare, run func(*Data, []Ref)) {
	db := &database{generate(seeded{rand.New(rand.NewPCG(1, 2))}, size{families: 1000, products: 5, entries: 40, claims: 10_000, lines: 4})}
	b.ReportAllocs()
	b.ResetTimer()
	for done := 0; done < b.N; {
		b.StopTimer()
		d := NewData(db.load())
		refs := db.refs()
		prepare(d, refs)
		refs = refs[:min(len(refs), b.N-done)]
		b.StartTimer()
		run(d, refs)
		done += len(refs)
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "claims/s")
}

func BenchmarkSubmit(b *testing.B) {
	bench(b, func(*Data, []Ref) {}, func(d *Data, refs []Ref) { d.SubmitClaims(refs, someone) })
}

func BenchmarkProcess(b *testing.B) {
	bench(b, func(d *Data, refs []Ref) { d.SubmitClaims(refs, someone) },
		func(d *Data, refs []Ref) { d.ProcessClaims(refs, someone) })
}

// BenchmarkLoad is the indexing of 10 000 claims.
func BenchmarkLoad(b *testing.B) {
	db := &database{generate(seeded{rand.New(rand.NewPCG(1, 2))}, size{families: 1000, products: 5, entries: 40, claims: 10_000, lines: 4})}
	b.ReportAllocs()
	for b.Loop() {
		NewData(db.load())
	}
}
