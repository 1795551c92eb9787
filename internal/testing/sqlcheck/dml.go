package sqlcheck

import (
	"strings"

	"github.com/sqlc-dev/teesql/ast"

	"github.com/openimis/openimis-be-go/internal/schema"
)

// target finds the table that a statement writes to.
func (c *checker) target(ref ast.TableReference) *source {
	named, ok := ref.(*ast.NamedTableReference)
	if !ok {
		c.problem("writes to a %s; allowed is a table", nodeName(ref))
		return &source{broken: true}
	}
	return c.catalogueTable(named)
}

func (c *checker) insert(s *ast.InsertSpecification, sc *scope) {
	src := c.target(s.Target)
	if s.TopRowFilter != nil || s.OutputIntoClause != nil {
		c.problem("TOP and OUTPUT INTO are not portable")
	}
	var cols []column
	seen := map[string]bool{}
	for _, ref := range s.Columns {
		col := c.written(ref, src)
		if lower := strings.ToLower(col.name); lower != "" && seen[lower] {
			c.problem("column %s is given twice", col.name)
		} else {
			seen[lower] = true
		}
		if col.cat != nil && col.cat.Identity {
			c.problem("%s.%s is the identity: the database gives it", src.table.Name, col.name)
		}
		cols = append(cols, col)
	}
	if len(s.Columns) == 0 {
		c.problem("INSERT must list its columns")
	}
	c.complete(src, seen)
	if s.OutputClause != nil {
		c.output(s.OutputClause, src)
	}
	switch v := s.InsertSource.(type) {
	case *ast.ValuesInsertSource:
		for _, row := range v.RowValues {
			c.width(len(cols), len(row.ColumnValues))
			for i, e := range row.ColumnValues {
				c.expr(e, sc)
				if i < len(cols) {
					c.bitValue(cols[i], e)
				}
			}
		}
		if v.IsDefaultValues {
			c.problem("INSERT … DEFAULT VALUES is not portable")
		}
	case *ast.SelectInsertSource:
		c.width(len(cols), len(c.query(v.Select, sc, place{order: true})))
		if q, ok := v.Select.(*ast.QuerySpecification); ok {
			for i, e := range q.SelectElements {
				if x, ok := e.(*ast.SelectScalarExpression); ok && i < len(cols) {
					c.bitValue(cols[i], x.Expression)
				}
			}
		}
	default:
		c.problem("INSERT from a %s is not portable", nodeName(s.InsertSource))
	}
}

func (c *checker) width(cols, values int) {
	if cols > 0 && cols != values {
		c.problem("INSERT has %d columns but %d values", cols, values)
	}
}

// complete reports NOT NULL columns that an INSERT leaves to a default that PostgreSQL does not have.
// Those that the embedded database lacks are beyond what a test can show. The GUIDs of rows are given by db.Tx, in
// databases that have them.
func (c *checker) complete(src *source, given map[string]bool) {
	if src.table == nil || len(given) == 0 {
		return
	}
	for _, col := range src.table.Columns {
		at, ok := col.At(schema.PG2410)
		if !ok || !col.In(schema.V140) || col.Name == src.table.UUIDColumn || given[strings.ToLower(col.Name)] {
			continue
		}
		if !at.Nullable && at.Default == "" && !col.Identity && col.Type != schema.RowVersion {
			c.problem("INSERT leaves out %s.%s, which must have a value", src.table.Name, col.Name)
		}
	}
}

func (c *checker) update(s *ast.UpdateSpecification, outer *scope) {
	src := c.target(s.Target)
	if s.TopRowFilter != nil || s.OutputIntoClause != nil {
		c.problem("TOP and OUTPUT INTO are not portable")
	}
	sc := &scope{outer: outer, sources: []*source{src}}
	if s.FromClause != nil {
		for _, t := range s.FromClause.TableReferences {
			c.from(t, sc)
		}
		for _, other := range sc.sources[1:] {
			if src.table != nil && other.table == src.table {
				c.problem("UPDATE %s … FROM the same table means one thing to SQL Server and another to the rest; use a subquery", src.table.Name)
			}
		}
	}
	for _, clause := range s.SetClauses {
		set, ok := clause.(*ast.AssignmentSetClause)
		if !ok || set.Column == nil || set.Variable != nil || (set.AssignmentKind != "" && set.AssignmentKind != "Equals") {
			c.problem("SET takes column = value only")
			continue
		}
		col := c.written(set.Column, src)
		c.expr(set.NewValue, sc)
		c.bitValue(col, set.NewValue)
		if col.cat != nil && col.cat.Identity {
			c.problem("%s.%s is the identity and cannot be changed", src.table.Name, col.name)
		}
	}
	c.expr(s.WhereClause, sc)
	if s.OutputClause != nil {
		c.output(s.OutputClause, src)
	}
}

func (c *checker) delete(s *ast.DeleteSpecification, outer *scope) {
	src := c.target(s.Target)
	if s.TopRowFilter != nil || s.OutputIntoClause != nil || s.FromClause != nil {
		c.problem("DELETE with TOP, OUTPUT INTO or a second FROM is not portable; use EXISTS")
	}
	c.expr(s.WhereClause, &scope{outer: outer, sources: []*source{src}})
	if s.OutputClause != nil {
		c.output(s.OutputClause, src)
	}
}

// written resolves a column that gets a value: of the target, unqualified, not kept by the database.
func (c *checker) written(ref *ast.ColumnReferenceExpression, src *source) column {
	if ref.MultiPartIdentifier == nil || len(ref.MultiPartIdentifier.Identifiers) != 1 {
		c.problem("the column written, %s, must be a name without a table", c.textOf(ref))
		return column{}
	}
	if src.broken {
		return column{}
	}
	id := ref.MultiPartIdentifier.Identifiers[0]
	col, ok := c.find(src, id)
	if !ok {
		c.missing(src, id.Value)
		return column{}
	}
	c.resolve(ref, src, col)
	if col.cat.Type == schema.RowVersion {
		c.problem("%s.%s is kept by the database itself", src.table.Name, col.name)
	}
	return col
}

// output checks OUTPUT INSERTED.…, which $output makes.
func (c *checker) output(o *ast.OutputClause, src *source) {
	sc := &scope{}
	for _, name := range []string{"inserted", "deleted"} {
		pseudo := *src
		pseudo.name = name
		sc.sources = append(sc.sources, &pseudo)
	}
	for _, e := range o.SelectColumns {
		x, ok := e.(*ast.SelectScalarExpression)
		if !ok {
			c.problem("OUTPUT takes columns only")
			continue
		}
		c.expr(x.Expression, sc)
	}
}
