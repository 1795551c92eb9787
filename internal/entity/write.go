package entity

import (
	"context"
	"fmt"
	"strconv"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/openimis/openimis-be-go/internal/db"
	"github.com/openimis/openimis-be-go/internal/fault"
	"github.com/openimis/openimis-be-go/internal/relay"
)

// writer writes loaded plans as JSON. Its methods return false when a value that must not be null is
// missing, and then the nearest nullable parent becomes null, as GraphQL wants it.
type writer struct {
	ctx    context.Context
	b      []byte
	arena  []byte
	path   ast.Path
	errs   gqlerror.List
	budget *budget
	// spent is how much of b the budget knows of.
	spent   int
	objects int
	full    bool // nothing more is written, because of stopped
	stopped error
}

// maxErrors is how many errors an answer lists; a broken relation would repeat it for every row.
const maxErrors = 20

func (w *writer) fail(err error, pos *ast.Position) {
	if len(w.errs) < maxErrors {
		w.errs = append(w.errs, gqlError(err, w.path, pos))
	}
}

func (w *writer) null() { w.b = append(w.b, "null"...) }

// spend counts values that are about to be written, and what was written since; false: no more is to be.
func (w *writer) spend(values int) bool {
	if w.full {
		return false
	}
	w.stopped = w.budget.written(values, max(0, len(w.b)-w.spent))
	w.spent = max(w.spent, len(w.b))
	if w.objects++; w.objects%1024 == 0 && w.stopped == nil {
		w.stopped = db.Describe(w.ctx.Err(), "write the answer")
	}
	w.full = w.stopped != nil
	return !w.full
}

// object writes row r of a plan.
func (w *writer) object(p *plan, r int) bool {
	start := len(w.b)
	if !w.spend(1 + len(p.fields)) {
		return true
	}
	w.b = append(w.b, '{')
	for i := range p.fields {
		f := &p.fields[i]
		if i > 0 {
			w.b = append(w.b, ',')
		}
		w.b = append(w.b, f.member...)
		w.path = append(w.path, f.path)
		ok := w.field(p, f, r)
		w.path = w.path[:len(w.path)-1]
		if !ok {
			if f.nonNull {
				w.b = w.b[:start]
				return false
			}
			w.null()
		}
	}
	w.b = append(w.b, '}')
	return true
}

// field writes one value; false means null.
func (w *writer) field(p *plan, f *planField, r int) bool {
	switch f.shape {
	case shapeTypename:
		w.b = appendString(w.b, p.typ.Name)
	case shapeID:
		k := p.table.keys[r*len(p.keys)].text()
		if p.typ.TextKey && p.typ.keyKind() == kindUUID {
			if u, ok := db.ParseUUID(k); ok { // the Python backend keeps it without hyphens
				k = string(u)
			}
		}
		if !p.typ.Relay {
			w.b = appendString(w.b, k)
			return true
		}
		w.b = append(w.b, '"')
		w.b = relay.AppendID(w.b, p.typ.Name, k)
		w.b = append(w.b, '"')
	case shapeColumn:
		s := p.table.cells[r*len(p.columns)+f.index]
		if s.from == s.to && f.nullAs != "" {
			w.b = append(w.b, f.nullAs...)
			return true
		}
		if s.from == s.to {
			if f.nonNull {
				w.fail(fmt.Errorf("row %s of %s has no %s", p.table.keys[r*len(p.keys)].text(), p.typ.Table.Name, p.columns[f.index].name), f.pos)
			}
			return false
		}
		w.b = append(w.b, w.arena[s.from:s.to]...)
	case shapeOne:
		t := f.one.target[r]
		if t < 0 {
			if k := p.table.keys; f.nullAs != "" && k[r*len(p.keys)+f.index].null { // it refers to nothing
				w.b = append(w.b, f.nullAs...)
				return true
			}
			if f.nonNull {
				w.fail(fault.New(fault.NotFound, "%s is missing or outside what you may see.", f.name), f.pos)
			}
			return false
		}
		return w.object(f.one.node, int(t))
	case shapeMany:
		return w.list(f.many, r)
	case shapeDenied:
		w.fail(f.err, f.pos)
		return false
	}
	return true
}

// list writes the list that belongs to row parent.
func (w *writer) list(m *manyPlan, parent int) bool {
	g := m.groups[parent]
	if m.conn != nil {
		return w.connection(m.conn, g)
	}
	start := len(w.b)
	w.b = append(w.b, '[')
	for r := g.from; r < g.to && !w.full; r++ {
		if r > g.from {
			w.b = append(w.b, ',')
		}
		w.path = append(w.path, ast.PathIndex(r-g.from))
		ok := w.object(m.node, int(r))
		w.path = w.path[:len(w.path)-1]
		if !ok {
			if m.nonNullItems {
				w.b = w.b[:start]
				return false
			}
			w.null()
		}
	}
	w.b = append(w.b, ']')
	return true
}

// connection writes a page.
func (w *writer) connection(c *connPlan, g group) bool {
	w.b = append(w.b, '{')
	for i := range c.fields {
		f := &c.fields[i]
		if i > 0 {
			w.b = append(w.b, ',')
		}
		w.b = append(w.b, f.member...)
		switch f.shape {
		case connTypename:
			w.b = appendString(w.b, c.node.typ.Name+"Connection")
		case connTotal:
			w.b = strconv.AppendInt(w.b, int64(g.total), 10)
		case connEdgeCount:
			w.b = strconv.AppendInt(w.b, int64(g.to-g.from), 10)
		case connPageInfo:
			w.pageInfo(f, g)
		case connEdges:
			w.edges(c, f, g)
		}
	}
	w.b = append(w.b, '}')
	return true
}

func (w *writer) pageInfo(f *connField, g group) {
	w.b = append(w.b, '{')
	for i, in := range f.inner {
		if i > 0 {
			w.b = append(w.b, ',')
		}
		w.b = append(w.b, in.member...)
		switch in.name {
		case "hasNextPage":
			w.b = strconv.AppendBool(w.b, g.window.Next(g.more))
		case "hasPreviousPage":
			w.b = strconv.AppendBool(w.b, g.window.Previous())
		case "startCursor":
			w.cursor(g, 0)
		case "endCursor":
			w.cursor(g, int(g.to-g.from)-1)
		default:
			w.b = appendString(w.b, "PageInfo")
		}
	}
	w.b = append(w.b, '}')
}

// cursor writes the cursor of the n-th row of the page, null when the page is empty.
func (w *writer) cursor(g group, n int) {
	if g.to == g.from {
		w.null()
		return
	}
	w.b = append(w.b, '"')
	w.b = relay.AppendCursor(w.b, g.start+n)
	w.b = append(w.b, '"')
}

func (w *writer) edges(c *connPlan, f *connField, g group) {
	w.path = append(w.path, ast.PathName("edges"))
	w.b = append(w.b, '[')
	for r := g.from; r < g.to && w.spend(len(f.inner)); r++ {
		if r > g.from {
			w.b = append(w.b, ',')
		}
		w.path = append(w.path, ast.PathIndex(r-g.from))
		w.b = append(w.b, '{')
		for i, in := range f.inner {
			if i > 0 {
				w.b = append(w.b, ',')
			}
			w.b = append(w.b, in.member...)
			switch in.name {
			case "cursor":
				w.cursor(g, int(r-g.from))
			case "node":
				w.path = append(w.path, ast.PathName("node"))
				if !w.object(in.node, int(r)) {
					w.null()
				}
				w.path = w.path[:len(w.path)-1]
			default:
				w.b = appendString(w.b, c.node.typ.Name+"Edge")
			}
		}
		w.b = append(w.b, '}')
		w.path = w.path[:len(w.path)-1]
	}
	w.b = append(w.b, ']')
	w.path = w.path[:len(w.path)-1]
}
