package rules

import (
	"github.com/shopspring/decimal"
)

// Care is the care that an index is for: what tblRelIndex and tblRelDistr call care type.
type Care string

// The cares. A facility of level H (hospital) gives in-patient care, any other out-patient care.
const (
	Both       Care = "B"
	InPatient  Care = "I"
	OutPatient Care = "O"
)

// hospital is the level of facilities that give in-patient care.
const hospital = "H"

// Product is a product with relative prices. Its settings name the period after which prices are known: M, Q or Y.
type Product struct {
	ID         int     `db:"ProdID"`
	General    *string `db:"PeriodRelPrices"`
	InPatient  *string `db:"PeriodRelPricesIP"`
	OutPatient *string `db:"PeriodRelPricesOP"`
}

// settings of a product with the care that each is for, in the order in which indexes are made.
func (p Product) settings() []setting {
	return []setting{{Both, p.General}, {InPatient, p.InPatient}, {OutPatient, p.OutPatient}}
}

type setting struct {
	care   Care
	period *string
}

func (s setting) kind() (Type, bool) {
	if s.period == nil {
		return 0, false
	}
	return TypeOf(*s.period)
}

// Wants says whether indexes of the product are made for periods of a type.
func (p Product) Wants(t Type) bool {
	for _, s := range p.settings() {
		if own, ok := s.kind(); ok && own == t {
			return true
		}
	}
	return false
}

// Paying are the cares whose index pays lines of the product, with the type of their period: the general one
// alone where the product has it.
func (p Product) Paying() map[Care]Type {
	paying := map[Care]Type{}
	for _, s := range p.settings() {
		if t, ok := s.kind(); ok {
			paying[s.care] = t
		}
		if s.care == Both && s.period != nil && *s.period != "" {
			break
		}
	}
	return paying
}

// Index is a row of tblRelIndex: the share of a price that the premiums of a period can pay. Value nil: unknown.
type Index struct {
	ProductID int
	Care      Care
	Period    Period
	Value     *decimal.Decimal
}

// Bill says whose lines a sum is of.
type Bill struct {
	ProductID int
	Hospital  bool
}

// Billed is what the passed lines of processed and valuated claims of a period come to (PriceValuated).
type Billed map[Bill]decimal.Decimal

// of is the sum that an index of a care divides by.
func (b Billed) of(product int, care Care) decimal.Decimal {
	sum := decimal.Zero
	if care != OutPatient {
		sum = sum.Add(b[Bill{product, true}])
	}
	if care != InPatient {
		sum = sum.Add(b[Bill{product, false}])
	}
	return sum
}

// DistributionKey is what tblRelDistr gives a percentage for.
type DistributionKey struct {
	ProductID int
	Care      Care
	Type      Type
	Number    int
}

// Distribution has the percentages (0.80 for 80) of products by period; nil in it means 1.
type Distribution map[DistributionKey]*decimal.Decimal

// Calculate makes the indexes of a period (uspRelativeIndexCalculationMonthly), for products in ascending order: one
// for each care whose setting is of the period's type, of products that have premiums.
//
// A missing percentage keeps that of the index made before, as the procedure's variable does (rules.md §13 #14); the
// first has none, and then an index is only known where there is nothing to share it with. Missing says which.
func Calculate(p Period, products []Product, earned *Earned, billed Billed, d Distribution) (indexes []Index, missing []DistributionKey) {
	var percentage *decimal.Decimal
	for _, product := range products {
		value, ok := earned.Of(product.ID)
		if !ok {
			continue
		}
		for _, s := range product.settings() {
			if t, ok := s.kind(); !ok || t != p.Type {
				continue
			}
			key := DistributionKey{product.ID, s.care, p.Type, p.Number}
			if share, ok := d[key]; !ok {
				missing = append(missing, key)
			} else if percentage = share; share == nil {
				percentage = &one
			}
			indexes = append(indexes, Index{product.ID, s.care, p, relative(value, percentage, billed.of(product.ID, s.care))})
		}
	}
	return indexes, missing
}

var one = decimal.New(1, 0)

// relative is the index: what there is to distribute over what is asked for.
func relative(value decimal.Decimal, percentage *decimal.Decimal, billed decimal.Decimal) *decimal.Decimal {
	switch {
	case billed.IsZero():
		return &one
	case percentage == nil:
		return nil
	}
	index := value.Mul(*percentage).Round(4).DivRound(billed, 4)
	return &index
}

// Rate is an index that pays lines: those of a product in claims that were processed in its period, at facilities
// that give its care.
type Rate struct {
	ProductID int
	Care      Care
	Period    Period
	Value     decimal.Decimal
}

// Rates chooses among indexes, in the order of their identity, those that pay lines of the products. Of several
// for the same period the last counts; one that is unknown, or -1 or less, pays nothing.
func Rates(products []Product, indexes []Index) []Rate {
	type key struct {
		product int
		care    Care
		period  Period
	}
	last := map[key]*decimal.Decimal{}
	var order []key
	paying := map[int]map[Care]Type{}
	for _, p := range products {
		paying[p.ID] = p.Paying()
	}
	for _, x := range indexes {
		if t, ok := paying[x.ProductID][x.Care]; !ok || t != x.Period.Type {
			continue
		}
		k := key{x.ProductID, x.Care, x.Period}
		if _, seen := last[k]; !seen {
			order = append(order, k)
		}
		last[k] = x.Value
	}
	var rates []Rate
	for _, k := range order {
		if v := last[k]; v != nil && v.GreaterThan(unset) {
			rates = append(rates, Rate{k.product, k.care, k.period, *v})
		}
	}
	return rates
}

// unset is the procedure's sign for an index that was not found.
var unset = decimal.New(-1, 0)

// Remunerate is what a line gets for its valuated price.
func (r Rate) Remunerate(valuated decimal.Decimal) decimal.Decimal {
	return r.Value.Mul(valuated).Round(2)
}

// pays says whether the rate is for care given at a facility of a level.
func (r Rate) pays(level string) bool {
	return r.Care == Both || (r.Care == InPatient) == (level == hospital)
}
