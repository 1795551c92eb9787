package policy

import (
	"strconv"
	"time"

	"github.com/samply/golang-fhir-models/fhir-models/fhir"

	apifhir "github.com/openimis/openimis-be-go/modules/api_fhir"
	"github.com/openimis/openimis-be-go/modules/api_fhir/fhirsql"
	"github.com/openimis/openimis-be-go/modules/api_fhir/stu3"
)

// stu3 is a policy as Coverage of STU3, which has references by code.
func (p policyRow) stu3() apifhir.Entry {
	id := string(p.UUID)
	if id == "" {
		id = strconv.Itoa(p.Key)
	}
	status := coverageStatus(p.Status).Code()
	out := &stu3.Coverage{
		Identifier: []stu3.Identifier{{Use: apifhir.Ptr(fhir.IdentifierUseUsual), Value: &id,
			Type: apifhir.Concept("https://hl7.org/fhir/valueset-identifier-type.html", apifhir.KindID, "")}},
		Status: &status,
		Period: period(p.Start, p.Expiry),
	}
	if number := fhirsql.Trim(p.Head.Code); number != "" {
		out.PolicyHolder, out.Beneficiary = stu3.To("Patient", number), stu3.To("Patient", number)
		out.Payor = []stu3.Reference{*stu3.To("Patient", number)}
	}
	if code := fhirsql.Trim(p.Product.Code); code != "" {
		g := &stu3.CoverageGrouping{Group: &code, Plan: &code}
		if name := fhirsql.Trim(p.Product.Name); name != "" {
			g.GroupDisplay, g.PlanDisplay = &name, &name
		}
		out.Grouping = g
	}
	for _, x := range []struct {
		url string
		day *time.Time
	}{{"EffectiveDate", p.Effective}, {"EnrollDate", p.Enrolled}} {
		if x.day != nil {
			out.Extension = append(out.Extension, stu3.Extension{Url: x.url, ValueDate: apifhir.Ptr(apifhir.DateText(*x.day))})
		}
	}
	return p.Entry(out)
}
