package claim

import (
	"github.com/openimis/openimis-be-go/internal/auth"
	"github.com/openimis/openimis-be-go/internal/db"
)

// ScopeWhere is the condition on rows of tblClaim, as alias, that a scope may see; "" means all. Claims
// belong to the district of their health facility; a claim administrator sees those of his facility.
func ScopeWhere(s auth.Scope, alias string) (where string, args []any) {
	return ofFacilities(s, alias+`."HFID"`)
}

// ScopeEach is ScopeWhere by looking up the facility of each claim. The embedded database would else
// begin a page of a list with all claims of the facilities in reach.
func ScopeEach(s auth.Scope, alias string) (where string, args []any) {
	if s.All || s.HealthFacility != nil || len(s.Districts) == 0 {
		return ScopeWhere(s, alias)
	}
	return `EXISTS (SELECT 1 FROM "tblHF" AS scope_h WHERE scope_h."HfID" = ` + alias + `."HFID" AND scope_h."LocationId" IN $ints(?))`, []any{db.Ints(s.Districts)}
}

// AdminScopeWhere is ScopeWhere for tblClaimAdmin.
func AdminScopeWhere(s auth.Scope, alias string) (where string, args []any) {
	return ofFacilities(s, alias+`."HFId"`)
}

// PartScopeWhere is the condition on rows of a table that belong to a claim: lines and feedback.
func PartScopeWhere(s auth.Scope, alias string) (where string, args []any) {
	in, args := ScopeWhere(s, "scope_c")
	if in == "" {
		return "", nil
	}
	return alias + `."ClaimID" IN (SELECT scope_c."ClaimID" FROM "tblClaim" AS scope_c WHERE ` + in + `)`, args
}

// OfficerScopeWhere is the condition on rows of tblOfficer: officers of the user's districts, of a claim
// administrator those of the district of his facility.
func OfficerScopeWhere(s auth.Scope, alias string) (where string, args []any) {
	switch {
	case s.All:
		return "", nil
	case s.HealthFacility != nil:
		return alias + `."LocationId" IN (SELECT scope_h."LocationId" FROM "tblHF" AS scope_h WHERE scope_h."HfID" = ?)`, []any{*s.HealthFacility}
	case len(s.Districts) > 0:
		return alias + `."LocationId" IN $ints(?)`, []any{db.Ints(s.Districts)}
	}
	return nobody, nil
}

// nobody is the condition of a scope that sees nothing.
const nobody = "1 = 0"

func ofFacilities(s auth.Scope, column string) (where string, args []any) {
	switch {
	case s.All:
		return "", nil
	case s.HealthFacility != nil:
		return column + ` = ?`, []any{*s.HealthFacility}
	case len(s.Districts) > 0:
		return column + ` IN (SELECT scope_h."HfID" FROM "tblHF" AS scope_h WHERE scope_h."LocationId" IN $ints(?))`, []any{db.Ints(s.Districts)}
	}
	return nobody, nil
}

// and adds a scope to the condition of a statement.
func and(src string, args []any, where string, more []any) (string, []any) {
	if where == "" {
		return src, args
	}
	return src + ` AND ` + where, append(args, more...)
}
