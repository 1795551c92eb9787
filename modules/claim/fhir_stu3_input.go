package claim

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/openimis/openimis-be-go/internal/table"
	apifhir "github.com/openimis/openimis-be-go/modules/api_fhir"
	"github.com/openimis/openimis-be-go/modules/api_fhir/fhirsql"
	"github.com/openimis/openimis-be-go/modules/api_fhir/stu3"
	"github.com/openimis/openimis-be-go/modules/claim/rules"
	"github.com/openimis/openimis-be-go/modules/insuree"
	"github.com/openimis/openimis-be-go/modules/location"
	"github.com/openimis/openimis-be-go/modules/medical"
)

// The elements of a claim in STU3, and what upstream says of claims that its procedure refuses.
var (
	elementsSTU3 = map[rules.Part]string{
		rules.PartCode: "Claim.identifier", rules.PartFrom: "Claim.billablePeriod.start", rules.PartTo: "Claim.billablePeriod.end", rules.PartClaimed: "Claim.created",
		rules.PartVisitType: "Claim.type", rules.PartFacility: "Claim.facility", rules.PartInsuree: "Claim.patient", rules.PartAdmin: "Claim.enterer",
		rules.PartDiagnosis: "Claim.diagnosis", rules.PartTotal: "Claim.total",
	}
	textsSTU3 = map[rules.Code]string{
		rules.UnknownFacility: "Invalid HF Code", rules.CodeUsed: "Duplicate Claim Code", rules.UnknownInsuree: "Invalid Insuree CHFID", rules.UnknownDiagnosis: "Invalid ICDCode",
		rules.UnknownItem: "Invalid ItemCode", rules.UnknownService: "Invalid ServiceCode", rules.UnknownAdmin: "Invalid Claim Admin", rules.AdminMissing: "Invalid Claim Admin",
	}
)

// createSTU3 enters and submits a claim of STU3. Its ClaimResponse is the answer.
func createSTU3(ctx context.Context, in *apifhir.Input, claim *stu3.Claim, contained []apifhir.Contained) (apifhir.Entry, error) {
	f := formSTU3(ctx, in, claim, contained)
	id, err := f.create()
	if err != nil {
		return apifhir.Entry{}, err
	}
	return responsesSTU3.Entry(ctx, in.Tx, id)
}

// formSTU3 reads a claim of STU3. As for the procedure behind upstream, a price of 0 means that of the price list.
func formSTU3(ctx context.Context, in *apifhir.Input, claim *stu3.Claim, contained []apifhir.Contained) *fhirForm {
	f := &fhirForm{ctx: ctx, in: in, codeFirst: true, elements: elementsSTU3, texts: func(p rules.Problem) string {
		if p.Code == rules.BadPeriod && p.At.Part == rules.PartTo {
			return "End date is smaller than start date"
		}
		return textsSTU3[p.Code]
	}}
	refer := func(r *stu3.Reference, t *table.Table, part rules.Part, text string) rules.Named {
		return f.required(r.R4(), t, contained, elementsSTU3[part], text)
	}
	if f.Code = apifhir.IdentifierValue(claim.Identifier, apifhir.KindCode); f.Code == "" {
		f.missing(elementsSTU3[rules.PartCode], "Missing the claim code")
	}
	f.Claimed = f.day(claim.Created, elementsSTU3[rules.PartClaimed], "Missing the date of creation")
	f.Facility = refer(claim.Facility, location.Facilities, rules.PartFacility, "Missing the facility reference")
	f.Insuree = refer(claim.Patient, insuree.Insurees, rules.PartInsuree, "Missing the patient reference")
	admin := refer(claim.Enterer, location.ClaimAdmins, rules.PartAdmin, "Missing the enterer reference")
	f.Admin = &admin
	f.period(claim.BillablePeriod, "Missing the billable start date")
	f.diagnosesSTU3(claim.Diagnosis, contained)
	if claim.Total == nil || f.amount(claim.Total.Value, "Claim.total.value") == nil {
		f.missing(elementsSTU3[rules.PartTotal], "Missing the value for `total` attribute")
	}
	for i := range claim.Type {
		if visit := wordOf(&claim.Type[i]); visit != "" {
			f.VisitType = &visit
			break
		}
	}
	explained := map[int]string{}
	for i := range claim.Information {
		info, path := &claim.Information[i], fmt.Sprintf("Claim.information[%d].valueString", i)
		switch wordOf(info.Category) {
		case infoGuaranteeSTU3:
			f.GuaranteeID = f.text(info.ValueString, path, guaranteeLength)
		case infoExplanation:
			f.Explanation = f.text(info.ValueString, path, 0)
		case infoExplanationLine:
			explained[info.Sequence] = fhirsql.Trim(info.ValueString)
		}
	}
	for i := range claim.Item {
		f.itemSTU3(&claim.Item[i], explained, fmt.Sprintf("Claim.item[%d]", i))
	}
	return f
}

// diagnosesSTU3 reads the diagnoses. The type says in which place one stands (icd_0 is the main one); of clients that
// write the same type to all, the order counts. A code may be the number of the row, as release 0.0.4 wrote it.
func (f *fhirForm) diagnosesSTU3(list []stu3.ClaimDiagnosis, contained []apifhir.Contained) {
	places := placesOf(list)
	for i := range list {
		path, place := fmt.Sprintf("Claim.diagnosis[%d]", i), places[i]
		if place >= rules.DiagnosisCount {
			f.wrong(path, "A claim has at most %d diagnoses.", rules.DiagnosisCount)
			return
		}
		f.diagnosed[place] = path
		d, err := rules.Named{}, error(nil)
		if code := codeOf(list[i].DiagnosisCodeableConcept); code != "" {
			d, err = nameOf(f.ctx, f.in.Tx, medical.Diagnoses, apifhir.Target{Type: "diagnosis", Value: code}, path)
		} else if ref := list[i].DiagnosisReference.R4(); ref != nil {
			d, err = f.named(ref, medical.Diagnoses, contained, path)
		}
		if err != nil {
			f.wrong(path, "%s", err)
		}
		f.Diagnoses[place] = d
	}
	if len(f.found) == 0 && !f.Diagnoses[0].Given() {
		f.missing(elementsSTU3[rules.PartDiagnosis], "Missing the main diagnosis for claim")
	}
}

// placesOf are the places of diagnoses: by their types, or by their order when types are missing or repeated.
func placesOf(list []stu3.ClaimDiagnosis) []int {
	byType, inOrder := make([]int, len(list)), make([]int, len(list))
	typed := true
	for i := range list {
		inOrder[i], byType[i] = i, -1
		for j := range list[i].Type {
			for place := range rules.DiagnosisCount {
				if strings.EqualFold(wordOf(&list[i].Type[j]), diagnosisType(place)) && !slices.Contains(byType[:i], place) {
					byType[i] = place
				}
			}
		}
		typed = typed && byType[i] >= 0
	}
	if typed {
		return byType
	}
	return inOrder
}

func (f *fhirForm) itemSTU3(item *stu3.ClaimItem, explained map[int]string, path string) {
	kind, ok := kindNamed(wordOf(item.Category))
	if !ok {
		f.wrong(path+".category", "Unknown item category: `%s`", wordOf(item.Category))
		return
	}
	line := rules.FormLine{Of: rules.Named{Code: wordOf(item.Service)}}
	if item.Quantity != nil {
		line.Quantity = f.amount(item.Quantity.Value, path+".quantity.value")
	}
	if item.UnitPrice != nil {
		if price := f.amount(item.UnitPrice.Value, path+".unitPrice.value"); rules.Given(price) {
			line.Price = price
		}
	}
	for _, link := range item.InformationLinkId {
		if text := explained[link]; text != "" {
			line.Explanation = &text
		}
	}
	f.addLine(kind, path, line)
}
