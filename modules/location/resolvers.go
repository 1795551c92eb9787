package location

import (
	"context"

	"github.com/openimis/openimis-be-go/internal/auth"
	"github.com/openimis/openimis-be-go/internal/entity"
	"github.com/openimis/openimis-be-go/modules"
)

// Query resolves the module's root fields.
type Query struct {
	app   *modules.App
	store *Store
}

// HealthFacilities lists the health facilities that the user may see.
func (q *Query) HealthFacilities(ctx context.Context) (*entity.Result, error) {
	return q.app.Entities.List(ctx, HealthFacility, nil)
}

// HealthFacilitiesStr lists them by a part of code or name, by region and district, for the picker.
func (q *Query) HealthFacilitiesStr(ctx context.Context) (*entity.Result, error) {
	return q.app.Entities.List(ctx, HealthFacility, func(c entity.Cond, args map[string]any) error {
		c.Search(args, "HFCode", "HFName")
		within(c, args)
		return nil
	})
}

// UserDistricts lists the districts of the signed-in user; an administrator's are all.
func (q *Query) UserDistricts(ctx context.Context) ([]*UserDistrict, error) {
	p := auth.From(ctx)
	rows, err := q.store.Districts(ctx, p.Scope.Districts, p.Scope.All && len(p.Scope.Districts) == 0)
	if rows == nil {
		rows = []*UserDistrict{}
	}
	return rows, err
}
