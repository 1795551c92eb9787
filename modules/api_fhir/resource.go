package apifhir

import (
	"context"
	"time"

	"github.com/openimis/openimis-be-go/internal/auth"
	"github.com/openimis/openimis-be-go/internal/db"
)

// Resource is one FHIR resource type, in one release, as a module offers it. A nil function is an
// interaction that the server refuses with 405 and leaves out of the capability statement. A type has one
// owner in each release; what a type stands for may differ (Location is a health facility in STU3).
//
// Resources over tables are made by fhirsql, which fills Params, Sort, Read, Search, History and Keys.
type Resource struct {
	Release Release
	Type    string // "Location"
	Doc     string // one sentence for the capability statement: what the resource is in openIMIS
	Profile string // canonical URL of the profile it follows, also written as meta.profile; may be empty
	// Personal says that it is about people, their money or their health: no cache may store it.
	Personal bool
	// Refusals500 answers refused writes with 500 on every mount, because the one client that sends them
	// understands nothing else (Communication).
	Refusals500 bool
	Access      Access
	Params      []Param  // beyond those that every search has
	Sort        []string // names that _sort takes beyond _id and _lastUpdated

	// Read finds one current resource. The id comes from the path: a UUID, a code or an integer id; it
	// answers fault.NotFound when there is none or the caller may not see it.
	Read func(ctx context.Context, q db.Query, id string) (Entry, error)
	// Search answers at most Query.Limit entries, from Query.After or Query.Offset on, in the order of
	// Query.Sort and then always by key, so that pages neither repeat nor skip.
	Search func(ctx context.Context, q db.Query, s Query) (Page, error)
	// History answers the versions of one resource, the newest first; with a version only that one.
	History func(ctx context.Context, q db.Query, id, version string) ([]Entry, error)

	// Mark is the place among all changes before which every one is settled; "" where the database does not number
	// the changes of all the rows that the resource is made of.
	Mark func(ctx context.Context, q db.Query) (string, error)
	// Changes answers at most Query.Limit entries that were changed behind the mark Query.After, whoever changed
	// them, in the order of their changes; ErrMark when there is no such place.
	Changes func(ctx context.Context, q db.Query, s Query) (Changes, error)

	// The writes run in a transaction together with the checks of If-Match and If-None-Exist, and in a
	// Bundle with other writes. They answer the resource as it is now (fhirsql.Source.Entry reads it back).
	Create func(ctx context.Context, in *Input) (Entry, error)
	Update func(ctx context.Context, in *Input) (Entry, error)
	Delete func(ctx context.Context, in *Input) error

	// Keys gives a subselect of the keys in a table whose rows meet criteria, for chained parameters; ok is
	// false when the resource has no rows in that table.
	Keys func(at At, table string, params map[string][]Criterion) (sql string, args []any, ok bool, err error)
	// Named finds rows of a table by what the audit log calls them, those that are deleted too; of those that the caller may
	// not see, and of other tables, it finds none.
	Named func(ctx context.Context, q db.Query, table string, names Names) ([]Named, error)
	// MaxCount is the most entries of a page where the server's would be too many; 0: the server's.
	MaxCount int
	// Check says what is wrong with the description, once at start.
	Check func() error
}

// Access says who may do what. New refuses a resource with a function that nobody may call.
type Access struct {
	Get    auth.Access // read, search and history
	Create auth.Access
	Update auth.Access // PATCH too
	Delete auth.Access
}

// Entry is one resource as the module has it. The server writes id and meta.
type Entry struct {
	ID          string
	VersionTime time.Time // ValidityFrom of the row; the zero time leaves version and ETag out
	Resource    any       // a struct of the release (samply's, or one of stu3), or a pointer to one
	Contained   []any
	// Position is where the entry stands in its list, for Query.After. "": pages are counted.
	Position string
	// Deleted says that this version of a history is the end of the resource; there is no Resource.
	Deleted bool
}

// Input is what a write works with. Decoded makes a typed function of it.
type Input struct {
	Tx   *db.Tx
	By   *auth.Principal
	Now  time.Time
	ID   string // of the path, for Update and Delete: a UUID, a code or an integer id
	JSON []byte // the body of a Create or Update; its resourceType is checked
}

// Decoded makes a Create or Update of a function that takes the decoded resource: Decoded(createPatient)
// with createPatient(ctx, in, patient *fhir.Patient, contained). Members that the model does not know are
// ignored.
func Decoded[T any](fn func(ctx context.Context, in *Input, resource *T, contained []Contained) (Entry, error)) func(context.Context, *Input) (Entry, error) {
	return func(ctx context.Context, in *Input) (Entry, error) {
		resource, contained, err := Decode[T](in.JSON)
		if err != nil {
			return Entry{}, err
		}
		return fn(ctx, in, resource, contained)
	}
}

// Query is a search: every criterion of every parameter has to hold.
type Query struct {
	Params    map[string][]Criterion // by parameter name; only declared ones
	Sort      []SortKey
	Offset    int    // rows to skip
	After     string // Position of the entry to go on behind, instead of skipping; "": skip
	Limit     int    // rows wanted at most
	WantTotal bool   // Page.Total is needed; otherwise do not count
	Exact     bool   // the total has to be that of this moment, not of a moment ago
	CountOnly bool   // entries are not needed
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
	// Chain is what the target of a reference has to meet instead: patient.identifier=….
	Chain *Chain
}

// Chain is a criterion on the target of a reference.
type Chain struct {
	Type   string // of the target
	params map[string][]Criterion
	target *Resource
}

// Keys gives the subselect of the keys of the targets in a table, as Resource.Keys does.
func (c *Chain) Keys(at At, table string) (sql string, args []any, ok bool, err error) {
	if c.target.Keys == nil {
		return "", nil, false, nil
	}
	return c.target.Keys(at, table, c.params)
}

// At is where a condition is written: the database, the alias of the rows and who is asking.
type At struct {
	Query db.Query
	Alias string
	Scope auth.Scope
	Now   time.Time
	Few   bool // the statement looks at few rows, such as a page
	Depth int  // of chained parameters, for aliases that differ
}

// Page is the answer to a Query. Total counts all matches the caller may see, whatever the page.
type Page struct {
	Entries   []Entry
	Total     int
	Uncounted bool // there are too many to count: no total is told
}

// Names are rows of a table by key, by UUID in lower case, and by business code.
type Names struct {
	Keys  db.Ints
	UUIDs []string
	Codes []string
}

// Named is one of the rows, with the id of the resource that it is.
type Named struct {
	ID   string
	Key  int
	UUID string
	Code string
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

// Param is a search parameter that a resource understands. What it asks of a row is with the resource's
// source (fhirsql.Param), and it is not a parameter without.
type Param struct {
	Name      string
	Type      ParamType
	Doc       string
	Targets   []string // Reference: the types it may point at
	Allowed   []string // Token: the codes there are; empty means any
	Modifiers []string // modifiers the Search honours, such as "exact"
	// Path is where a Reference stands in the resource ("insurance.coverage"); with it _include and
	// _revinclude follow the parameter.
	Path string
}

// Version is the version of an entry as meta.versionId and the ETag carry it.
func (e Entry) Version() string {
	if e.VersionTime.IsZero() {
		return ""
	}
	return versionOf(e.VersionTime)
}
