package graph

import (
	"context"
	"slices"

	"github.com/99designs/gqlgen/graphql"
	"github.com/99designs/gqlgen/graphql/introspection"
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/openimis/openimis-be-go/graph/scalar"
)

// introspectSchema answers __schema.
func (e *executable) introspectSchema(ctx context.Context, f graphql.CollectedField) (graphql.Marshaler, error) {
	w := newWriter(ctx, f)
	return w.answer(e.introspector.schema.one(w, f, introspection.WrapSchema(e.schema)))
}

// introspectType answers __type; a type that there is not is null.
func (e *executable) introspectType(ctx context.Context, f graphql.CollectedField) (graphql.Marshaler, error) {
	name, _ := f.ArgumentMap(graphql.GetOperationContext(ctx).Variables)["name"].(string)
	w := newWriter(ctx, f)
	return w.answer(e.introspector.types.one(w, f, introspection.WrapTypeFromDef(e.schema, e.schema.Types[name])))
}

// fields are the fields of an introspection type, with the functions that write them.
type fields[T any] struct {
	name string
	each map[string]func(w *writer, f graphql.CollectedField, v *T) bool
}

// one writes a value, null when it is nil.
func (fs *fields[T]) one(w *writer, f graphql.CollectedField, v *T) bool {
	if v == nil {
		return w.null()
	}
	return fs.object(w, f.Selections, v)
}

func (fs *fields[T]) object(w *writer, sel ast.SelectionSet, v *T) bool {
	return w.object(fs.name, sel, func(f graphql.CollectedField) bool { return fs.each[f.Name](w, f, v) })
}

// many writes a list of values; nil is null.
func (fs *fields[T]) many(w *writer, f graphql.CollectedField, list []T) bool {
	if list == nil {
		return w.null()
	}
	return w.list(len(list), true, func(i int) bool { return fs.object(w, f.Selections, &list[i]) })
}

func (w *writer) text(s string) bool {
	w.b = scalar.AppendText(w.b, s)
	return w.proceed()
}

func (w *writer) optional(s *string) bool {
	if s == nil {
		return w.null()
	}
	return w.text(*s)
}

func (w *writer) boolean(v bool) bool {
	if v {
		w.b = append(w.b, "true"...)
	} else {
		w.b = append(w.b, "false"...)
	}
	return w.proceed()
}

// deprecated says whether the client wants what is deprecated too.
func (w *writer) deprecated(f graphql.CollectedField) bool {
	v, _ := f.ArgumentMap(w.op.Variables)["includeDeprecated"].(bool)
	return v
}

type field = graphql.CollectedField

// introspector has the types at which introspection starts.
type introspector struct {
	schema *fields[introspection.Schema]
	types  *fields[introspection.Type]
}

// newIntrospector describes the types of introspection (GraphQL, section 4), which refer to each other.
func newIntrospector() introspector {
	var (
		schemaFields    = &fields[introspection.Schema]{name: "__Schema"}
		typeFields      = &fields[introspection.Type]{name: "__Type"}
		fieldFields     = &fields[introspection.Field]{name: "__Field"}
		inputFields     = &fields[introspection.InputValue]{name: "__InputValue"}
		enumFields      = &fields[introspection.EnumValue]{name: "__EnumValue"}
		directiveFields = &fields[introspection.Directive]{name: "__Directive"}
	)
	schemaFields.each = map[string]func(*writer, field, *introspection.Schema) bool{
		"description":  func(w *writer, _ field, s *introspection.Schema) bool { return w.optional(s.Description()) },
		"types":        func(w *writer, f field, s *introspection.Schema) bool { return typeFields.many(w, f, s.Types()) },
		"queryType":    func(w *writer, f field, s *introspection.Schema) bool { return typeFields.one(w, f, s.QueryType()) },
		"mutationType": func(w *writer, f field, s *introspection.Schema) bool { return typeFields.one(w, f, s.MutationType()) },
		"subscriptionType": func(w *writer, f field, s *introspection.Schema) bool {
			return typeFields.one(w, f, s.SubscriptionType())
		},
		"directives": func(w *writer, f field, s *introspection.Schema) bool {
			return directiveFields.many(w, f, s.Directives())
		},
	}
	typeFields.each = map[string]func(*writer, field, *introspection.Type) bool{
		"kind":           func(w *writer, _ field, t *introspection.Type) bool { return w.text(t.Kind()) },
		"name":           func(w *writer, _ field, t *introspection.Type) bool { return w.optional(t.Name()) },
		"description":    func(w *writer, _ field, t *introspection.Type) bool { return w.optional(t.Description()) },
		"specifiedByURL": func(w *writer, _ field, t *introspection.Type) bool { return w.optional(t.SpecifiedByURL()) },
		"fields": func(w *writer, f field, t *introspection.Type) bool {
			return fieldFields.many(w, f, only(t.Fields(w.deprecated(f)), t, ast.Object, ast.Interface))
		},
		"interfaces": func(w *writer, f field, t *introspection.Type) bool {
			return typeFields.many(w, f, only(t.Interfaces(), t, ast.Object, ast.Interface))
		},
		"possibleTypes": func(w *writer, f field, t *introspection.Type) bool {
			return typeFields.many(w, f, only(t.PossibleTypes(), t, ast.Interface, ast.Union))
		},
		"enumValues": func(w *writer, f field, t *introspection.Type) bool {
			return enumFields.many(w, f, only(t.EnumValues(w.deprecated(f)), t, ast.Enum))
		},
		"inputFields": func(w *writer, f field, t *introspection.Type) bool {
			return inputFields.many(w, f, only(t.VisibleInputFields(w.deprecated(f)), t, ast.InputObject))
		},
		"ofType":  func(w *writer, f field, t *introspection.Type) bool { return typeFields.one(w, f, t.OfType()) },
		"isOneOf": func(w *writer, _ field, t *introspection.Type) bool { return w.boolean(t.IsOneOf()) },
	}
	fieldFields.each = map[string]func(*writer, field, *introspection.Field) bool{
		"name":        func(w *writer, _ field, x *introspection.Field) bool { return w.text(x.Name) },
		"description": func(w *writer, _ field, x *introspection.Field) bool { return w.optional(x.Description()) },
		"args": func(w *writer, f field, x *introspection.Field) bool {
			return inputFields.many(w, f, x.VisibleArgs(w.deprecated(f)))
		},
		"type":              func(w *writer, f field, x *introspection.Field) bool { return typeFields.one(w, f, x.Type) },
		"isDeprecated":      func(w *writer, _ field, x *introspection.Field) bool { return w.boolean(x.IsDeprecated()) },
		"deprecationReason": func(w *writer, _ field, x *introspection.Field) bool { return w.optional(x.DeprecationReason()) },
	}
	inputFields.each = map[string]func(*writer, field, *introspection.InputValue) bool{
		"name":              func(w *writer, _ field, x *introspection.InputValue) bool { return w.text(x.Name) },
		"description":       func(w *writer, _ field, x *introspection.InputValue) bool { return w.optional(x.Description()) },
		"type":              func(w *writer, f field, x *introspection.InputValue) bool { return typeFields.one(w, f, x.Type) },
		"defaultValue":      func(w *writer, _ field, x *introspection.InputValue) bool { return w.optional(x.DefaultValue) },
		"isDeprecated":      func(w *writer, _ field, x *introspection.InputValue) bool { return w.boolean(x.IsDeprecated()) },
		"deprecationReason": func(w *writer, _ field, x *introspection.InputValue) bool { return w.optional(x.DeprecationReason()) },
	}
	enumFields.each = map[string]func(*writer, field, *introspection.EnumValue) bool{
		"name":              func(w *writer, _ field, x *introspection.EnumValue) bool { return w.text(x.Name) },
		"description":       func(w *writer, _ field, x *introspection.EnumValue) bool { return w.optional(x.Description()) },
		"isDeprecated":      func(w *writer, _ field, x *introspection.EnumValue) bool { return w.boolean(x.IsDeprecated()) },
		"deprecationReason": func(w *writer, _ field, x *introspection.EnumValue) bool { return w.optional(x.DeprecationReason()) },
	}
	directiveFields.each = map[string]func(*writer, field, *introspection.Directive) bool{
		"name":        func(w *writer, _ field, d *introspection.Directive) bool { return w.text(d.Name) },
		"description": func(w *writer, _ field, d *introspection.Directive) bool { return w.optional(d.Description()) },
		"locations": func(w *writer, _ field, d *introspection.Directive) bool {
			return w.list(len(d.Locations), true, func(i int) bool { return w.text(d.Locations[i]) })
		},
		"args": func(w *writer, f field, d *introspection.Directive) bool {
			return inputFields.many(w, f, d.VisibleArgs(w.deprecated(f)))
		},
		"isRepeatable": func(w *writer, _ field, d *introspection.Directive) bool { return w.boolean(d.IsRepeatable) },
	}
	return introspector{schemaFields, typeFields}
}

// only gives nil, which is null, where the kind of the type has no such list.
func only[T any](list []T, t *introspection.Type, kinds ...ast.DefinitionKind) []T {
	if !slices.Contains(kinds, ast.DefinitionKind(t.Kind())) {
		return nil
	}
	return list
}
