package product

import (
	"github.com/openimis/openimis-be-go/internal/auth"
	"github.com/openimis/openimis-be-go/internal/entity"
	"github.com/openimis/openimis-be-go/modules/medical"
)

// Entity is tblProduct as GraphQL shows it. Counts are per coverage period; null means no limit.
var Entity = &entity.Type{
	Name: "ProductGQLType", Table: Products, Relay: true,
	Columns: map[string]string{
		"code":                 "ProductCode",
		"name":                 "ProductName",
		"dateFrom":             "DateFrom",
		"dateTo":               "DateTo",
		"lumpSum":              "LumpSum",
		"memberCount":          "MemberCount",
		"gracePeriod":          "GracePeriod",
		"maxNoConsultation":    "MaxNoConsultation",
		"maxNoSurgery":         "MaxNoSurgery",
		"maxNoDelivery":        "MaxNoDelivery",
		"maxNoHospitalization": "MaxNoHospitalizaion",
		"maxNoVisits":          "MaxNoVisits",
		"maxNoAntenatal":       "MaxNoAntenatal",
		"validityFrom":         "ValidityFrom",
		"validityTo":           "ValidityTo",
		"legacyId":             "LegacyID",
		"auditUserId":          "AuditUserID",
	},
	Access: auth.SignedIn,
	Many:   map[string]entity.Many{"items": {To: ProductItem, Column: "ProdID"}},
}

// ProductItem is tblProductItems, which the 2019 contract calls ProductServiceGQLType. Limitation type: C
// co-insurance (limits in percent), F fixed (limits are unit prices); price origin: P price list, O own, R relative.
var ProductItem = &entity.Type{
	Name: "ProductServiceGQLType", Table: ProductItems, Relay: true,
	Columns: map[string]string{
		"limitationType":        "LimitationType",
		"priceOrigin":           "PriceOrigin",
		"limitAdult":            "LimitAdult",
		"limitChild":            "LimitChild",
		"waitingPeriodAdult":    "WaitingPeriodAdult",
		"waitingPeriodChild":    "WaitingPeriodChild",
		"limitNoAdult":          "LimitNoAdult",
		"limitNoChild":          "LimitNoChild",
		"limitationTypeR":       "LimitationTypeR",
		"limitationTypeE":       "LimitationTypeE",
		"limitAdultR":           "LimitAdultR",
		"limitAdultE":           "LimitAdultE",
		"limitChildR":           "LimitChildR",
		"limitChildE":           "LimitChildE",
		"ceilingExclusionAdult": "CeilingExclusionAdult",
		"ceilingExclusionChild": "CeilingExclusionChild",
		"validityFrom":          "ValidityFrom",
		"validityTo":            "ValidityTo",
	},
	Access: auth.SignedIn,
	One:    map[string]entity.One{"item": {To: medical.Item, Column: "ItemID", Open: true}},
}
