// Package claim_batch is the module of batch runs: the monthly valuation of claims with relative prices.
//
// Start reading at [Service]: run.go says how a run goes through its states, store_plan.go, store_stage.go,
// store_publish.go and store_undo.go have a transaction each, preview.go computes a run by the rules, which are in
// package rules. docs/claim-batch.md has the reasons.
package claim_batch

import (
	_ "embed"

	"github.com/openimis/openimis-be-go/internal/auth"
	"github.com/openimis/openimis-be-go/internal/entity"
	"github.com/openimis/openimis-be-go/internal/schema"
	"github.com/openimis/openimis-be-go/internal/table"
	"github.com/openimis/openimis-be-go/modules"
	"github.com/openimis/openimis-be-go/modules/location"
	"github.com/openimis/openimis-be-go/modules/product"
)

var (
	//go:embed claim_batch.graphql
	sdl string
	//go:embed batch_run.graphql
	batchRunSDL string
)

// Module is the claim_batch module of one instance.
type Module struct {
	app     *modules.App
	store   *Store
	service *Service
}

// New makes the module.
func New(app *modules.App) *Module {
	return &Module{app: app, store: &Store{DB: app.DB}, service: &Service{DB: app.DB, Clock: app.Clock}}
}

// Name implements modules.Module.
func (*Module) Name() string { return "claim_batch" }

// Requires implements modules.Module.
func (*Module) Requires() []string { return []string{"core", "location", "medical", "product"} }

// Search is the right to look at batch runs.
var Search = auth.Needs(111102)

// Model implements modules.Entities.
func (*Module) Model() entity.Model {
	return entity.Model{
		Types: []*entity.Type{BatchRun, RelativeIndex},
		Extensions: []entity.Extension{
			{Type: location.Location, Many: map[string]entity.Many{
				"batchrunSet":      {To: BatchRun, Column: "LocationId"},
				"relativeindexSet": {To: RelativeIndex, Column: "LocationId"},
			}},
			{Type: product.Entity, Many: map[string]entity.Many{"relativeindexSet": {To: RelativeIndex, Column: "ProdID"}}},
		},
	}
}

// Needs implements modules.Database.
func (*Module) Needs() []schema.Need {
	line := []string{"ClaimID", "ProdID", "PriceOrigin", "PriceAsked", "PriceAdjusted", "PriceValuated", "RemuneratedAmount", "ValidityTo"}
	return append(table.Needs(BatchRuns, RelativeIndexes),
		schema.Need{Table: "tblClaim", Columns: []string{"ClaimID", "ClaimStatus", "RunID", "ProcessStamp", "HFID", "ValidityTo"}, Why: "the claims of a run"},
		schema.Need{Table: "tblClaimItems", Columns: append([]string{"ClaimItemID", "ClaimItemStatus"}, line...), Why: "their items"},
		schema.Need{Table: "tblClaimServices", Columns: append([]string{"ClaimServiceID", "ClaimServiceStatus"}, line...), Why: "their services"},
		schema.Need{Table: "tblPremium", Columns: []string{"PolicyID", "Amount", "PayDate", "ValidityTo"}, Why: "what there is to share"},
		schema.Need{Table: "tblPolicy", Columns: []string{"PolicyID", "ProdID", "PolicyStatus", "EffectiveDate", "ExpiryDate", "ValidityTo"}, Why: "when it was earned"},
		schema.Need{Table: "tblRelDistr", Columns: []string{"ProdID", "DistrType", "DistrCareType", "Period", "DistrPerc", "ValidityTo"}, Why: "how it is shared"},
		schema.Need{Table: "tblHFCatchment", Columns: []string{"HFID", "LocationId", "Catchment", "ValidityTo"}, Why: "capitation"})
}

var (
	_ modules.GraphQL  = (*Module)(nil)
	_ modules.Earlier  = (*Module)(nil)
	_ modules.Entities = (*Module)(nil)
	_ modules.Database = (*Module)(nil)
	_ modules.Routes   = (*Module)(nil)
	_ modules.Jobs     = (*Module)(nil)
)
