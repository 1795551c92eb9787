package sqlcheck

import (
	"reflect"
	"strings"

	"github.com/sqlc-dev/teesql/ast"

	"github.com/openimis/openimis-be-go/internal/schema"
)

// isLOB says whether a column is ntext in some release, which SQL Server cannot compare, sort or group.
func isLOB(col column) bool {
	if col.cat == nil {
		return false
	}
	for _, v := range col.cat.Versions {
		if spec, ok := col.cat.At(v); ok && spec.LOB {
			return true
		}
	}
	return false
}

func (c *checker) refuseLOB(col column, what string) {
	if isLOB(col) && !strings.EqualFold(what, "concat") {
		c.problem("%s.%s is ntext, on which SQL Server refuses %s; CAST it to varchar(n) first", col.table.Name, col.name, what)
	}
}

func (c *checker) refuseLOBIn(e ast.ScalarExpression, sc *scope, what string) {
	c.expr(e, sc)
	c.refuseLOB(c.columnOf(e), what)
}

func isBit(col column) bool { return col.cat != nil && col.cat.Type == schema.Bit }

// compared checks a value that is put beside a column: NULL has IS NULL, and a bit takes $true and
// $false but no number, as PostgreSQL has booleans there.
func (c *checker) compared(col, value ast.ScalarExpression) {
	if _, null := value.(*ast.NullLiteral); null {
		c.problem("%s compared with NULL is never true; write IS NULL", c.textOf(col))
	}
	c.bitValue(c.columnOf(col), value)
}

// bitValue checks a value compared with a column or written to it.
func (c *checker) bitValue(col column, value ast.ScalarExpression) {
	if col.cat == nil {
		return
	}
	switch v := value.(type) {
	case *ast.IntegerLiteral:
		if isBit(col) {
			c.problem("%s is a bit: write $true or $false instead of %s", col.name, v.Value)
		}
	case *ast.VariableReference:
		if (v.Name == markTrue || v.Name == markFalse) && !isBit(col) {
			c.problem("%s is not a bit: write 1 or 0", col.name)
		}
	}
}

// key is what makes two expressions the same for GROUP BY and DISTINCT: a column is itself under any
// spelling, anything else its text.
func (c *checker) key(e ast.ScalarExpression) any {
	if p, ok := e.(*ast.ParenthesisExpression); ok {
		return c.key(p.Expression)
	}
	if ref, ok := e.(*ast.ColumnReferenceExpression); ok {
		if r, ok := c.refs[ref]; ok && r.src != nil {
			return [2]any{r.src, r.col.name}
		}
	}
	return strings.Join(strings.Fields(c.textOf(e)), " ")
}

// grouping holds a grouped query against the rule that SQL Server keeps and SQLite does not: what is
// neither grouped nor inside an aggregate has no single value.
func (c *checker) grouping(q *ast.QuerySpecification, sc *scope) {
	var shown []any
	for _, e := range q.SelectElements {
		if x, ok := e.(*ast.SelectScalarExpression); ok {
			shown = append(shown, x.Expression)
		}
	}
	if q.OrderByClause != nil {
		for _, e := range q.OrderByClause.OrderByElements {
			shown = append(shown, e.Expression)
		}
	}
	grouped := q.GroupByClause != nil || q.HavingClause != nil
	for _, e := range shown {
		grouped = grouped || folds(e)
	}
	if !grouped {
		return
	}
	keys := map[any]bool{}
	if q.GroupByClause != nil {
		for _, g := range q.GroupByClause.GroupingSpecifications {
			x, ok := g.(*ast.ExpressionGroupingSpecification)
			if !ok {
				c.problem("%s is not portable in GROUP BY", nodeName(g))
				continue
			}
			if constant(x.Expression) {
				c.problem("GROUP BY %s is a constant: T-SQL knows no positions there", c.textOf(x.Expression))
			}
			c.refuseLOB(c.columnOf(x.Expression), "GROUP BY")
			keys[c.key(x.Expression)] = true
		}
	}
	if q.HavingClause != nil {
		shown = append(shown, q.HavingClause)
	}
	own := map[*source]bool{}
	for _, s := range sc.sources {
		own[s] = true
	}
	for _, e := range shown {
		c.single(e, keys, own)
	}
}

// single reports columns of own sources that have no single value per group.
func (c *checker) single(n any, keys map[any]bool, own map[*source]bool) {
	if e, ok := n.(ast.ScalarExpression); ok && keys[c.key(e)] {
		return
	}
	switch x := n.(type) {
	case *ast.FunctionCall:
		if x.OverClause == nil && aggregates[strings.ToLower(x.FunctionName.Value)] {
			return
		}
	case *ast.ColumnReferenceExpression:
		if r, ok := c.refs[x]; ok && own[r.src] {
			c.problem("%s is neither in GROUP BY nor inside an aggregate", c.textOf(x))
		}
		return
	}
	for _, child := range children(reflect.ValueOf(n)) {
		c.single(child, keys, own)
	}
}

// folds says whether an expression has an aggregate of its own query.
func folds(n any) bool {
	switch x := n.(type) {
	case *ast.FunctionCall:
		if x.OverClause == nil && aggregates[strings.ToLower(x.FunctionName.Value)] {
			return true
		}
	case *ast.ScalarSubquery, *ast.ExistsPredicate:
		return false
	case *ast.BooleanInExpression:
		return folds(x.Expression)
	}
	for _, child := range children(reflect.ValueOf(n)) {
		if folds(child) {
			return true
		}
	}
	return false
}

func constant(e ast.ScalarExpression) bool {
	switch e.(type) {
	case *ast.IntegerLiteral, *ast.StringLiteral, *ast.NumericLiteral, *ast.NullLiteral, *ast.VariableReference:
		return true
	}
	return false
}
