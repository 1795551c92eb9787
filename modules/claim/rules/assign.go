package rules

import "github.com/shopspring/decimal"

// Limitation of an assigned line.
var (
	limitCoinsurance = "C" // LimitationValue is the percentage that the insurance pays
	limitFixed       = "F" // LimitationValue is the greatest price that the insurance pays
)

// unlimited is what a fixed limit of 0 counts as when fixed limits are compared.
var unlimited = decimal.New(1_000_000_000_000, 0)

// Assign gives each accepted line its product, policy, price origin and limitation, as
// uspProcessSingleClaimStep1 does (§8.5). A claim without any line left becomes rejected.
// The cover of the single insuree is not looked at here: submission did that.
func (d *Data) Assign(c *Claim, author Author) Changes {
	e := d.evaluate(c, author)
	return e.changes(e.assign())
}

func (e *evaluation) assign() (out Outcome) {
	accepted := func(w *work) bool { return w.Reason() == ReasonAccepted }
	switch {
	case !e.insured():
		e.rejectAll(ReasonInsuree, accepted)
	case !e.dated():
		e.rejectAll(ReasonTargetDate, accepted)
	default:
		e.checkLists((*work).open)
		e.assignLines(Items)
		e.assignLines(Services)
	}
	passed := 0
	for k := range e.lines {
		for i := range e.lines[k] {
			w := &e.lines[k][i]
			if w.Reason() != ReasonAccepted && w.Status != LineRejected {
				w.Status, w.touched = LineRejected, true
			}
			if w.current() && w.Status == LinePassed {
				passed++
			}
		}
	}
	if passed == 0 {
		e.state.ClaimStatus, e.changed = StatusRejected, true
		out.Status = OutcomeRejected
		return out
	}
	out.Status = OutcomeChecked
	return out
}

func (e *evaluation) assignLines(k Kind) {
	mask := e.patientMask()
	for i := range e.lines[k] {
		w := &e.lines[k][i]
		if !w.open() || w.entry == nil {
			continue
		}
		if w.entry.PatCat&mask != mask {
			w.reject(ReasonPatientCategory)
			continue
		}
		e.assignLine(k, w)
	}
}

// offer is the limitation of a product line for a visit type and an age group.
type offer struct {
	line  *ProductLine
	limit Amount
}

func (e *evaluation) assignLine(k Kind, w *work) {
	coinsurance, fixed := e.offers(k, w.row.EntryID)
	chosen, limitation, limit := coinsurance.line, &limitCoinsurance, Zero
	if coinsurance.line != nil {
		limit = coinsuranceShare(k, coinsurance.limit)
	}
	if fixed.line != nil && (coinsurance.line == nil || e.fixedIsBetter(claimPrice(w.row), limit, Value(fixed.limit))) {
		chosen, limitation, limit = fixed.line, &limitFixed, Value(fixed.limit)
	}
	if chosen == nil {
		w.reject(ReasonCover)
		return
	}
	w.touched = true
	w.ProdID, w.PolicyID = &chosen.ProdID, e.firstPolicy(k, chosen)
	w.PriceOrigin, w.Limitation, w.LimitationValue = &chosen.PriceOrigin, limitation, &limit
	if k == Items {
		w.PriceAdjusted = nil
	}
}

// offers finds the co-insurance with the greatest percentage and the fixed limit with the greatest amount
// among the policies of the family; a NULL limit is the least of all, a fixed limit of 0 the greatest. Nothing is
// found for a closed claim.
func (e *evaluation) offers(k Kind, entry int) (coinsurance, fixed offer) {
	if e.claim.ValidityTo != nil {
		return coinsurance, fixed
	}
	for _, policy := range e.d.policies[*e.insuree.FamilyID] {
		if e.activeProduct(policy) == nil {
			continue
		}
		for _, line := range e.d.packages[k][productEntry{policy.ProdID, entry}] {
			kind, limit := line.limitation(e.claim.VisitType, e.adult)
			if kind == nil {
				continue
			}
			switch o := (offer{line, limit}); {
			case sameLetter(*kind, limitCoinsurance):
				if coinsurance.line == nil || more(limit, coinsurance.limit) {
					coinsurance = o
				}
			case sameLetter(*kind, limitFixed):
				if fixed.line == nil || more(unlimitedIfZero(limit), unlimitedIfZero(fixed.limit)) {
					fixed = o
				}
			}
		}
	}
	return coinsurance, fixed
}

// limitation columns by visit type: O or NULL, E and R; any other type finds nothing.
func (l *ProductLine) limitation(visit *string, adult bool) (kind *string, limit Amount) {
	kind, limit = &l.LimitationType, l.LimitChild
	grown := l.LimitAdult
	switch {
	case visit == nil || sameLetter(*visit, "O"):
	case sameLetter(*visit, "E"):
		kind, limit, grown = l.LimitationTypeE, l.LimitChildE, l.LimitAdultE
	case sameLetter(*visit, "R"):
		kind, limit, grown = l.LimitationTypeR, l.LimitChildR, l.LimitAdultR
	default:
		return nil, nil
	}
	if adult {
		limit = grown
	}
	return kind, limit
}

// more orders limits with NULL as the least.
func more(a, b Amount) bool { return a != nil && (b == nil || a.GreaterThan(*b)) }

func unlimitedIfZero(limit Amount) Amount {
	if limit != nil && limit.IsZero() {
		return &unlimited
	}
	return limit
}

// coinsuranceShare: a missing percentage is 0 for items and 100 for services (§13 #5).
func coinsuranceShare(k Kind, limit Amount) decimal.Decimal {
	switch {
	case limit != nil:
		return *limit
	case k == Services:
		return hundred
	}
	return Zero
}

// claimPrice is the price that decides between limitations: the approved one unless more was asked.
func claimPrice(l *Line) Amount {
	if l.PriceAsked.GreaterThan(Value(l.PriceApproved)) {
		return &l.PriceAsked
	}
	return l.PriceApproved
}

// fixedIsBetter compares what the patient would have to pay. Without a price only an unlimited
// fixed limit is better.
func (e *evaluation) fixedIsBetter(price Amount, share, fixed decimal.Decimal) bool {
	if fixed.IsZero() {
		return true
	}
	if price == nil {
		return false
	}
	if fixed.GreaterThan(*price) {
		return true
	}
	if !share.LessThan(hundred) {
		return false
	}
	own := e.money(hundred.Sub(share).Shift(-2).Mul(*price))
	return own.GreaterThan(e.money(price.Sub(fixed)))
}

// firstPolicy of the family, by id, that brings this product line to the claim.
func (e *evaluation) firstPolicy(k Kind, line *ProductLine) *int {
	for _, policy := range e.d.policies[*e.insuree.FamilyID] {
		if policy.ProdID == line.ProdID && e.activeProduct(policy) != nil {
			return &policy.PolicyID
		}
	}
	return nil
}
