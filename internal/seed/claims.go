package seed

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/shopspring/decimal"
)

// Claim status (rules.md §8.1).
const (
	rejected  = 1
	entered   = 2
	checked   = 4
	processed = 8
	valuated  = 16
)

// statuses is the mix of claims; how processed ones end, their lines decide.
var statuses = weighted[int]{{30, entered}, {30, checked}, {30, processed}, {10, rejected}}

// Review and feedback status.
const (
	idle      = 1
	skipped   = 2
	selected  = 4
	delivered = 8
	bypassed  = 16
)

// visit is a stay or a visit of which a claim is made.
type visit struct {
	policy   *policy
	covered  covered
	from, to time.Time
}

// claim is a claim while it is made.
type claim struct {
	visit
	id       int
	facility *facility
	category string
	status   int
	lines    []*claimLine
	claimed  decimal.Decimal

	dateClaimed, submitted, done time.Time
	review, feedback             int
}

// days says whether the patient stayed overnight.
func (c *claim) days() bool { return !c.from.Equal(c.to) }

// claimLine is an item or a service of a claim. The valuation fills the rest.
type claimLine struct {
	kind     int
	index    int
	entry    entry
	cover    productLine
	quantity int
	asked    decimal.Decimal
	reason   int

	approvedQuantity, approvedPrice any
	adjusted, valued, paid          any
	deducted, exceeded              any
}

// claimsOf makes the claims that are due after the i-th family, unless it has no cover; then, and
// sometimes anyway, they are left to the next.
func (g *generator) claimsOf(f *family, i int) {
	due := int(int64(g.plan.Claims)*int64(i+1)/int64(g.plan.Families)) - g.claims
	if due <= 0 || !f.last && g.chance(0.35) {
		return
	}
	var visits []visit
	for range due {
		if v, ok := g.visit(f); ok {
			visits = append(visits, v)
		}
	}
	slices.SortStableFunc(visits, func(a, b visit) int { return a.to.Compare(b.to) })
	for _, v := range visits {
		g.claim(f, v)
	}
}

// visit decides who falls ill when; not ok: nobody is covered.
func (g *generator) visit(f *family) (visit, bool) {
	for range 4 {
		if len(f.policies) == 0 {
			break
		}
		p := pick(g.random, f.policies)
		if len(p.covered) == 0 || p.status != policyActive && p.status != policyExpired {
			continue
		}
		c := pick(g.random, p.covered)
		last := g.ago(1)
		if p.expiry.Before(last) {
			last = p.expiry
		}
		span := int(last.Sub(c.since).Hours() / 24)
		if span < 1 {
			continue
		}
		to := c.since.AddDate(0, 0, g.between(0, span))
		return visit{policy: p, covered: c, from: to, to: to}, true
	}
	return visit{}, false
}

// claim makes and writes a claim.
func (g *generator) claim(f *family, v visit) {
	c := &claim{visit: v, id: g.reserve("tblClaim")}
	c.facility = g.whereTreated(f)
	if c.facility.care != "O" && g.chance(0.3) {
		c.from = c.to.AddDate(0, 0, -g.between(1, 9))
		if c.from.Before(v.covered.since) {
			c.from = c.to
		}
	}
	g.provide(c)
	if len(c.lines) == 0 { // nothing that this facility does is covered
		return
	}
	g.claims++
	c.facility.claims++
	for _, l := range c.lines {
		c.claimed = c.claimed.Add(l.asked.Mul(money(l.quantity)))
	}
	g.progress(c)
	g.writeClaim(f, c)
}

// whereTreated picks a facility of the family's district, or a hospital elsewhere. Those of the first
// district come first until each has two claims: people sign in as their claim administrators (Logins).
func (g *generator) whereTreated(f *family) *facility {
	for i := range g.facilities {
		if hf := &g.facilities[i]; f.district == 0 && hf.district == 0 && hf.claims < 2 {
			return hf
		}
	}
	levels := weighted[string]{{35, "D"}, {40, "C"}, {25, "H"}}.pick(g.random)
	if hf := g.facilityOf(f.district, levels); hf != nil && g.chance(0.97) {
		return hf
	}
	if hf := g.facilityOf(f.district, "DCH"); hf != nil {
		return hf
	}
	return &g.facilities[g.IntN(len(g.facilities))]
}

// provide chooses the services and items. All of them pass the rules when the claim is submitted, but
// for a few that were provided too often.
func (g *generator) provide(c *claim) {
	list := g.lists[c.facility.list]
	mother := c.covered.member.mask(c.to) == women+adults && c.to.Year()-c.covered.member.birth.Year() < 46
	var main string
	switch {
	case c.days() && mother:
		main = weighted[string]{{60, "H"}, {25, "D"}, {15, "S"}}.pick(g.random)
	case c.days():
		main = weighted[string]{{80, "H"}, {20, "S"}}.pick(g.random)
	case mother:
		main = weighted[string]{{50, "C"}, {20, "V"}, {15, "A"}, {15, ""}}.pick(g.random)
	default:
		main = weighted[string]{{55, "C"}, {25, "V"}, {20, ""}}.pick(g.random)
	}
	g.choose(c, ofServices, list.serviceSet[main], list)
	if main != "" && g.chance(0.4) {
		g.choose(c, ofServices, list.serviceSet[""], list)
	}
	for range g.between(1, 2) {
		g.choose(c, ofItems, list.itemSet, list)
	}
	c.category = category(c, g.services)
}

// choose adds a line of one of the entries that fit patient, facility and policy.
func (g *generator) choose(c *claim, kind int, from []int, list priceList) {
	entries := [2][]entry{g.items, g.services}[kind]
	mask, group := c.covered.member.mask(c.to), c.covered.member.group(c.to)
	for range 12 {
		if len(from) == 0 {
			return
		}
		index := pick(g.random, from)
		e := entries[index]
		line, isCovered := c.policy.product.lines[kind][index]
		twice := slices.ContainsFunc(c.lines, func(l *claimLine) bool { return l.kind == kind && l.index == index })
		if !isCovered || twice || !e.fits(c.facility.care, c.days(), mask) || c.covered.since.AddDate(0, line.waiting[group], 0).After(c.to) || e.often > 0 && !g.chance(0.1) {
			continue
		}
		quantity := 1
		if kind == ofItems {
			quantity = g.between(1, 12)
		} else if e.category == "H" {
			quantity = int(c.to.Sub(c.from).Hours() / 24)
		}
		price := list.price(kind, index, e)
		if line.origin == "O" {
			price += price / 20
		}
		c.lines = append(c.lines, &claimLine{kind: kind, index: index, entry: e, cover: line, quantity: quantity, asked: money(price)})
		return
	}
}

// category is what a claim counts as (rules.md §8.4 step 0).
func category(c *claim, services []entry) string {
	has := map[string]bool{}
	for _, l := range c.lines {
		if l.kind == ofServices {
			has[services[l.index].category] = true
		}
	}
	switch {
	case has["S"]:
		return "S"
	case has["D"]:
		return "D"
	case has["A"]:
		return "A"
	case c.days():
		return "H"
	case has["C"]:
		return "C"
	}
	return "V"
}

// rejections are the reasons of lines that were refused.
var rejections = weighted[int]{{30, 3}, {25, 5}, {15, 16}, {15, 4}, {15, -1}}

// progress decides how far the claim has come, and what its lines became on the way.
func (g *generator) progress(c *claim) {
	c.status = statuses.pick(g.random)
	c.dateClaimed = g.notFuture(c.to.AddDate(0, 0, g.between(0, 10)))
	c.submitted = g.notFuture(c.dateClaimed.AddDate(0, 0, g.between(0, 3)))
	c.done = g.notFuture(c.submitted.AddDate(0, 0, g.between(2, 40)))
	c.review, c.feedback = idle, idle
	switch c.status {
	case entered:
		return
	case rejected:
		reason := rejections.pick(g.random)
		for _, l := range c.lines {
			l.reason, l.approvedQuantity = reason, money(0)
		}
		return
	}
	if len(c.lines) > 1 && g.chance(0.1) {
		l := pick(g.random, c.lines)
		l.reason, l.approvedQuantity = rejections.pick(g.random), money(0)
	}
	c.review = weighted[int]{{60, idle}, {10, skipped}, {15, selected}, {10, delivered}, {5, bypassed}}.pick(g.random)
	c.feedback = weighted[int]{{60, idle}, {10, skipped}, {15, selected}, {10, delivered}, {5, bypassed}}.pick(g.random)
	if c.review == delivered && c.lines[0].reason == 0 {
		c.lines[0].approvedPrice = c.lines[0].asked
		c.lines[0].approvedQuantity = money(max(1, c.lines[0].quantity-1))
	}
	if c.status == processed {
		for _, flag := range []*int{&c.review, &c.feedback} {
			if *flag == selected {
				*flag = bypassed
			}
		}
		g.valuate(c)
	}
}

func (g *generator) notFuture(day time.Time) time.Time {
	if day.After(g.today) {
		return g.today
	}
	return day
}

// run gives the batch run in which a valuated claim was paid.
func (g *generator) run(c *claim) any {
	if c.status == valuated {
		if id, ok := g.runs[runKey{c.policy.product.region, c.done.Year(), int(c.done.Month())}]; ok {
			return id
		}
	}
	return nil
}

// writeClaim writes the claim, its lines and what belongs to them.
func (g *generator) writeClaim(f *family, c *claim) {
	r := row{"ClaimID": c.id, "InsureeID": c.covered.member.id, "ClaimCode": fmt.Sprintf("%08d", c.id), "DateFrom": c.from, "DateTo": c.to, "ICDID": pick(g.random, g.diagnoses), "ICDID1": nil,
		"ClaimStatus": c.status, "Adjuster": nil, "Adjustment": nil, "Claimed": c.claimed, "Approved": nil, "DateClaimed": c.dateClaimed, "DateProcessed": nil, "Feedback": c.feedback == delivered,
		"FeedbackID": nil, "Explanation": nil, "FeedbackStatus": c.feedback, "ReviewStatus": c.review, "ApprovalStatus": 1, "RejectionReason": 0, "HFID": c.facility.id, "RunID": g.run(c),
		"AuditUserIDSubmit": nil, "AuditUserIDProcess": nil, "AuditUserIDReview": nil, "SubmitStamp": nil, "ProcessStamp": nil, "ValidityFromReview": nil, "GuaranteeId": nil,
		"ClaimAdminId": c.facility.admin, "VisitType": weighted[string]{{75, "O"}, {15, "R"}, {10, "E"}}.pick(g.random), "ClaimCategory": nil}
	if g.chance(0.3) {
		r["ICDID1"] = pick(g.random, g.diagnoses)
	}
	if g.chance(0.1) {
		r["GuaranteeId"] = fmt.Sprintf("G%06d", c.id)
	}
	if c.status != entered {
		r["ClaimCategory"], r["AuditUserIDSubmit"], r["SubmitStamp"] = c.category, administrator, g.stamp(c.submitted)
		if slices.ContainsFunc(c.lines, func(l *claimLine) bool { return l.reason != 0 }) && c.status != rejected {
			r["Approved"] = passed(c)
		}
	}
	if c.review == delivered {
		r["Adjuster"], r["Adjustment"], r["AuditUserIDReview"], r["ValidityFromReview"] = g.medicalOfficer, "Reviewed", g.medicalOfficer, g.stamp(c.submitted)
	}
	if c.status == processed || c.status == valuated {
		r["DateProcessed"], r["AuditUserIDProcess"], r["ProcessStamp"] = c.done, administrator, g.stamp(c.done)
	}
	if c.feedback == delivered {
		r["FeedbackID"] = g.put("tblFeedback", c.done, row{"ClaimID": c.id, "CareRendered": true, "PaymentAsked": g.chance(0.1), "DrugPrescribed": true, "DrugReceived": g.chance(0.9),
			"Asessment": g.between(1, 5), "CHFOfficerCode": pick(g.random, g.officers[f.district]).id, "FeedbackDate": c.done})
	}
	if c.feedback == selected {
		g.put("tblFeedbackPrompt", c.submitted, row{"FeedbackPromptDate": c.submitted, "ClaimID": c.id, "OfficerID": pick(g.random, g.officers[f.district]).id, "PhoneNumber": g.phone(), "SMSStatus": 0})
	}
	g.putChanged("tblClaim", c.dateClaimed, r, row{"ClaimStatus": entered, "RunID": nil, "FeedbackID": nil})
	for _, l := range c.lines {
		g.writeLine(c, l)
	}
}

// passed is what the lines that passed ask for.
func passed(c *claim) decimal.Decimal {
	sum := decimal.Zero
	for _, l := range c.lines {
		if l.reason == 0 {
			sum = sum.Add(l.asked.Mul(money(l.quantity)))
		}
	}
	return sum
}

var claimLineTables = [2]struct{ table, key, status string }{
	{"tblClaimItems", "ItemID", "ClaimItemStatus"},
	{"tblClaimServices", "ServiceID", "ClaimServiceStatus"},
}

func (g *generator) writeLine(c *claim, l *claimLine) {
	t := claimLineTables[l.kind]
	status := 1
	if l.reason != 0 {
		status = 2
	}
	r := row{"ClaimID": c.id, t.key: l.entry.id, t.status: status, "QtyProvided": money(l.quantity), "QtyApproved": l.approvedQuantity, "PriceAsked": l.asked, "PriceAdjusted": l.adjusted,
		"PriceApproved": l.approvedPrice, "PriceValuated": l.valued, "Explanation": nil, "Justification": nil, "RejectionReason": l.reason, "ProdID": nil, "PolicyID": nil, "Limitation": nil,
		"LimitationValue": nil, "PriceOrigin": nil, "RemuneratedAmount": l.paid, "DeductableAmount": l.deducted, "ExceedCeilingAmount": l.exceeded, "AuditUserIDReview": nil, "ValidityFromReview": nil}
	if l.kind == ofItems {
		r["Availability"] = true
	}
	if l.approvedPrice != nil {
		r["Justification"], r["AuditUserIDReview"], r["ValidityFromReview"] = "As usual", g.medicalOfficer, g.stamp(c.submitted)
	}
	if strings.Contains(c.category, "S") && l.quantity > 1 {
		r["Explanation"] = "During the operation"
	}
	if l.valued != nil {
		r["ProdID"], r["PolicyID"], r["PriceOrigin"] = c.policy.product.id, c.policy.id, l.cover.origin
		r["Limitation"] = map[bool]string{true: "F", false: "C"}[l.cover.fixed]
		r["LimitationValue"] = money(l.cover.limit[c.covered.member.group(c.to)])
	}
	g.put(t.table, c.dateClaimed, r)
}
