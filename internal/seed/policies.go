package seed

import (
	"fmt"
	"time"

	"github.com/shopspring/decimal"

	"github.com/openimis/openimis-be-go/internal/calendar"
)

// Policy status and stage (rules.md §6.1).
const (
	policyIdle      = 1
	policyActive    = 2
	policySuspended = 4
	policyExpired   = 8

	stageNew     = "N"
	stageRenewal = "R"
)

// policy is a policy while claims are made of it.
type policy struct {
	id                       int
	product                  *product
	stage                    string
	status                   int
	start, effective, expiry time.Time // effective is zero while it is idle
	covered                  []covered
	used                     map[int]*used // by InsureeID; 0 is the sum over all
}

// covered is a member whom a policy covers since a day.
type covered struct {
	member *member
	since  time.Time
}

// used is what claims took of deductibles and ceilings, by branch.
type used struct{ deducted, remunerated [3]decimal.Decimal }

// cover gives a family its policies: mostly one that is active, some of them renewed, some a second one.
func (g *generator) cover(f *family) {
	var choice []*product
	for _, p := range g.products {
		if p.sells(f.region) {
			choice = append(choice, p)
		}
	}
	first := g.IntN(len(choice))
	g.buy(f, choice[first])
	if len(choice) > 1 && g.chance(0.1) {
		g.buy(f, choice[(first+1)%len(choice)])
	}
}

// buy gives a family a policy of a product, with the one before it if it was renewed.
func (g *generator) buy(f *family, p *product) {
	longest := 360
	if p.cycles != "" {
		longest = 260 // the cycle began up to three months before
	}
	start, expiry := p.dates(g.ago(g.between(20, longest)))
	status := weighted[int]{{88, policyActive}, {4, policyIdle}, {3, policySuspended}, {5, policyExpired}}.pick(g.random)
	if f.last {
		status = policyActive
	}
	stage := stageNew
	switch {
	case status == policyExpired: // and not renewed
		start, expiry = start.AddDate(-1, 0, 0), expiry.AddDate(-1, 0, 0)
	case status == policyActive && g.chance(0.25):
		stage = stageRenewal
		before := start.AddDate(-1, 0, 0)
		g.policy(f, p, stageNew, policyExpired, before, start.AddDate(0, 0, -1))
	}
	g.policy(f, p, stage, status, start, expiry)
}

// policy writes a policy with its members and premiums.
func (g *generator) policy(f *family, p *product, stage string, status int, start, expiry time.Time) {
	enrolled := start
	if stage == stageRenewal || p.cycles != "" {
		enrolled = start.AddDate(0, 0, -g.between(1, 20))
	}
	paid := enrolled.AddDate(0, 0, g.between(0, 12))
	if paid.After(g.today) {
		paid = g.today
	}
	pol := &policy{product: p, stage: stage, status: status, start: start, expiry: expiry, used: map[int]*used{0: {}}}
	effective := any(nil)
	if status != policyIdle {
		pol.effective = start
		if paid.After(start) {
			pol.effective = paid
		}
		effective = pol.effective
	}
	insured := f.members[:min(len(f.members), p.members)]
	value := g.value(p, insured, stage)
	pol.id = g.putChanged("tblPolicy", enrolled, row{"FamilyID": f.id, "EnrollDate": enrolled, "StartDate": start, "EffectiveDate": effective, "ExpiryDate": expiry, "PolicyStatus": status,
		"PolicyValue": value, "ProdID": p.id, "OfficerID": pick(g.random, g.officers[f.district]).id, "PolicyStage": stage, "isOffline": false}, row{"PolicyStatus": policyIdle, "EffectiveDate": nil})
	for k, m := range insured {
		since := pol.effective
		if k > 1 && status != policyIdle && g.chance(0.03) { // came later
			if later := since.AddDate(0, 0, g.between(30, 120)); later.Before(expiry) && !later.After(g.today) {
				since = later
			}
		}
		begin := any(nil)
		if !since.IsZero() {
			begin = since
			pol.covered = append(pol.covered, covered{m, since})
			pol.used[m.id] = &used{}
		}
		g.putChanged("tblInsureePolicy", enrolled, row{"InsureeId": m.id, "PolicyId": pol.id, "EnrollmentDate": enrolled, "StartDate": start, "EffectiveDate": begin, "ExpiryDate": expiry, "isOffline": false},
			row{"EffectiveDate": nil})
	}
	g.premiums(f, pol, value, paid)
	if status != policyIdle && calendar.Days(g.today, expiry) <= 14 {
		g.renewal(f, pol)
	}
	f.policies = append(f.policies, pol)
}

// value is the policy value of the members (rules.md §6.3); the days of enrolment give no discount.
func (g *generator) value(p *product, members []*member, stage string) decimal.Decimal {
	var heads, others [2]int
	for _, m := range members {
		if m.relation == other {
			others[m.group(g.today)]++
		} else {
			heads[m.group(g.today)]++
		}
	}
	extraAdults, extraChildren := 0, 0
	if p.threshold > 0 {
		extraAdults = max(0, heads[asAdult]-p.threshold)
		extraChildren = max(0, heads[asChild]-(p.threshold-heads[asAdult]+extraAdults))
	}
	sum := p.lumpSum
	if sum == 0 {
		sum = heads[asAdult]*p.adult + heads[asChild]*p.child
	}
	sum += (extraAdults+others[asAdult])*p.adult + (extraChildren+others[asChild])*p.child
	fee := func(lump, each int) {
		if lump > 0 {
			sum += lump
		} else {
			sum += len(members) * each
		}
	}
	fee(p.assembly, p.assemblyFee)
	if stage == stageNew {
		fee(p.registration, p.registrationFee)
	}
	return money(sum)
}

// premiums pays a policy, at once or in two parts; of an idle one only the first part is paid.
func (g *generator) premiums(f *family, pol *policy, value decimal.Decimal, paid time.Time) {
	payer := any(nil)
	if g.chance(0.05) {
		payer = pick(g.random, []int{g.payers[f.region], g.payers[len(g.payers)-1]})
	}
	pay := func(amount decimal.Decimal, day time.Time, photo bool) {
		n := g.reserve("tblPremium")
		kind := weighted[string]{{75, "C"}, {15, "M"}, {10, "B"}}.pick(g.random)
		g.putChanged("tblPremium", day, row{"PremiumId": n, "PolicyID": pol.id, "PayerID": payer, "Amount": amount, "Receipt": fmt.Sprintf("%s-%07d", pol.product.code, n), "PayDate": day, "PayType": kind,
			"isPhotoFee": photo, "isOffline": false}, row{"PayType": "C"})
	}
	switch half := value.Div(money(2)).Floor(); {
	case pol.status == policyIdle && g.chance(0.5):
		pay(half, paid, false)
	case pol.status == policyIdle:
	case g.chance(0.15):
		first := paid.AddDate(0, 0, -g.between(1, 5))
		pay(half, first, false)
		pay(value.Sub(half), paid, false)
	default:
		pay(value, paid, false)
	}
	if g.chance(0.02) {
		pay(money(50), paid, true)
	}
}

// renewal reminds of a policy that expires, of whose members new photos are due.
func (g *generator) renewal(f *family, pol *policy) {
	prompted := pol.expiry.AddDate(0, 0, -14)
	next := pol.product
	if next.code == "CYCL" {
		for _, p := range g.products {
			if p.code == "BASE" && p.region == next.region {
				next = p
				break
			}
		}
	}
	id := g.put("tblPolicyRenewals", prompted, row{"RenewalPromptDate": prompted, "RenewalDate": pol.expiry.AddDate(0, 0, 1), "NewOfficerID": pick(g.random, g.officers[f.district]).id,
		"PhoneNumber": g.phone(), "SMSStatus": 0, "InsureeID": f.members[0].id, "PolicyID": pol.id, "NewProdID": next.id, "RenewalWarnings": 0, "AuditCreateUser": administrator, "ResponseStatus": 0, "ResponseDate": nil})
	for _, c := range pol.covered {
		if c.member.photo.IsZero() {
			g.put("tblPolicyRenewalDetails", prompted, row{"RenewalID": id, "InsureeID": c.member.id, "AuditCreateUser": administrator})
		}
	}
}
