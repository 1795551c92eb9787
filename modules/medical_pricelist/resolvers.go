package medical_pricelist

import (
	"context"

	"github.com/openimis/openimis-be-go/internal/auth"
	"github.com/openimis/openimis-be-go/internal/fault"
	"github.com/openimis/openimis-be-go/modules"
)

// The rights to search price lists; without them a user reads those of the facilities he may see.
const (
	searchServiceLists = 121201
	searchItemLists    = 121301
)

// Query resolves the module's root fields.
type Query struct {
	app   *modules.App
	store *Store
}

// Pricelists gives the overruled prices of a list of services and of a list of items. A list that is
// not asked for is empty, never null: the application maps over both.
func (q *Query) Pricelists(ctx context.Context, servicePricelistID, itemPricelistID *int) (*Pricelists, error) {
	var err error
	out := &Pricelists{Services: []*Price{}, Items: []*Price{}}
	if servicePricelistID != nil {
		if out.Services, err = q.prices(ctx, services, searchServiceLists, *servicePricelistID); err != nil {
			return nil, err
		}
	}
	if itemPricelistID != nil {
		if out.Items, err = q.prices(ctx, items, searchItemLists, *itemPricelistID); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func (q *Query) prices(ctx context.Context, k kind, right, list int) ([]*Price, error) {
	if p := auth.From(ctx); !p.Has(right) {
		used, err := q.store.Used(ctx, k, list, p.Scope)
		if err != nil {
			return nil, err
		}
		if !used {
			return nil, fault.New(fault.Forbidden, "Price list %d belongs to no health facility that you may see.", list)
		}
	}
	return q.store.Overruled(ctx, k, list)
}
