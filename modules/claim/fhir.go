package claim

import (
	"fmt"

	"github.com/samply/golang-fhir-models/fhir-models/fhir"

	"github.com/openimis/openimis-be-go/internal/auth"
	"github.com/openimis/openimis-be-go/modules"
	apifhir "github.com/openimis/openimis-be-go/modules/api_fhir"
	"github.com/openimis/openimis-be-go/modules/api_fhir/fhirsql"
	"github.com/openimis/openimis-be-go/modules/claim/rules"
	"github.com/openimis/openimis-be-go/modules/insuree"
	"github.com/openimis/openimis-be-go/modules/location"
)

var _ modules.FHIR = (*Module)(nil)

// Resources implements modules.FHIR: Claim is a claim as its facility wrote it, ClaimResponse what became of it; both are
// made of the same rows in the same order, so that pages of one number belong together (docs/fhir.md).
// POST Claim enters and submits a claim, as uspUpdateClaimFromPhone does, and answers its ClaimResponse.
func (m *Module) Resources() []apifhir.Resource {
	claimsR4, responsesR4 := sourcesR4(m.app.Currency())
	return []apifhir.Resource{
		withDocuments(fhirsql.Resource(apifhir.Resource{
			Release: apifhir.R4, Type: "Claim", Personal: true, Profile: apifhir.StructureDefinition("openimis-claim"),
			Doc:    "Claims of health facilities. Creating one enters and submits it, and answers its ClaimResponse.",
			Access: apifhir.Access{Get: Search, Create: auth.Needs(RightAdd)}, Create: apifhir.Decoded(createR4(responsesR4)),
		}, claimsR4)),
		fhirsql.Resource(apifhir.Resource{
			Release: apifhir.R4, Type: "ClaimResponse", Personal: true, Profile: apifhir.StructureDefinition("openimis-claim-response"),
			Doc: "What became of claims: status, adjudication of each line, amounts.", Access: apifhir.Access{Get: Search},
		}, responsesR4),
		fhirsql.Resource(apifhir.Resource{
			Release: apifhir.STU3, Type: "Claim", Personal: true,
			Doc:    "Claims of health facilities. Creating one enters and submits it, and answers its ClaimResponse.",
			Access: apifhir.Access{Get: Search, Create: auth.Needs(RightAdd)}, Create: apifhir.Decoded(createSTU3),
		}, claimsSTU3),
		fhirsql.Resource(apifhir.Resource{
			Release: apifhir.STU3, Type: "ClaimResponse", Personal: true,
			Doc: "What became of claims: status, adjudication of each line, amounts.", Access: apifhir.Access{Get: Search},
		}, responsesSTU3),
		fhirsql.Resource(apifhir.Resource{
			Release: apifhir.R4, Type: "CommunicationRequest", Personal: true, Profile: apifhir.StructureDefinition("openimis-communication-request"),
			Doc: "Claims whose patients are asked for feedback.", Access: apifhir.Access{Get: seesFeedback},
		}, requestsR4),
		fhirsql.Resource(apifhir.Resource{
			Release: apifhir.R4, Type: "Communication", Personal: true, Refusals500: true, Profile: apifhir.StructureDefinition("openimis-communication"),
			Doc:    "Feedback that patients gave on claims.",
			Access: apifhir.Access{Get: seesFeedback, Create: auth.Needs(RightFeedback), Update: auth.Needs(RightFeedback)},
			Create: apifhir.Decoded(createCommunication), Update: apifhir.Decoded(updateCommunication),
		}, communicationsR4),
		fhirsql.Resource(apifhir.Resource{
			Release: apifhir.STU3, Type: "CommunicationRequest", Personal: true,
			Doc: "Feedback that patients gave on claims.", Access: apifhir.Access{Get: seesFeedback},
		}, communicationsSTU3),
	}
}

// seesFeedback lets in who may ask for feedback, and who may give it.
var seesFeedback = auth.Needs(RightUpdate, RightFeedback)

// sourcesR4 are those of Claim and ClaimResponse in R4. What both call alike is asked alike, so that a search of both gives
// pairs.
func sourcesR4(currency string) (claims, responses *fhirsql.Source[fhirClaim]) {
	claims = claimSource([]fhirsql.Param{
		byStatus,
		fhirsql.Day("created", "Day on which the claim was made", "DateClaimed"),
		fhirsql.Reference("patient", "The patient", "patient", insuree.Insurees, "InsureeID", "Patient"),
		fhirsql.Reference("provider", "The health facility", "provider", location.Facilities, "HFID", "Organization"),
		fhirsql.Reference("enterer", "The claim administrator", "enterer", location.ClaimAdmins, "ClaimAdminId", "Practitioner"),
	}, func(c fhirClaim) apifhir.Entry { return c.claimR4(currency) }, linesOf, new(diagnoses).load, coversOf, attachmentsOf)
	responses = claimSource([]fhirsql.Param{
		byStatus,
		fhirsql.SameRow("request", "The claim", "request", Claims, "Claim"),
		fhirsql.Reference("patient", "The patient", "patient", insuree.Insurees, "InsureeID", "Patient"),
		fhirsql.Reference("requestor", "The claim administrator", "requestor", location.ClaimAdmins, "ClaimAdminId", "Practitioner"),
		fhirsql.Codes("outcome", "How far the claim is: queued (entered), partial (checked, processed), complete (valuated, rejected)", "ClaimStatus", map[string][]any{
			"queued": {rules.StatusEntered}, "partial": {rules.StatusChecked, rules.StatusProcessed}, "complete": {rules.StatusValuated, rules.StatusRejected}, "error": {},
		}, "http://hl7.org/fhir/remittance-outcome"),
	}, func(c fhirClaim) apifhir.Entry { return c.responseR4(currency) }, linesOf)
	return claims, responses
}

// The sources in STU3, where amounts have no currency, as upstream's had none.
var (
	claimsSTU3 = claimSource([]fhirsql.Param{
		byStatus,
		fhirsql.Day("created", "Day on which the claim was made", "DateClaimed"),
		fhirsql.Reference("patient", "The patient", "patient", insuree.Insurees, "InsureeID", "Patient"),
		fhirsql.Reference("facility", "The health facility", "facility", location.Facilities, "HFID", "Location"),
		fhirsql.Reference("enterer", "The claim administrator", "enterer", location.ClaimAdmins, "ClaimAdminId", "Practitioner"),
	}, fhirClaim.claimSTU3, linesOf, new(diagnoses).load)
	responsesSTU3 = claimSource([]fhirsql.Param{
		byStatus,
		fhirsql.SameRow("request", "The claim", "request", Claims, "Claim"),
		fhirsql.Reference("patient", "The patient", "patient", insuree.Insurees, "InsureeID", "Patient"),
	}, fhirClaim.responseSTU3, linesOf)

	byStatus = fhirsql.Codes("status", "active (all), or the status in openIMIS: rejected, entered, checked, processed, valuated, or its number", "ClaimStatus", claimStatuses,
		"http://hl7.org/fhir/fm-status", apifhir.CodeSystem(systemStatus))
)

// Code systems of openIMIS.
const (
	systemStatus    = "claim-status"
	systemReasons   = "claim-rejection-reasons"
	systemVisits    = "claim-visit-type"
	systemDiagnoses = "diagnosis-ICD10-level1"
	systemInfo      = "claim-supporting-info-category"
)

// visitTypes are the codes of tblClaim.VisitType.
var visitTypes = map[string]string{"E": "Emergency", "R": "Referral", "O": "Other"}

// kindOf has the names of lines in FHIR.
var kindNames = [rules.KindCount]string{rules.Items: "item", rules.Services: "service"}

// kindConcepts are the categories of lines.
var kindConcepts = func() (list [rules.KindCount]*fhir.CodeableConcept) {
	for k, name := range kindNames {
		list[k] = apifhir.Constant(&fhir.CodeableConcept{Text: apifhir.Ptr(name)})
	}
	return list
}()

// status is the claim's status as a concept.
func statusConcept(status int) *fhir.CodeableConcept {
	return apifhir.Concept(apifhir.CodeSystem(systemStatus), fmt.Sprint(status), StatusName(status))
}

// reasonConcept is why a line was rejected, or that it was not.
func reasonConcept(reason int) *fhir.CodeableConcept {
	return apifhir.Concept(apifhir.CodeSystem(systemReasons), fmt.Sprint(reason), rules.ReasonText(reason))
}
