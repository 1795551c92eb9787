package claim

import "github.com/shopspring/decimal"

// money is a nullable amount or quantity, decimal(18,2) in the database.
type money = *decimal.Decimal

var (
	zero    = decimal.New(0, -2)
	hundred = decimal.New(10000, -2)
	// amountLimit is the first amount that decimal(18,2) does not hold.
	amountLimit = decimal.New(1_000_000_000_000_000_000, -2)
)

// value reads NULL as 0, as ISNULL(x, 0) does.
func value(m money) decimal.Decimal {
	if m == nil {
		return zero
	}
	return *m
}

// firstOf is COALESCE.
func firstOf(amounts ...money) money {
	for _, m := range amounts {
		if m != nil {
			return m
		}
	}
	return nil
}

func given(m money) bool { return m != nil && !m.IsZero() }

func pointer(d decimal.Decimal) money { return &d }

// overflows tells an amount that SQL Server refuses with an arithmetic overflow.
func overflows(d decimal.Decimal) bool {
	return d.Abs().GreaterThanOrEqual(amountLimit)
}
