package medical

import (
	"github.com/openimis/openimis-be-go/internal/auth"
	"github.com/openimis/openimis-be-go/internal/entity"
)

// Diagnosis is tblICDCodes.
var Diagnosis = &entity.Type{
	Name: "DiagnosisGQLType", Table: Diagnoses, Relay: true,
	Columns: map[string]string{
		"code":         "ICDCode",
		"name":         "ICDName",
		"validityFrom": "ValidityFrom",
		"validityTo":   "ValidityTo",
		"legacyId":     "LegacyID",
		"auditUserId":  "AuditUserID",
	},
	Access: auth.SignedIn,
}

// Item is tblItems. Type: D drug, M medical consumable; care type: I in-patient, O out-patient, B both;
// patientCategory is a mask: 1 male, 2 female, 4 adult, 8 minor (rules.md §1.7).
var Item = &entity.Type{
	Name: "ItemGQLType", Table: Items, Relay: true,
	Columns: map[string]string{
		"code":            "ItemCode",
		"name":            "ItemName",
		"type":            "ItemType",
		"package":         "ItemPackage",
		"price":           "ItemPrice",
		"careType":        "ItemCareType",
		"frequency":       "ItemFrequency",
		"patientCategory": "ItemPatCat",
		"validityFrom":    "ValidityFrom",
		"validityTo":      "ValidityTo",
		"legacyId":        "LegacyID",
		"auditUserId":     "AuditUserID",
	},
	Access: auth.SignedIn,
}

// Service is tblServices. Type: P preventive, C curative; level: S simple, V visit, D day of stay, H hospital
// case; category: S surgery, D delivery, A antenatal, H hospitalization, C consultation, O other, V visit.
var Service = &entity.Type{
	Name: "ServiceGQLType", Table: Services, Relay: true,
	Columns: map[string]string{
		"category":        "ServCategory",
		"code":            "ServCode",
		"name":            "ServName",
		"type":            "ServType",
		"level":           "ServLevel",
		"price":           "ServPrice",
		"careType":        "ServCareType",
		"frequency":       "ServFrequency",
		"patientCategory": "ServPatCat",
		"validityFrom":    "ValidityFrom",
		"validityTo":      "ValidityTo",
		"legacyId":        "LegacyID",
		"auditUserId":     "AuditUserID",
	},
	Access: auth.SignedIn,
}
