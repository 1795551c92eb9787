package location

import (
	"context"

	"github.com/openimis/openimis-be-go/graph/contract2019"
	"github.com/openimis/openimis-be-go/internal/auth"
	"github.com/openimis/openimis-be-go/internal/entity"
	"github.com/openimis/openimis-be-go/modules"
)

// GraphQL implements modules.GraphQL: the registers behind the pickers are open to every signed-in user.
func (m *Module) GraphQL() []modules.Face {
	return []modules.Face{{Contract: contract2019.Name, SDL: sdl, Roots: []modules.Root{
		{Name: "healthFacilities", Access: auth.SignedIn, List: m.app.List(HealthFacility, nil)},
		{Name: "healthFacilitiesStr", Access: auth.SignedIn, List: m.app.List(HealthFacility, pickFacilities)},
		{Name: "userDistricts", Access: auth.SignedIn, Call: modules.Answer(m.userDistricts)},
	}}}
}

// pickFacilities leaves the health facilities with a part of code or name, of a region or district.
func pickFacilities(c entity.Cond, args map[string]any) error {
	c.Search(args, "HFCode", "HFName")
	within(c, args)
	return nil
}

// userDistricts lists the districts of the signed-in user; an administrator's are all.
func (m *Module) userDistricts(ctx context.Context, _ modules.None) ([]*UserDistrict, error) {
	p := auth.From(ctx)
	rows, err := m.store.Districts(ctx, p.Scope.Districts, p.Scope.All && len(p.Scope.Districts) == 0)
	if rows == nil {
		rows = []*UserDistrict{}
	}
	return rows, err
}
