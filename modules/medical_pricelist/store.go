package medical_pricelist

import (
	"context"

	"github.com/openimis/openimis-be-go/internal/auth"
	"github.com/openimis/openimis-be-go/internal/db"
	"github.com/openimis/openimis-be-go/internal/entity"
	"github.com/openimis/openimis-be-go/modules/location"
	"github.com/openimis/openimis-be-go/modules/medical"
)

// ServicePricelist is tblPLServices.
var ServicePricelist = &entity.Type{
	Name: "ServicePricelistGQLType", Table: "tblPLServices", Key: "PLServiceID", Relay: true,
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
	Name: "ItemPricelistGQLType", Table: "tblPLItems", Key: "PLItemID", Relay: true,
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
	Name: "ServicePricelistDetailGQLType", Table: "tblPLServicesDetail", Key: "PLServiceDetailID", Relay: true,
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
	Name: "ItemPricelistDetailGQLType", Table: "tblPLItemsDetail", Key: "PLItemDetailID", Relay: true,
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

func init() { // the relations refer to each other
	ServicePricelistDetail.One["servicePricelist"] = entity.One{To: ServicePricelist, Column: "PLServiceID", Open: true}
	ItemPricelistDetail.One["itemPricelist"] = entity.One{To: ItemPricelist, Column: "PLItemID", Open: true}
}

// Store has the module's SQL.
type Store struct{ DB *db.DB }

// kind is what differs between lists of services and of items.
type kind struct{ facility, overruled string }

var (
	services = kind{"PLServiceID", `SELECT d."ServiceID" AS "ID", d."PriceOverule" FROM "tblPLServicesDetail" AS d WHERE d."PLServiceID" = ? AND d."PriceOverule" IS NOT NULL AND d."ValidityTo" IS NULL ORDER BY d."PLServiceDetailID"`}
	items    = kind{"PLItemID", `SELECT d."ItemID" AS "ID", d."PriceOverule" FROM "tblPLItemsDetail" AS d WHERE d."PLItemID" = ? AND d."PriceOverule" IS NOT NULL AND d."ValidityTo" IS NULL ORDER BY d."PLItemDetailID"`}
)

// Overruled reads the current prices of a list that differ from the register's.
func (s *Store) Overruled(ctx context.Context, k kind, list int) ([]*Price, error) {
	rows := []*Price{}
	err := s.DB.Select(ctx, &rows, k.overruled, list)
	return rows, err
}

// Used says whether a current health facility that scope may see uses the list.
func (s *Store) Used(ctx context.Context, k kind, list int, scope auth.Scope) (bool, error) {
	where, args := location.FacilityScope(scope, "h")
	if where != "" {
		where = " AND " + where
	}
	var n int
	err := s.DB.Get(ctx, &n, `SELECT COUNT(*) FROM "tblHF" AS h WHERE h."ValidityTo" IS NULL AND h."`+k.facility+`" = ?`+where, append([]any{list}, args...)...)
	return n > 0, err
}
