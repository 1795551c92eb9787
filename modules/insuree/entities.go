package insuree

import (
	"time"

	"github.com/openimis/openimis-be-go/internal/auth"
	"github.com/openimis/openimis-be-go/internal/entity"
	"github.com/openimis/openimis-be-go/modules/location"
)

// Entity is tblInsuree as GraphQL shows it. Marital: N, W, S, D, M.
var Entity = &entity.Type{
	Name: "InsureeGQLType", Table: Insurees, Relay: true,
	Columns: map[string]string{
		"legacyId":       "LegacyID",
		"chfId":          "CHFID",
		"lastName":       "LastName",
		"otherNames":     "OtherNames",
		"dob":            "DOB",
		"head":           "IsHead",
		"marital":        "Marital",
		"passport":       "passport",
		"phone":          "Phone",
		"email":          "Email",
		"currentAddress": "CurrentAddress",
		"geolocation":    "GeoLocation",
		"currentVillage": "CurrentVillage",
		"photoDate":      "PhotoDate",
		"cardIssued":     "CardIssued",
		"validityFrom":   "ValidityFrom",
		"validityTo":     "ValidityTo",
		"offline":        "isOffline",
		"auditUserId":    "AuditUserID",
	},
	// Legacy rows lack the flag, rows of PostgreSQL the date and the family too; the contract has them as never null.
	NullFalse: []string{"offline"},
	NullKept:  []string{"dob", "family"},
	Computed:  map[string]entity.Computed{"age": {Column: "DOB", Int: age}},
	Access:    Read,
}

// FamilyEntity is tblFamilies as GraphQL shows it.
var FamilyEntity = &entity.Type{
	Name: "FamilyGQLType", Table: Families,
	Columns: map[string]string{
		"legacyId":       "LegacyID",
		"poverty":        "Poverty",
		"address":        "FamilyAddress",
		"isOffline":      "isOffline",
		"ethnicity":      "Ethnicity",
		"confirmationNo": "ConfirmationNo",
		"validityFrom":   "ValidityFrom",
		"validityTo":     "ValidityTo",
		"auditUserId":    "AuditUserID",
	},
	// A legacy family may leave these open; the contract has them as true or false.
	NullFalse: []string{"poverty", "isOffline"},
	Access:    ReadFamilies,
}

// FamilyType is tblFamilyTypes.
var FamilyType = &entity.Type{
	Name: "FamilyTypeGQLType", Table: FamilyTypes,
	Columns: map[string]string{"code": "FamilyTypeCode", "type": "FamilyType", "sortOrder": "SortOrder", "altLanguage": "AltLanguage"},
	Access:  auth.SignedIn,
}

// Gender is tblGender: M, F, O.
var Gender = &entity.Type{
	Name: "GenderGQLType", Table: Genders,
	Columns: map[string]string{"code": "Code", "gender": "Gender", "altLanguage": "AltLanguage", "sortOrder": "SortOrder"},
	Access:  auth.SignedIn,
}

// Photo is tblPhotos; the files are served at /insuree/photo (photo.go).
var Photo = &entity.Type{
	Name: "PhotoGQLType", Table: Photos,
	Columns: map[string]string{
		"insureeId":    "InsureeID",
		"chfId":        "CHFID",
		"folder":       "PhotoFolder",
		"filename":     "PhotoFileName",
		"officerId":    "OfficerID",
		"date":         "PhotoDate",
		"validityFrom": "ValidityFrom",
		"validityTo":   "ValidityTo",
		"auditUserId":  "AuditUserID",
	},
	NullKept: []string{"folder"},
	Access:   Read,
}

// relations are between the types of the module; they go in circles.
func relations() []entity.Extension {
	return []entity.Extension{
		{
			Type: Entity,
			One: map[string]entity.One{
				"family":         {To: FamilyEntity, Column: "FamilyID"},
				"gender":         {To: Gender, Column: "Gender", Open: true},
				"photo":          {To: Photo, Column: "PhotoID", Open: true},
				"healthFacility": {To: location.HealthFacility, Column: "HFID", Open: true},
				"headOf":         {To: FamilyEntity, Reverse: "InsureeID"},
			},
		},
		{
			Type: FamilyEntity,
			One: map[string]entity.One{
				"headInsuree": {To: Entity, Column: "InsureeID"},
				"familyType":  {To: FamilyType, Column: "FamilyType", Open: true},
			},
			Many: map[string]entity.Many{"insureeSet": {To: Entity, Column: "FamilyID"}},
		},
		{Type: FamilyType, Many: map[string]entity.Many{"familySet": {To: FamilyEntity, Column: "FamilyType"}}},
		{Type: Gender, Many: map[string]entity.Many{"insureeSet": {To: Entity, Column: "Gender"}}},
		{Type: Photo, Many: map[string]entity.Many{"insureeSet": {To: Entity, Column: "PhotoID"}}},
	}
}

// age counts full years, as the application shows it. The rules of coverage count calendar years.
func age(now, born time.Time) *int {
	n := now.Year() - born.Year()
	if now.Month() < born.Month() || now.Month() == born.Month() && now.Day() < born.Day() {
		n--
	}
	return &n
}
