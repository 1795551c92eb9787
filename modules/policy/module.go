// Package policy holds insurance policies of families: their period, value, cover of each insuree, renewal, and what
// is left of their limits. Start with [Service]: it reads what a rule needs ([Store], in store*.go), lets the rule (package
// rules) decide and writes what it answers.
package policy

import (
	"context"
	_ "embed"
	"time"

	"github.com/openimis/openimis-be-go/internal/schema"
	"github.com/openimis/openimis-be-go/internal/table"
	"github.com/openimis/openimis-be-go/modules"
	"github.com/openimis/openimis-be-go/modules/policy/rules"
)

//go:embed policy.graphql
var sdl string

// Module is the policy module of one instance.
type Module struct {
	app     *modules.App
	service Service
}

// New makes the module.
func New(app *modules.App) *Module {
	return &Module{app: app, service: Service{DB: app.DB, Clock: app.Clock}}
}

// Name implements modules.Module.
func (*Module) Name() string { return "policy" }

// Requires implements modules.Module.
func (*Module) Requires() []string {
	return []string{"core", "location", "medical", "product", "insuree"}
}

// DefaultConfig implements modules.Defaults. eligibility_rights lists the rights (any of them) with
// which people may ask for eligibility; without it only technical users may (docs/compatibility.md).
func (*Module) DefaultConfig() map[string]any {
	return map[string]any{"eligibility_rights": []any{}}
}

// Jobs implements modules.Jobs: every morning the renewals that are due are written and policies past
// their expiry become expired, as the Windows service of the legacy system does.
func (m *Module) Jobs() []modules.Job {
	return []modules.Job{{Name: "policy.renewals", At: 6*time.Hour + 30*time.Minute, Run: func(ctx context.Context) error {
		if _, err := m.service.InsertRenewals(ctx, rules.RenewalFilter{}); err != nil {
			return err
		}
		_, err := m.service.ExpirePolicies(ctx)
		return err
	}}}
}

// Needs implements modules.Database.
func (*Module) Needs() []schema.Need {
	return table.Needs(Policies, Coverages, Used, Premiums, DueRenewals)
}

var (
	_ modules.GraphQL  = (*Module)(nil)
	_ modules.Database = (*Module)(nil)
	_ modules.Jobs     = (*Module)(nil)
	_ modules.Defaults = (*Module)(nil)
)
