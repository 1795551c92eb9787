package rules

import (
	"time"

	"github.com/shopspring/decimal"

	"github.com/openimis/openimis-be-go/internal/fault"
	policy "github.com/openimis/openimis-be-go/modules/policy/rules"
)

// Action is what whoever enters a premium wants done with the policy.
type Action string

const (
	ActionNone    Action = ""        // nothing asked for
	ActionWait    Action = "WAIT"    // leave an underpaid policy as it is
	ActionEnforce Action = "ENFORCE" // activate it although it is underpaid
	ActionSuspend Action = "SUSPEND" // suspend it
)

// Check says whether there is such an action.
func (a Action) Check() error {
	switch a {
	case ActionNone, ActionWait, ActionEnforce, ActionSuspend:
		return nil
	}
	return fault.Input("action", "action is %s; allowed: WAIT, ENFORCE, SUSPEND or nothing.", string(a))
}

// Option is the configured moment at which a paid policy becomes active.
type Option int

const (
	OnContribution Option = 1 // with the premium
	OnPayment      Option = 2 // when the payment has been matched
	OnReady        Option = 3 // when somebody says so
)

// Payment is a premium just entered or changed, with what its effect depends on.
type Payment struct {
	Premium  Premium
	Policy   policy.Policy
	Premiums []Premium              // of the policy; the entered one may be among them
	Covers   []policy.InsureePolicy // of the policy
	Action   Action
	Option   Option
}

// Effect is what changes; the zero Effect changes nothing.
type Effect struct {
	Status        *int                   // of the policy
	EffectiveDate *time.Time             // of the policy
	Covers        []policy.InsureePolicy // current covers as they become
}

// Activation answers what a premium does to its policy (rules §7). A policy paid exactly becomes effective on the
// payment or on its start, whichever is later; one paid in excess, or underpaid and enforced, on the payment. The
// covers of the insurees follow the policy. A photo fee pays for no policy.
//
// With options 2 and 3 the policy only becomes ready and keeps its effective date. The covers are dated nevertheless,
// as the Python backend does: with the dates of the policy if it has been effective since the payment or its start, and
// else from the payment on. No claim is paid by it while the policy is ready.
func Activation(p Payment) Effect {
	if p.Action == ActionSuspend {
		return Effect{Status: new(policy.StatusSuspended)}
	}
	if p.Policy.Value == nil || !p.Premium.Counts() {
		return Effect{}
	}
	rest := p.Policy.Value.Sub(paidExcept(p.Premiums, p.Premium.ID))
	effective := p.Premium.PayDate
	switch p.Premium.Amount.Cmp(rest) {
	case -1:
		if p.Action != ActionEnforce {
			return Effect{}
		}
	case 0:
		if p.Policy.StartDate.After(effective) {
			effective = p.Policy.StartDate
		}
	}
	e := Effect{Status: new(policy.StatusReady)}
	if p.Option == OnContribution {
		e = Effect{Status: new(policy.StatusActive), EffectiveDate: &effective}
		p.Policy.EffectiveDate = &effective
	}
	e.Covers = covers(p)
	return e
}

// covers answers the current covers of the paid policy as they become.
func covers(p Payment) []policy.InsureePolicy {
	since := func(d time.Time) bool { return p.Policy.EffectiveDate != nil && p.Policy.EffectiveDate.Equal(d) }
	var changed []policy.InsureePolicy
	for _, c := range p.Covers {
		if !c.Current() || c.PolicyID != p.Policy.ID {
			continue
		}
		if since(p.Premium.PayDate) || since(p.Policy.StartDate) {
			c.EffectiveDate, c.StartDate, c.ExpiryDate = p.Policy.EffectiveDate, &p.Policy.StartDate, p.Policy.ExpiryDate
		} else {
			c.EffectiveDate = &p.Premium.PayDate
		}
		changed = append(changed, c)
	}
	return changed
}

// paidExcept adds up the premiums that count, but for one.
func paidExcept(premiums []Premium, id int) decimal.Decimal {
	var sum decimal.Decimal
	for _, p := range premiums {
		if p.Counts() && p.ID != id {
			sum = sum.Add(p.Amount)
		}
	}
	return sum
}
