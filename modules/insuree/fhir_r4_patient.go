package insuree

import (
	"context"
	"fmt"

	"github.com/samply/golang-fhir-models/fhir-models/fhir"

	"github.com/openimis/openimis-be-go/internal/fault"
	apifhir "github.com/openimis/openimis-be-go/modules/api_fhir"
	"github.com/openimis/openimis-be-go/modules/api_fhir/fhirsql"
	"github.com/openimis/openimis-be-go/modules/insuree/rules"
	"github.com/openimis/openimis-be-go/modules/location"
)

// patientInput is a Patient that came in.
type patientInput struct {
	input
	patient *fhir.Patient
	person  rules.Person
	head    *bool // nil: not said
	family  *int  // of the group reference; nil: not said
}

// patient reads what a Patient says about a person; was is what there is.
func (f *people) patient(ctx context.Context, in *apifhir.Input, p *fhir.Patient, was rules.Person) *patientInput {
	i := &patientInput{input: input{ctx: ctx, in: in}, patient: p, person: was}
	i.basics(&i.person, p.Identifier, p.Name, p.Telecom, p.Gender, p.BirthDate, p.MaritalStatus)
	if x := apifhir.ExtensionNamed(p.Extension, "patient-is-head"); x != nil {
		i.head = x.ValueBoolean
	}
	i.person.CardIssued = false
	if x := apifhir.ExtensionNamed(p.Extension, "patient-card-issued"); x != nil && x.ValueBoolean != nil {
		i.person.CardIssued = *x.ValueBoolean
	}
	i.person.Education = i.number(patientElements["education"], conceptExtension(p.Extension, "patient-education-level"))
	i.person.Profession = i.number(patientElements["profession"], conceptExtension(p.Extension, "patient-profession"))
	i.identification()
	i.person.Relationship = nil
	for n, c := range p.Contact {
		if len(c.Relationship) > 0 {
			i.person.Relationship = i.relation(c.Relationship[0], fmt.Sprintf("Patient.contact[%d].relationship", n))
			break
		}
	}
	i.facility()
	if x := apifhir.ExtensionNamed(p.Extension, "patient-group-reference"); x != nil {
		i.family = i.group(x.ValueReference)
	}
	for n, photo := range p.Photo {
		if fhirsql.Trim(photo.Data) != "" {
			i.Add(fmt.Sprintf("Patient.photo[%d].data", n), "Photos are not taken over FHIR; send them with the enrolment application.")
		}
	}
	return i
}

// identification is a document with its type, or the identifier of one without.
func (i *patientInput) identification() {
	i.person.Passport, i.person.IdentificationType = passport(i.patient.Identifier), ""
	x := apifhir.ExtensionNamed(i.patient.Extension, "patient-identification")
	if x == nil {
		return
	}
	for _, part := range x.Extension {
		switch part.Url {
		case "number":
			i.person.Passport = fhirsql.Trim(part.ValueString)
		case "type":
			i.person.IdentificationType = apifhir.CodeOf(part.ValueCodeableConcept)
		}
	}
}

func (i *patientInput) facility() {
	const path = "Patient.generalPractitioner"
	i.person.HealthFacilityID = nil
	switch list := i.patient.GeneralPractitioner; {
	case len(list) > 1:
		i.Add(path, "%s has %d references; one is allowed.", path, len(list))
	case len(list) == 1:
		target, err := apifhir.TargetOf(&list[0], path)
		if err != nil {
			i.note(err)
			return
		}
		key, err := fhirsql.Resolve(i.ctx, i.in.Tx, location.Facilities, target, path)
		if err != nil {
			i.note(err)
			return
		}
		i.person.HealthFacilityID = &key
	}
}

func (i *patientInput) group(ref *fhir.Reference) *int {
	path := patientElements["family"]
	target, err := apifhir.TargetOf(ref, path)
	if err != nil {
		i.note(err)
		return nil
	}
	key, err := fhirsql.Resolve(i.ctx, i.in.Tx, Families, target, path)
	if err != nil {
		i.note(err)
		return nil
	}
	return &key
}

// address finds the address of a use; one without use is a home.
func (i *patientInput) address(use fhir.AddressUse) (a *fhir.Address, path string) {
	for n := range i.patient.Address {
		a := &i.patient.Address[n]
		of := fhir.AddressUseHome
		if a.Use != nil && *a.Use == fhir.AddressUseTemp {
			of = fhir.AddressUseTemp
		}
		if of == use {
			return a, fmt.Sprintf("Patient.address[%d]", n)
		}
	}
	return nil, "Patient.address"
}

// founded reads where the family that the patient founds lives.
func (i *patientInput) founded() rules.Household {
	var h rules.Household
	a, path := i.address(fhir.AddressUseHome)
	if a == nil {
		i.Add(path, "Missing patient `address` attribute")
		return h
	}
	h.Address = fhirsql.Trim(a.Text)
	if village := i.village(*a, path); village != nil {
		h.VillageID = *village
	} else {
		i.Add(path, "%s has no extension address-location-reference; it says in which village the family lives.", path)
	}
	return h
}

// settled reads where a member of a family lives apart from it: a home that is not the family's is the insuree's own.
func (i *patientInput) settled(familyID *int) {
	var village *int
	var address string
	if familyID != nil {
		var err error
		if village, address, err = lived(i.ctx, i.in.Tx, *familyID); err != nil {
			i.note(err)
			return
		}
	}
	i.person.CurrentVillageID, i.person.CurrentAddress = nil, ""
	if home, path := i.address(fhir.AddressUseHome); home != nil {
		if at := i.village(*home, path); at != nil && (village == nil || *at != *village) {
			i.person.CurrentVillageID = at
		}
		if text := fhirsql.Trim(home.Text); text != address {
			i.person.CurrentAddress = text
		}
	}
	i.temporary()
}

// temporary reads where the patient lives for now.
func (i *patientInput) temporary() {
	if temp, path := i.address(fhir.AddressUseTemp); temp != nil {
		if at := i.village(*temp, path); at != nil {
			i.person.CurrentVillageID = at
		}
		i.person.CurrentAddress = fhirsql.Trim(temp.Text)
	}
}

// createPatient registers a member of a family, or the head of a new one.
func (f *people) createPatient(ctx context.Context, in *apifhir.Input, p *fhir.Patient, _ []apifhir.Contained) (apifhir.Entry, error) {
	i := f.patient(ctx, in, p, rules.Person{})
	var home rules.Household
	head := i.head != nil && *i.head
	switch {
	case head && i.family != nil:
		i.Add(patientElements["headInsuree"], "Patient assigned to existing family can't be head")
	case head:
		home = i.founded()
		i.temporary()
	case i.family != nil:
		i.settled(i.family)
	case apifhir.ExtensionNamed(p.Extension, "patient-group-reference") != nil: // was noted
	case i.head == nil:
		i.Add(patientElements["headInsuree"], "At least one extension with is_head is required")
	default:
		i.Add(patientElements["family"], "Who is not a head of a family needs the extension patient-group-reference.")
	}
	if err := i.done(); err != nil {
		return apifhir.Entry{}, err
	}
	var entered Entered
	var err error
	if head {
		entered, err = f.service().EnterFamily(ctx, in.Tx, i.author(), home, i.person)
	} else {
		entered, err = f.service().EnterInsuree(ctx, in.Tx, i.author(), *i.family, i.person)
	}
	if err != nil {
		return apifhir.Entry{}, placed(err, i.person.Number)
	}
	return f.patients.Entry(ctx, in.Tx, entered.InsureeID)
}

// updatePatient replaces what is known of an insuree, and brings it into another family or makes it the head where the
// Patient says so.
func (f *people) updatePatient(ctx context.Context, in *apifhir.Input, p *fhir.Patient, _ []apifhir.Contained) (apifhir.Entry, error) {
	was, err := f.patients.Get(ctx, in.Tx, in.ID)
	if err != nil {
		return apifhir.Entry{}, err
	}
	i := f.patient(ctx, in, p, was.known())
	family := was.Family.Key
	moves := i.family != nil && (family == nil || *i.family != *family)
	if moves {
		family = i.family
	}
	i.settled(family)
	switch {
	case i.head == nil || *i.head == was.Head && !moves:
	case moves && *i.head:
		i.Add(patientElements["headInsuree"], "Patient assigned to existing family can't be head")
	case !*i.head && !moves:
		i.Add(patientElements["headInsuree"], "The head of a family stays its head until another member becomes it.")
	}
	if err := i.done(); err != nil {
		return apifhir.Entry{}, err
	}
	s, author := f.service(), i.author()
	if err := s.UpdateInsuree(ctx, in.Tx, author, was.Key, i.person); err != nil {
		return apifhir.Entry{}, placed(err, i.person.Number)
	}
	switch {
	case moves:
		_, err = s.MoveInsuree(ctx, in.Tx, author, Move{InsureeID: was.Key, FamilyID: *i.family})
	case i.head != nil && *i.head && !was.Head && family != nil:
		err = s.SetHead(ctx, in.Tx, author, *family, was.Key)
	case i.head != nil && *i.head && !was.Head:
		err = fault.Input(patientElements["headInsuree"], "Patient %s has no family to be the head of.", i.person.Number)
	}
	if err != nil {
		return apifhir.Entry{}, placed(err, i.person.Number)
	}
	return f.patients.Entry(ctx, in.Tx, was.Key)
}

func (f *people) deletePatient(ctx context.Context, in *apifhir.Input) error {
	was, err := f.patients.Get(ctx, in.Tx, in.ID)
	if err != nil {
		return err
	}
	return f.service().DeleteInsuree(ctx, in.Tx, (&input{in: in}).author(), was.Key)
}
