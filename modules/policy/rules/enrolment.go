package rules

import (
	"time"

	"github.com/openimis/openimis-be-go/internal/calendar"
	"github.com/openimis/openimis-be-go/internal/fault"
	product "github.com/openimis/openimis-be-go/modules/product/rules"
)

// EnrolmentPeriod answers when a new policy, or the renewal of a previous one, runs; see [PeriodOf]. A renewal counts
// from the day after the previous policy, or from the enrolment when that is later. One that comes after the grace
// period for renewals is refused, as uspIsValidRenewal does (rules §6.4).
func EnrolmentPeriod(p product.Product, enrol time.Time, stage string, previous *Policy) (Period, error) {
	from := enrol
	if stage == StageRenewal && previous != nil && previous.ExpiryDate != nil {
		next := calendar.AddDays(*previous.ExpiryDate, 1)
		if last := calendar.AddMonths(next, value(p.GracePeriodRenewal)); last.Before(enrol) {
			return Period{}, fault.Input("enrollDate", "enrollDate is %s; policy %d could be renewed until %s. Enter a new policy.",
				enrol.Format(time.DateOnly), previous.ID, last.Format(time.DateOnly))
		}
		if next.After(from) {
			from = next
		}
	}
	period, err := PeriodOf(p, from, stage)
	if err != nil {
		return Period{}, fault.Wrap(err, fault.Conflict, "Product %s has a start cycle that is not a day of the year.", p.Code)
	}
	return period, nil
}

// Meets says whether a policy runs on any day of the period.
func (p Period) Meets(other Policy) bool {
	return !other.StartDate.After(p.Expiry) && (other.ExpiryDate == nil || !other.ExpiryDate.Before(p.Start))
}

// Successor answers the product that renewals of a product's policies get: the end of its chain of conversions.
func Successor(products product.Catalogue, id int) int {
	if _, ok := products.Row(id); !ok {
		return id
	}
	p, _ := convert(products, id)
	return p.ID
}

// Predecessor answers the policy that a renewal follows: of the family's other current policies, the one that ended last
// before it starts; nil without any.
func Predecessor(policies []Policy, renewal Policy) *Policy {
	var last *Policy
	for i, p := range policies {
		if p.ID != renewal.ID && p.Current() && p.ExpiryDate != nil && p.ExpiryDate.Before(renewal.StartDate) &&
			(last == nil || p.ExpiryDate.After(*last.ExpiryDate)) {
			last = &policies[i]
		}
	}
	return last
}
