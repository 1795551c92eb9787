// Package sqlcheck proves, without a SQL Server, that the statements of the program would run on one.
// Production is SQL Server, the tests run on the embedded database, which forgives much: so every
// statement that a test runs is rendered for all engines, its T-SQL is parsed (sqlc-dev/teesql), held
// against the rules that the permissive parser leaves out, and every table and column in it is looked
// up in the catalogue (internal/schema).
//
// Start with [Check]. [Gate] applies it to a package's tests:
//
//	func TestMain(m *testing.M) { os.Exit(sqlcheck.Gate(m)) }
//
// names.go resolves names, dml.go has what concerns INSERT, UPDATE and DELETE, lint.go the rules of
// syntax, rules.go those that need to know the column's type or the grouping.
package sqlcheck

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"

	"github.com/sqlc-dev/teesql/ast"
	"github.com/sqlc-dev/teesql/parser"

	"github.com/openimis/openimis-be-go/internal/db"
	"github.com/openimis/openimis-be-go/internal/schema"
)

// Refusal is the error of [Check]: a statement and all that is wrong with it.
type Refusal struct {
	Statement string // portable
	TSQL      string // as rendered for SQL Server; empty when that failed
	Reasons   []string
}

func (r *Refusal) Error() string { return strings.Join(r.Reasons, "; ") }

var verdicts sync.Map // portable text → *Refusal, nil for a good statement

// Check refuses a portable statement that SQL Server (or, as far as the catalogue tells, PostgreSQL)
// would not run. The error is a [*Refusal] with all reasons. Verdicts are kept by text.
func Check(portable string) error {
	if v, ok := verdicts.Load(portable); ok {
		if r := v.(*Refusal); r != nil {
			return r
		}
		return nil
	}
	r := check(portable)
	verdicts.Store(portable, r)
	if r != nil {
		return r
	}
	return nil
}

func check(portable string) *Refusal {
	r := &Refusal{Statement: portable}
	var reasons []string
	for _, d := range db.Dialects {
		text, err := d.Render(portable)
		if err != nil {
			for inner := errors.Unwrap(err); inner != nil; inner = errors.Unwrap(inner) {
				err = inner
			}
			reasons = append(reasons, fmt.Sprintf("does not render for %s: %v", d, err))
		}
		if d == db.SQLServer {
			r.TSQL = text
		}
	}
	if reasons == nil {
		reasons = checkTSQL(marked(portable))
	}
	if reasons == nil {
		return nil
	}
	r.Reasons = reasons
	return r
}

// Parameters that stand for $true and $false while a statement is checked, so that a bit compared with
// the number 1, which PostgreSQL refuses, can be told from one compared with $true.
const (
	markTrue  = "@bit_true"
	markFalse = "@bit_false"
)

// marked renders for SQL Server with the marks of bit literals. It keeps to ASCII, so that the
// parser's UTF-16 offsets are those of the bytes.
func marked(portable string) string {
	text, err := db.SQLServer.Render(strings.NewReplacer("$true", markTrue, "$false", markFalse).Replace(portable))
	if err != nil {
		text = "" // cannot be: the unmarked text rendered
	}
	return strings.Map(func(r rune) rune {
		if r > 127 {
			return 'x'
		}
		return r
	}, text)
}

// checker is the check of one statement.
type checker struct {
	text     string
	problems []string
	refs     map[*ast.ColumnReferenceExpression]resolved
	versions []schema.Version // the releases that have all that was named so far
	unknown  bool             // something named is not in the catalogue: versions say nothing
}

// problem notes a reason once.
func (c *checker) problem(format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	for _, p := range c.problems {
		if p == text {
			return
		}
	}
	c.problems = append(c.problems, text)
}

func checkTSQL(text string) []string {
	if bad := foreignSyntax(text); bad != "" {
		return []string{bad}
	}
	script, err := parse(text)
	if err != nil {
		return []string{"is not T-SQL: " + err.Error()}
	}
	var statements []ast.Statement
	for _, b := range script.Batches {
		statements = append(statements, b.Statements...)
	}
	if len(statements) != 1 {
		return []string{fmt.Sprintf("is not a single T-SQL statement: the parser finds %d (trailing words count as one)", len(statements))}
	}
	c := &checker{text: text, refs: map[*ast.ColumnReferenceExpression]resolved{}, versions: schema.Versions}
	if bad := c.overlooked(statements[0]); bad != "" {
		return []string{bad}
	}
	c.statement(statements[0])
	if len(c.versions) == 0 && !c.unknown {
		c.problem("no release of the database has all the tables and columns that it names")
	}
	return c.problems
}

func parse(text string) (script *ast.Script, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("the parser gave up: %v", p)
		}
	}()
	return parser.Parse(context.Background(), strings.NewReader(text))
}

// statement checks one statement of the four kinds that stores use.
func (c *checker) statement(st ast.Statement) {
	switch s := st.(type) {
	case *ast.SelectStatement:
		sc := c.with(nil, s.WithCtesAndXmlNamespaces)
		if s.Into != nil {
			c.problem("SELECT INTO is not portable")
		}
		c.hints(s.OptimizerHints)
		c.query(s.QueryExpression, sc, place{order: true})
	case *ast.InsertStatement:
		c.hints(s.OptimizerHints)
		c.insert(s.InsertSpecification, c.with(nil, s.WithCtesAndXmlNamespaces))
	case *ast.UpdateStatement:
		c.hints(s.OptimizerHints)
		c.update(s.UpdateSpecification, c.with(nil, s.WithCtesAndXmlNamespaces))
	case *ast.DeleteStatement:
		c.hints(s.OptimizerHints)
		c.delete(s.DeleteSpecification, c.with(nil, s.WithCtesAndXmlNamespaces))
	default:
		c.problem("is a %s; allowed are SELECT, INSERT, UPDATE and DELETE", nodeName(st))
	}
}

func (c *checker) hints(list []ast.OptimizerHintBase) {
	if len(list) > 0 {
		c.problem("OPTION (…) is not portable")
	}
}

// need narrows the releases to those that have the table, or the column of it.
func (c *checker) need(versions []schema.Version) {
	var both []schema.Version
	for _, v := range c.versions {
		for _, w := range versions {
			if v == w {
				both = append(both, v)
			}
		}
	}
	c.versions = both
}
