package claim

import (
	"encoding/json"
	"strings"

	"github.com/samply/golang-fhir-models/fhir-models/fhir"
	"github.com/shopspring/decimal"

	apifhir "github.com/openimis/openimis-be-go/modules/api_fhir"
	"github.com/openimis/openimis-be-go/modules/api_fhir/fhirsql"
	"github.com/openimis/openimis-be-go/modules/claim/rules"
	"github.com/openimis/openimis-be-go/modules/location"
)

// The categories of Claim.supportingInfo.
const (
	infoGuarantee   = "guarantee"
	infoExplanation = "explanation"
	infoAttachment  = "attachment"
)

// resourceOf are the resources that lines are about.
var resourceOf = [rules.KindCount]string{rules.Items: "Medication", rules.Services: "ActivityDefinition"}

// normalPriority is that of all claims.
var normalPriority = *apifhir.Concept("http://terminology.hl7.org/CodeSystem/processpriority", "normal", "Normal")

// itemReference is the extension of lines that refers to the item or service.
const itemReference = "claim-item-reference"

func (c fhirClaim) claimR4(currency string) apifhir.Entry {
	claim := &fhir.Claim{
		Identifier:     c.Identifiers(),
		Status:         fhir.FinancialResourceStatusCodesActive,
		Use:            fhir.UseClaim,
		Type:           c.visitType(),
		Priority:       normalPriority,
		Patient:        reference(c.Patient, "Patient"),
		Provider:       reference(c.Facility, "Organization"),
		Enterer:        c.Admin.Reference("Practitioner"),
		Created:        apifhir.DateText(c.Made),
		BillablePeriod: &fhir.Period{Start: apifhir.Ptr(apifhir.DateText(c.From)), End: apifhir.Ptr(apifhir.DateText(c.From))},
		SupportingInfo: c.supportingInfo(),
		Insurance:      []fhir.ClaimInsurance{{Sequence: 1, Focal: true, Coverage: reference(c.cover, "Coverage")}},
	}
	if c.To != nil {
		claim.BillablePeriod.End = apifhir.Ptr(apifhir.DateText(*c.To))
	}
	if c.Claimed != nil {
		claim.Total = apifhir.Money(*c.Claimed, currency)
	}
	claim.Item = make([]fhir.ClaimItem, 0, len(c.lines))
	for _, d := range c.diagnoses {
		if d != nil {
			claim.Diagnosis = append(claim.Diagnosis, fhir.ClaimDiagnosis{Sequence: len(claim.Diagnosis) + 1,
				DiagnosisCodeableConcept: *apifhir.Concept(apifhir.CodeSystem(systemDiagnoses), strings.TrimSpace(d.Code), fhirsql.Trim(d.Name))})
		}
	}
	for i := range c.lines {
		l := c.lines[i]
		claim.Item = append(claim.Item, fhir.ClaimItem{
			Sequence:         i + 1,
			Category:         kindConcepts[l.Kind],
			ProductOrService: fhir.CodeableConcept{Text: apifhir.Ptr(strings.TrimSpace(l.Code))},
			Quantity:         &fhir.Quantity{Value: number(l.QtyProvided)},
			UnitPrice:        apifhir.Money(l.PriceAsked, currency),
			Extension:        []fhir.Extension{apifhir.ReferenceExtension(itemReference, l.entry().Reference(resourceOf[l.Kind]))},
		})
	}
	return c.entry(claim)
}

// visitType is Claim.type; a claim without one has "other", as the column is optional and the element is not.
func (c *fhirClaim) visitType() fhir.CodeableConcept {
	code := strings.ToUpper(fhirsql.Trim(c.VisitType))
	if code == "" {
		code = "O"
	}
	return *apifhir.Concept(apifhir.CodeSystem(systemVisits), code, visitTypes[code])
}

func (c *fhirClaim) supportingInfo() (list []fhir.ClaimSupportingInfo) {
	add := func(category string, info fhir.ClaimSupportingInfo) {
		info.Sequence = len(list) + 1
		info.Category = *apifhir.Concept(apifhir.CodeSystem(systemInfo), category, "")
		list = append(list, info)
	}
	if text := fhirsql.Trim(c.GuaranteeID); text != "" {
		add(infoGuarantee, fhir.ClaimSupportingInfo{ValueString: &text})
	}
	if text := fhirsql.Trim(c.Explanation); text != "" {
		add(infoExplanation, fhir.ClaimSupportingInfo{ValueString: &text})
	}
	for i := range c.attachments {
		add(infoAttachment, fhir.ClaimSupportingInfo{ValueAttachment: c.attachments[i].fhir()})
	}
	return list
}

func (c fhirClaim) responseR4(currency string) apifhir.Entry {
	response := &fhir.ClaimResponse{
		Identifier:  c.Identifiers(),
		Status:      fhir.FinancialResourceStatusCodesActive,
		Use:         fhir.UseClaim,
		Type:        c.visitType(),
		Patient:     reference(c.Patient, "Patient"),
		Created:     apifhir.DateText(c.responded()),
		Insurer:     *location.Insurer(),
		Requestor:   c.Admin.Reference("Practitioner"),
		Request:     c.self("Claim"),
		Outcome:     outcomes[c.Status],
		Disposition: apifhir.Ptr(StatusName(c.Status)),
		Total:       c.totals(currency),
		Payment:     c.payment(currency),
	}
	if _, asked := feedbackRequests[value(c.FeedbackStatus)]; asked {
		response.CommunicationRequest = []fhir.Reference{*c.self("CommunicationRequest")}
	}
	if reason := value(c.Reason); reason != rules.ReasonAccepted {
		response.Error = []fhir.ClaimResponseError{{Code: *reasonConcept(reason)}}
	}
	for i := range c.lines {
		l := c.lines[i]
		item := fhir.ClaimResponseItem{ItemSequence: i + 1, Adjudication: l.adjudication(c.Status, currency),
			Extension: []fhir.Extension{apifhir.ReferenceExtension(itemReference, l.entry().Reference(resourceOf[l.Kind]))}}
		if text := fhirsql.Trim(l.Justification); text != "" {
			response.ProcessNote = append(response.ProcessNote, fhir.ClaimResponseProcessNote{Number: apifhir.Ptr(i + 1), Type: apifhir.Ptr(fhir.NoteTypeDisplay), Text: text})
			item.NoteNumber = []int{i + 1}
		}
		response.Item = append(response.Item, item)
	}
	return c.entry(response)
}

// outcomes are how far claims are.
var outcomes = map[int]fhir.ClaimProcessingCodes{
	rules.StatusRejected: fhir.ClaimProcessingCodesComplete, rules.StatusEntered: fhir.ClaimProcessingCodesQueued, rules.StatusChecked: fhir.ClaimProcessingCodesPartial,
	rules.StatusProcessed: fhir.ClaimProcessingCodesPartial, rules.StatusValuated: fhir.ClaimProcessingCodesComplete,
}

// reached are the statuses that a claim has gone through, of which its lines have adjudications. Rejected ones have not.
func reached(status int) (list []int) {
	for _, s := range []int{rules.StatusEntered, rules.StatusChecked, rules.StatusProcessed, rules.StatusValuated} {
		if s <= status {
			list = append(list, s)
		}
	}
	return list
}

// adjudication has the quantity and the price of a line at each status that the claim reached: as asked, approved,
// adjusted, and in the end what the whole line is worth. A rejected line has one alone, which says why.
func (l *fhirLine) adjudication(status int, currency string) (list []fhir.ClaimResponseItemAdjudication) {
	add := func(status int, quantity, amount decimal.Decimal) {
		list = append(list, fhir.ClaimResponseItemAdjudication{Category: *statusConcept(status), Reason: reasonConcept(l.reason()), Value: number(quantity), Amount: apifhir.Money(amount, currency)})
	}
	if l.Status == rules.LineRejected || status == rules.StatusRejected {
		add(rules.StatusRejected, l.quantity(), l.PriceAsked)
		return list
	}
	for _, s := range reached(status) {
		quantity := l.quantity()
		if s == rules.StatusEntered {
			quantity = l.QtyProvided
		}
		add(s, quantity, l.price(s))
	}
	return list
}

// price is that of a line at a status: for one, once valuated for the whole line.
func (l *fhirLine) price(status int) decimal.Decimal {
	var known rules.Amount
	switch status {
	case rules.StatusEntered:
	case rules.StatusChecked:
		known = l.PriceApproved
	case rules.StatusProcessed:
		known = rules.FirstOf(l.PriceAdjusted, l.PriceApproved)
	case rules.StatusValuated:
		if l.PriceValuated == nil {
			return l.quantity().Mul(rules.Value(rules.FirstOf(l.PriceAdjusted, l.PriceApproved, &l.PriceAsked)))
		}
		known = l.PriceValuated
	}
	return rules.Value(rules.FirstOf(known, &l.PriceAsked))
}

// totals has what was claimed and what is left of it at each status that the claim reached. A rejected claim has none:
// the app for claims takes a total for success.
func (c *fhirClaim) totals(currency string) (list []fhir.ClaimResponseTotal) {
	for _, s := range reached(c.Status) {
		sum := decimal.Zero
		for i := range c.lines {
			l := c.lines[i]
			switch {
			case s == rules.StatusEntered:
				sum = sum.Add(l.QtyProvided.Mul(l.PriceAsked))
			case l.Status == rules.LineRejected:
			case s == rules.StatusValuated:
				sum = sum.Add(l.price(s))
			default:
				sum = sum.Add(l.quantity().Mul(l.price(s)))
			}
		}
		if s == rules.StatusEntered && c.Claimed != nil {
			sum = *c.Claimed
		}
		list = append(list, fhir.ClaimResponseTotal{Category: *statusConcept(s), Amount: *apifhir.Money(sum.Round(2), currency)})
	}
	return list
}

func (c *fhirClaim) payment(currency string) *fhir.ClaimResponsePayment {
	amount := rules.FirstOf(c.Valuated, c.Approved)
	if c.ProcessedOn == nil || amount == nil {
		return nil
	}
	p := &fhir.ClaimResponsePayment{Type: *apifhir.Concept("http://terminology.hl7.org/CodeSystem/ex-paymenttype", "complete", "Complete"),
		Date: apifhir.Ptr(apifhir.DateText(*c.ProcessedOn)), Amount: *apifhir.Money(*amount, currency)}
	if text := fhirsql.Trim(c.Adjustment); text != "" {
		p.AdjustmentReason = &fhir.CodeableConcept{Text: &text}
	}
	return p
}

// self refers to another resource of the same row.
func (c *fhirClaim) self(resourceType string) *fhir.Reference {
	return c.Ref().Reference(resourceType)
}

// reference is one that a resource must have: one to a row that is gone says so.
func reference(r fhirsql.Ref, resourceType string) fhir.Reference {
	if ref := r.Reference(resourceType); ref != nil {
		return *ref
	}
	return fhir.Reference{Type: &resourceType, Display: apifhir.Ptr("not known any more")}
}

// number is a decimal without trailing zeros.
func number(d decimal.Decimal) *json.Number { return apifhir.Ptr(json.Number(d.String())) }
