package location

import (
	"context"

	"github.com/openimis/openimis-be-go/internal/db"
	"github.com/openimis/openimis-be-go/modules/api_fhir/fhirsql"
)

// The tables of the module as FHIR resources refer to them.
var (
	LocationTable = fhirsql.Table{Name: "tblLocations", Key: "LocationId", UUID: "LocationUUID", Code: "LocationCode"}
	FacilityTable = fhirsql.Table{Name: "tblHF", Key: "HfID", UUID: "HfUUID", Code: "HFCode"}
)

// place is a row of tblLocations with the one that it is part of.
type place struct {
	fhirsql.Row
	Name   *string     `db:"LocationName"`
	Type   string      `db:"LocationType"`
	Parent fhirsql.Ref `db:"parent"`
}

var places = &fhirsql.Source{
	Type: "Location", Table: LocationTable,
	Columns: []string{"LocationName", "LocationType"},
	Links:   []fhirsql.Link{{Alias: "parent", Table: LocationTable, On: `parent."LocationId" = t."ParentLocationId"`}},
	Params: map[string]fhirsql.Condition{
		"name":         fhirsql.StartsWith("LocationName"),
		"physicalType": fhirsql.Code("LocationType", locationTypeSystems...),
		"partof":       fhirsql.To(LocationTable, "ParentLocationId"),
	},
	Sort: map[string]string{"name": `$ci(t."LocationName")`},
}

// facility is a row of tblHF with its district (in principle it may lie in a region) and the name of its
// legal form.
type facility struct {
	fhirsql.Row
	Name      *string `db:"HFName"`
	Level     string  `db:"HFLevel"`
	CareType  string  `db:"HFCareType"`
	LegalForm string  `db:"LegalForm"`
	Address   *string `db:"HFAddress"`
	Phone     *string `db:"Phone"`
	Fax       *string `db:"Fax"`
	Email     *string `db:"eMail"`
	Form      struct {
		Name *string `db:"LegalForms"`
	} `db:"form"`
	Place  facilityPlace `db:"place"`
	Region struct {
		fhirsql.Ref
		Name *string `db:"LocationName"`
	} `db:"region"`
}

type facilityPlace struct {
	fhirsql.Ref
	Name *string `db:"LocationName"`
	Type *string `db:"LocationType"`
}

var facilities = &fhirsql.Source{
	Type: "Organization", Table: FacilityTable, Scope: FacilityScope,
	Columns: []string{"HFName", "HFLevel", "HFCareType", "LegalForm", "HFAddress", "Phone", "Fax", "eMail"},
	Links: []fhirsql.Link{
		{Alias: "place", Table: LocationTable, On: `place."LocationId" = t."LocationId"`, Columns: []string{"LocationName", "LocationType"}},
		{Alias: "region", Table: LocationTable, On: `region."LocationId" = place."ParentLocationId"`, Columns: []string{"LocationName"}},
		{Alias: "form", Table: fhirsql.Table{Name: "tblLegalForms"}, On: `form."LegalFormCode" = t."LegalForm"`, Columns: []string{"LegalForms"}, Lookup: true},
	},
	Params: map[string]fhirsql.Condition{
		"name":         fhirsql.StartsWith("HFName"),
		"code":         fhirsql.Code("HFCode"),
		"type":         fhirsql.Always("prov", organizationTypeSystem),
		"resourceType": fhirsql.Always("prov"),
	},
	Sort: map[string]string{"name": `$ci(t."HFName")`},
}

// administrator is a current claim administrator of a health facility.
type administrator struct {
	Facility   int     `db:"HFId"`
	LastName   *string `db:"LastName"`
	OtherNames *string `db:"OtherNames"`
}

// administrators reads those of several health facilities, by facility.
func (s *Store) administrators(ctx context.Context, facilities []int) (map[int][]administrator, error) {
	if len(facilities) == 0 {
		return nil, nil
	}
	var rows []administrator
	err := s.DB.Select(ctx, &rows, `SELECT a."HFId", a."LastName", a."OtherNames" FROM "tblClaimAdmin" AS a
		WHERE a."HFId" IN $ints(?) AND a."ValidityTo" IS NULL ORDER BY a."ClaimAdminId"`, db.Ints(facilities))
	of := map[int][]administrator{}
	for _, r := range rows {
		of[r.Facility] = append(of[r.Facility], r)
	}
	return of, err
}
