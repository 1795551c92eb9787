package rules_test

import (
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/openimis/openimis-be-go/internal/testing/claims"
	"github.com/openimis/openimis-be-go/modules/claim/rules"
)

type drawn struct{ t *rapid.T }

func (d drawn) N(max int) int { return rapid.IntRange(0, max-1).Draw(d.t, "n") }

func draw(t *rapid.T) *claims.Database {
	return &claims.Database{Rows: claims.Generate(drawn{t}, claims.Size{Families: 2, Products: 3, Entries: 3, Claims: 1 + drawn{t}.N(12), Lines: 4})}
}

// A run over many claims in memory equals claim after claim, each loaded anew; the order of the references
// does not matter.
func TestRunEqualsOneByOne(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		db := draw(t)
		runs := &claims.Database{Rows: db.Load()}
		for _, run := range []struct {
			name string
			bulk func(*rules.Data, []rules.Ref) []rules.Changes
			one  func(*rules.Data, *rules.Claim) rules.Changes
		}{
			{"submit",
				func(d *rules.Data, refs []rules.Ref) []rules.Changes {
					ch, _ := d.SubmitClaims(refs, claims.Someone)
					return ch
				},
				func(d *rules.Data, c *rules.Claim) rules.Changes { return d.Submit(c, claims.Someone) }},
			{"process",
				func(d *rules.Data, refs []rules.Ref) []rules.Changes {
					ch, _ := d.ProcessClaims(refs, claims.Someone)
					return ch
				},
				func(d *rules.Data, c *rules.Claim) rules.Changes { return d.Process(c, claims.Someone) }},
		} {
			refs := runs.Refs()
			slices.Reverse(refs)
			bulk := run.bulk(rules.NewData(runs.Load()), rules.InOrder(refs))
			for i := range db.Rows.Claims {
				d := rules.NewData(db.Load())
				ch := run.one(d, d.Claim(i+1))
				if got, want := claims.Show(bulk[i]), claims.Show(ch); got != want {
					t.Fatalf("%s claim %d:\nin a run  %s\nby itself %s", run.name, i+1, got, want)
				}
				db.Store(ch)
			}
			for _, ch := range bulk {
				runs.Store(ch)
			}
		}
	})
}

// Submitting a rejected claim again counts the same and leaves the lines as they are; only the checks of
// register and price list may put their reason in the place of the one that rejected the whole claim.
func TestResubmissionOfRejected(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		db := draw(t)
		changes, _ := rules.NewData(db.Load()).SubmitClaims(db.Refs(), claims.Someone)
		for _, ch := range changes {
			db.Store(ch)
		}
		for _, first := range changes {
			if first.Outcome.Status != rules.OutcomeRejected {
				continue
			}
			d := rules.NewData(db.Load())
			again := d.Submit(d.Claim(first.ClaimID), claims.Someone)
			if again.Outcome != first.Outcome {
				t.Fatalf("claim %d: %+v, again %+v", first.ClaimID, first.Outcome, again.Outcome)
			}
			for _, l := range again.Lines {
				was, is := l.Before(), l.LineState
				if r := is.Reason(); r == rules.ReasonRegister || r == rules.ReasonPriceList {
					was.RejectionReason = is.RejectionReason
				}
				if claims.Show(was) != claims.Show(is) {
					t.Fatalf("claim %d %s %d:\n%s\nagain\n%s", first.ClaimID, l.Kind, l.LineID, claims.Show(was), claims.Show(is))
				}
			}
		}
	})
}

// Counters account for every claim and every current line.
func TestCounters(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		db := draw(t)
		d := rules.NewData(db.Load())
		refs := append(db.Refs(), rules.Ref{ClaimID: 1}, rules.Ref{ClaimID: 9999})
		_, s := d.SubmitClaims(rules.InOrder(refs), claims.Someone)
		if s.Submitted != s.Checked+s.Rejected+s.Changed+s.Failed || s.Changed != 2 {
			t.Fatalf("submit %+v", s)
		}
		for k := range rules.KindCount {
			current := 0
			for _, l := range db.Rows.Lines[k] {
				if l.ValidityTo == nil {
					current++
				}
			}
			if current != s.LinesPassed[k]+s.LinesRejected[k] {
				t.Fatalf("%s: %d lines, %+v", k, current, s)
			}
		}
		_, p := d.ProcessClaims(db.Refs(), claims.Someone)
		if p.Submitted != p.Processed+p.Valuated+p.Rejected+p.Changed+p.Failed || p.Failed != 0 {
			t.Fatalf("process %+v", p)
		}
	})
}

// What a claim costs is accounted for: no amount is negative, parts do not exceed the price, the DedRem row
// is the sum of the lines, and deductibles, ceilings and caps hold.
func TestValuation(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		db := draw(t)
		d := rules.NewData(db.Load())
		d.SubmitClaims(db.Refs(), claims.Someone)
		for _, ref := range db.Refs() {
			c := d.Claim(ref.ClaimID)
			ch := d.Process(c, claims.Someone)
			rules.CheckLines(t, d, c, ch)
			if ch.DedRem != nil {
				rules.CheckDedRem(t, d, c, ch)
			}
			d.Apply(ch)
		}
	})
}
