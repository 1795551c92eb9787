package product

import (
	"github.com/openimis/openimis-be-go/internal/table"
)

// Insurance products and what they cover. Registers: every signed-in user sees them whole.
var (
	// Products is tblProduct.
	Products = table.New(table.Table{
		Name: "tblProduct", Code: "ProductCode", Why: "insurance products",
		Columns: []string{"ProductName", "LocationId", "DateFrom", "DateTo", "InsurancePeriod", "LumpSum", "MemberCount", "GracePeriod", "ValidityFrom", "LegacyID"},
	})
	// ProductItems is tblProductItems.
	ProductItems = table.New(table.Table{
		Name: "tblProductItems", Why: "the items they cover",
		Columns: []string{"ProdID", "ItemID", "LimitationType", "PriceOrigin"},
	})
	// ProductServices is tblProductServices.
	ProductServices = table.New(table.Table{
		Name: "tblProductServices", Why: "the services they cover",
		Columns: []string{"ProdID", "ServiceID", "LimitationType", "PriceOrigin"},
	})
)
