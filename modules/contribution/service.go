package contribution

import (
	"context"

	"github.com/shopspring/decimal"

	"github.com/openimis/openimis-be-go/internal/auth"
	"github.com/openimis/openimis-be-go/internal/db"
	"github.com/openimis/openimis-be-go/modules"
	"github.com/openimis/openimis-be-go/modules/contribution/rules"
	"github.com/openimis/openimis-be-go/modules/policy"
	policyrules "github.com/openimis/openimis-be-go/modules/policy/rules"
)

// OptionOf reads from the configuration of module policy (layer be) when a paid policy becomes active: activation_option,
// which the Python backend knows too; 1, with the premium, when it says nothing.
func OptionOf(c modules.Config) rules.Option {
	if n := rules.Option(c.Int("activation_option")); n != 0 {
		return n
	}
	return rules.OnContribution
}

// Service answers about premiums and lets them take effect. What lies outside the scope is not found, as if it were
// not there.
type Service struct {
	DB     *db.DB
	Option rules.Option // when a paid policy becomes active; 0: with the premium
}

// Premiums answers the current premiums of policies, photo fees too, in the order of their ids.
func (s Service) Premiums(ctx context.Context, scope auth.Scope, policies ...int) (rows []rules.Premium, err error) {
	err = s.DB.Read(ctx, func(q db.Query) (err error) {
		rows, err = Store{q}.OfPolicies(ctx, scope, policies)
		return err
	})
	return rows, err
}

// Sums answers what has been paid for policies: current premiums, but for photo fees.
func (s Service) Sums(ctx context.Context, scope auth.Scope, policies ...int) (sums map[int]decimal.Decimal, err error) {
	err = s.DB.Read(ctx, func(q db.Query) (err error) {
		sums, err = policy.Store{Query: q}.Paid(ctx, scope, policies)
		return err
	})
	return sums, err
}

// takeEffect lets a premium that was entered or changed take effect on its policy, which the caller has locked, and on the
// covers of the insurees; see [rules.Activation]. Both keep their history.
func (s Service) takeEffect(ctx context.Context, tx *db.Tx, author auth.Author, premium rules.Premium, of policyrules.Policy, action rules.Action) (rules.Effect, error) {
	p := rules.Payment{Premium: premium, Policy: of, Action: action, Option: s.Option}
	if p.Option == 0 {
		p.Option = rules.OnContribution
	}
	everything := auth.Scope{All: true}
	var err error
	if p.Premiums, err = (Store{tx}).OfPolicies(ctx, everything, []int{of.ID}); err != nil {
		return rules.Effect{}, err
	}
	if p.Covers, err = (policy.Store{Query: tx}).CoversOf(ctx, everything, of.ID); err != nil {
		return rules.Effect{}, err
	}
	e := rules.Activation(p)
	return e, apply(ctx, tx, of.ID, e, author)
}
