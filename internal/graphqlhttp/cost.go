package graphqlhttp

import (
	"context"
	"fmt"
	"math"
	"math/bits"
	"slices"
	"strconv"
	"strings"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
	"github.com/vektah/gqlparser/v2/parser"
)

// tooMany refuses a document with too many fields before it is validated, for validation compares fields with
// each other. Fields are counted as they are written, and as they are executed: a fragment counts wherever it is
// spread, so that twenty short fragments which spread each other twice are a million fields.
func (h *Handler) tooMany(ctx context.Context, query string) *gqlerror.Error {
	// A field takes two characters at least, and only fragments make more of what is written.
	if len(query) <= 2*h.limits.Fields && !strings.Contains(query, "...") {
		return nil
	}
	if _, known := h.parsed.Get(ctx, query); known {
		return nil // it was counted
	}
	doc, err := parser.ParseQueryWithTokenLimit(&ast.Source{Input: query}, h.limits.Tokens)
	if err != nil {
		return nil // the executor says what is wrong
	}
	c := counter{fragments: doc.Fragments, expanded: map[string]int{}}
	expanded, walked := 0, 0
	for _, f := range doc.Fragments {
		walked += c.fragment(f.Name)
	}
	for _, o := range doc.Operations {
		n := c.selection(o.SelectionSet)
		expanded = max(expanded, n) // one of them is executed
		walked += n
	}
	if c.written > h.limits.Fields {
		return gqlerror.Errorf("The document has %d fields; %d are allowed.", c.written, h.limits.Fields)
	}
	if expanded > h.limits.Expanded {
		return gqlerror.Errorf("The operation has more than %d fields when its fragments are put in, which is not allowed.", h.limits.Expanded)
	}
	if walked > walks*h.limits.Expanded {
		return gqlerror.Errorf("The operations and fragments of the document have more than %d fields when fragments are put in, which is not allowed.", walks*h.limits.Expanded)
	}
	return nil
}

// walks is how many times the greatest operation a document may be: validation walks through the fragments of
// each operation and of each fragment.
const walks = 4

// counter counts fields. What a fragment comes to is computed once.
type counter struct {
	fragments ast.FragmentDefinitionList
	expanded  map[string]int
	written   int
}

// enough is where counting ends: sums of it do not overflow.
const enough = 1 << 40

func (c *counter) fragment(name string) int {
	if n, counted := c.expanded[name]; counted {
		return n
	}
	c.expanded[name] = 1 // of a fragment that spreads itself, which validation refuses
	if f := c.fragments.ForName(name); f != nil {
		c.expanded[name] = c.selection(f.SelectionSet)
	}
	return c.expanded[name]
}

func (c *counter) selection(set ast.SelectionSet) int {
	n := 0
	for _, s := range set {
		n++
		switch s := s.(type) {
		case *ast.Field:
			c.written++
			n += c.selection(s.SelectionSet)
		case *ast.InlineFragment:
			n += c.selection(s.SelectionSet)
		case *ast.FragmentSpread:
			n += c.fragment(s.Name)
		}
		n = min(n, enough)
	}
	return n
}

// estimate is what is known of an operation before it is executed.
type estimate struct {
	operation *graphql.OperationContext
	fragments map[string]float64
	shape     strings.Builder
}

// How many rows a list is taken to have that does not say: at the root, and for each row of another list.
const (
	rowsAtRoot = 1000
	rowsNested = 30
)

// estimated gives how many rows an operation may look at, by its text, and its shape: which lists and which
// filters, without their values. Operations of the same shape take about the same time.
func estimated(oc *graphql.OperationContext) (rows int, shape string) {
	e := estimate{operation: oc, fragments: map[string]float64{}}
	e.shape.WriteString(string(oc.Operation.Operation))
	n := e.rows(oc.Operation.SelectionSet, true)
	rows = int(min(n, math.MaxInt32))
	e.shape.WriteString(strconv.Itoa(bits.Len(uint(rows))))
	return rows, e.shape.String()
}

// rows is how many rows a selection looks at for each of its parent's.
func (e *estimate) rows(set ast.SelectionSet, root bool) (n float64) {
	for _, s := range set {
		switch s := s.(type) {
		case *ast.Field:
			n += e.field(s, root)
		case *ast.InlineFragment:
			n += e.rows(s.SelectionSet, root)
		case *ast.FragmentSpread:
			of, known := e.fragments[s.Name]
			if f := e.operation.Doc.Fragments.ForName(s.Name); !known && f != nil {
				of = e.rows(f.SelectionSet, root)
				e.fragments[s.Name] = of
			}
			n += of
		}
	}
	return n
}

func (e *estimate) field(f *ast.Field, root bool) float64 {
	if f.Definition == nil || len(f.SelectionSet) == 0 || strings.HasPrefix(f.Name, "__") {
		return 0
	}
	list := strings.HasSuffix(f.Definition.Type.Name(), "Connection") || f.Definition.Type.Elem != nil && f.Name != "edges"
	if !list && !root {
		return e.rows(f.SelectionSet, false)
	}
	e.shape.WriteByte(' ')
	e.shape.WriteString(f.Name)
	count := 1.0
	if list {
		if count = rowsNested; root {
			count = rowsAtRoot
		}
	}
	names := make([]string, 0, len(f.Arguments))
	for _, a := range f.Arguments {
		names = append(names, a.Name)
		if a.Name != "first" && a.Name != "last" {
			continue
		}
		text := a.Value.Raw
		if a.Value.Kind == ast.Variable {
			text = fmt.Sprint(e.operation.Variables[a.Value.Raw])
		}
		if asked, err := strconv.ParseFloat(text, 64); err == nil && list {
			count = max(asked, 0)
		}
	}
	slices.Sort(names)
	for _, name := range names {
		e.shape.WriteByte(',')
		e.shape.WriteString(name)
	}
	return count * (1 + e.rows(f.SelectionSet, false))
}
