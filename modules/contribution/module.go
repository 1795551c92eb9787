// Package contribution holds premiums paid for policies and what their payment sets off. Start with [Service]; the rule
// is in package rules.
package contribution

import (
	"github.com/openimis/openimis-be-go/internal/schema"
	"github.com/openimis/openimis-be-go/internal/table"
	"github.com/openimis/openimis-be-go/modules"
	"github.com/openimis/openimis-be-go/modules/policy"
)

// Module is the contribution module of one instance. In 2019 it has no GraphQL fields; over FHIR contributions come with
// the Contract that they are paid for.
type Module struct{ app *modules.App }

// New makes the module.
func New(app *modules.App) *Module { return &Module{app: app} }

// Name implements modules.Module.
func (*Module) Name() string { return "contribution" }

// Requires implements modules.Module.
func (*Module) Requires() []string { return []string{"core", "product", "insuree", "policy"} }

// Needs implements modules.Database.
func (*Module) Needs() []schema.Need {
	return table.Needs(policy.Premiums)
}

var _ modules.Database = (*Module)(nil)
