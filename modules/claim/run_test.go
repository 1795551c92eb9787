package claim

import (
	"context"
	"slices"
	"testing"

	"github.com/openimis/openimis-be-go/internal/auth"
	"github.com/openimis/openimis-be-go/internal/db"
	"github.com/openimis/openimis-be-go/internal/testing/claims"
	"github.com/openimis/openimis-be-go/internal/testing/dbtest"
	"github.com/openimis/openimis-be-go/modules/claim/rules"
)

func someWorld(s claims.Size) rules.Rows { return claims.Generate(claims.Seeded(), s) }

// A run over 500 claims sends as many statements as one over 10.
func TestStatementsDoNotGrowWithClaims(t *testing.T) {
	counts := map[string][]int{}
	for _, n := range []int{10, 500} {
		d := dbtest.SQLite(t)
		persist(t, d, someWorld(claims.Size{Families: 60, Products: 3, Entries: 10, Claims: 500, Lines: 3}))
		ctx := t.Context()
		counts["submit"] = append(counts["submit"], statements(t, d, n, func(tx *db.Tx, refs []rules.Ref) error {
			done, err := Service{}.Submit(ctx, tx, someone, refs)
			if done.Counts.Checked == 0 {
				t.Error("no claim was checked")
			}
			return err
		}))
		counts["process"] = append(counts["process"], statements(t, d, n, func(tx *db.Tx, refs []rules.Ref) error {
			done, err := Service{}.Process(ctx, tx, someone, refs)
			if done.Counts.Valuated+done.Counts.Processed == 0 {
				t.Error("no claim was valuated")
			}
			return err
		}))
	}
	for what, n := range counts {
		if n[0] != n[1] || n[0] > 25 {
			t.Errorf("%s of 10 claims takes %d statements, of 500 %d", what, n[0], n[1])
		}
	}
}

// Larger runs take some statements more for every 2,000 claims or lines.
func TestStatementsOfLargeRuns(t *testing.T) {
	const total = 2*portion + 500
	d := dbtest.SQLite(t)
	persist(t, d, someWorld(claims.Size{Families: 500, Products: 3, Entries: 10, Claims: total, Lines: 3}))
	submit := func(tx *db.Tx, refs []rules.Ref) error {
		done, err := Service{}.Submit(t.Context(), tx, someone, refs)
		n := done.Counts
		if len(done.Outcomes) != len(refs) || n.Submitted != len(refs) || n.Checked+n.Rejected != len(refs) {
			t.Errorf("%d outcomes, %+v", len(done.Outcomes), n)
		}
		return err
	}
	one := statements(t, d, portion, submit)
	if err := d.Write(t.Context(), "again", func(tx *db.Tx) error {
		_, err := tx.Exec(t.Context(), `UPDATE "tblClaim" SET "ClaimStatus" = 2`)
		return err
	}); err != nil {
		t.Fatal(err)
	}
	if all := statements(t, d, total, submit); all > 3*one {
		t.Errorf("%d statements for %d claims, %d for %d", all, total, one, portion)
	}
}

// What is written equals what the rules say: a second load finds the state that the first run left in memory.
func TestStoreKeepsWhatTheRulesSay(t *testing.T) {
	for _, engine := range freshEngines() {
		t.Run(string(engine), func(t *testing.T) {
			d := dbtest.Open(t, engine)
			world := &claims.Database{Rows: someWorld(claims.Size{Families: 20, Products: 3, Entries: 6, Claims: 60, Lines: 4})}
			persist(t, d, world.Load())
			refs := world.Refs()
			submit, _ := rules.NewData(world.Load()).SubmitClaims(refs, claims.Someone)
			for _, ch := range submit {
				world.Store(ch)
			}
			process, _ := rules.NewData(world.Load()).ProcessClaims(refs, claims.Someone)
			for _, ch := range process {
				world.Store(ch)
			}
			compare := func(what string, want []rules.Changes, r run, step func(*rules.Data, []rules.Ref) []rules.Changes) {
				var got []rules.Changes
				r.author, r.rules = someone, func(d *rules.Data, refs []rules.Ref) []rules.Changes { got = step(d, refs); return got }
				if err := d.Write(t.Context(), what, func(tx *db.Tx) error { _, err := r.over(t.Context(), tx, refs); return err }); err != nil {
					t.Fatal(err)
				}
				for i := range want {
					if a, b := claims.Show(got[i]), claims.Show(want[i]); a != b {
						t.Fatalf("%s claim %d:\nstored    %s\nin memory %s", what, want[i].ClaimID, a, b)
					}
				}
			}
			compare("submit", submit, run{purpose: forSubmit}, func(d *rules.Data, refs []rules.Ref) []rules.Changes {
				ch, _ := d.SubmitClaims(refs, claims.Someone)
				return ch
			})
			compare("process", process, run{purpose: forProcess}, func(d *rules.Data, refs []rules.Ref) []rules.Changes {
				ch, _ := d.ProcessClaims(refs, claims.Someone)
				return ch
			})
		})
	}
}

// someone runs the rules and sees everything.
var someone = Author{&auth.Principal{Person: &auth.Person{ID: claims.Someone.UserID}, Scope: auth.Scope{All: true}}, claims.Someone.Now}

// freshEngines are those whose test databases number rows from 1, as generated worlds do.
func freshEngines() []db.Dialect {
	return slices.DeleteFunc(dbtest.Engines(), func(e db.Dialect) bool { return e == db.SQLServer })
}

// BenchmarkSubmit5000 and BenchmarkProcess5000 are one mutation over 5,000 claims of a district that
// has 20,000 more.
func BenchmarkSubmit5000(b *testing.B)  { benchRun(b, false) }
func BenchmarkProcess5000(b *testing.B) { benchRun(b, true) }

func benchRun(b *testing.B, process bool) {
	for _, engine := range freshEngines() {
		b.Run(string(engine), func(b *testing.B) {
			d := dbtest.Open(b, engine)
			const total, run = 25_000, 5_000
			persist(b, d, someWorld(claims.Size{Families: 3000, Products: 5, Entries: 40, Claims: total, Lines: 4}))
			submit := func(tx *db.Tx, refs []rules.Ref) error {
				_, err := Service{}.Submit(b.Context(), tx, someone, refs)
				return err
			}
			step := submit
			refs := make([]rules.Ref, total)
			for i := range refs {
				refs[i].ClaimID = i + 1
			}
			write := func(fn func(*db.Tx, []rules.Ref) error, refs []rules.Ref) {
				if err := d.Write(context.Background(), "run", func(tx *db.Tx) error { return fn(tx, refs) }); err != nil {
					b.Fatal(err)
				}
			}
			write(submit, refs[run:])
			if process {
				write(submit, refs[:run])
				step = func(tx *db.Tx, refs []rules.Ref) error {
					_, err := Service{}.Process(b.Context(), tx, someone, refs)
					return err
				}
			}
			b.ReportAllocs()
			for b.Loop() {
				write(step, refs[:run])
			}
			b.ReportMetric(float64(b.N*run)/b.Elapsed().Seconds(), "claims/s")
		})
	}
}
