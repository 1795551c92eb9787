package sqlcheck

import (
	"strings"

	"github.com/sqlc-dev/teesql/ast"

	"github.com/openimis/openimis-be-go/internal/schema"
)

// column is something that a table expression offers. cat is nil when it is computed.
type column struct {
	name  string
	cat   *schema.Column
	table *schema.Table
}

// source is a table, derived table, CTE or JSON list under the name that a statement gives it.
type source struct {
	name    string
	table   *schema.Table // of the catalogue, or nil with columns
	columns []column
	broken  bool // it is not known: whatever is asked of it has been reported already
}

// scope is what names mean at one place; outer is the query around it.
type scope struct {
	outer   *scope
	sources []*source
	ctes    map[string]*source
}

// resolved is what a column reference means. src is nil for an alias of the select list.
type resolved struct {
	src *source
	col column
}

// folded is an identifier as PostgreSQL understands it: quoted ones are exact, others lower case. SQL
// Server and SQLite ignore case, so what is right there is right everywhere.
func folded(id *ast.Identifier) string {
	if id.QuoteType == "NotQuoted" || id.QuoteType == "" {
		return strings.ToLower(id.Value)
	}
	return id.Value
}

// declared gives the name of an alias or CTE, which must not be a reserved word of any engine.
func (c *checker) declared(id *ast.Identifier) string {
	if (id.QuoteType == "NotQuoted" || id.QuoteType == "") && reserved[strings.ToLower(id.Value)] {
		c.problem("%s is a reserved word; choose another name or quote it", id.Value)
	}
	return folded(id)
}

// find looks a column up in one source.
func (c *checker) find(s *source, id *ast.Identifier) (column, bool) {
	name := folded(id)
	if s.table == nil {
		for _, col := range s.columns {
			if col.name == name {
				return col, true
			}
		}
		return column{}, false
	}
	cat, ok := s.table.Column(name)
	if !ok {
		return column{}, false
	}
	if cat.Name != name {
		c.problem(`%s.%s is spelled "%s" in the catalogue (PostgreSQL minds case: quote it)`, s.table.Name, id.Value, cat.Name)
	}
	return column{name: cat.Name, cat: cat, table: s.table}, true
}

// reference resolves a column reference and remembers what it means.
func (c *checker) reference(ref *ast.ColumnReferenceExpression, sc *scope) {
	if ref.ColumnType == "Wildcard" {
		return // COUNT(*)
	}
	if ref.MultiPartIdentifier == nil {
		c.problem("%s is not a column", ref.ColumnType)
		return
	}
	ids := ref.MultiPartIdentifier.Identifiers
	if ref.Collation != nil {
		c.problem("COLLATE is not portable; use $eq, $like or $ci")
	}
	switch len(ids) {
	case 1:
		c.unqualified(ref, ids[0], sc)
	case 2:
		c.qualified(ref, ids[0], ids[1], sc)
	default:
		c.problem("%s has more than two parts; write table.column", c.textOf(ref))
	}
}

func (c *checker) qualified(ref *ast.ColumnReferenceExpression, of, id *ast.Identifier, sc *scope) {
	name := folded(of)
	for s := sc; s != nil; s = s.outer {
		for _, src := range s.sources {
			if src.name != name {
				continue
			}
			if src.broken {
				return
			}
			col, ok := c.find(src, id)
			if !ok {
				c.missing(src, id.Value)
				return
			}
			c.resolve(ref, src, col)
			return
		}
	}
	c.unknown = true
	c.problem("%s: nothing in FROM is called %s", c.textOf(ref), of.Value)
}

func (c *checker) unqualified(ref *ast.ColumnReferenceExpression, id *ast.Identifier, sc *scope) {
	for s := sc; s != nil; s = s.outer {
		var found []*source
		var col column
		for _, src := range s.sources {
			if src.broken {
				return
			}
			if hit, ok := c.find(src, id); ok {
				found = append(found, src)
				col = hit
			}
		}
		if len(found) > 1 {
			c.problem("%s could be of %s or %s (in some release at least); say which", id.Value, found[0].name, found[1].name)
		}
		if len(found) > 0 {
			c.resolve(ref, found[0], col)
			return
		}
	}
	c.unknown = true
	if up := strings.ToUpper(id.Value); up == "TRUE" || up == "FALSE" {
		c.problem("%s is not a T-SQL literal; write $%s", id.Value, strings.ToLower(id.Value))
		return
	}
	c.problem("column %s is in no table of the FROM", id.Value)
}

func (c *checker) resolve(ref *ast.ColumnReferenceExpression, src *source, col column) {
	c.refs[ref] = resolved{src, col}
	if col.cat != nil && src.table != nil {
		c.need(col.cat.Versions)
	}
}

func (c *checker) missing(src *source, name string) {
	c.unknown = true
	if src.table != nil {
		c.problem("table %s has no column %s", src.table.Name, name)
		return
	}
	c.problem("%s has no column %s", src.name, name)
}

// catalogueTable finds the table that a reference names, under its alias.
func (c *checker) catalogueTable(ref *ast.NamedTableReference) *source {
	id := ref.SchemaObject.BaseIdentifier
	src := &source{name: folded(id)}
	if ref.Alias != nil {
		src.name = c.declared(ref.Alias)
	}
	if ref.SchemaObject.Count > 1 {
		c.problem("%s has a prefix; write the table's name alone", c.textOf(ref.SchemaObject))
	}
	if ref.TableSampleClause != nil || ref.TemporalClause != nil {
		c.problem("TABLESAMPLE and FOR SYSTEM_TIME are not portable")
	}
	t, ok := schema.Lookup(id.Value)
	if !ok {
		c.unknown, src.broken = true, true
		c.problem("the catalogue has no table %s", id.Value)
		return src
	}
	if t.Name != folded(id) {
		c.problem(`table %s is spelled "%s" in the catalogue (PostgreSQL minds case: quote it)`, id.Value, t.Name)
	}
	src.table = t
	c.need(t.Versions)
	return src
}

// cte finds a common table expression by name.
func (sc *scope) cte(name string) (*source, bool) {
	for s := sc; s != nil; s = s.outer {
		if src, ok := s.ctes[name]; ok {
			return src, true
		}
	}
	return nil, false
}

// with opens a scope with the CTEs of a WITH clause. Each sees those before it and itself.
func (c *checker) with(outer *scope, w *ast.WithCtesAndXmlNamespaces) *scope {
	sc := &scope{outer: outer, ctes: map[string]*source{}}
	if w == nil {
		return sc
	}
	for _, x := range w.CommonTableExpressions {
		name := c.declared(x.ExpressionName)
		src := &source{name: name}
		body := x.QueryExpression
		if b, ok := body.(*ast.BinaryQueryExpression); ok { // maybe recursive: the anchor names the columns
			src.columns = c.named(name, c.query(b.FirstQueryExpression, sc, place{silent: true}), x.Columns)
		}
		sc.ctes[name] = src
		src.columns = c.named(name, c.query(body, sc, place{}), x.Columns)
	}
	return sc
}

// named gives the columns of a derived table or CTE their final names, which T-SQL wants complete
// and unique.
func (c *checker) named(of string, cols []column, names []*ast.Identifier) []column {
	if len(names) > 0 && len(names) != len(cols) {
		c.problem("%s names %d columns for %d", of, len(names), len(cols))
		return nil
	}
	out := make([]column, len(cols))
	seen := map[string]bool{}
	for i, col := range cols {
		if len(names) > 0 {
			col.name = c.declared(names[i])
		}
		lower := strings.ToLower(col.name)
		switch {
		case col.name == "":
			c.problem("column %d of %s has no name; give it one with AS", i+1, of)
		case seen[lower]:
			c.problem("%s has two columns %s", of, col.name)
		}
		seen[lower] = true
		out[i] = col
	}
	return out
}

// from adds a table expression to the scope.
func (c *checker) from(ref ast.TableReference, sc *scope) {
	switch t := ref.(type) {
	case *ast.NamedTableReference:
		src, ok := sc.cte(folded(t.SchemaObject.BaseIdentifier))
		if ok && t.SchemaObject.Count == 1 {
			named := *src
			if t.Alias != nil {
				named.name = c.declared(t.Alias)
			}
			src = &named
		} else {
			src = c.catalogueTable(t)
		}
		c.add(sc, src)
	case *ast.QueryDerivedTable:
		if t.Alias == nil {
			c.problem("a query in FROM needs an alias")
			return
		}
		name := c.declared(t.Alias)
		cols := c.query(t.QueryExpression, sc.outer, place{})
		c.add(sc, &source{name: name, columns: c.named(name, cols, t.Columns)})
	case *ast.OpenJsonTableReference:
		c.add(sc, c.json(t, sc))
	case *ast.QualifiedJoin:
		c.from(t.FirstTableReference, sc)
		c.from(t.SecondTableReference, sc)
		if t.SearchCondition == nil {
			c.problem("a JOIN has no ON")
			return
		}
		c.expr(t.SearchCondition, sc)
	case *ast.UnqualifiedJoin:
		if t.UnqualifiedJoinType != "CrossJoin" {
			c.problem("%s is not portable", t.UnqualifiedJoinType)
		}
		c.from(t.FirstTableReference, sc)
		c.from(t.SecondTableReference, sc)
	case *ast.JoinParenthesisTableReference:
		c.from(t.Join, sc)
	default:
		c.problem("%s in FROM is not portable", nodeName(ref))
	}
}

func (c *checker) add(sc *scope, src *source) {
	for _, other := range sc.sources {
		if strings.EqualFold(other.name, src.name) {
			c.problem("two tables in FROM are called %s", src.name)
		}
	}
	sc.sources = append(sc.sources, src)
}

// json is what $rows and $ints become.
func (c *checker) json(t *ast.OpenJsonTableReference, sc *scope) *source {
	src := &source{}
	if t.Alias != nil {
		src.name = c.declared(t.Alias)
	}
	c.expr(t.Variable, sc)
	if len(t.SchemaDeclarationItems) == 0 {
		src.columns = []column{{name: "key"}, {name: "value"}, {name: "type"}}
		return src
	}
	for _, item := range t.SchemaDeclarationItems {
		c.dataType(item.ColumnDefinition.DataType, jsonTypes)
		src.columns = append(src.columns, column{name: folded(item.ColumnDefinition.ColumnIdentifier)})
	}
	src.columns = c.named("the JSON list", src.columns, nil)
	return src
}
