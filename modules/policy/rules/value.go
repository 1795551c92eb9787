package rules

import (
	"cmp"
	"slices"
	"time"

	"github.com/shopspring/decimal"

	"github.com/openimis/openimis-be-go/internal/calendar"
	insuree "github.com/openimis/openimis-be-go/modules/insuree/rules"
	product "github.com/openimis/openimis-be-go/modules/product/rules"
)

// Error codes of a valuation. A value is computed in every case.
const (
	ValueOK             = 0
	ValueNoProduct      = -1 // the product had no version on the enrolment
	ValueProductDeleted = -2 // the product has been deleted since
)

// ValueRequest is what is to be valued: a new policy of a family, or a stored one (see [RequestFor]).
type ValueRequest struct {
	ProductID int
	Stage     string
	Enrol     time.Time
	Previous  *Policy // the policy that is renewed; nil when none was named
}

// RequestFor values a stored policy anew: product, stage and enrolment are its own.
func RequestFor(p Policy) ValueRequest {
	return ValueRequest{ProductID: p.ProductID, Stage: value(p.Stage), Enrol: p.EnrollDate}
}

// Valuation is the value of a policy.
type Valuation struct {
	Value     decimal.Decimal
	ErrorCode int
}

// Truncated is the value without decimals: what the procedure answers with RETURN, and all that
// uspAddInsureePolicy looks at.
func (v Valuation) Truncated() decimal.Decimal { return v.Value.Truncate(0) }

// Value computes the value of a policy (uspPolicyValue, rules §6.3). Fees come from the version of the product on the
// enrolment, cycles and periods from its live row. members are the insurees of the family; closed rows do not count.
//
// Kept as they are: ages are calendar years on today, not on the enrolment; without a lump sum the members above the
// threshold are charged twice (rules §13 no. 13).
//
// The error is a start cycle that is not a date.
func Value(req ValueRequest, products product.Catalogue, members []insuree.Insuree, today time.Time) (Valuation, error) {
	version, standing := products.At(req.ProductID, req.Enrol)
	v := Valuation{ErrorCode: map[product.Standing]int{product.Unknown: ValueNoProduct, product.Deleted: ValueProductDeleted}[standing]}

	n := count(insured(members, version.MemberCount), today)
	v.Value = contribution(version, n).Add(lumpOr(version.AssemblyLumpSum, version.AssemblyFee, n.all()))
	if req.Stage == StageNew {
		v.Value = v.Value.Add(lumpOr(version.RegistrationLumpSum, version.RegistrationFee, n.all()))
	}
	perc, err := discount(req, version, products)
	if err != nil {
		return Valuation{}, err
	}
	v.Value = v.Value.Sub(v.Value.Mul(decimal.New(int64(perc), -2))).Round(2)
	return v, nil
}

// insured picks the members that a product accepts: the first ones by registration.
func insured(members []insuree.Insuree, accepted int) []insuree.Insuree {
	current := slices.DeleteFunc(slices.Clone(members), func(i insuree.Insuree) bool { return !i.Current() })
	slices.SortStableFunc(current, func(a, b insuree.Insuree) int {
		return cmp.Or(a.ValidityFrom.Compare(b.ValidityFrom), cmp.Compare(a.ID, b.ID))
	})
	return current[:min(len(current), max(accepted, 0))]
}

// heads counts members by what they pay.
type heads struct{ adults, children, otherAdults, otherChildren int }

func (h heads) all() int { return h.adults + h.children + h.otherAdults + h.otherChildren }

func count(members []insuree.Insuree, today time.Time) heads {
	var h heads
	for _, m := range members {
		other := m.Relationship != nil && *m.Relationship == insuree.RelationshipOther
		switch adult := calendar.IsAdult(m.DOB, today); {
		case adult && other:
			h.otherAdults++
		case adult:
			h.adults++
		case other:
			h.otherChildren++
		default:
			h.children++
		}
	}
	return h
}

// contribution is the lump sum, or else the premiums of all close members, and on top the premiums of the others and
// of those above the threshold.
func contribution(p product.Product, h heads) decimal.Decimal {
	var extraAdults, extraChildren int
	if t := value(p.Threshold); t > 0 {
		extraAdults = max(0, h.adults-t)
		extraChildren = max(0, h.children-(t-h.adults+extraAdults))
	}
	premiums := func(adults, children int) decimal.Decimal {
		return times(p.PremiumAdult, adults).Add(times(p.PremiumChild, children))
	}
	base := p.LumpSum
	if !base.IsPositive() {
		base = premiums(h.adults, h.children)
	}
	return base.Add(premiums(extraAdults+h.otherAdults, extraChildren+h.otherChildren))
}

func lumpOr(lumpSum, fee *decimal.Decimal, members int) decimal.Decimal {
	if lumpSum != nil && lumpSum.IsPositive() {
		return *lumpSum
	}
	return times(fee, members)
}

func times(amount *decimal.Decimal, n int) decimal.Decimal {
	return value(amount).Mul(decimal.NewFromInt(int64(n)))
}

// discount answers the percentage that is taken off. New policies earn it by enrolling early for a cycle, renewals by
// coming early before the previous policy ends; without a previous policy, before their own start. A previous policy
// that was closed earns nothing.
func discount(req ValueRequest, version product.Product, products product.Catalogue) (int, error) {
	live, ok := products.Row(req.ProductID)
	if !ok {
		return 0, nil
	}
	period, err := PeriodOf(live, req.Enrol, req.Stage)
	if err != nil {
		return 0, err
	}
	early := func(reference time.Time, months *int) bool {
		return !req.Enrol.After(calendar.AddMonths(reference, -value(months)))
	}
	switch req.Stage {
	case StageNew:
		if period.HasCycles && early(period.Start, version.EnrolmentDiscountPeriod) {
			return value(version.EnrolmentDiscountPerc), nil
		}
	case StageRenewal:
		reference := period.Start
		if prev := req.Previous; prev != nil {
			if !prev.Current() || prev.ExpiryDate == nil {
				return 0, nil
			}
			reference = calendar.AddDays(*prev.ExpiryDate, 1)
		}
		if early(reference, version.RenewalDiscountPeriod) {
			return value(version.RenewalDiscountPerc), nil
		}
	}
	return 0, nil
}
