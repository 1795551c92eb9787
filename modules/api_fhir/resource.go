package apifhir

import (
	"context"
	"time"

	"github.com/openimis/openimis-be-go/internal/auth"
)

// Resource is one FHIR resource type as a module offers it. A nil function is an interaction that the
// server refuses with 405 and leaves out of the capability statement. One type has one owner.
type Resource struct {
	Type    string // "Location"
	Doc     string // one sentence for the capability statement: what the resource is in openIMIS
	Profile string // canonical URL of the profile it follows; may be empty
	Access  Access
	Params  []Param  // beyond _id and _lastUpdated, which every Search has to honour
	Sort    []string // names that _sort takes beyond _id and _lastUpdated

	// Read finds one current resource. The id comes from the path: a UUID, a code or an integer id; the
	// module decides which it takes, and answers fault.NotFound when there is none or the caller may not see it.
	Read func(ctx context.Context, id string) (Entry, error)
	// Search answers Query.Limit entries from Query.Offset on, in the order of Query.Sort and then always
	// by id, so that pages neither repeat nor skip.
	Search func(ctx context.Context, q Query) (Page, error)
	Create func(ctx context.Context, in Input) (Entry, error)
	Update func(ctx context.Context, id string, in Input) (Entry, error)
	Delete func(ctx context.Context, id string) error
}

// Access says who may do what. New refuses a resource with a function that nobody may call.
type Access struct {
	Get    auth.Access // read and search
	Create auth.Access
	Update auth.Access
	Delete auth.Access
}

// Entry is one resource as the module has it. The server writes id, meta.lastUpdated and meta.versionId.
type Entry struct {
	ID          string
	VersionTime time.Time // ValidityFrom of the row; the zero time leaves version and ETag out
	Resource    any       // a samply struct or a pointer to one
	Contained   []any
}

// Input is the body of a create or an update; its resourceType is checked. Read it with Decode.
type Input struct {
	JSON    []byte
	IfMatch string // version the client expects (meta.versionId, see Version); empty when it does not say
}

// Query is a search: every criterion of every parameter has to hold.
type Query struct {
	Params    map[string][]Criterion // by parameter name; only declared ones, _id and _lastUpdated
	Sort      []SortKey
	Offset    int  // rows to skip
	Limit     int  // rows wanted at most
	WantTotal bool // Page.Total is needed; otherwise do not count
	CountOnly bool // entries are not needed
}

// SortKey is one column of _sort.
type SortKey struct {
	Name string
	Desc bool
}

// Criterion is one occurrence of a parameter: any of its values has to match.
type Criterion struct {
	Modifier string // without the colon; only what Param.Modifiers lists
	Any      []Value
}

// Page is the answer to a Query. Total counts all matches the caller may see, whatever the page.
type Page struct {
	Entries []Entry
	Total   int
}

// ParamType is how the value of a search parameter is read.
type ParamType int

// The types of parameters. Identifier is a token over openIMIS identifiers (see Value.Kind).
const (
	Token ParamType = iota
	Identifier
	String
	Date
	Reference
	Number
	Quantity
)

// Param is a search parameter that a resource understands.
type Param struct {
	Name      string
	Type      ParamType
	Doc       string
	Targets   []string // Reference: the types it may point at
	Allowed   []string // Token: the codes there are; empty means any
	Modifiers []string // modifiers the Search honours, such as "exact"
}

// ByIdentifier is the parameter that nearly every resource has: UUID or business code.
var ByIdentifier = Param{Name: "identifier", Type: Identifier,
	Doc: "UUID or code; a plain value, or Code|value, UUID|value"}

// Version is the version of an entry as meta.versionId and the ETag carry it.
func (e Entry) Version() string {
	if e.VersionTime.IsZero() {
		return ""
	}
	return versionOf(e.VersionTime)
}
