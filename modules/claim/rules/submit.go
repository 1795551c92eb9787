package rules

import "github.com/shopspring/decimal"

// Submit checks an entered claim as uspSubmitSingleClaim does (§8.4) and says what becomes of it: checked
// or rejected. The procedure does not look at the present status of the claim; callers do.
func (d *Data) Submit(c *Claim, author Author) Changes {
	e := d.evaluate(c, author)
	abort := ReasonAccepted
	switch {
	case !e.insured():
		e.rejectAll(ReasonInsuree, (*work).current)
	case !e.dated():
		e.rejectAll(ReasonTargetDate, (*work).current)
	default:
		e.checkLists((*work).current)
		if abort = e.checkCover(Services); abort == ReasonAccepted {
			e.checkCover(Items)
			e.checkFrequency(Items)
			e.checkFrequency(Services)
		}
	}
	return e.changes(e.finishSubmission(abort))
}

// checkCover does the checks of care type, patient category, cover, waiting period and limits on the
// lines without a reason. A category limit that is reached aborts everything: its reason is returned.
func (e *evaluation) checkCover(k Kind) (abort int) {
	mask := e.patientMask()
	for i := range e.lines[k] {
		w := &e.lines[k][i]
		if !w.open() || w.entry == nil {
			continue
		}
		switch {
		case e.careTypeMisfit(w.entry.CareType):
			w.reject(ReasonCareType)
		case w.entry.PatCat&mask != mask:
			w.reject(ReasonPatientCategory)
		default:
			fault, all := e.checkCandidates(k, w)
			if all {
				return fault
			}
			if fault != ReasonAccepted {
				w.reject(fault)
			}
		}
	}
	return ReasonAccepted
}

// careTypeMisfit: in-patient care needs a facility that gives it and a stay over night, out-patient care
// a facility that gives it and a single day.
func (e *evaluation) careTypeMisfit(care string) bool {
	facility := "B"
	if e.facility != nil && e.facility.HFCareType != nil {
		facility = *e.facility.HFCareType
	}
	switch {
	case sameLetter(care, "I"):
		return sameLetter(facility, "O") || !e.multiDay
	case sameLetter(care, "O"):
		return sameLetter(facility, "I") || e.multiDay
	}
	return false
}

// candidate is one way in which a line is covered.
type candidate struct {
	policy  *Policy
	product *Product
	line    *ProductLine
	cover   *InsureePolicy
	free    day // end of the waiting period
}

// covers lists the candidates for a line, the soonest end of the waiting period first.
func (e *evaluation) covers(k Kind, entry int) []candidate {
	found := e.candidates[:0]
	at := e.claim.target
	for _, policy := range e.d.policies[*e.insuree.FamilyID] {
		product := e.activeProduct(policy)
		if product == nil {
			continue
		}
		lines := e.d.packages[k][productEntry{policy.ProdID, entry}]
		if len(lines) == 0 {
			continue
		}
		for _, cover := range e.d.covers[insureePolicy{e.insuree.InsureeID, policy.PolicyID}] {
			if cover.ValidityTo != nil || !cover.period.covers(at) {
				continue
			}
			for _, line := range lines {
				free := cover.period.from
				if months := line.waiting(e.adult); months != nil {
					free = addMonths(free, *months)
				}
				found = append(found, candidate{policy, product, line, cover, free})
				for j := len(found) - 1; j > 0 && found[j].free < found[j-1].free; j-- {
					found[j], found[j-1] = found[j-1], found[j]
				}
			}
		}
	}
	e.candidates = found
	return found
}

// tblPolicy.PolicyStatus under which a policy covers.
const (
	PolicyActive  = 2
	PolicyExpired = 8
)

// activeProduct is the current product of a current policy that covers the date of the claim, or nil.
func (e *evaluation) activeProduct(p *Policy) *Product {
	if p.ValidityTo != nil || p.PolicyStatus == nil || !p.period.covers(e.claim.target) {
		return nil
	}
	if *p.PolicyStatus != PolicyActive && *p.PolicyStatus != PolicyExpired {
		return nil
	}
	product := e.d.products[p.ProdID]
	if product == nil || product.ValidityTo != nil {
		return nil
	}
	return product
}

func (l *ProductLine) waiting(adult bool) *int {
	if adult {
		return l.WaitingPeriodAdult
	}
	return l.WaitingPeriodChild
}

func (l *ProductLine) quantity(adult bool) *int {
	if adult {
		return l.LimitNoAdult
	}
	return l.LimitNoChild
}

// checkCandidates returns 0 when some policy accepts the line, else the first fault met. all: the fault is
// a category limit and concerns the whole claim.
func (e *evaluation) checkCandidates(k Kind, w *work) (fault int, all bool) {
	candidates := e.covers(k, w.row.EntryID)
	if len(candidates) == 0 {
		return ReasonCover, false
	}
	for i := range candidates {
		c := &candidates[i]
		switch reason, abort := e.checkCandidate(k, w, c); {
		case reason == ReasonAccepted:
			return ReasonAccepted, false
		case abort:
			return reason, true
		case fault == ReasonAccepted:
			fault = reason
		}
	}
	return fault, false
}

func (e *evaluation) checkCandidate(k Kind, w *work, c *candidate) (reason int, abort bool) {
	newlyCovered := c.policy.PolicyStage != nil && sameLetter(*c.policy.PolicyStage, "N") ||
		c.policy.period.from < c.cover.period.from
	if newlyCovered && c.line.waiting(e.adult) != nil && e.claim.target < c.free {
		return ReasonWaiting, false
	}
	if limit := c.line.quantity(e.adult); limit != nil && *limit >= 0 &&
		e.quantityUsed(k, w.row.EntryID, c.cover.period) >= int64(*limit) {
		return ReasonQuantity, false
	}
	if k == Services {
		category := &categories[e.category]
		if limit := category.maxNumber(c.product); limit != nil && *limit >= 0 &&
			e.claimsBefore(e.category, c.cover.period) >= *limit {
			return category.reason, true
		}
	}
	return ReasonAccepted, false
}

// quantityUsed is the quantity of an item or service that the insuree's claims past entry provided in a
// period of cover, without its fraction. An entered claim does not count itself.
func (e *evaluation) quantityUsed(k Kind, entry int, p period) int64 {
	sum := decimal.Zero
	for _, l := range e.d.lines[insureeEntry{e.claim.InsureeID, entry, k}] {
		if l.claim.counts() && p.covers(l.claim.target) && e.stateOf(l).Reason() == ReasonAccepted {
			sum = sum.Add(l.QtyProvided)
		}
	}
	return sum.IntPart()
}

// claimsBefore counts the insuree's claims of a category past entry in a period of cover.
func (e *evaluation) claimsBefore(category int, p period) int {
	n := 0
	for _, c := range e.d.byInsuree[e.claim.InsureeID] {
		if c.category == category && c.counts() && p.covers(c.target) {
			n++
		}
	}
	return n
}

// counts: current and past entry.
func (c *Claim) counts() bool { return c.ValidityTo == nil && c.ClaimStatus > StatusEntered }

// stateOf sees lines of the claim under evaluation as they are by now.
func (e *evaluation) stateOf(l *Line) *LineState {
	if l.claim == e.claim {
		return &e.lines[l.Kind][l.place].LineState
	}
	return &l.LineState
}

// checkFrequency rejects what the insuree got less than the frequency's number of days before or after.
func (e *evaluation) checkFrequency(k Kind) {
	for i := range e.lines[k] {
		w := &e.lines[k][i]
		if !w.open() || w.entry == nil || w.entry.Frequency == nil || *w.entry.Frequency <= 0 {
			continue
		}
		if e.providedWithin(k, w.row.EntryID, *w.entry.Frequency) {
			w.reject(ReasonFrequency)
		}
	}
}

func (e *evaluation) providedWithin(k Kind, entry, days int) bool {
	for _, l := range e.d.lines[insureeEntry{e.claim.InsureeID, entry, k}] {
		if !l.claim.counts() {
			continue
		}
		distance := int(l.claim.target - e.claim.target)
		if max(distance, -distance) >= days {
			continue
		}
		if s := e.stateOf(l); s.Status == LinePassed && s.Reason() == ReasonAccepted {
			return true
		}
	}
	return false
}

// finishSubmission sets the states of lines and claim. Closed versions of lines are written too, as the
// recorded scenarios show (claim-value 100, 101).
func (e *evaluation) finishSubmission(abort int) (out Outcome) {
	for k := range e.lines {
		for i := range e.lines[k] {
			w := &e.lines[k][i]
			if abort != ReasonAccepted {
				w.reject(abort)
			}
			if w.Reason() != ReasonAccepted {
				w.Status, w.QtyApproved, w.touched = LineRejected, &Zero, true
			}
			if !w.current() {
				continue
			}
			switch w.Status {
			case LinePassed:
				out.Passed[k]++
			case LineRejected:
				out.Rejected[k]++
			}
		}
	}
	e.changed = true
	e.state.ClaimCategory = &categories[e.category].code
	user, now := e.author.UserID, e.author.Now
	e.state.AuditUserIDSubmit, e.state.SubmitStamp = &user, &now
	if out.Passed[Items]+out.Passed[Services] == 0 {
		e.state.ClaimStatus = StatusRejected
		out.Status = OutcomeRejected
		return out
	}
	e.state.ClaimStatus = StatusChecked
	out.Status = OutcomeChecked
	if out.Rejected[Items]+out.Rejected[Services] > 0 {
		e.state.Approved = Pointer(e.money(e.passedValue(Items).Add(e.passedValue(Services))))
	}
	return out
}

// passedValue is the price asked for the passed lines.
func (e *evaluation) passedValue(k Kind) decimal.Decimal {
	sum := Zero
	for i := range e.lines[k] {
		if w := &e.lines[k][i]; w.current() && w.Status == LinePassed {
			sum = sum.Add(w.row.QtyProvided.Mul(w.row.PriceAsked))
		}
	}
	return e.money(sum)
}
