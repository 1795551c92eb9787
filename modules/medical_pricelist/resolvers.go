package medical_pricelist

import (
	"context"

	"github.com/openimis/openimis-be-go/graph/contract2019"
	"github.com/openimis/openimis-be-go/internal/auth"
	"github.com/openimis/openimis-be-go/internal/fault"
	"github.com/openimis/openimis-be-go/modules"
)

// The rights to search price lists; without them users read those of the facilities that they may see.
const (
	searchServiceLists = 121201
	searchItemLists    = 121301
)

// GraphQL implements modules.GraphQL: the registers behind the pickers are open to every signed-in user.
func (m *Module) GraphQL() []modules.Face {
	return []modules.Face{{Contract: contract2019.Name, SDL: sdl, Roots: []modules.Root{
		{Name: "pricelists", Access: auth.SignedIn, Call: modules.Answer(m.pricelists)},
	}}}
}

type pricelistsInput struct{ ServicePricelistID, ItemPricelistID *int }

// pricelists gives the overruled prices of a list of services and of a list of items. A list that is
// not asked for is empty, never null: the application maps over both.
func (m *Module) pricelists(ctx context.Context, in pricelistsInput) (*Pricelists, error) {
	var err error
	out := &Pricelists{Services: []*Price{}, Items: []*Price{}}
	if in.ServicePricelistID != nil {
		if out.Services, err = m.prices(ctx, services, searchServiceLists, *in.ServicePricelistID); err != nil {
			return nil, err
		}
	}
	if in.ItemPricelistID != nil {
		if out.Items, err = m.prices(ctx, items, searchItemLists, *in.ItemPricelistID); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func (m *Module) prices(ctx context.Context, k kind, right, list int) ([]*Price, error) {
	if p := auth.From(ctx); !p.Has(right) {
		used, err := m.store.Used(ctx, k, list, p.Scope)
		if err != nil {
			return nil, err
		}
		if !used {
			return nil, fault.New(fault.Forbidden, "Price list %d belongs to no health facility that you may see.", list)
		}
	}
	return m.store.Overruled(ctx, k, list)
}
