package medical_pricelist

import (
	"github.com/openimis/openimis-be-go/internal/auth"
	"github.com/openimis/openimis-be-go/internal/table"
	"github.com/openimis/openimis-be-go/modules/location"
)

// The price lists of regions and districts, and what is in them. PriceOverule NULL means the price of the
// register. Who may not search lists sees those of the facilities in reach.
var (
	// ItemLists is tblPLItems.
	ItemLists = table.New(table.Table{
		Name: "tblPLItems", Why: "price lists of items", Scope: used("PLItemID"), ScopeEach: usedEach("PLItemID"), AllWith: searchItemLists,
		Columns: []string{"PLItemName", "DatePL", "LocationId"},
	})
	// ItemPrices is tblPLItemsDetail.
	ItemPrices = table.New(table.Table{
		Name: "tblPLItemsDetail", Why: "their items", Scope: used("PLItemID"), AllWith: searchItemLists,
		Columns: []string{"PLItemID", "ItemID", "PriceOverule"},
	})
	// ServiceLists is tblPLServices.
	ServiceLists = table.New(table.Table{
		Name: "tblPLServices", Why: "price lists of services", Scope: used("PLServiceID"), ScopeEach: usedEach("PLServiceID"), AllWith: searchServiceLists,
		Columns: []string{"PLServName", "DatePL", "LocationId"},
	})
	// ServicePrices is tblPLServicesDetail.
	ServicePrices = table.New(table.Table{
		Name: "tblPLServicesDetail", Why: "their services", Scope: used("PLServiceID"), AllWith: searchServiceLists,
		Columns: []string{"PLServiceID", "ServiceID", "PriceOverule"},
	})
)

// used is the scope of a list and of its prices, which name the list in a column of the same name as facilities
// do: a current health facility that the user may see has the list.
func used(column string) table.Scope {
	return byFacilities(func(list, facility, condition string) string {
		return list + ` IN (SELECT ` + facility + ` FROM "tblHF" AS scope_h WHERE ` + condition + `)`
	}, column)
}

// usedEach is [used] by looking for a facility that has the list: the few lists beside a page of facilities or
// claims are had by many, so that one is found at once.
func usedEach(column string) table.Scope {
	return byFacilities(func(list, facility, condition string) string {
		return `EXISTS (SELECT 1 FROM "tblHF" AS scope_h WHERE ` + facility + ` = ` + list + ` AND ` + condition + `)`
	}, column)
}

// byFacilities is a scope that asks for the current facilities that the user may see.
func byFacilities(ask func(list, facility, condition string) string, column string) table.Scope {
	return func(s auth.Scope, alias string) (string, []any) {
		if len(s.Districts) == 0 && s.HealthFacility == nil && !s.All {
			return table.None, nil
		}
		where, args := location.FacilityScope(s, "scope_h")
		if where == "" {
			return "", nil
		}
		return ask(table.Col(alias, column), `scope_h."`+column+`"`, `scope_h."ValidityTo" IS NULL AND `+where), args
	}
}
