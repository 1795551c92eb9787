package graphqlhttp

import (
	"context"
	"strings"

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
