package insuree

import (
	"strings"

	"github.com/samply/golang-fhir-models/fhir-models/fhir"

	apifhir "github.com/openimis/openimis-be-go/modules/api_fhir"
	"github.com/openimis/openimis-be-go/modules/api_fhir/fhirsql"
	"github.com/openimis/openimis-be-go/modules/api_fhir/stu3"
)

// The systems of the Python backend's STU3, which are pages of the standard.
const (
	stu3IdentifierSystem = "https://hl7.org/fhir/valueset-identifier-type.html"
	stu3MaritalSystem    = "https://www.hl7.org/fhir/STU3/valueset-marital-status.html"
)

// The types of STU3 identifiers of a patient.
const (
	stu3ID     = "ACSN"
	stu3Number = "SB"
)

// stu3Extension is the URL of an extension of releases 1.0.7 and later: a page of the wiki.
func stu3Extension(page string) string {
	return "https://openimis.atlassian.net/wiki/spaces/OP/pages/" + page
}

var (
	stu3IsHead     = stu3Extension("960069653/FHIR+extension+isHead")
	stu3Registered = stu3Extension("960331779/FHIR+extension+registrationDate")
	stu3Location   = stu3Extension("960495619/FHIR+extension+Location")
	stu3Education  = stu3Extension("960331788/FHIR+extension+Education")
	stu3Profession = stu3Extension("960135203/FHIE+extension+Profession") // sic
)

// stu3 is an insuree as Patient of STU3.
func (p person) stu3() apifhir.Entry {
	out := &stu3.Patient{
		Extension:  p.stu3Extensions(),
		Identifier: []stu3.Identifier{stu3Identifier(stu3ID, p.ID())},
		Name:       nameOf(p.LastName, p.OtherNames),
		Telecom:    telecomOf(p.Phone, p.Email),
		Gender:     genderOf(p.Gender),
	}
	if text := fhirsql.Trim(p.Code); text != "" {
		out.Identifier = append(out.Identifier, stu3Identifier(stu3Number, text))
	}
	if text := fhirsql.Trim(p.Passport); text != "" {
		out.Identifier = append(out.Identifier, stu3Identifier(kindPassport, text))
	}
	if p.Born != nil {
		out.BirthDate = apifhir.Ptr(apifhir.DateText(*p.Born))
	}
	switch letter := strings.ToUpper(fhirsql.Trim(p.Marital)); {
	case maritalNames[letter] != "":
		out.MaritalStatus = apifhir.Concept(stu3MaritalSystem, letter, "")
	case letter == "N":
		out.MaritalStatus = apifhir.Concept(stu3MaritalSystem, "U", "")
	}
	for _, a := range []struct {
		kind fhir.AddressType
		text *string
	}{{fhir.AddressTypePhysical, p.CurrentAddress}, {fhir.AddressTypeBoth, p.GeoLocation}} {
		if text := texted(a.text); text != nil {
			out.Address = append(out.Address, fhir.Address{Use: apifhir.Ptr(fhir.AddressUseHome), Type: apifhir.Ptr(a.kind), Text: text})
		}
	}
	return p.Entry(out)
}

func (p person) stu3Extensions() []stu3.Extension {
	out := []stu3.Extension{{Url: stu3IsHead, ValueBoolean: apifhir.Ptr(p.Head)}}
	add := func(url string, value *string) {
		if text := texted(value); text != nil {
			out = append(out, stu3.Extension{Url: url, ValueString: text})
		}
	}
	if p.Changed != nil {
		add(stu3Registered, apifhir.Ptr(apifhir.DateText(*p.Changed)))
	}
	if p.home != nil {
		add(stu3Location, p.home.Code)
	}
	add(stu3Education, p.Education.Name)
	add(stu3Profession, p.Profession.Name)
	return out
}

func stu3Identifier(kind, value string) stu3.Identifier {
	return stu3.Identifier{Use: apifhir.Ptr(fhir.IdentifierUseUsual), Type: apifhir.Concept(stu3IdentifierSystem, kind, ""), Value: &value}
}
