package apifhir

// The resources of the protocol itself. They look alike in all releases, so that they belong to none of
// their models; where a member is in one release only, a comment says so.

// OperationOutcome is what errors and warnings are answered with.
type OperationOutcome struct {
	Issue []Issue `json:"issue"`
}

// Issue is one error or warning. Clients match Details.Text, or show Diagnostics.
type Issue struct {
	Severity    string     `json:"severity"` // fatal, error, warning or information
	Code        string     `json:"code"`     // issueInvalid and its like
	Details     *issueText `json:"details,omitempty"`
	Diagnostics string     `json:"diagnostics,omitempty"`
	Location    []string   `json:"location,omitempty"`   // http.<parameter or header>
	Expression  []string   `json:"expression,omitempty"` // FHIRPath into the body
}

type issueText struct {
	Text string `json:"text"`
}

// The issue types that the server uses; they are in all releases.
const (
	issueInvalid     = "invalid"
	issueNotFound    = "not-found"
	issueConflict    = "conflict"
	issueException   = "exception"
	issueTransient   = "transient"
	issueUnsupported = "not-supported"
	issueForbidden   = "forbidden"
	issueTooLong     = "too-long"
	issueProcessing  = "processing"
	issueDone        = "informational"
)

// Bundle is a page of results, a history, or the answer to a batch or transaction. Entries are appended by
// an entryWriter, which does not encode resources again.
type Bundle struct {
	Type  string       `json:"type"`
	Total *int         `json:"total,omitempty"`
	Link  []bundleLink `json:"link,omitempty"`
}

type bundleLink struct {
	Relation string `json:"relation"`
	URL      string `json:"url"`
}

// CapabilityStatement is /metadata.
type CapabilityStatement struct {
	URL            string   `json:"url"`
	Version        string   `json:"version,omitempty"`
	Name           string   `json:"name"`
	Title          string   `json:"title"`
	Status         string   `json:"status"`
	Date           string   `json:"date"`
	Kind           string   `json:"kind"`
	Software       software `json:"software"`
	Implementation struct {
		Description string `json:"description"`
		URL         string `json:"url"`
	} `json:"implementation"`
	FHIRVersion   string   `json:"fhirVersion"`
	AcceptUnknown string   `json:"acceptUnknown,omitempty"` // STU3
	Format        []string `json:"format"`
	PatchFormat   []string `json:"patchFormat,omitempty"`
	Rest          []rest   `json:"rest"`
}

type software struct {
	Name    string `json:"name"`
	Version string `json:"version,omitempty"`
}

type rest struct {
	Mode        string         `json:"mode"`
	Security    security       `json:"security"`
	Resource    []restResource `json:"resource,omitempty"`
	Interaction []interaction  `json:"interaction,omitempty"`
}

type security struct {
	Service     []concept `json:"service"`
	Description string    `json:"description"`
}

type concept struct {
	Coding []coding `json:"coding"`
}

type coding struct {
	System  string `json:"system"`
	Code    string `json:"code"`
	Display string `json:"display,omitempty"`
}

type interaction struct {
	Code string `json:"code"`
}

type restResource struct {
	Type              string        `json:"type"`
	Profile           any           `json:"profile,omitempty"`          // STU3: a Reference
	SupportedProfile  []string      `json:"supportedProfile,omitempty"` // R4
	Documentation     string        `json:"documentation,omitempty"`
	Interaction       []interaction `json:"interaction"`
	Versioning        string        `json:"versioning"`
	ReadHistory       *bool         `json:"readHistory"`
	UpdateCreate      *bool         `json:"updateCreate"`
	ConditionalCreate *bool         `json:"conditionalCreate"`
	ConditionalRead   string        `json:"conditionalRead,omitempty"`
	ReferencePolicy   []string      `json:"referencePolicy,omitempty"`
	SearchInclude     []string      `json:"searchInclude,omitempty"`
	SearchRevInclude  []string      `json:"searchRevInclude,omitempty"`
	SearchParam       []searchParam `json:"searchParam,omitempty"`
}

type searchParam struct {
	Name          string `json:"name"`
	Type          string `json:"type"`
	Documentation string `json:"documentation,omitempty"`
}
