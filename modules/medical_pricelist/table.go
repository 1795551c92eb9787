package medical_pricelist

import (
	"github.com/openimis/openimis-be-go/internal/table"
)

// The price lists of regions and districts, and what is in them. PriceOverule NULL means the price of the
// register.
var (
	// ItemLists is tblPLItems.
	ItemLists = table.New(table.Table{
		Name: "tblPLItems", Why: "price lists of items",
		Columns: []string{"PLItemName", "DatePL", "LocationId"},
	})
	// ItemPrices is tblPLItemsDetail.
	ItemPrices = table.New(table.Table{
		Name: "tblPLItemsDetail", Why: "their items",
		Columns: []string{"PLItemID", "ItemID", "PriceOverule"},
	})
	// ServiceLists is tblPLServices.
	ServiceLists = table.New(table.Table{
		Name: "tblPLServices", Why: "price lists of services",
		Columns: []string{"PLServName", "DatePL", "LocationId"},
	})
	// ServicePrices is tblPLServicesDetail.
	ServicePrices = table.New(table.Table{
		Name: "tblPLServicesDetail", Why: "their services",
		Columns: []string{"PLServiceID", "ServiceID", "PriceOverule"},
	})
)
