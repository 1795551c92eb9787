package sqlcheck

import (
	"strconv"
	"strings"

	"github.com/sqlc-dev/teesql/ast"
)

// place says where a query stands.
type place struct {
	order  bool // ORDER BY without a page is allowed: the statement itself, or INSERT … SELECT
	exists bool // the select list does not matter
	silent bool // only the columns are wanted; the query is checked another time
}

// query checks a query and returns its columns.
func (c *checker) query(q ast.QueryExpression, outer *scope, at place) []column {
	if at.silent {
		sub := &checker{text: c.text, refs: c.refs, versions: c.versions}
		at.silent = false
		return sub.query(q, outer, at)
	}
	switch x := q.(type) {
	case *ast.QuerySpecification:
		return c.specification(x, outer, at)
	case *ast.QueryParenthesisExpression:
		return c.query(x.QueryExpression, outer, at)
	case *ast.BinaryQueryExpression:
		first := c.query(x.FirstQueryExpression, outer, place{})
		second := c.query(x.SecondQueryExpression, outer, place{})
		if len(first) != len(second) {
			c.problem("the halves of a %s have %d and %d columns", strings.ToUpper(x.BinaryQueryExpressionType), len(first), len(second))
		}
		if !x.All {
			for _, col := range first {
				c.refuseLOB(col, x.BinaryQueryExpressionType)
			}
		}
		if at.order && x.OrderByClause == nil && pageTail.MatchString(c.text) {
			c.problem(offsetAlone)
		}
		if x.OrderByClause != nil {
			only := &scope{sources: []*source{{name: "the result", columns: first}}}
			for _, e := range x.OrderByClause.OrderByElements {
				if _, plain := e.Expression.(*ast.ColumnReferenceExpression); !plain {
					c.problem("ORDER BY of a %s takes names of its columns only", strings.ToUpper(x.BinaryQueryExpressionType))
					continue
				}
				c.expr(e.Expression, only)
			}
		}
		return first
	}
	c.problem("%s is not a query that is understood here", nodeName(q))
	return nil
}

func (c *checker) specification(q *ast.QuerySpecification, outer *scope, at place) []column {
	sc := &scope{outer: outer}
	if q.FromClause != nil {
		for _, t := range q.FromClause.TableReferences {
			c.from(t, sc)
		}
	}
	out := c.selectList(q, sc, at)
	c.expr(q.WhereClause, sc)
	c.expr(q.GroupByClause, sc)
	c.expr(q.HavingClause, sc)
	c.orderBy(q, sc, out)
	c.shape(q, at)
	c.grouping(q, sc)
	return out
}

// shape has the rules on the clauses of a query as a whole.
func (c *checker) shape(q *ast.QuerySpecification, at place) {
	switch {
	case q.OffsetClause != nil && q.OrderByClause == nil:
		c.problem(offsetAlone)
	case q.OrderByClause != nil && q.OffsetClause == nil && !at.order:
		c.problem("ORDER BY in a subquery means nothing without OFFSET, and T-SQL refuses it")
	}
	if q.OffsetClause != nil {
		c.expr(q.OffsetClause.OffsetExpression, nil)
		c.expr(q.OffsetClause.FetchExpression, nil)
	}
	if q.TopRowFilter != nil {
		c.problem("TOP is not portable; write $page after ORDER BY")
	}
	if q.ForClause != nil {
		c.problem("FOR … at the end is not T-SQL here; lock rows with $updlock and $forupdate")
	}
	if q.WindowClause != nil {
		c.problem("WINDOW needs SQL Server 2022; write OVER (…) in full")
	}
}

func (c *checker) selectList(q *ast.QuerySpecification, sc *scope, at place) []column {
	var out []column
	for _, e := range q.SelectElements {
		switch x := e.(type) {
		case *ast.SelectScalarExpression:
			c.expr(x.Expression, sc)
			col := c.columnOf(x.Expression)
			if x.ColumnName != nil {
				if x.ColumnName.Identifier == nil {
					c.problem("the alias %s must be a name", x.ColumnName.Value)
				} else {
					col.name = c.declared(x.ColumnName.Identifier)
				}
				if id := x.ColumnName.Identifier; id != nil && id.HasSpan() && id.StartOffset < startOf(x.Expression) {
					c.problem("a condition in the select list is an alias in T-SQL; write CASE WHEN … THEN … END")
				}
			}
			out = append(out, col)
		case *ast.SelectStarExpression:
			out = append(out, c.star(x, sc, at)...)
		default:
			c.problem("%s in the select list is not portable", nodeName(e))
		}
	}
	return out
}

// star expands a *. Of a table it is refused: releases differ in their columns.
func (c *checker) star(x *ast.SelectStarExpression, sc *scope, at place) []column {
	of := ""
	if x.Qualifier != nil && len(x.Qualifier.Identifiers) == 1 {
		of = folded(x.Qualifier.Identifiers[0])
	}
	var out []column
	found := false
	for _, src := range sc.sources {
		if x.Qualifier != nil && src.name != of {
			continue
		}
		found = true
		if src.table != nil && !at.exists {
			c.problem("* of table %s differs between releases; name the columns", src.table.Name)
		}
		out = append(out, src.columns...)
	}
	if !found {
		c.problem("%s: nothing in FROM is called so", c.textOf(x))
	}
	return out
}

// columnOf is what an expression of a select list offers to the outside.
func (c *checker) columnOf(e ast.ScalarExpression) column {
	ref, ok := e.(*ast.ColumnReferenceExpression)
	if !ok {
		return column{}
	}
	if r, ok := c.refs[ref]; ok {
		return r.col
	}
	if ref.MultiPartIdentifier != nil && len(ref.MultiPartIdentifier.Identifiers) > 0 {
		ids := ref.MultiPartIdentifier.Identifiers
		return column{name: folded(ids[len(ids)-1])}
	}
	return column{}
}

// orderBy checks ORDER BY, where T-SQL lets an alias of the select list stand alone but not inside an
// expression.
func (c *checker) orderBy(q *ast.QuerySpecification, sc *scope, out []column) {
	if q.OrderByClause == nil {
		return
	}
	for _, e := range q.OrderByClause.OrderByElements {
		if ref, ok := e.Expression.(*ast.ColumnReferenceExpression); ok && isAlias(ref, q) {
			c.refs[ref] = resolved{}
			continue
		}
		if lit, ok := e.Expression.(*ast.IntegerLiteral); ok {
			if n, err := strconv.Atoi(lit.Value); err != nil || n < 1 || n > len(out) {
				c.problem("ORDER BY %s: the query has %d columns", lit.Value, len(out))
			}
			continue
		}
		c.expr(e.Expression, sc)
		c.refuseLOB(c.columnOf(e.Expression), "ORDER BY")
		if q.UniqueRowFilter == "Distinct" && !c.selected(e.Expression, q) {
			c.problem("SELECT DISTINCT can only be ordered by what it selects, not by %s", c.textOf(e.Expression))
		}
	}
	if q.UniqueRowFilter == "Distinct" {
		for _, col := range out {
			c.refuseLOB(col, "DISTINCT")
		}
	}
}

// isAlias says whether an unqualified name is an alias that the select list gives.
func isAlias(ref *ast.ColumnReferenceExpression, q *ast.QuerySpecification) bool {
	if ref.MultiPartIdentifier == nil || len(ref.MultiPartIdentifier.Identifiers) != 1 {
		return false
	}
	name := folded(ref.MultiPartIdentifier.Identifiers[0])
	for _, e := range q.SelectElements {
		x, ok := e.(*ast.SelectScalarExpression)
		if ok && x.ColumnName != nil && x.ColumnName.Identifier != nil && folded(x.ColumnName.Identifier) == name {
			return true
		}
	}
	return false
}

// selected says whether the select list has the expression.
func (c *checker) selected(e ast.ScalarExpression, q *ast.QuerySpecification) bool {
	want := c.key(e)
	for _, el := range q.SelectElements {
		if x, ok := el.(*ast.SelectScalarExpression); ok && c.key(x.Expression) == want {
			return true
		}
	}
	return false
}
