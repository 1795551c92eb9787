package graphqlhttp

import (
	"strings"
	"testing"

	"github.com/99designs/gqlgen/graphql/handler/lru"
	"github.com/vektah/gqlparser/v2/ast"
)

// A thousand long documents would fill the memory.
func TestLongDocumentsAreNotKept(t *testing.T) {
	kept := documents{lru.New[*ast.QueryDocument](10)}
	for query, want := range map[string]bool{"{ a }": true, "{ a } #" + strings.Repeat("x", longestCached): false} {
		kept.Add(t.Context(), query, &ast.QueryDocument{})
		if _, found := kept.Get(t.Context(), query); found != want {
			t.Errorf("a document of %d characters is kept: %t", len(query), found)
		}
	}
}

func TestValuesOfVariablesAreCounted(t *testing.T) {
	many := strings.Repeat("1,", mostValues)
	for variables, want := range map[string]bool{
		`{"a":[1,2]}`:                             false,
		`{"a":[` + many + `1]}`:                   true,
		`{"a":"` + many + `"}`:                    false,
		`{"a":"\"` + many + `"}`:                  false,
		`{"a":"\\",b:[` + many + `1]}`:            true,
		`{"a":` + strings.Repeat(`[`, mostValues): true,
	} {
		if got := tooManyValues([]byte(variables)); got != want {
			t.Errorf("%.20s…: %t", variables, got)
		}
	}
}
