package location

import (
	"context"

	"github.com/openimis/openimis-be-go/internal/auth"
	"github.com/openimis/openimis-be-go/internal/db"
	"github.com/openimis/openimis-be-go/internal/entity"
)

// Store has the module's SQL.
type Store struct{ DB *db.DB }

// Location is tblLocations: LocationType R region, D district, W ward, V village.
var Location = &entity.Type{
	Name: "LocationGQLType", Table: "tblLocations", Key: "LocationId", Relay: true,
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
// O out-patient, B both. A user finds the facilities of his districts; a facility that a row he sees
// refers to is shown wherever it is.
var HealthFacility = &entity.Type{
	Name: "HealthFacilityGQLType", Table: "tblHF", Key: "HfID", Relay: true,
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
	Scope:  FacilityScope,
}

func init() { // the relations refer to each other
	Location.One = map[string]entity.One{"parent": {To: Location, Column: "ParentLocationId", Open: true}}
	Location.Many = map[string]entity.Many{
		"locationSet":       {To: Location, Column: "ParentLocationId"},
		"healthfacilitySet": {To: HealthFacility, Column: "LocationId"},
	}
	HealthFacility.One = map[string]entity.One{"location": {To: Location, Column: "LocationId", Open: true}}
}

// FacilityScope is the condition on tblHF, as alias, for the facilities that s may see.
func FacilityScope(s auth.Scope, alias string) (string, []any) {
	switch {
	case s.All:
		return "", nil
	case len(s.Districts) == 0 && s.HealthFacility == nil:
		return "1 = 0", nil
	case s.HealthFacility != nil:
		return "(" + alias + `."LocationId" IN $ints(?) OR ` + alias + `."HfID" = ?)`, []any{db.Ints(s.Districts), *s.HealthFacility}
	}
	return alias + `."LocationId" IN $ints(?)`, []any{db.Ints(s.Districts)}
}

// Districts reads current districts with their regions by id.
func (s *Store) Districts(ctx context.Context, ids []int, all bool) ([]*UserDistrict, error) {
	var rows []*UserDistrict
	src := `SELECT d."LocationId", d."LocationCode", d."LocationName", r."LocationId" AS "RegionId", r."LocationCode" AS "RegionCode", r."LocationName" AS "RegionName"
		FROM "tblLocations" AS d JOIN "tblLocations" AS r ON r."LocationId" = d."ParentLocationId"
		WHERE d."LocationType" = 'D' AND d."ValidityTo" IS NULL AND r."ValidityTo" IS NULL`
	var args []any
	if !all {
		src += ` AND d."LocationId" IN $ints(?)`
		args = append(args, db.Ints(ids))
	}
	err := s.DB.Select(ctx, &rows, src+` ORDER BY d."LocationId"`, args...)
	return rows, err
}
