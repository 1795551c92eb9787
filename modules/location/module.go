// Package location is the module of territory: regions, districts, wards, villages and the health
// facilities in them. Start reading at Module; the tables are described in entities.go.
package location

import (
	_ "embed"

	"github.com/openimis/openimis-be-go/internal/entity"
	"github.com/openimis/openimis-be-go/internal/schema"
	"github.com/openimis/openimis-be-go/internal/table"
	"github.com/openimis/openimis-be-go/modules"
)

//go:embed location.graphql
var sdl string

// Module is the location module of one instance.
type Module struct {
	store *Store
	app   *modules.App
}

// New makes the module.
func New(app *modules.App) *Module {
	return &Module{store: &Store{DB: app.DB}, app: app}
}

// Name implements modules.Module.
func (*Module) Name() string { return "location" }

// Requires implements modules.Module.
func (*Module) Requires() []string { return []string{"core"} }

// Model implements modules.Entities.
func (*Module) Model() entity.Model {
	return entity.Model{Types: []*entity.Type{Location, HealthFacility}, Extensions: relations()}
}

// Needs implements modules.Database.
func (*Module) Needs() []schema.Need {
	return table.Needs(Locations, Facilities, LegalForms, ClaimAdmins, Officers)
}

var (
	_ modules.GraphQL  = (*Module)(nil)
	_ modules.Entities = (*Module)(nil)
	_ modules.Database = (*Module)(nil)
)
