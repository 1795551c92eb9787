package rules

import "github.com/shopspring/decimal"

// Review is what a medical officer decided about a claim. Lines that it does not name stay as they are.
type Review struct {
	ClaimID int
	Lines   [KindCount][]Decision
}

// Decision is about one line. The form is complete: no quantity or price approved means those that were claimed.
type Decision struct {
	LineID        int
	EntryID       int // the item or service that the officer saw; 0: not said
	Rejected      bool
	QtyApproved   Amount
	PriceApproved Amount
	Justification *string // nil: it stays; empty: none
	// What the officer saw of the facility's; nil: not said. A review does not change it.
	QtyProvided Amount
	PriceAsked  Amount
	Explanation *string
}

// Apply decides about the current lines of a claim: those that change come back, as they are afterwards. What the rules
// rejected stays rejected. The lines given are changed too.
func (r *Review) Apply(lines WrittenLines) (changed [KindCount][]WrittenLine, found []Problem) {
	var ids [KindCount][]int
	for k := range KindCount {
		for i := range r.Lines[k] {
			d := &r.Lines[k][i]
			ids[k] = append(ids[k], d.LineID)
			if d.LineID == 0 {
				found = append(found, Problem{Missing, Place{Part: PartLineID, Kind: k, Index: i}, "a review decides about lines of the claim; the id of the line is missing"})
			}
		}
	}
	if found = append(found, lines.Own(ids)...); len(found) > 0 {
		return changed, found
	}
	for k := range KindCount {
		for i := range r.Lines[k] {
			was := lines[k][r.Lines[k][i].LineID]
			now, problems := r.Lines[k][i].apply(was, Place{Kind: k, Index: i})
			found = append(found, problems...)
			if !now.Equals(was) {
				lines[k][now.LineID] = now
				changed[k] = append(changed[k], now)
			}
		}
	}
	return changed, found
}

func (d *Decision) apply(was WrittenLine, at Place) (now WrittenLine, found []Problem) {
	if d.EntryID != 0 && d.EntryID != was.EntryID {
		found = append(found, Problem{BadValue, at.of(PartLineID), sentence("line %d is about another item or service than %d", d.LineID, d.EntryID)})
	}
	for _, seen := range []struct {
		part    Part
		differs bool
	}{
		{PartQuantity, d.QtyProvided != nil && !d.QtyProvided.Equal(was.QtyProvided)},
		{PartPrice, d.PriceAsked != nil && !d.PriceAsked.Equal(was.PriceAsked)},
		{PartExplanation, d.Explanation != nil && !sameText(d.Explanation, was.Explanation)},
	} {
		if seen.differs {
			found = append(found, Problem{BadValue, at.of(seen.part), "the facility wrote something else; a review decides about quantity and price approved and writes a justification"})
		}
	}
	found = append(found, checkAmount(at.of(PartQuantityApproved), &d.QtyApproved)...)
	found = append(found, checkAmount(at.of(PartPriceApproved), &d.PriceApproved)...)
	now = was
	if d.Justification != nil {
		now.Justification = TextOrNone(d.Justification)
	}
	byRules := was.Reason != nil && *was.Reason > ReasonAccepted
	switch {
	case byRules && !d.Rejected:
		found = append(found, Problem{BadValue, at.of(PartLineStatus), sentence("the line cannot pass: %s", ReasonText(*was.Reason))})
	case byRules:
		return now, found
	case d.Rejected:
		now.Status, now.Reason = LineRejected, &medicalOfficer
	default:
		now.Status, now.Reason = LinePassed, reasonPointer(ReasonAccepted)
	}
	now.QtyApproved, now.PriceApproved = d.QtyApproved, d.PriceApproved
	return now, found
}

var medicalOfficer = ReasonMedicalOfficer

// Approved is what the passed lines of a reviewed claim are worth, and how many they are. The claim is rejected when there
// is none.
func (w WrittenLines) Approved() (sum decimal.Decimal, passed int, found []Problem) {
	sum = Zero
	for k := range w {
		for _, l := range w[k] {
			if l.Status == LinePassed {
				passed++
				sum = sum.Add(Value(FirstOf(l.QtyApproved, &l.QtyProvided)).Mul(Value(FirstOf(l.PriceApproved, &l.PriceAsked))))
			}
		}
	}
	sum = sum.Round(2)
	if Overflows(sum) {
		found = append(found, Problem{BadValue, Place{Part: PartTotal}, sentence("the approved lines add up to %s; less than %s is allowed", sum, AmountLimit)})
	}
	return sum, passed, found
}
