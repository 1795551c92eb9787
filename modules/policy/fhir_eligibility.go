package policy

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/samply/golang-fhir-models/fhir-models/fhir"
	"github.com/shopspring/decimal"

	"github.com/openimis/openimis-be-go/internal/auth"
	"github.com/openimis/openimis-be-go/internal/db"
	"github.com/openimis/openimis-be-go/internal/fault"
	apifhir "github.com/openimis/openimis-be-go/modules/api_fhir"
	"github.com/openimis/openimis-be-go/modules/api_fhir/fhirsql"
	"github.com/openimis/openimis-be-go/modules/api_fhir/stu3"
	"github.com/openimis/openimis-be-go/modules/insuree"
	"github.com/openimis/openimis-be-go/modules/location"
	"github.com/openimis/openimis-be-go/modules/policy/rules"
)

// enquiry lets in who may ask what an insuree is covered for, as policiesByInsuree of GraphQL does.
var enquiry = auth.Needs(101201, 101105, 111001)

// eligibilityResources are questions that are answered and not kept: what an insuree of the user's districts is entitled to.
func (m *Module) eligibilityResources() []apifhir.Resource {
	return []apifhir.Resource{
		{
			Release: apifhir.R4, Type: "CoverageEligibilityRequest", Personal: true,
			Doc:    "What an insuree is entitled to; the answer is a CoverageEligibilityResponse, and neither is kept.",
			Access: apifhir.Access{Create: enquiry}, Create: apifhir.Decoded(m.coverageEligibility),
		},
		{
			Release: apifhir.STU3, Type: "EligibilityRequest", Personal: true,
			Doc:    "What an insuree is entitled to; the answer is an EligibilityResponse, and neither is kept.",
			Access: apifhir.Access{Create: enquiry}, Create: apifhir.Decoded(m.eligibilityRequest),
		},
	}
}

// entitlement is the answer to either request.
type entitlement struct {
	patient  fhirsql.Ref
	covers   []inForce // in force
	service  string    // asked for; "": none
	item     string
	enquired rules.Eligibility
}

// inForce is the cover by a policy that is in force, with its policy.
type inForce struct {
	rules.InquiryRow
	policy policyTerm
}

// policyTerm is a policy with its term.
type policyTerm struct {
	fhirsql.Ref
	Effective *time.Time `db:"EffectiveDate"`
	Expiry    *time.Time `db:"ExpiryDate"`
}

// entitled answers what an insuree is entitled to. The patient is named by number, UUID or key.
func (m *Module) entitled(ctx context.Context, in *apifhir.Input, patient *fhir.Reference, codeFirst bool, path, service, item string) (*entitlement, error) {
	if patient == nil || fhirsql.Trim(patient.Reference) == "" && patient.Identifier == nil {
		return nil, fault.Input(path, "Missing or invalid `patient` reference")
	}
	target, err := apifhir.TargetOf(patient, path)
	if err != nil {
		return nil, err
	}
	target.CodeFirst = codeFirst
	key, err := fhirsql.Resolve(ctx, in.Tx, insuree.Insurees, target, path)
	if err != nil {
		return nil, err
	}
	who, err := insuree.ByID(ctx, in.Tx, in.By.Scope, key)
	if err != nil {
		return nil, err
	}
	if who == nil || fhirsql.Trim(who.CHFID) == "" {
		return nil, fault.Input(path, "%s: there is no insuree %s with a number.", path, target.Value)
	}
	e := &entitlement{service: service, item: item}
	if e.patient, err = patientRef(ctx, in.Tx, key); err != nil {
		return nil, err
	}
	asked := m.service.within(in.Tx)
	inquiry, err := asked.Inquiry(ctx, in.By.Scope, *who.CHFID, 0)
	if err != nil {
		return nil, err
	}
	var ids []int
	for _, row := range inquiry.Covers {
		if row.Status == rules.CoverActive && row.PolicyID != nil && row.Product != nil {
			e.covers, ids = append(e.covers, inForce{InquiryRow: row}), append(ids, *row.PolicyID)
		}
	}
	terms, err := policyTerms(ctx, in.Tx, ids)
	if err != nil {
		return nil, err
	}
	for i := range e.covers {
		e.covers[i].policy = terms[*e.covers[i].PolicyID]
	}
	e.enquired, err = asked.Eligibility(ctx, in.By.Scope, *who.CHFID, service, item)
	return e, err
}

func patientRef(ctx context.Context, q db.Query, key int) (r fhirsql.Ref, err error) {
	uuid := ""
	if insuree.Insurees.HasUUID(q) {
		uuid = `, i."` + insuree.Insurees.UUID + `" AS "UUID"`
	}
	err = q.Get(ctx, &r, `SELECT i."InsureeID" AS "Key", i."CHFID" AS "Code"`+uuid+` FROM "tblInsuree" AS i WHERE i."InsureeID" = ?`, key)
	return r, err
}

// policyTerms reads policies by their ids.
func policyTerms(ctx context.Context, q db.Query, ids []int) (map[int]policyTerm, error) {
	uuid := ""
	if Policies.HasUUID(q) {
		uuid = `, p."` + Policies.UUID + `" AS "UUID"`
	}
	var rows []policyTerm
	if err := q.Select(ctx, &rows, `SELECT p."PolicyID" AS "Key", p."EffectiveDate", p."ExpiryDate"`+uuid+` FROM "tblPolicy" AS p WHERE p."PolicyID" IN $ints(?)`, db.Ints(ids)); err != nil {
		return nil, fmt.Errorf("read the terms of %d policies: %w", len(ids), err)
	}
	terms := make(map[int]policyTerm, len(rows))
	for _, r := range rows {
		terms[*r.Key] = r
	}
	return terms, nil
}

// benefit is a number of visits or an amount that is left; nil: not limited, or not known.
type benefit struct {
	left, amount string // its names as a number and as an amount
	number       *int
	money        *decimal.Decimal
}

// benefits are what is left by category of care, in upstream's order.
func (e *entitlement) benefits() []benefit {
	t := e.enquired.Totals
	if t == nil {
		return nil
	}
	return []benefit{
		{left: "admissions", number: t.Admissions}, {left: "visits", number: t.Visits}, {left: "consultations", number: t.Consultations},
		{left: "surgeries", number: t.Surgeries}, {left: "deliveries", number: t.Deliveries}, {left: "antenatal", number: t.Antenatal},
		{amount: "consultation_amount", money: t.ConsultationAmount}, {amount: "surgery_amount", money: t.SurgeryAmount}, {amount: "delivery_amount", money: t.DeliveryAmount},
		{amount: "hospitalization_amount", money: t.HospitalizationAmount}, {amount: "antenatal_amount", money: t.AntenatalAmount},
	}
}

// amounts are what is left of the ceiling and of the deductible of a cover, as upstream calls them allowed and used. One
// without a ceiling has 0 and says so: clients read both without asking.
func (c *inForce) amounts() (allowed, used decimal.Decimal, note string) {
	if c.Ceiling1 == nil {
		note = "The policy has no ceiling, or none that is known."
	}
	return orZero(c.Ceiling1), orZero(c.Ded1), note
}

func orZero(d *decimal.Decimal) decimal.Decimal {
	if d == nil {
		return decimal.Zero
	}
	return *d
}

// Code systems of the answer in R4.
const (
	systemCategory = "coverage-item-category"
	systemBenefit  = "coverage-item-benefit-type"
)

// coverageEligibility answers a CoverageEligibilityRequest of R4, of which patient and items count: several services or
// items cannot be asked for at once.
func (m *Module) coverageEligibility(ctx context.Context, in *apifhir.Input, r *fhir.CoverageEligibilityRequest, _ []apifhir.Contained) (apifhir.Entry, error) {
	asked := map[string]string{}
	for i := range r.Item {
		path := fmt.Sprintf("CoverageEligibilityRequest.item[%d]", i)
		kind, code := strings.ToLower(codeOf(r.Item[i].Category)), codeOf(r.Item[i].ProductOrService)
		switch {
		case kind != "item" && kind != "service":
			return apifhir.Entry{}, fault.Input(path+".category", "%s.category must be item or service, not %s.", path, fault.Quote(kind))
		case code == "":
			return apifhir.Entry{}, fault.Input(path+".productOrService", "%s.productOrService needs the code of the %s.", path, kind)
		case asked[kind] != "" && asked[kind] != code:
			return apifhir.Entry{}, fault.Input(path, "%s: one %s can be asked for at a time.", path, kind)
		}
		asked[kind] = code
	}
	e, err := m.entitled(ctx, in, &r.Patient, false, "CoverageEligibilityRequest.patient", asked["service"], asked["item"])
	if err != nil {
		return apifhir.Entry{}, err
	}
	today := m.service.Clock.Today()
	answer := &fhir.CoverageEligibilityResponse{
		Id:      apifhir.Ptr(string(db.NewUUID())),
		Status:  fhir.FinancialResourceStatusCodesActive,
		Purpose: []fhir.EligibilityResponsePurpose{fhir.EligibilityResponsePurposeBenefits},
		Patient: *e.patient.Reference("Patient"),
		Created: apifhir.DateText(today),
		Request: fhir.Reference{Type: apifhir.Ptr("CoverageEligibilityRequest"), Display: apifhir.Ptr("This request; requests are not kept.")},
		Insurer: *location.Insurer(),
		Outcome: fhir.ClaimProcessingCodesComplete,
	}
	if len(e.covers) == 0 {
		answer.Disposition = apifhir.Ptr("No policy is in force.")
	}
	for i := range e.covers {
		c := &e.covers[i]
		insurance := fhir.CoverageEligibilityResponseInsurance{Coverage: *c.policy.Reference("Coverage"), Inforce: apifhir.Ptr(true), Item: e.itemsR4(c, m.app.Currency())}
		period := fhir.Period{}
		if c.policy.Effective != nil {
			period.Start = apifhir.Ptr(apifhir.DateText(*c.policy.Effective))
		}
		if c.Expiry != nil {
			period.End = apifhir.Ptr(apifhir.DateText(*c.Expiry))
		}
		insurance.BenefitPeriod = &period
		answer.Insurance = append(answer.Insurance, insurance)
	}
	return apifhir.Entry{Resource: answer}, nil
}

// itemsR4 are what is left of a policy in money, what is left by category of care where the policy's product says, and
// what was asked for.
func (e *entitlement) itemsR4(c *inForce, currency string) []fhir.CoverageEligibilityResponseInsuranceItem {
	concept := func(system, code string) fhir.CodeableConcept {
		concept := apifhir.Concept(apifhir.CodeSystem(system), code, "")
		concept.Text = &code
		return *concept
	}
	category := func(code string) *fhir.CodeableConcept { return apifhir.Ptr(concept(systemCategory, code)) }
	money := func(d decimal.Decimal) *fhir.Money { return apifhir.Money(d, currency) }
	allowed, used, note := c.amounts()
	medical := fhir.CoverageEligibilityResponseInsuranceItem{Category: category("benefit"), Name: &c.Product.Code, Description: &c.Product.Name,
		Benefit: []fhir.CoverageEligibilityResponseInsuranceItemBenefit{{Type: *apifhir.Concept("http://terminology.hl7.org/CodeSystem/benefit-type", "benefit", "Benefit"), AllowedMoney: money(allowed), UsedMoney: money(used)}}}
	if note != "" {
		medical.Description = apifhir.Ptr(c.Product.Name + ". " + note)
	}
	if t := e.enquired.Totals; t != nil && t.ProductID == c.Product.ID {
		for _, b := range e.benefits() {
			switch {
			case b.number != nil && *b.number >= 0:
				medical.Benefit = append(medical.Benefit, fhir.CoverageEligibilityResponseInsuranceItemBenefit{Type: concept(systemBenefit, b.left+"_left"), AllowedUnsignedInt: b.number})
			case b.money != nil:
				medical.Benefit = append(medical.Benefit, fhir.CoverageEligibilityResponseInsuranceItemBenefit{Type: concept(systemBenefit, b.amount), AllowedMoney: money(*b.money)})
			}
		}
	}
	items := []fhir.CoverageEligibilityResponseInsuranceItem{medical}
	for _, asked := range []struct {
		kind, code string
		ok         bool
		left       *int
		from       *time.Time
	}{{"service", e.service, e.enquired.ServiceOK, e.enquired.ServiceLeft, e.enquired.MinDateService}, {"item", e.item, e.enquired.ItemOK, e.enquired.ItemLeft, e.enquired.MinDateItem}} {
		if asked.code == "" {
			continue
		}
		item := fhir.CoverageEligibilityResponseInsuranceItem{Category: category(asked.kind), ProductOrService: &fhir.CodeableConcept{Text: &asked.code}, Excluded: apifhir.Ptr(!asked.ok)}
		if asked.from != nil {
			item.Benefit = append(item.Benefit, fhir.CoverageEligibilityResponseInsuranceItemBenefit{Type: concept(systemBenefit, "min_date_"+asked.kind), AllowedString: apifhir.Ptr(apifhir.DateText(*asked.from))})
		}
		if asked.left != nil && *asked.left >= 0 {
			item.Benefit = append(item.Benefit, fhir.CoverageEligibilityResponseInsuranceItemBenefit{Type: concept(systemBenefit, asked.kind+"_left"), AllowedUnsignedInt: asked.left})
		}
		items = append(items, item)
	}
	return items
}

// eligibilityRequest answers an EligibilityRequest of STU3. When a service or an item is asked for, in the format of release
// 0.0.4: what is left by category of care, and of both. Else in the one of release 1.0.2, which the clients that there are
// need: the amounts of each policy in force.
func (m *Module) eligibilityRequest(ctx context.Context, in *apifhir.Input, r *stu3.EligibilityRequest, _ []apifhir.Contained) (apifhir.Entry, error) {
	asked := map[string]string{}
	for _, c := range []*stu3.CodeableConcept{r.BenefitCategory, r.BenefitSubCategory} {
		if c != nil && fhirsql.Trim(c.Text) != "" && len(c.Coding) > 0 {
			asked[fhirsql.Trim(c.Coding[0].Code)] = fhirsql.Trim(c.Text)
		}
	}
	var patient *fhir.Reference
	if r.Patient != nil {
		patient = &fhir.Reference{Reference: r.Patient.Reference, Identifier: r.Patient.Identifier}
	}
	e, err := m.entitled(ctx, in, patient, true, "EligibilityRequest.patient", asked["service"], asked["item"])
	if err != nil {
		return apifhir.Entry{}, err
	}
	answer := &stu3.EligibilityResponse{Id: apifhir.Ptr(stu3.ID(db.NewUUID())), Status: apifhir.Ptr("active"), Created: apifhir.Ptr(apifhir.DateText(m.service.Clock.Today())),
		Outcome: stu3.Coded("complete", ""), Inforce: apifhir.Ptr(len(e.covers) > 0)}
	if e.service != "" || e.item != "" {
		answer.Insurance = []stu3.EligibilityInsurance{{BenefitBalance: e.balances()}}
		return apifhir.Entry{Resource: answer}, nil
	}
	for i := range e.covers {
		c := &e.covers[i]
		allowed, used, note := c.amounts()
		expires := ""
		if c.Expiry != nil {
			expires = apifhir.DateText(*c.Expiry)
		}
		balance := balanceOf("medical")
		balance.Financial = []stu3.BenefitFinancial{{Type: *benefitType(), AllowedMoney: &stu3.Money{Value: amountOf(allowed)}, UsedMoney: &stu3.Money{Value: amountOf(used)}}}
		if note != "" {
			balance.Description = &note
		}
		answer.Insurance = append(answer.Insurance, stu3.EligibilityInsurance{Contract: stu3.To("Contract", c.Product.Code+"/"+expires), BenefitBalance: []stu3.BenefitBalance{balance}})
	}
	return apifhir.Entry{Resource: answer}, nil
}

func balanceOf(category string) stu3.BenefitBalance {
	return stu3.BenefitBalance{Category: *stu3.Text(category), Term: systemConcept("http://hl7.org/fhir/benefit-term", "annual", "Annual")}
}

func benefitType() *stu3.CodeableConcept {
	return systemConcept("http://hl7.org/fhir/benefit-type", "benefit", "Benefit")
}

func systemConcept(system, code, display string) *stu3.CodeableConcept {
	return apifhir.Concept(system, code, display)
}

// balances are those of the first format: what is not known is left out.
func (e *entitlement) balances() (list []stu3.BenefitBalance) {
	number := func(category string, n *int) {
		if n != nil && *n >= 0 {
			b := balanceOf(category)
			b.Financial = []stu3.BenefitFinancial{{Type: *benefitType(), AllowedUnsignedInt: n}}
			list = append(list, b)
		}
	}
	for _, b := range e.benefits() {
		switch {
		case b.amount == "":
			number("total_"+b.left, b.number)
		case b.money != nil:
			balance := balanceOf(b.amount)
			balance.Financial = []stu3.BenefitFinancial{{Type: *benefitType(), AllowedMoney: &stu3.Money{Value: amountOf(*b.money)}}}
			list = append(list, balance)
		}
	}
	number("service_left", e.enquired.ServiceLeft)
	number("item_left", e.enquired.ItemLeft)
	for _, asked := range []struct {
		code, category string
		ok             bool
	}{{e.service, "is_service_ok", e.enquired.ServiceOK}, {e.item, "is_item_ok", e.enquired.ItemOK}} {
		if asked.code != "" {
			b := balanceOf(asked.category)
			b.Excluded = apifhir.Ptr(!asked.ok || e.enquired.Totals == nil)
			list = append(list, b)
		}
	}
	return list
}

func amountOf(d decimal.Decimal) *json.Number { return apifhir.Ptr(json.Number(d.String())) }

// codeOf is the code of a concept, else its text.
func codeOf(c *fhir.CodeableConcept) string {
	if c == nil {
		return ""
	}
	for _, coding := range c.Coding {
		if code := fhirsql.Trim(coding.Code); code != "" {
			return code
		}
	}
	return fhirsql.Trim(c.Text)
}
