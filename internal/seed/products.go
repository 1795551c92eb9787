package seed

import (
	"fmt"
	"time"
)

// Branches of deductibles and ceilings: general, in-patient, out-patient.
const (
	general = iota
	inPatient
	outPatient
)

// amounts are the deductibles or ceilings of a branch; 0: none.
type amounts struct{ treatment, insuree, policy int }

// cover is what kinds of products have in common. Together they use everything that products can:
// cycles, discounts, deductibles, ceilings, category limits, relative prices.
type cover struct {
	code, name                   string
	period                       int // months
	lumpSum, threshold, members  int
	adult, child                 int
	registration, assembly       int    // lump sums
	registrationFee, assemblyFee int    // of a member
	cycles                       string // up to four days dd-MM
	grace, graceRenewal, waiting int    // months
	enrolmentPerc, renewalPerc   int
	ded, max                     [3]amounts
	extraMember, ceilingPolicy   int            // of the general ceiling of the policy
	counts                       map[string]int // category → most claims
	sums                         map[string]int // category → most money
	interpretation               string         // of in-patient: I stay, H hospital
	periods                      [3]string      // relative prices: M, Q, Y or empty
	share                        float64        // of the lines with a relative price
	fixed                        float64        // of the lines with a fixed limit
	coinsurance                  int            // percent that the scheme pays of the others
}

var covers = []cover{
	{code: "BASE", name: "Basic Cover", period: 12, lumpSum: 9000, threshold: 5, members: 8, adult: 1500, child: 800, registration: 500,
		grace: 0, graceRenewal: 1, waiting: 1, renewalPerc: 5, ded: [3]amounts{general: {policy: 500}}, max: [3]amounts{general: {policy: 250_000}}, extraMember: 20_000, ceilingPolicy: 350_000,
		interpretation: "I", fixed: 0.05, coinsurance: 100},
	{code: "CYCL", name: "Cycle Cover", period: 12, lumpSum: 0, threshold: 0, members: 12, adult: 3500, child: 1800, registrationFee: 200, assembly: 700,
		cycles: "01-01 01-04 01-07 01-10", grace: 1, graceRenewal: 1, enrolmentPerc: 5, renewalPerc: 5, ded: [3]amounts{general: {insuree: 300}}, max: [3]amounts{general: {insuree: 120_000}},
		interpretation: "I", periods: [3]string{general: "M"}, share: 0.3, coinsurance: 90},
	{code: "PLUS", name: "Hospital Plus", period: 12, lumpSum: 24_000, threshold: 6, members: 10, adult: 4000, child: 2000, registration: 1000, assemblyFee: 100,
		grace: 0, graceRenewal: 2, waiting: 2, ded: [3]amounts{inPatient: {treatment: 2000}, outPatient: {treatment: 100}}, max: [3]amounts{inPatient: {treatment: 90_000}, outPatient: {treatment: 15_000}},
		sums: map[string]int{"S": 60_000, "D": 30_000, "H": 80_000, "A": 6_000, "C": 12_000}, interpretation: "H", periods: [3]string{inPatient: "Q", outPatient: "M"}, share: 0.2, fixed: 0.1, coinsurance: 80},
	{code: "NATL", name: "National Cover", period: 12, lumpSum: 6000, threshold: 4, members: 7, adult: 1000, child: 500, assembly: 300,
		grace: 0, graceRenewal: 1, ded: [3]amounts{general: {treatment: 150}}, max: [3]amounts{general: {treatment: 70_000}},
		counts: map[string]int{"C": 20, "S": 3, "D": 2, "H": 6, "V": 30, "A": 8}, interpretation: "I", periods: [3]string{general: "Y"}, share: 0.1, fixed: 0.2, coinsurance: 85},
}

// product is a product that is sold in a region, or everywhere.
type product struct {
	*cover
	id, region int // region -1: everywhere
	lines      [2]map[int]productLine
}

// productLine is how a product covers an item or a service.
type productLine struct {
	fixed      bool // limit is a price, else a percentage
	limit      [2]int
	origin     string // P price list, O own price, R relative
	waiting    [2]int
	quantity   [2]int // -1: no limit
	exclusions [2]string
}

// Age groups, as indexes.
const (
	asAdult = iota
	asChild
)

// where gives the identity of the place that sells a product; nil is everywhere.
func (g *generator) where(region int) any {
	if region < 0 {
		return nil
	}
	return g.regions[region].id
}

// catalogue writes the products: the last of each four is national.
func (g *generator) catalogue() {
	for i := range g.plan.Products {
		c := &covers[i%len(covers)]
		p := &product{cover: c, region: i / 2 % g.plan.Regions, lines: [2]map[int]productLine{{}, {}}}
		if c.code == "NATL" {
			p.region = -1
		}
		g.writeProduct(p, i)
		g.products = append(g.products, p)
		for kind, entries := range [2][]entry{g.items, g.services} {
			for index, e := range entries {
				if g.chance(0.97) {
					p.lines[kind][index] = g.productLine(p, kind, e)
				}
			}
		}
		g.distribution(p)
	}
}

func (g *generator) writeProduct(p *product, i int) {
	c := p.cover
	since := g.ago(4 * 365)
	var conversion any
	if c.code == "CYCL" { // renewals convert to the basic cover of the same region
		conversion = g.products[i-1].id
	}
	r := row{"ProductCode": fmt.Sprintf("%s%d", c.code, i/len(covers)+1), "ProductName": c.name, "LocationId": g.where(p.region), "InsurancePeriod": c.period,
		"DateFrom": since, "DateTo": g.today.AddDate(5, 0, 0), "ConversionProdID": conversion, "LumpSum": money(c.lumpSum), "MemberCount": c.members, "Threshold": c.threshold,
		"PremiumAdult": money(c.adult), "PremiumChild": money(c.child), "RegistrationLumpSum": money(c.registration), "RegistrationFee": money(c.registrationFee),
		"GeneralAssemblyLumpSum": money(c.assembly), "GeneralAssemblyFee": money(c.assemblyFee), "GracePeriod": c.grace, "GracePeriodRenewal": c.graceRenewal, "WaitingPeriod": c.waiting,
		"MaxInstallments": 2, "AdministrationPeriod": 0, "EnrolmentDiscountPerc": c.enrolmentPerc, "EnrolmentDiscountPeriod": 3, "RenewalDiscountPerc": c.renewalPerc, "RenewalDiscountPeriod": 1,
		"CeilingInterpretation": c.interpretation, "MaxPolicyExtraMember": orNil(c.extraMember), "MaxCeilingPolicy": orNil(c.ceilingPolicy),
		"AccCodePremiums": fmt.Sprintf("50%02d", i), "AccCodeRemuneration": fmt.Sprintf("60%02d", i), "Level1": "D", "Sublevel1": nil, "Level2": "C", "Sublevel2": nil,
		"ShareContribution": money(100), "WeightPopulation": money(0), "WeightNumberFamilies": money(0), "WeightInsuredPopulation": money(100), "WeightNumberInsuredFamilies": money(0),
		"WeightNumberVisits": money(0), "WeightAdjustedAmount": money(0)}
	if p.region >= 0 {
		r["ProductName"] = c.name + " " + g.regions[p.region].name
	}
	for k, name := range []string{"StartCycle1", "StartCycle2", "StartCycle3", "StartCycle4"} {
		r[name] = nil
		if c.cycles != "" {
			r[name] = c.cycles[6*k : 6*k+5]
		}
	}
	for b, infix := range []string{"", "IP", "OP"} {
		for kind, a := range map[string]amounts{"Ded": c.ded[b], "Max": c.max[b]} {
			r[kind+infix+"Treatment"], r[kind+infix+"Insuree"], r[kind+infix+"Policy"] = orNil(a.treatment), orNil(a.insuree), orNil(a.policy)
		}
		r["PeriodRelPrices"+infix] = nil
		if c.periods[b] != "" {
			r["PeriodRelPrices"+infix] = c.periods[b]
		}
	}
	for category, name := range map[string]string{"C": "Consultation", "S": "Surgery", "D": "Delivery", "A": "Antenatal", "H": "Hospitalizaion", "V": "Visits"} {
		column := "MaxNo" + name // Hospitalizaion is the column's spelling
		r[column] = nil
		if n, ok := c.counts[category]; ok {
			r[column] = n
		}
	}
	for category, name := range map[string]string{"C": "Consultation", "S": "Surgery", "D": "Delivery", "A": "Antenatal", "H": "Hospitalization"} {
		r["MaxAmount"+name] = orNil(c.sums[category])
	}
	p.id = g.putChanged("tblProduct", since, r, row{"LumpSum": money(c.lumpSum * 9 / 10)})
}

// orNil is an amount, NULL when it is not set.
func orNil(units int) any {
	if units == 0 {
		return nil
	}
	return money(units)
}

var productLineTables = [2]struct{ table, key string }{{"tblProductItems", "ItemID"}, {"tblProductServices", "ServiceID"}}

// productLine decides how a product covers an entry, and writes it.
func (g *generator) productLine(p *product, kind int, e entry) productLine {
	l := productLine{limit: [2]int{p.coinsurance, min(100, p.coinsurance+10)}, origin: "P", quantity: [2]int{-1, -1}}
	if g.chance(p.fixed) {
		l.fixed = true
		l.limit = [2]int{max(1, e.price*8/10), max(1, e.price*9/10)}
	}
	switch {
	case g.chance(p.share):
		l.origin = "R"
	case g.chance(0.04):
		l.origin = "O"
	}
	if g.chance(0.05) {
		l.waiting = [2]int{g.between(1, 3), g.between(0, 1)}
	}
	if g.chance(0.05) {
		l.quantity = [2]int{g.between(20, 60), g.between(20, 60)}
	}
	if g.chance(0.04) {
		l.exclusions = [2]string{pick(g.random, []string{"B", "H", "N"}), pick(g.random, []string{"", "B", "H", "N"})}
	}
	t := productLineTables[kind]
	r := row{"ProdID": p.id, t.key: e.id, "PriceOrigin": l.origin}
	limitType := map[bool]string{true: "F", false: "C"}[l.fixed]
	for _, visit := range []string{"", "E", "R"} {
		r["LimitationType"+visit] = limitType
		r["LimitAdult"+visit], r["LimitChild"+visit] = money(l.limit[asAdult]), money(l.limit[asChild])
	}
	for group, name := range []string{"Adult", "Child"} {
		r["WaitingPeriod"+name] = l.waiting[group]
		r["LimitNo"+name] = nil
		if l.quantity[group] >= 0 {
			r["LimitNo"+name] = l.quantity[group]
		}
		r["CeilingExclusion"+name] = nil
		if l.exclusions[group] != "" {
			r["CeilingExclusion"+name] = l.exclusions[group]
		}
	}
	g.putChanged(t.table, g.ago(4*365), r, row{"PriceOrigin": "P"})
	return l
}

// distribution writes which share of the premiums goes to claims: of every month, quarter and year, by
// care type. Care types that have no relative prices get 0, as the legacy application writes them.
func (g *generator) distribution(p *product) {
	since := g.ago(4 * 365)
	for branch, care := range []string{"B", "I", "O"} {
		for _, t := range []struct {
			letter  string
			periods int
		}{{"M", 12}, {"Q", 4}, {"Y", 1}} {
			share := 0
			if p.periods[branch] == t.letter {
				share = g.between(50, 90)
			}
			for period := 1; period <= t.periods; period++ {
				g.put("tblRelDistr", since, row{"DistrType": t.periods, "DistrCareType": care, "ProdID": p.id, "Period": period, "DistrPerc": percent(share)})
			}
		}
	}
}

// sells says whether a product can be bought in a region.
func (p *product) sells(region int) bool { return p.region < 0 || p.region == region }

// dates gives start and expiry of a policy enrolled to begin around a day: that day, or for cycles the
// last cycle's start before it.
func (p *product) dates(around time.Time) (start, expiry time.Time) {
	start = around
	if p.cycles != "" {
		month := (int(around.Month()) - 1) / 3 * 3 // cycles begin every quarter
		start = time.Date(around.Year(), time.Month(month+1), 1, 0, 0, 0, 0, time.UTC)
	}
	return start, start.AddDate(0, p.period, 0).AddDate(0, 0, -1)
}
