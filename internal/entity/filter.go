package entity

import (
	"fmt"
	"sort"
	"strings"

	"github.com/openimis/openimis-be-go/internal/fault"
	"github.com/openimis/openimis-be-go/internal/schema"
)

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
