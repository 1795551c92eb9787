package apifhir_test

// Two resources in memory. They show what a module writes: a Read, a Search that honours every parameter
// it declares, the rights.

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/samply/golang-fhir-models/fhir-models/fhir"

	"github.com/openimis/openimis-be-go/internal/auth"
	"github.com/openimis/openimis-be-go/internal/db"
	"github.com/openimis/openimis-be-go/internal/fault"
	fhirapi "github.com/openimis/openimis-be-go/modules/api_fhir"
)

type place struct {
	uuid, code, name, kind, parent string
	changed                        time.Time
}

func (p place) entry() fhirapi.Entry {
	l := fhir.Location{
		Identifier:   fhirapi.Identifiers(p.uuid, p.code),
		Status:       fhirapi.Ptr(fhir.LocationStatusActive),
		Mode:         fhirapi.Ptr(fhir.LocationModeInstance),
		Name:         &p.name,
		PhysicalType: fhirapi.Concept(fhirapi.CodeSystem("location-type"), p.kind, ""),
	}
	if p.parent != "" {
		l.PartOf = fhirapi.ReferenceTo("Location", p.parent, "")
	}
	return fhirapi.Entry{ID: p.uuid, VersionTime: p.changed, Resource: l}
}

// places is a register of n places of which the first ones are districts' regions.
func places(n int) []place {
	start := time.Date(2024, 1, 1, 8, 30, 0, 0, time.UTC)
	out := make([]place, n)
	for i := range out {
		out[i] = place{uuid: fmt.Sprintf("00000000-0000-4000-8000-%012d", i), code: fmt.Sprintf("L%d", i),
			name: fmt.Sprintf("Place <%d>", i), kind: "R", changed: start.AddDate(0, 0, i)}
		if i%3 > 0 {
			out[i].kind, out[i].parent = "D", out[i-1].uuid
		}
	}
	return out
}

const (
	rightCreate = 121902
	rightDelete = 121904
)

func locations(all []place) fhirapi.Resource {
	return fhirapi.Resource{
		Release: fhirapi.R4, Type: "Location", Doc: "Regions, districts, municipalities and villages",
		Profile: fhirapi.StructureDefinition("openimis-location"),
		Access:  fhirapi.Access{Get: auth.SignedIn, Create: auth.Needs(rightCreate), Delete: auth.Needs(rightDelete)},
		Params: []fhirapi.Param{
			fhirapi.IDParam, fhirapi.UpdatedParam, fhirapi.ByIdentifier,
			{Name: "name", Type: fhirapi.String, Doc: "Start of the name", Modifiers: []string{"exact"}},
			{Name: "physicalType", Type: fhirapi.Token, Doc: "Level", Allowed: []string{"R", "D"}},
			{Name: "partof", Type: fhirapi.Reference, Doc: "Parent", Targets: []string{"Location"}},
			{Name: "size", Type: fhirapi.Number, Doc: "Number of letters of the name"},
		},
		Sort: []string{"name"},
		Read: func(_ context.Context, _ db.Query, id string) (fhirapi.Entry, error) {
			for _, p := range all {
				if strings.EqualFold(id, p.uuid) || strings.EqualFold(id, p.code) {
					return p.entry(), nil
				}
			}
			switch id {
			case "BROKEN":
				return fhirapi.Entry{}, fmt.Errorf("select from tblLocations: password of sa is wrong")
			case "AWAY":
				return fhirapi.Entry{}, fault.New(fault.Unavailable, "The database cannot be reached.")
			}
			return fhirapi.Entry{}, fault.New(fault.NotFound, "Location %s not found.", id)
		},
		Search: func(_ context.Context, _ db.Query, q fhirapi.Query) (fhirapi.Page, error) {
			var hits []place
			for _, p := range all {
				if matches(p, q) {
					hits = append(hits, p)
				}
			}
			slices.SortStableFunc(hits, func(a, b place) int { return order(a, b, q.Sort) })
			page := fhirapi.Page{Total: len(hits)}
			if !q.WantTotal {
				page.Total = 0
			}
			if q.CountOnly {
				return page, nil
			}
			for _, p := range hits[min(q.Offset, len(hits)):min(q.Offset+q.Limit, len(hits))] {
				page.Entries = append(page.Entries, p.entry())
			}
			return page, nil
		},
		Create: fhirapi.Decoded(func(_ context.Context, _ *fhirapi.Input, l *fhir.Location, _ []fhirapi.Contained) (fhirapi.Entry, error) {
			code := fhirapi.IdentifierValue(l.Identifier, fhirapi.KindCode)
			if code == "" {
				return fhirapi.Entry{}, fault.Input("Location.identifier", "Missing location code")
			}
			if slices.ContainsFunc(all, func(p place) bool { return p.code == code }) {
				return fhirapi.Entry{}, fault.New(fault.Conflict, "There is a location %s.", code)
			}
			return place{uuid: "new-1", code: code, name: *l.Name, kind: "R", changed: time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC)}.entry(), nil
		}),
		Delete: func(context.Context, *fhirapi.Input) error { return nil },
	}
}

func matches(p place, q fhirapi.Query) bool {
	tests := map[string]func(fhirapi.Criterion, fhirapi.Value) bool{
		"_id":          func(_ fhirapi.Criterion, v fhirapi.Value) bool { return v.Code == p.uuid },
		"_lastUpdated": func(_ fhirapi.Criterion, v fhirapi.Value) bool { return v.Range.Contains(p.changed) },
		"identifier": func(_ fhirapi.Criterion, v fhirapi.Value) bool {
			return v.Kind != fhirapi.KindCode && v.ID == p.uuid || v.Kind != fhirapi.KindUUID && v.ID == p.code
		},
		"name": func(c fhirapi.Criterion, v fhirapi.Value) bool {
			return p.name == v.Text || c.Modifier == "" && strings.HasPrefix(p.name, v.Text)
		},
		"physicalType": func(_ fhirapi.Criterion, v fhirapi.Value) bool { return v.Code == p.kind },
		"partof":       func(_ fhirapi.Criterion, v fhirapi.Value) bool { return v.ID == p.parent },
		"size": func(_ fhirapi.Criterion, v fhirapi.Value) bool {
			return v.Prefix == fhirapi.Gt == (int64(len(p.name)) > v.Number.IntPart())
		},
	}
	for name, criteria := range q.Params {
		for _, c := range criteria {
			if !slices.ContainsFunc(c.Any, func(v fhirapi.Value) bool { return tests[name](c, v) }) {
				return false
			}
		}
	}
	return true
}

func order(a, b place, keys []fhirapi.SortKey) int {
	for _, k := range keys {
		c := map[string]int{
			"_id": cmp.Compare(a.uuid, b.uuid), "_lastUpdated": a.changed.Compare(b.changed), "name": cmp.Compare(a.name, b.name),
		}[k.Name]
		if k.Desc {
			c = -c
		}
		if c != 0 {
			return c
		}
	}
	return cmp.Compare(a.uuid, b.uuid)
}

// organizations can only be read and updated, and only with a right.
func organizations() fhirapi.Resource {
	hospital := fhir.Organization{
		Identifier: fhirapi.Identifiers("u-1", "RDH"),
		Name:       fhirapi.Ptr("Rapta \"District\" Hospital"),
		Extension: []fhir.Extension{
			fhirapi.ConceptExtension("organization-hf-legal-form", fhirapi.Concept(fhirapi.CodeSystem("organization-hf-legal-form"), "G", "Government")),
			fhirapi.ReferenceExtension("address-location-reference", &fhir.Reference{Reference: fhirapi.Ptr("#l")}),
			fhirapi.BoolExtension("patient-is-head", false), fhirapi.StringExtension("address-municipality", "Jamu"),
		},
		Contact: []fhir.OrganizationContact{{}},
	}
	return fhirapi.Resource{
		Release: fhirapi.R4, Type: "Organization", Personal: true,
		Access: fhirapi.Access{Get: auth.Needs(121101), Update: auth.Needs(121103)},
		Read: func(context.Context, db.Query, string) (fhirapi.Entry, error) {
			return fhirapi.Entry{ID: "u-1", VersionTime: time.UnixMilli(7), Resource: &hospital, Contained: []any{fhir.Location{Id: fhirapi.Ptr("l"), Name: fhirapi.Ptr("Rapta")}}}, nil
		},
		Update: fhirapi.Decoded(func(_ context.Context, in *fhirapi.Input, o *fhir.Organization, _ []fhirapi.Contained) (fhirapi.Entry, error) {
			return fhirapi.Entry{ID: in.ID, Resource: o}, nil
		}),
	}
}
