// Package graph is the executable schema of an instance, on gqlgen's runtime: it looks root fields up in
// what the modules registered and writes their answers. No code is generated. Start with Compose, which
// checks at start that schema and modules fit; bind.go compares Go types with GraphQL types, write.go
// writes answers. Introspection is answered before it comes here (package graphqlhttp).
package graph

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/openimis/openimis-be-go/graph/contract2019"
	"github.com/openimis/openimis-be-go/graph/scalar"
	"github.com/openimis/openimis-be-go/internal/fault"
	"github.com/openimis/openimis-be-go/modules"
)

// Contracts are those that instances can speak; the first is that of a list of modules without versions.
var Contracts = []modules.Contract{contract2019.Contract}

// Mutate logs a mutation with the arguments of the field at hand and runs it, or leaves it to a worker.
type Mutate func(ctx context.Context, name string) (*modules.Receipt, error)

// resolver answers a root field with a value that writes itself.
type resolver func(ctx context.Context, f graphql.CollectedField) (graphql.Marshaler, error)

type executable struct {
	schema *ast.Schema
	roots  map[string]resolver // by "Query.claims"
}

// Compose makes the executable schema of an instance. Every root field of the schema must have one Root,
// every Root a field that it fits, and nobody may be left without an access rule; the error has a line
// for each that does not.
func Compose(schema *ast.Schema, roots []modules.Root, scalars map[string]scalar.Scalar, mutate Mutate) (graphql.ExecutableSchema, error) {
	e := &executable{schema: schema, roots: map[string]resolver{}}
	b := &binder{schema: schema, scalars: scalars}
	seen := map[string]bool{}
	for _, r := range roots {
		owner, kind := schema.Query, "Query"
		if r.Mutation != nil {
			owner, kind = schema.Mutation, "Mutation"
		}
		name := kind + "." + r.Name
		var field *ast.FieldDefinition
		if owner != nil {
			field = owner.Fields.ForName(r.Name)
		}
		switch {
		case seen[name]:
			b.bad("%s is registered twice", name)
		case field == nil:
			b.bad("%s is registered, but the schema has no such field", name)
		case !r.Access.Anonymous && !r.Access.SignedIn && len(r.Access.Rights) == 0:
			b.bad("%s has no access rule: nobody could use it", name)
		default:
			if run := b.root(name, field, r, mutate); run != nil {
				e.roots[name] = run
			}
		}
		seen[name] = true
	}
	for _, owner := range []*ast.Definition{schema.Query, schema.Mutation} {
		if owner == nil {
			continue
		}
		for _, f := range owner.Fields {
			if name := owner.Name + "." + f.Name; !seen[name] && !strings.HasPrefix(f.Name, "__") {
				b.bad("%s is in the schema, but no module registers it", name)
			}
		}
	}
	if len(b.problems) > 0 {
		slices.Sort(b.problems)
		return nil, fmt.Errorf("the schema and the modules do not fit:\n  %s", strings.Join(b.problems, "\n  "))
	}
	return e, nil
}

// Schema implements graphql.ExecutableSchema.
func (e *executable) Schema() *ast.Schema { return e.schema }

// Complexity implements graphql.ExecutableSchema; package graphqlhttp has the limits.
func (e *executable) Complexity(context.Context, string, string, int, map[string]any) (int, bool) {
	return 0, false
}

// Exec implements graphql.ExecutableSchema: the fields of a query are answered side by side, those of a
// mutation one after the other.
func (e *executable) Exec(ctx context.Context) graphql.ResponseHandler {
	op := graphql.GetOperationContext(ctx)
	owner := e.schema.Query
	switch op.Operation.Operation {
	case ast.Query:
	case ast.Mutation:
		owner = e.schema.Mutation
	default:
		return graphql.OneShot(graphql.ErrorResponse(ctx, "unsupported GraphQL operation"))
	}
	var answered bool
	return func(ctx context.Context) *graphql.Response {
		if answered {
			return nil
		}
		answered = true
		fields := graphql.CollectFields(op, op.Operation.SelectionSet, []string{owner.Name})
		out := graphql.NewFieldSet(fields)
		var refused atomic.Bool // a field that may not be null is
		for i, f := range fields {
			run := func(ctx context.Context) graphql.Marshaler {
				m := op.RootResolverMiddleware(ctx, func(ctx context.Context) graphql.Marshaler { return e.root(ctx, op, owner, f) })
				if m == graphql.Null && f.Definition.Type.NonNull {
					refused.Store(true)
				}
				return m
			}
			ctx := graphql.WithRootFieldContext(ctx, &graphql.RootFieldContext{Object: f.Name, Field: f})
			if op.Operation.Operation == ast.Mutation {
				out.Values[i] = run(ctx)
			} else {
				out.Concurrently(i, func(context.Context) graphql.Marshaler { return run(ctx) })
			}
		}
		out.Dispatch(ctx)
		if refused.Load() {
			return &graphql.Response{Data: []byte("null")}
		}
		var b bytes.Buffer
		out.MarshalGQL(&b)
		return &graphql.Response{Data: b.Bytes()}
	}
}

// root answers one root field; a panic in it is the field's error.
func (e *executable) root(ctx context.Context, op *graphql.OperationContext, owner *ast.Definition, f graphql.CollectedField) (answer graphql.Marshaler) {
	ctx = graphql.WithFieldContext(ctx, &graphql.FieldContext{Object: owner.Name, Field: f, IsMethod: true, IsResolver: true})
	defer func() {
		if r := recover(); r != nil {
			op.Error(ctx, op.Recover(ctx, r))
			answer = graphql.Null
		}
	}()
	v, err := op.ResolverMiddleware(ctx, func(ctx context.Context) (any, error) {
		if err := ctx.Err(); err != nil {
			return nil, fault.Wrap(err, fault.Unavailable, "The request was cancelled, or took longer than allowed.")
		}
		run, ok := e.roots[owner.Name+"."+f.Name]
		switch {
		case ok:
			return run(ctx, f)
		case f.Name == "__typename":
			return graphql.MarshalString(owner.Name), nil
		}
		return nil, fmt.Errorf("%s.%s has no function", owner.Name, f.Name)
	})
	if err != nil {
		op.Error(ctx, graphql.AddFieldLocationToError(ctx, err))
		return graphql.Null
	}
	m, ok := v.(graphql.Marshaler)
	if !ok {
		return graphql.Null
	}
	return m
}
