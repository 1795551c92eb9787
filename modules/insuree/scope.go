package insuree

import (
	"github.com/openimis/openimis-be-go/internal/auth"
	"github.com/openimis/openimis-be-go/internal/db"
	"github.com/openimis/openimis-be-go/internal/table"
	"github.com/openimis/openimis-be-go/modules/insuree/rules"
	"github.com/openimis/openimis-be-go/modules/location"
)

// People is the condition on rows of tblInsuree, as alias, that they are people: the legacy application keeps money that was
// given to a scheme as an insuree, whom no list shows and nobody can claim for (rules §3.1).
func People(alias string) string {
	return `(` + alias + `."CHFID" IS NULL OR ` + alias + `."CHFID" <> '` + rules.FundingNumber + `')`
}

// shownFamilies is People for rows of tblFamilies: those of money live in the village of funding.
func shownFamilies(alias string) string {
	return `NOT EXISTS (SELECT 1 FROM "tblLocations" scope_m WHERE scope_m."LocationId" = ` + alias + `."LocationId" AND ` + location.Funding("scope_m") + `)`
}

// also joins two conditions; an empty one says nothing.
func also(people, seen string, args []any) (string, []any) {
	if seen == "" {
		return people, args
	}
	return people + ` AND ` + seen, args
}

// ScopeWhere is the condition on rows of tblInsuree, as alias, that a scope may see; of all rows those of people; it stands for
// every row security of insurees, in lists and in services alike. An insuree is seen from the districts of the family's
// village and of the insuree's own current village.
//
// Sets (IN) and not a question for each row: for statements that look at all insurees. [ScopeEach] is for those that
// look at few.
func ScopeWhere(s auth.Scope, alias string) (where string, args []any) {
	in, arg := villages(s)
	if arg == nil {
		return also(People(alias), in, nil)
	}
	return People(alias) + ` AND (` + alias + `."FamilyID" IN ` + families(in) + ` OR ` + alias + `."CurrentVillage" IN ` + in + `)`, []any{arg, arg}
}

// ScopeEach is [ScopeWhere] by looking up where each insuree lives. With a country's districts in reach, the set of
// their families takes ten milliseconds to build, which a page of a list does not need. It counts the one family,
// because PostgreSQL makes a set of an EXISTS.
func ScopeEach(s auth.Scope, alias string) (where string, args []any) {
	in, arg := villages(s)
	if arg == nil {
		return also(People(alias), in, nil)
	}
	district, _ := districts(s)
	return People(alias) + ` AND (0 < (SELECT COUNT(*) FROM "tblFamilies" scope_f JOIN "tblLocations" scope_v ON scope_v."LocationId" = scope_f."LocationId" ` +
		`JOIN "tblLocations" scope_w ON scope_w."LocationId" = scope_v."ParentLocationId" WHERE scope_f."FamilyID" = ` + alias + `."FamilyID" AND scope_w."ParentLocationId" IN ` + district +
		`) OR ` + alias + `."CurrentVillage" IN ` + in + `)`, []any{arg, arg}
}

// FamilyScopeEach is [FamilyScopeWhere] by looking up where each family lives.
func FamilyScopeEach(s auth.Scope, alias string) (where string, args []any) {
	in, arg := districts(s)
	if arg == nil {
		return also(shownFamilies(alias), in, nil)
	}
	return shownFamilies(alias) + ` AND 0 < (SELECT COUNT(*) FROM "tblLocations" scope_v JOIN "tblLocations" scope_w ON scope_w."LocationId" = scope_v."ParentLocationId" ` +
		`WHERE scope_v."LocationId" = ` + alias + `."LocationId" AND scope_w."ParentLocationId" IN ` + in + `)`, []any{arg}
}

// FamilyScopeWhere is the condition on rows of tblFamilies, as alias, that a scope may see.
func FamilyScopeWhere(s auth.Scope, alias string) (where string, args []any) {
	in, arg := villages(s)
	if arg == nil {
		return also(shownFamilies(alias), in, nil)
	}
	return shownFamilies(alias) + ` AND ` + alias + `."LocationId" IN ` + in, []any{arg}
}

// OfFamilyWhere is the condition that a column holds the id of a family that a scope may see; "" means all rows.
func OfFamilyWhere(s auth.Scope, column string) (where string, args []any) {
	in, arg := villages(s)
	if arg == nil {
		return in, nil
	}
	return column + ` IN ` + families(in), []any{arg}
}

// villages gives the villages of a scope, for IN, with their one argument: those of its districts. Without an argument
// it is the whole condition.
//
// A village belongs to the district two levels above it, whether these rows are current or not: people of a closed
// village do not get out of sight.
func villages(s auth.Scope) (in string, arg any) {
	in, arg = districts(s)
	if arg == nil {
		return in, nil
	}
	return `(SELECT scope_v."LocationId" FROM "tblLocations" scope_v ` +
		`JOIN "tblLocations" scope_w ON scope_w."LocationId" = scope_v."ParentLocationId" WHERE scope_w."ParentLocationId" IN ` + in + `)`, arg
}

// districts gives the districts of a scope as villages does: of a claim administrator, that of the health facility
// (rules §2.3).
func districts(s auth.Scope) (in string, arg any) {
	switch {
	case s.All:
		return "", nil
	case s.HealthFacility != nil:
		return `(SELECT scope_hf."LocationId" FROM "tblHF" scope_hf WHERE scope_hf."HfID" = ?)`, *s.HealthFacility
	case len(s.Districts) > 0:
		return `$ints(?)`, db.Ints(s.Districts)
	}
	return table.None, nil
}

func families(in string) string {
	return `(SELECT scope_f."FamilyID" FROM "tblFamilies" scope_f WHERE scope_f."LocationId" IN ` + in + `)`
}
