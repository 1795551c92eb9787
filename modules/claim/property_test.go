package claim

import (
	"encoding/json"
	"slices"
	"testing"

	"github.com/shopspring/decimal"
	"pgregory.net/rapid"
)

type drawn struct{ t *rapid.T }

func (d drawn) n(max int) int { return rapid.IntRange(0, max-1).Draw(d.t, "n") }

func draw(t *rapid.T) *database {
	return &database{generate(drawn{t}, size{families: 2, products: 3, entries: 3, claims: 1 + drawn{t}.n(12), lines: 4})}
}

// A run over many claims in memory equals claim after claim, each loaded anew; the order of the references
// does not matter.
func TestRunEqualsOneByOne(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		db := draw(t)
		runs := &database{db.load()}
		for _, run := range []struct {
			name string
			bulk func(*Data, []Ref) []Changes
			one  func(*Data, *Claim) Changes
		}{
			{"submit",
				func(d *Data, refs []Ref) []Changes { ch, _ := d.SubmitClaims(refs, someone); return ch },
				func(d *Data, c *Claim) Changes { return d.Submit(c, someone) }},
			{"process",
				func(d *Data, refs []Ref) []Changes { ch, _ := d.ProcessClaims(refs, someone); return ch },
				func(d *Data, c *Claim) Changes { return d.Process(c, someone) }},
		} {
			refs := runs.refs()
			slices.Reverse(refs)
			bulk := run.bulk(NewData(runs.load()), refs)
			for i := range db.rows.Claims {
				d := NewData(db.load())
				ch := run.one(d, d.Claim(i+1))
				if got, want := show(bulk[i]), show(ch); got != want {
					t.Fatalf("%s claim %d:\nin a run  %s\nby itself %s", run.name, i+1, got, want)
				}
				db.store(ch)
			}
			for _, ch := range bulk {
				runs.store(ch)
			}
		}
	})
}

func show(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return string(b)
}

// Submitting a rejected claim again counts the same and leaves the lines as they are; only the checks of
// register and price list may put their reason in the place of the one that rejected the whole claim.
func TestResubmissionOfRejected(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		db := draw(t)
		changes, _ := NewData(db.load()).SubmitClaims(db.refs(), someone)
		for _, ch := range changes {
			db.store(ch)
		}
		for _, first := range changes {
			if first.Outcome.Status != OutcomeRejected {
				continue
			}
			d := NewData(db.load())
			again := d.Submit(d.Claim(first.ClaimID), someone)
			if again.Outcome != first.Outcome {
				t.Fatalf("claim %d: %+v, again %+v", first.ClaimID, first.Outcome, again.Outcome)
			}
			for _, l := range again.Lines {
				was, is := l.line.LineState, l.LineState
				if r := is.Reason(); r == ReasonRegister || r == ReasonPriceList {
					was.RejectionReason = is.RejectionReason
				}
				if show(was) != show(is) {
					t.Fatalf("claim %d %s %d:\n%s\nagain\n%s", first.ClaimID, l.Kind, l.LineID, show(was), show(is))
				}
			}
		}
	})
}

// Counters account for every claim and every current line.
func TestCounters(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		db := draw(t)
		d := NewData(db.load())
		refs := append(db.refs(), Ref{ClaimID: 1}, Ref{ClaimID: 9999})
		_, s := d.SubmitClaims(refs, someone)
		if s.Submitted != s.Checked+s.Rejected+s.Changed+s.Failed || s.Changed != 2 {
			t.Fatalf("submit %+v", s)
		}
		for k := range kindCount {
			current := 0
			for _, l := range db.rows.Lines[k] {
				if l.ValidityTo == nil {
					current++
				}
			}
			if current != s.LinesPassed[k]+s.LinesRejected[k] {
				t.Fatalf("%s: %d lines, %+v", k, current, s)
			}
		}
		_, p := d.ProcessClaims(db.refs(), someone)
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
		d := NewData(db.load())
		d.SubmitClaims(db.refs(), someone)
		for _, ref := range db.refs() {
			c := d.Claim(ref.ClaimID)
			ch := d.Process(c, someone)
			checkLines(t, d, c, ch)
			if ch.DedRem != nil {
				checkDedRem(t, d, c, ch)
			}
			d.Apply(ch)
		}
	})
}

func checkLines(t *rapid.T, d *Data, c *Claim, ch Changes) {
	for i := range ch.Lines {
		l := &ch.Lines[i]
		for name, m := range map[string]money{"adjusted": l.PriceAdjusted, "valuated": l.PriceValuated, "deducted": l.DeductableAmount,
			"exceeded": l.ExceedCeilingAmount, "remunerated": l.RemuneratedAmount, "limitation": l.LimitationValue} {
			if m != nil && (m.IsNegative() || !m.Equal(m.Round(2))) {
				t.Fatalf("claim %d %s %d: %s %s", c.ClaimID, l.Kind, l.LineID, name, m)
			}
		}
		if l.PriceValuated == nil {
			continue
		}
		if l.Status != LinePassed || l.Reason() != ReasonAccepted {
			t.Fatalf("claim %d: a rejected line is valuated", c.ClaimID)
		}
		quantity := l.line.QtyProvided
		if l.QtyApproved != nil {
			quantity = *l.QtyApproved
		}
		parts := l.PriceValuated.Add(*l.DeductableAmount).Add(*l.ExceedCeilingAmount)
		whole := quantity.Mul(*l.PriceAdjusted).Round(2)
		if parts.GreaterThan(whole) {
			t.Fatalf("claim %d %s %d: parts %s of %s", c.ClaimID, l.Kind, l.LineID, parts, whole)
		}
		if *l.PriceOrigin == "R" {
			if l.RemuneratedAmount != nil || ch.Claim.ClaimStatus != StatusProcessed {
				t.Fatalf("claim %d: a relative price waits for the batch run", c.ClaimID)
			}
		} else if !l.RemuneratedAmount.Equal(*l.PriceValuated) {
			t.Fatalf("claim %d: remunerated %s, valuated %s", c.ClaimID, l.RemuneratedAmount, l.PriceValuated)
		}
	}
}

func checkDedRem(t *rapid.T, d *Data, c *Claim, ch Changes) {
	row, product := ch.DedRem, (*Product)(nil)
	deducted, remunerated := decimal.Zero, decimal.Zero
	e := d.evaluate(c, someone)
	for i := range ch.Lines {
		l := &ch.Lines[i]
		if l.PolicyID == nil || *l.PolicyID != row.PolicyID || l.Reason() != ReasonAccepted {
			continue
		}
		product = d.products[*l.ProdID]
		if l.PriceValuated == nil {
			continue
		}
		deducted = deducted.Add(*l.DeductableAmount)
		line := d.packages[l.Kind][productEntry{*l.ProdID, l.line.EntryID}][0]
		if !line.excluded(e.adult, row.DedIP != nil) {
			remunerated = remunerated.Add(*l.PriceValuated)
		}
	}
	if !row.DedG.Equal(deducted) || !row.RemG.Equal(remunerated) {
		t.Fatalf("claim %d: row %s %s, lines %s %s", c.ClaimID, row.DedG, row.RemG, deducted, remunerated)
	}
	byPolicy, byInsuree := e.before(row.PolicyID)
	within := func(name string, used, before decimal.Decimal, limit money) {
		if used.IsPositive() && before.Add(used).GreaterThan(*limit) {
			t.Fatalf("claim %d: %s %s after %s, limit %s", c.ClaimID, name, used, before, limit)
		}
	}
	switch {
	case given(product.DedPolicy):
		within("policy deductible", deducted, byPolicy.dedG, product.DedPolicy)
	case given(product.DedInsuree):
		within("insuree deductible", deducted, byInsuree.dedG, product.DedInsuree)
	case given(product.DedTreatment):
		within("treatment deductible", deducted, decimal.Zero, product.DedTreatment)
	}
	switch {
	case given(product.MaxPolicy):
		limit := *product.MaxPolicy
		threshold := 0
		if product.Threshold != nil {
			threshold = *product.Threshold
		}
		if n := e.members(row.PolicyID) - threshold; n > 0 {
			limit = limit.Add(value(product.MaxPolicyExtraMember).Mul(decimal.New(int64(n), 0)))
		}
		within("policy ceiling", remunerated, byPolicy.remG, &limit)
	case given(product.MaxInsuree):
		within("insuree ceiling", remunerated, byInsuree.remG, product.MaxInsuree)
	case given(product.MaxTreatment):
		within("treatment ceiling", remunerated, decimal.Zero, product.MaxTreatment)
	}
	if category := categories[e.category]; category.paid != nil {
		if cap := category.maxAmount(product); given(cap) {
			within("category cap", value(*category.paid(row)), decimal.Zero, cap)
		}
	}
}
