package location

import (
	"context"
	"fmt"
	"strings"

	"github.com/samply/golang-fhir-models/fhir-models/fhir"

	"github.com/openimis/openimis-be-go/internal/db"
	"github.com/openimis/openimis-be-go/internal/fault"
	apifhir "github.com/openimis/openimis-be-go/modules/api_fhir"
	"github.com/openimis/openimis-be-go/modules/api_fhir/fhirsql"
	"github.com/openimis/openimis-be-go/modules/api_fhir/stu3"
	"github.com/openimis/openimis-be-go/modules/location/rules"
)

// A Practitioner is who somebody is, a PractitionerRole where they work; both are of one row. A role is made for a
// Practitioner that is there, and deleting it leaves the Practitioner.

// Elements of the fields.
var (
	practitionerElements = map[string]string{"code": "Practitioner.identifier", "lastName": "Practitioner.name.family", "otherNames": "Practitioner.name.given",
		"dob": "Practitioner.birthDate", "phone": "Practitioner.telecom", "email": "Practitioner.telecom", "healthFacility": "Practitioner.extension('reference')"}
	roleElements = map[string]string{"healthFacility": "PractitionerRole.organization", "location": "PractitionerRole.location",
		"substitutionOfficer": "PractitionerRole.extension('practitioner-role-substitution-reference')"}
	roleElementsSTU3 = map[string]string{"healthFacility": "PractitionerRole.location"}
)

// occupations are the kinds of practitioners by their codes.
var occupations = map[string]*Occupation{"CA": ClaimAdministrator, "EO": EnrolmentOfficer}

// written is somebody who is there: the row of one of the occupations.
type written struct {
	*Occupation
	key int
}

// code is that of the kind.
func (o *Occupation) code() string {
	if o == EnrolmentOfficer {
		return "EO"
	}
	return "CA"
}

func (o *Occupation) practitioner(ctx context.Context, q db.Query, key int) (apifhir.Entry, error) {
	if o == EnrolmentOfficer {
		return officers.Entry(ctx, q, key)
	}
	return claimAdmins.Entry(ctx, q, key)
}

func (o *Occupation) role(ctx context.Context, q db.Query, key int) (apifhir.Entry, error) {
	if o == EnrolmentOfficer {
		return officerRoles.Entry(ctx, q, key)
	}
	return claimAdminRoles.Entry(ctx, q, key)
}

// whoIs finds whom an id of a path means, in the order in which lists have them.
func whoIs(ctx context.Context, in *apifhir.Input, admins *fhirsql.Source[claimAdmin], others *fhirsql.Source[officer]) (written, error) {
	a, err := admins.Get(ctx, in.Tx, in.ID)
	if fault.Code(err) != fault.NotFound {
		return written{ClaimAdministrator, a.Key}, err
	}
	o, err := others.Get(ctx, in.Tx, in.ID)
	return written{EnrolmentOfficer, o.Key}, err
}

func createPractitioner(ctx context.Context, in *apifhir.Input, p *fhir.Practitioner, _ []apifhir.Contained) (apifhir.Entry, error) {
	i := fhirsql.NewBody(ctx, in)
	o := kindOf(&i, qualifications(p), "Practitioner.qualification", nil)
	w := workerOf(&i, "Practitioner", p.Identifier, p.Name, p.Telecom, p.BirthDate)
	var post rules.Post
	if x := apifhir.ExtensionNamed(p.Extension, "reference"); x != nil && o == ClaimAdministrator {
		post.PlaceID, _ = i.Target(x.ValueReference, practitionerElements["healthFacility"], Facilities)
	}
	active(&i, "Practitioner.active", p.Active)
	if err := i.Done(); err != nil {
		return apifhir.Entry{}, err
	}
	key, err := Service{}.EnterWorker(ctx, in.Tx, fhirsql.AuthorOf(in), o, w, post)
	if err != nil {
		return apifhir.Entry{}, placedWorker(err, w.Code, practitionerElements)
	}
	return o.practitioner(ctx, in.Tx, key)
}

// updatePractitioner replaces who somebody is. Where they work stays, but for a claim administrator whose extension names
// another facility.
func updatePractitioner(ctx context.Context, in *apifhir.Input, p *fhir.Practitioner, _ []apifhir.Contained) (apifhir.Entry, error) {
	was, err := whoIs(ctx, in, claimAdmins, officers)
	if err != nil {
		return apifhir.Entry{}, err
	}
	i := fhirsql.NewBody(ctx, in)
	kindOf(&i, qualifications(p), "Practitioner.qualification", was.Occupation)
	w := workerOf(&i, "Practitioner", p.Identifier, p.Name, p.Telecom, p.BirthDate)
	var post rules.Post
	if x := apifhir.ExtensionNamed(p.Extension, "reference"); x != nil && was.Occupation == ClaimAdministrator {
		post.PlaceID, _ = i.Target(x.ValueReference, practitionerElements["healthFacility"], Facilities)
	}
	active(&i, "Practitioner.active", p.Active)
	if err := i.Done(); err != nil {
		return apifhir.Entry{}, err
	}
	author := fhirsql.AuthorOf(in)
	if err := (Service{}).UpdateWorker(ctx, in.Tx, author, was.Occupation, was.key, w); err != nil {
		return apifhir.Entry{}, placedWorker(err, w.Code, practitionerElements)
	}
	if post.PlaceID != 0 {
		if err := (Service{}).Assign(ctx, in.Tx, author, was.Occupation, was.key, post); err != nil {
			return apifhir.Entry{}, apifhir.Placed(err, practitionerElements)
		}
	}
	return was.practitioner(ctx, in.Tx, was.key)
}

func deletePractitioner(ctx context.Context, in *apifhir.Input) error {
	was, err := whoIs(ctx, in, claimAdmins, officers)
	if err != nil {
		return err
	}
	return Service{}.DeleteWorker(ctx, in.Tx, fhirsql.AuthorOf(in), was.Occupation, was.key)
}

func createRole(ctx context.Context, in *apifhir.Input, r *fhir.PractitionerRole, _ []apifhir.Contained) (apifhir.Entry, error) {
	i := fhirsql.NewBody(ctx, in)
	o := kindOf(&i, r.Code, "PractitionerRole.code", nil)
	if o == nil {
		return apifhir.Entry{}, i.Done()
	}
	who := practitionerOf(&i, r.Practitioner, o)
	post := postOf(&i, r, o)
	if err := i.Done(); err != nil {
		return apifhir.Entry{}, err
	}
	if err := (Service{}).Appoint(ctx, in.Tx, fhirsql.AuthorOf(in), o, who, post); err != nil {
		return apifhir.Entry{}, apifhir.Placed(err, roleElements)
	}
	return o.role(ctx, in.Tx, who)
}

func updateRole(ctx context.Context, in *apifhir.Input, r *fhir.PractitionerRole, _ []apifhir.Contained) (apifhir.Entry, error) {
	was, err := whoIs(ctx, in, claimAdminRoles, officerRoles)
	if err != nil {
		return apifhir.Entry{}, err
	}
	i := fhirsql.NewBody(ctx, in)
	kindOf(&i, r.Code, "PractitionerRole.code", was.Occupation)
	if who := practitionerOf(&i, r.Practitioner, was.Occupation); who != 0 && who != was.key {
		i.Add("PractitionerRole.practitioner", "PractitionerRole.practitioner is somebody else; a role stays with its practitioner.")
	}
	post := postOf(&i, r, was.Occupation)
	if err := i.Done(); err != nil {
		return apifhir.Entry{}, err
	}
	if err := (Service{}).Assign(ctx, in.Tx, fhirsql.AuthorOf(in), was.Occupation, was.key, post); err != nil {
		return apifhir.Entry{}, apifhir.Placed(err, roleElements)
	}
	return was.role(ctx, in.Tx, was.key)
}

func deleteRole(ctx context.Context, in *apifhir.Input) error {
	was, err := whoIs(ctx, in, claimAdminRoles, officerRoles)
	if err != nil {
		return err
	}
	return Service{}.Relieve(ctx, in.Tx, fhirsql.AuthorOf(in), was.Occupation, was.key)
}

// placedWorker is an error of the service, in the words of FHIR.
func placedWorker(err error, code string, elements map[string]string) error {
	if err != nil && fault.Field(err) == "code" && strings.HasPrefix(fault.Message(err), "There is another") {
		return &apifhir.Worded{Text: fmt.Sprintf("Exists practitioner with following code `%s`", code), Err: apifhir.Placed(err, elements)}
	}
	return apifhir.Placed(err, elements)
}

func qualifications(p *fhir.Practitioner) []fhir.CodeableConcept {
	list := make([]fhir.CodeableConcept, len(p.Qualification))
	for n := range p.Qualification {
		list[n] = p.Qualification[n].Code
	}
	return list
}

// kindOf reads what somebody is; was is what they are, nil for somebody new, of whom it must be said.
func kindOf(i *fhirsql.Body, list []fhir.CodeableConcept, path string, was *Occupation) *Occupation {
	code := ""
	if len(list) > 0 {
		code = strings.ToUpper(apifhir.CodeOf(&list[0]))
	}
	o := occupations[code]
	switch {
	case code == "" && was != nil:
		return was
	case o == nil:
		i.Add(path, "%s is %s; allowed: CA (claim administrator), EO (enrolment officer).", path, fault.Quote(code))
	case was != nil && o != was:
		i.Add(path, "%s is %s; the %s stays one.", path, code, was.noun)
	}
	return o
}

func active(i *fhirsql.Body, path string, is *bool) {
	if is != nil && !*is {
		i.Add(path, "%s must be true; who works no longer is deleted.", path)
	}
}

// workerOf reads who somebody is, in both releases.
func workerOf(i *fhirsql.Body, kind string, identifiers []fhir.Identifier, names []fhir.HumanName, telecom []fhir.ContactPoint, born *string) rules.Worker {
	w := rules.Worker{Code: apifhir.IdentifierValue(identifiers, apifhir.KindCode)}
	if w.Code == "" {
		i.Add(kind+".identifier", "Missing the claim admin code")
	}
	if name := apifhir.NameOf(names); name != nil {
		w.LastName, w.OtherNames = fhirsql.Trim(name.Family), strings.TrimSpace(strings.Join(name.Given, " "))
	}
	w.Phone, w.Email = apifhir.ContactOf(telecom, fhir.ContactPointSystemPhone), apifhir.ContactOf(telecom, fhir.ContactPointSystemEmail)
	if day := i.Day(born, kind+".birthDate"); day != nil {
		w.Born = *day
	}
	return w
}

// practitionerOf finds the one whose role it is.
func practitionerOf(i *fhirsql.Body, r *fhir.Reference, o *Occupation) int {
	const path = "PractitionerRole.practitioner"
	if r == nil {
		i.Add(path, "Practitioner doesn't exists") // sic
		return 0
	}
	key, _ := i.Target(r, path, o.assignable())
	return key
}

// postOf reads where somebody works.
func postOf(i *fhirsql.Body, r *fhir.PractitionerRole, o *Occupation) (p rules.Post) {
	active(i, "PractitionerRole.active", r.Active)
	if o == ClaimAdministrator {
		if r.Organization == nil {
			i.Add(roleElements["healthFacility"], "PractitionerRole.organization is missing; refer to the health facility.")
			return p
		}
		p.PlaceID, _ = i.Target(r.Organization, roleElements["healthFacility"], Facilities)
		return p
	}
	if len(r.Location) != 1 {
		i.Add(roleElements["location"], "Location does not have 1 element")
		return p
	}
	p.PlaceID, _ = i.Target(&r.Location[0], roleElements["location"]+"[0]", Locations)
	if x := apifhir.ExtensionNamed(r.Extension, "practitioner-role-substitution-reference"); x != nil {
		p.SubstituteID, _ = i.Target(x.ValueReference, roleElements["substitutionOfficer"], Officers)
	}
	return p
}

// STU3 knows claim administrators only.

func createPractitionerSTU3(ctx context.Context, in *apifhir.Input, p *stu3.Practitioner, _ []apifhir.Contained) (apifhir.Entry, error) {
	i := fhirsql.NewBody(ctx, in)
	w := workerOf(&i, "Practitioner", p.Identifier, p.Name, p.Telecom, p.BirthDate)
	active(&i, "Practitioner.active", p.Active)
	if err := i.Done(); err != nil {
		return apifhir.Entry{}, err
	}
	key, err := Service{}.EnterWorker(ctx, in.Tx, fhirsql.AuthorOf(in), ClaimAdministrator, w, rules.Post{})
	if err != nil {
		return apifhir.Entry{}, placedWorker(err, w.Code, practitionerElements)
	}
	return practitionersSTU3.Entry(ctx, in.Tx, key)
}

func updatePractitionerSTU3(ctx context.Context, in *apifhir.Input, p *stu3.Practitioner, _ []apifhir.Contained) (apifhir.Entry, error) {
	was, err := practitionersSTU3.Get(ctx, in.Tx, in.ID)
	if err != nil {
		return apifhir.Entry{}, err
	}
	i := fhirsql.NewBody(ctx, in)
	w := workerOf(&i, "Practitioner", p.Identifier, p.Name, p.Telecom, p.BirthDate)
	active(&i, "Practitioner.active", p.Active)
	if err := i.Done(); err != nil {
		return apifhir.Entry{}, err
	}
	if err := (Service{}).UpdateWorker(ctx, in.Tx, fhirsql.AuthorOf(in), ClaimAdministrator, was.Key, w); err != nil {
		return apifhir.Entry{}, placedWorker(err, w.Code, practitionerElements)
	}
	return practitionersSTU3.Entry(ctx, in.Tx, was.Key)
}

func deletePractitionerSTU3(ctx context.Context, in *apifhir.Input) error {
	was, err := practitionersSTU3.Get(ctx, in.Tx, in.ID)
	if err != nil {
		return err
	}
	return Service{}.DeleteWorker(ctx, in.Tx, fhirsql.AuthorOf(in), ClaimAdministrator, was.Key)
}

func createRoleSTU3(ctx context.Context, in *apifhir.Input, r *stu3.PractitionerRole, _ []apifhir.Contained) (apifhir.Entry, error) {
	i := fhirsql.NewBody(ctx, in)
	who, post := practitionerOf(&i, r.Practitioner.R4(), ClaimAdministrator), postSTU3(&i, r)
	if err := i.Done(); err != nil {
		return apifhir.Entry{}, err
	}
	if err := (Service{}).Appoint(ctx, in.Tx, fhirsql.AuthorOf(in), ClaimAdministrator, who, post); err != nil {
		return apifhir.Entry{}, apifhir.Placed(err, roleElementsSTU3)
	}
	return rolesSTU3.Entry(ctx, in.Tx, who)
}

func updateRoleSTU3(ctx context.Context, in *apifhir.Input, r *stu3.PractitionerRole, _ []apifhir.Contained) (apifhir.Entry, error) {
	was, err := rolesSTU3.Get(ctx, in.Tx, in.ID)
	if err != nil {
		return apifhir.Entry{}, err
	}
	i := fhirsql.NewBody(ctx, in)
	if who := practitionerOf(&i, r.Practitioner.R4(), ClaimAdministrator); who != 0 && who != was.Key {
		i.Add("PractitionerRole.practitioner", "PractitionerRole.practitioner is somebody else; a role stays with its practitioner.")
	}
	post := postSTU3(&i, r)
	if err := i.Done(); err != nil {
		return apifhir.Entry{}, err
	}
	if err := (Service{}).Assign(ctx, in.Tx, fhirsql.AuthorOf(in), ClaimAdministrator, was.Key, post); err != nil {
		return apifhir.Entry{}, apifhir.Placed(err, roleElementsSTU3)
	}
	return rolesSTU3.Entry(ctx, in.Tx, was.Key)
}

func deleteRoleSTU3(ctx context.Context, in *apifhir.Input) error {
	was, err := rolesSTU3.Get(ctx, in.Tx, in.ID)
	if err != nil {
		return err
	}
	return Service{}.Relieve(ctx, in.Tx, fhirsql.AuthorOf(in), ClaimAdministrator, was.Key)
}

// postSTU3 is the health facility, which is a Location there.
func postSTU3(i *fhirsql.Body, r *stu3.PractitionerRole) (p rules.Post) {
	if len(r.Location) != 1 {
		i.Add(roleElementsSTU3["healthFacility"], "Location does not have 1 element")
		return p
	}
	p.PlaceID, _ = i.Target(r.Location[0].R4(), roleElementsSTU3["healthFacility"]+"[0]", Facilities)
	return p
}
