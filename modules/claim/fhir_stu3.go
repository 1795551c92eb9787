package claim

import (
	"fmt"
	"strings"
	"time"

	apifhir "github.com/openimis/openimis-be-go/modules/api_fhir"
	"github.com/openimis/openimis-be-go/modules/api_fhir/fhirsql"
	"github.com/openimis/openimis-be-go/modules/api_fhir/stu3"
	"github.com/openimis/openimis-be-go/modules/claim/rules"
)

// The categories of Claim.information.
const (
	infoGuaranteeSTU3   = "guarantee_id"
	infoExplanationLine = "item_explanation"
)

// Codes that STU3 requires and openIMIS has no other values for.
const codeActive, codeComplete = "active", "complete"

func (c fhirClaim) claimSTU3() apifhir.Entry {
	claim := &stu3.Claim{
		Identifier:     c.identifiersSTU3(),
		Status:         apifhir.Ptr(codeActive),
		Use:            apifhir.Ptr(codeComplete),
		Patient:        c.Patient.STU3("Patient"),
		BillablePeriod: &stu3.Period{Start: apifhir.Ptr(apifhir.DateText(c.From))},
		Created:        apifhir.Ptr(apifhir.DateText(c.Made)),
		Enterer:        c.Admin.STU3("Practitioner"),
		Facility:       c.Facility.STU3("Location"),
	}
	if c.To != nil {
		claim.BillablePeriod.End = apifhir.Ptr(apifhir.DateText(*c.To))
	}
	if visit := fhirsql.Trim(c.VisitType); visit != "" {
		claim.Type = stu3.Types{*stu3.Text(visit)}
	}
	if c.Claimed != nil {
		claim.Total = &stu3.Money{Value: number(*c.Claimed)}
	}
	for place, d := range c.diagnoses {
		if d != nil {
			claim.Diagnosis = append(claim.Diagnosis, stu3.ClaimDiagnosis{Sequence: len(claim.Diagnosis) + 1,
				DiagnosisCodeableConcept: stu3.Coded(strings.TrimSpace(d.Code), ""), Type: []stu3.CodeableConcept{*stu3.Text(diagnosisType(place))}})
		}
	}
	inform := func(category, text string) int {
		claim.Information = append(claim.Information, stu3.ClaimInformation{Sequence: len(claim.Information) + 1, Category: stu3.Text(category), ValueString: &text})
		return len(claim.Information)
	}
	if text := fhirsql.Trim(c.GuaranteeID); text != "" {
		inform(infoGuaranteeSTU3, text)
	}
	if text := fhirsql.Trim(c.Explanation); text != "" {
		inform(infoExplanation, text)
	}
	for i := range c.lines {
		l := c.lines[i]
		item := stu3.ClaimItem{Sequence: i + 1, Category: stu3.Text(kindNames[l.Kind]), Service: stu3.Text(strings.TrimSpace(l.Code)),
			Quantity: &stu3.Quantity{Value: number(l.QtyProvided)}, UnitPrice: &stu3.Money{Value: number(l.PriceAsked)}}
		if text := fhirsql.Trim(l.Explanation); text != "" {
			item.InformationLinkId = []int{inform(infoExplanationLine, text)}
		}
		claim.Item = append(claim.Item, item)
	}
	return c.entry(claim)
}

func (c *fhirClaim) identifiersSTU3() []stu3.Identifier {
	return stu3.Identified(c.ID(), stu3.KindClaimCode, fhirsql.Trim(c.Code))
}

// diagnosisType says in which place a diagnosis stands.
func diagnosisType(place int) string { return fmt.Sprintf("icd_%d", place) }

func (c fhirClaim) responseSTU3() apifhir.Entry {
	self := c.Ref()
	response := &stu3.ClaimResponse{
		Identifier: c.identifiersSTU3(),
		Status:     apifhir.Ptr(codeActive),
		Patient:    c.Patient.STU3("Patient"),
		Created:    apifhir.Ptr(apifhir.DateText(c.responded())),
		Request:    self.STU3("Claim"),
		Outcome:    stu3.Coded(fmt.Sprint(c.Status), StatusName(c.Status)),
	}
	response.TotalBenefit = &stu3.Money{Value: number(rules.Value(c.Approved))}
	if c.Claimed != nil {
		response.TotalCost = &stu3.Money{Value: number(*c.Claimed)}
	}
	if reason := value(c.Reason); reason != rules.ReasonAccepted {
		response.Error = []stu3.ClaimResponseError{{Code: *stu3.Coded(fmt.Sprint(reason), rules.ReasonText(reason))}}
	}
	payment := stu3.ClaimResponsePayment{}
	if text := fhirsql.Trim(c.Adjustment); text != "" {
		payment.AdjustmentReason = stu3.Text(text)
	}
	switch {
	case c.ProcessedOn != nil:
		payment.Date = apifhir.Ptr(apifhir.DateText(*c.ProcessedOn))
	case c.Status == rules.StatusRejected: // Bahmni reads it then
		payment.Date = apifhir.Ptr(apifhir.DateText(c.responded()))
	}
	if payment != (stu3.ClaimResponsePayment{}) {
		response.Payment = &payment
	}
	if ref := c.Feedback.STU3("CommunicationRequest"); ref != nil {
		response.CommunicationRequest = []stu3.Reference{*ref}
	}
	for i := range c.lines {
		l := c.lines[i]
		item := stu3.ClaimResponseItem{SequenceLinkId: i + 1, Adjudication: l.adjudicationSTU3()}
		if text := fhirsql.Trim(l.Justification); text != "" {
			response.ProcessNote = append(response.ProcessNote, stu3.ClaimResponseNote{Number: apifhir.Ptr(i + 1), Text: &text})
			item.NoteNumber = []int{i + 1}
		}
		response.Item = append(response.Item, item)
		response.AddItem = append(response.AddItem, stu3.ClaimResponseAddItem{SequenceLinkId: []int{i + 1}, Service: stu3.Coded(strings.TrimSpace(l.Code), "")})
	}
	return c.entry(response)
}

// responded is when the response was last another one.
func (c *fhirClaim) responded() time.Time {
	if t := c.changed(); !t.IsZero() {
		return t
	}
	return c.Made
}

var lineStatuses = map[int]string{rules.LinePassed: "passed", rules.LineRejected: "rejected"}

// adjudicationSTU3 says whether a line passed, with its quantity and the limit by its product or else its price, which
// clients read unasked, and why it was rejected.
func (l *fhirLine) adjudicationSTU3() []stu3.Adjudication {
	amount := rules.FirstOf(l.LimitationValue, l.PriceAdjusted, l.PriceApproved, &l.PriceAsked)
	general := stu3.Adjudication{Category: *stu3.Text("general"), Reason: stu3.Coded(fmt.Sprint(l.Status), lineStatuses[l.Status]),
		Value: number(l.quantity()), Amount: &stu3.Money{Value: number(*amount)}}
	list := []stu3.Adjudication{general}
	if reason := l.reason(); reason != rules.ReasonAccepted {
		list = append(list, stu3.Adjudication{Category: *stu3.Text("rejected_reason"), Reason: stu3.Coded(fmt.Sprint(reason), rules.ReasonText(reason))})
	}
	return list
}
