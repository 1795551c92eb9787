// Package contract2019 is the GraphQL contract of the releases 0.0.x (2019), as a value: what the React
// application of that time sends and expects. Contract is all that the rest of the program sees of it.
package contract2019

import (
	"strings"

	"github.com/openimis/openimis-be-go/modules"
)

// Name is how modules name the contract for their Face.
const Name = "2019"

// Contract is the contract of 2019.
var Contract = modules.Contract{
	Name:     Name,
	Releases: "0.0.x",
	Of:       func(version string) bool { return strings.HasPrefix(version, "0.0.") },
	Scalars:  scalars,
}
