// Package insuree is the module of people: insurees, their families and photos. Start reading at
// Module; the tables are described in entities.go, who sees whom in scope.go.
package insuree

import (
	_ "embed"

	"github.com/openimis/openimis-be-go/internal/auth"
	"github.com/openimis/openimis-be-go/internal/entity"
	"github.com/openimis/openimis-be-go/internal/schema"
	"github.com/openimis/openimis-be-go/internal/table"
	"github.com/openimis/openimis-be-go/modules"
	"github.com/openimis/openimis-be-go/modules/location"
)

//go:embed insuree.graphql
var sdl string

// Module is the insuree module of one instance.
type Module struct {
	app    *modules.App
	photos photos
}

// New makes the module.
func New(app *modules.App) *Module {
	return &Module{app: app, photos: photos{root: app.PhotoRoot, db: app.DB}}
}

// Name implements modules.Module.
func (*Module) Name() string { return "insuree" }

// Requires implements modules.Module.
func (*Module) Requires() []string { return []string{"core", "location"} }

// Read lets in who searches or enquires insurees (101101, 101105) and who enters or reads claims
// (111001, 111002), whose patients they are. The scope decides which insurees.
var Read = auth.Needs(101101, 101105, 111001, 111002)

// ReadFamilies is Read for families, which have a right of their own (101001).
var ReadFamilies = auth.Needs(101001, 101101, 101105, 111001, 111002)

// Model implements modules.Entities.
func (*Module) Model() entity.Model {
	return entity.Model{
		Types: []*entity.Type{Entity, FamilyEntity, FamilyType, Gender, Photo},
		Extensions: append(relations(),
			entity.Extension{Type: location.HealthFacility, Many: map[string]entity.Many{"insureeSet": {To: Entity, Column: "HFID"}}}),
	}
}

// Needs implements modules.Database.
func (*Module) Needs() []schema.Need {
	return table.Needs(Insurees, Families, Photos, Genders, FamilyTypes, ConfirmationTypes, Educations, Professions, Relations, IdentificationTypes)
}

var (
	_ modules.GraphQL  = (*Module)(nil)
	_ modules.Entities = (*Module)(nil)
	_ modules.Database = (*Module)(nil)
	_ modules.Routes   = (*Module)(nil)
)
