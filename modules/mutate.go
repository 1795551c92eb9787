package modules

import (
	"context"

	"github.com/99designs/gqlgen/graphql"
)

// Mutate logs and runs the mutation of the GraphQL field at hand, whose input the contract spells for the
// log.
func Mutate(ctx context.Context, app *App, contract Contract, name string) (*Receipt, error) {
	f := graphql.GetFieldContext(ctx).Field
	input, _ := f.ArgumentMap(graphql.GetOperationContext(ctx).Variables)["input"].(map[string]any)
	logged, err := contract.LogInput(app.Schema(), f.Definition.Arguments.ForName("input").Type, input)
	if err != nil {
		return nil, err
	}
	text := func(key string) *string {
		if s, ok := input[key].(string); ok {
			return &s
		}
		return nil
	}
	r := &Receipt{ClientMutationID: text("clientMutationId")}
	id, err := app.Mutations.Submit(ctx, name, logged, r.ClientMutationID, text("clientMutationLabel"))
	if err != nil {
		return nil, err
	}
	r.InternalID = &id
	return r, nil
}
