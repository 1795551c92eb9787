package seed

import (
	"slices"

	"github.com/shopspring/decimal"
)

// valuate values a claim as processing does (rules.md §8.6): every line less deductible, co-insurance,
// category limit and ceiling, with what earlier claims used. Claims of a family come in the order of their
// dates, and all lines are of one policy, so that the running sums are at hand. Lines with a relative
// price are paid once the index of their period is known; until then the claim stays processed.
func (g *generator) valuate(c *claim) {
	p := c.policy.product
	branch := outPatient
	if p.interpretation == "H" && c.facility.level == "H" || p.interpretation == "I" && c.days() {
		branch = inPatient
	}
	own, all := c.policy.used[c.covered.member.id], c.policy.used[0]
	v := valuation{branch: branch, group: c.covered.member.group(c.to), list: g.lists[c.facility.list], capOf: p.sums[c.category]}
	v.deductible = limitOf(p.ded, branch, func(b int) [2]decimal.Decimal { return [2]decimal.Decimal{own.deducted[b], all.deducted[b]} })
	ceilings := p.max
	ceilings[general].policy = g.policyCeiling(c)
	v.ceiling = limitOf(ceilings, branch, func(b int) [2]decimal.Decimal { return [2]decimal.Decimal{own.remunerated[b], all.remunerated[b]} })
	c.status = valuated
	for kind := ofItems; kind <= ofServices; kind++ { // items come first
		for _, l := range c.lines {
			if l.kind != kind || l.reason != 0 {
				continue
			}
			v.line(l)
			if l.cover.origin != "R" {
				continue
			}
			l.paid = nil
			if index, known := g.index(p, c.facility.level, c.done); known {
				l.paid = index.Mul(l.valued.(decimal.Decimal)).Round(2)
			} else {
				c.status = processed
			}
		}
	}
	for _, u := range []*used{own, all} {
		for _, b := range []int{general, branch} {
			u.deducted[b] = u.deducted[b].Add(v.deducted)
			u.remunerated[b] = u.remunerated[b].Add(v.remunerated)
		}
	}
	g.writeUse(c, v)
}

// limit is a deductible or ceiling with what was used of it before; unset: there is none.
type limit struct {
	set          bool
	amount, used decimal.Decimal
}

// limitOf finds the limit that counts: of the policy before that of the insuree before that of the
// treatment, and the general ones before those of the branch. before gives what the insuree and the whole
// policy used.
func limitOf(all [3]amounts, branch int, before func(branch int) [2]decimal.Decimal) limit {
	for _, b := range []int{general, branch} {
		switch a := all[b]; {
		case a.policy != 0:
			return limit{true, money(a.policy), before(b)[1]}
		case a.insuree != 0:
			return limit{true, money(a.insuree), before(b)[0]}
		case a.treatment != 0:
			return limit{true, money(a.treatment), decimal.Zero}
		}
	}
	return limit{}
}

// policyCeiling is the general ceiling of the policy, greater for members beyond the threshold.
func (g *generator) policyCeiling(c *claim) int {
	p := c.policy.product
	members := 0
	for _, x := range c.policy.covered {
		if !x.since.After(c.to) {
			members++
		}
	}
	ceiling := p.max[general].policy
	if ceiling != 0 && members > p.threshold {
		ceiling += (members - p.threshold) * p.extraMember
		if p.ceilingPolicy != 0 {
			ceiling = min(ceiling, p.ceilingPolicy)
		}
	}
	return ceiling
}

// valuation is the state while the lines of a claim are valued.
type valuation struct {
	branch, group         int
	list                  priceList
	deductible, ceiling   limit
	capOf                 int // most money for the claim's category; 0: any
	deducted, remunerated decimal.Decimal
	inCategory            decimal.Decimal
}

// line values one line.
func (v *valuation) line(l *claimLine) {
	quantity, price := money(l.quantity), money(v.list.price(l.kind, l.index, l.entry))
	if q, ok := l.approvedQuantity.(decimal.Decimal); ok {
		quantity = q
	}
	if l.cover.origin == "O" {
		price = l.asked
	}
	if a, ok := l.approvedPrice.(decimal.Decimal); ok {
		price = a
	}
	l.adjusted = price
	value := money(l.cover.limit[v.group])
	work := quantity.Mul(price)
	if l.cover.fixed {
		work = decimal.Min(work, quantity.Mul(value))
	}
	if v.deductible.set {
		if left := v.deductible.amount.Sub(v.deductible.used).Sub(v.deducted); left.IsPositive() {
			part := decimal.Min(left, work)
			v.deducted = v.deducted.Add(part)
			l.deducted = part
			if left.GreaterThanOrEqual(work) {
				l.valued, l.paid = decimal.Zero, decimal.Zero
				return
			}
			work = work.Sub(part)
		}
	}
	if !l.cover.fixed {
		work = work.Mul(value).Div(money(100)).Round(2)
	}
	if v.capOf > 0 {
		work = decimal.Max(decimal.Zero, decimal.Min(work, money(v.capOf).Sub(v.inCategory)))
		v.inCategory = v.inCategory.Add(work)
	}
	if v.excluded(l.cover.exclusions[v.group]) {
		l.valued, l.paid = work, work
		return
	}
	if v.ceiling.set {
		room := decimal.Max(decimal.Zero, v.ceiling.amount.Sub(v.ceiling.used).Sub(v.remunerated))
		if work.GreaterThan(room) {
			l.exceeded = work.Sub(room)
			work = room
		}
	}
	v.remunerated = v.remunerated.Add(work)
	l.valued, l.paid = work, work
}

// excluded says whether a line does not count against the ceiling.
func (v *valuation) excluded(exclusion string) bool {
	return exclusion == "B" || exclusion == "H" && v.branch == inPatient || exclusion == "N" && v.branch != inPatient
}

// writeUse notes what the claim used of deductible and ceilings.
func (g *generator) writeUse(c *claim, v valuation) {
	if !slices.ContainsFunc(c.lines, func(l *claimLine) bool { return l.reason == 0 }) {
		return
	}
	r := row{"PolicyID": c.policy.id, "InsureeID": c.covered.member.id, "ClaimID": c.id, "DedG": v.deducted, "RemG": v.remunerated, "DedIP": nil, "RemIP": nil, "DedOP": nil, "RemOP": nil}
	infix := map[int]string{inPatient: "IP", outPatient: "OP"}[v.branch]
	r["Ded"+infix], r["Rem"+infix] = v.deducted, v.remunerated
	for category, name := range map[string]string{"C": "Consult", "S": "Surgery", "D": "Delivery", "A": "Antenatal", "H": "Hospitalization"} {
		amount := decimal.Zero
		if category == c.category {
			amount = v.inCategory
		}
		r["Rem"+name] = amount
	}
	g.put("tblClaimDedRem", c.done, r)
}
