package claim

import (
	"github.com/openimis/openimis-be-go/internal/auth"
	"github.com/openimis/openimis-be-go/internal/db"
	"github.com/openimis/openimis-be-go/modules/location"
)

// ScopeWhere is the condition on rows of tblClaim, as alias, that a scope may see; "" means all. Claims
// belong to the district of their health facility; a claim administrator sees those of one facility.
func ScopeWhere(s auth.Scope, alias string) (where string, args []any) {
	return location.OfFacilities(s, alias+`."HFID"`)
}

// ScopeEach is ScopeWhere by looking up the facility of each claim. The embedded database would else
// begin a page of a list with all claims of the facilities in reach.
func ScopeEach(s auth.Scope, alias string) (where string, args []any) {
	if s.All || s.HealthFacility != nil || len(s.Districts) == 0 {
		return ScopeWhere(s, alias)
	}
	return `EXISTS (SELECT 1 FROM "tblHF" AS scope_h WHERE scope_h."HfID" = ` + alias + `."HFID" AND scope_h."LocationId" IN $ints(?))`, []any{db.Ints(s.Districts)}
}

// PartScopeWhere is the condition on rows of a table that belong to a claim: lines and feedback.
func PartScopeWhere(s auth.Scope, alias string) (where string, args []any) {
	in, args := ScopeWhere(s, "scope_c")
	if in == "" {
		return "", nil
	}
	return alias + `."ClaimID" IN (SELECT scope_c."ClaimID" FROM "tblClaim" AS scope_c WHERE ` + in + `)`, args
}
