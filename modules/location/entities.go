package location

import (
	"github.com/openimis/openimis-be-go/internal/auth"
	"github.com/openimis/openimis-be-go/internal/entity"
)

// Location is tblLocations: LocationType R region, D district, W ward, V village.
var Location = &entity.Type{
	Name: "LocationGQLType", Table: Locations, Relay: true,
	Columns: map[string]string{
		"legacyId":         "LegacyId",
		"code":             "LocationCode",
		"name":             "LocationName",
		"type":             "LocationType",
		"validityFrom":     "ValidityFrom",
		"validityTo":       "ValidityTo",
		"malePopulation":   "MalePopulation",
		"femalePopulation": "FemalePopulation",
		"otherPopulation":  "OtherPopulation",
		"families":         "Families",
		"auditUserId":      "AuditUserId",
	},
	Access: auth.SignedIn,
}

// HealthFacility is tblHF. Level: D dispensary, C health centre, H hospital. Care type: I in-patient,
// O out-patient, B both. Users find the facilities of their districts; a facility that a visible row
// refers to is shown wherever it is.
var HealthFacility = &entity.Type{
	Name: "HealthFacilityGQLType", Table: Facilities, Relay: true,
	Columns: map[string]string{
		"legacyId":     "LegacyID",
		"code":         "HFCode",
		"name":         "HFName",
		"accCode":      "AccCode",
		"level":        "HFLevel",
		"address":      "HFAddress",
		"phone":        "Phone",
		"fax":          "Fax",
		"email":        "eMail",
		"careType":     "HFCareType",
		"offline":      "OffLine",
		"validityFrom": "ValidityFrom",
		"validityTo":   "ValidityTo",
		"auditUserId":  "AuditUserID",
	},
	Access: auth.SignedIn,
}

// relations are between the types of the module; they go in circles.
func relations() []entity.Extension {
	return []entity.Extension{
		{
			Type: Location,
			One:  map[string]entity.One{"parent": {To: Location, Column: "ParentLocationId", Open: true}},
			Many: map[string]entity.Many{
				"locationSet":       {To: Location, Column: "ParentLocationId"},
				"healthfacilitySet": {To: HealthFacility, Column: "LocationId"},
			},
		},
		{Type: HealthFacility, One: map[string]entity.One{"location": {To: Location, Column: "LocationId", Open: true}}},
	}
}
