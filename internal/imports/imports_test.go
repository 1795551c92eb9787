package imports

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/openimis/openimis-be-go/"

// pure packages decide; they know no database, clock, network or client.
var pure = []string{
	"modules/claim/rules",
	"modules/claim_batch/rules",
	"modules/contribution/rules",
	"modules/insuree/rules",
	"modules/policy/rules",
	"modules/product/rules",
}

// forbidden to pure packages, also by way of others: a path with all below it.
var forbidden = []string{
	"database/sql",
	"net",
	"os/exec",
	"github.com/99designs/gqlgen",
	"github.com/jmoiron/sqlx",
	"github.com/labstack/echo",
	"github.com/vektah/gqlparser",
	module + "internal/auth",
	module + "internal/clock",
	module + "internal/db",
	module + "internal/entity",
	module + "internal/graphqlhttp",
	module + "internal/mutation",
	module + "internal/server",
	module + "graph",
	module + "modules/api_fhir",
}

// decimals implement an interface of this package, which knows no database.
const decimals = "database/sql/driver"

func TestRulesArePure(t *testing.T) {
	for _, pkg := range pure {
		t.Run(pkg, func(t *testing.T) {
			for _, dep := range dependencies(t, pkg) {
				if i := slices.IndexFunc(forbidden, func(f string) bool { return dep == f || strings.HasPrefix(dep, f+"/") }); i >= 0 && dep != decimals {
					t.Errorf("%s depends on %s", pkg, dep)
				}
			}
			for _, at := range clocks(t, filepath.Join("../..", pkg)) {
				t.Errorf("%s: the time comes from outside", at)
			}
		})
	}
}

// A test of dependencies that sees none would pass for ever.
func TestDependenciesAreSeen(t *testing.T) {
	if deps := dependencies(t, "modules/claim"); !slices.Contains(deps, module+"internal/db") || !slices.Contains(deps, "database/sql") {
		t.Errorf("modules/claim depends on %d packages, a database is not among them", len(deps))
	}
	if at := clocks(t, "../clock"); len(at) == 0 {
		t.Error("the clock is not seen to read the time")
	}
}

// dependencies are the packages that one needs, directly or not; those of its tests are not among them.
func dependencies(t *testing.T, pkg string) []string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "go", "list", "-deps", module+pkg).Output()
	if err != nil {
		t.Fatalf("go list -deps %s: %v", pkg, err)
	}
	return slices.DeleteFunc(strings.Fields(string(out)), func(dep string) bool { return dep == module+pkg })
}

// clocks are the places in a folder that ask what time it is.
func clocks(t *testing.T, folder string) (at []string) {
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
		file, err := parser.ParseFile(set, name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			if s, ok := n.(*ast.SelectorExpr); ok {
				if x, ok := s.X.(*ast.Ident); ok && x.Name == "time" && slices.Contains([]string{"Now", "Since", "Until", "NewTimer", "NewTicker", "After", "AfterFunc", "Tick", "Sleep"}, s.Sel.Name) {
					at = append(at, set.Position(s.Pos()).String())
				}
			}
			return true
		})
	}
	return at
}
