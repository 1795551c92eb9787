// Package graph is the GraphQL schema: code that gqlgen generates from the modules' .graphql files
// (gen/, *.generated.go), and Compose, which puts the resolvers of the modules together. The schema
// that an instance serves is that of its enabled modules (package sdl); the generated one only knows
// how to call the resolvers.
//
//go:generate go run ./gen
package graph

import (
	"fmt"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/openimis/openimis-be-go/modules"
	"github.com/openimis/openimis-be-go/modules/claim"
	"github.com/openimis/openimis-be-go/modules/claim_batch"
	"github.com/openimis/openimis-be-go/modules/core"
	"github.com/openimis/openimis-be-go/modules/insuree"
	"github.com/openimis/openimis-be-go/modules/location"
	"github.com/openimis/openimis-be-go/modules/medical"
	"github.com/openimis/openimis-be-go/modules/medical_pricelist"
	"github.com/openimis/openimis-be-go/modules/policy"
	"github.com/openimis/openimis-be-go/modules/product"
)

// The resolvers of each module under a name of their own, so that queryRoot can embed them all. Go
// proves that every root field has exactly one resolver: a missing one and one that two modules have
// do not compile. Those of a disabled module stay nil, and its fields are not in the schema.
type (
	coreQuery      = core.Query
	locationQuery  = location.Query
	medicalQuery   = medical.Query
	pricelistQuery = medical_pricelist.Query
	productQuery   = product.Query
	insureeQuery   = insuree.Query
	policyQuery    = policy.Query
	claimQuery     = claim.Query
	batchQuery     = claim_batch.Query

	claimMutation = claim.Mutation
)

type queryRoot struct {
	*coreQuery
	*locationQuery
	*medicalQuery
	*pricelistQuery
	*productQuery
	*insureeQuery
	*policyQuery
	*claimQuery
	*batchQuery
}

type mutationRoot struct {
	*claimMutation
}

type resolvers struct {
	query    queryRoot
	mutation mutationRoot
}

// Query implements ResolverRoot.
func (r *resolvers) Query() QueryResolver { return r.query }

// Mutation implements ResolverRoot.
func (r *resolvers) Mutation() MutationResolver { return r.mutation }

// Compose makes the executable schema of an instance: schema is that of its enabled modules, list the
// modules themselves.
func Compose(schema *ast.Schema, list []modules.Module) (graphql.ExecutableSchema, error) {
	r := &resolvers{}
	for _, m := range list {
		switch m := m.(type) {
		case *core.Module:
			r.query.coreQuery = &m.Query
		case *location.Module:
			r.query.locationQuery = &m.Query
		case *medical.Module:
			r.query.medicalQuery = &m.Query
		case *medical_pricelist.Module:
			r.query.pricelistQuery = &m.Query
		case *product.Module:
			r.query.productQuery = &m.Query
		case *insuree.Module:
			r.query.insureeQuery = &m.Query
		case *policy.Module:
			r.query.policyQuery = &m.Query
		case *claim.Module:
			r.query.claimQuery, r.mutation.claimMutation = &m.Query, &m.Mutation
		case *claim_batch.Module:
			r.query.batchQuery = &m.Query
		default:
			if _, ok := m.(modules.GraphQL); ok {
				return nil, fmt.Errorf("module %s has GraphQL fields, but package graph does not know it", m.Name())
			}
		}
	}
	return NewExecutableSchema(Config{Schema: schema, Resolvers: r}), nil
}
