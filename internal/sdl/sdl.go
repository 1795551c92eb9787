// Package sdl puts the GraphQL schema together from the .graphql files of the enabled modules. A
// module's file states its part of the contract in a short form:
//
//	type InsureeGQLType implements Node @entity(total: true) { … }   rows of a table (package entity)
//	claims(filter: ClaimFilter @inlineArguments): ClaimGQLTypeConnection
//
// Assemble writes out what the short form means (the Connection and Edge types of an entity, the
// paging arguments of every connection field, the fields of a filter as arguments) and checks that
// nothing refers to a type of a module that is not enabled: that is the dependency check between
// modules.
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

// base is what every schema has: the scalars and types of the 2019 contract that no module owns, and
// the directives of the short form.
const base = `
scalar Date
scalar DateTime
scalar Decimal
scalar SmallInt
scalar TinyInt
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
}

func merge(sources []Source) (*merged, error) {
	m := &merged{doc: &ast.SchemaDocument{}, owner: map[string]string{}, entities: map[string]*ast.Definition{}}
	all := append([]Source{{"", base}}, sources...)
	for _, s := range all {
		doc, err := parser.ParseSchema(&ast.Source{Name: s.Module + ".graphql", Input: s.Text})
		if err != nil {
			return nil, fmt.Errorf("module %s: %w", s.Module, err)
		}
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

// Assemble makes the schema that requests are validated against and that introspection shows.
func Assemble(sources []Source) (*ast.Schema, error) {
	m, err := merge(sources)
	if err != nil {
		return nil, err
	}
	if err := m.checkReferences(); err != nil {
		return nil, err
	}
	filters := m.expand()
	prelude, gqlErr := parser.ParseSchema(validator.Prelude)
	if gqlErr != nil {
		return nil, gqlErr
	}
	full := &ast.SchemaDocument{}
	full.Merge(prelude)
	full.Merge(m.doc)
	schema, gqlErr := validator.ValidateSchemaDocument(full)
	if gqlErr != nil {
		return nil, fmt.Errorf("the schema of the enabled modules: %w", gqlErr)
	}
	for name := range filters {
		delete(schema.Types, name)
	}
	for _, d := range []string{entityDirective, inlineDirective, "receipt"} {
		delete(schema.Directives, d)
	}
	if schema.Query == nil || len(schema.Query.Fields) == 0 {
		return nil, fmt.Errorf("no enabled module has a query")
	}
	return schema, nil
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

// checkReferences finds fields and extensions that need a type of a module that is not enabled.
func (m *merged) checkReferences() error {
	builtin := map[string]bool{"Int": true, "Float": true, "String": true, "Boolean": true, "ID": true}
	known := func(name string) bool {
		if builtin[name] || m.owner[name] != "" || name == "Query" || name == "Mutation" {
			return true
		}
		if _, ok := m.owner[name]; ok {
			return true
		}
		return m.entities[strings.TrimSuffix(name, "Connection")] != nil && strings.HasSuffix(name, "Connection")
	}
	for _, d := range m.doc.Extensions {
		if !known(d.Name) {
			return fmt.Errorf("module %s extends %s, which belongs to a module that is not enabled", module(d), d.Name)
		}
	}
	return m.fieldsOf(func(d *ast.Definition, f *ast.FieldDefinition) error {
		if !known(f.Type.Name()) {
			return fmt.Errorf("%s.%s (module %s) needs type %s, which belongs to a module that is not enabled", d.Name, f.Name, module(d), f.Type.Name())
		}
		for _, a := range f.Arguments {
			if !known(a.Type.Name()) {
				return fmt.Errorf("argument %s of %s.%s (module %s) needs type %s, which belongs to a module that is not enabled", a.Name, d.Name, f.Name, module(d), a.Type.Name())
			}
		}
		return nil
	})
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
