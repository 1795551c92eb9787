// Package sdl puts the GraphQL schema together from the .graphql files of the enabled modules. A
// module's file states its part of the contract in a short form:
//
//	type InsureeGQLType implements Node @entity(total: true) { … }   rows of a table (package entity)
//	claims(filter: ClaimFilter @inlineArguments): ClaimGQLTypeConnection
//
// Assemble writes out what the short form means (the Connection and Edge types of an entity, the
// paging arguments of every connection field, the fields of a filter as arguments). A field whose type
// belongs to a module that is not enabled is left out; one whose type nobody has is an error.
package sdl

import (
	"fmt"
	"slices"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/parser"
	"github.com/vektah/gqlparser/v2/validator"
)

// Source is the .graphql file of one module.
type Source struct{ Module, Text string }

// base is what every schema has: scalars and types of Relay that no module owns, and the directives of the
// short form.
const base = `
scalar Date
scalar DateTime
scalar Decimal
scalar UUID
interface Node { id: ID! }
type PageInfo { hasNextPage: Boolean! hasPreviousPage: Boolean! startCursor: String endCursor: String }
directive @entity(total: Boolean = false) on OBJECT
directive @inlineArguments on ARGUMENT_DEFINITION
directive @receipt on OBJECT
`

const (
	entityDirective = "entity"
	inlineDirective = "inlineArguments"
)

// merged is all files as one document, with the module of each definition.
type merged struct {
	doc      *ast.SchemaDocument
	owner    map[string]string // type → module
	entities map[string]*ast.Definition
	absent   map[string]string // type of a module that is not enabled → module
	leftOut  []LeftOut
}

// LeftOut is a field, or an argument of one, whose type belongs to a module that is not enabled.
type LeftOut struct {
	Type, Field string // Query, batchRuns
	Argument    string // "": the field itself
	Module      string // that has what is missing
}

// String names it for the log.
func (l LeftOut) String() string {
	if l.Argument != "" {
		return fmt.Sprintf("%s.%s(%s:) of %s", l.Type, l.Field, l.Argument, l.Module)
	}
	return fmt.Sprintf("%s.%s of %s", l.Type, l.Field, l.Module)
}

func merge(sources []Source) (*merged, error) {
	m := &merged{doc: &ast.SchemaDocument{}, owner: map[string]string{}, entities: map[string]*ast.Definition{}, absent: map[string]string{}}
	all := append([]Source{{"", base}}, sources...)
	for _, s := range all {
		doc, err := parser.ParseSchema(&ast.Source{Name: s.Module + ".graphql", Input: s.Text})
		if err != nil {
			return nil, fmt.Errorf("module %s: %w", s.Module, err)
		}
		doc.Definitions = slices.DeleteFunc(doc.Definitions, func(d *ast.Definition) bool {
			if isRoot(d.Name) { // every module extends what base has
				doc.Extensions = append(doc.Extensions, d)
			}
			return isRoot(d.Name)
		})
		for _, d := range doc.Definitions {
			if other, taken := m.owner[d.Name]; taken {
				return nil, fmt.Errorf("type %s is defined by module %s and by module %s", d.Name, other, s.Module)
			}
			m.owner[d.Name] = s.Module
			if d.Directives.ForName(entityDirective) != nil {
				m.entities[d.Name] = d
			}
		}
		m.doc.Merge(doc)
	}
	return m, nil
}

func isRoot(name string) bool { return name == "Query" || name == "Mutation" }

// Assemble makes the schema of all modules that there are.
func Assemble(sources []Source) (*ast.Schema, error) {
	s, _, err := AssembleEnabled(sources, nil)
	if err == nil && s == nil {
		err = fmt.Errorf("no module has a query")
	}
	return s, err
}

// AssembleEnabled makes the schema of an instance, which requests are validated against and introspection
// shows. disabled are the files of the modules that are not enabled: what refers to their types is left
// out. There is no schema (nil) when no enabled module has a query.
func AssembleEnabled(enabled, disabled []Source) (*ast.Schema, []LeftOut, error) {
	m, err := merge(enabled)
	if err != nil {
		return nil, nil, err
	}
	others, err := merge(disabled)
	if err != nil {
		return nil, nil, err
	}
	for name, module := range others.owner {
		if m.owner[name] == "" && module != "" {
			m.absent[name] = module
			if others.entities[name] != nil {
				m.absent[name+"Connection"] = module
			}
		}
	}
	if err := m.resolveReferences(); err != nil {
		return nil, nil, err
	}
	if !m.addRoots() {
		return nil, m.leftOut, nil
	}
	filters := m.expand()
	prelude, gqlErr := parser.ParseSchema(validator.Prelude)
	if gqlErr != nil {
		return nil, nil, gqlErr
	}
	full := &ast.SchemaDocument{}
	full.Merge(prelude)
	full.Merge(m.doc)
	schema, gqlErr := validator.ValidateSchemaDocument(full)
	if gqlErr != nil {
		return nil, nil, fmt.Errorf("the schema of the enabled modules: %w", gqlErr)
	}
	for name := range filters {
		delete(schema.Types, name)
	}
	for _, d := range []string{entityDirective, inlineDirective, "receipt"} {
		delete(schema.Directives, d)
	}
	return schema, m.leftOut, nil
}

// addRoots adds Query, and Mutation when there is one; false: there is no query.
func (m *merged) addRoots() bool {
	has := map[string]bool{}
	m.doc.Extensions = slices.DeleteFunc(m.doc.Extensions, func(d *ast.Definition) bool {
		has[d.Name] = has[d.Name] || len(d.Fields) > 0
		return isRoot(d.Name) && len(d.Fields) == 0
	})
	for _, name := range []string{"Query", "Mutation"} {
		if has[name] {
			m.doc.Definitions = append(m.doc.Definitions, &ast.Definition{Kind: ast.Object, Name: name, Position: &ast.Position{Src: &ast.Source{Name: "base"}}})
		}
	}
	return has["Query"]
}

// fieldsOf visits every object field of the document with the type it belongs to.
func (m *merged) fieldsOf(visit func(owner *ast.Definition, f *ast.FieldDefinition) error) error {
	for _, list := range []ast.DefinitionList{m.doc.Definitions, m.doc.Extensions} {
		for _, d := range list {
			for _, f := range d.Fields {
				if err := visit(d, f); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// resolveReferences leaves out what needs a type of a module that is not enabled: fields, arguments, and
// extensions of such types. A type that no module has is an error.
func (m *merged) resolveReferences() error {
	builtin := map[string]bool{"Int": true, "Float": true, "String": true, "Boolean": true, "ID": true}
	known := func(name string) bool {
		if _, ok := m.owner[name]; ok || builtin[name] || isRoot(name) {
			return true
		}
		return m.entities[strings.TrimSuffix(name, "Connection")] != nil && strings.HasSuffix(name, "Connection")
	}
	m.doc.Extensions = slices.DeleteFunc(m.doc.Extensions, func(d *ast.Definition) bool {
		owner, absent := m.absent[d.Name]
		if !known(d.Name) && absent {
			for _, f := range d.Fields {
				m.leftOut = append(m.leftOut, LeftOut{Type: d.Name, Field: f.Name, Module: owner})
			}
			return true
		}
		return false
	})
	var problems []string
	for _, d := range m.doc.Extensions {
		if !known(d.Name) {
			problems = append(problems, fmt.Sprintf("module %s extends %s, which no module has", module(d), d.Name))
		}
	}
	for _, list := range []ast.DefinitionList{m.doc.Definitions, m.doc.Extensions} {
		for _, d := range list {
			d.Fields = slices.DeleteFunc(d.Fields, func(f *ast.FieldDefinition) bool {
				gone := false
				leave := func(name, argument string) (leave bool) {
					owner, absent := m.absent[name]
					switch {
					case known(name):
						return false
					case absent:
						m.leftOut = append(m.leftOut, LeftOut{Type: d.Name, Field: f.Name, Argument: argument, Module: owner})
						return true
					}
					what := d.Name + "." + f.Name
					if argument != "" {
						what = "argument " + argument + " of " + what
					}
					problems = append(problems, fmt.Sprintf("%s (module %s) needs type %s, which no module has", what, module(d), name))
					return false
				}
				if gone = leave(f.Type.Name(), ""); gone {
					return true
				}
				f.Arguments = slices.DeleteFunc(f.Arguments, func(a *ast.ArgumentDefinition) bool {
					left := leave(a.Type.Name(), a.Name)
					gone = gone || left && a.Type.NonNull // without it the field cannot be asked for
					return left
				})
				return gone
			})
		}
	}
	if len(problems) > 0 {
		return fmt.Errorf("%s", strings.Join(problems, "; "))
	}
	return nil
}

func module(d *ast.Definition) string {
	if d.Position == nil || d.Position.Src == nil {
		return "?"
	}
	return strings.TrimSuffix(d.Position.Src.Name, ".graphql")
}

// expand writes out the short form and returns the names of the filter types.
func (m *merged) expand() map[string]bool {
	filters := map[string]bool{}
	byName := map[string]*ast.Definition{}
	for _, d := range m.doc.Definitions {
		byName[d.Name] = d
	}
	_ = m.fieldsOf(func(_ *ast.Definition, f *ast.FieldDefinition) error {
		var args ast.ArgumentDefinitionList
		if m.connection(f.Type) {
			for _, name := range []string{"before", "after", "first", "last"} {
				t := "Int"
				if name == "before" || name == "after" {
					t = "String"
				}
				args = append(args, &ast.ArgumentDefinition{Name: name, Type: ast.NamedType(t, f.Position), Position: f.Position})
			}
		}
		for _, a := range f.Arguments {
			if a.Directives.ForName(inlineDirective) == nil {
				args = append(args, a)
				continue
			}
			filters[a.Type.Name()] = true
			for _, in := range byName[a.Type.Name()].Fields {
				args = append(args, &ast.ArgumentDefinition{Name: in.Name, Type: in.Type, Description: in.Description, Position: in.Position})
			}
		}
		f.Arguments = args
		return nil
	})
	var names []string
	for name := range m.entities {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		m.doc.Definitions = append(m.doc.Definitions, connectionTypes(m.entities[name])...)
	}
	return filters
}

// connection says whether t is the connection of an entity.
func (m *merged) connection(t *ast.Type) bool {
	name, ok := strings.CutSuffix(t.Name(), "Connection")
	return ok && m.entities[name] != nil
}

// connectionTypes are the Relay types of an entity.
func connectionTypes(d *ast.Definition) []*ast.Definition {
	field := func(name string, t *ast.Type) *ast.FieldDefinition {
		return &ast.FieldDefinition{Name: name, Type: t, Position: d.Position}
	}
	named := func(n string) *ast.Type { return ast.NamedType(n, d.Position) }
	required := func(n string) *ast.Type { return ast.NonNullNamedType(n, d.Position) }
	edge := &ast.Definition{Kind: ast.Object, Name: d.Name + "Edge", Position: d.Position, Fields: ast.FieldList{
		field("node", named(d.Name)), field("cursor", required("String")),
	}}
	conn := &ast.Definition{Kind: ast.Object, Name: d.Name + "Connection", Position: d.Position, Fields: ast.FieldList{
		field("pageInfo", required("PageInfo")), field("edges", ast.NonNullListType(named(edge.Name), d.Position)),
	}}
	total := d.Directives.ForName(entityDirective).Arguments.ForName("total")
	if total != nil && total.Value.Raw == "true" {
		conn.Fields = append(conn.Fields, field("totalCount", named("Int")), field("edgeCount", named("Int")))
	}
	return []*ast.Definition{edge, conn}
}
