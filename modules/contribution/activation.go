package contribution

import (
	"time"

	"github.com/shopspring/decimal"

	"github.com/openimis/openimis-be-go/modules/policy"
)

// Action is what whoever enters a premium wants done with the policy.
type Action string

const (
	ActionNone    Action = ""
	ActionWait    Action = "WAIT"    // leave an underpaid policy as it is
	ActionEnforce Action = "ENFORCE" // activate it although it is underpaid
	ActionSuspend Action = "SUSPEND"
)

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
// covers of the insurees follow the policy.
//
// With options 2 and 3 the policy only becomes ready, and nobody is covered by it yet. (The Python backend then dates
// the covers with the payment; after the expiry of a policy that was never matched, claims would be paid.) A photo fee
// pays for no policy.
func Activation(p Payment) Effect {
	if p.Action == ActionSuspend {
		return Effect{Status: pointer(policy.StatusSuspended)}
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
	if p.Option != OnContribution {
		return Effect{Status: pointer(policy.StatusReady)}
	}
	e := Effect{Status: pointer(policy.StatusActive), EffectiveDate: &effective}
	for _, c := range p.Covers {
		if c.Current() && c.PolicyID == p.Policy.ID {
			c.EffectiveDate, c.StartDate, c.ExpiryDate = &effective, &p.Policy.StartDate, p.Policy.ExpiryDate
			e.Covers = append(e.Covers, c)
		}
	}
	return e
}

// Paid adds up the premiums by policy. Closed premiums and photo fees do not count.
func Paid(premiums []Premium) map[int]decimal.Decimal {
	sums := map[int]decimal.Decimal{}
	for _, p := range premiums {
		if p.Counts() {
			sums[p.PolicyID] = sums[p.PolicyID].Add(p.Amount)
		}
	}
	return sums
}

func paidExcept(premiums []Premium, id int) decimal.Decimal {
	var sum decimal.Decimal
	for _, p := range premiums {
		if p.Counts() && p.ID != id {
			sum = sum.Add(p.Amount)
		}
	}
	return sum
}

func pointer[T any](v T) *T { return &v }
