package insuree

import (
	"github.com/openimis/openimis-be-go/internal/table"
)

// The tables of the module: insured people, their families and photos, and the code lists about them.
var (
	// Insurees is tblInsuree.
	Insurees = table.New(table.Table{
		Name: "tblInsuree", Code: "CHFID", Why: "insurees",
		Columns: []string{"FamilyID", "LastName", "OtherNames", "DOB", "Gender", "IsHead", "CurrentVillage", "ValidityFrom", "LegacyID"},
		Scope:   ScopeWhere, ScopeEach: ScopeEach, EachUpTo: 1000,
	})
	// Families is tblFamilies; InsureeID is the head.
	Families = table.New(table.Table{
		Name: "tblFamilies", Why: "families", CodeOf: Insurees, CodeVia: "InsureeID",
		Columns: []string{"InsureeID", "LocationId"},
		Scope:   FamilyScopeWhere, ScopeEach: FamilyScopeEach,
	})
	// Photos is tblPhotos; the files are in a folder.
	Photos = table.New(table.Table{
		Name: "tblPhotos", Why: "photos",
		Columns: []string{"InsureeID", "PhotoFolder", "PhotoFileName"},
	})
	// Genders is tblGender: M, F, O.
	Genders = table.New(table.Table{Name: "tblGender", Code: "Code", Why: "genders", Columns: []string{"Gender"}})
	// FamilyTypes is tblFamilyTypes.
	FamilyTypes = table.New(table.Table{Name: "tblFamilyTypes", Code: "FamilyTypeCode", Why: "family types", Columns: []string{"FamilyType"}})
	// ConfirmationTypes is tblConfirmationTypes.
	ConfirmationTypes = table.New(table.Table{Name: "tblConfirmationTypes", Code: "ConfirmationTypeCode", Why: "names of confirmations (FHIR)", Columns: []string{"ConfirmationType"}})
	// Educations, Professions, Relations and IdentificationTypes are the lists of codes about people.
	Educations          = table.New(table.Table{Name: "tblEducations", Why: "names of levels of education (FHIR)", Columns: []string{"Education"}})
	Professions         = table.New(table.Table{Name: "tblProfessions", Why: "names of professions (FHIR)", Columns: []string{"Profession"}})
	Relations           = table.New(table.Table{Name: "tblRelations", Why: "names of relations to the head (FHIR)", Columns: []string{"Relation"}})
	IdentificationTypes = table.New(table.Table{Name: "tblIdentificationTypes", Code: "IdentificationCode", Why: "names of kinds of identification (FHIR)", Columns: []string{"IdentificationTypes"}})
)
