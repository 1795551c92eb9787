package imports

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
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

// layers are the modules in the direction of imports: each may import those before it, none after it. Their
// rules are a floor below: they are pure, and whoever writes what they rule may use them.
var layers = []string{"core", "location", "medical", "medical_pricelist", "product", "insuree", "policy", "contribution", "claim", "claim_batch"}

func TestModulesImportOneWay(t *testing.T) {
	for i, name := range layers {
		for _, dep := range dependencies(t, "modules/"+name) {
			for _, later := range layers[i+1:] {
				if dep == module+"modules/"+later || strings.HasPrefix(dep, module+"modules/"+later+"/") {
					if !strings.HasSuffix(dep, "/rules") {
						t.Errorf("%s imports %s, which comes after it", name, strings.TrimPrefix(dep, module))
					}
				}
			}
		}
	}
}

// api_fhir knows no module: they register their resources with it. What is not about openIMIS' domains
// knows none either; the server puts both together.
func TestWhatIsCommonKnowsNoModule(t *testing.T) {
	common := []string{"modules/api_fhir", "modules/api_fhir/fhirsql", "modules/api_fhir/stu3", "internal/auth", "internal/db", "internal/entity", "internal/graphqlhttp",
		"internal/migrate", "internal/mutation", "internal/schema", "internal/sdl", "internal/table", "internal/telemetry", "internal/gateway", "modules"}
	for _, pkg := range common {
		for _, dep := range dependencies(t, pkg) {
			for _, name := range layers {
				if dep == module+"modules/"+name {
					t.Errorf("%s imports modules/%s", pkg, name)
				}
			}
		}
	}
}

// Packages that serve every contract hold no word of one.
func TestGenericPackagesKnowNoContract(t *testing.T) {
	for _, folder := range []string{"../entity", "../graphqlhttp", "../mutation", "../sdl", "../../modules"} {
		files, err := filepath.Glob(filepath.Join(folder, "*.go"))
		if err != nil || len(files) == 0 {
			t.Fatalf("no Go files in %s: %v", folder, err)
		}
		for _, name := range files {
			if strings.HasSuffix(name, "_test.go") {
				continue
			}
			text, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			for i, line := range strings.Split(string(text), "\n") {
				if strings.Contains(line, "2019") {
					t.Errorf("%s:%d: %s", name, i+1, strings.TrimSpace(line))
				}
			}
		}
	}
}

// Programs hold nothing that is for tests.
func TestProgramsHoldNoTests(t *testing.T) {
	for _, pkg := range []string{"cmd/server", "cmd/gateway"} {
		for _, dep := range dependencies(t, pkg) {
			if dep == "testing" || strings.HasPrefix(dep, module+"internal/testing") || strings.HasPrefix(dep, module+"internal/testing/dbtest") {
				t.Errorf("%s holds %s", pkg, dep)
			}
		}
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
