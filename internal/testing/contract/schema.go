package contract

import (
	"encoding/json"
	"fmt"
	"os"
	"sort"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"
)

// introspected is a type of a recorded introspection.
type introspected struct {
	Kind, Name  string
	Fields      []introspectedField
	InputFields []introspectedField
	EnumValues  []struct{ Name string }
}

type introspectedField struct {
	Name string
	Type typeRef
	Args []introspectedField
}

type typeRef struct {
	Kind, Name string
	OfType     *typeRef
}

func (t typeRef) String() string {
	switch t.Kind {
	case "NON_NULL":
		return t.OfType.String() + "!"
	case "LIST":
		return "[" + t.OfType.String() + "]"
	}
	return t.Name
}

// Missing lists what a recorded introspection has and the schema has not: types, fields, arguments,
// input fields and enum values, with the same types; ID, String and UUID may stand for each other in
// input. checked is the number of members looked at.
func Missing(s *ast.Schema, file string) (missing []string, checked int, err error) {
	raw, err := os.ReadFile(file)
	if err != nil {
		return nil, 0, err
	}
	type schemaDoc struct {
		Schema struct{ Types []introspected } `json:"__schema"`
	}
	var doc struct {
		schemaDoc
		Data schemaDoc
	}
	if err := json.Unmarshal(raw, &doc); err != nil {
		return nil, 0, err
	}
	types := doc.Data.Schema.Types
	if types == nil {
		types = doc.Schema.Types
	}
	need := func(ok bool, format string, args ...any) {
		if checked++; !ok {
			missing = append(missing, fmt.Sprintf(format, args...))
		}
	}
	for _, t := range types {
		if strings.HasPrefix(t.Name, "__") || strings.HasPrefix(t.Name, "DjangoDebug") {
			continue
		}
		def := s.Types[t.Name]
		need(def != nil && string(def.Kind) == t.Kind, "type %s (%s)", t.Name, t.Kind)
		if def == nil {
			def = &ast.Definition{}
		}
		for _, f := range t.Fields {
			if f.Name == "_debug" {
				continue
			}
			have := def.Fields.ForName(f.Name)
			need(have != nil && have.Type.String() == f.Type.String(), "%s.%s: %s", t.Name, f.Name, f.Type)
			for _, a := range f.Args {
				ok := false
				if have != nil {
					if arg := have.Arguments.ForName(a.Name); arg != nil {
						ok = literal(arg.Type.String()) == literal(a.Type.String())
					}
				}
				need(ok, "%s.%s(%s:): %s", t.Name, f.Name, a.Name, a.Type)
			}
		}
		for _, f := range t.InputFields {
			have := def.Fields.ForName(f.Name)
			need(have != nil && literal(have.Type.String()) == literal(f.Type.String()), "%s.%s: %s", t.Name, f.Name, f.Type)
		}
		for _, e := range t.EnumValues {
			need(def.EnumValues.ForName(e.Name) != nil, "%s.%s", t.Name, e.Name)
		}
	}
	sort.Strings(missing)
	return missing, checked, nil
}

// literal makes the types alike that clients write as quoted literals.
func literal(t string) string {
	return strings.NewReplacer("UUID", "String", "ID", "String").Replace(t)
}
