package rules

import (
	"slices"
	"testing"
	"time"

	"github.com/shopspring/decimal"
	"pgregory.net/rapid"

	"github.com/openimis/openimis-be-go/internal/calendar"
	insuree "github.com/openimis/openimis-be-go/modules/insuree/rules"
	product "github.com/openimis/openimis-be-go/modules/product/rules"
)

var someDay = time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC)

func days(least, most int) *rapid.Generator[time.Time] {
	return rapid.Map(rapid.IntRange(least, most), func(n int) time.Time { return someDay.AddDate(0, 0, n) })
}

func optional[T any](g *rapid.Generator[T]) *rapid.Generator[*T] { return rapid.Ptr(g, true) }

func money() *rapid.Generator[decimal.Decimal] {
	return rapid.Map(rapid.Int64Range(0, 1_000_00), func(n int64) decimal.Decimal { return decimal.New(n, -2) })
}

var anyFees = rapid.Custom(func(t *rapid.T) product.Fees {
	perc, months := optional(rapid.IntRange(0, 100)), optional(rapid.IntRange(0, 12))
	amount := optional(money())
	return product.Fees{
		LumpSum: money().Draw(t, "lump sum"), PremiumAdult: amount.Draw(t, "adult"), PremiumChild: amount.Draw(t, "child"),
		RegistrationLumpSum: amount.Draw(t, "registration lump"), RegistrationFee: amount.Draw(t, "registration"),
		AssemblyLumpSum: amount.Draw(t, "assembly lump"), AssemblyFee: amount.Draw(t, "assembly"),
		EnrolmentDiscountPerc: perc.Draw(t, "enrolment %"), EnrolmentDiscountPeriod: months.Draw(t, "enrolment months"),
		RenewalDiscountPerc: perc.Draw(t, "renewal %"), RenewalDiscountPeriod: months.Draw(t, "renewal months"),
	}
})

var anyDuration = rapid.Custom(func(t *rapid.T) product.Duration {
	cycle := optional(rapid.SampledFrom([]string{"", "01-01", "15-02", "31-05", "01-07", "01-10", "31-12"}))
	return product.Duration{
		InsurancePeriod: rapid.IntRange(1, 24).Draw(t, "months"), GracePeriod: rapid.IntRange(0, 12).Draw(t, "grace"),
		AdministrationPeriod: optional(rapid.IntRange(0, 12)).Draw(t, "administration"),
		StartCycle1:          cycle.Draw(t, "cycle 1"), StartCycle2: cycle.Draw(t, "cycle 2"),
		StartCycle3: cycle.Draw(t, "cycle 3"), StartCycle4: cycle.Draw(t, "cycle 4"),
	}
})

func anyMembers(t *rapid.T, family, least int) []insuree.Insuree {
	var members []insuree.Insuree
	for i := range rapid.IntRange(least, least+5).Draw(t, "members") {
		members = append(members, insuree.Insuree{ID: 100*family + i, FamilyID: &family,
			DOB:          optional(days(-30000, 0)).Draw(t, "born"),
			Relationship: optional(rapid.IntRange(1, 8)).Draw(t, "relationship"),
			PhotoDate:    optional(days(-3000, 0)).Draw(t, "photo"),
			ValidityFrom: days(-5000, -1).Draw(t, "registered"), ValidityTo: optional(days(-100, -1)).Draw(t, "closed")})
	}
	return members
}

// Fees that are not negative make no negative value; nothing but the fees makes a value; and decimals stay two.
func TestValueIsNeitherNegativeNorFinerThanCents(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := product.Product{ID: 1, Fees: anyFees.Draw(t, "fees"), Duration: anyDuration.Draw(t, "duration"),
			MemberCount: rapid.IntRange(-1, 8).Draw(t, "member count"), Threshold: optional(rapid.IntRange(-1, 8)).Draw(t, "threshold"),
			ValidityFrom: days(-4000, 0).Draw(t, "valid from"), ValidityTo: optional(days(-100, -1)).Draw(t, "valid to")}
		req := ValueRequest{ProductID: rapid.IntRange(1, 2).Draw(t, "product"), Stage: rapid.SampledFrom([]string{"N", "R"}).Draw(t, "stage"),
			Enrol: days(-4000, 100).Draw(t, "enrolment")}
		v, err := Value(req, product.NewCatalogue([]product.Product{p}), anyMembers(t, 1, 0), someDay)
		if err != nil {
			t.Fatal(err)
		}
		if v.Value.IsNegative() || !v.Value.Equal(v.Value.Round(2)) || v.Truncated().GreaterThan(v.Value) {
			t.Fatalf("value %s", v.Value)
		}
		if v.ErrorCode == ValueNoProduct && !v.Value.IsZero() {
			t.Fatalf("a value of %s without a product", v.Value)
		}
	})
}

func TestPeriod(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := product.Product{Duration: anyDuration.Draw(t, "duration")}
		enrol, stage := days(-4000, 400).Draw(t, "enrolment"), rapid.SampledFrom([]string{"N", "R"}).Draw(t, "stage")
		period, err := PeriodOf(p, enrol, stage)
		if err != nil {
			t.Fatal(err)
		}
		if stage == StageNew {
			enrol = calendar.AddMonths(enrol, value(p.AdministrationPeriod))
		}
		switch {
		case period.Expiry.Before(period.Start):
			t.Fatalf("ends %v before its start %v", period.Expiry, period.Start)
		case calendar.Months(period.Start, period.Expiry) > p.InsurancePeriod:
			t.Fatalf("longer than %d months: %+v", p.InsurancePeriod, period)
		case !period.HasCycles && !period.Start.Equal(enrol):
			t.Fatalf("starts %v, not on the enrolment %v", period.Start, enrol)
		case period.HasCycles && !slices.ContainsFunc(cyclesOf(p), func(c string) bool { return c == period.Start.Format("02-01") }):
			t.Fatalf("starts %v, on no cycle", period.Start)
		case period.HasCycles && period.Start.Year() == enrol.Year() && !enrol.Before(calendar.AddMonths(period.Start, p.GracePeriod)):
			t.Fatalf("enrolled %v after the grace period of the start %v", enrol, period.Start)
		case calendar.Years(enrol, period.Start) > 1 || calendar.Years(enrol, period.Start) < 0:
			t.Fatalf("enrolled %v, starts %v", enrol, period.Start)
		}
	})
}

func cyclesOf(p product.Product) []string {
	var cycles []string
	for _, c := range p.Cycles() {
		cycles = append(cycles, value(c))
	}
	return cycles
}

func TestPeriodRefusesACycleThatIsNoDay(t *testing.T) {
	_, err := PeriodOf(product.Product{Code: "X", Duration: product.Duration{InsurancePeriod: 12, StartCycle1: new("31-02")}}, someDay, StageNew)
	if want := `product X: StartCycle1 "31-02" is not a day DD-MM of 2026`; err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

func anyPolicies(t *rapid.T, family int, products []product.Product) []Policy {
	var policies []Policy
	for i := range rapid.IntRange(0, 4).Draw(t, "policies") {
		start := days(-1500, 60).Draw(t, "start")
		policies = append(policies, Policy{ID: 1000*family + i, FamilyID: family, StartDate: start, EnrollDate: start,
			ProductID:  rapid.SampledFrom(products).Draw(t, "product").ID,
			OfficerID:  optional(rapid.IntRange(1, 3)).Draw(t, "officer"),
			Status:     optional(rapid.SampledFrom([]int{1, 2, 4, 8, 16})).Draw(t, "status"),
			ExpiryDate: optional(days(-900, 60)).Draw(t, "expiry"), ValidityTo: optional(days(-100, -1)).Draw(t, "closed")})
	}
	return policies
}

// Expiring twice is expiring once, and touches nothing that still runs.
func TestExpireIsIdempotent(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		policies := anyPolicies(t, 1, []product.Product{{ID: 1}})
		ids := Expire(policies, someDay)
		for i, p := range policies {
			if slices.Contains(ids, p.ID) {
				if !p.Current() || p.ExpiryDate == nil || !p.ExpiryDate.Before(someDay) {
					t.Fatalf("expired %+v", p)
				}
				policies[i].Status = new(StatusExpired)
			}
		}
		if again := Expire(policies, someDay); len(again) > 0 {
			t.Fatalf("expired again: %v", again)
		}
	})
}

// A policy is prompted for once, for its own head and family, from its expiry on; a second run prompts for nothing.
func TestRenewalsAreIdempotentAndStayInTheFamily(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		conversion := optional(rapid.IntRange(1, 3))
		var rows []product.Product
		for id := 1; id <= 3; id++ { // conversions may go in circles
			rows = append(rows, product.Product{ID: id, ConversionID: conversion.Draw(t, "conversion"), DateTo: days(-100, 400).Draw(t, "to")})
		}
		d := RenewalData{Prompted: map[int]bool{}, Products: product.NewCatalogue(rows), Officers: map[int]Officer{}, Members: map[int][]insuree.Insuree{}}
		for id := 1; id <= 3; id++ {
			d.Officers[id] = Officer{ID: id, SubstituteID: conversion.Draw(t, "substitute"), WorksTo: optional(days(-100, 100)).Draw(t, "works to")}
		}
		families := map[int]int{} // policy → family
		for family := 1; family <= 3; family++ {
			d.Members[family] = anyMembers(t, family, 1)
			for _, p := range anyPolicies(t, family, rows) {
				families[p.ID] = family
				d.Policies = append(d.Policies, p)
				d.Candidates = append(d.Candidates, RenewalCandidate{Policy: p, HeadID: 100 * family})
			}
		}
		f := RenewalFilter{Interval: optional(rapid.SampledFrom([]int{0, 14})).Draw(t, "interval"), Officer: optional(rapid.IntRange(0, 3)).Draw(t, "officer")}
		for _, r := range Renewals(f, d, someDay) {
			family := families[r.PolicyID]
			if d.Prompted[r.PolicyID] || r.InsureeID != 100*family {
				t.Fatalf("%+v of family %d", r, family)
			}
			d.Prompted[r.PolicyID] = true
			for _, id := range r.Photos {
				if !slices.ContainsFunc(d.Members[family], func(i insuree.Insuree) bool { return i.ID == id && i.Current() }) {
					t.Fatalf("photo of %d, who is not a member of family %d", id, family)
				}
			}
		}
		if again := Renewals(f, d, someDay); len(again) > 0 {
			t.Fatalf("prompted again: %+v", again)
		}
	})
}

// An inquiry tells of no policy and no consumption but the family's own; ceilings are never negative; active covers
// stand alone; and amounts of the general kind are the same twice.
func TestInquiryStaysInTheFamily(t *testing.T) {
	amount := optional(money())
	rapid.Check(t, func(t *rapid.T) {
		var rows []product.Product
		for id := 1; id <= 2; id++ {
			rows = append(rows, product.Product{ID: id, MemberCount: rapid.IntRange(0, 6).Draw(t, "members"), Threshold: optional(rapid.IntRange(0, 6)).Draw(t, "threshold"),
				Deductibles: product.Deductibles{DedInsuree: amount.Draw(t, "ded insuree"), DedIPInsuree: amount.Draw(t, "ded IP insuree"), DedOPPolicy: amount.Draw(t, "ded OP policy")},
				Ceilings:    product.Ceilings{MaxInsuree: amount.Draw(t, "max insuree"), MaxPolicy: amount.Draw(t, "max policy"), MaxOPPolicy: amount.Draw(t, "max OP policy"), MaxPolicyExtraMember: amount.Draw(t, "extra")}})
		}
		own, others := anyPolicies(t, 1, rows), anyPolicies(t, 2, rows)
		d := InquiryData{Insuree: insuree.Insuree{ID: 100, FamilyID: new(1)}, Residence: &insuree.Residence{}, Members: anyMembers(t, 1, 1),
			Policies: slices.Concat(own, others), Products: product.NewCatalogue(rows)}
		for _, p := range d.Policies {
			for _, i := range []int{100, 101} {
				d.Cover = append(d.Cover, InsureePolicy{InsureeID: i, PolicyID: p.ID, EffectiveDate: optional(days(-900, 10)).Draw(t, "effective"), ExpiryDate: p.ExpiryDate})
				d.Consumption = append(d.Consumption, Consumption{InsureeID: i, PolicyID: p.ID, DedG: amount.Draw(t, "ded"), RemG: amount.Draw(t, "rem"), RemOP: amount.Draw(t, "rem OP"), ValidityTo: optional(days(-9, -1)).Draw(t, "closed")})
			}
		}
		got := Inquire(d, 0, someDay)
		active := slices.ContainsFunc(got, func(r InquiryRow) bool { return r.Status == CoverActive })
		for _, r := range got {
			switch {
			case r.PolicyID != nil && !slices.ContainsFunc(own, func(p Policy) bool { return p.ID == *r.PolicyID && p.Current() }):
				t.Fatalf("policy %d is not one of the family's", *r.PolicyID)
			case active && r.Status != CoverActive:
				t.Fatalf("a cover in status %s beside active ones", r.Status)
			case (r.Ceiling1 != nil && r.Ceiling1.IsNegative()) || (r.Ceiling2 != nil && r.Ceiling2.IsNegative()):
				t.Fatalf("ceilings %v and %v", r.Ceiling1, r.Ceiling2)
			case value(r.DedType) == DedTypeGeneral && (r.Ded1 != r.Ded2 || !same(r.Ceiling1, r.Ceiling2)):
				t.Fatalf("general amounts differ: %+v", r)
			}
		}
	})
}

func same(a, b *decimal.Decimal) bool {
	return (a == nil) == (b == nil) && (a == nil || a.Equal(*b))
}

// Totals stay between nothing and the product's limit, and a limit with nothing left is closed.
func TestEligibilityStaysWithinTheLimits(t *testing.T) {
	number := optional(rapid.IntRange(0, 5))
	rapid.Check(t, func(t *rapid.T) {
		p := product.Product{ID: 1, CategoryLimits: product.CategoryLimits{MaxNoConsultation: number.Draw(t, "consultations"),
			MaxNoSurgery: number.Draw(t, "surgeries"), MaxNoHospitalization: number.Draw(t, "admissions"), MaxAmountSurgery: optional(money()).Draw(t, "surgery")}}
		d := EligibilityData{Insuree: &insuree.Insuree{ID: 1, DOB: optional(days(-20000, 0)).Draw(t, "born")}, Products: product.NewCatalogue([]product.Product{p}),
			Service: &Wanted{Category: optional(rapid.SampledFrom([]string{"S", "C", "D", "O"})).Draw(t, "category"),
				Limits: []product.Limit{{ProductID: 1, NumberAdult: number.Draw(t, "adult"), NumberChild: number.Draw(t, "child"), WaitingPeriodAdult: number.Draw(t, "waiting")}}}}
		for range rapid.IntRange(0, 3).Draw(t, "covers") {
			d.Covers = append(d.Covers, ProductCover{ProductID: 1, Status: optional(rapid.SampledFrom([]int{1, 2, 8})).Draw(t, "status"),
				InsureePolicy: InsureePolicy{EffectiveDate: optional(days(-400, 10)).Draw(t, "effective"), ExpiryDate: optional(days(-10, 400)).Draw(t, "expiry")}})
		}
		for c := range rapid.IntRange(0, 4).Draw(t, "claims") {
			d.Claims = append(d.Claims, PastClaim{ID: c, Status: rapid.SampledFrom([]int{1, 2, 4, 8, 16}).Draw(t, "claim status"),
				Category: optional(rapid.SampledFrom([]string{"S", "C", "H", "V"})).Draw(t, "claim category"), From: days(-300, 0).Draw(t, "from")})
			for range rapid.IntRange(0, 3).Draw(t, "lines") {
				d.Services = append(d.Services, PastLine{ClaimID: c, ProductID: new(1), Status: rapid.IntRange(1, 2).Draw(t, "line status")})
			}
		}
		e := Enquire(d, someDay)
		if (len(d.Covers) > 0) != (e.Totals != nil) {
			t.Fatalf("%d covers, totals %v", len(d.Covers), e.Totals)
		}
		if e.Totals != nil {
			for _, n := range []struct{ left, limit *int }{{e.Totals.Consultations, p.MaxNoConsultation},
				{e.Totals.Surgeries, p.MaxNoSurgery}, {e.Totals.Admissions, p.MaxNoHospitalization}} {
				if (n.left == nil) != (n.limit == nil) || (n.left != nil && (*n.left < 0 || *n.left > *n.limit)) {
					t.Fatalf("%v left of %v", value(n.left), value(n.limit))
				}
			}
		}
		if e.ServiceOK && ((e.ServiceLeft != nil && *e.ServiceLeft == 0) || (e.MinDateService != nil && e.MinDateService.After(someDay))) {
			t.Fatalf("allowed, with %v left from %v", value(e.ServiceLeft), e.MinDateService)
		}
	})
}

// An admission counts once a service line and once a cover of its last day.
func TestAdmissionsCountByLineAndCover(t *testing.T) {
	cover := func(from, to int) ProductCover {
		return ProductCover{ProductID: 1, InsureePolicy: InsureePolicy{EffectiveDate: new(someDay.AddDate(0, 0, from)), ExpiryDate: new(someDay.AddDate(0, 0, to))}}
	}
	d := EligibilityData{
		Insuree:  &insuree.Insuree{ID: 1},
		Products: product.NewCatalogue([]product.Product{{ID: 1, CategoryLimits: product.CategoryLimits{MaxNoHospitalization: new(9)}}}),
		Covers:   []ProductCover{cover(-100, 100), cover(-10, 10), cover(-300, -200)},
		Claims:   []PastClaim{{ID: 5, Status: 16, Category: new("H"), From: someDay.AddDate(0, 0, -20), To: new(someDay.AddDate(0, 0, -10))}},
		Services: []PastLine{{ClaimID: 5, ProductID: new(1), Status: 1}, {ClaimID: 5, ProductID: new(1), Status: 1}},
	}
	if got := value(Enquire(d, someDay).Totals.Admissions); got != 9-2*2 {
		t.Errorf("%d admissions left, want 5", got)
	}
}
