package graphqlhttp

import (
	"context"
	"fmt"
	"maps"
	"mime"
	"net/http"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/99designs/gqlgen/graphql"
	"github.com/99designs/gqlgen/graphql/handler/lru"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/openimis/openimis-be-go/internal/db"
)

// check refuses what GET may not do and operations beyond the limits.
func (h *Handler) check(r *http.Request, oc *graphql.OperationContext) *gqlerror.Error {
	if r.Method == http.MethodGet && oc.Operation.Operation == ast.Mutation {
		return &gqlerror.Error{Message: h.words.Transport.MutationByGET}
	}
	if oc.Operation.Operation == ast.Mutation && isForm(r) && forms.Check(r) != nil {
		return &gqlerror.Error{Message: "A form or script of another site cannot send a mutation."}
	}
	if n := len(oc.Operation.SelectionSet); n > h.limits.Roots {
		return gqlerror.Errorf("The operation has %d root fields; %d are allowed.", n, h.limits.Roots)
	}
	m := meter{fragments: oc.Doc.Fragments, depths: map[string]int{}, texts: texts{longest: db.LongestSearch}}
	if oc.Operation.Operation == ast.Mutation {
		m.texts.longest = 0
	}
	for _, d := range oc.Operation.VariableDefinitions {
		m.texts.check("Variable", "$"+d.Variable, oc.Variables[d.Variable])
	}
	depth := m.depth(oc.Operation.SelectionSet)
	if m.texts.err != nil {
		return m.texts.err
	}
	if depth > h.limits.Depth {
		return gqlerror.Errorf("The selection is %d levels deep; %d are allowed.", depth, h.limits.Depth)
	}
	if m.aliases > h.limits.Aliases {
		return gqlerror.Errorf("The document has %d aliases; %d are allowed.", m.aliases, h.limits.Aliases)
	}
	return nil
}

// forms refuses what a browser sends from another site without asking us first: it would add the user's
// credentials. JSON cannot be sent that way, and the check would refuse it behind gateways that change the
// host.
var forms = http.NewCrossOriginProtection()

// isForm says whether a browser may have sent the request unasked. The operation of such a request need
// not be in a form: the URL may have it.
func isForm(r *http.Request) bool {
	kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	return kind != "application/json" && kind != "application/graphql"
}

// longestCached is how long a document may be that is kept parsed: thousands of long ones would fill the
// memory, and are seldom sent twice.
const longestCached = 16 << 10

// documents keeps the documents that were sent last.
type documents struct {
	*lru.LRU[*ast.QueryDocument]
}

// Add implements graphql.Cache.
func (d documents) Add(ctx context.Context, query string, doc *ast.QueryDocument) {
	if len(query) <= longestCached {
		d.LRU.Add(ctx, query, doc)
	}
}

// mostValues is how many values variables may have, those within lists and objects included. A large claim
// has some thousands.
const mostValues = 100_000

// tooManyValues says whether variables have more values than allowed, before they take a hundred times
// their length in memory.
func tooManyValues(variables []byte) bool {
	n, text := 0, false
	for i := 0; i < len(variables); i++ {
		switch c := variables[i]; {
		case text && c == '\\':
			i++
		case c == '"':
			text = !text
		case !text && (c == ',' || c == '[' || c == '{'):
			n++
		}
	}
	return n > mostValues
}

// meter measures selections; a fragment is measured once, however often it is spread.
type meter struct {
	fragments ast.FragmentDefinitionList
	depths    map[string]int
	aliases   int
	texts     texts
}

func (m *meter) depth(set ast.SelectionSet) int {
	deepest := 0
	for _, s := range set {
		d := 0
		switch s := s.(type) {
		case *ast.Field:
			if s.Alias != s.Name {
				m.aliases++
			}
			for _, a := range s.Arguments {
				m.texts.literal(a.Name, a.Value)
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

// texts finds the first text that no database takes.
type texts struct {
	longest int // 0: any length
	err     *gqlerror.Error
}

func (t *texts) text(what, path, s string) {
	if t.err != nil {
		return
	}
	if strings.ContainsRune(s, 0) {
		t.err = gqlerror.Errorf("%s %q: the text contains the character U+0000, which is not allowed.", what, path)
	} else if n := utf8.RuneCountInString(s); t.longest > 0 && n > t.longest {
		t.err = gqlerror.Errorf("%s %q: the text has %d characters; at most %d are allowed.", what, path, n, t.longest)
	}
}

// literal checks a value that is written in the document.
func (t *texts) literal(path string, v *ast.Value) {
	if v == nil {
		return
	}
	if v.Kind == ast.StringValue || v.Kind == ast.BlockValue {
		t.text("Argument", path, v.Raw)
	}
	for i, c := range v.Children {
		if v.Kind == ast.ListValue {
			t.literal(fmt.Sprintf("%s[%d]", path, i), c.Value)
		} else {
			t.literal(path+"."+c.Name, c.Value)
		}
	}
}

// check checks the value of a variable.
func (t *texts) check(what, path string, value any) {
	switch v := value.(type) {
	case string:
		t.text(what, path, v)
	case []any:
		for i, e := range v {
			t.check(what, fmt.Sprintf("%s[%d]", path, i), e)
		}
	case map[string]any:
		for _, name := range slices.Sorted(maps.Keys(v)) {
			t.check(what, path+"."+name, v[name])
		}
	}
}
