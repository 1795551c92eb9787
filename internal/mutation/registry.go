package mutation

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/openimis/openimis-be-go/internal/auth"
	"github.com/openimis/openimis-be-go/internal/db"
)

// Handler is one mutation of a module.
type Handler struct {
	Access auth.Access // checked when it is submitted and again when it is executed

	// Run applies the mutation in tx, which also holds its final status: what Run does outside tx may
	// happen several times. An error undoes everything and becomes the error text of the log
	// (fault.Message of it); an Outcome with an error text keeps the effects.
	Run func(ctx context.Context, tx *db.Tx, c Call) (Outcome, error)

	// Long, in place of Run, is for work that takes longer than a transaction may. It makes transactions of its own,
	// and must know by Call.ID how far it has come: when the process dies it is called again in another one. report
	// shows users how far it is, in the log's error column while the status is 0. When ctx ends, the process stops
	// and somebody goes on. Its error is the end, but for one that passes and [Later].
	Long func(ctx context.Context, c Call, report Report) (Outcome, error)
}

// Report tells how far a long mutation is.
type Report func(ctx context.Context, text string) error

// Later is the error of a Long that cannot begin yet: it is tried again after this time, as often as it takes.
type Later time.Duration

func (l Later) Error() string { return "to be tried again in " + time.Duration(l).String() }

// Call is one execution.
type Call struct {
	ID        string // of the core_Mutation_Log row
	Name      string
	Principal *auth.Principal
	Input     json.RawMessage // snake_case JSON object, as in json_content
	Now       time.Time       // the moment of the execution
}

// Outcome is how a mutation ended whose effects are kept.
type Outcome struct {
	Error string // text for the log, such as that some of many claims failed; empty means success
}

// Registry holds the mutations of the enabled modules. Fill it before use; it is not locked.
type Registry struct {
	handlers map[string]Handler
	names    []string
}

// NewRegistry makes an empty Registry.
func NewRegistry() *Registry { return &Registry{handlers: map[string]Handler{}} }

// maxName is the length of imis_mutation_queue.name.
const maxName = 100

// Add registers a mutation under its GraphQL name. It refuses a name that is taken, a handler that
// nobody may use, and one for the anonymous, because every mutation has an author.
func (r *Registry) Add(name string, h Handler) error {
	_, taken := r.handlers[name]
	switch {
	case name == "" || len(name) > maxName:
		return fmt.Errorf("mutation %q: the name must have 1 to %d characters", name, maxName)
	case taken:
		return fmt.Errorf("mutation %s is defined twice", name)
	case (h.Run == nil) == (h.Long == nil):
		return fmt.Errorf("mutation %s must have either Run or Long", name)
	case h.Access.Anonymous:
		return fmt.Errorf("mutation %s is open to the anonymous", name)
	case !h.Access.SignedIn && len(h.Access.Rights) == 0:
		return fmt.Errorf("mutation %s names no rights", name)
	}
	r.handlers[name] = h
	r.names = append(r.names, name)
	slices.Sort(r.names)
	return nil
}

// Names lists the mutations.
func (r *Registry) Names() []string { return slices.Clone(r.names) }

// Access gives who may use a mutation; not ok: none has that name.
func (r *Registry) Access(name string) (auth.Access, bool) {
	h, ok := r.handlers[name]
	return h.Access, ok
}

func (r *Registry) lookup(name string) (Handler, bool) {
	h, ok := r.handlers[name]
	return h, ok
}

// Typed makes a Handler of a function that takes its input as a struct (see Decode).
func Typed[In any](access auth.Access, run func(ctx context.Context, tx *db.Tx, c Call, in In) (Outcome, error)) Handler {
	return Handler{Access: access, Run: func(ctx context.Context, tx *db.Tx, c Call) (Outcome, error) {
		var in In
		if err := Decode(c.Input, &in); err != nil {
			return Outcome{}, err
		}
		return run(ctx, tx, c, in)
	}}
}

// TypedLong makes a Handler of a long mutation with its input as a struct.
func TypedLong[In any](access auth.Access, run func(ctx context.Context, c Call, in In, report Report) (Outcome, error)) Handler {
	return Handler{Access: access, Long: func(ctx context.Context, c Call, report Report) (Outcome, error) {
		var in In
		if err := Decode(c.Input, &in); err != nil {
			return Outcome{}, err
		}
		return run(ctx, c, in, report)
	}}
}
