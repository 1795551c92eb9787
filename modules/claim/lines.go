package claim

import (
	"github.com/shopspring/decimal"

	"github.com/openimis/openimis-be-go/modules/claim/rules"
)

// storedLine is what an update or a review compares and keeps of a line.
type storedLine struct {
	LineID        int             `db:"LineID"`
	EntryID       int             `db:"EntryID"`
	QtyProvided   decimal.Decimal `db:"QtyProvided"`
	PriceAsked    decimal.Decimal `db:"PriceAsked"`
	Explanation   *string         `db:"Explanation"`
	Justification *string         `db:"Justification"`
	QtyApproved   rules.Amount    `db:"QtyApproved"`
	PriceApproved rules.Amount    `db:"PriceApproved"`
	Status        int             `db:"Status"`
	Reason        *int            `db:"RejectionReason"`
}

var storedLineRecord = recordOf[storedLine]()

// equals says whether nothing changed; NULL and empty texts are the same.
func (l storedLine) equals(o storedLine) bool {
	return l.LineID == o.LineID && l.EntryID == o.EntryID && l.QtyProvided.Equal(o.QtyProvided) && l.PriceAsked.Equal(o.PriceAsked) &&
		sameText(l.Explanation, o.Explanation) && sameText(l.Justification, o.Justification) &&
		sameAmount(l.QtyApproved, o.QtyApproved) && sameAmount(l.PriceApproved, o.PriceApproved) &&
		l.Status == o.Status && same(l.Reason, o.Reason)
}

func same[T comparable](a, b *T) bool { return a == b || a != nil && b != nil && *a == *b }

func sameAmount(a, b rules.Amount) bool { return a == b || a != nil && b != nil && a.Equal(*b) }

func sameText(a, b *string) bool {
	text := func(s *string) string {
		if s == nil {
			return ""
		}
		return *s
	}
	return text(a) == text(b)
}

// approved is what a passed line is worth after review.
func (l storedLine) approved() decimal.Decimal {
	return rules.Value(rules.FirstOf(l.QtyApproved, &l.QtyProvided)).Mul(rules.Value(rules.FirstOf(l.PriceApproved, &l.PriceAsked)))
}
