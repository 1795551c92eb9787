package apifhir

// capabilities describes a release as its registered resources make it; base is the URL of the mount.
func (s *Server) capabilities(release Release, base string) CapabilityStatement {
	reg := s.releases[release]
	r := rest{
		Mode: "server",
		Security: security{
			Service:     []concept{{[]coding{{"http://terminology.hl7.org/CodeSystem/restful-security-service", "Basic", "Basic"}}}},
			Description: "HTTP Basic, a token from login, or a session of the gateway. Each interaction needs the rights that openIMIS gives to roles; rows outside the user's districts or health facility are not seen.",
		},
		Interaction: []interaction{{"transaction"}, {"batch"}},
	}
	if release == STU3 {
		r.Security.Service[0].Coding[0].System = "http://hl7.org/fhir/restful-security-service"
	}
	for _, res := range reg.list {
		r.Resource = append(r.Resource, res.capability(reg))
	}
	c := CapabilityStatement{
		URL: base + "/metadata", Version: s.conf.Version,
		Name: "OpenIMIS", Title: "openIMIS FHIR " + string(release) + " API",
		Status: "active", Date: InstantText(s.started), Kind: "instance",
		Software: software{"openIMIS", s.conf.Version}, FHIRVersion: releases[release].version,
		Format: []string{typeFHIR, typeJSON, "json"}, PatchFormat: []string{typePatch, typeMerge},
		Rest: []rest{r},
	}
	if release == STU3 {
		c.AcceptUnknown = "both"
	}
	c.Implementation.Description, c.Implementation.URL = "openIMIS over the legacy database", base
	return c
}

func (r *Resource) capability(reg *registry) restResource {
	out := restResource{
		Type: r.Type, Documentation: r.Doc, Versioning: "versioned",
		ReadHistory: Ptr(r.History != nil), UpdateCreate: Ptr(false), ConditionalCreate: Ptr(r.Create != nil && r.Search != nil),
		ReferencePolicy: []string{"literal", "logical"},
	}
	if r.Update != nil && r.Read != nil {
		out.Versioning = "versioned-update"
	}
	switch {
	case r.Profile == "":
	case r.Release == STU3:
		out.Profile = map[string]string{"reference": r.Profile}
	default:
		out.SupportedProfile = []string{r.Profile}
	}
	for _, i := range []struct {
		on   bool
		code string
	}{
		{r.Read != nil, "read"},
		{r.Search != nil, "search-type"},
		{r.Create != nil, "create"},
		{r.Update != nil, "update"},
		{r.Update != nil && r.Read != nil, "patch"},
		{r.Delete != nil, "delete"},
		{r.History != nil, "vread"},
		{r.History != nil, "history-instance"},
	} {
		if i.on {
			out.Interaction = append(out.Interaction, interaction{i.code})
		}
	}
	if r.Read != nil {
		out.ConditionalRead = "full-support"
	}
	if r.Search != nil {
		out.SearchInclude, out.SearchRevInclude = reg.includes(r, false), reg.includes(r, true)
		for _, p := range r.Params {
			out.SearchParam = append(out.SearchParam, searchParam{p.Name, paramTypes[p.Type], p.Doc})
		}
	}
	return out
}

var paramTypes = map[ParamType]string{
	Token: "token", Identifier: "token", String: "string", Date: "date", Reference: "reference", Number: "number", Quantity: "quantity",
}
