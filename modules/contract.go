package modules

import "github.com/openimis/openimis-be-go/graph/scalar"

// Contract is what the GraphQL clients of some releases send and expect, as a value. An instance speaks
// one; the pinned versions choose it (Choose).
type Contract struct {
	Name string
	// Releases says in words which versions it is the contract of: "0.0.x".
	Releases string
	// Of says whether a version of a module is one of them.
	Of func(version string) bool
	// Scalars spells the scalars of the schema.
	Scalars map[string]scalar.Scalar
}
