package rules

import "github.com/shopspring/decimal"

// WrittenLine is what people write of a current line: its facility when it enters and updates the claim, the medical
// officer when it is reviewed.
type WrittenLine struct {
	LineID        int             `db:"LineID"`
	EntryID       int             `db:"EntryID"`
	QtyProvided   decimal.Decimal `db:"QtyProvided"`
	PriceAsked    decimal.Decimal `db:"PriceAsked"`
	Explanation   *string         `db:"Explanation"`
	Justification *string         `db:"Justification"`
	QtyApproved   Amount          `db:"QtyApproved"`
	PriceApproved Amount          `db:"PriceApproved"`
	Status        int             `db:"Status"`
	Reason        *int            `db:"RejectionReason"`
}

// WrittenLines are the current lines of a claim by their ids.
type WrittenLines [KindCount]map[int]WrittenLine

// Equals says whether nothing changed; NULL and empty texts are the same.
func (l WrittenLine) Equals(o WrittenLine) bool {
	return l.LineID == o.LineID && l.EntryID == o.EntryID && l.QtyProvided.Equal(o.QtyProvided) && l.PriceAsked.Equal(o.PriceAsked) &&
		sameText(l.Explanation, o.Explanation) && sameText(l.Justification, o.Justification) &&
		sameAmount(l.QtyApproved, o.QtyApproved) && sameAmount(l.PriceApproved, o.PriceApproved) &&
		l.Status == o.Status && (l.Reason == o.Reason || l.Reason != nil && o.Reason != nil && *l.Reason == *o.Reason)
}

func sameAmount(a, b Amount) bool { return a == b || a != nil && b != nil && a.Equal(*b) }

func sameText(a, b *string) bool {
	text := func(s *string) string {
		if s == nil {
			return ""
		}
		return *s
	}
	return text(a) == text(b)
}

// Updated is the line as its facility writes it now. again: the claim is entered again, and the line is judged anew.
func (l WrittenLine) Updated(f FormLine, entry int, again bool) WrittenLine {
	l.EntryID, l.QtyProvided, l.PriceAsked = entry, Value(f.Quantity), Value(f.Price)
	if f.Explanation != nil {
		l.Explanation = TextOrNone(f.Explanation)
	}
	if f.Justification != nil {
		l.Justification = TextOrNone(f.Justification)
	}
	if again {
		l.Status, l.Reason, l.QtyApproved, l.PriceApproved = LinePassed, reasonPointer(ReasonAccepted), nil, nil
	}
	return l
}

// TextOrNone makes NULL of an empty text.
func TextOrNone(text *string) *string {
	if text == nil || *text == "" {
		return nil
	}
	return text
}

// Judged checks that a form rejects no line that is not rejected already.
func (w WrittenLines) Judged(f *Form) (found []Problem) {
	for k := range KindCount {
		for i, l := range f.Lines[k] {
			if l.Rejected && w[k][l.LineID].Status != LineRejected {
				found = append(found, Problem{BadValue, Place{Part: PartLineStatus, Kind: k, Index: i}, "the line has passed so far; submission and review reject lines, a form does not"})
			}
		}
	}
	return found
}

// Own checks that the lines with an id among those of a form or a review are current lines of the claim, each once.
func (w WrittenLines) Own(ids [KindCount][]int) (found []Problem) {
	for k := range KindCount {
		seen := map[int]bool{}
		for i, id := range ids[k] {
			at := Place{Part: PartLineID, Kind: k, Index: i}
			switch _, own := w[k][id]; {
			case id == 0:
			case !own:
				found = append(found, Problem{UnknownLine, at, sentence("the claim has no line %d", id)})
			case seen[id]:
				found = append(found, Problem{BadValue, at, sentence("line %d is given twice", id)})
			}
			seen[id] = true
		}
	}
	return found
}
