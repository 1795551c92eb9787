package sqlcheck

import (
	"reflect"
	"strings"

	"github.com/sqlc-dev/teesql/ast"
)

// portableNodes are the parts of expressions and clauses that all three engines share; what is not
// named here, and not handled by expr itself, is refused.
var portableNodes = names(`
	WhereClause GroupByClause ExpressionGroupingSpecification HavingClause OrderByClause ExpressionWithSortOrder
	OverClause WindowFrameClause WindowDelimiter
	BinaryExpression UnaryExpression ParenthesisExpression
	IntegerLiteral NumericLiteral StringLiteral NullLiteral
	VariableReference CoalesceExpression NullIfExpression
	SearchedCaseExpression SearchedWhenClause SimpleCaseExpression SimpleWhenClause
	BooleanComparisonExpression BooleanBinaryExpression BooleanNotExpression BooleanParenthesisExpression
	BooleanInExpression BooleanIsNullExpression BooleanLikeExpression BooleanTernaryExpression ExistsPredicate`)

// functions are those that all three engines know under this name with the same meaning, and what the
// macros of internal/db become.
var functions = names(`count sum min max avg abs round sign floor upper lower ltrim rtrim replace concat substring
	row_number rank dense_rank ntile lag lead first_value last_value newid min_active_rowversion`)

// aggregates are the functions that fold rows when they have no OVER.
var aggregates = names(`count sum min max avg`)

// castTypes and jsonTypes are the types that CAST and $rows may name, in T-SQL; true means that the
// type says little without a size.
var (
	castTypes = map[string]bool{"int": false, "integer": false, "bigint": false, "smallint": false, "float": false,
		"real": false, "date": false, "decimal": true, "numeric": true, "varchar": true, "char": true, "binary": true}
	jsonTypes = map[string]bool{"int": false, "bigint": false, "smallint": false, "tinyint": false, "bit": false,
		"date": false, "datetime": false, "uniqueidentifier": false, "nvarchar": true, "decimal": true}
)

func names(list string) map[string]bool {
	set := map[string]bool{}
	for _, n := range strings.Fields(list) {
		set[n] = true
	}
	return set
}

// expr checks an expression, condition or clause: names are resolved in sc, constructs must be
// portable.
func (c *checker) expr(n any, sc *scope) {
	v := reflect.ValueOf(n)
	if n == nil || v.Kind() == reflect.Pointer && v.IsNil() {
		return
	}
	switch x := n.(type) {
	case *ast.Identifier, ast.Fragment:
		return
	case *ast.ColumnReferenceExpression:
		c.reference(x, sc)
		return
	case *ast.ScalarSubquery:
		if cols := c.query(x.QueryExpression, sc, place{}); len(cols) != 1 {
			c.problem("a query used as a value has %d columns", len(cols))
		}
		return
	case *ast.ExistsPredicate:
		c.query(x.Subquery, sc, place{exists: true})
		return
	case *ast.BooleanInExpression:
		if x.Subquery != nil {
			if cols := c.query(x.Subquery, sc, place{}); len(cols) != 1 {
				c.problem("IN (SELECT …) has %d columns", len(cols))
			}
		}
		c.expr(x.Expression, sc)
		for _, e := range x.Values {
			c.expr(e, sc)
			c.compared(x.Expression, e)
		}
		c.refuseLOB(c.columnOf(x.Expression), "IN")
		return
	case *ast.BooleanComparisonExpression:
		c.expr(x.FirstExpression, sc)
		c.expr(x.SecondExpression, sc)
		c.compared(x.FirstExpression, x.SecondExpression)
		c.compared(x.SecondExpression, x.FirstExpression)
		c.refuseLOB(c.columnOf(x.FirstExpression), "comparison")
		c.refuseLOB(c.columnOf(x.SecondExpression), "comparison")
		return
	case *ast.CoalesceExpression:
		for _, e := range x.Expressions {
			c.expr(e, sc)
			c.bitValue(c.columnOf(x.Expressions[0]), e)
		}
		return
	case *ast.BooleanTernaryExpression:
		c.refuseLOBIn(x.FirstExpression, sc, "BETWEEN")
	case *ast.BinaryExpression:
		if x.BinaryExpressionType == "Concat" {
			c.problem("|| is not T-SQL; write CONCAT(a, b)")
		}
	case *ast.FunctionCall:
		c.function(x, sc)
		return
	case *ast.CastCall:
		_, parameter := x.Parameter.(*ast.VariableReference)
		switch to := strings.ToLower(c.textOf(x.DataType)); {
		case parameter && to == "datetime", !parameter && to == "datetime2(3)": // what $moment and $exactly become
		default:
			c.dataType(x.DataType, castTypes)
		}
		c.expr(x.Parameter, sc)
		return
	case *ast.BooleanScalarPlaceholder:
		c.problem("a bit is not a condition in T-SQL; write … = $true")
		return
	default:
		if !portableNodes[nodeName(n)] && v.Kind() == reflect.Pointer {
			c.problem("%s (%s) is not portable", c.textOf(n), nodeName(n))
			return
		}
	}
	for _, child := range children(v) {
		c.expr(child, sc)
	}
}

func (c *checker) function(f *ast.FunctionCall, sc *scope) {
	name := strings.ToLower(f.FunctionName.Value)
	if f.CallTarget != nil || !functions[name] {
		c.problem("function %s is not one that all engines have", f.FunctionName.Value)
		return
	}
	if f.WithinGroupClause != nil || f.TrimOptions != nil || len(f.IgnoreRespectNulls) > 0 || f.Collation != nil {
		c.problem("the options of %s are not portable", f.FunctionName.Value)
	}
	for _, p := range f.Parameters {
		c.expr(p, sc)
		col := c.columnOf(p)
		c.refuseLOB(col, f.FunctionName.Value)
		if aggregates[name] && name != "count" && isBit(col) {
			c.problem("%s of the bit %s is refused by T-SQL; use CASE", f.FunctionName.Value, col.name)
		}
	}
	if name == "round" && len(f.Parameters) != 2 {
		c.problem("ROUND takes two arguments in T-SQL")
	}
	if name == "substring" && len(f.Parameters) != 3 {
		c.problem("SUBSTRING takes three arguments in T-SQL")
	}
	if f.OverClause != nil {
		c.expr(f.OverClause, sc)
	} else if ranking[name] {
		c.problem("%s needs OVER (ORDER BY …)", f.FunctionName.Value)
	}
}

var ranking = names(`row_number rank dense_rank ntile lag lead first_value last_value`)

func (c *checker) dataType(t ast.DataTypeReference, allowed map[string]bool) {
	s, ok := t.(*ast.SqlDataTypeReference)
	if !ok || s.Name == nil {
		c.problem("type %s is not portable", c.textOf(t))
		return
	}
	name := strings.ToLower(s.Name.BaseIdentifier.Value)
	sized, ok := allowed[name]
	switch {
	case !ok:
		c.problem("type %s is not portable", name)
	case sized && len(s.Parameters) == 0:
		c.problem("type %s needs a size: T-SQL would take its own default", name)
	}
}

// children lists what an AST node holds, in the order of its fields.
func children(v reflect.Value) []any {
	for v.Kind() == reflect.Pointer || v.Kind() == reflect.Interface {
		if v.IsNil() {
			return nil
		}
		v = v.Elem()
	}
	if v.Kind() != reflect.Struct {
		return nil
	}
	var out []any
	for i := range v.NumField() {
		f := v.Field(i)
		if !v.Type().Field(i).IsExported() || v.Type().Field(i).Name == "Fragment" {
			continue
		}
		switch f.Kind() {
		case reflect.Pointer, reflect.Interface:
			if !f.IsNil() {
				out = append(out, f.Interface())
			}
		case reflect.Slice:
			for j := range f.Len() {
				if k := f.Index(j).Kind(); k == reflect.Pointer || k == reflect.Interface {
					out = append(out, f.Index(j).Interface())
				}
			}
		}
	}
	return out
}

// nodeName is the type of a node without its package.
func nodeName(n any) string {
	t := reflect.TypeOf(n)
	if t == nil {
		return "nothing"
	}
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	return t.Name()
}

type fragment interface{ Frag() *ast.Fragment }

// textOf is the T-SQL of a node.
func (c *checker) textOf(n any) string {
	f, ok := n.(fragment)
	if !ok || !f.Frag().HasSpan() || f.Frag().EndOffset() > len(c.text) {
		return nodeName(n)
	}
	return c.text[f.Frag().StartOffset:f.Frag().EndOffset()]
}

func startOf(n any) int {
	if f, ok := n.(fragment); ok && f.Frag().HasSpan() {
		return f.Frag().StartOffset
	}
	return 0
}
