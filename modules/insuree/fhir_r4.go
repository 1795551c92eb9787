package insuree

import (
	"mime"
	"net/url"
	"path"
	"strconv"
	"strings"

	"github.com/samply/golang-fhir-models/fhir-models/fhir"

	apifhir "github.com/openimis/openimis-be-go/modules/api_fhir"
	"github.com/openimis/openimis-be-go/modules/api_fhir/fhirsql"
)

// kindPassport is the type of the identifier that a document without a type of its own is.
const kindPassport = "PPN"

// r4 is an insuree as Patient.
func (p person) r4() apifhir.Entry {
	out := &fhir.Patient{
		Extension:  p.extensions(),
		Identifier: p.Identifiers(),
		Name:       nameOf(p.LastName, p.OtherNames),
		Telecom:    telecomOf(p.Phone, p.Email),
		Gender:     genderOf(p.Gender),
		Address:    p.addresses(),
		Contact:    p.contacts(),
		Photo:      p.photos(),
	}
	if number := fhirsql.Trim(p.Passport); number != "" && fhirsql.Trim(p.TypeOfID) == "" {
		out.Identifier = append(out.Identifier, apifhir.TypedIdentifier(kindPassport, number))
	}
	if p.Born != nil {
		out.BirthDate = apifhir.Ptr(apifhir.DateText(*p.Born))
	}
	switch letter := strings.ToUpper(fhirsql.Trim(p.Marital)); {
	case maritalNames[letter] != "":
		out.MaritalStatus = apifhir.Concept(maritalSystem, letter, maritalNames[letter])
	case letter == "N":
		out.MaritalStatus = apifhir.Concept(nullSystem, "UNK", "unknown")
	}
	if ref := p.Facility.Reference("Organization"); ref != nil {
		out.GeneralPractitioner = []fhir.Reference{*ref}
	}
	return p.Entry(out)
}

// extensions of the guide; the code system of each has the name of the extension.
func (p person) extensions() []fhir.Extension {
	out := []fhir.Extension{apifhir.BoolExtension("patient-is-head", p.Head)}
	for _, x := range []struct {
		name string
		key  *int
		text *string
	}{{"patient-education-level", p.Education.Key, p.Education.Name}, {"patient-profession", p.Profession.Key, p.Profession.Name}} {
		if x.key != nil {
			out = append(out, apifhir.ConceptExtension(x.name, apifhir.Concept(apifhir.CodeSystem(x.name), strconv.Itoa(*x.key), fhirsql.Trim(x.text))))
		}
	}
	out = append(out, apifhir.BoolExtension("patient-card-issued", p.CardIssued))
	if ref := p.Family.Reference("Group"); ref != nil {
		out = append(out, apifhir.ReferenceExtension("patient-group-reference", ref))
	}
	if kind := fhirsql.Trim(p.TypeOfID); kind != "" {
		x := fhir.Extension{Url: apifhir.StructureDefinition("patient-identification")}
		if number := texted(p.Passport); number != nil {
			x.Extension = append(x.Extension, fhir.Extension{Url: "number", ValueString: number})
		}
		x.Extension = append(x.Extension, fhir.Extension{Url: "type",
			ValueCodeableConcept: apifhir.Concept(apifhir.CodeSystem("patient-identification-type"), kind, fhirsql.Trim(p.IDType.Name))})
		out = append(out, x)
	}
	return out
}

// addresses are where the insuree lives: for now (temp), or with the family (home).
func (p person) addresses() []fhir.Address {
	if p.current != nil {
		return []fhir.Address{p.current.address(fhir.AddressUseTemp, p.CurrentAddress)}
	}
	var out []fhir.Address
	if p.home != nil {
		out = append(out, p.home.address(fhir.AddressUseHome, p.Family.Address))
	}
	if text := texted(p.CurrentAddress); text != nil {
		out = append(out, fhir.Address{Use: apifhir.Ptr(fhir.AddressUseTemp), Type: apifhir.Ptr(fhir.AddressTypePhysical), Text: text})
	}
	return out
}

func (l *place) address(use fhir.AddressUse, text *string) fhir.Address {
	a := fhir.Address{Use: &use, Type: apifhir.Ptr(fhir.AddressTypePhysical), Text: texted(text), City: l.Village, District: l.District, State: l.Region}
	if l.Ward != nil {
		a.Extension = append(a.Extension, apifhir.StringExtension("address-municipality", *l.Ward))
	}
	if ref := l.Reference("Location"); ref != nil {
		a.Extension = append(a.Extension, apifhir.ReferenceExtension("address-location-reference", ref))
	}
	return a
}

// contacts is the head of the family, and what the insuree is to the head.
func (p person) contacts() []fhir.PatientContact {
	if p.Relation.Key == nil {
		return nil
	}
	name := nameOf(p.FamilyHead.LastName, p.FamilyHead.OtherNames)
	if name == nil {
		name = nameOf(p.LastName, p.OtherNames)
	}
	if name == nil {
		return nil
	}
	system := apifhir.CodeSystem("patient-contact-relationship")
	return []fhir.PatientContact{{Name: &name[0],
		Relationship: []fhir.CodeableConcept{*apifhir.Concept(system, strconv.Itoa(*p.Relation.Key), fhirsql.Trim(p.Relation.Name))}}}
}

// photos is the photo; its address is relative to that of the FHIR server.
func (p person) photos() []fhir.Attachment {
	file := fhirsql.Trim(p.Photo.File)
	if file == "" {
		return nil
	}
	folder := strings.Trim(strings.ReplaceAll(fhirsql.Trim(p.Photo.Folder), `\`, "/"), "/")
	a := fhir.Attachment{Url: apifhir.Ptr("../insuree/photo/" + (&url.URL{Path: strings.TrimPrefix(folder+"/"+file, "/")}).EscapedPath()), Title: &file}
	if kind := mime.TypeByExtension(strings.ToLower(path.Ext(file))); strings.HasPrefix(kind, "image/") {
		a.ContentType = &kind
	}
	if p.Photo.Taken != nil {
		a.Creation = apifhir.Ptr(apifhir.DateText(*p.Photo.Taken))
	}
	return []fhir.Attachment{a}
}

// r4 is a family as Group. It is active while a policy covers one of its members.
func (h household) r4() apifhir.Entry {
	out := &fhir.Group{
		Extension:  h.extensions(),
		Identifier: h.Identifiers(),
		Type:       fhir.GroupTypePerson,
		Actual:     true,
		Active:     apifhir.Ptr(false),
		Name:       texted(h.Head.LastName),
		Quantity:   apifhir.Ptr(len(h.members)),
	}
	for _, m := range h.members {
		out.Member = append(out.Member, fhir.GroupMember{Entity: *m.Reference("Patient")})
		if m.Covered > 0 {
			out.Active = apifhir.Ptr(true)
		}
	}
	return h.Entry(out)
}

func (h household) extensions() []fhir.Extension {
	var out []fhir.Extension
	if h.place != nil {
		a := h.place.address(fhir.AddressUseHome, h.Address)
		out = append(out, fhir.Extension{Url: apifhir.StructureDefinition("group-address"), ValueAddress: &a})
	}
	if h.Poverty != nil {
		out = append(out, apifhir.BoolExtension("group-poverty-status", *h.Poverty))
	}
	if kind := fhirsql.Trim(h.Type); kind != "" {
		out = append(out, apifhir.ConceptExtension("group-type", apifhir.Concept(apifhir.CodeSystem("group-type"), kind, fhirsql.Trim(h.Kind.Name))))
	}
	x := fhir.Extension{Url: apifhir.StructureDefinition("group-confirmation")}
	if number := texted(h.ConfirmationNo); number != nil {
		x.Extension = append(x.Extension, fhir.Extension{Url: "number", ValueString: number})
	}
	if kind := fhirsql.Trim(h.Confirmation); kind != "" {
		x.Extension = append(x.Extension, fhir.Extension{Url: "type",
			ValueCodeableConcept: apifhir.Concept(apifhir.CodeSystem("group-confirmation-type"), kind, fhirsql.Trim(h.ConfirmationKind.Name))})
	}
	if x.Extension != nil {
		out = append(out, x)
	}
	return out
}
