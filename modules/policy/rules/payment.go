package rules

import (
	"time"

	"github.com/openimis/openimis-be-go/internal/calendar"
	product "github.com/openimis/openimis-be-go/modules/product/rules"
)

// LastDateForPayment answers until when a policy has to be paid (uspLastDateForPayment, rules §6.4); nil when the
// product does not set the period that decides.
//
// Unlike [PeriodOf], any start cycle that is not NULL makes the product one with cycles, an empty text too.
func LastDateForPayment(p Policy, prod product.Product) *time.Time {
	stage := value(p.Stage)
	from, months := &p.EnrollDate, prod.WaitingPeriod
	switch {
	case cyclesDeclared(prod) && stage == StageRenewal:
		from, months = &p.StartDate, prod.GracePeriodRenewal
	case cyclesDeclared(prod):
		from, months = &p.StartDate, &prod.GracePeriod
	case stage == StageRenewal && p.ExpiryDate == nil:
		return nil
	case stage == StageRenewal:
		from = new(calendar.AddDays(*p.ExpiryDate, 1))
	}
	if months == nil {
		return nil
	}
	return new(calendar.AddDays(calendar.AddMonths(*from, *months), -1))
}

func cyclesDeclared(p product.Product) bool {
	for _, c := range p.Cycles() {
		if c != nil {
			return true
		}
	}
	return false
}
