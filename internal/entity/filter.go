package entity

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sort"
	"strconv"
	"strings"
	"time"

	"github.com/shopspring/decimal"

	"github.com/openimis/openimis-be-go/internal/auth"
	"github.com/openimis/openimis-be-go/internal/db"
	"github.com/openimis/openimis-be-go/internal/fault"
	"github.com/openimis/openimis-be-go/internal/relay"
	"github.com/openimis/openimis-be-go/internal/schema"
)

// query collects the FROM, WHERE and ORDER BY of one statement on the rows of a type, alias t.
type query struct {
	registry *Registry
	typ      *bound
	viewer   *auth.Principal // nil: nobody
	joins    []string
	aliases  map[string]joined // path → alias
	where    []string
	args     []any
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
	c.q.where = append(c.q.where, where)
	c.q.args = append(c.q.args, args...)
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
	where, args := slices.Clone(q.where), slices.Clone(q.args)
	for _, s := range q.scopes {
		scope := s.typ.Table.Scope
		if few && s.typ.Table.ScopeEach != nil {
			scope = s.typ.Table.ScopeEach
		}
		if seen, more := scope(scopeOf(q.viewer), s.alias); seen != "" {
			where, args = append(where, seen), append(args, more...)
		}
	}
	if len(where) == 0 {
		return "", nil
	}
	return " WHERE " + strings.Join(where, " AND "), args
}

// target is where an argument or a sort key leads.
type target struct {
	alias  string
	column string
	of     *schema.Table
	kind   kind
	id     bool // the value may be a global id
	op     string
}

// operators are the suffixes of arguments.
var operators = map[string]string{"Lt": "<", "Lte": "<=", "Gt": ">", "Gte": ">=",
	"Icontains": "contains", "Istartswith": "starts", "Iexact": "=", "Contains": "contains", "Startswith": "starts"}

// resolve finds what the name of an argument means: relations and a field, joined by _, and an
// operator, as in healthFacility_Location_Code_Istartswith.
func (q *query) resolve(name string) (target, error) {
	parts := strings.Split(name, "_")
	t := target{op: "="}
	if op, ok := operators[parts[len(parts)-1]]; ok && len(parts) > 1 {
		t.op, parts = op, parts[:len(parts)-1]
	}
	for i, p := range parts {
		parts[i] = strings.ToLower(p[:1]) + p[1:]
	}
	return q.follow(t, parts, func(b *bound, segment string) string { return segment })
}

// follow walks relations to a column. match gives the field that a segment names.
func (q *query) follow(t target, parts []string, match func(b *bound, segment string) string) (target, error) {
	at, path := joined{"t", q.typ}, ""
	for i, p := range parts {
		last := i == len(parts)-1
		name := match(at.typ, p)
		if last && name == "id" {
			t.alias, t.column, t.of, t.id = at.alias, at.typ.Key, at.typ.table, true
			t.kind = at.typ.keyKind()
			// the key of a relation is the foreign key: no join is needed
			return t, nil
		}
		f, ok := at.typ.fields[name]
		if column, extra := at.typ.Filters[name]; extra && (last || i == len(parts)-2 && parts[i+1] == "id") {
			c, _ := at.typ.table.Column(column)
			t.alias, t.column, t.of, t.kind, t.id = at.alias, column, at.typ.table, kindOfKey(c), true
			return t, nil
		}
		switch {
		case !ok:
			return t, fmt.Errorf("%s has no field %s", at.typ.Name, p)
		case f.column != "" && last:
			t.alias, t.column, t.of, t.kind = at.alias, f.column, at.typ.table, f.kind
			return t, nil
		case f.one != nil && f.one.Column != "" && (last || i == len(parts)-2 && match(q.registry.to(f.one.To), parts[i+1]) == "id"):
			t.alias, t.column, t.of, t.kind, t.id = at.alias, f.one.Column, at.typ.table, q.registry.to(f.one.To).keyKind(), true
			return t, nil
		case f.one == nil:
			return t, fmt.Errorf("%s.%s is not a relation", at.typ.Name, p)
		}
		next, err := q.join(path, at, name)
		if err != nil {
			return t, err
		}
		at, path = next, strings.TrimPrefix(path+"."+name, ".")
	}
	return t, fmt.Errorf("it leads to no column")
}

func (b *bound) keyKind() kind {
	c, _ := b.table.Column(b.Key)
	return kindOfKey(c)
}

// kindOfKey says how a key column is compared.
func kindOfKey(c *schema.Column) kind {
	if c.Type == schema.GUID {
		return kindUUID
	}
	return kindOfColumn(c)
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

// filter adds the conditions of the arguments.
func (q *query) filter(args map[string]any) error {
	names := make([]string, 0, len(args))
	for n, v := range args {
		if v != nil && !paging[n] && !blank(v) {
			names = append(names, n)
		}
	}
	sort.Strings(names) // the statement's text must not depend on the order of the arguments
	for _, n := range names {
		t, err := q.resolve(n)
		if err != nil {
			return fault.Input(n, "Argument %q: %v.", n, err)
		}
		if err := q.compare(n, t, args[n]); err != nil {
			return err
		}
	}
	return nil
}

// blank says that a text asks for nothing: clients send the fields of a form that nobody filled.
func blank(v any) bool {
	s, ok := v.(string)
	return ok && strings.TrimSpace(s) == ""
}

// compare adds one comparison.
func (q *query) compare(arg string, t target, v any) error {
	column := fmt.Sprintf(`%s."%s"`, t.alias, t.column)
	add := func(where string, args ...any) error {
		q.where = append(q.where, where)
		q.args = append(q.args, args...)
		return nil
	}
	text := strings.TrimSpace(textOf(v)) // as Django's forms do
	if t.id {
		text = relay.Key(text)
	}
	limits := rangeOf(t.of, t.column)
	switch t.kind {
	case kindText:
		q.few = q.few || !t.id && len(text) >= 3 // genders and the like leave many
		switch t.op {
		case "contains":
			return add("$like("+column+", ?)", db.Contains(text))
		case "starts":
			return add("$starts("+column+", ?)", db.StartsWith(text))
		case "=":
			return add("$eq("+column+", ?)", text)
		}
		return add("$ci("+column+") "+t.op+" $ci(?)", text)
	case kindInt:
		n, err := strconv.Atoi(text)
		if err == nil && n != int(int32(n)) || errors.Is(err, strconv.ErrRange) { // compared like any other
			if where, beyond := limits.beyond(column, t.op, beyondAll(text)); beyond {
				return add(where)
			}
		}
		if err != nil || n != int(int32(n)) {
			if t.id {
				return fault.Input(arg, "Argument %q: %q is not an id; a global id or a whole number is expected.", arg, textOf(v))
			}
			return fault.Input(arg, "Argument %q: %q is not a whole number.", arg, text)
		}
		q.few = q.few || t.id
		if where, beyond := limits.beyond(column, t.op, decimal.NewFromInt(int64(n))); beyond {
			return add(where)
		}
		return add(column+" "+t.op+" ?", n)
	case kindBool:
		b, err := strconv.ParseBool(text)
		if err != nil {
			return fault.Input(arg, "Argument %q: %q is neither true nor false.", arg, text)
		}
		if b {
			return add(column + " = $true")
		}
		return add(column + " = $false")
	case kindFloat:
		d, err := decimal.NewFromString(text)
		if err != nil {
			return fault.Input(arg, "Argument %q: %q is not a number.", arg, text)
		}
		d = d.Round(10) // SQL Server reads it from a text
		if where, beyond := limits.beyond(column, t.op, d); beyond {
			return add(where)
		}
		return add(column+" "+t.op+" ?", d)
	case kindUUID:
		u, ok := db.ParseUUID(text)
		if !ok {
			return fault.Input(arg, "Argument %q: %q is not a UUID.", arg, text)
		}
		return add(column+" = ?", db.DjangoUUID(u)) // entities with such a key are tables of the Python backend
	case kindDate:
		return q.compareDate(arg, column, t.op, text, limits, add)
	case kindDateTime:
		at, dateOnly, err := parseTime(text)
		if err != nil {
			return fault.Input(arg, "Argument %q: %v.", arg, err)
		}
		if dateOnly {
			return q.compareDate(arg, column, t.op, text, limits, add)
		}
		if where, beyond := limits.outside(column, t.op, at); beyond {
			return add(where)
		}
		return add(column+" "+t.op+" ?", at)
	}
	return fault.Input(arg, "Argument %q cannot be compared.", arg)
}

// beyondAll stands for a whole number that no column holds, above or below all that columns hold.
func beyondAll(text string) decimal.Decimal {
	if strings.HasPrefix(text, "-") {
		return decimal.New(-1, 20)
	}
	return decimal.New(1, 20)
}

// compareDate compares whole days, whatever time of day the column has: legacy dates are often
// datetime columns. It never applies a function to the column, so that an index can be used.
func (q *query) compareDate(arg, column, op, text string, limits limits, add func(string, ...any) error) error {
	day, _, err := parseTime(text)
	if err != nil {
		return fault.Input(arg, "Argument %q: %v.", arg, err)
	}
	bound := func(op string, at time.Time) error {
		if where, beyond := limits.outside(column, op, at); beyond {
			return add(where)
		}
		return add(column+" "+op+" ?", db.Date(at))
	}
	next := day.AddDate(0, 0, 1)
	switch op {
	case "<", ">=":
		return bound(op, day)
	case "<=":
		return bound("<", next)
	case ">":
		return bound(">=", next)
	}
	if err := bound(">=", day); err != nil {
		return err
	}
	return bound("<", next)
}

// parseTime reads a Date or DateTime argument.
func parseTime(s string) (t time.Time, dateOnly bool, err error) {
	if t, err = time.Parse("2006-01-02", s); err == nil {
		return t, true, nil
	}
	for _, layout := range []string{"2006-01-02T15:04:05.999999999", "2006-01-02T15:04:05.999999999Z07:00", "2006-01-02 15:04:05.999999999", "2006-01-02T15:04", "2006-01-02 15:04"} {
		if t, err = time.Parse(layout, s); err == nil {
			return t.UTC(), false, nil
		}
	}
	return t, false, fmt.Errorf("%s is not a date; 2026-12-31 or 2026-12-31T23:59:59 is expected", fault.Quote(s))
}

func textOf(v any) string {
	switch x := v.(type) {
	case string:
		return x
	case json.Number:
		return x.String()
	case float64:
		return strconv.FormatFloat(x, 'f', -1, 64)
	case nil:
		return ""
	}
	return fmt.Sprint(v)
}
