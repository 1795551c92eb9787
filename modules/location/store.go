package location

import (
	"context"

	"github.com/openimis/openimis-be-go/internal/auth"
	"github.com/openimis/openimis-be-go/internal/db"
	"github.com/openimis/openimis-be-go/internal/entity"
)

// Store has the module's SQL.
type Store struct{ DB *db.DB }

// within reads the arguments regionId and districtId, and keeps the facilities that are there.
func within(c entity.Cond, args map[string]any) {
	for _, at := range []struct{ arg, column string }{{"regionId", "ParentLocationId"}, {"districtId", "LocationId"}} {
		if v := args[at.arg]; v != nil {
			c.And(c.Join("location")+`."`+at.column+`" = ?`, v)
		}
		delete(args, at.arg)
	}
}

// Districts reads current districts with their regions by id.
func (s *Store) Districts(ctx context.Context, ids []int, all bool) ([]*UserDistrict, error) {
	var rows []*UserDistrict
	src := `SELECT d."LocationId", d."LocationCode", d."LocationName", r."LocationId" AS "RegionId", r."LocationCode" AS "RegionCode", r."LocationName" AS "RegionName"
		FROM "tblLocations" AS d JOIN "tblLocations" AS r ON r."LocationId" = d."ParentLocationId"
		WHERE d."LocationType" = 'D' AND d."ValidityTo" IS NULL AND r."ValidityTo" IS NULL AND NOT ` + Funding("d")
	var args []any
	if !all {
		src += ` AND d."LocationId" IN $ints(?)`
		args = append(args, db.Ints(ids))
	}
	err := s.DB.Select(ctx, &rows, src+` ORDER BY d."LocationId"`, args...)
	return rows, err
}

// FullPath reads a current health facility with its district and region; nil when there is none in the scope.
func (s *Store) FullPath(ctx context.Context, scope auth.Scope, id int) (*FullPath, error) {
	src := `SELECT f."HfID", f."HFCode", f."HFName", f."HFLevel", d."LocationId" AS "DistrictId", d."LocationCode" AS "DistrictCode", d."LocationName" AS "DistrictName",
			r."LocationId" AS "RegionId", r."LocationCode" AS "RegionCode", r."LocationName" AS "RegionName"
		FROM "tblHF" AS f JOIN "tblLocations" AS d ON d."LocationId" = f."LocationId" LEFT JOIN "tblLocations" AS r ON r."LocationId" = d."ParentLocationId"
		WHERE f."HfID" = ? AND f."ValidityTo" IS NULL`
	args := []any{id}
	if !scope.All {
		if seen, more := FacilityScope(scope, "f"); seen != "" {
			src, args = src+" AND "+seen, append(args, more...)
		}
	}
	var rows []*FullPath
	if err := s.DB.Select(ctx, &rows, src, args...); err != nil || len(rows) == 0 {
		return nil, err
	}
	return rows[0], nil
}
