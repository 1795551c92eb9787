package rules

import "github.com/shopspring/decimal"

// Criterion is one of the six figures by which a contribution is shared among facilities.
type Criterion int

// The criteria, in the order of the report.
const (
	Population Criterion = iota
	Families
	InsuredPopulation
	InsuredFamilies
	Visits         // claims
	AdjustedAmount // valuated prices
	CriterionCount
)

// Figures are what a facility has of each criterion.
type Figures [CriterionCount]decimal.Decimal

// Weights say how much of the contribution is shared (Share, in percent) and by what (percent of that).
type Weights struct {
	Share decimal.Decimal
	By    Figures
}

var hundred = decimal.New(100, 0)

// Capitate shares the contribution of a product among facilities (uspSSRSCapitationPayment, rules.md §9.6): by each
// criterion its part, in the ratio of what the facilities have of it, rounded to two decimals. Where no facility
// has any, nobody gets that part.
func Capitate(contribution decimal.Decimal, w Weights, facilities []Figures) []Figures {
	payments := make([]Figures, len(facilities))
	for k := range CriterionCount {
		total := decimal.Zero
		for _, f := range facilities {
			total = total.Add(f[k])
		}
		if total.IsZero() {
			continue
		}
		part := contribution.Mul(w.Share).Mul(w.By[k])
		for i, f := range facilities {
			payments[i][k] = part.Mul(f[k]).DivRound(total.Mul(hundred).Mul(hundred), 2)
		}
	}
	return payments
}

// Sum adds up.
func (f Figures) Sum() (total decimal.Decimal) {
	for _, x := range f {
		total = total.Add(x)
	}
	return total
}

// Catches says whether a product pays facilities of a level and sublevel by capitation: where one of its four pairs
// has the level, and the sublevel or none. A product without levels pays none so.
func Catches(levels [4]Level, level, sublevel string) bool {
	for _, l := range levels {
		if l.Level != "" && l.Level == level && (l.Sublevel == "" || l.Sublevel == sublevel) {
			return true
		}
	}
	return false
}

// Level is a pair of the product's Level and Sublevel columns.
type Level struct{ Level, Sublevel string }
