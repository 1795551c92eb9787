package insuree

import (
	"github.com/openimis/openimis-be-go/internal/auth"
	"github.com/openimis/openimis-be-go/internal/db"
)

// Nobody is the condition of a scope that sees nothing.
const Nobody = "1 = 0"

// ScopeWhere is the condition on rows of tblInsuree, as alias, that a scope may see; "" means all rows, and stands for
// every row security of insurees, in lists and in services alike. An insuree is seen from the districts of his family's
// village and of his own current village.
//
// Sets (IN) and not EXISTS: over 100,000 insurees both embedded and PostgreSQL build the set of families once, in a few
// milliseconds, where PostgreSQL takes half a second to ask for each row.
func ScopeWhere(s auth.Scope, alias string) (where string, args []any) {
	in, arg := villages(s)
	if arg == nil {
		return in, nil
	}
	return `(` + alias + `."FamilyID" IN ` + families(in) + ` OR ` + alias + `."CurrentVillage" IN ` + in + `)`, []any{arg, arg}
}

// FamilyScopeWhere is the condition on rows of tblFamilies, as alias, that a scope may see; "" means all rows.
func FamilyScopeWhere(s auth.Scope, alias string) (where string, args []any) {
	in, arg := villages(s)
	if arg == nil {
		return in, nil
	}
	return alias + `."LocationId" IN ` + in, []any{arg}
}

// OfFamilyWhere is the condition that a column holds the id of a family that a scope may see; "" means all rows.
func OfFamilyWhere(s auth.Scope, column string) (where string, args []any) {
	in, arg := villages(s)
	if arg == nil {
		return in, nil
	}
	return column + ` IN ` + families(in), []any{arg}
}

// And adds the condition of a scope to a condition of a statement.
func And(where string, args []any, seen string, more []any) (string, []any) {
	if seen == "" {
		return where, args
	}
	return where + ` AND ` + seen, append(args, more...)
}

// villages gives the villages of a scope, for IN, with their one argument: those of its districts or, for a claim
// administrator, of the district of his health facility (rules §2.3). Without an argument it is the whole condition.
//
// A village belongs to the district two levels above it, whether these rows are current or not: people of a closed
// village do not get out of sight.
func villages(s auth.Scope) (in string, arg any) {
	const of = `(SELECT scope_v."LocationId" FROM "tblLocations" scope_v ` +
		`JOIN "tblLocations" scope_w ON scope_w."LocationId" = scope_v."ParentLocationId" WHERE scope_w."ParentLocationId" IN `
	switch {
	case s.All:
		return "", nil
	case s.HealthFacility != nil:
		return of + `(SELECT scope_hf."LocationId" FROM "tblHF" scope_hf WHERE scope_hf."HfID" = ?))`, *s.HealthFacility
	case len(s.Districts) > 0:
		return of + `$ints(?))`, db.Ints(s.Districts)
	}
	return Nobody, nil
}

func families(in string) string {
	return `(SELECT scope_f."FamilyID" FROM "tblFamilies" scope_f WHERE scope_f."LocationId" IN ` + in + `)`
}
