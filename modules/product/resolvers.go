package product

import (
	"github.com/openimis/openimis-be-go/graph/contract2019"
	"github.com/openimis/openimis-be-go/internal/auth"
	"github.com/openimis/openimis-be-go/internal/entity"
	"github.com/openimis/openimis-be-go/modules"
)

// GraphQL implements modules.GraphQL: the registers behind the pickers are open to every signed-in user.
func (m *Module) GraphQL() []modules.Face {
	return []modules.Face{{Contract: contract2019.Name, SDL: sdl, Roots: []modules.Root{
		{Name: "products", Access: auth.SignedIn, List: m.app.List(Entity, nil)},
		{Name: "productsStr", Access: auth.SignedIn, List: m.app.List(Entity, pick)},
	}}}
}

// pick leaves the products with a part of code or name, for the picker.
func pick(c entity.Cond, args map[string]any) error {
	c.Search(args, "ProductCode", "ProductName")
	return nil
}
