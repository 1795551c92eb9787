package apifhir

import (
	"encoding/json"
	"fmt"

	"github.com/samply/golang-fhir-models/fhir-models/fhir"
)

// capabilities describes the server as its registered resources make it; base is the URL of the mount.
func (s *Server) capabilities(base string) fhir.CapabilityStatement {
	rest := fhir.CapabilityStatementRest{
		Mode: fhir.RestfulCapabilityModeServer,
		Security: &fhir.CapabilityStatementRestSecurity{
			Service:     []fhir.CodeableConcept{*Concept("http://terminology.hl7.org/CodeSystem/restful-security-service", "Basic", "Basic")},
			Description: Ptr("HTTP Basic, or a session of the gateway. Each interaction needs the rights that openIMIS gives to roles; rows outside the user's districts or health facility are not seen."),
		},
	}
	for i := range s.resources {
		rest.Resource = append(rest.Resource, s.resources[i].capability())
	}
	return fhir.CapabilityStatement{
		Url:            Ptr(base + "/metadata"),
		Version:        text(s.conf.Version),
		Name:           Ptr("OpenIMIS"),
		Title:          Ptr("openIMIS FHIR R4 API"),
		Status:         fhir.PublicationStatusActive,
		Date:           InstantText(s.started),
		Kind:           fhir.CapabilityStatementKindInstance,
		Software:       &fhir.CapabilityStatementSoftware{Name: "openIMIS", Version: text(s.conf.Version)},
		Implementation: &fhir.CapabilityStatementImplementation{Description: "openIMIS over the legacy database", Url: &base},
		FhirVersion:    fhir.FHIRVersion4_0_1,
		Format:         []string{typeFHIR, "json"},
		Rest:           []fhir.CapabilityStatementRest{rest},
	}
}

func (r *Resource) capability() fhir.CapabilityStatementRestResource {
	code, _ := resourceType(r.Type) // New has checked it
	out := fhir.CapabilityStatementRestResource{
		Type:          code,
		Documentation: text(r.Doc),
		Versioning:    Ptr(fhir.ResourceVersionPolicyVersioned),
		ReadHistory:   Ptr(false),
		UpdateCreate:  Ptr(false),
	}
	if r.Profile != "" {
		out.SupportedProfile = []string{r.Profile}
	}
	for _, i := range []struct {
		on   bool
		code fhir.TypeRestfulInteraction
	}{
		{r.Read != nil, fhir.TypeRestfulInteractionRead},
		{r.Search != nil, fhir.TypeRestfulInteractionSearchType},
		{r.Create != nil, fhir.TypeRestfulInteractionCreate},
		{r.Update != nil, fhir.TypeRestfulInteractionUpdate},
		{r.Delete != nil, fhir.TypeRestfulInteractionDelete},
	} {
		if i.on {
			out.Interaction = append(out.Interaction, fhir.CapabilityStatementRestResourceInteraction{Code: i.code})
		}
	}
	if r.Read != nil {
		out.ConditionalRead = Ptr(fhir.ConditionalReadStatusFullSupport)
	}
	if r.Search != nil {
		for _, list := range [][]Param{commonParams, r.Params} {
			for _, p := range list {
				out.SearchParam = append(out.SearchParam, fhir.CapabilityStatementRestResourceSearchParam{
					Name: p.Name, Type: paramTypes[p.Type], Documentation: text(p.Doc)})
			}
		}
	}
	return out
}

var paramTypes = map[ParamType]fhir.SearchParamType{
	Token: fhir.SearchParamTypeToken, Identifier: fhir.SearchParamTypeToken, String: fhir.SearchParamTypeString,
	Date: fhir.SearchParamTypeDate, Reference: fhir.SearchParamTypeReference, Number: fhir.SearchParamTypeNumber,
	Quantity: fhir.SearchParamTypeQuantity,
}

// resourceType finds the models' code of a type name.
func resourceType(name string) (fhir.ResourceType, error) {
	var t fhir.ResourceType
	if err := json.Unmarshal([]byte(fmt.Sprintf("%q", name)), &t); err != nil {
		return t, fmt.Errorf("%q is no resource type of FHIR R4", name)
	}
	return t, nil
}
