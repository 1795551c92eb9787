package location

import (
	"strings"

	"github.com/samply/golang-fhir-models/fhir-models/fhir"

	"github.com/openimis/openimis-be-go/internal/auth"
	"github.com/openimis/openimis-be-go/modules"
	apifhir "github.com/openimis/openimis-be-go/modules/api_fhir"
	"github.com/openimis/openimis-be-go/modules/api_fhir/fhirsql"
)

var _ modules.FHIR = (*Module)(nil)

// The code systems of HL7 that organizations use.
const (
	organizationTypeSystem = "http://terminology.hl7.org/CodeSystem/organization-type"
	physicalTypeSystem     = "http://terminology.hl7.org/CodeSystem/location-physical-type"
	roleSystem             = "http://terminology.hl7.org/CodeSystem/v3-RoleCode"
	contactPurposeSystem   = "http://terminology.hl7.org/CodeSystem/contactentity-type"
)

// The code systems of openIMIS and the names of their codes, as the implementation guide has them. The
// names of legal forms are in the database.
var (
	locationTypes  = map[string]string{"R": "Region", "D": "District", "W": "Municipality/Ward", "V": "City/Village"}
	facilityLevels = map[string]string{"D": "Dispensary", "C": "Health Centre", "H": "Hospital"}
	siteTypes      = map[string][2]string{"H": {"HOSP", "Hospital"}, "D": {"COMM", "Community Location"}, "C": {"OF", "Outpatient facility"}}
	careTypes      = map[string]string{"I": "In-patient", "O": "Out-patient", "B": "Both"}

	// Clients may have the system as the Python backend wrote it, with a double slash.
	locationTypeSystems = []string{apifhir.CodeSystem("location-type"), apifhir.Base + "/CodeSystem/location-type"}
)

// Resources implements modules.FHIR: Location is a region, district, ward or village, and a health facility as
// a site when it is asked for; Organization is a health facility or the insurer; practitioners and STU3 are in
// fhir_practitioners.go. All are registers behind pickers: every signed-in user reads them, health facilities
// within the own scope; who has the right writes them there (fhir_write_*.go, docs/fhir.md).
func (m *Module) Resources() []apifhir.Resource {
	list := []apifhir.Resource{
		fhirsql.Resource(apifhir.Resource{
			Release: apifhir.R4, Type: "Location", Doc: "Regions, districts, wards and villages; with physicalType=si the health facilities of the user's districts.",
			Profile: apifhir.StructureDefinition("openimis-location"),
			Access:  apifhir.Access{Get: auth.SignedIn, Create: MayAddPlaces, Update: MayEditPlaces, Delete: MayDeletePlaces},
			Create:  apifhir.Decoded(createPlace), Update: apifhir.Decoded(updatePlace), Delete: deletePlace,
		}, places, sites),
		withInsurer(fhirsql.Resource(apifhir.Resource{
			Release: apifhir.R4, Type: "Organization", Doc: "Health facilities of the user's districts; with type=ins the insurer.",
			Profile: apifhir.StructureDefinition("openimis-health-facility-organization"),
			Access:  apifhir.Access{Get: auth.SignedIn, Create: MayAddFacilities, Update: MayEditFacilities, Delete: MayDeleteFacilities},
			Create:  apifhir.Decoded(createFacility), Update: apifhir.Decoded(updateFacility), Delete: deleteFacility,
		}, facilities)),
	}
	return append(append(list, practitionerResources()...), resourcesSTU3()...)
}

func (p place) entry() apifhir.Entry {
	return p.Entry(&fhir.Location{
		Identifier:   p.Identifiers(),
		Status:       apifhir.Ptr(fhir.LocationStatusActive),
		Mode:         apifhir.Ptr(fhir.LocationModeInstance),
		Name:         p.Name,
		PhysicalType: apifhir.Concept(locationTypeSystems[0], p.Type, locationTypes[p.Type]),
		PartOf:       p.Parent.Reference("Location"),
	})
}

func (s site) entry() apifhir.Entry {
	l := &fhir.Location{
		Identifier:   s.Identifiers(),
		Status:       apifhir.Ptr(fhir.LocationStatusActive),
		Mode:         apifhir.Ptr(fhir.LocationModeInstance),
		Name:         s.Name,
		PhysicalType: apifhir.Concept(physicalTypeSystem, "si", "Site"),
		PartOf:       s.Place.Reference("Location"),
	}
	if t, ok := siteTypes[s.Level]; ok {
		l.Type = []fhir.CodeableConcept{*apifhir.Concept(roleSystem, t[0], t[1])}
	}
	return s.Entry(l)
}

func (f facility) entry() apifhir.Entry {
	return f.Entry(&fhir.Organization{
		Identifier: f.Identifiers(),
		Type:       []fhir.CodeableConcept{*apifhir.Concept(organizationTypeSystem, "prov", "Healthcare Provider")},
		Name:       f.Name,
		Telecom:    f.telecom(),
		Address:    []fhir.Address{f.address()},
		Contact:    contacts(f.admins),
		Extension:  f.extensions(),
	})
}

// extensions are codes; the code system of each has the name of the extension.
func (f facility) extensions() []fhir.Extension {
	var out []fhir.Extension
	for _, x := range []struct{ name, code, display string }{
		{"organization-hf-legal-form", f.LegalForm, fhirsql.Trim(f.Form.Name)},
		{"organization-hf-level", f.Level, facilityLevels[f.Level]},
		{"organization-hf-care-type", f.CareType, careTypes[f.CareType]},
	} {
		if strings.TrimSpace(x.code) != "" {
			out = append(out, apifhir.ConceptExtension(x.name, apifhir.Concept(apifhir.CodeSystem(x.name), x.code, x.display)))
		}
	}
	return out
}

func (f facility) telecom() []fhir.ContactPoint {
	var out []fhir.ContactPoint
	for _, way := range []struct {
		system fhir.ContactPointSystem
		value  *string
	}{{fhir.ContactPointSystemEmail, f.Email}, {fhir.ContactPointSystemPhone, f.Phone}, {fhir.ContactPointSystemFax, f.Fax}} {
		if fhirsql.Trim(way.value) != "" {
			out = append(out, fhir.ContactPoint{System: apifhir.Ptr(way.system), Value: way.value})
		}
	}
	return out
}

// address has district and region by name, and the district by reference.
func (f facility) address() fhir.Address {
	a := fhir.Address{Type: apifhir.Ptr(fhir.AddressTypePhysical), District: f.Place.Name, State: f.Region.Name}
	if fhirsql.Trim(f.Place.Type) == "R" {
		a.District, a.State = nil, f.Place.Name
	}
	if line := fhirsql.Trim(f.Address); line != "" {
		a.Line = []string{line}
	}
	if ref := f.Place.Reference("Location"); ref != nil {
		a.Extension = []fhir.Extension{apifhir.ReferenceExtension("address-location-reference", ref)}
	}
	return a
}

// contacts are the current claim administrators.
func contacts(admins []administrator) []fhir.OrganizationContact {
	var out []fhir.OrganizationContact
	for _, a := range admins {
		name := fhir.HumanName{Use: apifhir.Ptr(fhir.NameUseUsual), Family: a.LastName}
		if given := fhirsql.Trim(a.OtherNames); given != "" {
			name.Given = []string{given}
		}
		if fhirsql.Trim(a.LastName) == "" && len(name.Given) == 0 {
			continue
		}
		out = append(out, fhir.OrganizationContact{Name: &name, Purpose: apifhir.Concept(contactPurposeSystem, "PAYOR", "Payor")})
	}
	return out
}
