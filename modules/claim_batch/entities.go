package claim_batch

import (
	"github.com/openimis/openimis-be-go/internal/entity"
	"github.com/openimis/openimis-be-go/modules/location"
	"github.com/openimis/openimis-be-go/modules/product"
)

// BatchRun is tblBatchRun; no location means a national run.
var BatchRun = &entity.Type{
	Name: "BatchRunGQLType", Table: BatchRuns, Relay: true,
	Columns: map[string]string{
		"legacyId":     "LegacyID",
		"runDate":      "RunDate",
		"validityFrom": "ValidityFrom",
		"validityTo":   "ValidityTo",
		"auditUserId":  "AuditUserID",
		"runYear":      "RunYear",
		"runMonth":     "RunMonth",
	},
	One:    map[string]entity.One{"location": {To: location.Location, Column: "LocationId", Open: true}},
	Access: Search,
}

// RelativeIndex is tblRelIndex: the share of the price that a product paid in a period. Type: 12 month,
// 4 quarter, 1 year; care type: I in-patient, O out-patient, B both.
var RelativeIndex = &entity.Type{
	Name: "RelativeIndexGQLType", Table: RelativeIndexes, Relay: true,
	Columns: map[string]string{
		"type":         "RelType",
		"careType":     "RelCareType",
		"year":         "RelYear",
		"period":       "RelPeriod",
		"calcDate":     "CalcDate",
		"relIndex":     "RelIndex",
		"validityFrom": "ValidityFrom",
		"validityTo":   "ValidityTo",
		"legacyId":     "LegacyID",
		"auditUserId":  "AuditUserID",
	},
	One: map[string]entity.One{
		"product":  {To: product.Entity, Column: "ProdID", Open: true},
		"location": {To: location.Location, Column: "LocationId", Open: true},
	},
	Access: Search,
}
