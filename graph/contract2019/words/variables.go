package words

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
)

// checkVariables says what is wrong with the variables of an operation, in the words of graphql-core 2:
// one error for a variable, which names every wrong member in it. gqlparser stops at the first, without
// its place, and lets numbers through that are out of range.
func checkVariables(s *ast.Schema, op *ast.OperationDefinition, values map[string]any) (errs gqlerror.List) {
	for _, d := range op.VariableDefinitions {
		value, given := values[d.Variable]
		if !given && (d.DefaultValue != nil || !d.Type.NonNull) {
			continue
		}
		message := ""
		if !given || value == nil && d.Type.NonNull {
			message = fmt.Sprintf("Variable %q of required type %q was not provided.", "$"+d.Variable, d.Type.String())
		} else if problems := literal(s, d.Type, asLiteral(s, d.Type, value)); len(problems) > 0 {
			message = fmt.Sprintf("Variable %q got invalid value %s.\n%s", "$"+d.Variable, shortened(string(appendJSON(nil, value))), told(problems))
		}
		if message != "" {
			e := &gqlerror.Error{Message: message}
			if d.Position != nil {
				e.Locations = []gqlerror.Location{{Line: d.Position.Line, Column: d.Position.Column}}
			}
			errs = append(errs, e)
		}
	}
	return errs
}

// appendJSON writes a value as json.dumps does with sorted keys: with a blank after commas and colons.
func appendJSON(b []byte, value any) []byte {
	switch v := value.(type) {
	case []any:
		b = append(b, '[')
		for i, e := range v {
			if i > 0 {
				b = append(b, ", "...)
			}
			b = appendJSON(b, e)
		}
		return append(b, ']')
	case map[string]any:
		b = append(b, '{')
		for i, name := range slices.Sorted(maps.Keys(v)) {
			if i > 0 {
				b = append(b, ", "...)
			}
			b = append(appendJSON(b, name), ": "...)
			b = appendJSON(b, v[name])
		}
		return append(b, '}')
	}
	text, _ := json.Marshal(value)
	return append(b, text...)
}

// asLiteral writes the JSON value of a variable of type t as a literal of a document would be. As in
// graphql-core 2 a number may come as a text, and a text as a number.
func asLiteral(s *ast.Schema, t *ast.Type, value any) *ast.Value {
	switch v := value.(type) {
	case bool:
		return &ast.Value{Kind: ast.BooleanValue, Raw: strconv.FormatBool(v)}
	case json.Number:
		return &ast.Value{Kind: kindOfNumber(t.NamedType, v.String()), Raw: v.String()}
	case string:
		kind := ast.StringValue
		if def := s.Types[t.NamedType]; def != nil && def.Kind == ast.Enum {
			kind = ast.EnumValue
		} else if numeric[t.NamedType] && isNumber(v) {
			kind = kindOfNumber(t.NamedType, v)
		}
		return &ast.Value{Kind: kind, Raw: v}
	case []any:
		element := t.Elem
		if element == nil {
			element = t
		}
		list := &ast.Value{Kind: ast.ListValue}
		for _, e := range v {
			list.Children = append(list.Children, &ast.ChildValue{Value: asLiteral(s, element, e)})
		}
		return list
	case map[string]any:
		object := &ast.Value{Kind: ast.ObjectValue}
		for _, name := range slices.Sorted(maps.Keys(v)) {
			member := &ast.Type{}
			if def := s.Types[t.Name()]; def != nil {
				if f := def.Fields.ForName(name); f != nil {
					member = f.Type
				}
			}
			object.Children = append(object.Children, &ast.ChildValue{Name: name, Value: asLiteral(s, member, v[name])})
		}
		return object
	}
	return &ast.Value{Kind: ast.NullValue, Raw: "null"}
}

// numeric are the scalars that are not texts in a document.
var numeric = map[string]bool{"Int": true, "SmallInt": true, "TinyInt": true, "Float": true}

func isNumber(s string) bool {
	_, err := strconv.ParseFloat(s, 64)
	return err == nil
}

func kindOfNumber(typ, s string) ast.ValueKind {
	switch {
	case typ == "String":
		return ast.StringValue
	case strings.ContainsAny(s, ".eE"):
		return ast.FloatValue
	}
	return ast.IntValue
}
