package product

import (
	"encoding/json"
	"strconv"
	"strings"
	"time"

	"github.com/samply/golang-fhir-models/fhir-models/fhir"
	"github.com/shopspring/decimal"

	"github.com/openimis/openimis-be-go/internal/auth"
	"github.com/openimis/openimis-be-go/internal/clock"
	"github.com/openimis/openimis-be-go/internal/table"
	"github.com/openimis/openimis-be-go/modules"
	apifhir "github.com/openimis/openimis-be-go/modules/api_fhir"
	"github.com/openimis/openimis-be-go/modules/api_fhir/fhirsql"
	"github.com/openimis/openimis-be-go/modules/location"
)

var _ modules.FHIR = (*Module)(nil)

// Resources implements modules.FHIR: InsurancePlan is a product, which every signed-in user may read (docs/fhir.md).
func (m *Module) Resources() []apifhir.Resource {
	return []apifhir.Resource{fhirsql.Resource(apifhir.Resource{
		Release: apifhir.R4, Type: "InsurancePlan", Doc: "Insurance products.",
		Profile: apifhir.StructureDefinition("openimis-insurance-plan"),
		Access:  apifhir.Access{Get: auth.SignedIn},
	}, plans(m.app.Currency(), m.app.Clock))}
}

// plan is a row of tblProduct. Periods are months, cycles days of the year as dd-MM.
type plan struct {
	fhirsql.Row
	Name                *string             `db:"ProductName"`
	From                *time.Time          `db:"DateFrom"`
	To                  *time.Time          `db:"DateTo"`
	InsurancePeriod     *int                `db:"InsurancePeriod"`
	Members             *int                `db:"MemberCount"`
	Threshold           *int                `db:"Threshold"`
	LumpSum             decimal.NullDecimal `db:"LumpSum"`
	PremiumAdult        decimal.NullDecimal `db:"PremiumAdult"`
	PremiumChild        decimal.NullDecimal `db:"PremiumChild"`
	RegistrationLumpSum decimal.NullDecimal `db:"RegistrationLumpSum"`
	RegistrationFee     decimal.NullDecimal `db:"RegistrationFee"`
	AssemblyLumpSum     decimal.NullDecimal `db:"GeneralAssemblyLumpSum"`
	AssemblyFee         decimal.NullDecimal `db:"GeneralAssemblyFee"`
	Installments        *int                `db:"MaxInstallments"`
	Cycle1              *string             `db:"StartCycle1"`
	Cycle2              *string             `db:"StartCycle2"`
	Cycle3              *string             `db:"StartCycle3"`
	Cycle4              *string             `db:"StartCycle4"`
	Administration      *int                `db:"AdministrationPeriod"`
	Grace               *int                `db:"GracePeriod"`
	GraceRenewal        *int                `db:"GracePeriodRenewal"`
	RenewalPercent      *int                `db:"RenewalDiscountPerc"`
	RenewalPeriod       *int                `db:"RenewalDiscountPeriod"`
	EnrolmentPercent    *int                `db:"EnrolmentDiscountPerc"`
	EnrolmentPeriod     *int                `db:"EnrolmentDiscountPeriod"`
	Place               fhirsql.Ref         `db:"place"`
	Conversion          fhirsql.Ref         `db:"conversion"`
}

func plans(currency string, now clock.Clock) *fhirsql.Source[plan] {
	return &fhirsql.Source[plan]{
		Table: Products,
		Columns: []string{"ProductName", "DateFrom", "DateTo", "InsurancePeriod", "MemberCount", "Threshold", "LumpSum", "PremiumAdult", "PremiumChild",
			"RegistrationLumpSum", "RegistrationFee", "GeneralAssemblyLumpSum", "GeneralAssemblyFee", "MaxInstallments", "StartCycle1", "StartCycle2", "StartCycle3", "StartCycle4",
			"AdministrationPeriod", "GracePeriod", "GracePeriodRenewal", "RenewalDiscountPerc", "RenewalDiscountPeriod", "EnrolmentDiscountPerc", "EnrolmentDiscountPeriod"},
		Links: []fhirsql.Link{{Alias: "place", Table: location.Locations, Via: "LocationId"}, {Alias: "conversion", Table: Products, Via: "ConversionProdID"}},
		Params: []fhirsql.Param{
			// By name, or by code, as clients look products up.
			fhirsql.Custom(apifhir.Param{Name: "name", Type: apifhir.String, Doc: "Start of the name or of the code", Modifiers: []string{"contains", "exact"}}, fhirsql.AnyText("ProductName", "ProductCode")),
			fhirsql.Code("code", "Code of the product", "ProductCode"),
			fhirsql.Reference("coverage-area", "The region or district that the product is for", "coverageArea", location.Locations, "LocationId", "Location"),
			fhirsql.Custom(apifhir.Param{Name: "status", Type: apifhir.Token, Doc: "draft before, active during and retired after the dates of sale", Allowed: []string{"draft", "active", "retired"}}, onSale(now)),
		},
		Sort: map[string]string{"name": "ProductName"},
		Map:  func(p plan) apifhir.Entry { return p.entry(currency, clock.Day(now())) },
	}
}

// onSale is the condition of a status today.
func onSale(now clock.Clock) fhirsql.Condition {
	return func(at apifhir.At, _ apifhir.Criterion, v apifhir.Value) (string, []any) {
		column := func(name string) string { return at.Alias + `."` + name + `"` }
		today := clock.Day(now())
		switch v.Code {
		case "draft":
			return column("DateFrom") + " > ?", []any{today}
		case "active":
			return "(" + column("DateFrom") + " <= ? AND " + column("DateTo") + " >= ?)", []any{today, today}
		case "retired":
			return column("DateTo") + " < ?", []any{today}
		}
		return table.None, nil
	}
}

func (p plan) status(today time.Time) fhir.PublicationStatus {
	switch {
	case p.From != nil && clock.Day(*p.From).After(today):
		return fhir.PublicationStatusDraft
	case p.To != nil && clock.Day(*p.To).Before(today):
		return fhir.PublicationStatusRetired
	}
	return fhir.PublicationStatusActive
}

func (p plan) entry(currency string, today time.Time) apifhir.Entry {
	medical := apifhir.Concept("http://terminology.hl7.org/CodeSystem/insurance-plan-type", "medical", "Medical")
	i := &fhir.InsurancePlan{
		Identifier: p.Identifiers(), Name: p.Name, Status: apifhir.Ptr(p.status(today)),
		Type:      []fhir.CodeableConcept{*apifhir.Concept("http://terminology.hl7.org/CodeSystem/insurance-plan-type", "medical", "Medical")},
		Coverage:  []fhir.InsurancePlanCoverage{{Type: *medical, Benefit: []fhir.InsurancePlanCoverageBenefit{{Type: *medical, Limit: p.limits()}}}},
		Extension: p.extensions(),
	}
	if p.From != nil || p.To != nil {
		i.Period = &fhir.Period{Start: day(p.From), End: day(p.To)}
	}
	if ref := p.Place.Reference("Location"); ref != nil {
		i.CoverageArea = []fhir.Reference{*ref}
	}
	if costs := p.costs(currency); len(costs) > 0 {
		i.Plan = []fhir.InsurancePlanPlan{{GeneralCost: costs}}
	}
	return p.Entry(i)
}

func day(t *time.Time) *string {
	if t == nil {
		return nil
	}
	return apifhir.Ptr(apifhir.DateText(*t))
}

func quantity(n int, unit string) *fhir.Quantity {
	value := json.Number(strconv.Itoa(n))
	q := &fhir.Quantity{Value: &value}
	if unit != "" {
		q.Unit = &unit
	}
	return q
}

// limits are how long a policy lasts and how many people it covers.
func (p plan) limits() []fhir.InsurancePlanCoverageBenefitLimit {
	var out []fhir.InsurancePlanCoverageBenefitLimit
	for _, l := range []struct {
		n                   *int
		unit, code, display string
	}{{p.InsurancePeriod, "month", "period", "Period"}, {p.Members, "member", "memberCount", "Member Count"}} {
		if l.n != nil {
			out = append(out, fhir.InsurancePlanCoverageBenefitLimit{Value: quantity(*l.n, l.unit),
				Code: apifhir.Concept(apifhir.CodeSystem("insurance-plan-coverage-benefit-limit"), l.code, l.display)})
		}
	}
	return out
}

// costs are the prices of a policy; the lump sum is for as many members as the threshold says.
func (p plan) costs(currency string) []fhir.InsurancePlanPlanGeneralCost {
	var out []fhir.InsurancePlanPlanGeneralCost
	for _, c := range []struct {
		amount        decimal.NullDecimal
		code, display string
		group         *int
	}{
		{p.LumpSum, "lumpsum", "Lumpsum", p.Threshold}, {p.PremiumAdult, "premiumAdult", "Premium Adult", nil}, {p.PremiumChild, "premiumChild", "Premium Child", nil},
		{p.RegistrationLumpSum, "registrationLumpsum", "Registration Lumpsum", nil}, {p.RegistrationFee, "registrationFee", "Registration Fee", nil},
		{p.AssemblyLumpSum, "generalAssemblyLumpSum", "General Assembly Lumpsum", nil}, {p.AssemblyFee, "generalAssemblyFee", "General Assembly Fee", nil},
	} {
		if !c.amount.Valid {
			continue
		}
		cost := fhir.InsurancePlanPlanGeneralCost{Type: apifhir.Concept(apifhir.CodeSystem("insurance-plan-general-cost-type"), c.code, c.display), Cost: apifhir.Money(c.amount.Decimal, currency)}
		if c.group != nil && *c.group > 0 {
			cost.GroupSize = c.group
		}
		out = append(out, cost)
	}
	return out
}

// extensions of the guide. Periods are administration, grace of enrolment and of renewal, and discounts
// those of renewal and of enrolment: clients tell them apart by their order.
func (p plan) extensions() []fhir.Extension {
	var out []fhir.Extension
	if ref := p.Conversion.Reference("InsurancePlan"); ref != nil {
		out = append(out, apifhir.ReferenceExtension("insurance-plan-conversion", ref))
	}
	if p.Installments != nil && *p.Installments >= 0 {
		out = append(out, fhir.Extension{Url: apifhir.StructureDefinition("insurance-plan-max-installments"), ValueUnsignedInt: apifhir.Ptr(*p.Installments)})
	}
	for _, c := range []*string{p.Cycle1, p.Cycle2, p.Cycle3, p.Cycle4} {
		if text := strings.TrimSpace(fhirsql.Trim(c)); text != "" {
			out = append(out, apifhir.StringExtension("insurance-plan-start-cycle", text))
		}
	}
	for _, n := range []*int{p.Administration, p.Grace, p.GraceRenewal} {
		out = append(out, fhir.Extension{Url: apifhir.StructureDefinition("insurance-plan-period"), ValueQuantity: quantity(orZero(n), "month")})
	}
	for _, d := range [][2]*int{{p.RenewalPercent, p.RenewalPeriod}, {p.EnrolmentPercent, p.EnrolmentPeriod}} {
		percent := json.Number(strconv.Itoa(orZero(d[0])))
		out = append(out, fhir.Extension{Url: apifhir.StructureDefinition("insurance-plan-discount"), Extension: []fhir.Extension{
			{Url: "Percentage", ValueDecimal: &percent}, {Url: "Period", ValueQuantity: quantity(orZero(d[1]), "month")},
		}})
	}
	return out
}

func orZero(n *int) int {
	if n == nil {
		return 0
	}
	return *n
}
