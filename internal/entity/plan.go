package entity

import (
	"encoding/json"
	"slices"
	"strconv"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/openimis/openimis-be-go/internal/auth"
	"github.com/openimis/openimis-be-go/internal/fault"
	"github.com/openimis/openimis-be-go/internal/relay"
)

// plan is the compiled selection on one entity: what to load of each row and how to write it.
type plan struct {
	typ     *bound
	columns []planColumn // columns of t that are written
	keys    []string     // columns of t that relations need; keys[0] is the primary key
	fields  []planField
	table   rows // filled by load.go
	// views are further selections on the same rows (a client may select the nodes of a connection
	// twice): they share columns, keys and table with this plan.
	views []*plan
}

// planColumn is a column to load in the form in which it is written.
type planColumn struct {
	name     string
	kind     kind
	computed *Computed
}

type fieldShape uint8

const (
	shapeTypename fieldShape = iota
	shapeID
	shapeColumn
	shapeOne
	shapeMany
	shapeDenied
)

// planField is one member of the written object.
type planField struct {
	name    string          // as the client named it
	member  []byte          // "name":
	path    ast.PathElement // name, in the form that costs nothing for each row
	shape   fieldShape
	index   int  // of columns, or of keys for a relation
	nonNull bool // a missing value makes the object null
	nullAs  string
	one     *onePlan
	many    *manyPlan
	err     error
	pos     *ast.Position
}

// onePlan is a selected to-one relation.
type onePlan struct {
	rel  One
	node *plan
	// target is, for each row of the parent's table, the row of node's table; -1 for none.
	target []int32
}

// manyPlan is a selected to-many relation or the list at the root.
type manyPlan struct {
	rel    Many
	conn   *connPlan // nil for a plain list
	node   *plan     // of a plain list
	query  *query
	args   relay.Args
	groups []group // for each row of the parent's table
	// nonNullItems says that a null element makes the plain list null.
	nonNullItems bool
}

// connPlan is the selection on a connection.
type connPlan struct {
	fields    []connField
	needTotal bool
	needRows  bool
	node      *plan // one plan for all edges{node{…}} selections of the connection
}

type connShape uint8

const (
	connTypename connShape = iota
	connPageInfo
	connEdges
	connTotal
	connEdgeCount
)

type connField struct {
	member []byte
	shape  connShape
	inner  []innerField // of pageInfo and edges
}

// innerField is a member of pageInfo or of an edge.
type innerField struct {
	member []byte
	name   string
	node   *plan // of node
}

// compiler compiles the selection of one root field.
type compiler struct {
	registry  *Registry
	operation *graphql.OperationContext
	principal *auth.Principal
	budget    *budget
}

func member(name string) []byte {
	b, _ := json.Marshal(name)
	return append(b, ':')
}

// node compiles a selection on an entity.
func (c *compiler) node(b *bound, selection ast.SelectionSet) (*plan, error) {
	p := &plan{typ: b, keys: []string{b.Key}}
	return p, c.extend(p, selection)
}

// extend adds a selection to a plan.
func (c *compiler) extend(p *plan, selection ast.SelectionSet) error {
	b := p.typ
	if err := c.budget.selection(); err != nil {
		return err
	}
	for _, f := range graphql.CollectFields(c.operation, selection, []string{b.Name, "Node"}) {
		pf := planField{name: f.Alias, member: member(f.Alias), path: ast.PathName(f.Alias), pos: f.Position}
		switch f.Name {
		case "__typename":
			pf.shape = shapeTypename
			p.fields = append(p.fields, pf)
			continue
		case "id":
			pf.shape = shapeID
			p.fields = append(p.fields, pf)
			continue
		}
		bf := b.fields[f.Name]
		pf.nonNull = bf.def.Type.NonNull
		switch {
		case bf.column != "":
			pf.shape, pf.nullAs = shapeColumn, bf.nullAs
			pf.index = p.column(planColumn{bf.column, bf.kind, bf.computed})
		case bf.one != nil:
			pf.shape = shapeOne
			if err := access(c.principal, bf.one.Access, bf.one.To, f.Name); err != nil {
				pf.shape, pf.err = shapeDenied, err
				break
			}
			node, err := c.node(c.registry.to(bf.one.To), f.Selections)
			if err != nil {
				return err
			}
			pf.one = &onePlan{rel: *bf.one, node: node}
			if bf.one.Column != "" {
				pf.index, pf.nullAs = p.key(bf.one.Column), bf.nullAs
			}
		case bf.many != nil:
			pf.shape = shapeMany
			if err := access(c.principal, bf.many.Access, bf.many.To, f.Name); err != nil {
				pf.shape, pf.err = shapeDenied, err
				break
			}
			m, err := c.many(f, c.registry.to(bf.many.To), *bf.many)
			if err != nil {
				return err
			}
			pf.many = m
		}
		p.fields = append(p.fields, pf)
	}
	return nil
}

func access(p *auth.Principal, own *auth.Access, t *Type, field string) error {
	a := t.Access
	if own != nil {
		a = *own
	}
	return a.Check(p, field)
}

func (p *plan) column(c planColumn) int {
	for i, have := range p.columns {
		if have.name == c.name && have.kind == c.kind && have.computed == nil && c.computed == nil {
			return i
		}
	}
	p.columns = append(p.columns, c)
	return len(p.columns) - 1
}

func (p *plan) key(column string) int {
	if i := slices.Index(p.keys, column); i >= 0 {
		return i
	}
	p.keys = append(p.keys, column)
	return len(p.keys) - 1
}

// many compiles a list of b: a connection or a plain list.
func (c *compiler) many(f graphql.CollectedField, b *bound, rel Many) (*manyPlan, error) {
	m := &manyPlan{rel: rel, query: newQuery(c.registry, b)}
	m.query.viewer = c.principal
	args := f.ArgumentMap(c.operation.Variables)
	var err error
	if f.Definition.Type.Name() == b.Name { // a plain list
		if f.Definition.Type.Elem != nil {
			m.nonNullItems = f.Definition.Type.Elem.NonNull
		}
		m.node, err = c.node(b, f.Selections)
		if err != nil {
			return nil, err
		}
		return m, m.query.filter(args)
	}
	if m.args, err = pageArgs(args); err != nil {
		return nil, err
	}
	if err := m.args.Check(f.Name); err != nil {
		return nil, fault.Input(f.Name, "%s", err.Error())
	}
	if m.conn, err = c.connection(b, f.Selections); err != nil {
		return nil, err
	}
	return m, m.query.filter(args)
}

func scopeOf(p *auth.Principal) auth.Scope {
	if p == nil {
		return auth.Scope{}
	}
	return p.Scope
}

func pageArgs(args map[string]any) (a relay.Args, err error) {
	for name, to := range map[string]**int{"first": &a.First, "last": &a.Last} {
		if v := args[name]; v != nil {
			n, ok := number(v)
			if !ok {
				return a, fault.Input(name, "Argument %q: %v is not a whole number.", name, v)
			}
			*to = &n
		}
	}
	for name, to := range map[string]**string{"after": &a.After, "before": &a.Before} {
		if s, ok := args[name].(string); ok && s != "" {
			*to = &s
		}
	}
	return a, nil
}

func number(v any) (int, bool) {
	switch x := v.(type) {
	case int:
		return x, true
	case int64:
		return int(x), true
	case json.Number:
		n, err := x.Int64()
		return int(n), err == nil
	case float64:
		return int(x), x == float64(int(x))
	case string: // of a variable
		n, err := strconv.ParseInt(x, 10, 32)
		return int(n), err == nil
	}
	return 0, false
}

// connection compiles the selection on a connection.
func (c *compiler) connection(b *bound, selection ast.SelectionSet) (*connPlan, error) {
	p := &connPlan{}
	for _, f := range graphql.CollectFields(c.operation, selection, []string{b.Name + "Connection"}) {
		cf := connField{member: member(f.Alias)}
		switch f.Name {
		case "__typename":
			cf.shape = connTypename
		case "totalCount":
			cf.shape = connTotal
			p.needTotal = true
		case "edgeCount":
			cf.shape, p.needRows = connEdgeCount, true
		case "pageInfo":
			cf.shape, p.needRows = connPageInfo, true
			for _, g := range graphql.CollectFields(c.operation, f.Selections, []string{"PageInfo"}) {
				cf.inner = append(cf.inner, innerField{member: member(g.Alias), name: g.Name})
			}
		case "edges":
			cf.shape, p.needRows = connEdges, true
			for _, g := range graphql.CollectFields(c.operation, f.Selections, []string{b.Name + "Edge"}) {
				in := innerField{member: member(g.Alias), name: g.Name}
				if g.Name == "node" {
					node, err := c.shared(p, b, g.Selections)
					if err != nil {
						return nil, err
					}
					in.node = node
				}
				cf.inner = append(cf.inner, in)
			}
		}
		p.fields = append(p.fields, cf)
	}
	if p.node == nil {
		p.node = &plan{typ: b, keys: []string{b.Key}}
	}
	return p, nil
}

// shared gives a selection on the nodes of a connection its plan. When a client selects the nodes
// more than once under different names, the plans load from the same rows.
func (c *compiler) shared(p *connPlan, b *bound, selection ast.SelectionSet) (*plan, error) {
	if p.node == nil {
		node, err := c.node(b, selection)
		p.node = node
		return node, err
	}
	view := &plan{typ: b, columns: p.node.columns, keys: p.node.keys}
	if err := c.extend(view, selection); err != nil {
		return nil, err
	}
	p.node.columns, p.node.keys = view.columns, view.keys
	p.node.views = append(p.node.views, view)
	return view, nil
}

// gqlError gives an error the place of a field.
func gqlError(err error, path ast.Path, pos *ast.Position) *gqlerror.Error {
	e := &gqlerror.Error{Err: err, Message: fault.Message(err), Path: slices.Clone(path)}
	if pos != nil {
		e.Locations = []gqlerror.Location{{Line: pos.Line, Column: pos.Column}}
	}
	return e
}
