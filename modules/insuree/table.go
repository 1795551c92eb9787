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
)
