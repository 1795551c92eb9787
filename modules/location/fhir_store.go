package location

import (
	"context"
	"time"

	"github.com/openimis/openimis-be-go/internal/db"
	"github.com/openimis/openimis-be-go/modules/api_fhir/fhirsql"
)

// place is a row of tblLocations with the one that it is part of.
type place struct {
	fhirsql.Row
	Name   *string     `db:"LocationName"`
	Type   string      `db:"LocationType"`
	Parent fhirsql.Ref `db:"parent"`
}

var places = &fhirsql.Source[place]{
	Table:   Locations,
	Columns: []string{"LocationName", "LocationType"},
	Links:   []fhirsql.Link{{Alias: "parent", Table: Locations, Via: "ParentLocationId"}},
	Params: []fhirsql.Param{
		fhirsql.Text("name", "Start of the name", "LocationName"),
		fhirsql.Code("physicalType", "R region, D district, W ward, V village; si for health facilities as sites", "LocationType", locationTypeSystems...).Allowing("R", "D", "W", "V"),
		fhirsql.Reference("partof", "The location that it is directly part of", "partOf", Locations, "ParentLocationId", "Location"),
	},
	Sort: map[string]string{"name": "LocationName"},
	Map:  place.entry,
}

// facility is a row of tblHF with its district (in principle it may lie in a region), the name of its legal
// form and its claim administrators.
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
	admins []administrator
}

type facilityPlace struct {
	fhirsql.Ref
	Name *string `db:"LocationName"`
	Type *string `db:"LocationType"`
}

var facilities = &fhirsql.Source[facility]{
	Table:   Facilities,
	Columns: []string{"HFName", "HFLevel", "HFCareType", "LegalForm", "HFAddress", "Phone", "Fax", "eMail"},
	Links: []fhirsql.Link{
		{Alias: "place", Table: Locations, Via: "LocationId", Columns: []string{"LocationName", "LocationType"}},
		{Alias: "region", Table: Locations, Via: "place.ParentLocationId", Columns: []string{"LocationName"}},
		{Alias: "form", Table: LegalForms, Via: "LegalForm", Columns: []string{"LegalForms"}},
	},
	Params: []fhirsql.Param{
		fhirsql.Text("name", "Start of the name", "HFName"),
		fhirsql.Always("type", "prov: health facilities; ins: the insurer", "prov", organizationTypeSystem),
		fhirsql.Code("code", "Code of the health facility", "HFCode"),
		fhirsql.Always("resourceType", "prov or ins, as the Python backend names the type", "prov"),
	},
	Sort: map[string]string{"name": "HFName"},
	Load: loadAdministrators,
	Map:  facility.entry,
}

// site is a row of tblHF as the place that it is.
type site struct {
	fhirsql.Row
	Name  *string     `db:"HFName"`
	Level string      `db:"HFLevel"`
	Place fhirsql.Ref `db:"place"`
}

var sites = &fhirsql.Source[site]{
	Table:   Facilities.Second(Locations, "site-"),
	Columns: []string{"HFName", "HFLevel"},
	Links:   []fhirsql.Link{{Alias: "place", Table: Locations, Via: "LocationId"}},
	Asked:   "physicalType",
	Params: []fhirsql.Param{
		fhirsql.Text("name", "Start of the name", "HFName"),
		fhirsql.Always("physicalType", "R region, D district, W ward, V village; si for health facilities as sites", "si", physicalTypeSystem).Allowing("si"),
		fhirsql.Reference("partof", "The location that it is directly part of", "partOf", Locations, "LocationId", "Location"),
	},
	Sort: map[string]string{"name": "HFName"},
	Map:  site.entry,
}

// administrator is a claim administrator of a health facility, or was one at some time.
type administrator struct {
	Facility   int        `db:"HFId"`
	LastName   *string    `db:"LastName"`
	OtherNames *string    `db:"OtherNames"`
	From       *time.Time `db:"ValidityFrom"`
	To         *time.Time `db:"ValidityTo"`
}

// loadAdministrators reads those of several health facilities: the current ones, and those that versions had.
func loadAdministrators(ctx context.Context, q db.Query, rows []facility) error {
	keys, at := fhirsql.ByKey(rows)
	var admins []administrator
	err := q.Select(ctx, &admins, `SELECT a."HFId", a."LastName", a."OtherNames", a."ValidityFrom", a."ValidityTo" FROM "tblClaimAdmin" AS a
		WHERE a."HFId" IN $ints(?) AND `+fhirsql.Kept(rows, "a")+` ORDER BY COALESCE(a."LegacyId", a."ClaimAdminId"), a."ClaimAdminId"`, keys)
	for _, a := range admins {
		for _, f := range at[a.Facility] {
			if f.Held(a.From, a.To) {
				f.admins = append(f.admins, a)
			}
		}
	}
	return err
}
