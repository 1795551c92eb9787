package sdl_test

import (
	"strings"
	"testing"

	"github.com/openimis/openimis-be-go/internal/sdl"
)

const people = `
type Query { people(filter: PersonFilter @inlineArguments): PersonConnection  hello(name: String!): String }
type Person implements Node @entity(total: true) { id: ID! name: String! }
input PersonFilter { name: String name_Icontains: String }
`

const pets = `
extend type Query { pets: PetConnection }
type Pet implements Node @entity { id: ID! owner: Person! }
extend type Person { pets(name: String): PetConnection! }
`

func TestAssembleWritesTheShortFormOut(t *testing.T) {
	s, err := sdl.Assemble([]sdl.Source{{Module: "people", Text: people}, {Module: "pets", Text: pets}})
	if err != nil {
		t.Fatal(err)
	}
	var args []string
	for _, a := range s.Query.Fields.ForName("people").Arguments {
		args = append(args, a.Name)
	}
	if got := strings.Join(args, " "); got != "before after first last name name_Icontains" {
		t.Errorf("arguments: %s", got)
	}
	for _, want := range []string{"PersonConnection", "PersonEdge", "PetConnection", "PageInfo"} {
		if s.Types[want] == nil {
			t.Errorf("no type %s", want)
		}
	}
	if s.Types["PersonConnection"].Fields.ForName("totalCount") == nil || s.Types["PetConnection"].Fields.ForName("totalCount") != nil {
		t.Error("totalCount is for entities that say so")
	}
	if s.Types["Person"].Fields.ForName("pets") == nil {
		t.Error("the extension is missing")
	}
	if s.Types["PersonFilter"] != nil || s.Directives["entity"] != nil {
		t.Error("the short form shows in the schema")
	}
}

func TestAssembleNamesBothSidesOfAMissingModule(t *testing.T) {
	for name, c := range map[string]struct{ text, want string }{
		"a field":       {`extend type Query { pets: PetConnection  x: Cat } type Pet @entity { id: ID! }`, `Query.x (module pets) needs type Cat`},
		"an argument":   {`extend type Query { pets(kind: Kind): String }`, `argument kind of Query.pets (module pets) needs type Kind`},
		"an extension":  {`extend type Cat { id: ID! }`, `module pets extends Cat`},
		"a second type": {`type Person { id: ID! }`, `type Person is defined by module people and by module pets`},
		"bad syntax":    {`type Pet {`, `module pets`},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := sdl.Assemble([]sdl.Source{{Module: "people", Text: people}, {Module: "pets", Text: c.text}})
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%v, want %s", err, c.want)
			}
		})
	}
}
