package insuree

import (
	"context"
	"strings"

	"github.com/samply/golang-fhir-models/fhir-models/fhir"

	apifhir "github.com/openimis/openimis-be-go/modules/api_fhir"
	"github.com/openimis/openimis-be-go/modules/api_fhir/fhirsql"
	"github.com/openimis/openimis-be-go/modules/api_fhir/stu3"
	"github.com/openimis/openimis-be-go/modules/insuree/rules"
	"github.com/openimis/openimis-be-go/modules/location"
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

// createSTU3 registers the head of a new family, which lives in the village that the extension Location names: this
// release has no families.
func (f *people) createSTU3(ctx context.Context, in *apifhir.Input, p *stu3.Patient, _ []apifhir.Contained) (apifhir.Entry, error) {
	i := &input{ctx: ctx, in: in}
	person := i.personSTU3(p, rules.Person{})
	var home rules.Household
	for _, x := range p.Extension {
		if x.Url != stu3Location || fhirsql.Trim(x.ValueString) == "" {
			continue
		}
		key, err := fhirsql.Resolve(ctx, in.Tx, location.Locations, apifhir.Target{Type: "Location", Kind: apifhir.KindCode, Value: fhirsql.Trim(x.ValueString)}, "Patient.extension")
		i.note(err)
		home.VillageID = key
	}
	if home.VillageID == 0 && i.Err() == nil {
		i.Add("Patient.extension", "The extension %s with the code of the family's village is missing; over STU3 a patient is registered as the head of a new family.", stu3Location)
	}
	if err := i.done(); err != nil {
		return apifhir.Entry{}, err
	}
	entered, err := f.service().EnterFamily(ctx, in.Tx, i.author(), home, person)
	if err != nil {
		return apifhir.Entry{}, placed(err, person.Number)
	}
	return f.patientsSTU3.Entry(ctx, in.Tx, entered.InsureeID)
}

// updateSTU3 replaces what this release knows of an insuree; the rest stays.
func (f *people) updateSTU3(ctx context.Context, in *apifhir.Input, p *stu3.Patient, _ []apifhir.Contained) (apifhir.Entry, error) {
	was, err := f.patientsSTU3.Get(ctx, in.Tx, in.ID)
	if err != nil {
		return apifhir.Entry{}, err
	}
	i := &input{ctx: ctx, in: in}
	person := i.personSTU3(p, was.known())
	if err := i.done(); err != nil {
		return apifhir.Entry{}, err
	}
	if err := f.service().UpdateInsuree(ctx, in.Tx, i.author(), was.Key, person); err != nil {
		return apifhir.Entry{}, placed(err, person.Number)
	}
	return f.patientsSTU3.Entry(ctx, in.Tx, was.Key)
}

// personSTU3 reads what a Patient says about a person; was is what there is.
func (i *input) personSTU3(p *stu3.Patient, was rules.Person) rules.Person {
	i.basics(&was, p.Identifier, p.Name, p.Telecom, p.Gender, p.BirthDate, p.MaritalStatus)
	was.Passport = passport(p.Identifier)
	was.CurrentAddress, was.Geolocation = "", ""
	for _, a := range p.Address {
		if a.Type != nil && *a.Type == fhir.AddressTypeBoth {
			was.Geolocation = fhirsql.Trim(a.Text)
		} else {
			was.CurrentAddress = fhirsql.Trim(a.Text)
		}
	}
	return was
}
