// Package contract2019 is the GraphQL contract of the releases 0.0.x (2019), as a value: what the React
// application of that time sends and expects. Contract is all that the rest of the program sees of it:
// scalars.go spells values, input.go the log of mutations, absent.go what stands beside an error, words says what is wrong with an operation.
// What the modules serve under it is in their own .graphql files (modules.Face).
package contract2019

import (
	_ "embed"
	"strings"

	"github.com/openimis/openimis-be-go/graph/contract2019/words"
	"github.com/openimis/openimis-be-go/internal/entity"
	"github.com/openimis/openimis-be-go/modules"
)

//go:embed scalars.graphql
var sdl string

// Name is how modules name the contract for their Face.
const Name = "2019"

// Contract is the contract of 2019.
var Contract = modules.Contract{
	Name:     Name,
	Unmarked: true,
	Releases: "0.0.x",
	Of:       func(version string) bool { return strings.HasPrefix(version, "0.0.") },
	SDL:      sdl,
	Scalars:  scalars,
	Wording:  words.Wording,
	Spelling: entity.Spelling{Moment: appendMoment, Amount: appendAmount},
	LogInput: logInput,
	Absent:   absent,
}
