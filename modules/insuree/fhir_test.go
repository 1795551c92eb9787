package insuree_test

import (
	"context"
	"fmt"
	"net/http"
	"testing"

	"github.com/openimis/openimis-be-go/internal/auth"
	"github.com/openimis/openimis-be-go/internal/db"
)

// Every column of a person is in its Patient, under the names of the guide.
func TestPatientHasWhatIsKnown(t *testing.T) {
	inOffices(t, func(t *testing.T, o *fhirOffice) {
		c := o.as(auth.Scope{All: true})
		ann := c.Get("r4/Patient/070707081")
		ann.Want(map[string]string{
			"meta.profile.0": "https://openimis.github.io/openimis_fhir_r4_ig/StructureDefinition/openimis-patient",
			"name.0.use":     "usual", "name.0.family": "Doe", "name.0.given.0": "Ann", "gender": "female", "birthDate": "1996-11-23",
			"maritalStatus.coding.0.code": "M", "telecom.0.value": "+41 1", "telecom.1.value": "ann@example.org",
			"extension.~patient-is-head.valueBoolean":                               "true",
			"extension.~patient-card-issued.valueBoolean":                           "true",
			"extension.~patient-education-level.valueCodeableConcept.coding.0.code": "2",
			"extension.~patient-profession.valueCodeableConcept.coding.0.display":   "Baker",
			"extension.~patient-identification.extension.~number.valueString":       "X1",
			"extension.~patient-group-reference.valueReference.display":             "070707081",
			"address.0.use": "home", "address.0.text": "Main Road 1", "address.0.city": "V", "address.0.district": "D", "address.0.state": "R",
			"address.0.extension.~address-municipality.valueString": "W",
			"generalPractitioner.0.type":                            "Organization", "generalPractitioner.0.display": "HF",
			"photo.0.url": "../insuree/photo/Images/Updated/070707081%201.jpg", "photo.0.contentType": "image/jpeg", "photo.0.creation": "2026-11-23",
		})
		if got := ann.Code("PPN"); got != "" {
			t.Errorf("a document with a type is not an identifier: %s", got)
		}
		bob := c.Get("r4/Patient/070707082")
		bob.Want(map[string]string{
			"gender": "male", "maritalStatus.coding.0.code": "UNK", "address.0.use": "temp", "address.0.text": "Back Street 2",
			"contact.0.relationship.0.coding.0.display": "Child", "contact.0.name.given.0": "Ann", "extension.~patient-is-head.valueBoolean": "false",
		})
		if got := bob.Code("PPN"); got != "X2" {
			t.Errorf("a document without a type is %q", got)
		}
		if id := ann.Text("id"); o.d.Offers("tblInsuree", "InsureeUUID") != (len(id) == 36) || len(id) != 36 && id != fmt.Sprint(o.ann) {
			t.Errorf("the id is %s", id)
		}
		c.Get("stu3/Patient/070707082").Want(map[string]string{
			"identifier.1.type.coding.0.code": "SB", "identifier.1.value": "070707082", "identifier.0.value": bob.Text("id"),
			"identifier.0.type.coding.0.system": "https://hl7.org/fhir/valueset-identifier-type.html", "identifier.2.value": "X2",
			"name.0.family": "Doe", "gender": "male", "maritalStatus.coding.0.code": "U", "address.0.text": "Back Street 2", "address.0.type": "physical",
			"address.1.text": "1.5 2.5", "address.1.type": "both", "extension.~isHead.valueBoolean": "false",
		})
	})
}

func TestGroupHasItsMembers(t *testing.T) {
	inOffices(t, func(t *testing.T, o *fhirOffice) {
		c := o.as(auth.Scope{All: true})
		g := c.Get("r4/Group/070707081")
		g.Want(map[string]string{
			"type": "person", "actual": "true", "active": "true", "quantity": "2", "name": "Doe", "member.0.entity.display": "070707081", "member.1.entity.display": "070707082",
			"extension.~group-address.valueAddress.text":                                       "Main Road 1",
			"extension.~group-poverty-status.valueBoolean":                                     "true",
			"extension.~group-type.valueCodeableConcept.coding.0.display":                      "Household",
			"extension.~group-confirmation.extension.~number.valueString":                      "C-1",
			"extension.~group-confirmation.extension.~type.valueCodeableConcept.coding.0.code": "A",
		})
		if g.Code("Code") != "070707081" || g.Text("id") != c.Get("r4/Patient/070707081").Text("extension.~patient-group-reference.valueReference.reference")[len("Group/"):] {
			t.Errorf("%v", g.V)
		}
		c.Get("r4/Group/070707083").Want(map[string]string{"active": "false", "quantity": "1"})
	})
}

func TestPeopleAreFound(t *testing.T) {
	inOffices(t, func(t *testing.T, o *fhirOffice) {
		c := o.as(auth.Scope{All: true})
		for _, x := range []struct{ search, kind, want string }{
			{"r4/Patient", "Code", "070707081 070707082 070707083"},
			{"r4/Patient?identifier=070707082", "Code", "070707082"},
			{"r4/Patient?identifier=SB|070707082", "Code", "070707082"},
			{"r4/Patient?name=bo", "Code", "070707082"},
			{"r4/Patient?family=doe&given=ann", "Code", "070707081"},
			{"r4/Patient?gender=male", "Code", "070707082"},
			{"r4/Patient?birthdate=gt2000", "Code", "070707082"},
			{"r4/Patient?phone=%2B41%201", "Code", "070707081"},
			{"r4/Patient?general-practitioner=HF", "Code", "070707081"},
			{"r4/Patient?claimDateFrom=2026-11-23", "Code", "070707082"},
			{"r4/Patient?claimDateFrom=2026-11-24", "Code", ""},
			{"r4/Patient?refDate=2026-11-24", "Code", ""},
			{"r4/Group?member=070707082", "Code", "070707081"},
			{"r4/Group?member.given=bob", "Code", "070707081"},
			{"r4/Group?identifier=070707083", "Code", "070707083"},
			{"r4/Group?type=person&actual=true", "Code", "070707081 070707083"},
			{"stu3/Patient/?identifier=070707082", "SB", "070707082"},
			{"stu3/Patient/?claimDateFrom=23-11-2026", "SB", "070707082"},
			{"stu3/Patient/?claimDateFrom=24-11-2026", "SB", ""},
		} {
			if got := c.Get(x.search).Codes(x.kind); got != x.want {
				t.Errorf("%s = %q, want %q", x.search, got, x.want)
			}
		}
		if got := c.Get("r4/Group?_include=Group:member&identifier=070707081").Text("entry.2.resource.name.0.given.0"); got != "Bob" {
			t.Errorf("the member is %q", got)
		}
	})
}

// A page takes as many statements for one row as for all.
func TestStatementsOfPeople(t *testing.T) {
	inOffices(t, func(t *testing.T, o *fhirOffice) {
		for path, want := range map[string]int{"r4/Patient/070707081": 2, "r4/Patient?_count=1&_total=none": 3, "r4/Patient?_count=2&_total=none": 3,
			"r4/Group/070707081": 3, "r4/Group?_total=none": 4, "stu3/Patient?_count=1&_total=none": 3} {
			c := o.as(o.here())
			c.Get(path)
			if n := c.Counter.Statements(); n != want {
				t.Errorf("%s: %d statements, want %d", path, n, want)
			}
			c.Get(path) // places are known for a moment
			if n := c.Counter.Statements(); n != want-1 {
				t.Errorf("%s again: %d statements, want %d", path, n, want-1)
			}
		}
	})
}

// Bob is seen from both districts: for now, Bob lives in the other one.
func TestPeopleOfOtherDistrictsAreNotFound(t *testing.T) {
	inOffices(t, func(t *testing.T, o *fhirOffice) {
		c := o.as(o.here())
		if got := c.Get("r4/Patient").Codes("Code"); got != "070707081 070707082" {
			t.Errorf("%q", got)
		}
		if got := c.Get("r4/Group").Codes("Code"); got != "070707081" {
			t.Errorf("%q", got)
		}
		for _, path := range []string{"r4/Patient/070707083", "r4/Patient/070707083/_history", "r4/Group/070707083", "stu3/Patient/070707083"} {
			c.Send(http.MethodGet, path, nil, http.StatusNotFound)
		}
		for path, right := range map[string]int{"r4/Patient": 101101, "r4/Group": 101001, "stu3/Patient/070707081": 101101} {
			o.as(o.here(), right).Send(http.MethodGet, path, nil, http.StatusForbidden)
		}
	})
}

// Names of places are remembered for a moment, but not longer than until this process changes one.
func TestPlacesThatChangeAreReadAnew(t *testing.T) {
	inOffices(t, func(t *testing.T, o *fhirOffice) {
		c := o.as(auth.Scope{All: true})
		for _, name := range []string{"Before", "After"} {
			o.write(func(ctx context.Context, tx *db.Tx) error {
				_, err := tx.Update(ctx, "tblLocations", o.village, db.Values{"LocationName": name})
				return err
			})
			c.Get("r4/Patient/070707081").Want(map[string]string{"address.0.city": name})
		}
	})
}
