// Package medical is the module of the medical registers: diagnoses, medical items and services. Start
// reading at Module; the tables are described in entities.go.
package medical

import (
	_ "embed"

	"github.com/openimis/openimis-be-go/internal/entity"
	"github.com/openimis/openimis-be-go/internal/schema"
	"github.com/openimis/openimis-be-go/internal/table"
	"github.com/openimis/openimis-be-go/modules"
)

//go:embed medical.graphql
var sdl string

// Module is the medical module of one instance.
type Module struct{ app *modules.App }

// New makes the module.
func New(app *modules.App) *Module { return &Module{app: app} }

// Name implements modules.Module.
func (*Module) Name() string { return "medical" }

// Requires implements modules.Module.
func (*Module) Requires() []string { return []string{"core"} }

// Model implements modules.Entities.
func (*Module) Model() entity.Model {
	return entity.Model{
		Types: []*entity.Type{Diagnosis, Item, Service},
	}
}

// Needs implements modules.Database.
func (*Module) Needs() []schema.Need {
	return table.Needs(Diagnoses, Items, Services)
}

var (
	_ modules.GraphQL  = (*Module)(nil)
	_ modules.Entities = (*Module)(nil)
	_ modules.Database = (*Module)(nil)
)
