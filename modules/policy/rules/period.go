package rules

import (
	"fmt"
	"time"

	"github.com/openimis/openimis-be-go/internal/calendar"
	product "github.com/openimis/openimis-be-go/modules/product/rules"
)

// Period is when a policy runs.
type Period struct {
	Start, Expiry time.Time
	HasCycles     bool
}

// PeriodOf answers the period of a policy enrolled on a day (uspGetPolicyPeriod, rules §6.2).
//
// A product has cycles when its first one is not empty; the start is then the first cycle, in column order, whose
// grace period has not ended on the enrolment, and else the first cycle of the next year. The year is that of the
// enrolment after the administration period has been added. Both stages use GracePeriod, not GracePeriodRenewal.
//
// The error is a cycle that is not a day of the year ("DD-MM").
func PeriodOf(p product.Product, enrol time.Time, stage string) (Period, error) {
	if stage == StageNew {
		enrol = calendar.AddMonths(enrol, value(p.AdministrationPeriod))
	}
	period := Period{Start: enrol, HasCycles: value(p.StartCycle1) != ""}
	if period.HasCycles {
		start, err := cycleStart(p, enrol)
		if err != nil {
			return Period{}, err
		}
		period.Start = start
	}
	period.Expiry = calendar.AddDays(calendar.AddMonths(period.Start, p.InsurancePeriod), -1)
	return period, nil
}

func cycleStart(p product.Product, enrol time.Time) (time.Time, error) {
	var first time.Time
	for k, cycle := range p.Cycles() {
		if value(cycle) == "" {
			continue
		}
		start, err := time.Parse("02-01-2006", fmt.Sprintf("%s-%04d", *cycle, enrol.Year()))
		if err != nil {
			return time.Time{}, fmt.Errorf("product %s: StartCycle%d %q is not a day DD-MM of %d", p.Code, k+1, *cycle, enrol.Year())
		}
		if k == 0 {
			first = start
		}
		if enrol.Before(calendar.AddMonths(start, p.GracePeriod)) {
			return start, nil
		}
	}
	return calendar.AddMonths(first, 12), nil
}
