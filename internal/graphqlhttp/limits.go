package graphqlhttp

import (
	"mime"
	"net/http"
	"net/url"
	"strings"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
)

func parseForm(body []byte) (url.Values, error) { return url.ParseQuery(string(body)) }

// check refuses what GET may not do and operations beyond the limits.
func (h *Handler) check(r *http.Request, oc *graphql.OperationContext) *gqlerror.Error {
	if r.Method == http.MethodGet && oc.Operation.Operation == ast.Mutation {
		return &gqlerror.Error{Message: "Can only perform a mutation operation from a POST request."}
	}
	if oc.Operation.Operation == ast.Mutation && isForm(r) && forms.Check(r) != nil {
		return &gqlerror.Error{Message: "A form on another site cannot send a mutation."}
	}
	if n := len(oc.Operation.SelectionSet); n > h.limits.Roots {
		return gqlerror.Errorf("The operation has %d root fields; %d are allowed.", n, h.limits.Roots)
	}
	m := meter{fragments: oc.Doc.Fragments, depths: map[string]int{}}
	depth := m.depth(oc.Operation.SelectionSet)
	if depth > h.limits.Depth {
		return gqlerror.Errorf("The selection is %d levels deep; %d are allowed.", depth, h.limits.Depth)
	}
	if m.aliases > h.limits.Aliases {
		return gqlerror.Errorf("The document has %d aliases; %d are allowed.", m.aliases, h.limits.Aliases)
	}
	return nil
}

// forms refuses forms that a browser sends from another site: it would add the user's credentials. JSON
// cannot be sent that way, and the check would refuse it behind gateways that change the host.
var forms = http.NewCrossOriginProtection()

func isForm(r *http.Request) bool {
	kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	return kind == "application/x-www-form-urlencoded"
}

// meter measures selections; a fragment is measured once, however often it is spread.
type meter struct {
	fragments ast.FragmentDefinitionList
	depths    map[string]int
	aliases   int
}

func (m *meter) depth(set ast.SelectionSet) int {
	deepest := 0
	for _, s := range set {
		d := 0
		switch s := s.(type) {
		case *ast.Field:
			if strings.HasPrefix(s.Name, "__") {
				continue // introspection reads the schema, not the database
			}
			if s.Alias != s.Name {
				m.aliases++
			}
			d = 1 + m.depth(s.SelectionSet)
		case *ast.InlineFragment:
			d = m.depth(s.SelectionSet)
		case *ast.FragmentSpread:
			known, ok := m.depths[s.Name]
			if !ok {
				m.depths[s.Name] = 0
				if f := m.fragments.ForName(s.Name); f != nil {
					known = m.depth(f.SelectionSet)
				}
				m.depths[s.Name] = known
			}
			d = known
		}
		deepest = max(deepest, d)
	}
	return deepest
}
