package entity

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/openimis/openimis-be-go/internal/auth"
	"github.com/openimis/openimis-be-go/internal/db"
	"github.com/openimis/openimis-be-go/internal/table"
)

// query collects the FROM, WHERE and ORDER BY of one statement on the rows of a type, alias t.
type query struct {
	registry *Registry
	typ      *bound
	viewer   *auth.Principal // nil: nobody
	joins    []string
	aliases  map[string]joined // path → alias
	where    table.Where
	order    []string
	random   bool
	history  bool // rows of the past are asked for
	scopes   []joined
	// few says that the conditions leave few rows of many.
	few bool
}

type joined struct {
	alias string
	typ   *bound
}

func newQuery(r *Registry, b *bound) *query {
	return &query{registry: r, typ: b, aliases: map[string]joined{"": {"t", b}}}
}

// Cond is what a module adds to a list of its own.
type Cond struct{ q *query }

// And adds a condition in portable SQL; the rows have the alias t.
func (c Cond) And(where string, args ...any) {
	c.q.where.And(where, args...)
	c.q.few = true
}

// AsOf asks for the rows as they were on a day, instead of the current ones.
func (c Cond) AsOf(day time.Time) {
	tab := c.q.typ.table
	c.q.history = true
	if l := rangeOf(tab, tab.ValidityFrom); day.Before(l.from) { // nothing was there yet
		day = l.from
	} else if last := l.to.AddDate(0, 0, -1); day.After(last) {
		day = last
	}
	c.And(fmt.Sprintf(`t."%s" < ? AND (t."%s" IS NULL OR t."%s" >= ?)`, tab.ValidityFrom, tab.ValidityTo, tab.ValidityTo), db.Date(day.AddDate(0, 0, 1)), db.Date(day))
}

// Newest puts the newest of several rows first, whatever order the type has.
func (c Cond) Newest() {
	c.q.order = append(c.q.order, fmt.Sprintf(`t."%s" DESC`, c.q.typ.table.ValidityFrom))
}

// Join gives the alias of the row that a path of relations leads to.
func (c Cond) Join(path ...string) string {
	alias := joined{"t", c.q.typ}
	for i := range path {
		var err error
		if alias, err = c.q.join(strings.Join(path[:i], "."), alias, path[i]); err != nil {
			panic(err) // a path is written by a module, not by a client
		}
	}
	return alias.alias
}

// mostJoins is how many relations the filters and the order of one list may lead through. An order may
// walk from patient to family to head of family without end, and the engines refuse to join so many tables
// or think about it for long.
const mostJoins = 20

// join adds the LEFT JOIN of a relation once and gives its alias.
func (q *query) join(path string, from joined, relation string) (joined, error) {
	full := strings.TrimPrefix(path+"."+relation, ".")
	if a, ok := q.aliases[full]; ok {
		return a, nil
	}
	f, ok := from.typ.fields[relation]
	if !ok || f.one == nil {
		return joined{}, fmt.Errorf("%s has no relation %s", from.typ.Name, relation)
	}
	if len(q.joins) >= mostJoins {
		return joined{}, fmt.Errorf("it leads through more than %d relations", mostJoins)
	}
	to := q.registry.to(f.one.To)
	a := joined{"j" + strconv.Itoa(len(q.aliases)), to}
	on := fmt.Sprintf(`%s."%s" = %s."%s"`, a.alias, to.Key, from.alias, f.one.Column)
	if c, ok := to.table.Column(to.Key); ok && kindOfColumn(c) == kindText {
		on = fmt.Sprintf(`$eq(%s."%s", %s."%s")`, a.alias, to.Key, from.alias, f.one.Column)
	}
	if f.one.Reverse != "" {
		on = fmt.Sprintf(`%s."%s" = %s."%s"`, a.alias, f.one.Reverse, from.alias, from.typ.Key)
		if to.live != "" { // rows of the past would repeat the row
			on += fmt.Sprintf(` AND %s."%s" IS NULL`, a.alias, to.live)
		}
	}
	q.joins = append(q.joins, fmt.Sprintf(`LEFT JOIN "%s" AS %s ON %s`, to.Table.Name, a.alias, on))
	q.aliases[full] = a
	if !f.one.Open { // a filter must not tell about rows outside the scope
		q.restrict(to, a.alias)
	}
	return a, nil
}

// restrict adds the row security of a type.
func (q *query) restrict(b *bound, alias string) {
	if b.Table.Scope != nil && (b.Table.AllWith == 0 || !q.viewer.Has(b.Table.AllWith)) {
		q.scopes = append(q.scopes, joined{alias, b})
	}
}

// conditions renders the WHERE clause for a statement that looks at few rows or at many.
func (q *query) conditions(few bool) (string, []any) {
	w := q.where.Clone()
	for _, s := range q.scopes {
		if few {
			w.WithinFew(s.typ.Table, scopeOf(q.viewer), s.alias)
		} else {
			w.Within(s.typ.Table, scopeOf(q.viewer), s.alias)
		}
	}
	return w.SQL(), w.Args()
}

// Search reads the argument str and finds it anywhere in one of the columns.
func (c Cond) Search(args map[string]any, columns ...string) {
	s, _ := args["str"].(string)
	delete(args, "str")
	if s == "" {
		return
	}
	var parts []string
	var binds []any
	for _, col := range columns {
		parts = append(parts, `$like(t."`+col+`", ?)`)
		binds = append(binds, db.Contains(s))
	}
	c.And("("+strings.Join(parts, " OR ")+")", binds...)
}
