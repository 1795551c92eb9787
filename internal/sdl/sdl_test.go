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

func TestAssembleNamesBothSidesOfAMissingType(t *testing.T) {
	for name, c := range map[string]struct{ text, want string }{
		"a field":       {`extend type Query { pets: PetConnection  x: Cat } type Pet @entity { id: ID! }`, `Query.x (module pets) needs type Cat, which no module has`},
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

// What needs a module that is not enabled is left out, and named.
func TestAssembleLeavesOutWhatNeedsADisabledModule(t *testing.T) {
	const shop = `
extend type Query { shops(kind: Kind, owner: Owner): String  sell(to: Owner!): String  pets: PetConnection  best: Pet  open: Boolean }
extend type Pet { price: Float }
enum Kind { SMALL }
type Shop { pets: PetConnection name: String }
`
	disabled := []sdl.Source{{Module: "people", Text: people}, {Module: "pets", Text: pets + "input Owner { name: String }"}}
	s, left, err := sdl.AssembleEnabled([]sdl.Source{{Module: "shop", Text: shop}}, disabled)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, l := range left {
		names = append(names, l.String())
	}
	if got := strings.Join(names, "; "); got != "Pet.price of pets; Shop.pets of pets; Query.shops(owner:) of pets; Query.sell(to:) of pets; Query.pets of pets; Query.best of pets" {
		t.Errorf("left out: %s", got)
	}
	for field, served := range map[string]bool{"shops": true, "open": true, "sell": false, "pets": false, "best": false} {
		if (s.Query.Fields.ForName(field) != nil) != served {
			t.Errorf("%s: served is not %v", field, served)
		}
	}
	if s.Types["Pet"] != nil || s.Types["Shop"].Fields.ForName("pets") != nil || s.Query.Fields.ForName("shops").Arguments.ForName("kind") == nil {
		t.Error("too much or too little is left out")
	}
	if s, _, err := sdl.AssembleEnabled([]sdl.Source{{Module: "types", Text: "type A { b: String }"}}, nil); s != nil || err != nil {
		t.Errorf("a schema without a query: %v, %v", s, err)
	}
}
