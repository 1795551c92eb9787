package claim

import (
	"math/rand/v2"
	"slices"
	"time"

	"github.com/shopspring/decimal"
)

// dice decide what a generated world looks like: n answers 0 to max-1.
type dice interface{ n(max int) int }

type seeded struct{ *rand.Rand }

func (s seeded) n(max int) int { return s.IntN(max) }

// size of a generated world.
type size struct{ families, products, entries, claims, lines int }

// generate makes rows in which everything the rules look at occurs: several policies a family, waiting
// periods, limits, frequencies, deductibles, ceilings, exclusions, all visit types, stays, reviews.
// Every amount is non-negative and every percentage at most 100. All claims are entered.
func generate(g dice, s size) (rows Rows) {
	for id := 1; id <= 3; id++ {
		rows.Facilities = append(rows.Facilities, Facility{id, letter(g, "HDC"), to(letter(g, "BBIO")), to(1), to(1)})
	}
	for k := range kindCount {
		rows.Lists[k] = []int{1}
		for id := 1; id <= s.entries; id++ {
			rows.Entries[k] = append(rows.Entries[k], Entry{EntryID: id, Price: price(g), CareType: letter(g, "BBBIO"),
				Frequency: maybe(g, g.n(30)), PatCat: 15 - g.n(8)/7*g.n(15), Category: maybe(g, letter(g, "SDACV")), ValidityFrom: date("2010-01-01")})
			if g.n(8) > 0 {
				rows.Details[k] = append(rows.Details[k], ListDetail{DetailID: id, ListID: 1, EntryID: id, PriceOverule: maybe(g, price(g))})
			}
		}
	}
	for id := 1; id <= s.products; id++ {
		rows.Products = append(rows.Products, anyProduct(g, id))
		for k := range kindCount {
			for entry := 1; entry <= s.entries; entry++ {
				if g.n(8) > 0 {
					rows.ProductLines[k] = append(rows.ProductLines[k], productLine(g, len(rows.ProductLines[k])+1, id, entry))
				}
			}
		}
	}
	for id := 1; id <= s.families; id++ {
		rows.family(g, s, id)
	}
	for id := 1; id <= s.claims; id++ {
		rows.claim(g, s, id)
	}
	return rows
}

func (rows *Rows) family(g dice, s size, id int) {
	rows.Families = append(rows.Families, Family{FamilyID: id})
	var members []int
	for range 1 + g.n(4) {
		insuree := len(rows.Insurees) + 1
		members = append(members, insuree)
		rows.Insurees = append(rows.Insurees, Insuree{InsureeID: insuree, FamilyID: &id, Gender: to(letter(g, "MFO")),
			DOB: date("2019-01-01").AddDate(-g.n(60), g.n(12), g.n(28))})
	}
	for range 1 + g.n(2) {
		start := date("2019-01-01").AddDate(0, g.n(5), 0)
		end := start.AddDate(1, 0, -1)
		policy := len(rows.Policies) + 1
		rows.Policies = append(rows.Policies, Policy{PolicyID: policy, FamilyID: id, ProdID: 1 + g.n(s.products),
			PolicyStage: to(letter(g, "NR")), PolicyStatus: to(2 + 6*g.n(2)), EffectiveDate: &start, ExpiryDate: &end})
		for _, insuree := range members {
			if g.n(6) > 0 {
				joined := start.AddDate(0, g.n(6)/5, 0)
				rows.InsureePolicies = append(rows.InsureePolicies, InsureePolicy{InsureePolicyID: len(rows.InsureePolicies) + 1,
					InsureeID: insuree, PolicyID: policy, EffectiveDate: &joined, ExpiryDate: &end})
			}
		}
	}
}

func (rows *Rows) claim(g dice, s size, id int) {
	from := date("2019-02-01").AddDate(0, 0, g.n(330))
	c := Claim{ClaimID: id, InsureeID: 1 + g.n(len(rows.Insurees)), HFID: 1 + g.n(3), DateFrom: from,
		VisitType: to(letter(g, "OOOER"))}
	c.ClaimStatus, c.FeedbackStatus, c.ReviewStatus = StatusEntered, to(1<<g.n(5)), to(1<<g.n(5))
	if g.n(10) > 0 {
		c.DateTo = to(from.AddDate(0, 0, g.n(4)/3*g.n(10)))
	}
	rows.Claims = append(rows.Claims, c)
	for range 1 + g.n(s.lines) {
		k := Kind(g.n(2))
		l := Line{LineID: len(rows.Lines[k]) + 1, ClaimID: id, EntryID: 1 + g.n(s.entries),
			QtyProvided: decimal.New(int64(g.n(10)), 0), PriceAsked: price(g)}
		l.Status = LinePassed
		if g.n(20) > 0 {
			l.RejectionReason = to(ReasonAccepted)
		}
		if g.n(5) == 0 {
			l.PriceApproved, l.QtyApproved = to(price(g)), to(decimal.New(int64(g.n(10)), 0))
		}
		if g.n(20) == 0 {
			l.ValidityTo = &from
		}
		rows.Lines[k] = append(rows.Lines[k], l)
	}
}

func anyProduct(g dice, id int) Product {
	p := Product{ProdID: id, CeilingInterpretation: maybe(g, letter(g, "IH")), Threshold: maybe(g, g.n(4))}
	for _, m := range []*money{&p.DedTreatment, &p.DedInsuree, &p.DedPolicy, &p.DedIPTreatment, &p.DedIPInsuree, &p.DedIPPolicy,
		&p.DedOPTreatment, &p.DedOPInsuree, &p.DedOPPolicy, &p.MaxTreatment, &p.MaxInsuree, &p.MaxPolicy, &p.MaxIPTreatment,
		&p.MaxIPInsuree, &p.MaxIPPolicy, &p.MaxOPTreatment, &p.MaxOPInsuree, &p.MaxOPPolicy} {
		if g.n(4) == 0 {
			*m = to(price(g).Mul(decimal.New(5, 0)))
		}
	}
	for _, m := range []*money{&p.MaxPolicyExtraMember, &p.MaxPolicyExtraMemberIP, &p.MaxPolicyExtraMemberOP, &p.MaxCeilingPolicy,
		&p.MaxCeilingPolicyIP, &p.MaxCeilingPolicyOP, &p.MaxAmountConsultation, &p.MaxAmountSurgery, &p.MaxAmountDelivery,
		&p.MaxAmountHospitalization, &p.MaxAmountAntenatal} {
		*m = maybe(g, price(g))
	}
	for _, n := range []**int{&p.MaxNoConsultation, &p.MaxNoSurgery, &p.MaxNoDelivery, &p.MaxNoHospitalization, &p.MaxNoVisits, &p.MaxNoAntenatal} {
		*n = maybe(g, g.n(5)-1)
	}
	return p
}

func productLine(g dice, id, product, entry int) ProductLine {
	l := ProductLine{ProductLineID: id, ProdID: product, EntryID: entry, PriceOrigin: letter(g, "PPOR"),
		LimitationType: letter(g, "CF"), LimitationTypeE: maybe(g, letter(g, "CF")), LimitationTypeR: maybe(g, letter(g, "CF")),
		WaitingPeriodAdult: maybe(g, g.n(3)), WaitingPeriodChild: maybe(g, g.n(3)),
		LimitNoAdult: maybe(g, g.n(30)-1), LimitNoChild: maybe(g, g.n(30)-1),
		CeilingExclusionAdult: maybe(g, letter(g, "BHN")), CeilingExclusionChild: maybe(g, letter(g, "BHN"))}
	for _, m := range []*money{&l.LimitAdult, &l.LimitAdultE, &l.LimitAdultR, &l.LimitChild, &l.LimitChildE, &l.LimitChildR} {
		*m = maybe(g, decimal.New(int64(g.n(10001)), -2))
	}
	return l
}

func price(g dice) decimal.Decimal { return decimal.New(int64(g.n(40000)), -2) }

func letter(g dice, letters string) string { return string(letters[g.n(len(letters))]) }

// maybe is NULL in a third of the cases.
func maybe[T any](g dice, v T) *T {
	if g.n(3) == 0 {
		return nil
	}
	return &v
}

// database keeps rows as tables would, written by changes.
type database struct{ rows Rows }

// load answers copies, as reading does.
func (db *database) load() Rows {
	r := db.rows
	r.Claims = slices.Clone(r.Claims)
	r.Policies, r.InsureePolicies = slices.Clone(r.Policies), slices.Clone(r.InsureePolicies)
	for k := range kindCount {
		r.Lines[k] = slices.Clone(r.Lines[k])
	}
	r.DedRemSums = slices.Clone(r.DedRems)
	return r
}

func (db *database) store(ch Changes) {
	if ch.Claim != nil {
		db.claim(ch.ClaimID).ClaimState = *ch.Claim
	}
	for _, l := range ch.Lines {
		db.line(l.Kind, l.LineID).LineState = l.LineState
	}
	if ch.DeleteDedRem {
		db.rows.DedRems = slices.DeleteFunc(db.rows.DedRems, func(r DedRem) bool { return r.ClaimID == ch.ClaimID })
	}
	if ch.DedRem != nil {
		db.rows.DedRems = append(db.rows.DedRems, *ch.DedRem)
	}
}

func (db *database) claim(id int) *Claim       { return &db.rows.Claims[id-1] }
func (db *database) line(k Kind, id int) *Line { return &db.rows.Lines[k][id-1] }

func (db *database) refs() (refs []Ref) {
	for _, c := range db.rows.Claims {
		refs = append(refs, Ref{ClaimID: c.ClaimID})
	}
	return refs
}

var someone = Author{UserID: 7, Now: time.Date(2020, 1, 2, 3, 4, 5, 0, time.UTC)}
