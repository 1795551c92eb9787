package location

import (
	"context"
	"slices"
	"strings"

	"github.com/samply/golang-fhir-models/fhir-models/fhir"

	"github.com/openimis/openimis-be-go/internal/db"
	apifhir "github.com/openimis/openimis-be-go/modules/api_fhir"
)

// insurerID is the id of the Organization that the insurer is, as the Python backend calls it. It is in no table.
const insurerID = "openIMIS-Implementation"

// Insurer refers to the Organization of the insurer: ClaimResponse.insurer, CoverageEligibilityResponse.insurer.
func Insurer() *fhir.Reference { return apifhir.ReferenceToCode("Organization", insurerID, "") }

func insurerEntry() apifhir.Entry {
	return apifhir.Entry{ID: insurerID, Resource: &fhir.Organization{
		Meta:       &fhir.Meta{Profile: []string{apifhir.StructureDefinition("openimis-insurance-organization")}},
		Identifier: []fhir.Identifier{apifhir.TypedIdentifier(apifhir.KindCode, insurerID)},
		Type:       []fhir.CodeableConcept{*apifhir.Concept(organizationTypeSystem, "ins", "Insurance Company")},
		Name:       apifhir.Ptr("openIMIS Implementation"),
	}}
}

// withInsurer adds the insurer to the Organizations: it is read, and found by its id, its code and its type. A list that
// asks for none of them is of the health facilities.
func withInsurer(r apifhir.Resource) apifhir.Resource {
	read, search := r.Read, r.Search
	r.Read = func(ctx context.Context, q db.Query, id string) (apifhir.Entry, error) {
		if strings.EqualFold(id, insurerID) {
			return insurerEntry(), nil
		}
		return read(ctx, q, id)
	}
	r.Search = func(ctx context.Context, q db.Query, query apifhir.Query) (apifhir.Page, error) {
		if !asksForInsurer(query.Params) {
			return search(ctx, q, query)
		}
		page := apifhir.Page{Total: 1}
		if !query.CountOnly && query.Limit > 0 && query.Offset == 0 && query.After == "" {
			page.Entries = []apifhir.Entry{insurerEntry()}
		}
		return page, nil
	}
	return r
}

// asksForInsurer says whether criteria name the insurer, and nothing that it does not have.
func asksForInsurer(params map[string][]apifhir.Criterion) bool {
	for name, criteria := range params {
		var has func(v apifhir.Value) bool
		switch name {
		case "_id", "code", "identifier":
			has = func(v apifhir.Value) bool {
				return strings.EqualFold(v.Code, insurerID) || strings.EqualFold(v.ID, insurerID)
			}
		case "type", "resourceType":
			has = func(v apifhir.Value) bool {
				return v.Code == "ins" && (v.System == nil || *v.System == organizationTypeSystem)
			}
		default:
			return false
		}
		for _, c := range criteria {
			if !slices.ContainsFunc(c.Any, has) {
				return false
			}
		}
	}
	return len(params) > 0
}
