// Package medical_pricelist is the module of price lists: which items and services a health facility may
// claim, and at what price. Start reading at Module; the tables are described in entities.go.
package medical_pricelist

import (
	_ "embed"

	"github.com/openimis/openimis-be-go/internal/entity"
	"github.com/openimis/openimis-be-go/internal/schema"
	"github.com/openimis/openimis-be-go/internal/table"
	"github.com/openimis/openimis-be-go/modules"
	"github.com/openimis/openimis-be-go/modules/location"
	"github.com/openimis/openimis-be-go/modules/medical"
)

//go:embed medical_pricelist.graphql
var sdl string

// Module is the medical_pricelist module of one instance.
type Module struct{ store *Store }

// New makes the module.
func New(app *modules.App) *Module { return &Module{store: &Store{DB: app.DB}} }

// Name implements modules.Module.
func (*Module) Name() string { return "medical_pricelist" }

// Requires implements modules.Module.
func (*Module) Requires() []string { return []string{"core", "location", "medical"} }

// Model implements modules.Entities.
func (*Module) Model() entity.Model {
	return entity.Model{
		Types: []*entity.Type{ServicePricelist, ServicePricelistDetail, ItemPricelist, ItemPricelistDetail},
		Extensions: []entity.Extension{
			{Type: ServicePricelistDetail, One: map[string]entity.One{"servicePricelist": {To: ServicePricelist, Column: "PLServiceID", Open: true}}},
			{Type: ItemPricelistDetail, One: map[string]entity.One{"itemPricelist": {To: ItemPricelist, Column: "PLItemID", Open: true}}},
			{Type: location.Location, Many: map[string]entity.Many{"servicepricelistSet": {To: ServicePricelist, Column: "LocationId"}}},
			{Type: location.HealthFacility, One: map[string]entity.One{
				// A facility elsewhere, which a row in reach refers to, does not show its prices.
				"servicePricelist": {To: ServicePricelist, Column: "PLServiceID"},
				"itemPricelist":    {To: ItemPricelist, Column: "PLItemID"},
			}},
			{Type: medical.Item, Many: map[string]entity.Many{"pricelistDetails": {To: ItemPricelistDetail, Column: "ItemID"}}},
			{Type: medical.Service, Many: map[string]entity.Many{"pricelistDetails": {To: ServicePricelistDetail, Column: "ServiceID"}}},
		},
	}
}

// Needs implements modules.Database.
func (*Module) Needs() []schema.Need {
	return table.Needs(ItemLists, ItemPrices, ServiceLists, ServicePrices)
}

var (
	_ modules.GraphQL  = (*Module)(nil)
	_ modules.Entities = (*Module)(nil)
	_ modules.Database = (*Module)(nil)
)
