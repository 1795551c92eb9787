package location

import (
	"context"
	"fmt"
	"strings"

	"github.com/samply/golang-fhir-models/fhir-models/fhir"

	"github.com/openimis/openimis-be-go/internal/fault"
	apifhir "github.com/openimis/openimis-be-go/modules/api_fhir"
	"github.com/openimis/openimis-be-go/modules/api_fhir/fhirsql"
	"github.com/openimis/openimis-be-go/modules/api_fhir/stu3"
	"github.com/openimis/openimis-be-go/modules/location/rules"
)

// facilityElements are where the fields of a facility stand in an Organization, facilityElementsSTU3 in a Location of STU3.
var (
	facilityElements = map[string]string{
		"code": "Organization.identifier", "name": "Organization.name", "legalForm": "Organization.extension('organization-hf-legal-form')",
		"level": "Organization.extension('organization-hf-level')", "careType": "Organization.extension('organization-hf-care-type')",
		"location": "Organization.address", "address": "Organization.address.line", "phone": "Organization.telecom", "fax": "Organization.telecom", "email": "Organization.telecom",
	}
	facilityElementsSTU3 = map[string]string{"code": "Location.identifier", "name": "Location.name", "level": "Location.type", "address": "Location.address.text",
		"phone": "Location.telecom", "fax": "Location.telecom", "email": "Location.telecom"}
)

func createFacility(ctx context.Context, in *apifhir.Input, o *fhir.Organization, _ []apifhir.Contained) (apifhir.Entry, error) {
	f, err := facilityOf(ctx, in, o, nil)
	if err != nil {
		return apifhir.Entry{}, err
	}
	key, err := Service{}.EnterFacility(ctx, in.Tx, fhirsql.AuthorOf(in), f)
	if err != nil {
		return apifhir.Entry{}, apifhir.Placed(err, facilityElements)
	}
	return facilities.Entry(ctx, in.Tx, key)
}

func updateFacility(ctx context.Context, in *apifhir.Input, o *fhir.Organization, _ []apifhir.Contained) (apifhir.Entry, error) {
	was, err := writtenFacility(ctx, in)
	if err != nil {
		return apifhir.Entry{}, err
	}
	f, err := facilityOf(ctx, in, o, &was)
	if err != nil {
		return apifhir.Entry{}, err
	}
	if err := (Service{}).UpdateFacility(ctx, in.Tx, fhirsql.AuthorOf(in), was.Key, f); err != nil {
		return apifhir.Entry{}, apifhir.Placed(err, facilityElements)
	}
	return facilities.Entry(ctx, in.Tx, was.Key)
}

func deleteFacility(ctx context.Context, in *apifhir.Input) error {
	was, err := writtenFacility(ctx, in)
	if err != nil {
		return err
	}
	return Service{}.DeleteFacility(ctx, in.Tx, fhirsql.AuthorOf(in), was.Key)
}

// writtenFacility reads the facility that a write is about.
func writtenFacility(ctx context.Context, in *apifhir.Input) (facility, error) {
	f, err := facilities.Get(ctx, in.Tx, in.ID)
	if fault.Code(err) == fault.NotFound && in.ID == insurerID {
		err = fault.New(fault.Conflict, "Organization %s is the insurer and stays as it is; health facilities are written.", in.ID)
	}
	return f, err
}

// facilityInput is a facility that came in.
type facilityInput struct {
	fhirsql.Body
	rules.Facility
	ctx context.Context
	in  *apifhir.Input
}

// facilityOf reads what an Organization says about a facility; was is what there is, nil for a new one.
func facilityOf(ctx context.Context, in *apifhir.Input, o *fhir.Organization, was *facility) (rules.Facility, error) {
	i := &facilityInput{Body: fhirsql.NewBody(ctx, in), ctx: ctx, in: in}
	if i.Code = apifhir.IdentifierValue(o.Identifier, apifhir.KindCode); i.Code == "" {
		i.Add(facilityElements["code"], "Missing HF Organization code")
	}
	if i.Name = fhirsql.Trim(o.Name); i.Name == "" {
		i.Add(facilityElements["name"], "Missing HF Name")
	}
	if o.Active != nil && !*o.Active {
		i.Add("Organization.active", "Organization.active must be true; a facility that is closed is deleted.")
	}
	for n := range o.Type {
		if code := apifhir.CodeOf(&o.Type[n]); code != "" && !strings.EqualFold(code, "prov") {
			i.Add(fmt.Sprintf("Organization.type[%d]", n), "Organization.type is %s; health facilities (prov) are written, and nothing else.", fault.Quote(code))
		}
	}
	i.Phone = i.contact(o.Telecom, fhir.ContactPointSystemPhone, facilityElements["phone"])
	i.Fax = i.contact(o.Telecom, fhir.ContactPointSystemFax, facilityElements["fax"])
	i.Email = i.contact(o.Telecom, fhir.ContactPointSystemEmail, facilityElements["email"])
	// Upstream writes the name of the extension without hf.
	i.LegalForm = i.coded(o.Extension, "legalForm", "Extension with HF legal form not found", "organization-hf-legal-form", "organization-legal-form")
	i.Level = i.coded(o.Extension, "level", "Extension with HF level not found", "organization-hf-level")
	i.CareType = i.coded(o.Extension, "careType", "Extension with HF care type not found", "organization-hf-care-type")
	switch {
	case len(o.Address) > 1:
		i.Add(facilityElements["location"], "Organization.address has %d addresses; one is kept.", len(o.Address))
	case len(o.Address) == 0:
		i.Add(facilityElements["location"], "address not found in the HealthFacility Organisation")
	default:
		i.address(&o.Address[0], was)
	}
	return i.Facility, i.Done()
}

// contact is the one contact point of a system.
func (i *facilityInput) contact(list []fhir.ContactPoint, system fhir.ContactPointSystem, path string) (found string) {
	n := 0
	for _, c := range list {
		if c.System != nil && *c.System == system && fhirsql.Trim(c.Value) != "" {
			if n++; n == 1 {
				found = fhirsql.Trim(c.Value)
			}
		}
	}
	if n > 1 {
		i.Add(path, "More than one contact point of system %s assigned to health facility", system.Code())
	}
	return found
}

// coded is the code of the extension that has the first of the names; without any, the text says so.
func (i *facilityInput) coded(extensions []fhir.Extension, field, text string, names ...string) string {
	for _, name := range names {
		if x := apifhir.ExtensionNamed(extensions, name); x != nil && apifhir.CodeOf(x.ValueCodeableConcept) != "" {
			return apifhir.CodeOf(x.ValueCodeableConcept)
		}
	}
	i.Add(facilityElements[field], "%s", text)
	return ""
}

// address reads where the facility lies: a reference to the district, else the names of district and region. Upstream
// writes a reference to the facility itself, which says nothing.
func (i *facilityInput) address(a *fhir.Address, was *facility) {
	if i.Address = strings.TrimSpace(strings.Join(a.Line, ", ")); i.Address == "" {
		i.Address = fhirsql.Trim(a.Text)
	}
	const path = "Organization.address[0].extension('address-location-reference')"
	district, region := fhirsql.Trim(a.District), fhirsql.Trim(a.State)
	x := apifhir.ExtensionNamed(a.Extension, "address-location-reference")
	switch ref := referenceOf(x); {
	case ref != nil && !toOrganization(ref):
		i.DistrictID, _ = i.Target(ref, path, Locations)
	case district != "":
		i.named(district, region)
	case was != nil && was.Place.Key != nil:
		i.DistrictID = *was.Place.Key
	default:
		i.Add(path, "%s is missing; refer to the Location of the district.", path)
	}
}

// named finds a district by its name and that of its region.
func (i *facilityInput) named(district, region string) {
	keys, err := districtsNamed(i.ctx, i.in.Tx, district, region)
	i.Keep(err)
	switch {
	case err != nil:
	case len(keys) == 0:
		i.Add("Organization.address[0].district", "No matching location for district %s, state %s.", district, region)
	case len(keys) > 1:
		i.Add("Organization.address[0].district", "More than one matching location district %s, state %s.", district, region)
	default:
		i.DistrictID = keys[0]
	}
}

func referenceOf(x *fhir.Extension) *fhir.Reference {
	if x == nil {
		return nil
	}
	return x.ValueReference
}

func toOrganization(r *fhir.Reference) bool {
	target, err := apifhir.TargetOf(r, "")
	return err == nil && target.Type == "Organization"
}

// updateFacilitySTU3 replaces what STU3 knows of a facility; the rest stays. A new one has no district and no legal form
// there, so that it cannot be entered.
func updateFacilitySTU3(ctx context.Context, in *apifhir.Input, l *stu3.Location, _ []apifhir.Contained) (apifhir.Entry, error) {
	was, err := facilitiesSTU3.Get(ctx, in.Tx, in.ID)
	if err != nil {
		return apifhir.Entry{}, err
	}
	known, err := lockFacility(ctx, in.Tx, in.By.Scope, was.Key)
	if err != nil {
		return apifhir.Entry{}, err
	}
	i := &facilityInput{Body: fhirsql.NewBody(ctx, in), Facility: known.facility(), ctx: ctx, in: in}
	if i.Code = apifhir.IdentifierValue(l.Identifier, apifhir.KindCode); i.Code == "" {
		i.Add(facilityElementsSTU3["code"], "Missing hf code")
	}
	if i.Name = fhirsql.Trim(l.Name); i.Name == "" {
		i.Add(facilityElementsSTU3["name"], "Missing patient `name` attribute") // sic
	}
	i.Level = ""
	for level, code := range levelsSTU3 {
		if code == apifhir.CodeOf(l.Type) {
			i.Level = level
		}
	}
	switch {
	case l.Type == nil:
		i.Add(facilityElementsSTU3["level"], "Missing patient `type` attribute") // sic
	case i.Level == "":
		i.Add(facilityElementsSTU3["level"], "Missing hf level")
	}
	i.Phone = i.contact(l.Telecom, fhir.ContactPointSystemPhone, facilityElementsSTU3["phone"])
	i.Fax = i.contact(l.Telecom, fhir.ContactPointSystemFax, facilityElementsSTU3["fax"])
	i.Email = i.contact(l.Telecom, fhir.ContactPointSystemEmail, facilityElementsSTU3["email"])
	i.Address = ""
	if l.Address != nil {
		i.Address = fhirsql.Trim(l.Address.Text)
	}
	if err := i.Done(); err != nil {
		return apifhir.Entry{}, err
	}
	if err := (Service{}).UpdateFacility(ctx, in.Tx, fhirsql.AuthorOf(in), was.Key, i.Facility); err != nil {
		return apifhir.Entry{}, apifhir.Placed(err, facilityElementsSTU3)
	}
	return facilitiesSTU3.Entry(ctx, in.Tx, was.Key)
}
