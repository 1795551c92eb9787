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
type Module struct{ app *modules.App }

// New makes the module.
func New(app *modules.App) *Module { return &Module{app: app} }

// Name implements modules.Module.
func (*Module) Name() string { return "claim" }

// Requires implements modules.Module.
func (*Module) Requires() []string {
	return []string{"core", "location", "medical", "medical_pricelist", "product", "insuree", "policy"}
}

// Search is the right to look at claims, their lines and their feedback.
var Search = auth.Needs(111001)

// Needs implements modules.Database.
func (*Module) Needs() []schema.Need {
	return append(table.Needs(Claims, ClaimItems, ClaimServices, Feedbacks),
		schema.Need{Table: "tblClaimDedRem", Columns: dedRemRecord.Columns(nil), Why: "what claims used up of deductibles and ceilings"},
		schema.Need{Table: attachmentTable, Columns: []string{"claim_id", "document", "mime", "title", "date"}, Optional: true, Why: "without it claims have no attachments (FHIR)"},
		schema.Need{Table: "tblControls", Columns: []string{"FieldName", "Adjustibility"}, Optional: true, Why: "without it no field is mandatory for phones"})
}

var (
	_ modules.GraphQL  = (*Module)(nil)
	_ modules.Entities = (*Module)(nil)
	_ modules.Database = (*Module)(nil)
)
