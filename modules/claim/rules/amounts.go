package rules

import "github.com/shopspring/decimal"

// Amount is a nullable amount or quantity, decimal(18,2) in the database.
type Amount = *decimal.Decimal

var (
	// Zero is 0.00.
	Zero    = decimal.New(0, -2)
	hundred = decimal.New(10000, -2)
	// AmountLimit is the first amount that decimal(18,2) does not hold.
	AmountLimit = decimal.New(1_000_000_000_000_000_000, -2)
)

// Value reads NULL as 0, as ISNULL(x, 0) does.
func Value(m Amount) decimal.Decimal {
	if m == nil {
		return Zero
	}
	return *m
}

// FirstOf is COALESCE.
func FirstOf(amounts ...Amount) Amount {
	for _, m := range amounts {
		if m != nil {
			return m
		}
	}
	return nil
}

// Given says whether there is an amount other than 0.
func Given(m Amount) bool { return m != nil && !m.IsZero() }

// Pointer makes an amount that is given.
func Pointer(d decimal.Decimal) Amount { return &d }

// Overflows tells an amount that SQL Server refuses with an arithmetic overflow.
func Overflows(d decimal.Decimal) bool {
	return d.Abs().GreaterThanOrEqual(AmountLimit)
}
