package sdl

import (
	"strings"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/formatter"
)

// EntityResult is the scalar that stands for entities and their connections in the files gqlgen reads.
const EntityResult = "EntityResult"

// Roots gives the file that gqlgen generates from, for each module: Query and Mutation and the types
// that are no entities. A root field that answers with entities has the type EntityResult and no
// arguments (package entity reads them from the request); neither has a mutation, whose input is
// logged as it came and decoded by its handler.
func Roots(sources []Source) ([]Source, error) {
	m, err := merge(sources)
	if err != nil {
		return nil, err
	}
	files := map[string]*ast.SchemaDocument{"": {}}
	file := func(name string) *ast.SchemaDocument {
		if files[name] == nil {
			files[name] = &ast.SchemaDocument{}
		}
		return files[name]
	}
	files[""].Definitions = append(files[""].Definitions, &ast.Definition{Kind: ast.Scalar, Name: EntityResult})
	reach := m.reachable()
	for _, d := range m.doc.Definitions {
		if reach[d.Name] {
			f := file(m.owner[d.Name])
			f.Definitions = append(f.Definitions, m.root(d))
		}
	}
	for _, d := range m.doc.Extensions {
		if d.Name == "Query" || d.Name == "Mutation" {
			f := file(module(d))
			f.Extensions = append(f.Extensions, m.root(d))
		}
	}
	var out []Source
	for _, s := range append([]Source{{Module: ""}}, sources...) {
		doc := files[s.Module]
		if doc == nil || len(doc.Definitions)+len(doc.Extensions) == 0 {
			continue
		}
		var b strings.Builder
		formatter.NewFormatter(&b, formatter.WithIndent("  ")).FormatSchemaDocument(doc)
		name := s.Module
		if name == "" {
			name = "base"
		}
		out = append(out, Source{Module: name, Text: b.String()})
	}
	return out, nil
}

// entityField says whether a field answers with entities.
func (m *merged) entityField(f *ast.FieldDefinition) bool {
	return m.entities[f.Type.Name()] != nil || m.connection(f.Type)
}

// root rewrites the fields of Query, Mutation and plain types.
func (m *merged) root(d *ast.Definition) *ast.Definition {
	c := *d
	c.Directives = nil
	c.Fields = nil
	for _, f := range d.Fields {
		g := *f
		switch {
		case m.entityField(f):
			g.Type, g.Arguments = ast.NamedType(EntityResult, f.Position), nil
		case d.Name == "Mutation":
			g.Arguments = nil
		}
		c.Fields = append(c.Fields, &g)
	}
	return &c
}

// reachable are the types that the rewritten root fields lead to.
func (m *merged) reachable() map[string]bool {
	byName := map[string]*ast.Definition{}
	for _, d := range m.doc.Definitions {
		byName[d.Name] = d
	}
	reach := map[string]bool{"Query": true, "Mutation": true}
	var visit func(d *ast.Definition)
	follow := func(t *ast.Type) {
		if d := byName[t.Name()]; d != nil && !reach[d.Name] {
			reach[d.Name] = true
			visit(d)
		}
	}
	visit = func(d *ast.Definition) {
		for _, f := range m.root(d).Fields {
			follow(f.Type)
			for _, a := range f.Arguments {
				follow(a.Type)
			}
		}
	}
	for _, list := range []ast.DefinitionList{m.doc.Definitions, m.doc.Extensions} {
		for _, d := range list {
			if d.Name == "Query" || d.Name == "Mutation" {
				visit(d)
			}
		}
	}
	return reach
}
