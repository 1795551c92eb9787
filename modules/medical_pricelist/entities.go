package medical_pricelist

import (
	"github.com/openimis/openimis-be-go/internal/auth"
	"github.com/openimis/openimis-be-go/internal/entity"
	"github.com/openimis/openimis-be-go/modules/location"
	"github.com/openimis/openimis-be-go/modules/medical"
)

// ServicePricelist is tblPLServices.
var ServicePricelist = &entity.Type{
	Name: "ServicePricelistGQLType", Table: ServiceLists, Relay: true,
	Columns: map[string]string{
		"serviceName":   "PLServName",
		"pricelistDate": "DatePL",
		"validityFrom":  "ValidityFrom",
		"validityTo":    "ValidityTo",
		"legacyId":      "LegacyID",
		"auditUserId":   "AuditUserID",
	},
	Access: auth.SignedIn,
	One:    map[string]entity.One{"location": {To: location.Location, Column: "LocationId", Open: true}},
	Many:   map[string]entity.Many{"healthFacilities": {To: location.HealthFacility, Column: "PLServiceID"}, "details": {To: ServicePricelistDetail, Column: "PLServiceID"}},
}

// ItemPricelist is tblPLItems.
var ItemPricelist = &entity.Type{
	Name: "ItemPricelistGQLType", Table: ItemLists, Relay: true,
	Columns: map[string]string{
		"itemName":      "PLItemName",
		"pricelistDate": "DatePL",
		"validityFrom":  "ValidityFrom",
		"validityTo":    "ValidityTo",
		"legacyId":      "LegacyID",
		"auditUserId":   "AuditUserID",
	},
	Access: auth.SignedIn,
	One:    map[string]entity.One{"location": {To: location.Location, Column: "LocationId", Open: true}},
	Many:   map[string]entity.Many{"healthFacilities": {To: location.HealthFacility, Column: "PLItemID"}, "details": {To: ItemPricelistDetail, Column: "PLItemID"}},
}

// ServicePricelistDetail is tblPLServicesDetail: a service of a list; priceOverrule null means the price of the register.
var ServicePricelistDetail = &entity.Type{
	Name: "ServicePricelistDetailGQLType", Table: ServicePrices, Relay: true,
	Columns: map[string]string{
		"priceOverrule": "PriceOverule",
		"validityFrom":  "ValidityFrom",
		"validityTo":    "ValidityTo",
		"legacyId":      "LegacyID",
		"auditUserId":   "AuditUserID",
	},
	Access: auth.SignedIn,
	One:    map[string]entity.One{"service": {To: medical.Service, Column: "ServiceID", Open: true}},
}

// ItemPricelistDetail is tblPLItemsDetail: an item of a list; priceOverrule null means the price of the register.
var ItemPricelistDetail = &entity.Type{
	Name: "ItemPricelistDetailGQLType", Table: ItemPrices, Relay: true,
	Columns: map[string]string{
		"priceOverrule": "PriceOverule",
		"validityFrom":  "ValidityFrom",
		"validityTo":    "ValidityTo",
		"legacyId":      "LegacyID",
		"auditUserId":   "AuditUserID",
	},
	Access: auth.SignedIn,
	One:    map[string]entity.One{"item": {To: medical.Item, Column: "ItemID", Open: true}},
}
