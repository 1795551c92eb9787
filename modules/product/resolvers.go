package product

import (
	"context"

	"github.com/openimis/openimis-be-go/internal/entity"
	"github.com/openimis/openimis-be-go/modules"
)

// Query resolves the module's root fields.
type Query struct{ app *modules.App }

// Products lists insurance products.
func (q *Query) Products(ctx context.Context) (*entity.Result, error) {
	return q.app.Entities.List(ctx, Entity, nil)
}

// ProductsStr lists insurance products by a part of code or name, for the picker.
func (q *Query) ProductsStr(ctx context.Context) (*entity.Result, error) {
	return q.app.Entities.List(ctx, Entity, func(c entity.Cond, args map[string]any) error {
		c.Search(args, "ProductCode", "ProductName")
		return nil
	})
}
