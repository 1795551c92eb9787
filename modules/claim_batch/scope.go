package claim_batch

import (
	"context"

	"github.com/openimis/openimis-be-go/internal/auth"
	"github.com/openimis/openimis-be-go/internal/db"
	"github.com/openimis/openimis-be-go/internal/fault"
)

// regional is the condition for rows of a district or region of s, or of the whole country.
func regional(s auth.Scope, alias string) (string, []any) {
	if s.All {
		return "", nil
	}
	column := alias + `."LocationId"`
	return `(` + column + ` IS NULL OR ` + column + ` IN $ints(?) OR ` + column + ` IN (SELECT d."ParentLocationId" FROM "tblLocations" AS d WHERE d."LocationId" IN $ints(?)))`,
		[]any{db.Ints(s.Districts), db.Ints(s.Districts)}
}

// mayRun refuses the run of a location that reaches beyond the districts of a user: a region is for those who have
// all of its districts, the country for those who have all.
func (s *Store) mayRun(ctx context.Context, scope auth.Scope, location *int) error {
	if scope.All {
		return nil
	}
	const others = `SELECT COUNT(*) FROM "tblLocations" AS d WHERE d."LocationType" = 'D' AND d."ValidityTo" IS NULL AND d."LocationId" NOT IN $ints(?)`
	var beyond int
	var err error
	if location == nil {
		err = s.DB.Get(ctx, &beyond, others, db.Ints(scope.Districts))
	} else {
		err = s.DB.Get(ctx, &beyond, others+` AND (d."LocationId" = ? OR d."ParentLocationId" = ?)`, db.Ints(scope.Districts), *location, *location)
	}
	switch {
	case err != nil:
		return err
	case beyond > 0 || len(scope.Districts) == 0:
		return fault.New(fault.Forbidden, "Batch runs of this location are for users of all of its districts.")
	}
	return nil
}
