// Package claims makes worlds of claims for tests: rows in which everything the rules look at occurs, and a database in
// memory that keeps what the rules change. Start with Generate.
package claims

import (
	"encoding/json"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/shopspring/decimal"

	"github.com/openimis/openimis-be-go/modules/claim/rules"
)

// Dice decide what a generated world looks like: N answers 0 to max-1.
type Dice interface{ N(max int) int }

// Seeded gives dice that always fall alike.
func Seeded() Dice { return seeded{rand.New(rand.NewPCG(1, 2))} }

type seeded struct{ *rand.Rand }

// N implements Dice.
func (s seeded) N(max int) int { return s.IntN(max) }

// Size of a generated world.
type Size struct{ Families, Products, Entries, Claims, Lines int }

// Generate makes rows in which everything the rules look at occurs: several policies a family, waiting
// periods, limits, frequencies, deductibles, ceilings, exclusions, all visit types, stays, reviews.
// Every amount is non-negative and every percentage at most 100. All claims are entered.
func Generate(g Dice, s Size) (rows rules.Rows) {
	for id := 1; id <= 3; id++ {
		rows.Facilities = append(rows.Facilities, rules.Facility{HfID: id, HFLevel: letter(g, "HDC"), HFCareType: to(letter(g, "BBIO")), PLItemID: to(1), PLServiceID: to(1)})
	}
	for k := range rules.KindCount {
		rows.Lists[k] = []int{1}
		for id := 1; id <= s.Entries; id++ {
			rows.Entries[k] = append(rows.Entries[k], rules.Entry{EntryID: id, Price: price(g), CareType: letter(g, "BBBIO"),
				Frequency: maybe(g, g.N(30)), PatCat: 15 - g.N(8)/7*g.N(15), Category: maybe(g, letter(g, "SDACV")), ValidityFrom: date("2010-01-01")})
			if g.N(8) > 0 {
				rows.Details[k] = append(rows.Details[k], rules.ListDetail{DetailID: id, ListID: 1, EntryID: id, PriceOverule: maybe(g, price(g))})
			}
		}
	}
	for id := 1; id <= s.Products; id++ {
		rows.Products = append(rows.Products, anyProduct(g, id))
		for k := range rules.KindCount {
			for entry := 1; entry <= s.Entries; entry++ {
				if g.N(8) > 0 {
					rows.ProductLines[k] = append(rows.ProductLines[k], productLine(g, len(rows.ProductLines[k])+1, id, entry))
				}
			}
		}
	}
	for id := 1; id <= s.Families; id++ {
		addFamily(&rows, g, s, id)
	}
	for id := 1; id <= s.Claims; id++ {
		addClaim(&rows, g, s, id)
	}
	return rows
}

func addFamily(rows *rules.Rows, g Dice, s Size, id int) {
	rows.Families = append(rows.Families, rules.Family{FamilyID: id})
	var members []int
	for range 1 + g.N(4) {
		insuree := len(rows.Insurees) + 1
		members = append(members, insuree)
		rows.Insurees = append(rows.Insurees, rules.Insuree{InsureeID: insuree, FamilyID: &id, Gender: to(letter(g, "MFO")),
			DOB: new(date("2019-01-01").AddDate(-g.N(60), g.N(12), g.N(28)))})
	}
	for range 1 + g.N(2) {
		start := date("2019-01-01").AddDate(0, g.N(5), 0)
		end := start.AddDate(1, 0, -1)
		policy := len(rows.Policies) + 1
		rows.Policies = append(rows.Policies, rules.Policy{PolicyID: policy, FamilyID: id, ProdID: 1 + g.N(s.Products),
			PolicyStage: to(letter(g, "NR")), PolicyStatus: to(2 + 6*g.N(2)), EffectiveDate: &start, ExpiryDate: &end})
		for _, insuree := range members {
			if g.N(6) > 0 {
				joined := start.AddDate(0, g.N(6)/5, 0)
				rows.InsureePolicies = append(rows.InsureePolicies, rules.InsureePolicy{InsureePolicyID: len(rows.InsureePolicies) + 1,
					InsureeID: insuree, PolicyID: policy, EffectiveDate: &joined, ExpiryDate: &end})
			}
		}
	}
}

func addClaim(rows *rules.Rows, g Dice, s Size, id int) {
	from := date("2019-02-01").AddDate(0, 0, g.N(330))
	c := rules.Claim{ClaimID: id, InsureeID: 1 + g.N(len(rows.Insurees)), HFID: 1 + g.N(3), DateFrom: from,
		VisitType: to(letter(g, "OOOER"))}
	c.ClaimStatus, c.FeedbackStatus, c.ReviewStatus = rules.StatusEntered, to(1<<g.N(5)), to(1<<g.N(5))
	if g.N(10) > 0 {
		c.DateTo = to(from.AddDate(0, 0, g.N(4)/3*g.N(10)))
	}
	rows.Claims = append(rows.Claims, c)
	for range 1 + g.N(s.Lines) {
		k := rules.Kind(g.N(2))
		l := rules.Line{LineID: len(rows.Lines[k]) + 1, ClaimID: id, EntryID: 1 + g.N(s.Entries),
			QtyProvided: decimal.New(int64(g.N(10)), 0), PriceAsked: price(g)}
		l.Status = rules.LinePassed
		if g.N(20) > 0 {
			l.RejectionReason = to(rules.ReasonAccepted)
		}
		if g.N(5) == 0 {
			l.PriceApproved, l.QtyApproved = to(price(g)), to(decimal.New(int64(g.N(10)), 0))
		}
		if g.N(20) == 0 {
			l.ValidityTo = &from
		}
		rows.Lines[k] = append(rows.Lines[k], l)
	}
}

func anyProduct(g Dice, id int) rules.Product {
	p := rules.Product{ProdID: id, CeilingInterpretation: maybe(g, letter(g, "IH")), Threshold: maybe(g, g.N(4))}
	for _, m := range []*rules.Amount{&p.DedTreatment, &p.DedInsuree, &p.DedPolicy, &p.DedIPTreatment, &p.DedIPInsuree, &p.DedIPPolicy,
		&p.DedOPTreatment, &p.DedOPInsuree, &p.DedOPPolicy, &p.MaxTreatment, &p.MaxInsuree, &p.MaxPolicy, &p.MaxIPTreatment,
		&p.MaxIPInsuree, &p.MaxIPPolicy, &p.MaxOPTreatment, &p.MaxOPInsuree, &p.MaxOPPolicy} {
		if g.N(4) == 0 {
			*m = to(price(g).Mul(decimal.New(5, 0)))
		}
	}
	for _, m := range []*rules.Amount{&p.MaxPolicyExtraMember, &p.MaxPolicyExtraMemberIP, &p.MaxPolicyExtraMemberOP, &p.MaxCeilingPolicy,
		&p.MaxCeilingPolicyIP, &p.MaxCeilingPolicyOP, &p.MaxAmountConsultation, &p.MaxAmountSurgery, &p.MaxAmountDelivery,
		&p.MaxAmountHospitalization, &p.MaxAmountAntenatal} {
		*m = maybe(g, price(g))
	}
	for _, n := range []**int{&p.MaxNoConsultation, &p.MaxNoSurgery, &p.MaxNoDelivery, &p.MaxNoHospitalization, &p.MaxNoVisits, &p.MaxNoAntenatal} {
		*n = maybe(g, g.N(5)-1)
	}
	return p
}

func productLine(g Dice, id, product, entry int) rules.ProductLine {
	l := rules.ProductLine{ProductLineID: id, ProdID: product, EntryID: entry, PriceOrigin: letter(g, "PPOR"),
		LimitationType: letter(g, "CF"), LimitationTypeE: maybe(g, letter(g, "CF")), LimitationTypeR: maybe(g, letter(g, "CF")),
		WaitingPeriodAdult: maybe(g, g.N(3)), WaitingPeriodChild: maybe(g, g.N(3)),
		LimitNoAdult: maybe(g, g.N(30)-1), LimitNoChild: maybe(g, g.N(30)-1),
		CeilingExclusionAdult: maybe(g, letter(g, "BHN")), CeilingExclusionChild: maybe(g, letter(g, "BHN"))}
	for _, m := range []*rules.Amount{&l.LimitAdult, &l.LimitAdultE, &l.LimitAdultR, &l.LimitChild, &l.LimitChildE, &l.LimitChildR} {
		*m = maybe(g, decimal.New(int64(g.N(10001)), -2))
	}
	return l
}

func price(g Dice) decimal.Decimal { return decimal.New(int64(g.N(40000)), -2) }

func letter(g Dice, letters string) string { return string(letters[g.N(len(letters))]) }

// maybe is NULL in a third of the cases.
func maybe[T any](g Dice, v T) *T {
	if g.N(3) == 0 {
		return nil
	}
	return &v
}

// Database keeps rows as tables would, written by changes.
type Database struct{ Rows rules.Rows }

// Load answers copies, as reading does.
func (db *Database) Load() rules.Rows {
	r := db.Rows
	r.Claims = slices.Clone(r.Claims)
	r.Policies, r.InsureePolicies = slices.Clone(r.Policies), slices.Clone(r.InsureePolicies)
	for k := range rules.KindCount {
		r.Lines[k] = slices.Clone(r.Lines[k])
	}
	r.DedRemSums = slices.Clone(r.DedRems)
	return r
}

// Store keeps what an evaluation changed.
func (db *Database) Store(ch rules.Changes) {
	if ch.Claim != nil {
		db.claim(ch.ClaimID).ClaimState = *ch.Claim
	}
	for _, l := range ch.Lines {
		db.line(l.Kind, l.LineID).LineState = l.LineState
	}
	if ch.DeleteDedRem {
		db.Rows.DedRems = slices.DeleteFunc(db.Rows.DedRems, func(r rules.DedRem) bool { return r.ClaimID == ch.ClaimID })
	}
	if ch.DedRem != nil {
		db.Rows.DedRems = append(db.Rows.DedRems, *ch.DedRem)
	}
}

func (db *Database) claim(id int) *rules.Claim             { return &db.Rows.Claims[id-1] }
func (db *Database) line(k rules.Kind, id int) *rules.Line { return &db.Rows.Lines[k][id-1] }

// Refs names all claims, ascending.
func (db *Database) Refs() (refs []rules.Ref) {
	for _, c := range db.Rows.Claims {
		refs = append(refs, rules.Ref{ClaimID: c.ClaimID})
	}
	return refs
}

// Someone runs the rules.
var Someone = rules.Author{UserID: 7, Now: time.Date(2020, 1, 2, 3, 4, 5, 0, time.UTC)}

func to[T any](v T) *T { return &v }

func date(s string) time.Time {
	t, err := time.Parse(time.DateOnly, s)
	if err != nil {
		panic(err)
	}
	return t
}

// Show writes a value so that two can be compared and read.
func Show(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return string(b)
}
