package rules

import (
	"time"

	"github.com/shopspring/decimal"

	"github.com/openimis/openimis-be-go/internal/calendar"
)

// Premium is what was paid on one day for policies of one product and period. Policies that are idle, and
// premiums paid after the policy had expired, do not count and do not belong here.
type Premium struct {
	ProductID     int             `db:"ProdID"`
	Amount        decimal.Decimal `db:"Total"` // the sum of equal payments on equal days
	PayDate       time.Time       `db:"PayDate"`
	EffectiveDate *time.Time      `db:"EffectiveDate"`
	ExpiryDate    time.Time       `db:"ExpiryDate"`
}

// dayScale is how many decimals the amount of a day keeps: SQL Server divides decimal(38,2) by int so.
const dayScale = 6

// Share is the part of the premium that a month earns, not rounded: the days of cover in it, times the amount of
// a day. The cases exclude each other in this order, so that a policy that begins and ends in the month counts from
// the first day of the month on, and one that expires on the first of the next month as if it went on.
func (p Premium) Share(month Period) decimal.Decimal {
	first, last := month.From(), month.Until().AddDate(0, 0, -1)
	base := p.PayDate
	if p.EffectiveDate != nil && base.Before(*p.EffectiveDate) {
		base = *p.EffectiveDate
	}
	length := calendar.Days(base, p.ExpiryDate)
	switch {
	case month.Contains(p.ExpiryDate.AddDate(0, 0, -1)) && p.ExpiryDate.Day() > 1:
		begin := first
		if p.PayDate.After(first) {
			begin = p.PayDate
		}
		days := calendar.Days(begin, p.ExpiryDate)
		if days == 0 {
			days = 1
		}
		return p.perDay(length).Mul(count(days))
	case month.Contains(base):
		return p.perDay(length).Mul(count(calendar.Days(base, last) + 1))
	case p.EffectiveDate != nil && p.EffectiveDate.Before(first) && p.ExpiryDate.After(last) && p.PayDate.Before(first):
		if length <= 1 {
			length = 1
		}
		return p.perDay(length).Mul(count(calendar.Days(first, last) + 1))
	}
	return decimal.Zero
}

// perDay is the amount of a day, cut off as a division of SQL Server is.
func (p Premium) perDay(days int) decimal.Decimal {
	quotient, _ := p.Amount.QuoRem(count(max(1, days)), dayScale)
	return quotient
}

func count(n int) decimal.Decimal { return decimal.New(int64(n), 0) }

// Earned adds up what premiums earn in a period, by product: rounded at the end of each month. A product with
// any premium, however old, has an entry.
type Earned struct {
	period Period
	months []Period
	sums   map[int][]decimal.Decimal
}

// NewEarned starts the sums of a period.
func NewEarned(p Period) *Earned {
	return &Earned{period: p, months: p.Months(), sums: map[int][]decimal.Decimal{}}
}

// Has notes that a product has premiums.
func (e *Earned) Has(product int) {
	if e.sums[product] == nil {
		e.sums[product] = make([]decimal.Decimal, len(e.months))
	}
}

// Add adds a premium.
func (e *Earned) Add(p Premium) {
	e.Has(p.ProductID)
	sums := e.sums[p.ProductID]
	for i, m := range e.months {
		sums[i] = sums[i].Add(p.Share(m))
	}
}

// Of is the sum of a product. Not ok: it has no premium.
func (e *Earned) Of(product int) (value decimal.Decimal, ok bool) {
	for _, sum := range e.sums[product] {
		value = value.Add(sum.Round(2))
	}
	return value, e.sums[product] != nil
}
