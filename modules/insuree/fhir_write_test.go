package insuree_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/openimis/openimis-be-go/internal/auth"
	"github.com/openimis/openimis-be-go/internal/db"
	"github.com/openimis/openimis-be-go/internal/testing/dbtest"
	"github.com/openimis/openimis-be-go/internal/testing/fhirsession"
	apifhir "github.com/openimis/openimis-be-go/modules/api_fhir"
)

type object = fhirsession.Object

const guide = apifhir.Base

var coded, extension, concept = fhirsession.Coded, fhirsession.Extension, fhirsession.Concept

func written(t *testing.T, fn func(t *testing.T, o *fhirOffice)) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) { fn(t, populated(t, d)) })
}

// livesIn is an address with a reference to a village.
func (o *fhirOffice) livesIn(village int, use, text string) object {
	return object{"use": use, "type": "physical", "text": text, "city": "V", "district": "D", "state": "R", "extension": []object{
		extension("address-municipality", "String", "W"), extension("address-location-reference", "Reference", object{"reference": fmt.Sprintf("Location/%d", village)})}}
}

// patient is a body as the enrolment clients send it.
func (o *fhirOffice) patient(number string, extensions ...object) object {
	return object{"resourceType": "Patient", "identifier": []object{coded("Code", number)}, "name": []object{{"use": "usual", "family": "Roe", "given": []string{"Dan"}}},
		"gender": "female", "birthDate": "1990-02-03", "address": []object{o.livesIn(o.village, "home", "Hill 3")}, "extension": extensions}
}

func (o *fhirOffice) member(family string) object {
	return extension("patient-group-reference", "Reference", object{"reference": "Group/" + family})
}

func isHead(yes bool) object { return extension("patient-is-head", "Boolean", yes) }

func TestPatientsAreRegistered(t *testing.T) {
	written(t, func(t *testing.T, o *fhirOffice) {
		c := o.as(o.here())
		body := o.patient("900000001", isHead(true), extension("patient-card-issued", "Boolean", true), extension("patient-profession", "CodeableConcept", concept("CodeSystem/patient-profession", "3")),
			extension("patient-education-level", "CodeableConcept", concept("CodeSystem/patient-education-level", "2")),
			object{"url": guide + "/StructureDefinition/patient-identification", "extension": []object{{"url": "number", "valueString": "P-9"}, {"url": "type", "valueCodeableConcept": concept("", "P")}}})
		body["maritalStatus"] = concept("http://hl7.org/fhir/valueset-marital-status.html", "D")
		body["telecom"] = []object{{"system": "phone", "use": "home", "value": "+41 2"}, {"system": "email", "value": "d@example.org"}}
		body["generalPractitioner"] = []object{{"type": "Organization", "identifier": coded("Code", "HF")}}
		head := c.Send("POST", "r4/Patient/", body, http.StatusCreated)
		head.Want(map[string]string{
			"name.0.family": "Roe", "gender": "female", "birthDate": "1990-02-03", "maritalStatus.coding.0.code": "D", "telecom.1.value": "d@example.org",
			"address.0.use": "home", "address.0.text": "Hill 3", "extension.~patient-is-head.valueBoolean": "true", "extension.~patient-card-issued.valueBoolean": "true",
			"extension.~patient-profession.valueCodeableConcept.coding.0.code": "3", "extension.~patient-identification.extension.~number.valueString": "P-9",
			"generalPractitioner.0.display": "HF", "extension.~patient-group-reference.valueReference.display": "900000001",
		})
		if got := c.Last.Header().Get("Location"); !strings.HasSuffix(got, "/Patient/"+head.Text("id")+"/_history/"+head.Text("meta.versionId")) {
			t.Errorf("Location: %s", got)
		}
		family := strings.TrimPrefix(head.Text("extension.~patient-group-reference.valueReference.reference"), "Group/")
		child := o.patient("900000002", isHead(false), o.member(family))
		child["contact"] = []object{{"relationship": []object{{"text": "child"}}, "name": object{"family": "Roe"}}}
		child["address"] = []object{o.livesIn(o.abroad, "temp", "School 1")}
		c.Send("POST", "r4/Patient", child, http.StatusCreated).Want(map[string]string{"contact.0.relationship.0.coding.0.code": "4", "contact.0.name.given.0": "Dan",
			"address.0.use": "temp", "address.0.text": "School 1"})
		c.Get("r4/Group/" + family).Want(map[string]string{"quantity": "2", "member.1.entity.display": "900000002"})
		c.Send("POST", "r4/Patient", o.patient("900000003", o.member("900000001")), http.StatusCreated).Want(map[string]string{"address.0.use": "home", "address.1": ""})
	})
}

// What is wrong is named with its place, everything at once, in the words of upstream; and nothing is written.
func TestPatientsThatAreRefused(t *testing.T) {
	written(t, func(t *testing.T, o *fhirOffice) {
		c := o.as(o.here())
		change := func(number string, extensions []object, edit func(object)) object {
			body := o.patient(number, extensions...)
			if edit != nil {
				edit(body)
			}
			return body
		}
		for name, x := range map[string]struct {
			body       object
			path, text string
		}{
			"number taken":   {o.patient("070707081", o.member("070707081")), "Patient.identifier", "Exists patient with following chfid `070707081`"},
			"head of family": {o.patient("1", isHead(true), o.member("070707081")), "Patient.extension('patient-is-head')", "Patient assigned to existing family can't be head"},
			"neither":        {o.patient("1"), "Patient.extension('patient-is-head')", "At least one extension with is_head is required"},
			"no family":      {o.patient("1", isHead(false)), "Patient.extension('patient-group-reference')", "patient-group-reference"},
			"other family":   {o.patient("1", o.member("070707083")), "Patient.extension('patient-group-reference')", "there is no Group 070707083"},
			"nothing": {object{"resourceType": "Patient"}, "Patient.identifier", "The request cannot be processed due to the following issues:\nPatient code not provided.,\n" +
				"Missing patient `name` attribute,\nMissing patient `birthDate` attribute,\nAt least one extension with is_head is required"},
			"no given name": {change("1", []object{o.member("070707081")}, func(b object) { b["name"] = []object{{"family": "Roe"}} }), "Patient.name.given", "Missing patient given name"},
			"half a date":   {change("1", []object{o.member("070707081")}, func(b object) { b["birthDate"] = "1990-02" }), "Patient.birthDate", "a whole date"},
			"the future":    {change("1", []object{o.member("070707081")}, func(b object) { b["birthDate"] = "2030-01-01" }), "Patient.birthDate", "in the future"},
			"marital":       {change("1", []object{o.member("070707081")}, func(b object) { b["maritalStatus"] = concept("", "P") }), "Patient.maritalStatus", "allowed"},
			"photo":         {change("1", []object{o.member("070707081")}, func(b object) { b["photo"] = []object{{"data": "AAAA"}} }), "Patient.photo[0].data", "Photos are not taken"},
			"profession":    {o.patient("1", o.member("070707081"), extension("patient-profession", "CodeableConcept", concept("", "99"))), "Patient.extension('patient-profession')", "99"},
			"relation": {change("1", []object{o.member("070707081")}, func(b object) { b["contact"] = []object{{"relationship": []object{{"text": "neighbour"}}}} }),
				"Patient.contact[0].relationship", "neighbour"},
			"village abroad": {change("1", []object{isHead(true)}, func(b object) { b["address"] = []object{o.livesIn(o.abroad, "home", "")} }), "Patient.address", "a village in your districts"},
			"a district":     {change("1", []object{isHead(true)}, func(b object) { b["address"] = []object{o.livesIn(o.district, "home", "")} }), "Patient.address", "a village in your districts"},
		} {
			got := c.Send("POST", "r4/Patient", x.body, http.StatusBadRequest)
			if path, text := got.Text("issue.0.expression.0"), got.Text("issue.0.details.text"); path != x.path || !strings.Contains(text, x.text) {
				t.Errorf("%s: %q, %q", name, path, text)
			}
		}
		if got := o.as(auth.Scope{All: true}).Get("r4/Patient").Codes("Code"); got != "070707081 070707082 070707083" {
			t.Errorf("written: %s", got)
		}
	})
}

// What is read can be sent back and changes nothing; the row that was is history.
func TestReadingAndSendingBackChangesNothing(t *testing.T) {
	written(t, func(t *testing.T, o *fhirOffice) {
		c := o.as(auth.Scope{All: true})
		for _, path := range []string{"r4/Patient/070707081", "r4/Patient/070707082", "r4/Patient/070707083", "r4/Group/070707081", "stu3/Patient/070707082"} {
			before := c.Get(path)
			c.Send("PUT", path, before.V, http.StatusOK)
			after := c.Get(path)
			for _, a := range []fhirsession.Answer{before, after} {
				delete(a.V.(object), "meta")
			}
			for k := range before.V.(object) {
				if fmt.Sprint(before.At(k)) != fmt.Sprint(after.At(k)) && k != "extension" {
					t.Errorf("%s.%s: %v\nwas %v", path, k, after.At(k), before.At(k))
				}
			}
		}
		c.Get("r4/Patient/070707082/_history").Want(map[string]string{"total": "3"})
		c.Get("r4/Group/070707081/_history").Want(map[string]string{"total": "1"}) // nothing changed
		bob := c.Get("r4/Patient/070707082")
		bob.Want(map[string]string{"extension.~patient-is-head.valueBoolean": "false", "contact.0.relationship.0.coding.0.code": "4"})
		c.Get("stu3/Patient/070707082").Want(map[string]string{"address.1.text": "1.5 2.5"})
	})
}

func TestPatientsAreChangedAndDeleted(t *testing.T) {
	written(t, func(t *testing.T, o *fhirOffice) {
		c := o.as(auth.Scope{All: true})
		c.Send("PATCH", "r4/Patient/070707082", `{"telecom":[{"system":"phone","value":"+41 9"}],"gender":"other"}`, http.StatusBadRequest) // the list of genders has no O
		c.Send("PATCH", "r4/Patient/070707082", `{"telecom":[{"system":"phone","value":"+41 9"}]}`, http.StatusOK).Want(map[string]string{"telecom.0.value": "+41 9", "name.0.given.0": "Bob"})
		history := c.Get("r4/Patient/070707082/_history")
		history.Want(map[string]string{"total": "2", "entry.0.resource.telecom.0.value": "+41 9", "entry.1.resource.telecom": ""})
		c.Get("r4/Patient/070707082/_history/" + history.Text("entry.1.resource.meta.versionId")).Want(map[string]string{"telecom": ""})

		moved := c.Get("r4/Patient/070707082").V.(object)
		moved["extension"] = []object{isHead(false), o.member("070707083")}
		c.Send("PUT", "r4/Patient/070707082", moved, http.StatusOK).Want(map[string]string{"extension.~patient-group-reference.valueReference.display": "070707083"})
		moved["extension"] = []object{isHead(true)}
		c.Send("PUT", "r4/Patient/070707082", moved, http.StatusOK).Want(map[string]string{"extension.~patient-is-head.valueBoolean": "true",
			"extension.~patient-group-reference.valueReference.display": "070707082"})
		c.Send("PATCH", "r4/Patient/070707082", object{"extension": []object{isHead(false)}}, http.StatusBadRequest)
		c.Send("DELETE", "r4/Patient/070707082", nil, http.StatusConflict) // the head
		c.Send("DELETE", "r4/Patient/070707083", nil, http.StatusNoContent)
		if c.Send("GET", "r4/Patient/070707083", nil, http.StatusNotFound); c.Get("r4/Patient?_summary=count").Text("total") != "2" {
			t.Error("a deleted patient counts")
		}
	})
}

func TestGroupsAreWritten(t *testing.T) {
	written(t, func(t *testing.T, o *fhirOffice) {
		c := o.as(auth.Scope{All: true})
		address := o.livesIn(o.village, "home", "New Road 7")
		body := object{"resourceType": "Group", "type": "Person", "actual": "true", "identifier": []object{coded("Code", "invented")}, "name": "x",
			"extension": []object{{"url": guide + "StructureDefinition/group-address", "valueAddress": address}, extension("group-poverty-status", "Boolean", false),
				extension("group-type", "CodeableConcept", concept("CodeSystem/group-type", "H")),
				{"url": guide + "StructureDefinition/group-confirmation", "extension": []object{{"url": "number", "valueString": "7"}, {"url": "type", "valueCodeableConcept": concept("", "A")}}}},
			"member": []object{{"entity": object{"reference": "Patient/070707082"}}, {"entity": object{"type": "Patient", "identifier": coded("Code", "070707083")}}}}
		g := c.Send("POST", "r4/Group/", body, http.StatusCreated)
		g.Want(map[string]string{"quantity": "2", "member.0.entity.display": "070707082", "type": "person", "extension.~group-address.valueAddress.text": "New Road 7",
			"extension.~group-confirmation.extension.~number.valueString": "7", "extension.~group-poverty-status.valueBoolean": "false"})
		if g.Code("Code") != "070707082" {
			t.Errorf("the code is %s", g.Code("Code"))
		}
		c.Get("r4/Group/070707081").Want(map[string]string{"quantity": "1"})
		c.Send("GET", "r4/Group/070707083", nil, http.StatusNotFound) // its last member left

		id := "r4/Group/" + g.Text("id")
		c.Send("PATCH", id+"/", `{"resourceType":"Group"}`, http.StatusOK).Want(map[string]string{"quantity": "2", "extension.~group-type.valueCodeableConcept.coding.0.code": "H"})
		c.Send("PATCH", id, object{"identifier": []object{coded("Code", "070707083")}}, http.StatusOK).Want(map[string]string{"member.0.entity.display": "070707083", "name": "Doe"})
		delete(body, "member")
		body["identifier"] = []object{coded("Code", "070707083")}
		body["extension"] = []object{{"url": guide + "StructureDefinition/group-address", "valueAddress": o.livesIn(o.abroad, "home", "Far 1")}}
		c.Send("PUT", id, body, http.StatusOK).Want(map[string]string{"extension.~group-address.valueAddress.text": "Far 1", "extension.~group-type.url": "", "quantity": "2"})
		c.Get(id + "/_history").Want(map[string]string{"total": "3"})
		for text, b := range map[string]object{
			"not the insurance number of a member": {"identifier": []object{coded("Code", "070707081")}},
			"is a member":                          {"member": []object{{"entity": object{"reference": "Patient/070707083"}}}},
			"there is no Patient none":             {"member": []object{{"entity": object{"reference": "Patient/none"}}}},
			"this field is obligatory":             {"identifier": nil},
		} {
			if got := c.Send("PATCH", id, b, http.StatusBadRequest).Text("issue.0.details.text"); !strings.Contains(got, text) {
				t.Errorf("%s: %s", text, got)
			}
		}
		c.Send("DELETE", id, nil, http.StatusNoContent)
		c.Send("GET", "r4/Patient/070707083", nil, http.StatusNotFound)
		delete(body, "extension")
		body["identifier"] = []object{coded("Code", "nobody")}
		got := c.Send("POST", "r4/Group", body, http.StatusBadRequest)
		if text := got.Text("issue.0.details.text"); !strings.Contains(text, "group `address`") || !strings.Contains(text, "nobody") {
			t.Error(text)
		}
	})
}

func TestSTU3PatientsAreWritten(t *testing.T) {
	written(t, func(t *testing.T, o *fhirOffice) {
		o.write(func(ctx context.Context, tx *db.Tx) error {
			_, err := tx.Update(ctx, "tblLocations", o.village, db.Values{"LocationCode": "V1"})
			return err
		})
		c := o.as(auth.Scope{All: true})
		system := "https://hl7.org/fhir/valueset-identifier-type.html"
		body := object{"resourceType": "Patient", "identifier": []object{{"use": "usual", "type": concept(system, "SB"), "value": "900000009"}, {"type": concept(system, "PPN"), "value": "PP"}},
			"name": []object{{"use": "usual", "family": "Poe", "given": []string{"Eli"}}}, "birthDate": "1980-01-01", "gender": "male", "careType": "x",
			"address":   []object{{"type": "physical", "use": "home", "text": "Here"}, {"type": "both", "use": "home", "text": "1 2"}},
			"extension": []object{{"url": "https://openimis.atlassian.net/wiki/spaces/OP/pages/960495619/FHIR+extension+Location", "valueString": "V1"}}}
		c.Send("POST", "stu3/Patient/", body, http.StatusCreated).Want(map[string]string{"identifier.1.value": "900000009", "identifier.2.value": "PP", "address.1.text": "1 2",
			"extension.~isHead.valueBoolean": "true", "extension.~extension+Location.valueString": "V1"})
		body["name"] = []object{{"family": "Poe", "given": []string{"Elias"}}}
		c.Send("PUT", "stu3/Patient/900000009", body, http.StatusOK).Want(map[string]string{"name.0.given.0": "Elias"})
		delete(body, "extension")
		body["identifier"] = []object{{"type": concept(system, "SB"), "value": "900000010"}}
		if got := c.Send("POST", "stu3/Patient", body, http.StatusBadRequest).Text("issue.0.details.text"); !strings.Contains(got, "village") {
			t.Error(got)
		}
		body["identifier"] = []object{{"type": concept(system, "SB"), "value": "070707081"}}
		if got := c.Send("PUT", "stu3/Patient/900000009", body, http.StatusBadRequest).Text("issue.0.details.text"); got != "Exists patient with following chfid `070707081`" {
			t.Error(got)
		}
		c.Send("DELETE", "stu3/Patient/070707082", nil, http.StatusNoContent)
	})
}

// Every interaction needs its right, and people of other districts are not found.
func TestWhoWritesPeople(t *testing.T) {
	written(t, func(t *testing.T, o *fhirOffice) {
		group := object{"resourceType": "Group"}
		for _, x := range []struct {
			method, path string
			body         any
			right        int
		}{
			{"POST", "r4/Patient", o.patient("1", o.member("070707081")), 101102}, {"POST", "r4/Patient", o.patient("1", isHead(true)), 101002},
			{"PUT", "r4/Patient/070707083", o.patient("070707083"), 101103}, {"DELETE", "r4/Patient/070707083", nil, 101104},
			{"POST", "r4/Group", group, 101002}, {"PUT", "r4/Group/070707083", group, 101003}, {"PATCH", "r4/Group/070707083", group, 101003},
			{"DELETE", "r4/Group/070707083", nil, 101004}, {"DELETE", "r4/Group/070707081", nil, 101104},
			{"POST", "stu3/Patient", o.patient("1"), 101102}, {"PUT", "stu3/Patient/070707083", o.patient("070707083"), 101103}, {"DELETE", "stu3/Patient/070707083", nil, 101104},
		} {
			o.as(auth.Scope{All: true}, x.right).Send(x.method, x.path, x.body, http.StatusForbidden)
			if strings.HasSuffix(x.path, "083") {
				o.as(o.here()).Send(x.method, x.path, x.body, http.StatusNotFound)
			}
		}
	})
}
