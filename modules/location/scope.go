package location

import (
	"github.com/openimis/openimis-be-go/internal/auth"
	"github.com/openimis/openimis-be-go/internal/db"
	"github.com/openimis/openimis-be-go/internal/table"
)

// Funding is the condition on rows of tblLocations, as alias, that they are places of no people: the legacy application
// keeps money that was given to a scheme in a region, district, ward and village of that name (rules §2).
func Funding(alias string) string {
	return `(COALESCE(` + alias + `."LocationName", '') = 'Funding' AND COALESCE(` + alias + `."LocationCode", '') IN ('FR', 'FD', 'FW', 'FV'))`
}

// Places is the condition on rows of tblLocations, as alias, that they are places; every signed-in user sees all of them.
func Places(_ auth.Scope, alias string) (where string, args []any) {
	return `NOT ` + Funding(alias), nil
}

// FacilityScope is the condition on tblHF, as alias, for the facilities that s may see.
func FacilityScope(s auth.Scope, alias string) (string, []any) {
	switch {
	case s.All:
		return "", nil
	case len(s.Districts) == 0 && s.HealthFacility == nil:
		return table.None, nil
	case s.HealthFacility != nil:
		return "(" + alias + `."LocationId" IN $ints(?) OR ` + alias + `."HfID" = ?)`, []any{db.Ints(s.Districts), *s.HealthFacility}
	}
	return alias + `."LocationId" IN $ints(?)`, []any{db.Ints(s.Districts)}
}

// OfFacilities is the condition that a column holds the key of a facility whose rows s may see: a claim
// administrator those of the own facility, others those of their districts.
func OfFacilities(s auth.Scope, column string) (where string, args []any) {
	switch {
	case s.All:
		return "", nil
	case s.HealthFacility != nil:
		return column + ` = ?`, []any{*s.HealthFacility}
	case len(s.Districts) > 0:
		return column + ` IN (SELECT scope_h."HfID" FROM "tblHF" AS scope_h WHERE scope_h."LocationId" IN $ints(?))`, []any{db.Ints(s.Districts)}
	}
	return table.None, nil
}

// AdminScope is the condition on rows of tblClaimAdmin, as alias.
func AdminScope(s auth.Scope, alias string) (where string, args []any) {
	return OfFacilities(s, alias+`."HFId"`)
}

// OfficerScope is the condition on rows of tblOfficer: officers of the user's districts, of a claim
// administrator those of the district of the facility.
func OfficerScope(s auth.Scope, alias string) (where string, args []any) {
	switch {
	case s.All:
		return "", nil
	case s.HealthFacility != nil:
		return alias + `."LocationId" IN (SELECT scope_h."LocationId" FROM "tblHF" AS scope_h WHERE scope_h."HfID" = ?)`, []any{*s.HealthFacility}
	case len(s.Districts) > 0:
		return alias + `."LocationId" IN $ints(?)`, []any{db.Ints(s.Districts)}
	}
	return table.None, nil
}
