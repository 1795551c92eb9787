package modules

import (
	"encoding/json"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/openimis/openimis-be-go/graph/scalar"
	"github.com/openimis/openimis-be-go/internal/entity"
	"github.com/openimis/openimis-be-go/internal/graphqlhttp"
)

// Contract is what the GraphQL clients of some releases send and expect, as a value. An instance speaks
// one; the pinned versions choose it (Choose).
type Contract struct {
	Name string // also marks the rows of the queue of mutations; at most 20 characters
	// Unmarked says that rows of the queue which name no contract, of earlier releases, are of this one.
	Unmarked bool
	// Releases says in words which versions it is the contract of: "0.0.x".
	Releases string
	// Of says whether a version of a module is one of them.
	Of func(version string) bool
	// SDL declares the scalars of the schema that no module owns.
	SDL string
	// Scalars spells them, and those of GraphQL.
	Scalars map[string]scalar.Scalar
	// Spelling is how entities are written, in agreement with Scalars.
	Spelling entity.Spelling
	// Wording says what is wrong with an operation.
	Wording graphqlhttp.Wording
	// LogInput writes the input of a mutation, of the GraphQL type t, for the log. Handlers read it again.
	LogInput func(s *ast.Schema, t *ast.Type, input map[string]any) (json.RawMessage, error)
	// Absent gives what stands in the place of a root field that has no answer, refused or failed: nil is null,
	// and so is it where Absent is nil. The error stays beside it.
	Absent func(op *graphql.OperationContext, f graphql.CollectedField) graphql.Marshaler
}
