package location

import (
	"context"
	_ "embed"

	"github.com/openimis/openimis-be-go/graph/contract2019"
	"github.com/openimis/openimis-be-go/internal/auth"
	"github.com/openimis/openimis-be-go/internal/entity"
	"github.com/openimis/openimis-be-go/modules"
)

//go:embed earlier.graphql
var earlierSDL string

// Earlier implements modules.Earlier: until 0.0.7 regions and districts were found with locationsStr, and
// the place of a health facility with healthFacilityFullPath.
func (m *Module) Earlier(pinned modules.Pins) []modules.Face {
	if !pinned.Before("location", "0.0.7") {
		return nil
	}
	return []modules.Face{{Contract: contract2019.Name, SDL: earlierSDL, Roots: []modules.Root{
		{Name: "healthFacilityFullPath", Access: auth.SignedIn, Call: modules.Answer(m.fullPath)},
		{Name: "locationsStr", Access: auth.SignedIn, List: m.app.List(Location, pickLocations)},
	}}}
}

// pickLocations leaves the locations with a part of code or name, of a type that the argument tpe names.
func pickLocations(c entity.Cond, args map[string]any) error {
	c.Search(args, "LocationCode", "LocationName")
	if kind, ok := args["tpe"].(string); ok && kind != "" {
		c.And(`$eq(t."LocationType", ?)`, kind)
	}
	delete(args, "tpe")
	return nil
}

// FullPath is a health facility with the district and the region that it is in.
type FullPath struct {
	ID           *int    `graphql:"hfId" db:"HfID"`
	Code         *string `graphql:"hfCode" db:"HFCode"`
	Name         *string `graphql:"hfName" db:"HFName"`
	Level        *string `graphql:"hfLevel" db:"HFLevel"`
	DistrictID   *int    `db:"DistrictId"`
	DistrictCode *string `db:"DistrictCode"`
	DistrictName *string `db:"DistrictName"`
	RegionID     *int    `db:"RegionId"`
	RegionCode   *string `db:"RegionCode"`
	RegionName   *string `db:"RegionName"`
}

type fullPathInput struct {
	ID int `graphql:"hfId"`
}

// fullPath answers where a health facility is; null for one that the user may not see.
func (m *Module) fullPath(ctx context.Context, in fullPathInput) (*FullPath, error) {
	return m.store.FullPath(ctx, auth.ScopeOf(ctx), in.ID)
}

var _ modules.Earlier = (*Module)(nil)
