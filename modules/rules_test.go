package modules_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const program = "github.com/openimis/openimis-be-go/"

// pure are the packages that rules may import, besides each other: none of them reads a clock, a database, a file or
// the network, or knows of clients. What the standard library lacks here has not been needed yet.
var pure = []string{
	"cmp", "encoding/binary", "errors", "fmt", "iter", "maps", "math", "slices", "sort", "strconv", "strings", "unicode", "unicode/utf8",
	"time", // its types and dates; that it tells the time is looked for apart
	"github.com/shopspring/decimal",
	program + "internal/calendar", program + "internal/fault",
}

// clocks are the functions of package time that look at the clock, or wait for it.
var clocks = []string{"Now", "Since", "Until", "Sleep", "After", "AfterFunc", "Tick", "NewTicker", "NewTimer"}

// Rules are functions of what they are given. They import, directly and through others, only what is pure.
func TestRulesArePure(t *testing.T) {
	folders, err := filepath.Glob("*/rules")
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"claim/rules", "contribution/rules", "insuree/rules", "policy/rules", "product/rules"} {
		if !slices.Contains(folders, filepath.FromSlash(want)) {
			t.Errorf("no package modules/%s", want)
		}
	}
	allowed := slices.Clone(pure)
	for _, f := range folders {
		allowed = append(allowed, program+"modules/"+filepath.ToSlash(f))
	}
	for _, f := range folders {
		for _, fault := range impurities(t, f, allowed) {
			t.Error(fault)
		}
	}
	for _, own := range pure { // what they reach through our own packages
		if dir, ok := strings.CutPrefix(own, program); ok {
			for _, fault := range impurities(t, filepath.Join("..", filepath.FromSlash(dir)), allowed) {
				t.Error(fault)
			}
		}
	}
}

// The test itself finds what it is for.
func TestImpureRulesAreFound(t *testing.T) {
	found := strings.Join(impurities(t, filepath.FromSlash("../internal/clock"), pure), "\n")
	if !strings.Contains(found, "time.Now") {
		t.Errorf("time.Now in internal/clock was not found: %q", found)
	}
	found = strings.Join(impurities(t, "policy", pure), "\n")
	for _, want := range []string{"internal/db", "internal/auth"} {
		if !strings.Contains(found, want) {
			t.Errorf("the import of %s in modules/policy was not found: %q", want, found)
		}
	}
}

// impurities lists the imports of a folder's package that are not allowed, and its looks at the clock.
func impurities(t *testing.T, folder string, allowed []string) (found []string) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(folder, "*.go"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no Go files in %s: %v", folder, err)
	}
	set := token.NewFileSet()
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(set, name, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		for _, i := range file.Imports {
			if path := strings.Trim(i.Path.Value, `"`); !slices.Contains(allowed, path) {
				found = append(found, set.Position(i.Pos()).String()+": rules may not import "+path)
			}
		}
		ast.Inspect(file, func(n ast.Node) bool {
			if s, ok := n.(*ast.SelectorExpr); ok {
				if x, ok := s.X.(*ast.Ident); ok && x.Name == "time" && slices.Contains(clocks, s.Sel.Name) {
					found = append(found, set.Position(s.Pos()).String()+": rules may not use time."+s.Sel.Name+"; pass the day in")
				}
			}
			return true
		})
	}
	return found
}
