package insuree

import (
	"strings"

	"github.com/samply/golang-fhir-models/fhir-models/fhir"

	"github.com/openimis/openimis-be-go/internal/auth"
	"github.com/openimis/openimis-be-go/modules"
	apifhir "github.com/openimis/openimis-be-go/modules/api_fhir"
	"github.com/openimis/openimis-be-go/modules/api_fhir/fhirsql"
	"github.com/openimis/openimis-be-go/modules/location"
)

var _ modules.FHIR = (*Module)(nil)

// The rights to read over FHIR (docs/fhir.md).
var (
	mayReadPatients = auth.Needs(101101)
	mayReadGroups   = auth.Needs(101001)
)

// Resources implements modules.FHIR: Patient is an insuree, Group a family. Who reads and writes them needs the rights
// of the application, and sees those of the own districts (docs/fhir.md).
func (m *Module) Resources() []apifhir.Resource {
	f := newFHIR(m)
	return []apifhir.Resource{
		fhirsql.Resource(apifhir.Resource{
			Release: apifhir.R4, Type: "Patient", Doc: "Insured people of the user's districts.", Personal: true,
			Profile: apifhir.StructureDefinition("openimis-patient"),
			Access:  apifhir.Access{Get: mayReadPatients, Create: MayAddInsurees, Update: MayEditInsurees, Delete: MayDeleteInsurees},
			Create:  apifhir.Decoded(f.createPatient), Update: apifhir.Decoded(f.updatePatient), Delete: f.deletePatient,
		}, f.patients),
		fhirsql.Resource(apifhir.Resource{
			Release: apifhir.R4, Type: "Group", Doc: "Families of the user's districts, with their members.", Personal: true,
			Profile: apifhir.StructureDefinition("openimis-group"),
			Access:  apifhir.Access{Get: mayReadGroups, Create: MayAddFamilies, Update: MayEditFamilies, Delete: MayDeleteFamilies},
			Create:  lenient(f.createGroup), Update: lenient(f.updateGroup), Delete: f.deleteGroup,
		}, f.groups),
		fhirsql.Resource(apifhir.Resource{
			Release: apifhir.STU3, Type: "Patient", Doc: "Insured people of the user's districts.", Personal: true,
			Access: apifhir.Access{Get: mayReadPatients, Create: MayAddInsurees, Update: MayEditInsurees, Delete: MayDeleteInsurees},
			Create: apifhir.Decoded(f.createSTU3), Update: apifhir.Decoded(f.updateSTU3), Delete: f.deletePatient,
		}, f.patientsSTU3),
	}
}

// people are the resources of the module over FHIR.
type people struct {
	module       *Module
	patients     *fhirsql.Source[person]
	patientsSTU3 *fhirsql.Source[person]
	groups       *fhirsql.Source[household]
}

func newFHIR(m *Module) *people {
	known := new(places)
	known.Table = location.Locations.Name
	return &people{
		module:       m,
		patients:     personSource(known, person.r4),
		patientsSTU3: personSource(known, person.stu3),
		groups:       householdSource(m.app.Clock, known),
	}
}

// The systems of HL7 that people use.
const (
	maritalSystem = "http://terminology.hl7.org/CodeSystem/v3-MaritalStatus"
	nullSystem    = "http://terminology.hl7.org/CodeSystem/v3-NullFlavor"
	// maritalSystemOld is what the Python backend writes; it is the page of the value set.
	maritalSystemOld = "http://hl7.org/fhir/valueset-marital-status.html"
)

// maritalNames are the marital statuses there are, by the letters that HL7 and the legacy database have alike.
var maritalNames = map[string]string{"M": "Married", "S": "Single", "D": "Divorced", "W": "Widowed"}

// genders are the codes of tblGender by those of FHIR.
var genders = map[string][]any{"male": {"M"}, "female": {"F"}, "other": {"O"}}

// genderOf is the gender of FHIR: a country's own codes are "other", no code is "unknown".
func genderOf(code *string) *fhir.AdministrativeGender {
	switch strings.ToUpper(fhirsql.Trim(code)) {
	case "":
		return apifhir.Ptr(fhir.AdministrativeGenderUnknown)
	case "M":
		return apifhir.Ptr(fhir.AdministrativeGenderMale)
	case "F":
		return apifhir.Ptr(fhir.AdministrativeGenderFemale)
	}
	return apifhir.Ptr(fhir.AdministrativeGenderOther)
}

// nameOf is a name, nil without any.
func nameOf(last, other *string) []fhir.HumanName {
	name := fhir.HumanName{Use: apifhir.Ptr(fhir.NameUseUsual)}
	if s := fhirsql.Trim(last); s != "" {
		name.Family = &s
	}
	if s := fhirsql.Trim(other); s != "" {
		name.Given = []string{s}
	}
	if name.Family == nil && name.Given == nil {
		return nil
	}
	return []fhir.HumanName{name}
}

func telecomOf(phone, email *string) []fhir.ContactPoint {
	var out []fhir.ContactPoint
	for _, way := range []struct {
		system fhir.ContactPointSystem
		value  *string
	}{{fhir.ContactPointSystemPhone, phone}, {fhir.ContactPointSystemEmail, email}} {
		if s := fhirsql.Trim(way.value); s != "" {
			out = append(out, fhir.ContactPoint{System: apifhir.Ptr(way.system), Use: apifhir.Ptr(fhir.ContactPointUseHome), Value: &s})
		}
	}
	return out
}

// texted is a text, nil for the empty one.
func texted(s *string) *string {
	if t := fhirsql.Trim(s); t != "" {
		return &t
	}
	return nil
}
