package rules

import (
	"time"

	"github.com/shopspring/decimal"
	"pgregory.net/rapid"
)

func to[T any](v T) *T { return &v }

func dec(s string) decimal.Decimal { return decimal.RequireFromString(s) }

func amount(s string) Amount { return Pointer(dec(s)) }

func date(s string) time.Time {
	t, err := time.Parse(time.DateOnly, s)
	if err != nil {
		panic(err)
	}
	return t
}

var someone = Author{UserID: 7, Now: time.Date(2020, 1, 2, 3, 4, 5, 0, time.UTC)}

// Before is the state of the line in memory, which Apply replaces.
func (l *LineChange) Before() LineState { return l.line.LineState }

// CheckLines checks the amounts of an evaluation's lines.
func CheckLines(t *rapid.T, d *Data, c *Claim, ch Changes) {
	for i := range ch.Lines {
		l := &ch.Lines[i]
		for name, m := range map[string]Amount{"adjusted": l.PriceAdjusted, "valuated": l.PriceValuated, "deducted": l.DeductableAmount,
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

// CheckDedRem checks the row that an evaluation leaves against its lines and against the limits of the product.
func CheckDedRem(t *rapid.T, d *Data, c *Claim, ch Changes) {
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
	within := func(name string, used, before decimal.Decimal, limit Amount) {
		if used.IsPositive() && before.Add(used).GreaterThan(*limit) {
			t.Fatalf("claim %d: %s %s after %s, limit %s", c.ClaimID, name, used, before, limit)
		}
	}
	switch {
	case Given(product.DedPolicy):
		within("policy deductible", deducted, byPolicy.dedG, product.DedPolicy)
	case Given(product.DedInsuree):
		within("insuree deductible", deducted, byInsuree.dedG, product.DedInsuree)
	case Given(product.DedTreatment):
		within("treatment deductible", deducted, decimal.Zero, product.DedTreatment)
	}
	switch {
	case Given(product.MaxPolicy):
		limit := *product.MaxPolicy
		threshold := 0
		if product.Threshold != nil {
			threshold = *product.Threshold
		}
		if n := e.members(row.PolicyID) - threshold; n > 0 {
			limit = limit.Add(Value(product.MaxPolicyExtraMember).Mul(decimal.New(int64(n), 0)))
		}
		within("policy ceiling", remunerated, byPolicy.remG, &limit)
	case Given(product.MaxInsuree):
		within("insuree ceiling", remunerated, byInsuree.remG, product.MaxInsuree)
	case Given(product.MaxTreatment):
		within("treatment ceiling", remunerated, decimal.Zero, product.MaxTreatment)
	}
	if category := categories[e.category]; category.paid != nil {
		if cap := category.maxAmount(product); Given(cap) {
			within("category cap", Value(*category.paid(row)), decimal.Zero, cap)
		}
	}
}
