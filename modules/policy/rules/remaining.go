package rules

import (
	"github.com/shopspring/decimal"

	product "github.com/openimis/openimis-be-go/modules/product/rules"
)

// Scopes of amounts: all care, in-patient, out-patient.
type scope int

const (
	general scope = iota
	inPatient
	outPatient
	scopes
)

// amounts of one level (insuree, treatment or policy) by scope.
type amounts [scopes]*decimal.Decimal

// use is what was consumed, added up for the inquiry.
type use struct {
	members            int // current members of the family
	insuree, family    bool
	byInsuree, byGroup map[int]consumed // by policy; without entry nothing was ever consumed
}

type consumed struct{ ded, rem [scopes]decimal.Decimal }

// use adds up the consumption (rules §6.5 steps 4 and 5). What triggers it are current rows of the insuree and of the
// current members; what is added up are all rows.
func (d InquiryData) use() use {
	u := use{byInsuree: map[int]consumed{}, byGroup: map[int]consumed{}}
	current := map[int]bool{}
	for _, m := range d.Members {
		if m.Current() {
			current[m.ID] = true
			u.members++
		}
	}
	for _, c := range d.Consumption {
		if c.ValidityTo == nil {
			u.insuree = u.insuree || c.InsureeID == d.Insuree.ID
			u.family = u.family || current[c.InsureeID]
		}
		u.byGroup[c.PolicyID] = u.byGroup[c.PolicyID].add(c)
		if c.InsureeID == d.Insuree.ID {
			u.byInsuree[c.PolicyID] = u.byInsuree[c.PolicyID].add(c)
		}
	}
	return u
}

func (s consumed) add(c Consumption) consumed {
	for i, v := range [scopes]*decimal.Decimal{c.DedG, c.DedIP, c.DedOP} {
		s.ded[i] = s.ded[i].Add(value(v))
	}
	for i, v := range [scopes]*decimal.Decimal{c.RemG, c.RemIP, c.RemOP} {
		s.rem[i] = s.rem[i].Add(value(v))
	}
	return s
}

// remaining is what is left under a policy, by level in the order in which the inquiry looks: insuree, treatment,
// policy.
type remaining struct{ deductibles, ceilings [3]amounts }

// left answers what is left under a policy of a product. covers is the number of the insuree's covers by the policy:
// what the family consumed is taken off the policy's ceilings once for each.
func (u use) left(policyID int, p product.Product, covers int) remaining {
	r := remaining{
		deductibles: [3]amounts{
			{p.DedInsuree, p.DedIPInsuree, p.DedOPInsuree},
			{p.DedTreatment, p.DedIPTreatment, p.DedOPTreatment},
			{p.DedPolicy, p.DedIPPolicy, p.DedOPPolicy}},
		ceilings: [3]amounts{
			{p.MaxInsuree, p.MaxIPInsuree, p.MaxOPInsuree},
			{p.MaxTreatment, p.MaxIPTreatment, p.MaxOPTreatment},
			u.policyCeilings(p)},
	}
	if u.insuree {
		own, any := u.byInsuree[policyID]
		r.deductibles[0] = r.deductibles[0].less(own.ded, any)
		r.ceilings[0] = r.ceilings[0].less(own.rem, any)
	}
	if u.family {
		group, any := u.byGroup[policyID]
		r.deductibles[2] = r.deductibles[2].less(group.ded, any)
		for range covers {
			r.ceilings[2] = r.ceilings[2].less(group.rem, true)
		}
	}
	return r
}

// less takes off what was consumed; without any consumption of the policy nothing is known any more.
func (a amounts) less(used [scopes]decimal.Decimal, any bool) amounts {
	var left amounts
	for i, v := range a {
		if v != nil && any {
			left[i] = new(v.Sub(used[i]))
		}
	}
	return left
}

// policyCeilings grow with the members above the threshold, up to the ceiling of ceilings (rules §6.5 step 3).
func (u use) policyCeilings(p product.Product) amounts {
	var grown amounts
	extra := amounts{p.MaxPolicyExtraMember, p.MaxPolicyExtraMemberIP, p.MaxPolicyExtraMemberOP}
	caps := amounts{p.MaxCeilingPolicy, p.MaxCeilingPolicyIP, p.MaxCeilingPolicyOP}
	for i, base := range (amounts{p.MaxPolicy, p.MaxIPPolicy, p.MaxOPPolicy}) {
		if base == nil || p.Threshold == nil {
			continue
		}
		v := base.Add(times(extra[i], max(0, min(p.MemberCount, u.members)-*p.Threshold)))
		if caps[i] != nil && v.GreaterThan(*caps[i]) {
			v = *caps[i]
		}
		grown[i] = &v
	}
	return grown
}

// write puts the amounts into a row (rules §6.5 step 6). kind is carried from policy to policy.
func (r remaining) write(row *InquiryRow, kind **float64) {
	row.Ded1, row.Ded2 = choose(r.deductibles, kind)
	row.Ceiling1, row.Ceiling2 = choose(r.ceilings, kind)
	row.DedType = *kind
	if row.DedType != nil && *row.DedType == DedTypeGeneral {
		row.Ded2, row.Ceiling2 = row.Ded1, row.Ceiling1
	}
	row.Ceiling1, row.Ceiling2 = notNegative(row.Ceiling1), notNegative(row.Ceiling2)
}

// choose answers the first general amount by level, or else the first in-patient and the first out-patient one.
func choose(levels [3]amounts, kind **float64) (first, second *decimal.Decimal) {
	by := func(s scope) *decimal.Decimal {
		for _, l := range levels {
			if l[s] != nil {
				return l[s]
			}
		}
		return nil
	}
	if first = by(general); first != nil {
		*kind = new(DedTypeGeneral)
		return first, nil
	}
	first, second = by(inPatient), by(outPatient)
	if first != nil || second != nil {
		*kind = new(DedTypeIPOP)
	}
	return first, second
}

func notNegative(v *decimal.Decimal) *decimal.Decimal {
	if v != nil && v.IsNegative() {
		return new(decimal.Zero)
	}
	return v
}
