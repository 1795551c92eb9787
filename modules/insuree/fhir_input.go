package insuree

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/samply/golang-fhir-models/fhir-models/fhir"

	"github.com/openimis/openimis-be-go/internal/auth"
	"github.com/openimis/openimis-be-go/internal/db"
	"github.com/openimis/openimis-be-go/internal/fault"
	apifhir "github.com/openimis/openimis-be-go/modules/api_fhir"
	"github.com/openimis/openimis-be-go/modules/api_fhir/fhirsql"
	"github.com/openimis/openimis-be-go/modules/insuree/rules"
	"github.com/openimis/openimis-be-go/modules/location"
)

// patientElements are where the fields of a person stand in a Patient.
var patientElements = map[string]string{
	"chfId": "Patient.identifier", "lastName": "Patient.name.family", "otherNames": "Patient.name.given", "dob": "Patient.birthDate",
	"gender": "Patient.gender", "marital": "Patient.maritalStatus", "passport": "Patient.identifier", "typeOfId": "Patient.extension('patient-identification')",
	"phone": "Patient.telecom", "email": "Patient.telecom", "relationship": "Patient.contact.relationship", "education": "Patient.extension('patient-education-level')",
	"profession": "Patient.extension('patient-profession')", "healthFacility": "Patient.generalPractitioner", "currentVillage": "Patient.address",
	"currentAddress": "Patient.address.text", "geolocation": "Patient.address.text", "location": "Patient.address", "address": "Patient.address.text",
	"family": "Patient.extension('patient-group-reference')", "headInsuree": "Patient.extension('patient-is-head')",
}

// input is a body on its way to the service: what it says, and what is wrong with it so far.
type input struct {
	apifhir.Problems
	ctx context.Context
	in  *apifhir.Input
	err error // of the database
}

func (f *people) service() Service {
	if f.module.app.Config == nil {
		return Service{}
	}
	return Service{Numbers: NumbersOf(f.module.app.Config("insuree"))}
}

func (i *input) author() auth.Author { return auth.Author{Principal: i.in.By, At: i.in.Now} }

// done is the error for what was found.
func (i *input) done() error {
	if i.err != nil {
		return i.err
	}
	return i.Err()
}

func (i *input) note(err error) {
	if err = i.Note(err); err != nil && i.err == nil {
		i.err = err
	}
}

// placed is an error of the service, in the words of FHIR.
func placed(err error, number string) error {
	if err != nil && fault.Field(err) == "chfId" && fault.Message(err) == numberTaken(number) {
		return &apifhir.Worded{Text: fmt.Sprintf("Exists patient with following chfid `%s`", number), Err: apifhir.Placed(err, patientElements)}
	}
	return apifhir.Placed(err, patientElements)
}

// basics reads what a Patient has in both releases into p.
func (i *input) basics(p *rules.Person, identifiers []fhir.Identifier, names []fhir.HumanName, telecom []fhir.ContactPoint,
	gender *fhir.AdministrativeGender, born *string, marital *fhir.CodeableConcept) {
	if p.Number = apifhir.IdentifierValue(identifiers, apifhir.KindCode); p.Number == "" {
		i.Add("Patient.identifier", "Patient code not provided.")
	}
	i.name(p, names)
	p.Phone, p.Email = apifhir.ContactOf(telecom, fhir.ContactPointSystemPhone), apifhir.ContactOf(telecom, fhir.ContactPointSystemEmail)
	if text := fhirsql.Trim(born); text == "" {
		i.Add("Patient.birthDate", "Missing patient `birthDate` attribute")
	} else if day, err := time.Parse(time.DateOnly, (text + "          ")[:10]); err != nil {
		i.Add("Patient.birthDate", "Patient.birthDate is %s; a whole date such as 1990-12-31 is expected.", fault.Quote(text))
	} else {
		p.Born = day
	}
	i.gender(p, gender)
	i.marital(p, marital)
}

// name reads the official or usual name, or the first.
func (i *input) name(p *rules.Person, names []fhir.HumanName) {
	if len(names) == 0 {
		i.Add("Patient.name", "Missing patient `name` attribute")
		return
	}
	name := apifhir.NameOf(names)
	if p.LastName = fhirsql.Trim(name.Family); p.LastName == "" {
		i.Add("Patient.name.family", "Missing patient family name")
	}
	if p.OtherNames = strings.TrimSpace(strings.Join(name.Given, " ")); p.OtherNames == "" {
		i.Add("Patient.name.given", "Missing patient given name")
	}
}

// gender keeps a code of the country's own that FHIR calls the same.
func (i *input) gender(p *rules.Person, g *fhir.AdministrativeGender) {
	if g == nil || *g == fhir.AdministrativeGenderUnknown {
		p.Gender = ""
		return
	}
	if *genderOf(&p.Gender) == *g {
		return
	}
	if code, ok := genders[g.Code()]; ok {
		p.Gender = code[0].(string)
	}
}

func (i *input) marital(p *rules.Person, c *fhir.CodeableConcept) {
	code := apifhir.CodeOf(c)
	switch letter := strings.ToUpper(code); letter {
	case "":
		p.Marital = ""
	case "U", "UNK":
		p.Marital = "N"
	default: // what else there is, the rules say
		p.Marital = letter
	}
}

// passport is the number of a document without a type.
func passport(identifiers []fhir.Identifier) string {
	for _, id := range identifiers {
		if apifhir.CodeOf(id.Type) == kindPassport {
			return fhirsql.Trim(id.Value)
		}
	}
	return ""
}

// conceptExtension is the code of an extension of the guide; "" without one.
func conceptExtension(list []fhir.Extension, name string) string {
	if x := apifhir.ExtensionNamed(list, name); x != nil {
		return apifhir.CodeOf(x.ValueCodeableConcept)
	}
	return ""
}

// number reads a code that is a number in the database.
func (i *input) number(path, code string) *int {
	if code == "" {
		return nil
	}
	n, err := strconv.ParseInt(code, 10, 16)
	if err != nil {
		i.Add(path, "%s is %s; a number of the list is expected.", path, fault.Quote(code))
		return nil
	}
	return new(int(n))
}

// village gives the key of the location that an address refers to; nil when it refers to none.
func (i *input) village(a fhir.Address, path string) *int {
	x := apifhir.ExtensionNamed(a.Extension, "address-location-reference")
	if x == nil || x.ValueReference == nil {
		return nil
	}
	target, err := apifhir.TargetOf(x.ValueReference, path)
	if err != nil {
		i.note(err)
		return nil
	}
	key, err := fhirsql.Resolve(i.ctx, i.in.Tx, location.Locations, target, path)
	if err != nil {
		i.note(err)
		return nil
	}
	return &key
}

// relation gives the key of a relation by its code, else by its name.
func (i *input) relation(c fhir.CodeableConcept, path string) *int {
	code, name := apifhir.CodeOf(&c), fhirsql.Trim(c.Text)
	for _, coding := range c.Coding {
		if name == "" {
			name = fhirsql.Trim(coding.Display)
		}
	}
	if _, err := strconv.Atoi(code); err == nil {
		return i.number(path, code)
	}
	if name == "" {
		name = code
	}
	if name == "" {
		return nil
	}
	var keys []int
	if err := i.in.Tx.Select(i.ctx, &keys, `SELECT r."RelationId" FROM "tblRelations" AS r WHERE $eq(r."Relation", ?) ORDER BY r."RelationId"`, name); err != nil {
		i.note(err)
		return nil
	}
	if len(keys) == 0 {
		i.Add(path, "%s is %s, which is not a relation of the list.", path, fault.Quote(name))
		return nil
	}
	return &keys[0]
}

// lived reads where a family lives, and its address.
func lived(ctx context.Context, q db.Query, familyID int) (village *int, address string, err error) {
	var f struct {
		Village *int    `db:"LocationId"`
		Address *string `db:"FamilyAddress"`
	}
	err = q.Get(ctx, &f, `SELECT f."LocationId", f."FamilyAddress" FROM "tblFamilies" AS f WHERE f."FamilyID" = ?`, familyID)
	return f.Village, fhirsql.Trim(f.Address), err
}

// known is what there is of a person.
func (p person) known() rules.Person {
	k := rules.Person{
		Number: fhirsql.Trim(p.Code), LastName: fhirsql.Trim(p.LastName), OtherNames: fhirsql.Trim(p.OtherNames), Gender: fhirsql.Trim(p.Gender),
		Marital: fhirsql.Trim(p.Marital), Passport: fhirsql.Trim(p.Passport), IdentificationType: fhirsql.Trim(p.TypeOfID), Phone: fhirsql.Trim(p.Phone),
		Email: fhirsql.Trim(p.Email), Relationship: p.Relation.Key, Education: p.Education.Key, Profession: p.Profession.Key,
		HealthFacilityID: p.Facility.Key, CurrentVillageID: p.CurrentVillage, CurrentAddress: fhirsql.Trim(p.CurrentAddress),
		Geolocation: fhirsql.Trim(p.GeoLocation), CardIssued: p.CardIssued,
	}
	if p.Born != nil {
		k.Born = *p.Born
	}
	return k
}
