package claim

import (
	_ "embed"

	"github.com/openimis/openimis-be-go/internal/auth"
	"github.com/openimis/openimis-be-go/internal/schema"
	"github.com/openimis/openimis-be-go/internal/table"
	"github.com/openimis/openimis-be-go/modules"
)

//go:embed claim.graphql
var sdl string

// Module is the claim module of one instance.
type Module struct {
	Query    Query
	Mutation Mutation
	app      *modules.App
}

// New makes the module.
func New(app *modules.App) *Module {
	return &Module{Query: Query{app: app}, Mutation: Mutation{app: app}, app: app}
}

// Name implements modules.Module.
func (*Module) Name() string { return "claim" }

// Requires implements modules.Module.
func (*Module) Requires() []string {
	return []string{"core", "location", "medical", "medical_pricelist", "product", "insuree", "policy"}
}

// SDL implements modules.GraphQL.
func (*Module) SDL() string { return sdl }

// Search is the right to look at claims, their lines and their feedback.
var Search = auth.Needs(111001)

// Access implements modules.GraphQL: administrators and officers fill pickers.
func (m *Module) Access() map[string]auth.Access {
	access := map[string]auth.Access{"claims": Search, "claimAdmins": auth.SignedIn, "claimOfficers": auth.SignedIn}
	for name, h := range m.Mutations() {
		access[name] = h.Access
	}
	return access
}

// Needs implements modules.Database.
func (*Module) Needs() []schema.Need {
	return append(table.Needs(Claims, ClaimItems, ClaimServices, Feedbacks),
		schema.Need{Table: "tblClaimDedRem", Columns: dedRemRecord.columns(nil), Why: "what claims used up of deductibles and ceilings"},
		schema.Need{Table: "tblControls", Columns: []string{"FieldName", "Adjustibility"}, Optional: true, Why: "without it no field is mandatory for phones"})
}

var (
	_ modules.GraphQL   = (*Module)(nil)
	_ modules.Entities  = (*Module)(nil)
	_ modules.Mutations = (*Module)(nil)
	_ modules.Database  = (*Module)(nil)
)
