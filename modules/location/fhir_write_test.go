package location_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/openimis/openimis-be-go/internal/auth"
	"github.com/openimis/openimis-be-go/internal/clock"
	"github.com/openimis/openimis-be-go/internal/db"
	"github.com/openimis/openimis-be-go/internal/testing/dbtest"
	"github.com/openimis/openimis-be-go/internal/testing/fhirsession"
	"github.com/openimis/openimis-be-go/modules"
	apifhir "github.com/openimis/openimis-be-go/modules/api_fhir"
	"github.com/openimis/openimis-be-go/modules/location"
)

type object = fhirsession.Object

var coded, extension, concept, reference = fhirsession.Coded, fhirsession.Extension, fhirsession.Concept, fhirsession.Reference

// everyRight is all that may be done with territory and those who work there.
var everyRight = []int{121902, 121903, 121904, 121905, 121102, 121103, 121104, 121602, 121603, 121604, 121502, 121503, 121504}

// writes signs somebody in who has a scope and rights.
func (w *world) writes(t testing.TB, scope auth.Scope, rights ...int) *fhirsession.Session {
	t.Helper()
	who := &auth.Principal{Username: "clerk", Person: &auth.Person{ID: 7}, Rights: map[int]bool{}, Scope: scope}
	for _, r := range rights {
		who.Rights[r] = true
	}
	return fhirsession.New(t, w.d, clock.Fixed(now.Add(time.Hour)), who, location.New(&modules.App{DB: w.d, Clock: clock.Fixed(now)}).Resources()...)
}

// inFirst is somebody who works in the first district.
func (w *world) inFirst() auth.Scope { return auth.Scope{Districts: w.districts[:1]} }

func (w *world) count(t *testing.T, table, where string, args ...any) (n int) {
	t.Helper()
	if err := w.d.Get(t.Context(), &n, `SELECT COUNT(*) FROM "`+table+`" AS x WHERE `+where, args...); err != nil {
		t.Fatal(err)
	}
	return n
}

func territory(code, kind, in string) object {
	l := object{"resourceType": "Location", "identifier": []object{coded("Code", code)}, "name": "New " + code, "status": "active", "mode": "instance",
		"physicalType": concept(apifhir.CodeSystem("location-type"), kind)}
	if in != "" {
		l["partOf"] = reference("Location/" + in)
	}
	return l
}

func TestPlacesAreWritten(t *testing.T) {
	everywhere(t, func(t *testing.T, w *world) {
		c := w.writes(t, everything, everyRight...)
		region := c.Send("POST", "r4/Location/", territory("R9", "R", ""), http.StatusCreated)
		region.Want(map[string]string{"name": "New R9", "physicalType.coding.0.code": "R", "partOf": "", "status": "active"})
		district := c.Send("POST", "r4/Location", territory("D9", "D", region.Text("id")), http.StatusCreated)
		c.Send("POST", "r4/Location", territory("W9", "W", "D9"), http.StatusCreated).Want(map[string]string{"partOf.display": "D9"})
		logical := territory("V9", "V", "")
		logical["partOf"] = object{"type": "Location", "identifier": coded("LC", "W9")}
		logical["identifier"] = []object{coded("LC", "V9")}
		village := c.Send("POST", "r4/Location", logical, http.StatusCreated)
		village.Want(map[string]string{"partOf.display": "W9", "name": "New V9", "physicalType.coding.0.code": "V"})
		if n := w.count(t, "tblUsersDistricts", `x."UserID" = ? AND x."ValidityTo" IS NULL`, 7); n != 1 {
			t.Errorf("who enters a district works in %d", n)
		}
		if n := w.count(t, "tblLocations", `x."LocationCode" = 'V9' AND x."AuditUserId" = 7`); n != 1 {
			t.Errorf("%d rows are signed", n)
		}

		id := "r4/Location/" + village.Text("id")
		c.Send("PUT", id, c.Get(id).V, http.StatusOK)
		c.Get(id + "/_history").Want(map[string]string{"total": "1"})
		c.Send("PATCH", id, object{"name": "Renamed"}, http.StatusOK).Want(map[string]string{"name": "Renamed", "partOf.display": "W9"})
		c.Get("r4/Location?name=Renamed").Want(map[string]string{"total": "1"})
		moved := territory("V10", "V", "W000")
		c.Send("PUT", id, moved, http.StatusOK).Want(map[string]string{"partOf.display": "W000", "name": "New V10"})
		delete(moved, "partOf") // stays where it is
		c.Send("PUT", id, moved, http.StatusOK).Want(map[string]string{"partOf.display": "W000"})
		c.Get(id + "/_history").Want(map[string]string{"total": "3", "entry.2.resource.name": "New V9", "entry.2.resource.partOf.display": "W9"})
		c.Send("POST", "r4/Location", territory("V10", "V", "W000"), http.StatusOK, "If-None-Exist", "identifier=V10")

		c.Send("DELETE", "r4/Location/"+district.Text("id"), nil, http.StatusConflict) // the ward
		c.Send("DELETE", "r4/Location/W9", nil, http.StatusNoContent)
		c.Send("DELETE", "r4/Location/"+district.Text("id"), nil, http.StatusNoContent)
		c.Send("GET", "r4/Location/D9", nil, http.StatusNotFound)
		if n := w.count(t, "tblUsersDistricts", `x."UserID" = ? AND x."ValidityTo" IS NULL`, 7); n != 0 {
			t.Errorf("somebody works in %d districts that are no more", n)
		}
		c.Send("DELETE", "r4/Location/"+w.id(t, c, "Location/D000"), nil, http.StatusConflict)
	})
}

// id is the id of what a path finds.
func (w *world) id(t *testing.T, c *fhirsession.Session, path string) string {
	return c.Get("r4/" + path).Text("id")
}

func TestPlacesThatAreRefused(t *testing.T) {
	everywhere(t, func(t *testing.T, w *world) {
		c := w.writes(t, everything, everyRight...)
		with := func(base object, member string, value any) object { base[member] = value; return base }
		const l = "Location."
		for name, x := range map[string]struct {
			body       object
			path, text string
		}{
			"taken":                   {territory("v000", "V", "W000"), l + "identifier", "another location with the code v000"},
			"long code":               {territory("TOOLONG99", "V", "W000"), l + "identifier", "at most 8"},
			"long name":               {with(territory("N1", "V", "W000"), "name", strings.Repeat("x", 51)), l + "name", "at most 50"},
			"no code":                 {with(territory("N1", "V", "W000"), "identifier", nil), l + "identifier", "Missing location code"},
			"no name":                 {with(territory("N1", "V", "W000"), "name", nil), l + "name", "Missing location `name` attribute"},
			"no type":                 {with(territory("N1", "V", "W000"), "physicalType", nil), l + "physicalType", "Missing location physical type"},
			"a building":              {territory("N1", "bu", "W000"), l + "physicalType", "allowed codes are: R, D, W, V"},
			"a site":                  {territory("N1", "si", "D000"), l + "physicalType", "written as Organization"},
			"a village in a district": {territory("N1", "V", "D000"), l + "partOf", "a village is part of a ward"},
			"a region in a region":    {territory("N1", "R", "R000"), l + "partOf", "part of nothing"},
			"a ward nowhere":          {territory("N1", "W", ""), l + "partOf", "a ward is part of a district"},
			"in nowhere":              {territory("N1", "W", "none"), l + "partOf", "there is no Location none"},
			"no reference":            {with(territory("N1", "W", ""), "partOf", reference("D000")), l + "partOf", "Invalid format of reference"},
			"inactive":                {with(territory("N1", "W", "D000"), "status", "inactive"), l + "status", "active"},
			"a kind":                  {with(territory("N1", "W", "D000"), "mode", "kind"), l + "mode", "instance"},
			"funding":                 {with(territory("FV", "V", "W000"), "name", "Funding"), l + "identifier", "FV"},
			"money":                   {territory("N1", "D", "FR"), l + "partOf", "FR"},
		} {
			t.Run(name, func(t *testing.T) {
				c.T = t
				c.Refused("POST", "r4/Location", x.body, http.StatusBadRequest, x.path, x.text)
			})
		}
		c.T = t
		c.Refused("PUT", "r4/Location/W000", territory("W000", "V", "W001"), http.StatusBadRequest, l+"physicalType", "stays one")
		c.Send("PUT", "r4/Location/none", territory("none", "V", "W001"), http.StatusNotFound)
		site := c.Get("r4/Location?physicalType=si&_count=1").Text("entry.0.resource.id")
		c.Send("DELETE", "r4/Location/"+site, nil, http.StatusConflict)
		c.Send("PUT", "r4/Location/"+site, c.Get("r4/Location/"+site).V, http.StatusConflict)
		c.Get("r4/Location").Want(map[string]string{"total": fmt.Sprint(len(w.live["Location"]))})
	})
}

// Who works in districts writes what lies there, and nothing else.
func TestPlacesOfOtherDistricts(t *testing.T) {
	everywhere(t, func(t *testing.T, w *world) {
		c := w.writes(t, w.inFirst(), everyRight...) // D000 in R000
		c.Send("POST", "r4/Location", territory("W9", "W", "D000"), http.StatusCreated)
		c.Send("POST", "r4/Location", territory("V9", "V", "W9"), http.StatusCreated)
		c.Send("POST", "r4/Location", territory("D9", "D", "R000"), http.StatusCreated)
		c.Send("PATCH", "r4/Location/V9", object{"name": "x"}, http.StatusOK)
		c.Send("DELETE", "r4/Location/V9", nil, http.StatusNoContent)
		const partOf = "Location.partOf"
		c.Send("POST", "r4/Location", territory("R9", "R", ""), http.StatusForbidden)
		c.Refused("POST", "r4/Location", territory("D8", "D", "R001"), http.StatusBadRequest, partOf, "no district")
		c.Refused("POST", "r4/Location", territory("W8", "W", "D001"), http.StatusBadRequest, partOf, "your districts")
		c.Refused("POST", "r4/Location", territory("V8", "V", "W005"), http.StatusBadRequest, partOf, "your districts")
		c.Refused("PUT", "r4/Location/W9", territory("W9", "W", "D001"), http.StatusBadRequest, partOf, "your districts")
		for _, code := range []string{"R000", "D001", "W005", "V030"} {
			c.Send("PATCH", "r4/Location/"+code, object{"name": "x"}, http.StatusForbidden)
			c.Send("DELETE", "r4/Location/"+code, nil, http.StatusForbidden)
		}
		w.writes(t, everything, 121903).Send("PUT", "r4/Location/W9", territory("W9", "W", "D001"), http.StatusForbidden) // moving is a right of its own
	})
}

func clinic(code, district string) object {
	return object{"resourceType": "Organization", "identifier": []object{coded("Code", code)}, "name": "New " + code, "type": []object{concept("", "prov")},
		"telecom": []object{{"system": "email", "value": "a@example.org"}, {"system": "phone", "value": "+41 1"}, {"system": "fax", "value": "+41 2"}},
		"address": []object{{"type": "physical", "line": []string{"1 Road"}, "extension": []object{extension("address-location-reference", "Reference", reference("Location/"+district))}}},
		"extension": []object{extension("organization-hf-legal-form", "CodeableConcept", concept("", "G")), extension("organization-hf-level", "CodeableConcept", concept("", "C")),
			extension("organization-hf-care-type", "CodeableConcept", concept("", "O"))}}
}

func TestFacilitiesAreWritten(t *testing.T) {
	everywhere(t, func(t *testing.T, w *world) {
		c := w.writes(t, everything, everyRight...)
		o := c.Send("POST", "r4/Organization/", clinic("HF9", "D001"), http.StatusCreated)
		told := map[string]string{"name": "New HF9", "telecom.0.value": "a@example.org", "telecom.1.value": "+41 1", "telecom.2.value": "+41 2", "address.0.line.0": "1 Road",
			"address.0.district": "District <1>", "address.0.extension.~address-location-reference.valueReference.display": "D001",
			"extension.~organization-hf-legal-form.valueCodeableConcept.coding.0.code": "G", "extension.~organization-hf-level.valueCodeableConcept.coding.0.code": "C",
			"extension.~organization-hf-care-type.valueCodeableConcept.coding.0.code": "O"}
		o.Want(told)
		id := "r4/Organization/" + o.Text("id")
		c.Send("PUT", id, c.Get(id).V, http.StatusOK).Want(told)
		c.Get(id + "/_history").Want(map[string]string{"total": "1"})
		c.Get("r4/Location/HF9").Want(map[string]string{"name": "New HF9", "partOf.display": "D001", "physicalType.coding.0.code": "si"})

		// What upstream writes: another name of the extension, a reference to the facility itself, and names.
		sic := clinic("HF8", "D001")
		sic["extension"].([]object)[0]["url"] = apifhir.StructureDefinition("organization-legal-form")
		sic["extension"].([]object)[1]["url"] = apifhir.Base + "/StructureDefinition/organization-hf-level"
		sic["address"] = []object{{"line": []string{"x"}, "district": "district <5>", "state": "Region <1>",
			"extension": []object{extension("address-location-reference", "Reference", reference("Organization/HF8"))}}}
		upstream := c.Send("POST", "r4/Organization", sic, http.StatusCreated)
		upstream.Want(map[string]string{"address.0.district": "District <5>", "address.0.state": "Region <1>"})
		delete(sic["address"].([]object)[0], "district")
		c.Send("PUT", "r4/Organization/HF8", sic, http.StatusOK).Want(map[string]string{"address.0.district": "District <5>"})

		c.Send("PATCH", id, object{"telecom": []object{{"system": "phone", "value": "+41 9"}}}, http.StatusOK).Want(map[string]string{"telecom.0.value": "+41 9", "telecom.1": "", "address.0.line.0": "1 Road"})
		c.Send("PUT", id, clinic("HF10", "D002"), http.StatusOK).Want(map[string]string{"address.0.district": "District <2>", "name": "New HF10"})
		c.Get(id + "/_history").Want(map[string]string{"total": "3", "entry.2.resource.name": "New HF9"})
		c.Send("DELETE", "r4/Organization/"+firstFacility, nil, http.StatusConflict) // claim administrators
		c.Send("DELETE", id, nil, http.StatusNoContent)
		c.Send("GET", id, nil, http.StatusNotFound)
		if n := w.count(t, "tblHF", `x."HFCode" = 'HF10' AND x."ValidityTo" IS NULL`); n != 0 {
			t.Error("the row is still current")
		}
	})
}

func TestFacilitiesThatAreRefused(t *testing.T) {
	everywhere(t, func(t *testing.T, w *world) {
		c := w.writes(t, w.inFirst(), everyRight...)
		with := func(member string, value any) object { o := clinic("N1", "D000"); o[member] = value; return o }
		extended := func(n int, code string) object {
			o := clinic("N1", "D000")
			o["extension"].([]object)[n]["valueCodeableConcept"] = concept("", code)
			return o
		}
		const o, ref = "Organization.", "Organization.address[0].extension('address-location-reference')"
		for name, x := range map[string]struct {
			body       object
			path, text string
		}{
			"taken":           {clinic("hf000", "D000"), o + "identifier", "another health facility with the code hf000"},
			"taken elsewhere": {clinic(lastFacility, "D000"), o + "identifier", "another health facility"},
			"long code":       {clinic("TOOLONG99", "D000"), o + "identifier", "at most 8"},
			"long name":       {with("name", strings.Repeat("x", 101)), o + "name", "at most 100"},
			"long phone":      {with("telecom", []object{{"system": "phone", "value": strings.Repeat("1", 51)}}), o + "telecom", "at most 50"},
			"two phones":      {with("telecom", []object{{"system": "phone", "value": "1"}, {"system": "phone", "value": "2"}}), o + "telecom", "More than one contact point of system phone"},
			"no code":         {with("identifier", nil), o + "identifier", "Missing HF Organization code"},
			"no name":         {with("name", nil), o + "name", "Missing HF Name"},
			"legal form":      {extended(0, "Z"), o + "extension('organization-hf-legal-form')", "Invalid HF legal form code, has to be one of"},
			"level":           {extended(1, "Z"), o + "extension('organization-hf-level')", "allowed: D, C, H"},
			"care":            {extended(2, "Z"), o + "extension('organization-hf-care-type')", "allowed: I, O, B"},
			"no extensions":   {with("extension", nil), o + "extension('organization-hf-legal-form')", "Extension with HF care type not found"},
			"no address":      {with("address", nil), o + "address", "address not found in the HealthFacility Organisation"},
			"two addresses":   {with("address", []object{{}, {}}), o + "address", "2 addresses"},
			"nowhere":         {with("address", []object{{"line": []string{"x"}}}), ref, "is missing"},
			"no such place":   {clinic("N1", "none"), "Organization.address[0].extension('address-location-reference')", "there is no Location none"},
			"no such name":    {with("address", []object{{"district": "x", "state": "y"}}), o + "address[0].district", "No matching location for district x, state y."},
			"a region":        {clinic("N1", "R000"), o + "address", "a district is expected"},
			"a village":       {clinic("N1", "V000"), o + "address", "a district is expected"},
			"other district":  {clinic("N1", "D001"), o + "address", "none of your districts"},
			"a policy holder": {with("type", []object{concept("", "bus")}), o + "type[0]", "prov"},
			"no text":         {with("name", "a\x00b"), o + "name", "U+0000"},
			"closed":          {with("active", false), o + "active", "deleted"},
		} {
			t.Run(name, func(t *testing.T) {
				c.T = t
				c.Refused("POST", "r4/Organization", x.body, http.StatusBadRequest, x.path, x.text)
			})
		}
		c.T = t
		c.Send("POST", "r4/Organization", clinic("N1", "D000"), http.StatusCreated)
		c.Refused("PUT", "r4/Organization/N1", clinic("N1", "D001"), http.StatusBadRequest, o+"address", "none of your districts")
		c.Send("PUT", "r4/Organization/"+lastFacility, clinic(lastFacility, "D000"), http.StatusNotFound)
		c.Send("DELETE", "r4/Organization/"+lastFacility, nil, http.StatusNotFound)
		if n := w.count(t, "tblHF", `x."ValidityTo" IS NULL`); n != 241 {
			t.Errorf("%d facilities, want 241", n)
		}
	})
}

func person(kind, code string, more ...object) object {
	p := object{"resourceType": "Practitioner", "identifier": []object{coded("Code", code)}, "name": []object{{"use": "usual", "family": "Roe", "given": []string{"Dan"}}},
		"birthDate": "1980-02-03", "telecom": []object{{"system": "phone", "value": "+41 1"}, {"system": "email", "value": "d@example.org"}}}
	if kind != "" {
		p["qualification"] = []object{{"code": concept("", kind)}}
	}
	for _, m := range more {
		for k, v := range m {
			p[k] = v
		}
	}
	return p
}

func role(kind, who string, more object) object {
	r := object{"resourceType": "PractitionerRole", "code": []object{concept("", kind)}, "practitioner": reference("Practitioner/" + who)}
	for k, v := range more {
		r[k] = v
	}
	return r
}

func TestPractitionersAreWritten(t *testing.T) {
	everywhere(t, func(t *testing.T, w *world) {
		c := w.writes(t, everything, everyRight...)
		for _, x := range []struct {
			kind, code string
			at, moved  object
			place      string
		}{
			{"CA", "CA9", object{"organization": reference("Organization/HF001")}, object{"organization": reference("Organization/HF002")}, "organization.display"},
			{"EO", "EO9", object{"location": []object{reference("Location/D001")}}, object{"location": []object{reference("Location/D002")}}, "location.0.display"},
		} {
			p := c.Send("POST", "r4/Practitioner/", person(x.kind, x.code), http.StatusCreated)
			told := map[string]string{"name.0.family": "Roe", "name.0.given.0": "Dan", "birthDate": "1980-02-03", "telecom.0.value": "+41 1", "telecom.1.value": "d@example.org",
				"qualification.0.code.coding.0.code": x.kind}
			p.Want(told)
			id := p.Text("id")
			c.Send("GET", "r4/PractitionerRole/"+id, nil, http.StatusNotFound)
			c.Send("PUT", "r4/Practitioner/"+id, c.Get("r4/Practitioner/"+id).V, http.StatusOK).Want(told)
			c.Get("r4/Practitioner/" + id + "/_history").Want(map[string]string{"total": "1"})

			r := c.Send("POST", "r4/PractitionerRole", role(x.kind, id, x.at), http.StatusCreated)
			r.Want(map[string]string{"id": id, x.place: map[string]string{"CA": "HF001", "EO": "D001"}[x.kind], "telecom.0.value": "+41 1"})
			c.Send("PUT", "r4/PractitionerRole/"+id, c.Get("r4/PractitionerRole/"+id).V, http.StatusOK)
			c.Send("PUT", "r4/PractitionerRole/"+id, role(x.kind, x.code, x.moved), http.StatusOK).Want(map[string]string{x.place: map[string]string{"CA": "HF002", "EO": "D002"}[x.kind]})
			c.Send("PATCH", "r4/Practitioner/"+id, object{"birthDate": nil, "telecom": []object{{"system": "phone", "value": "+41 9"}}}, http.StatusOK).
				Want(map[string]string{"birthDate": "", "telecom.0.value": "+41 9", "telecom.1": "", "name.0.family": "Roe"})
			c.Get("r4/Practitioner/" + id + "/_history").Want(map[string]string{"total": "4"})
			c.Refused("POST", "r4/Practitioner", person(x.kind, strings.ToLower(x.code)), http.StatusBadRequest, "Practitioner.identifier", "Exists practitioner with following code")
			c.Send("POST", "r4/Practitioner", person(x.kind, x.code), http.StatusOK, "If-None-Exist", "identifier="+x.code)

			c.Send("DELETE", "r4/PractitionerRole/"+id, nil, http.StatusNoContent)
			c.Send("GET", "r4/PractitionerRole/"+id, nil, http.StatusNotFound)
			c.Get("r4/Practitioner/" + id).Want(map[string]string{"extension": ""})
			c.Send("DELETE", "r4/Practitioner/"+id, nil, http.StatusNoContent)
			c.Send("GET", "r4/Practitioner/"+id, nil, http.StatusNotFound)
		}
		// The facility of an administrator, also by the extension that mobile applications read.
		p := c.Send("POST", "r4/Practitioner", person("CA", "CA8", object{"extension": []object{extension("reference", "Reference", reference("Organization/HF003"))}}), http.StatusCreated)
		p.Want(map[string]string{"extension.~reference.valueReference.display": "HF003"})
		c.Get("r4/PractitionerRole/CA8").Want(map[string]string{"organization.display": "HF003"})
		c.Send("PUT", "r4/Practitioner/CA8", person("", "CA8"), http.StatusOK).Want(map[string]string{"extension.~reference.valueReference.display": "HF003"})
		// Who stands in.
		c.Send("POST", "r4/Practitioner", person("EO", "E1"), http.StatusCreated)
		c.Send("POST", "r4/Practitioner", person("EO", "E2"), http.StatusCreated)
		c.Send("POST", "r4/PractitionerRole", role("EO", "E1", object{"location": []object{reference("Location/D000")}}), http.StatusCreated)
		c.Send("POST", "r4/PractitionerRole", role("EO", "E2", object{"location": []object{reference("Location/D000")},
			"extension": []object{extension("practitioner-role-substitution-reference", "Reference", reference("Practitioner/E1"))}}), http.StatusCreated).
			Want(map[string]string{"extension.~substitution-reference.valueReference.display": "E1"})
		// Both at once, in a transaction.
		c.Send("POST", "r4", object{"resourceType": "Bundle", "type": "transaction", "entry": []object{
			{"fullUrl": "urn:uuid:6f1c1d8e-5a53-4b0e-9a56-000000000001", "resource": person("EO", "E3"), "request": object{"method": "POST", "url": "Practitioner"}},
			{"resource": object{"resourceType": "PractitionerRole", "code": []object{concept("", "EO")}, "practitioner": reference("urn:uuid:6f1c1d8e-5a53-4b0e-9a56-000000000001"),
				"location": []object{reference("Location/D003")}}, "request": object{"method": "POST", "url": "PractitionerRole"}},
		}}, http.StatusOK)
		c.Get("r4/PractitionerRole/E3").Want(map[string]string{"location.0.display": "D003"})
	})
}

func TestPractitionersThatAreRefused(t *testing.T) {
	everywhere(t, func(t *testing.T, w *world) {
		c := w.writes(t, w.inFirst(), everyRight...)
		c.Send("POST", "r4/Practitioner", person("EO", "EO1"), http.StatusCreated)
		before := w.count(t, "tblClaimAdmin", `1 = 1`) + w.count(t, "tblOfficer", `1 = 1`)
		const p, r = "Practitioner.", "PractitionerRole."
		for name, x := range map[string]struct {
			body       object
			path, text string
		}{
			"taken":        {person("EO", "eo1"), p + "identifier", "Exists practitioner with following code `eo1`"},
			"long code":    {person("CA", "TOOLONG99"), p + "identifier", "at most 8"},
			"no code":      {person("CA", "", object{"identifier": nil}), p + "identifier", "Missing the claim admin code"},
			"no kind":      {person("", "N1"), p + "qualification", "CA (claim administrator)"},
			"kind":         {person("XX", "N1"), p + "qualification", "XX"},
			"no name":      {person("CA", "N1", object{"name": nil}), p + "name.family", "family name"},
			"no given":     {person("EO", "N1", object{"name": []object{{"family": "x"}}}), p + "name.given", "given names"},
			"long name":    {person("CA", "N1", object{"name": []object{{"family": strings.Repeat("x", 101)}}}), p + "name.family", "at most 100"},
			"half a date":  {person("CA", "N1", object{"birthDate": "1990-01"}), p + "birthDate", "whole date"},
			"the future":   {person("CA", "N1", object{"birthDate": "2030-01-01"}), p + "birthDate", "future"},
			"gone":         {person("CA", "N1", object{"active": false}), p + "active", "deleted"},
			"elsewhere":    {person("CA", "N1", object{"extension": []object{extension("reference", "Reference", reference("Organization/"+lastFacility))}}), p + "extension('reference')", "there is no Organization"},
			"nobody":       {role("CA", "none", object{"organization": reference("Organization/HF001")}), r + "practitioner", "there is no Practitioner none"},
			"no one":       {role("CA", "x", object{"practitioner": nil, "organization": reference("Organization/HF001")}), r + "practitioner", "Practitioner doesn't exists"},
			"no facility":  {role("CA", "CA1", nil), r + "organization", "missing"},
			"no district":  {role("EO", "EO1", nil), r + "location", "Location does not have 1 element"},
			"far facility": {role("CA", "CA1", object{"organization": reference("Organization/" + lastFacility)}), r + "organization", "there is no Organization"},
			"far district": {role("EO", "EO1", object{"location": []object{reference("Location/D001")}}), r + "location", "none of your districts"},
			"a village":    {role("EO", "EO1", object{"location": []object{reference("Location/V000")}}), r + "location", "a district is expected"},
			"no role":      {role("XX", "EO1", nil), r + "code", "XX"},
			"no stand-in": {role("EO", "EO1", object{"location": []object{reference("Location/D000")},
				"extension": []object{extension("practitioner-role-substitution-reference", "Reference", reference("Practitioner/none"))}}), r + "extension('practitioner-role-substitution-reference')", "none"},
		} {
			t.Run(name, func(t *testing.T) {
				c.T = t
				path := "r4/" + x.body["resourceType"].(string)
				got := c.Send("POST", path, x.body, http.StatusBadRequest)
				if at, text := got.Text("issue.0.expression.0"), got.Text("issue.0.details.text"); !strings.HasPrefix(at, x.path) || !strings.Contains(text, x.text) {
					t.Errorf("refused because of %q: %q; want %q: %q", at, text, x.path, x.text)
				}
			})
		}
		c.T = t
		if after := w.count(t, "tblClaimAdmin", `1 = 1`) + w.count(t, "tblOfficer", `1 = 1`); after != before {
			t.Errorf("%d rows were written", after-before)
		}
		// Nobody stands in for themselves, and a kind stays.
		c.Send("POST", "r4/PractitionerRole", role("EO", "EO1", object{"location": []object{reference("Location/D000")}}), http.StatusCreated)
		c.Refused("PUT", "r4/PractitionerRole/EO1", role("EO", "EO1", object{"location": []object{reference("Location/D000")},
			"extension": []object{extension("practitioner-role-substitution-reference", "Reference", reference("Practitioner/EO1"))}}), http.StatusBadRequest,
			r+"extension('practitioner-role-substitution-reference')", "themselves")
		c.Refused("PUT", "r4/Practitioner/EO1", person("CA", "EO1"), http.StatusBadRequest, p+"qualification", "stays one")
		// Somebody elsewhere is not found.
		far := w.writes(t, everything, everyRight...)
		far.Send("POST", "r4/Practitioner", person("CA", "FAR", object{"extension": []object{extension("reference", "Reference", reference("Organization/"+lastFacility))}}), http.StatusCreated)
		c.Send("PUT", "r4/Practitioner/FAR", person("CA", "FAR"), http.StatusNotFound)
		c.Send("DELETE", "r4/Practitioner/FAR", nil, http.StatusNotFound)
		c.Send("DELETE", "r4/PractitionerRole/FAR", nil, http.StatusNotFound)
		c.Refused("POST", "r4/PractitionerRole", role("CA", "FAR", object{"organization": reference("Organization/HF001")}), http.StatusBadRequest, r+"practitioner", "FAR")
	})
}

// Who signs in by a code keeps it, and stays where they are: it decides what they see.
func TestPractitionersWhoSignIn(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := build(t, d)
		c := w.writes(t, everything, everyRight...)
		c.Send("POST", "r4/Practitioner", person("CA", "LOGIN", object{"extension": []object{extension("reference", "Reference", reference("Organization/HF001"))}}), http.StatusCreated)
		if err := d.Write(t.Context(), "login", func(tx *db.Tx) error {
			if _, err := tx.Insert(t.Context(), "tblUsers", db.Values{"LoginName": "login", "LanguageID": "en", "LastName": "L", "OtherNames": "O", "RoleID": 0, "AuditUserID": 1, "ValidityFrom": now}); err != nil {
				return err
			}
			_, err := tx.Exec(t.Context(), `UPDATE "tblClaimAdmin" SET "HasLogin" = $true WHERE "ClaimAdminCode" = 'LOGIN'`)
			return err
		}); err != nil {
			t.Fatal(err)
		}
		c.Refused("PUT", "r4/Practitioner/LOGIN", person("CA", "OTHER"), http.StatusBadRequest, "Practitioner.identifier", "signs in")
		c.Send("PUT", "r4/Practitioner/LOGIN", person("CA", "LOGIN"), http.StatusOK)
		c.Send("DELETE", "r4/Practitioner/LOGIN", nil, http.StatusConflict)
		c.Send("DELETE", "r4/PractitionerRole/LOGIN", nil, http.StatusConflict)
		c.Send("PUT", "r4/PractitionerRole/LOGIN", role("CA", "LOGIN", object{"organization": reference("Organization/HF002")}), http.StatusOK)
	})
}

// STU3 as api_fhir 0.0.4 has it: health facilities as locations, and claim administrators.
func TestSTU3RegistersAreWritten(t *testing.T) {
	everywhere(t, func(t *testing.T, w *world) {
		c := w.writes(t, everything, everyRight...)
		typed := func(kind, value string) object {
			return object{"use": "usual", "type": concept("https://hl7.org/fhir/valueset-identifier-type.html", kind), "value": value}
		}
		hf := object{"resourceType": "Location", "identifier": []object{typed("FI", "HF000")}, "name": "Renamed", "type": concept("x", "HOSP"), "careType": "x",
			"address": object{"type": "physical", "use": "home", "text": "2 Road"}, "telecom": []object{{"system": "phone", "value": "+41 3"}}}
		c.Send("PUT", "stu3/Location/HF000", hf, http.StatusOK).Want(map[string]string{"name": "Renamed", "type.coding.0.code": "HOSP", "address.text": "2 Road", "telecom.0.value": "+41 3", "telecom.1": ""})
		c.Get("r4/Organization/HF000").Want(map[string]string{"extension.~organization-hf-legal-form.valueCodeableConcept.coding.0.code": "C", "address.0.district": "District <0>"}) // stays
		c.Send("PATCH", "stu3/Location/HF000/", object{"name": "Again"}, http.StatusOK).Want(map[string]string{"name": "Again", "address.text": "2 Road"})
		c.Send("POST", "stu3/Location", hf, http.StatusMethodNotAllowed)
		delete(hf, "type")
		c.Refused("PUT", "stu3/Location/HF000", hf, http.StatusBadRequest, "Location.type", "Missing patient `type` attribute")
		hf["type"] = concept("x", "none")
		c.Refused("PUT", "stu3/Location/HF000", hf, http.StatusBadRequest, "Location.type", "Missing hf level")
		c.Send("DELETE", "stu3/Location/"+lastFacility, nil, http.StatusNoContent)

		p := object{"resourceType": "Practitioner", "identifier": []object{typed("FILL", "CA9")}, "name": []object{{"family": "Roe", "given": []string{"Dan"}}}, "birthDate": "1980-02-03", "nmc": "x"}
		id := c.Send("POST", "stu3/Practitioner/", p, http.StatusCreated).Text("id")
		c.Refused("POST", "stu3/Practitioner", p, http.StatusBadRequest, "Practitioner.identifier", "Exists practitioner with following code `CA9`")
		c.Send("PATCH", "stu3/Practitioner/"+id, object{"birthDate": "1980-02-04"}, http.StatusOK).Want(map[string]string{"birthDate": "1980-02-04", "name.0.family": "Roe"})
		r := object{"resourceType": "PractitionerRole", "practitioner": reference("Practitioner/CA9"), "location": []object{reference("Location/HF001")}}
		c.Send("POST", "stu3/PractitionerRole/", r, http.StatusCreated)
		c.Get("r4/PractitionerRole/CA9").Want(map[string]string{"organization.display": "HF001"})
		r["location"] = []object{reference("Location/HF002")}
		c.Send("PUT", "stu3/PractitionerRole/"+id, r, http.StatusOK)
		c.Send("PUT", "stu3/PractitionerRole/"+id, c.Get("stu3/PractitionerRole/"+id).V, http.StatusOK)
		c.Get("r4/PractitionerRole/CA9").Want(map[string]string{"organization.display": "HF002"})
		c.Send("DELETE", "stu3/PractitionerRole/"+id, nil, http.StatusNoContent)
		c.Get("stu3/Practitioner/" + id)
		c.Send("DELETE", "stu3/Practitioner/"+id, nil, http.StatusNoContent)
	})
}

// Every interaction needs its right; the rights to administrators are none to officers.
func TestWhoWritesTerritory(t *testing.T) {
	w := build(t, dbtest.SQLite(t))
	all := w.writes(t, everything, everyRight...)
	all.Send("POST", "r4/Practitioner", person("EO", "EO1"), http.StatusCreated)
	all.Send("POST", "r4/PractitionerRole", role("EO", "EO1", object{"location": []object{reference("Location/D000")}}), http.StatusCreated)
	all.Send("POST", "r4/Practitioner", person("CA", "CA9"), http.StatusCreated)
	all.Send("POST", "r4/PractitionerRole", role("CA", "CA9", object{"organization": reference("Organization/HF001")}), http.StatusCreated)
	atD0, atHF1 := object{"location": []object{reference("Location/D000")}}, object{"organization": reference("Organization/HF001")}
	for _, x := range []struct {
		method, path string
		body         any
		right, ok    int
	}{
		{"POST", "r4/Location", territory("V9", "V", "W000"), 121902, 201}, {"PUT", "r4/Location/V9", territory("V9", "V", "W000"), 121903, 200},
		{"PATCH", "r4/Location/V9", object{"name": "x"}, 121903, 200}, {"DELETE", "r4/Location/V9", nil, 121904, 204},
		{"POST", "r4/Organization", clinic("HF9", "D000"), 121102, 201}, {"PUT", "r4/Organization/HF9", clinic("HF9", "D000"), 121103, 200},
		{"PATCH", "r4/Organization/HF9", object{"name": "x"}, 121103, 200}, {"DELETE", "r4/Organization/HF9", nil, 121104, 204},
		{"POST", "r4/Practitioner", person("CA", "CA8"), 121602, 201}, {"POST", "r4/Practitioner", person("EO", "EO8"), 121502, 201},
		{"PUT", "r4/Practitioner/CA8", person("CA", "CA8"), 121603, 200}, {"PATCH", "r4/Practitioner/EO8", object{"telecom": nil}, 121503, 200},
		{"POST", "r4/PractitionerRole", role("CA", "CA8", atHF1), 121602, 201}, {"POST", "r4/PractitionerRole", role("EO", "EO8", atD0), 121502, 201},
		{"PUT", "r4/PractitionerRole/CA8", role("CA", "CA8", atHF1), 121603, 200}, {"PUT", "r4/PractitionerRole/EO8", role("EO", "EO8", atD0), 121503, 200},
		{"DELETE", "r4/PractitionerRole/CA8", nil, 121604, 204}, {"DELETE", "r4/PractitionerRole/EO8", nil, 121504, 204},
		{"DELETE", "r4/Practitioner/CA8", nil, 121604, 204}, {"DELETE", "r4/Practitioner/EO8", nil, 121504, 204},
		{"PUT", "stu3/Location/HF001", all.Get("stu3/Location/HF001").V, 121103, 200}, {"DELETE", "stu3/Location/HF002", nil, 121104, 204},
		{"PUT", "stu3/Practitioner/CA9", all.Get("stu3/Practitioner/CA9").V, 121603, 200}, {"PUT", "stu3/PractitionerRole/CA9", all.Get("stu3/PractitionerRole/CA9").V, 121603, 200},
		{"DELETE", "stu3/PractitionerRole/CA9", nil, 121604, 204}, {"DELETE", "stu3/Practitioner/CA9", nil, 121604, 204},
	} {
		var others []int
		for _, r := range everyRight {
			if r != x.right {
				others = append(others, r)
			}
		}
		w.writes(t, everything, others...).Send(x.method, x.path, x.body, http.StatusForbidden)
		w.writes(t, everything, x.right).Send(x.method, x.path, x.body, x.ok)
	}
	// Who may enter administrators does not move those who have a role.
	w.writes(t, everything, 121602).Send("POST", "r4/PractitionerRole", role("CA", "CA1", object{"organization": reference("Organization/HF005")}), http.StatusForbidden)
}

// What was written is seen at once, also in the length of lists.
func TestListsHaveWhatWasWritten(t *testing.T) {
	everywhere(t, func(t *testing.T, w *world) {
		c := w.writes(t, everything, everyRight...)
		for n := range 3 {
			c.Get("r4/Organization?_count=10").Want(map[string]string{"total": fmt.Sprint(240 + n)})
			c.Send("POST", "r4/Organization", clinic(fmt.Sprintf("N%d", n), "D000"), http.StatusCreated)
		}
	})
}
