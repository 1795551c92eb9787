// Package product is the module of insurance products: periods, prices, limits, and which items and
// services they cover. Start reading at Module; the tables are described in entities.go; what a
// product is and says is in package rules.
package product

import (
	_ "embed"

	"github.com/openimis/openimis-be-go/internal/entity"
	"github.com/openimis/openimis-be-go/internal/schema"
	"github.com/openimis/openimis-be-go/internal/table"
	"github.com/openimis/openimis-be-go/modules"
	"github.com/openimis/openimis-be-go/modules/medical"
)

//go:embed product.graphql
var sdl string

// Module is the product module of one instance.
type Module struct{ app *modules.App }

// New makes the module.
func New(app *modules.App) *Module { return &Module{app: app} }

// Name implements modules.Module.
func (*Module) Name() string { return "product" }

// Requires implements modules.Module.
func (*Module) Requires() []string { return []string{"core", "location", "medical"} }

// Model implements modules.Entities.
func (*Module) Model() entity.Model {
	return entity.Model{
		Types: []*entity.Type{Entity, ProductItem},
		Extensions: []entity.Extension{
			{Type: ProductItem, One: map[string]entity.One{"product": {To: Entity, Column: "ProdID", Open: true}}},
			{Type: medical.Item, Many: map[string]entity.Many{"items": {To: ProductItem, Column: "ItemID"}}},
		},
	}
}

// Needs implements modules.Database.
func (*Module) Needs() []schema.Need {
	return table.Needs(Products, ProductItems, ProductServices)
}

var (
	_ modules.GraphQL  = (*Module)(nil)
	_ modules.Entities = (*Module)(nil)
	_ modules.Database = (*Module)(nil)
)
