package entity

import (
	"fmt"
	"slices"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"

	"github.com/openimis/openimis-be-go/internal/schema"
)

// kind is how a column's value is read, compared and written.
type kind uint8

const (
	kindText kind = iota
	kindInt
	kindBool
	kindFloat // a decimal, written as a number
	kindDate
	kindDateTime
	kindUUID
)

// bound is a Type with its extensions, checked against the schema of one instance.
type bound struct {
	*Type
	Key     string // of Table
	TextKey bool
	fields  map[string]boundField
	table   *schema.Table
	live    string // column that is NULL in current rows; "" when the table keeps no history
}

type boundField struct {
	def      *ast.FieldDefinition
	column   string
	kind     kind
	computed *Computed
	nullAs   string // JSON written for NULL; "" is null
	one      *One
	many     *Many
}

// Registry holds the types of one instance.
type Registry struct {
	byType map[*Type]*bound
	byName map[string]*bound
	schema *ast.Schema
}

// NewRegistry binds the models of the enabled modules to their schema. Every field of an entity must
// have a column, a relation or a computation, every list argument must lead to a column, and every
// column must exist in the catalogue; the error names all that do not.
func NewRegistry(s *ast.Schema, models ...Model) (*Registry, error) {
	r := &Registry{byType: map[*Type]*bound{}, byName: map[string]*bound{}, schema: s}
	one, many := map[*Type]map[string]One{}, map[*Type]map[string]Many{}
	for _, m := range models {
		for _, t := range m.Types {
			if t.Table == nil {
				return nil, fmt.Errorf("entity %s has no table", t.Name)
			}
			r.byType[t] = &bound{Type: t, fields: map[string]boundField{}, Key: t.Table.Key, TextKey: t.Table.TextKey,
				table: t.Table.Catalogue(), live: t.Table.To}
			r.byName[t.Name] = r.byType[t]
			one[t], many[t] = map[string]One{}, map[string]Many{}
			for n, o := range t.One {
				one[t][n] = o
			}
			for n, o := range t.Many {
				many[t][n] = o
			}
		}
	}
	var problems []string
	bad := func(format string, args ...any) { problems = append(problems, fmt.Sprintf(format, args...)) }
	for _, m := range models {
		for _, x := range m.Extensions {
			if r.byType[x.Type] == nil {
				bad("%s is extended, but its module is not enabled", x.Type.Name)
				continue
			}
			for n, o := range x.One {
				one[x.Type][n] = o
			}
			for n, o := range x.Many {
				many[x.Type][n] = o
			}
		}
	}
	for t, b := range r.byType {
		def := s.Types[t.Name]
		if def == nil {
			bad("%s: the schema has no such type", t.Name)
			continue
		}
		for _, f := range def.Fields {
			if strings.HasPrefix(f.Name, "__") || f.Name == "id" {
				continue
			}
			bf, problem := b.bind(f, one[t], many[t])
			if problem != "" {
				bad("%s.%s: %s", t.Name, f.Name, problem)
				continue
			}
			b.fields[f.Name] = bf
		}
		for column := range t.columns() {
			if _, ok := b.table.Column(column); !ok {
				bad("%s: table %s has no column %s", t.Name, t.Table.Name, column)
			}
		}
		for name, o := range one[t] {
			from, column, to := t, o.Column, o.To
			if o.Reverse != "" {
				from, column, to = o.To, o.Reverse, t
			}
			if err := from.Table.Refers(column, to.Table); err != nil {
				bad("%s.%s: %v", t.Name, name, err)
			}
		}
		for name, m := range many[t] {
			if err := m.To.Table.Refers(m.Column, t.Table); err != nil {
				bad("%s.%s: %v", t.Name, name, err)
			}
		}
	}
	if len(problems) == 0 {
		problems = append(problems, r.checkArguments()...)
	}
	if len(problems) > 0 {
		slices.Sort(problems)
		return nil, fmt.Errorf("the description of the entities is incomplete:\n  %s", strings.Join(problems, "\n  "))
	}
	return r, nil
}

func (t *Type) columns() map[string]bool {
	all := map[string]bool{}
	for _, c := range t.Columns {
		all[c] = true
	}
	for _, c := range t.Computed {
		all[c.Column] = true
	}
	for _, o := range t.One {
		if o.Column != "" {
			all[o.Column] = true
		}
	}
	return all
}

func (b *bound) bind(f *ast.FieldDefinition, one map[string]One, many map[string]Many) (boundField, string) {
	bf := boundField{def: f}
	if c, ok := b.Columns[f.Name]; ok {
		bf.column = c
		k, ok := kindOf(f.Type.Name())
		if !ok {
			return bf, "a column cannot have the type " + f.Type.Name()
		}
		bf.kind = k
		if slices.Contains(b.NullFalse, f.Name) {
			bf.nullAs = "false"
		}
		if slices.Contains(b.NullKept, f.Name) {
			bf.nullAs = "null"
		}
		return bf, ""
	}
	if c, ok := b.Computed[f.Name]; ok {
		bf.computed, bf.column = &c, c.Column
		return bf, ""
	}
	if o, ok := one[f.Name]; ok {
		bf.one = &o
		if o.Column != "" && slices.Contains(b.NullKept, f.Name) {
			bf.nullAs = "null"
		}
		return bf, ""
	}
	if m, ok := many[f.Name]; ok {
		bf.many = &m
		return bf, ""
	}
	return bf, "no column, relation or computation is described"
}

func kindOf(graphqlType string) (kind, bool) {
	switch graphqlType {
	case "String", "ID":
		return kindText, true
	case "Int", "SmallInt", "TinyInt":
		return kindInt, true
	case "Boolean":
		return kindBool, true
	case "Float":
		return kindFloat, true
	case "Date":
		return kindDate, true
	case "DateTime":
		return kindDateTime, true
	case "UUID":
		return kindUUID, true
	}
	return 0, false
}

// to gives the bound target of a relation, nil when its module is not enabled.
func (r *Registry) to(t *Type) *bound { return r.byType[t] }

// checkArguments makes sure that every argument of every list leads to a column, so that no client
// finds one that does not work.
func (r *Registry) checkArguments() (problems []string) {
	for _, def := range r.schema.Types {
		for _, f := range def.Fields {
			name, ok := strings.CutSuffix(f.Type.Name(), "Connection")
			b := r.byName[name]
			if !ok || b == nil {
				continue
			}
			for _, a := range f.Arguments {
				if def.Name == "Query" && ownArgument(a.Name) || paging[a.Name] {
					continue
				}
				q := newQuery(r, b)
				if _, err := q.resolve(a.Name); err != nil {
					problems = append(problems, fmt.Sprintf("%s.%s(%s:): %v", def.Name, f.Name, a.Name, err))
				}
			}
		}
	}
	return problems
}

// paging are the arguments that are not filters.
var paging = map[string]bool{"before": true, "after": true, "first": true, "last": true, "orderBy": true}

// ownArgument says whether a root field reads the argument itself.
func ownArgument(name string) bool {
	return name == "str" || name == "regionId" || name == "districtId"
}
