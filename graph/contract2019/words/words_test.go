package words

import (
	"strings"
	"testing"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
	"github.com/vektah/gqlparser/v2/parser"
)

// Whatever a client sends, saying what is wrong with it must not go wrong itself.
func FuzzErrorsOfDocuments(f *testing.F) {
	for _, s := range []string{"", "   ", "{ ä }", "{ \"x\" }\n", "{ a(b: \"c) }", "{ a(b: 'c') }", "{ a(b: 01) }", "{ a\r\n(b: \"\\x\")", "query Q($f Int) { a }", "\xff", "{ a(b: \"\xff\") }", "#\n\n", "{ a } \"x\""} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, source string) {
		doc, err := parser.ParseQueryWithTokenLimit(&ast.Source{Input: source}, 1000)
		if err == nil {
			for _, o := range doc.Operations {
				for _, s := range o.SelectionSet {
					if p := before(find(s.GetPosition(), "a", "b"), "{"); p == nil || p.Line < 1 || p.Column < 1 {
						t.Errorf("%q: place %v", source, p)
					}
				}
			}
			return
		}
		e := gqlerror.WrapIfUnwrapped(err)
		syntaxError(e, source)
		if !strings.HasPrefix(e.Message, "Syntax Error GraphQL (") && len(e.Locations) > 0 {
			t.Errorf("%q: %s", source, e.Message)
		}
	})
}

func TestSimilarNames(t *testing.T) {
	for name, want := range map[string]string{"nope": `"code"`, "cod": `"code"`, "totalcount": `"totalCount"`, "x": "", strings.Repeat("code", 1000): ""} {
		if got := quotedOr(similar(name, []string{"code", "totalCount", "edges"})); got != want {
			t.Errorf("%.20s: %s, want %s", name, got, want)
		}
	}
	if got, want := quotedOr([]string{"a", "b", "c", "d", "e", "f"}), `"a", "b", "c", "d" or "e"`; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}
