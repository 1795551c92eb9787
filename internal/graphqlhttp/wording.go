package graphqlhttp

import (
	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
	"github.com/vektah/gqlparser/v2/validator/rules"
)

// Wording is how a contract judges operations, and how it words what is wrong with them: clients match on
// these texts.
type Wording struct {
	// Rules are what a document is held against.
	Rules func() *rules.Rules
	// Variables says what is wrong with the variables of an operation.
	Variables func(s *ast.Schema, op *ast.OperationDefinition, values map[string]any) gqlerror.List
	// Refused words the errors of an operation that cannot be run.
	Refused func(r Refused) gqlerror.List
	// Transport is what is said of requests that bring no operation.
	Transport Transport
}

// Transport words what is wrong with a request before its operation is looked at.
type Transport struct {
	Method        string // neither GET nor POST
	NoQuery       string // there is no document
	JSON          string // the body should be JSON and is not
	Shape         string // the body is JSON, but not an object, or has members of wrong types
	QueryType     string // the document is not a text
	Variables     string // the variables are not JSON
	MutationByGET string // a mutation in the URL
}

// Refused is an operation that cannot be run: its document cannot be read or is not valid, it has no
// operation of the name that is asked for, or its variables are wrong.
type Refused struct {
	Schema    *ast.Schema
	Params    *graphql.RawParams
	Operation *graphql.OperationContext // as far as it was read; may be nil
	Errors    gqlerror.List             // of gqlparser and of Rules
	Tokens    int                       // how many tokens a document may have
}
