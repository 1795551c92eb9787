package location

import (
	"slices"
	"time"

	"github.com/samply/golang-fhir-models/fhir-models/fhir"

	"github.com/openimis/openimis-be-go/internal/auth"
	"github.com/openimis/openimis-be-go/internal/table"
	apifhir "github.com/openimis/openimis-be-go/modules/api_fhir"
	"github.com/openimis/openimis-be-go/modules/api_fhir/fhirsql"
	"github.com/openimis/openimis-be-go/modules/api_fhir/stu3"
)

// Practitioners are claim administrators (tblClaimAdmin, "ca") and enrolment officers (tblOfficer, "eo"); each has
// a PractitionerRole of the same row. R4 has both in one list, administrators first; STU3 knows administrators only.

const qualificationSystem = "practitioner-qualification-type"

// The kinds of practitioners, as codes of their qualification.
var practitionerKinds = map[string]string{"CA": "Claim Administrator", "EO": "Enrolment Officer"}

// worker is what both kinds have.
type worker struct {
	fhirsql.Row
	LastName   *string    `db:"LastName"`
	OtherNames *string    `db:"OtherNames"`
	Born       *time.Time `db:"DOB"`
	Phone      *string    `db:"Phone"`
	Email      *string    `db:"EmailId"`
}

var workerColumns = []string{"LastName", "OtherNames", "DOB", "Phone", "EmailId"}

// claimAdmin is a row of tblClaimAdmin.
type claimAdmin struct {
	worker
	Facility fhirsql.Ref `db:"facility"`
}

// officer is a row of tblOfficer.
type officer struct {
	worker
	Place      fhirsql.Ref `db:"place"`
	Substitute fhirsql.Ref `db:"substitute"`
}

var (
	facilityLink  = []fhirsql.Link{{Alias: "facility", Table: Facilities, Via: "HFId"}}
	officerLinks  = []fhirsql.Link{{Alias: "place", Table: Locations, Via: "LocationId"}, {Alias: "substitute", Table: Officers, Via: "OfficerIDSubst"}}
	workerSort    = map[string]string{"family": "LastName"}
	nameParam     = fhirsql.Custom(apifhir.Param{Name: "name", Type: apifhir.String, Doc: "Start of a name", Modifiers: []string{"contains", "exact"}}, fhirsql.AnyText("LastName", "OtherNames"))
	familyParam   = fhirsql.Text("family", "Start of the last name", "LastName")
	ofFacility    = fhirsql.Reference("organization", "The health facility", "organization", Facilities, "HFId", "Organization")
	atPlace       = fhirsql.Reference("location", "The district or region", "location", Locations, "LocationId", "Location")
	kindParamText = "ca claim administrators, eo enrolment officers"
)

func kindParam(kind string) fhirsql.Param { return fhirsql.Always("resourceType", kindParamText, kind) }

func roleParam(kind string) fhirsql.Param {
	return fhirsql.Always("role", "CA claim administrator, EO enrolment officer", kind, apifhir.CodeSystem(qualificationSystem))
}

var (
	claimAdmins = &fhirsql.Source[claimAdmin]{
		Table: ClaimAdmins, Columns: workerColumns, Links: facilityLink, Sort: workerSort,
		Params: []fhirsql.Param{kindParam("ca"), fhirsql.Code("code", "Code of the person", "ClaimAdminCode"), nameParam, familyParam},
		Map: func(a claimAdmin) apifhir.Entry {
			p := a.practitioner("CA")
			if ref := a.Facility.Reference("Organization"); ref != nil {
				if code := fhirsql.Trim(a.Facility.Code); code != "" { // mobile applications look the facility up by its code
					ref = apifhir.ReferenceToCode("Organization", code, code)
				}
				p.Extension = []fhir.Extension{apifhir.ReferenceExtension("reference", ref)}
			}
			return a.Entry(p)
		},
	}
	officers = &fhirsql.Source[officer]{
		Table: Officers, Columns: workerColumns, Links: officerLinks, Sort: workerSort,
		Params: []fhirsql.Param{kindParam("eo"), fhirsql.Code("code", "Code of the person", "Code"), nameParam, familyParam},
		Map:    func(o officer) apifhir.Entry { return o.Entry(o.practitioner("EO")) },
	}
	// Who works nowhere has no role.
	claimAdminRoles = &fhirsql.Source[claimAdmin]{
		Table: ClaimAdmins, Columns: workerColumns, Links: facilityLink, Only: works("HFId"),
		Params: []fhirsql.Param{kindParam("ca"), roleParam("CA"), fhirsql.Code("code", "Code of the person", "ClaimAdminCode"), ofFacility,
			fhirsql.SameRow("practitioner", "The person", "practitioner", ClaimAdmins, "Practitioner")},
		Map: func(a claimAdmin) apifhir.Entry {
			r := a.role("CA")
			r.Organization = a.Facility.Reference("Organization")
			return a.Entry(r)
		},
	}
	officerRoles = &fhirsql.Source[officer]{
		Table: Officers, Columns: workerColumns, Links: officerLinks, Only: works("LocationId"),
		Params: []fhirsql.Param{kindParam("eo"), roleParam("EO"), fhirsql.Code("code", "Code of the person", "Code"), atPlace,
			fhirsql.SameRow("practitioner", "The person", "practitioner", Officers, "Practitioner")},
		Map: func(o officer) apifhir.Entry {
			r := o.role("EO")
			if ref := o.Place.Reference("Location"); ref != nil {
				r.Location = []fhir.Reference{*ref}
			}
			if ref := o.Substitute.Reference("Practitioner"); ref != nil {
				r.Extension = []fhir.Extension{apifhir.ReferenceExtension("practitioner-role-substitution-reference", ref)}
			}
			return o.Entry(r)
		},
	}
)

// works is the condition that somebody works somewhere, which a column says.
func works(column string) func(alias string) string {
	return func(alias string) string { return table.Col(alias, column) + " IS NOT NULL" }
}

// self points at the Practitioner of the row.
func (w worker) self() *fhir.Reference {
	return w.Ref().Reference("Practitioner")
}

func (w worker) names() []fhir.HumanName {
	family := fhirsql.Trim(w.LastName)
	name := fhir.HumanName{Use: apifhir.Ptr(fhir.NameUseUsual)}
	if family != "" {
		name.Family = &family
	}
	if given := fhirsql.Trim(w.OtherNames); given != "" {
		name.Given = []string{given}
	}
	if name.Family == nil && name.Given == nil {
		return nil
	}
	return []fhir.HumanName{name}
}

func (w worker) telecom() []fhir.ContactPoint {
	var out []fhir.ContactPoint
	for _, way := range []struct {
		system fhir.ContactPointSystem
		value  *string
	}{{fhir.ContactPointSystemPhone, w.Phone}, {fhir.ContactPointSystemEmail, w.Email}} {
		if v := fhirsql.Trim(way.value); v != "" {
			out = append(out, fhir.ContactPoint{System: apifhir.Ptr(way.system), Value: &v})
		}
	}
	return out
}

func (w worker) born() *string {
	if w.Born == nil {
		return nil
	}
	return apifhir.Ptr(apifhir.DateText(*w.Born))
}

func (w worker) practitioner(kind string) *fhir.Practitioner {
	return &fhir.Practitioner{
		Identifier: w.Identifiers(), Name: w.names(), Telecom: w.telecom(), BirthDate: w.born(),
		Qualification: []fhir.PractitionerQualification{{Code: *apifhir.Concept(apifhir.CodeSystem(qualificationSystem), kind, practitionerKinds[kind])}},
	}
}

func (w worker) role(kind string) *fhir.PractitionerRole {
	return &fhir.PractitionerRole{
		Identifier: w.Identifiers(), Practitioner: w.self(), Telecom: w.telecom(),
		Code: []fhir.CodeableConcept{*apifhir.Concept(apifhir.CodeSystem(qualificationSystem), kind, practitionerKinds[kind])},
	}
}

// Who may write practitioners: those of one kind need the right to that one, which the service asks for.
var (
	practitionerAccess = apifhir.Access{Get: auth.SignedIn, Create: either(MayAddAdmins, MayAddOfficers), Update: either(MayEditAdmins, MayEditOfficers), Delete: either(MayDeleteAdmins, MayDeleteOfficers)}
	adminAccess        = apifhir.Access{Get: auth.SignedIn, Create: MayAddAdmins, Update: MayEditAdmins, Delete: MayDeleteAdmins}
)

func either(a, b auth.Access) auth.Access {
	return auth.Needs(append(slices.Clone(a.Rights), b.Rights...)...)
}

// Resources of R4.
func practitionerResources() []apifhir.Resource {
	return []apifhir.Resource{
		fhirsql.Resource(apifhir.Resource{
			Release: apifhir.R4, Type: "Practitioner", Doc: "Claim administrators and enrolment officers.",
			Access: practitionerAccess,
			Create: apifhir.Decoded(createPractitioner), Update: apifhir.Decoded(updatePractitioner), Delete: deletePractitioner,
		}, claimAdmins, officers),
		fhirsql.Resource(apifhir.Resource{
			Release: apifhir.R4, Type: "PractitionerRole", Doc: "Where claim administrators and enrolment officers work.",
			Access: practitionerAccess,
			Create: apifhir.Decoded(createRole), Update: apifhir.Decoded(updateRole), Delete: deleteRole,
		}, claimAdminRoles, officerRoles),
	}
}

// STU3, as api_fhir 0.0.4 has it: claim administrators, and health facilities as locations.
var (
	practitionersSTU3 = &fhirsql.Source[claimAdmin]{
		Table: ClaimAdmins, Columns: workerColumns, Links: facilityLink, Sort: workerSort,
		Params: []fhirsql.Param{nameParam, familyParam},
		Map: func(a claimAdmin) apifhir.Entry {
			return a.Entry(&stu3.Practitioner{Identifier: stu3.Identified(a.ID(), stu3.KindAdmin, fhirsql.Trim(a.Code)), Name: a.names(), Telecom: a.telecom(), BirthDate: a.born()})
		},
	}
	rolesSTU3 = &fhirsql.Source[claimAdmin]{
		Table: ClaimAdmins, Columns: workerColumns, Links: facilityLink, Only: works("HFId"),
		Params: []fhirsql.Param{
			fhirsql.Reference("location", "The health facility", "location", Facilities, "HFId", "Location"),
			fhirsql.SameRow("practitioner", "The person", "practitioner", ClaimAdmins, "Practitioner"),
		},
		Map: func(a claimAdmin) apifhir.Entry {
			r := &stu3.PractitionerRole{Identifier: stu3.Identified(a.ID(), stu3.KindAdmin, fhirsql.Trim(a.Code)), Practitioner: a.Ref().STU3("Practitioner")}
			if ref := a.Facility.STU3("Location"); ref != nil {
				r.Location = []stu3.Reference{*ref}
			}
			return a.Entry(r)
		},
	}
	facilitiesSTU3 = &fhirsql.Source[facility]{
		Table: Facilities, Columns: []string{"HFName", "HFLevel", "HFCareType", "LegalForm", "HFAddress", "Phone", "Fax", "eMail"},
		Params: []fhirsql.Param{
			fhirsql.Text("name", "Start of the name", "HFName"),
			fhirsql.Codes("type", "CSC dispensary, PC health centre, HOSP hospital", "HFLevel", map[string][]any{"CSC": {"D"}, "PC": {"C"}, "HOSP": {"H"}}, levelSystemSTU3),
		},
		Sort: map[string]string{"name": "HFName"},
		Map: func(f facility) apifhir.Entry {
			l := &stu3.Location{
				Identifier: stu3.Identified(f.ID(), stu3.KindFacility, fhirsql.Trim(f.Code)), Name: f.Name, Telecom: f.telecom(),
				Type: apifhir.Concept(levelSystemSTU3, levelsSTU3[f.Level], facilityLevels[f.Level]),
			}
			if a := fhirsql.Trim(f.Address); a != "" {
				l.Address = &stu3.Address{Use: apifhir.Ptr(fhir.AddressUseHome), Type: apifhir.Ptr(fhir.AddressTypePhysical), Text: &a}
			}
			return f.Entry(l)
		},
	}
)

// levelSystemSTU3 is the code system of the levels of health facilities, as upstream writes it.
const levelSystemSTU3 = "https://www.hl7.org/fhir/STU3/v3/ServiceDeliveryLocationRoleType/vs.html"

var levelsSTU3 = map[string]string{"D": "CSC", "C": "PC", "H": "HOSP"}

func resourcesSTU3() []apifhir.Resource {
	return []apifhir.Resource{
		fhirsql.Resource(apifhir.Resource{
			Release: apifhir.STU3, Type: "Location", Doc: "Health facilities.",
			Access: apifhir.Access{Get: auth.SignedIn, Update: MayEditFacilities, Delete: MayDeleteFacilities},
			Update: apifhir.Decoded(updateFacilitySTU3), Delete: deleteFacility,
		}, facilitiesSTU3),
		fhirsql.Resource(apifhir.Resource{
			Release: apifhir.STU3, Type: "Practitioner", Doc: "Claim administrators.", Access: adminAccess,
			Create: apifhir.Decoded(createPractitionerSTU3), Update: apifhir.Decoded(updatePractitionerSTU3), Delete: deletePractitionerSTU3,
		}, practitionersSTU3),
		fhirsql.Resource(apifhir.Resource{
			Release: apifhir.STU3, Type: "PractitionerRole", Doc: "Where claim administrators work.", Access: adminAccess,
			Create: apifhir.Decoded(createRoleSTU3), Update: apifhir.Decoded(updateRoleSTU3), Delete: deleteRoleSTU3,
		}, rolesSTU3),
	}
}
