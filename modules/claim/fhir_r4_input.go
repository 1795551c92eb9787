package claim

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/samply/golang-fhir-models/fhir-models/fhir"

	"github.com/openimis/openimis-be-go/internal/table"
	apifhir "github.com/openimis/openimis-be-go/modules/api_fhir"
	"github.com/openimis/openimis-be-go/modules/api_fhir/fhirsql"
	"github.com/openimis/openimis-be-go/modules/claim/rules"
	"github.com/openimis/openimis-be-go/modules/insuree"
	"github.com/openimis/openimis-be-go/modules/location"
	"github.com/openimis/openimis-be-go/modules/medical"
)

// The elements of a claim in R4, and what upstream says when they are missing or wrong.
var (
	elementsR4 = map[rules.Part]string{
		rules.PartCode: "Claim.identifier", rules.PartFrom: "Claim.billablePeriod.start", rules.PartTo: "Claim.billablePeriod.end", rules.PartClaimed: "Claim.created",
		rules.PartVisitType: "Claim.type", rules.PartFacility: "Claim.provider", rules.PartInsuree: "Claim.patient", rules.PartAdmin: "Claim.enterer",
		rules.PartDiagnosis: "Claim.diagnosis", rules.PartTotal: "Claim.total",
	}
	textsR4 = map[rules.Part]string{
		rules.PartCode: "Missing or invalid `identifier` attribute", rules.PartFrom: "Missing or invalid 'billable_period' attribute", rules.PartClaimed: "Missing `created` attribute",
		rules.PartVisitType: "Missing or invalid `type` attribute", rules.PartFacility: "Missing or invalid `provider` reference", rules.PartInsuree: "Missing or invalid `patient` reference",
		rules.PartAdmin: "Missing or invalid `enterer` reference", rules.PartDiagnosis: "Missing or invalid `diagnosis` attribute", rules.PartTotal: "Missing `total` attribute",
	}
)

// createR4 enters and submits a claim of R4. Its ClaimResponse is the answer.
func createR4(responses *fhirsql.Source[fhirClaim]) func(context.Context, *apifhir.Input, *fhir.Claim, []apifhir.Contained) (apifhir.Entry, error) {
	return func(ctx context.Context, in *apifhir.Input, claim *fhir.Claim, contained []apifhir.Contained) (apifhir.Entry, error) {
		f := formR4(ctx, in, claim, contained)
		id, err := f.create()
		if err != nil {
			return apifhir.Entry{}, err
		}
		return responses.Entry(ctx, in.Tx, id)
	}
}

// formR4 reads a claim of R4. Identifiers may be of the kinds Code and MR. What is claimed in all is added up from the
// lines; the total has to be there all the same, as upstream wants it.
func formR4(ctx context.Context, in *apifhir.Input, claim *fhir.Claim, contained []apifhir.Contained) *fhirForm {
	f := &fhirForm{ctx: ctx, in: in, elements: elementsR4, texts: func(p rules.Problem) string {
		switch p.Code {
		case rules.UnknownFacility, rules.UnknownInsuree, rules.UnknownAdmin, rules.AdminMissing, rules.UnknownDiagnosis:
			return textsR4[p.At.Part]
		}
		return ""
	}}
	missing := func(part rules.Part) { f.missing(elementsR4[part], textsR4[part]) }
	if f.Code = apifhir.IdentifierValue(claim.Identifier, apifhir.KindCode); f.Code == "" {
		missing(rules.PartCode)
	}
	if visit := codeOf(&claim.Type); visit != "" {
		f.VisitType = &visit
	} else {
		missing(rules.PartVisitType)
	}
	f.Claimed = f.day(&claim.Created, elementsR4[rules.PartClaimed], textsR4[rules.PartClaimed])
	f.Facility = f.required(&claim.Provider, location.Facilities, contained, elementsR4[rules.PartFacility], textsR4[rules.PartFacility])
	f.Insuree = f.required(&claim.Patient, insuree.Insurees, contained, elementsR4[rules.PartInsuree], textsR4[rules.PartInsuree])
	admin := f.required(claim.Enterer, location.ClaimAdmins, contained, elementsR4[rules.PartAdmin], textsR4[rules.PartAdmin])
	f.Admin = &admin
	f.period(claim.BillablePeriod, textsR4[rules.PartFrom])
	f.diagnosesR4(claim.Diagnosis, contained)
	if claim.Total == nil || !rules.Given(f.amount(claim.Total.Value, "Claim.total.value")) {
		missing(rules.PartTotal)
	}
	f.infosR4(claim.SupportingInfo)
	f.insuranceR4(claim.Insurance)
	for i := range claim.Item {
		f.itemR4(&claim.Item[i], contained, fmt.Sprintf("Claim.item[%d]", i))
	}
	return f
}

func (f *fhirForm) period(p *fhir.Period, text string) {
	if p == nil {
		p = &fhir.Period{}
	}
	f.From = f.day(p.Start, f.elements[rules.PartFrom], text)
	if end := f.day(p.End, f.elements[rules.PartTo], ""); !end.IsZero() {
		f.To = &end
	}
}

// diagnosesR4 reads the diagnoses, in the order of their sequence numbers: the first is the main one.
func (f *fhirForm) diagnosesR4(list []fhir.ClaimDiagnosis, contained []apifhir.Contained) {
	if len(list) == 0 {
		f.missing(f.elements[rules.PartDiagnosis], textsR4[rules.PartDiagnosis])
	}
	places := make([]int, len(list))
	for i := range places {
		places[i] = i
	}
	slices.SortStableFunc(places, func(a, b int) int { return cmp.Compare(list[a].Sequence, list[b].Sequence) })
	for place, i := range places {
		path := fmt.Sprintf("Claim.diagnosis[%d]", i)
		if place >= rules.DiagnosisCount {
			f.wrong(path, "A claim has at most %d diagnoses.", rules.DiagnosisCount)
			return
		}
		f.diagnosed[place] = path
		d := &list[i]
		if code := codeOf(&d.DiagnosisCodeableConcept); code != "" {
			f.Diagnoses[place] = rules.Named{Code: code}
			continue
		}
		f.Diagnoses[place] = f.required(&d.DiagnosisReference, medical.Diagnoses, contained, path, textsR4[rules.PartDiagnosis])
	}
}

// infosR4 reads guarantee, explanation and attachments.
func (f *fhirForm) infosR4(list []fhir.ClaimSupportingInfo) {
	for i := range list {
		info, path := &list[i], fmt.Sprintf("Claim.supportingInfo[%d]", i)
		switch category := codeOf(&info.Category); category {
		case infoGuarantee:
			f.GuaranteeID = f.text(info.ValueString, path+".valueString", guaranteeLength)
		case infoExplanation:
			f.Explanation = f.text(info.ValueString, path+".valueString", 0)
		case infoAttachment:
			f.attach(info.ValueAttachment, path+".valueAttachment")
		default:
			f.wrong(path+".category", "Unknown supporting info category: `%s`", category)
		}
	}
}

// insuranceR4 finds the number of a guarantee, which the app for claims sends as a logical reference to a Coverage. By
// which policy a claim is paid is decided when it is submitted.
func (f *fhirForm) insuranceR4(list []fhir.ClaimInsurance) {
	for i := range list {
		ref := &list[i].Coverage
		if f.GuaranteeID != nil || fhirsql.Trim(ref.Reference) != "" || ref.Identifier == nil {
			continue
		}
		code := apifhir.IdentifierValue([]fhir.Identifier{*ref.Identifier}, apifhir.KindCode)
		f.GuaranteeID = f.text(&code, fmt.Sprintf("Claim.insurance[%d].coverage.identifier.value", i), guaranteeLength)
	}
}

// itemR4 reads a line. What it is about says the reference in its extension, whose URL clients write as they like, else
// the code in productOrService.
func (f *fhirForm) itemR4(item *fhir.ClaimItem, contained []apifhir.Contained, path string) {
	var ref *fhir.Reference
	kind, known := kindNamed(wordOf(item.Category))
	for i := range item.Extension {
		if r := item.Extension[i].ValueReference; r != nil && ref == nil {
			ref = r
			if k, ok := kindOfReference(r); ok && item.Category == nil {
				kind, known = k, true
			}
		}
	}
	if !known {
		f.wrong(path+".category", "Unknown item category: `%s`", wordOf(item.Category))
		return
	}
	line := rules.FormLine{Of: rules.Named{Code: wordOf(&item.ProductOrService)}}
	if ref != nil {
		register := [rules.KindCount]*table.Table{rules.Items: medical.Items, rules.Services: medical.Services}[kind]
		if k, ok := kindOfReference(ref); ok && k != kind {
			f.wrong(path+".extension", "%s: the category is %s, but the reference is to a resource of type %s.", path+".extension", kindNames[kind], resourceOf[k])
		}
		switch n, err := f.named(ref, register, contained, path+".extension.valueReference"); {
		case err == nil:
			line.Of = n
		case !line.Of.Given():
			f.wrong(path+".extension", "%s", err)
		}
	}
	if item.Quantity != nil {
		line.Quantity = f.amount(item.Quantity.Value, path+".quantity.value")
	}
	if item.UnitPrice != nil {
		line.Price = f.amount(item.UnitPrice.Value, path+".unitPrice.value")
	}
	f.addLine(kind, path, line)
}

// kindOfReference is the kind of line that a reference is for, by the type of its target.
func kindOfReference(r *fhir.Reference) (rules.Kind, bool) {
	name := fhirsql.Trim(r.Type)
	if t, err := apifhir.TargetOf(r, ""); name == "" && err == nil {
		name = t.Type
	}
	for k := range rules.KindCount {
		if name == resourceOf[k] {
			return k, true
		}
	}
	return 0, false
}
