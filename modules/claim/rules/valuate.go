package rules

import (
	"cmp"
	"slices"

	"github.com/shopspring/decimal"
)

// Valuate computes what the insurance pays for each assigned line, as uspProcessSingleClaimStep2 does
// (§8.6). Without commit (@IsProcess = 0) it only leaves a row in tblClaimDedRem, a further one each time.
func (d *Data) Valuate(c *Claim, author Author, commit bool) Changes {
	e := d.evaluate(c, author)
	return e.changes(e.valuate(commit))
}

// policyLoop is one product and policy of the claim and its running amounts. They start at 0 for each
// policy; only the last one reaches tblClaimDedRem (§13 #2).
type policyLoop struct {
	product   *Product
	policy    int
	inPatient bool

	deductible, deductedBefore decimal.Decimal
	ceiling, remuneratedBefore decimal.Decimal
	deducted, remunerated      decimal.Decimal
	categoryCap, categoryPaid  decimal.Decimal
}

func (e *evaluation) valuate(commit bool) (out Outcome) {
	e.findLoops()
	if len(e.loops) == 0 {
		// The procedure inserts a DedRem row without policy, which the database refuses.
		return Outcome{Failed: true}
	}
	relative := false
	for i := range e.loops {
		p := &e.loops[i]
		e.openLoop(p)
		for k := range KindCount {
			relative = e.valuateLines(k, p) || relative
		}
	}
	e.dedRem = e.dedRemRow(&e.loops[len(e.loops)-1])
	if !commit {
		for k := range e.lines {
			for i := range e.lines[k] {
				e.lines[k][i].touched = false
			}
		}
		return Outcome{}
	}
	e.replace = true
	return e.finishValuation(relative)
}

func (e *evaluation) finishValuation(relative bool) (out Outcome) {
	e.state.ClaimStatus, out.Status = StatusValuated, OutcomeValuated
	if relative {
		e.state.ClaimStatus, out.Status = StatusProcessed, OutcomeProcessed
	}
	user, now := e.author.UserID, e.author.Now
	e.state.AuditUserIDProcess, e.state.ProcessStamp, e.state.DateProcessed = &user, &now, &now
	e.state.FeedbackStatus = bypassed(e.state.FeedbackStatus)
	e.state.ReviewStatus = bypassed(e.state.ReviewStatus)
	e.changed = true
	return out
}

var flagBypassed = FlagBypassed

func bypassed(flag *int) *int {
	if flag != nil && *flag == FlagSelected {
		return &flagBypassed
	}
	return flag
}

// findLoops lists the distinct products and policies of the accepted lines whose product is current,
// ascending by product, then policy.
func (e *evaluation) findLoops() {
	for k := range e.lines {
		for i := range e.lines[k] {
			w := &e.lines[k][i]
			if !w.open() || w.ProdID == nil || w.PolicyID == nil {
				continue
			}
			product := e.d.products[*w.ProdID]
			if product == nil || product.ValidityTo != nil {
				continue
			}
			known := slices.ContainsFunc(e.loops, func(p policyLoop) bool {
				return p.product == product && p.policy == *w.PolicyID
			})
			if !known {
				e.loops = append(e.loops, policyLoop{product: product, policy: *w.PolicyID})
			}
		}
	}
	if len(e.loops) > 1 {
		slices.SortFunc(e.loops, func(a, b policyLoop) int {
			return cmp.Or(cmp.Compare(a.product.ProdID, b.product.ProdID), cmp.Compare(a.policy, b.policy))
		})
	}
}

// openLoop sets deductible, ceiling and the earlier amounts they are compared with. General columns come
// before those for in- and out-patients, and in both the policy's wins over the insuree's over the
// treatment's.
func (e *evaluation) openLoop(p *policyLoop) {
	product := p.product
	p.inPatient = e.inPatient(product)
	p.deducted, p.remunerated, p.categoryPaid, p.categoryCap = Zero, Zero, Zero, Zero
	p.deductible, p.ceiling = Zero, Zero
	if cap := categories[e.category].maxAmount; cap != nil {
		p.categoryCap = Value(cap(product))
	}
	byPolicy, byInsuree := e.before(p.policy)

	general := band{
		product.DedTreatment, product.DedInsuree, product.DedPolicy,
		Given(product.DedInsuree), Given(product.DedPolicy), byInsuree.dedG, byPolicy.dedG}
	p.deductible, p.deductedBefore = general.pick()
	if p.deductible.IsZero() {
		special := band{
			product.DedIPTreatment, product.DedIPInsuree, product.DedIPPolicy,
			Given(product.DedIPInsuree), Given(product.DedIPPolicy), byInsuree.dedIP, byPolicy.dedIP}
		if !p.inPatient {
			// The columns for in-patients decide whether those for out-patients are read (§13 #1).
			special.treatment, special.insuree, special.policy = product.DedOPTreatment, product.DedOPInsuree, product.DedOPPolicy
			special.insureeBefore, special.policyBefore = byInsuree.dedOP, byPolicy.dedOP
		}
		p.deductible, p.deductedBefore = special.pick()
	}

	members := e.members(p.policy)
	general = band{
		product.MaxTreatment, product.MaxInsuree,
		e.policyCeiling(members, product.Threshold, product.MaxPolicy, product.MaxPolicyExtraMember, product.MaxCeilingPolicy),
		Given(product.MaxInsuree), Given(product.MaxPolicy), byInsuree.remG, byPolicy.remG}
	p.ceiling, p.remuneratedBefore = general.pick()
	if p.ceiling.IsZero() {
		var special band
		if p.inPatient {
			special = band{
				product.MaxIPTreatment, product.MaxIPInsuree,
				e.policyCeiling(members, product.Threshold, product.MaxIPPolicy, product.MaxPolicyExtraMemberIP, product.MaxCeilingPolicyIP),
				Given(product.MaxIPInsuree), Given(product.MaxIPPolicy), byInsuree.remIP, byPolicy.remIP}
		} else {
			special = band{
				product.MaxOPTreatment, product.MaxOPInsuree,
				e.policyCeiling(members, product.Threshold, product.MaxOPPolicy, product.MaxPolicyExtraMemberOP, product.MaxCeilingPolicyOP),
				Given(product.MaxOPInsuree), Given(product.MaxOPPolicy), byInsuree.remOP, byPolicy.remOP}
		}
		p.ceiling, p.remuneratedBefore = special.pick()
	}
}

// band is a family of deductibles or ceilings and the amounts that other claims used of them.
type band struct {
	treatment, insuree, policy  Amount
	useInsuree, usePolicy       bool
	insureeBefore, policyBefore decimal.Decimal
}

func (b *band) pick() (amount, before decimal.Decimal) {
	switch {
	case b.usePolicy:
		return Value(b.policy), b.policyBefore
	case b.useInsuree:
		return Value(b.insuree), b.insureeBefore
	}
	return Value(b.treatment), Zero
}

// inPatient chooses the columns: by the stay, or by the level of the facility where the product says so.
func (e *evaluation) inPatient(p *Product) bool {
	if p.CeilingInterpretation == nil || sameLetter(*p.CeilingInterpretation, "I") {
		return e.multiDay
	}
	return sameLetter(*p.CeilingInterpretation, "H") && e.facility != nil && sameLetter(e.facility.HFLevel, "H")
}

// members counts the covers of the policy at the end of the claim; without an end nobody (§13 #3).
func (e *evaluation) members(policy int) int {
	if e.claim.DateTo == nil {
		return 0
	}
	n := 0
	for _, cover := range e.d.members[policy] {
		if cover.ValidityTo == nil && cover.period.covers(e.claim.target) {
			n++
		}
	}
	return n
}

// policyCeiling raises the ceiling for members above the threshold, up to the cap (0: no cap).
func (e *evaluation) policyCeiling(members int, threshold *int, ceiling, extra, cap Amount) Amount {
	free := 0
	if threshold != nil {
		free = *threshold
	}
	if !Given(ceiling) || members <= free {
		return ceiling
	}
	raised := e.money(ceiling.Add(Value(extra).Mul(decimal.NewFromInt(int64(members - free)))))
	if Given(cap) && raised.GreaterThan(*cap) {
		return cap
	}
	return &raised
}

// valuateLines of the policy, each once for every current price-list detail and product line that it
// matches: doubled rows double the running amounts, the last row's figures stay.
func (e *evaluation) valuateLines(k Kind, p *policyLoop) (relative bool) {
	for i := range e.lines[k] {
		w := &e.lines[k][i]
		if !w.current() || w.Status != LinePassed || w.entry == nil ||
			w.ProdID == nil || *w.ProdID != p.product.ProdID || w.PolicyID == nil || *w.PolicyID != p.policy {
			continue
		}
		details := e.priced(k, w.row.EntryID)
		if len(details) == 0 || !e.listCurrent(k) {
			continue
		}
		for _, line := range e.d.packages[k][productEntry{*w.ProdID, w.row.EntryID}] {
			for _, detail := range details {
				relative = e.valuateLine(w, p, line, detail) || relative
			}
		}
	}
	return relative
}

// valuateLine takes the deductible first, then the own share, the cap of the category and the ceiling.
func (e *evaluation) valuateLine(w *work, p *policyLoop, line *ProductLine, detail *ListDetail) (relative bool) {
	quantity := w.row.QtyProvided
	if w.QtyApproved != nil {
		quantity = *w.QtyApproved
	}
	price := linePrice(w, detail)
	amount := e.money(quantity.Mul(price))
	if w.limitedBy(limitFixed) && w.LimitationValue != nil {
		if most := quantity.Mul(*w.LimitationValue); most.LessThan(amount) {
			amount = e.money(most)
		}
	}
	deducted, exceeded, valuated, remunerated := Zero, Zero, Zero, Zero
	if left := p.deductible.Sub(p.deductedBefore).Sub(p.deducted); left.IsPositive() && left.GreaterThanOrEqual(amount) {
		deducted = amount
		p.deducted = p.deducted.Add(amount)
	} else {
		if left.IsPositive() {
			deducted = left
			p.deducted = p.deducted.Add(left)
			amount = amount.Sub(left)
		}
		if w.limitedBy(limitCoinsurance) {
			amount = e.money(Value(w.LimitationValue).Shift(-2).Mul(amount))
		}
		amount = p.capByCategory(amount)
		if line.excluded(e.adult, p.inPatient) {
			valuated = amount
		} else {
			valuated, exceeded = p.capByCeiling(amount)
		}
		remunerated = valuated
	}
	w.touched = true
	w.PriceAdjusted, w.PriceValuated = &price, &valuated
	w.DeductableAmount, w.ExceedCeilingAmount = &deducted, &exceeded
	if w.PriceOrigin != nil && sameLetter(*w.PriceOrigin, "R") {
		return true
	}
	w.RemuneratedAmount = &remunerated
	return false
}

func (w *work) limitedBy(limitation string) bool {
	return w.Limitation != nil && sameLetter(*w.Limitation, limitation)
}

// linePrice is what a reviewer approved, else what was asked (price origin O) or the price list and the
// register say.
func linePrice(w *work, detail *ListDetail) decimal.Decimal {
	if w.row.PriceApproved != nil {
		return *w.row.PriceApproved
	}
	if w.PriceOrigin != nil && sameLetter(*w.PriceOrigin, "O") {
		return w.row.PriceAsked
	}
	if detail.PriceOverule != nil {
		return *detail.PriceOverule
	}
	return w.entry.Price
}

func (p *policyLoop) capByCategory(amount decimal.Decimal) decimal.Decimal {
	if !p.categoryCap.IsPositive() {
		return amount
	}
	switch room := p.categoryCap.Sub(p.categoryPaid); {
	case amount.LessThanOrEqual(room):
	case !room.IsPositive():
		return Zero
	default:
		amount = room
	}
	p.categoryPaid = p.categoryPaid.Add(amount)
	return amount
}

func (p *policyLoop) capByCeiling(amount decimal.Decimal) (valuated, exceeded decimal.Decimal) {
	if p.ceiling.IsPositive() {
		switch room := p.ceiling.Sub(p.remuneratedBefore).Sub(p.remunerated); {
		case !room.IsPositive():
			return Zero, amount
		case room.LessThan(amount):
			amount, exceeded = room, amount.Sub(room)
		}
	}
	p.remunerated = p.remunerated.Add(amount)
	return amount, exceeded
}

// excluded from the ceiling: B always, H for in-patients, N for others.
func (l *ProductLine) excluded(adult, inPatient bool) bool {
	exclusion := l.CeilingExclusionChild
	if adult {
		exclusion = l.CeilingExclusionAdult
	}
	if exclusion == nil {
		return false
	}
	return sameLetter(*exclusion, "B") || sameLetter(*exclusion, "H") && inPatient || sameLetter(*exclusion, "N") && !inPatient
}
