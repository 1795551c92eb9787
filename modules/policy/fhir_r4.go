package policy

import (
	"strconv"
	"time"

	"github.com/samply/golang-fhir-models/fhir-models/fhir"

	apifhir "github.com/openimis/openimis-be-go/modules/api_fhir"
	"github.com/openimis/openimis-be-go/modules/api_fhir/fhirsql"
)

const coverageClassSystem = "http://terminology.hl7.org/CodeSystem/coverage-class"

// identifiers are the UUID and the number of the row.
func (p policyRow) identifiers() []fhir.Identifier {
	return append(p.Identifiers(), apifhir.TypedIdentifier(apifhir.KindID, strconv.Itoa(p.Key)))
}

// coverage is a policy as Coverage. Holder and beneficiary are the head of the family, as the Python backend has it; whom
// else the policy covers is in the Contract.
func (p policyRow) coverage() apifhir.Entry {
	head := p.Head.Reference("Patient")
	if head == nil {
		head = &fhir.Reference{Display: apifhir.Ptr("unknown")}
	}
	out := &fhir.Coverage{
		Identifier:   p.identifiers(),
		Status:       coverageStatus(p.Status),
		PolicyHolder: p.Head.Reference("Patient"),
		Beneficiary:  *head,
		Payor:        []fhir.Reference{*head},
		Period:       period(p.Start, p.Expiry),
		Contract:     []fhir.Reference{{Reference: apifhir.Ptr("Contract/" + p.ID()), Type: apifhir.Ptr("Contract")}},
	}
	// Both have the same URL in the guide; the first is the enrolment. Their ids tell them apart.
	for _, x := range []struct {
		id  string
		day *time.Time
	}{{"EnrollDate", p.Enrolled}, {"EffectiveDate", p.Effective}} {
		if x.day != nil {
			out.Extension = append(out.Extension, fhir.Extension{Id: &x.id, Url: apifhir.StructureDefinition("coverage-date"), ValueDate: apifhir.Ptr(apifhir.DateText(*x.day))})
		}
	}
	if code := fhirsql.Trim(p.Product.Code); code != "" {
		plan := fhir.CoverageClass{Type: *apifhir.Concept(coverageClassSystem, "plan", "Plan"), Value: code}
		if name := fhirsql.Trim(p.Product.Name); name != "" {
			plan.Name = &name
		}
		out.Class = []fhir.CoverageClass{plan}
	}
	return p.Entry(out)
}

func period(start, end *time.Time) *fhir.Period {
	if start == nil && end == nil {
		return nil
	}
	var p fhir.Period
	if start != nil {
		p.Start = apifhir.Ptr(apifhir.DateText(*start))
	}
	if end != nil {
		p.End = apifhir.Ptr(apifhir.DateText(*end))
	}
	return &p
}

// The words for the codes of contracts.
var (
	stages   = map[string]string{"N": "Offered", "R": "Renewed"}
	payTypes = map[string]string{"B": "Bank transfer", "C": "Cash", "M": "Mobile phone", "F": "Funding"}
)

// contract is a policy as Contract.
func (p policyRow) contract(currency string) apifhir.Entry {
	out := &fhir.Contract{
		Identifier: p.identifiers(),
		Status:     contractStatus(p.Status),
		Author:     p.Officer.Reference("Practitioner"),
		Scope:      apifhir.Concept(apifhir.CodeSystem("contract-scope"), "informal", "Informal"),
	}
	if word := stages[fhirsql.Trim(p.Stage)]; word != "" {
		out.LegalState = &fhir.CodeableConcept{Text: &word}
	}
	if family := p.Family.Reference("Group"); family != nil {
		out.Subject = []fhir.Reference{*family}
	}
	if p.Enrolled != nil {
		out.Issued = apifhir.Ptr(apifhir.DateText(*p.Enrolled))
	}
	asset := fhir.ContractTermAsset{Extension: p.payments(currency)}
	for _, c := range p.covered {
		asset.TypeReference = append(asset.TypeReference, *c.Reference("Patient"))
	}
	if of := period(p.Start, p.Expiry); of != nil {
		asset.Period = []fhir.Period{*of}
	}
	if use := period(p.Effective, p.Expiry); use != nil && p.Effective != nil {
		asset.UsePeriod = []fhir.Period{*use}
	}
	item := fhir.ContractTermAssetValuedItem{EntityReference: p.Product.Reference("InsurancePlan")}
	if p.Value != nil {
		item.Net = apifhir.Money(*p.Value, currency)
	}
	asset.ValuedItem = []fhir.ContractTermAssetValuedItem{item}
	term := fhir.ContractTerm{Asset: []fhir.ContractTermAsset{asset}}
	if head := p.Head.Reference("Patient"); head != nil {
		term.Offer.Party = []fhir.ContractTermOfferParty{{Reference: []fhir.Reference{*head},
			Role: *apifhir.Concept(apifhir.CodeSystem("contract-resource-party-role"), "beneficiary", "Beneficiary")}}
	} else {
		term.Offer.Text = apifhir.Ptr("The family has no head.")
	}
	out.Term = []fhir.ContractTerm{term}
	return p.Entry(out)
}

// payments are the contributions, one extension for each.
func (p policyRow) payments(currency string) []fhir.Extension {
	var out []fhir.Extension
	for _, x := range p.premiums {
		payer, payerName := "beneficiary", "Beneficiary"
		if x.Payer != nil {
			payer, payerName = "payer", "Payer"
		}
		category, categoryName := "C", "Contribution and Others"
		if x.PhotoFee != nil && *x.PhotoFee {
			category, categoryName = "P", "Photo Fee"
		}
		concept := func(url, system, code, display string) fhir.Extension {
			return fhir.Extension{Url: url, ValueCodeableConcept: apifhir.Concept(apifhir.CodeSystem(system), code, display)}
		}
		e := fhir.Extension{Url: apifhir.StructureDefinition("contract-premium"), Extension: []fhir.Extension{
			concept("payer", "contract-premium-payer", payer, payerName),
			concept("category", "contract-premium-category", category, categoryName),
			{Url: "amount", ValueMoney: apifhir.Money(x.Amount, currency)},
			{Url: "date", ValueDate: apifhir.Ptr(apifhir.DateText(x.Paid))},
		}}
		if receipt := fhirsql.Trim(x.Receipt); receipt != "" {
			e.Extension = append(e.Extension, fhir.Extension{Url: "receipt", ValueString: &receipt})
		}
		if kind := fhirsql.Trim(x.PayType); kind != "" {
			e.Extension = append(e.Extension, concept("type", "contract-premium-type", kind, payTypes[kind]))
		}
		out = append(out, e)
	}
	return out
}
