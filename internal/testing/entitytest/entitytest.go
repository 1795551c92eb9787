// Package entitytest asks the resolvers of entities, without a server around them.
package entitytest

import (
	"bytes"
	"context"
	"testing"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/validator"
	"github.com/vektah/gqlparser/v2/validator/rules"

	"github.com/openimis/openimis-be-go/internal/auth"
	"github.com/openimis/openimis-be-go/internal/entity"
)

// Ask runs a valid query of one root field as p, nil for nobody; resolve calls the resolver of the field.
// It gives the field's value as JSON, "" when the resolver failed, and the errors: that of the resolver,
// or those of places within the value (*gqlerror.Error).
func Ask(ctx context.Context, t testing.TB, schema *ast.Schema, p *auth.Principal, query string, variables map[string]any,
	resolve func(ctx context.Context, field string) (*entity.Result, error)) (answer string, errs []error) {
	t.Helper()
	doc, invalid := gqlparser.LoadQueryWithRules(schema, query, rules.NewDefaultRules())
	if len(invalid) > 0 {
		t.Fatalf("%s: %v", query, invalid)
	}
	op := &graphql.OperationContext{RawQuery: query, Doc: doc, Operation: doc.Operations[0]}
	var err error
	if op.Variables, err = validator.VariableValues(schema, op.Operation, variables); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	ctx = graphql.WithOperationContext(auth.With(ctx, p), op)
	ctx = graphql.WithResponseContext(ctx, graphql.DefaultErrorPresenter, graphql.DefaultRecover)
	field := graphql.CollectFields(op, op.Operation.SelectionSet, []string{"Query"})[0]
	ctx = graphql.WithFieldContext(ctx, &graphql.FieldContext{Object: "Query", Field: field})
	result, err := resolve(ctx, field.Name)
	if err != nil {
		return "", []error{err}
	}
	var out bytes.Buffer
	result.MarshalGQL(&out)
	for _, e := range graphql.GetErrors(ctx) {
		errs = append(errs, e)
	}
	return out.String(), errs
}
