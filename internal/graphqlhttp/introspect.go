package graphqlhttp

import (
	"cmp"
	"context"
	"encoding/json"
	"io"
	"maps"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/openimis/openimis-be-go/internal/fault"
)

// introspection answers __schema and __type, which clients and tools read the contract with, from the schema
// itself. Nobody has to sign in for it, and types lead to fields and back to types without end: so the answer is
// written straight to bytes, is bounded in length, and ends when the request does.
type introspection struct{ schema *ast.Schema }

// mostIntrospected is how many bytes the introspection of one operation may take; all of the schema, with every
// description, takes a tenth.
const mostIntrospected = 4 << 20

func (introspection) ExtensionName() string                   { return "Introspection" }
func (introspection) Validate(graphql.ExecutableSchema) error { return nil }
func (introspection) MutateOperationContext(_ context.Context, oc *graphql.OperationContext) *gqlerror.Error {
	oc.DisableIntrospection = false
	return nil
}

// InterceptRootField implements graphql.RootFieldInterceptor.
func (i introspection) InterceptRootField(ctx context.Context, next graphql.RootResolver) graphql.Marshaler {
	field := graphql.GetRootFieldContext(ctx).Field
	if field.Name != "__schema" && field.Name != "__type" {
		return next(ctx)
	}
	oc := graphql.GetOperationContext(ctx)
	w := &schemaWriter{ctx: ctx, schema: i.schema, left: leftIn(ctx)}
	if field.Name == "__schema" {
		w.whole(described(oc, field.Selections))
	} else {
		name, _ := field.ArgumentMap(oc.Variables)["name"].(string)
		w.named(described(oc, field.Selections), i.schema.Types[name])
	}
	w.left.Add(int64(w.counted - len(w.b)))
	if w.err != nil {
		e := &gqlerror.Error{Err: w.err, Message: fault.Message(w.err), Path: ast.Path{ast.PathName(field.Alias)}}
		if p := field.Position; p != nil {
			e.Locations = []gqlerror.Location{{Line: p.Line, Column: p.Column}}
		}
		graphql.AddError(ctx, e)
		return graphql.Null
	}
	return graphql.WriterFunc(func(out io.Writer) { _, _ = out.Write(w.b) })
}

type introspectedKey struct{}

// InterceptOperation implements graphql.OperationInterceptor: the root fields of an operation have one allowance.
func (introspection) InterceptOperation(ctx context.Context, next graphql.OperationHandler) graphql.ResponseHandler {
	return next(context.WithValue(ctx, introspectedKey{}, allowance()))
}

func allowance() *atomic.Int64 {
	left := &atomic.Int64{}
	left.Store(mostIntrospected)
	return left
}

// leftIn is what the operation has left of its allowance.
func leftIn(ctx context.Context) *atomic.Int64 {
	if left, ok := ctx.Value(introspectedKey{}).(*atomic.Int64); ok {
		return left
	}
	return allowance()
}

// description is the selection on an object of introspection.
type description struct {
	typename string
	fields   []describedField
}

type describedField struct {
	member     []byte // "alias":
	name       string
	deprecated bool // includeDeprecated
	of         *description
}

// described compiles a selection. Every type of introspection has its own fields, and none is abstract.
func described(oc *graphql.OperationContext, set ast.SelectionSet) *description {
	d := &description{}
	for _, f := range graphql.CollectFields(oc, set, introspectionTypes) {
		member, _ := json.Marshal(f.Alias)
		e := describedField{member: append(member, ':'), name: f.Name}
		e.deprecated, _ = f.ArgumentMap(oc.Variables)["includeDeprecated"].(bool)
		if f.ObjectDefinition != nil {
			d.typename = f.ObjectDefinition.Name
		}
		if len(f.Selections) > 0 {
			e.of = described(oc, f.Selections)
		}
		d.fields = append(d.fields, e)
	}
	return d
}

var introspectionTypes = []string{"__Schema", "__Type", "__Field", "__InputValue", "__EnumValue", "__Directive"}

// schemaWriter writes JSON until the bytes are used up or the request is over.
type schemaWriter struct {
	ctx     context.Context
	schema  *ast.Schema
	b       []byte
	left    *atomic.Int64 // bytes of the operation
	counted int           // bytes of b that are counted in left
	objects int
	err     error
}

// full says whether to stop.
func (w *schemaWriter) full() bool {
	if w.err != nil {
		return true
	}
	left := w.left.Add(int64(w.counted - len(w.b)))
	w.counted = len(w.b)
	if left < 0 {
		w.err = fault.New(fault.Invalid, "The answer about the schema would be longer than %d MB; ask for less.", mostIntrospected>>20)
	}
	if w.objects++; w.objects%256 == 0 && w.ctx.Err() != nil {
		w.err = fault.New(fault.Unavailable, "The request took too long; ask for less.")
	}
	return w.err != nil
}

// object writes the selected fields.
func (w *schemaWriter) object(d *description, value func(f *describedField)) {
	if w.full() {
		return
	}
	w.b = append(w.b, '{')
	for i := range d.fields {
		if i > 0 {
			w.b = append(w.b, ',')
		}
		f := &d.fields[i]
		w.b = append(w.b, f.member...)
		if f.name == "__typename" {
			w.text(d.typename)
		} else {
			value(f)
		}
	}
	w.b = append(w.b, '}')
}

// list writes the elements that each gives.
func list[T any](w *schemaWriter, elements []T, write func(T)) {
	w.b = append(w.b, '[')
	for i, e := range elements {
		if w.err != nil {
			break
		}
		if i > 0 {
			w.b = append(w.b, ',')
		}
		write(e)
	}
	w.b = append(w.b, ']')
}

func (w *schemaWriter) null() { w.b = append(w.b, "null"...) }

func (w *schemaWriter) text(s string) {
	quoted, _ := json.Marshal(s)
	w.b = append(w.b, quoted...)
}

func (w *schemaWriter) optional(s string) {
	if s == "" {
		w.null()
		return
	}
	w.text(s)
}

func (w *schemaWriter) truth(b bool) {
	if b {
		w.b = append(w.b, "true"...)
	} else {
		w.b = append(w.b, "false"...)
	}
}

func (w *schemaWriter) whole(d *description) {
	s := w.schema
	w.object(d, func(f *describedField) {
		switch f.name {
		case "description":
			w.optional(s.Description)
		case "types":
			list(w, byName(s.Types), func(t *ast.Definition) { w.named(f.of, t) })
		case "queryType":
			w.named(f.of, s.Query)
		case "mutationType":
			w.named(f.of, s.Mutation)
		case "subscriptionType":
			w.named(f.of, s.Subscription)
		case "directives":
			list(w, byName(s.Directives), func(x *ast.DirectiveDefinition) { w.directive(f.of, x) })
		}
	})
}

func byName[T any](all map[string]T) []T {
	sorted := make([]T, 0, len(all))
	for _, name := range slices.Sorted(maps.Keys(all)) {
		sorted = append(sorted, all[name])
	}
	return sorted
}

// named writes a type that has a name; nil is null.
func (w *schemaWriter) named(d *description, t *ast.Definition) {
	if t == nil {
		w.null()
		return
	}
	w.object(d, func(f *describedField) {
		switch f.name {
		case "kind":
			w.text(string(t.Kind))
		case "name":
			w.text(t.Name)
		case "description":
			w.optional(t.Description)
		case "specifiedByURL":
			w.optional(argumentOf(t.Directives.ForName("specifiedBy"), "url", ""))
		case "isOneOf":
			w.truth(t.Kind == ast.InputObject && t.Directives.ForName("oneOf") != nil)
		case "ofType":
			w.null()
		default:
			w.members(f, t)
		}
	})
}

// members writes one of the lists of a type; one that its kind does not have is null.
func (w *schemaWriter) members(f *describedField, t *ast.Definition) {
	composite := t.Kind == ast.Object || t.Kind == ast.Interface
	shown := func(d ast.DirectiveList) bool { return f.deprecated || d.ForName("deprecated") == nil }
	var fields ast.FieldList
	switch {
	case f.name == "fields" && composite, f.name == "inputFields" && t.Kind == ast.InputObject:
		for _, x := range t.Fields {
			if !strings.HasPrefix(x.Name, "__") && shown(x.Directives) {
				fields = append(fields, x)
			}
		}
		if f.name == "fields" {
			list(w, fields, func(x *ast.FieldDefinition) { w.field(f.of, x) })
			return
		}
		list(w, fields, func(x *ast.FieldDefinition) {
			w.input(f.of, x.Name, x.Description, x.Type, x.DefaultValue, x.Directives)
		})
		return
	case f.name == "interfaces" && composite:
		list(w, t.Interfaces, func(name string) { w.named(f.of, w.schema.Types[name]) })
		return
	case f.name == "possibleTypes" && (t.Kind == ast.Interface || t.Kind == ast.Union):
		list(w, w.schema.GetPossibleTypes(t), func(x *ast.Definition) { w.named(f.of, x) })
		return
	case f.name == "enumValues" && t.Kind == ast.Enum:
		var values ast.EnumValueList
		for _, v := range t.EnumValues {
			if shown(v.Directives) {
				values = append(values, v)
			}
		}
		list(w, values, func(v *ast.EnumValueDefinition) {
			w.object(f.of, func(f *describedField) { w.common(f, v.Name, v.Description, v.Directives) })
		})
		return
	}
	w.null()
}

// common writes what fields, values and arguments have alike.
func (w *schemaWriter) common(f *describedField, name, description string, directives ast.DirectiveList) {
	deprecated := directives.ForName("deprecated")
	switch f.name {
	case "name":
		w.text(name)
	case "description":
		w.optional(description)
	case "isDeprecated":
		w.truth(deprecated != nil)
	case "deprecationReason":
		w.optional(argumentOf(deprecated, "reason", "No longer supported"))
	}
}

// argumentOf gives an argument of a directive, "" without the directive.
func argumentOf(d *ast.Directive, name, otherwise string) string {
	if d == nil {
		return ""
	}
	if a := d.Arguments.ForName(name); a != nil {
		return cmp.Or(a.Value.Raw, otherwise)
	}
	return otherwise
}

func (w *schemaWriter) field(d *description, x *ast.FieldDefinition) {
	w.object(d, func(f *describedField) {
		switch f.name {
		case "type":
			w.reference(f.of, x.Type, x.Type.NonNull)
		case "args":
			w.arguments(f, x.Arguments)
		default:
			w.common(f, x.Name, x.Description, x.Directives)
		}
	})
}

func (w *schemaWriter) arguments(f *describedField, all ast.ArgumentDefinitionList) {
	w.b = append(w.b, '[')
	first := true
	for _, a := range all {
		if w.err != nil {
			break
		}
		if !f.deprecated && a.Directives.ForName("deprecated") != nil {
			continue
		}
		if !first {
			w.b = append(w.b, ',')
		}
		first = false
		w.input(f.of, a.Name, a.Description, a.Type, a.DefaultValue, a.Directives)
	}
	w.b = append(w.b, ']')
}

// input writes an argument or a field of an input.
func (w *schemaWriter) input(d *description, name, description string, t *ast.Type, value *ast.Value, directives ast.DirectiveList) {
	w.object(d, func(f *describedField) {
		switch f.name {
		case "type":
			w.reference(f.of, t, t.NonNull)
		case "defaultValue":
			if value == nil {
				w.null()
			} else {
				w.text(value.String())
			}
		default:
			w.common(f, name, description, directives)
		}
	})
}

// reference writes a type as it is used: in NON_NULL and LIST, which have no name.
func (w *schemaWriter) reference(d *description, t *ast.Type, nonNull bool) {
	if !nonNull && t.Elem == nil {
		w.named(d, w.schema.Types[t.NamedType])
		return
	}
	kind := "LIST"
	if nonNull {
		kind = "NON_NULL"
	}
	w.object(d, func(f *describedField) {
		switch {
		case f.name == "kind":
			w.text(kind)
		case f.name == "ofType" && nonNull:
			w.reference(f.of, t, false)
		case f.name == "ofType":
			w.reference(f.of, t.Elem, t.Elem.NonNull)
		case f.name == "isOneOf":
			w.truth(false)
		default:
			w.null()
		}
	})
}

func (w *schemaWriter) directive(d *description, x *ast.DirectiveDefinition) {
	w.object(d, func(f *describedField) {
		switch f.name {
		case "isRepeatable":
			w.truth(x.IsRepeatable)
		case "locations":
			list(w, x.Locations, func(l ast.DirectiveLocation) { w.text(string(l)) })
		case "args":
			w.arguments(f, x.Arguments)
		default:
			w.common(f, x.Name, x.Description, nil)
		}
	})
}
