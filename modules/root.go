package modules

import (
	"context"
	"reflect"

	"github.com/openimis/openimis-be-go/internal/auth"
	"github.com/openimis/openimis-be-go/internal/entity"
	"github.com/openimis/openimis-be-go/internal/mutation"
)

// Root is a root field of Query or Mutation. The module's .graphql file declares it; the instance finds
// its function here. One of List, Call and Mutation is set.
type Root struct {
	Name   string
	Access auth.Access // who may use it, checked before its function runs; nobody when it is empty

	// List answers with rows of tables, which package entity writes.
	List List
	// Call answers with plain values; see Answer.
	Call *Call
	// Mutation logs the input and runs the handler, at once or by a worker. Access is the handler's.
	Mutation *mutation.Handler
}

// List answers a root field with rows; App.List and App.First make them.
type List func(ctx context.Context) (*entity.Result, error)

// Conditions reads, and removes, the arguments of a list that are not filters, and may add conditions.
type Conditions func(c entity.Cond, args map[string]any) error

// List makes the function of a root field that lists rows of t, filtered and paged as the client asks;
// own may be nil.
func (a *App) List(t *entity.Type, own Conditions) List {
	return func(ctx context.Context) (*entity.Result, error) { return a.Entities.List(ctx, t, own) }
}

// First makes the function of a root field that answers with the first row of t that own leaves.
func (a *App) First(t *entity.Type, own Conditions) List {
	return func(ctx context.Context) (*entity.Result, error) { return a.Entities.First(ctx, t, own) }
}

// Call is a root field that answers with plain values. Answer makes it.
type Call struct {
	// In is a struct with a field for each argument, Out what the GraphQL type is written from. Package
	// graph compares both with the schema when an instance starts.
	In, Out reflect.Type
	// Run reads the arguments into a pointer to In and gives an Out.
	Run func(ctx context.Context, read func(in any) error) (any, error)
}

// None is the input of a Call without arguments.
type None struct{}

// Answer makes a Call of a function. In has a field for each argument and Out (a struct, or a slice of
// them, or pointers to either) one for each field of the GraphQL type, of the same name but for case, or
// named by a tag: `graphql:"chfId"`. A pointer that is nil and a slice that is nil are null. The contract
// says which Go type stands for which scalar.
func Answer[In, Out any](run func(ctx context.Context, in In) (Out, error)) *Call {
	return &Call{In: reflect.TypeFor[In](), Out: reflect.TypeFor[Out](), Run: func(ctx context.Context, read func(any) error) (any, error) {
		var in In
		if err := read(&in); err != nil {
			return nil, err
		}
		out, err := run(ctx, in)
		if err != nil {
			return nil, err
		}
		return out, nil
	}}
}

// MutationRoots makes the root fields of mutations.
func MutationRoots(handlers map[string]mutation.Handler) []Root {
	roots := make([]Root, 0, len(handlers))
	for name, h := range handlers {
		roots = append(roots, Root{Name: name, Access: h.Access, Mutation: &h})
	}
	return roots
}
