package medical_pricelist

import "github.com/shopspring/decimal"

// Pricelists are the overruled prices of a facility's two lists.
type Pricelists struct{ Services, Items []*Price }

// Price is the overruled price of a service or item.
type Price struct {
	ID            *int             `db:"ID"`
	PriceOverrule *decimal.Decimal `db:"PriceOverule"`
}
