package graph

import (
	"context"
	"fmt"
	"reflect"
	"strings"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/openimis/openimis-be-go/graph/scalar"
	"github.com/openimis/openimis-be-go/internal/entity"
	"github.com/openimis/openimis-be-go/internal/fault"
	"github.com/openimis/openimis-be-go/modules"
)

// binder compares Go types with GraphQL types once, when an instance starts, and makes the functions
// that write the ones as the others. It collects what does not fit.
type binder struct {
	schema   *ast.Schema
	scalars  map[string]scalar.Scalar
	problems []string
}

func (b *binder) bad(format string, args ...any) {
	b.problems = append(b.problems, fmt.Sprintf(format, args...))
}

// root makes the function of a root field.
func (b *binder) root(name string, field *ast.FieldDefinition, r modules.Root, mutate Mutate) resolver {
	ways := 0
	for _, set := range []bool{r.List != nil, r.Call != nil, r.Mutation != nil} {
		if set {
			ways++
		}
	}
	switch {
	case ways != 1:
		b.bad("%s: one of List, Call and Mutation is expected, %d are set", name, ways)
	case r.List != nil:
		return list(r.List)
	case r.Mutation != nil:
		if input := field.Arguments.ForName("input"); input == nil || len(field.Arguments) != 1 {
			b.bad("%s: a mutation has one argument, input", name)
		}
		return b.call(name, field, modules.Answer(func(ctx context.Context, _ modules.None) (*modules.Receipt, error) { return mutate(ctx, r.Name) }), true)
	default:
		return b.call(name, field, r.Call, false)
	}
	return nil
}

// list answers with what package entity has written.
func list(run modules.List) resolver {
	return func(ctx context.Context, _ graphql.CollectedField) (graphql.Marshaler, error) {
		r, err := run(ctx)
		if err != nil || r == nil {
			return nil, err
		}
		return r, nil
	}
}

// call answers with plain values. The arguments of a mutation (logged) are not read here.
func (b *binder) call(name string, field *ast.FieldDefinition, c *modules.Call, logged bool) resolver {
	write := b.writer(name, field.Type, c.Out, map[visit]*structure{})
	var read func(args map[string]any, in reflect.Value) error
	if !logged {
		read = b.arguments(name, field.Arguments, c.In)
	}
	return func(ctx context.Context, f graphql.CollectedField) (graphql.Marshaler, error) {
		v, err := c.Run(ctx, func(in any) error {
			if read == nil {
				return nil
			}
			return read(f.ArgumentMap(graphql.GetOperationContext(ctx).Variables), reflect.ValueOf(in).Elem())
		})
		if err != nil {
			return nil, err
		}
		w := newWriter(ctx, f)
		ok := write(w, f.Selections, reflect.ValueOf(v))
		return w.answer(ok)
	}
}

// --- answers ------------------------------------------------------------------------------------------

// writeFunc writes v, of which sel is asked for. false: it is null where it must not be, and so is what
// holds it.
type writeFunc func(w *writer, sel ast.SelectionSet, v reflect.Value) bool

// structure is how a Go struct is written as an object.
type structure struct {
	name   string
	fields map[string]member
}

type member struct {
	index []int
	write writeFunc
}

// visit keeps types that refer to themselves from being compared forever.
type visit struct {
	graphql string
	goType  reflect.Type
}

// writer makes the function that writes values of a Go type as a GraphQL type; place is for errors.
func (b *binder) writer(place string, t *ast.Type, from reflect.Type, seen map[visit]*structure) writeFunc {
	if t.NonNull {
		nullable := *t
		nullable.NonNull = false
		write := b.writer(place, &nullable, from, seen)
		return func(w *writer, sel ast.SelectionSet, v reflect.Value) bool {
			if !v.IsValid() || nilable(v.Kind()) && v.IsNil() {
				return w.missing()
			}
			return write(w, sel, v)
		}
	}
	if from.Kind() == reflect.Pointer {
		write := b.writer(place, t, from.Elem(), seen)
		return func(w *writer, sel ast.SelectionSet, v reflect.Value) bool {
			if !v.IsValid() || v.IsNil() {
				return w.null()
			}
			return write(w, sel, v.Elem())
		}
	}
	if t.Elem != nil {
		return b.list(place, t, from, seen)
	}
	def := b.schema.Types[t.NamedType]
	switch {
	case def == nil:
		b.bad("%s: the schema has no type %s", place, t.NamedType)
	case def.Kind == ast.Object:
		return b.object(place, def, from, seen)
	default:
		if s, ok := b.scalar(def); !ok {
			b.bad("%s: the contract does not say how %s is written", place, def.Name)
		} else if s.Type != from {
			b.bad("%s: %s is written from %s, not from %s", place, def.Name, s.Type, from)
		} else {
			return func(w *writer, _ ast.SelectionSet, v reflect.Value) bool {
				w.b = s.Append(w.b, v)
				return w.proceed()
			}
		}
	}
	return nil
}

func (b *binder) scalar(def *ast.Definition) (scalar.Scalar, bool) {
	if def.Kind == ast.Enum {
		return scalar.Text, true
	}
	s, ok := b.scalars[def.Name]
	return s, ok
}

func nilable(k reflect.Kind) bool { return k == reflect.Pointer || k == reflect.Slice }

func (b *binder) list(place string, t *ast.Type, from reflect.Type, seen map[visit]*structure) writeFunc {
	if from.Kind() != reflect.Slice {
		b.bad("%s: a list is written from a slice, not from %s", place, from)
		return nil
	}
	write := b.writer(place, t.Elem, from.Elem(), seen)
	return func(w *writer, sel ast.SelectionSet, v reflect.Value) bool {
		if !v.IsValid() || v.IsNil() {
			return w.null()
		}
		return w.list(v.Len(), t.Elem.NonNull, func(i int) bool { return write(w, sel, v.Index(i)) })
	}
}

func (b *binder) object(place string, def *ast.Definition, from reflect.Type, seen map[visit]*structure) writeFunc {
	if from.Kind() != reflect.Struct {
		b.bad("%s: %s is written from a struct, not from %s", place, def.Name, from)
		return nil
	}
	s := seen[visit{def.Name, from}]
	if s == nil {
		s = &structure{name: def.Name, fields: map[string]member{}}
		seen[visit{def.Name, from}] = s
		names := fieldNames(from)
		for _, f := range def.Fields {
			if strings.HasPrefix(f.Name, "__") {
				continue
			}
			g, ok := names[strings.ToLower(f.Name)]
			if !ok {
				b.bad("%s.%s: %s has no such field", def.Name, f.Name, from)
				continue
			}
			delete(names, strings.ToLower(f.Name))
			s.fields[f.Name] = member{g.Index, b.writer(def.Name+"."+f.Name, f.Type, g.Type, seen)}
		}
		for _, g := range names {
			b.bad("%s.%s: the type %s has no such field", from, g.Name, def.Name)
		}
	}
	return func(w *writer, sel ast.SelectionSet, v reflect.Value) bool {
		return w.object(s.name, sel, func(f graphql.CollectedField) bool {
			m := s.fields[f.Name]
			return m.write(w, f.Selections, v.FieldByIndex(m.index))
		})
	}
}

// fieldNames gives the fields of a struct by their GraphQL names in lower case.
func fieldNames(t reflect.Type) map[string]reflect.StructField {
	names := map[string]reflect.StructField{}
	for _, f := range reflect.VisibleFields(t) {
		name := f.Tag.Get("graphql")
		if name == "" {
			name = f.Name
		}
		if f.IsExported() && !f.Anonymous && name != "-" {
			names[strings.ToLower(name)] = f
		}
	}
	return names
}

// --- arguments ----------------------------------------------------------------------------------------

// readFunc sets a Go value to what the client sent.
type readFunc func(place string, sent any, to reflect.Value) error

// arguments makes the function that reads arguments, or the fields of an input type, into a struct.
func (b *binder) arguments(place string, defs ast.ArgumentDefinitionList, in reflect.Type) func(map[string]any, reflect.Value) error {
	if in.Kind() != reflect.Struct {
		b.bad("%s: arguments are read into a struct, not into %s", place, in)
		return nil
	}
	names := fieldNames(in)
	type target struct {
		index []int
		read  readFunc
	}
	targets := map[string]target{}
	for _, a := range defs {
		g, ok := names[strings.ToLower(a.Name)]
		if !ok {
			b.bad("%s: the argument %s is not in %s", place, a.Name, in)
			continue
		}
		delete(names, strings.ToLower(a.Name))
		if required := a.Type.NonNull || a.DefaultValue != nil; !required && !nilable(g.Type.Kind()) {
			b.bad("%s: the argument %s may be left out, so %s.%s must be a pointer or a slice", place, a.Name, in, g.Name)
		}
		targets[a.Name] = target{g.Index, b.reader(place+", argument "+a.Name, a.Type, g.Type)}
	}
	for _, g := range names {
		b.bad("%s: %s.%s is not an argument", place, in, g.Name)
	}
	return func(args map[string]any, v reflect.Value) error {
		for _, a := range defs {
			if sent := args[a.Name]; sent != nil {
				if err := targets[a.Name].read(a.Name, sent, v.FieldByIndex(targets[a.Name].index)); err != nil {
					return err
				}
			}
		}
		return nil
	}
}

// reader makes the function that reads a GraphQL type into a Go type.
func (b *binder) reader(place string, t *ast.Type, to reflect.Type) readFunc {
	switch {
	case to.Kind() == reflect.Pointer:
		read := b.reader(place, t, to.Elem())
		return func(place string, sent any, v reflect.Value) error {
			if sent == nil {
				return nil
			}
			v.Set(reflect.New(to.Elem()))
			return read(place, sent, v.Elem())
		}
	case t.Elem != nil:
		return b.listReader(place, t, to)
	}
	def := b.schema.Types[t.NamedType]
	if def == nil {
		b.bad("%s: the schema has no type %s", place, t.NamedType)
		return nil
	}
	if def.Kind == ast.InputObject {
		var fields ast.ArgumentDefinitionList
		for _, f := range def.Fields {
			fields = append(fields, &ast.ArgumentDefinition{Name: f.Name, Type: f.Type, DefaultValue: f.DefaultValue})
		}
		read := b.arguments(place, fields, to)
		return func(place string, sent any, v reflect.Value) error {
			object, ok := sent.(map[string]any)
			if !ok {
				return fault.Input(place, "%s: %s is expected.", place, def.Name)
			}
			return read(object, v)
		}
	}
	s, ok := b.scalar(def)
	switch {
	case !ok:
		b.bad("%s: the contract does not say how %s is read", place, def.Name)
	case s.Type != to:
		b.bad("%s: %s is read into %s, not into %s", place, def.Name, s.Type, to)
	}
	return func(place string, sent any, v reflect.Value) error {
		if err := s.Read(sent, v); err != nil {
			return fault.Input(place, "%s: %s.", place, err)
		}
		return nil
	}
}

func (b *binder) listReader(place string, t *ast.Type, to reflect.Type) readFunc {
	if to.Kind() != reflect.Slice {
		b.bad("%s: a list is read into a slice, not into %s", place, to)
		return nil
	}
	read := b.reader(place, t.Elem, to.Elem())
	return func(place string, sent any, v reflect.Value) error {
		all, ok := sent.([]any)
		if !ok { // GraphQL lets one value stand for a list of it
			all = []any{sent}
		}
		v.Set(reflect.MakeSlice(to, len(all), len(all)))
		for i, one := range all {
			if err := read(fmt.Sprintf("%s[%d]", place, i), one, v.Index(i)); err != nil {
				return err
			}
		}
		return nil
	}
}

var _ graphql.Marshaler = (*entity.Result)(nil)
