package contribution

import (
	"context"

	"github.com/shopspring/decimal"

	"github.com/openimis/openimis-be-go/internal/auth"
	"github.com/openimis/openimis-be-go/internal/clock"
	"github.com/openimis/openimis-be-go/internal/db"
	"github.com/openimis/openimis-be-go/internal/fault"
	"github.com/openimis/openimis-be-go/modules/contribution/rules"
	"github.com/openimis/openimis-be-go/modules/policy"
)

// Service answers about premiums and lets them take effect. What lies outside the scope is not found, as if it were
// not there.
type Service struct {
	DB     *db.DB
	Clock  clock.Clock
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

// PremiumUpdated lets a premium that was entered or changed in the same transaction take effect on its policy and the
// covers of the insurees; see [Activation]. Both keep their history. Whether the user may change the policy is for the
// caller to ask.
func (s Service) PremiumUpdated(ctx context.Context, tx *db.Tx, premiumID int, action rules.Action) (rules.Effect, error) {
	switch action {
	case rules.ActionNone, rules.ActionWait, rules.ActionEnforce, rules.ActionSuspend:
	default:
		return rules.Effect{}, fault.Input("action", "action is %q; allowed: WAIT, ENFORCE, SUSPEND or nothing.", action)
	}
	everything := auth.Scope{All: true}
	premium, err := Store{tx}.byID(ctx, premiumID)
	switch {
	case err != nil:
		return rules.Effect{}, err
	case premium == nil:
		return rules.Effect{}, fault.New(fault.NotFound, "There is no premium %d.", premiumID)
	}
	policies := policy.Store{Query: tx}
	paid, err := policies.Lock(ctx, everything, premium.PolicyID)
	switch {
	case err != nil:
		return rules.Effect{}, err
	case paid == nil || !paid.Current():
		return rules.Effect{}, fault.New(fault.Conflict, "The policy of premium %d has been deleted.", premiumID)
	}
	p := rules.Payment{Premium: *premium, Policy: *paid, Action: action, Option: s.Option}
	if p.Option == 0 {
		p.Option = rules.OnContribution
	}
	if p.Premiums, err = (Store{tx}).OfPolicies(ctx, everything, []int{paid.ID}); err != nil {
		return rules.Effect{}, err
	}
	if p.Covers, err = policies.CoversOf(ctx, everything, paid.ID); err != nil {
		return rules.Effect{}, err
	}
	e := rules.Activation(p)
	return e, apply(ctx, tx, paid.ID, e, s.Clock())
}
