package entity

import (
	"context"
	"fmt"
	"io"
	"maps"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/openimis/openimis-be-go/internal/auth"
	"github.com/openimis/openimis-be-go/internal/clock"
	"github.com/openimis/openimis-be-go/internal/db"
	"github.com/openimis/openimis-be-go/internal/fault"
	"github.com/openimis/openimis-be-go/internal/relay"
)

// Engine answers the root fields that return entities.
type Engine struct {
	Registry *Registry
	DB       *db.DB
	Clock    clock.Clock
	// ListCap is how many rows a list without first or last gives; the rest is behind hasNextPage.
	ListCap int
	// Spelling is how the contract writes values that JSON has no type for.
	Spelling Spelling
	marks    marks
	tries    tries
}

// Spelling writes values as JSON. Dates are ISO 8601 in every contract.
type Spelling struct {
	Moment func(b []byte, t time.Time) []byte   // a timestamp of the database
	Amount func(b []byte, digits string) []byte // a decimal number, with all the digits of its column
}

// Result is the answer of a root field, written out.
type Result struct{ json []byte }

// MarshalGQL implements graphql.Marshaler.
func (r *Result) MarshalGQL(w io.Writer) {
	if r == nil {
		_, _ = w.Write([]byte("null"))
		return
	}
	_, _ = w.Write(r.json)
}

// Empty says that the answer is a plain list without an element.
func (r *Result) Empty() bool { return string(r.json) == "[]" }

// List answers a root field that is a connection or a plain list of t, with the arguments of the
// request. own reads, and removes, the arguments that are not filters and may add conditions.
func (e *Engine) List(ctx context.Context, t *Type, own func(c Cond, args map[string]any) error) (*Result, error) {
	return e.run(ctx, t, own, nil)
}

// Sorted is List for a plain list in a given order.
func (e *Engine) Sorted(ctx context.Context, t *Type, order []string, own func(c Cond, args map[string]any) error) (*Result, error) {
	return e.run(ctx, t, own, order)
}

func (e *Engine) run(ctx context.Context, t *Type, own func(c Cond, args map[string]any) error, order []string) (*Result, error) {
	field, c, b, err := e.begin(ctx, t)
	if err != nil {
		return nil, err
	}
	compile := func() (*manyPlan, error) { return c.root(field, b, own, order) }
	return e.answer(ctx, c, compile, func(w *writer, m *manyPlan) bool { return w.list(m, 0) })
}

// answer loads a list and writes it; write says whether there is something other than null. A connection that
// is lost between two statements begins it all again: a plan holds the rows that were loaded with it.
func (e *Engine) answer(ctx context.Context, c *compiler, compile func() (*manyPlan, error), write func(w *writer, m *manyPlan) bool) (*Result, error) {
	select {
	case c.budget.side <- struct{}{}:
		defer func() { <-c.budget.side }()
	case <-ctx.Done():
		return nil, db.Describe(ctx.Err(), "wait for other root fields")
	}
	var m *manyPlan
	var l *loader
	err := e.DB.Read(ctx, func(q db.Query) (err error) {
		if m, err = compile(); err != nil {
			return err
		}
		l = &loader{query: q, now: e.Clock(), listCap: e.ListCap, spelling: &e.Spelling, budget: c.budget, reg: e.Registry, marks: &e.marks, tries: &e.tries, principal: c.principal, arena: make([]byte, 0, 4096)}
		return l.list(ctx, m, nil)
	})
	if err != nil {
		return nil, err
	}
	w := &writer{ctx: ctx, budget: l.budget, arena: l.arena, b: make([]byte, 0, len(l.arena)*2+1024), path: ast.Path{ast.PathName(graphql.GetFieldContext(ctx).Field.Alias)}}
	if !write(w, m) {
		w.null()
	}
	if w.full {
		return nil, w.stopped
	}
	for _, err := range w.errs {
		graphql.AddError(ctx, err)
	}
	return &Result{w.b}, nil
}

// First answers a root field that is one t: the first row that cond leaves, or null.
func (e *Engine) First(ctx context.Context, t *Type, cond func(c Cond, args map[string]any) error) (*Result, error) {
	field, c, b, err := e.begin(ctx, t)
	if err != nil {
		return nil, err
	}
	compile := func() (*manyPlan, error) {
		node, err := c.node(b, field.Selections)
		if err != nil {
			return nil, err
		}
		one := 1
		m := &manyPlan{node: node, query: newQuery(e.Registry, b), args: relay.Args{First: &one}}
		m.query.viewer = c.principal
		if err := cond(Cond{m.query}, maps.Clone(field.ArgumentMap(c.operation.Variables))); err != nil {
			return nil, err
		}
		return m, m.query.sortBy(nil)
	}
	return e.answer(ctx, c, compile, func(w *writer, m *manyPlan) bool {
		g := m.groups[0]
		return g.from < g.to && w.object(m.node, int(g.from))
	})
}

func (e *Engine) begin(ctx context.Context, t *Type) (graphql.CollectedField, *compiler, *bound, error) {
	field := graphql.GetFieldContext(ctx).Field
	b := e.Registry.to(t)
	if b == nil {
		return field, nil, nil, fmt.Errorf("entity %s belongs to a module that is not enabled", t.Name)
	}
	p := auth.From(ctx)
	if err := t.Access.Check(p, field.Name); err != nil {
		return field, nil, nil, err
	}
	return field, &compiler{registry: e.Registry, operation: graphql.GetOperationContext(ctx), principal: p, budget: budgetOf(ctx)}, b, nil
}

// root compiles a list at the root.
func (c *compiler) root(f graphql.CollectedField, b *bound, own func(c Cond, args map[string]any) error, order []string) (*manyPlan, error) {
	m := &manyPlan{query: newQuery(c.registry, b)}
	m.query.viewer = c.principal
	args := maps.Clone(f.ArgumentMap(c.operation.Variables))
	var err error
	if f.Definition.Type.Name() == b.Name {
		if m.node, err = c.node(b, f.Selections); err != nil {
			return nil, err
		}
	} else {
		if m.args, err = pageArgs(args); err != nil {
			return nil, err
		}
		if err := m.args.Check(f.Name); err != nil {
			return nil, fault.Input(f.Name, "%s", err.Error())
		}
		if m.conn, err = c.connection(b, f.Selections); err != nil {
			return nil, err
		}
	}
	if own != nil {
		if err := own(Cond{m.query}, args); err != nil {
			return nil, err
		}
	}
	if err := m.query.filter(args); err != nil {
		return nil, err
	}
	if order == nil {
		order = texts(args["orderBy"])
		return m, m.query.sortBy(order)
	}
	m.query.order = order
	return m, nil
}

// texts reads a list argument; a single text is a list of one.
func texts(v any) []string {
	switch x := v.(type) {
	case string:
		return []string{x}
	case []any:
		var list []string
		for _, e := range x {
			if s, ok := e.(string); ok && s != "" {
				list = append(list, s)
			}
		}
		return list
	case []string:
		return x
	}
	return nil
}
