package entity

import (
	"fmt"
	"regexp"
	"sort"
	"strings"

	"github.com/openimis/openimis-be-go/internal/fault"
	"github.com/openimis/openimis-be-go/internal/schema"
)

// sortBy adds the keys of an orderBy argument: fields in camelCase or snake_case, relations joined by
// __ or as in filters, - for descending, ? for a random order. The key of the row comes last, so that pages never
// overlap.
func (q *query) sortBy(keys []string) error {
	seen := map[string]bool{}
	for _, k := range keys {
		name, descending := strings.CutPrefix(k, "-")
		if name == "?" {
			if !q.random {
				q.random = true
				q.order = append(q.order, "$random")
			}
			continue
		}
		t, err := q.follow(target{}, strings.Split(asFilter.ReplaceAllString(name, "__$1"), "__"), matchAny)
		if err != nil || long(t.of, t.column) {
			return fault.Input("orderBy", "Cannot resolve keyword '%s' into field. Choices are: %s", name, strings.Join(q.typ.sortable(), ", "))
		}
		expr := fmt.Sprintf(`%s."%s"`, t.alias, t.column)
		if seen[expr] {
			continue // SQL Server refuses the same sort key twice
		}
		seen[expr] = true
		if t.kind == kindText {
			expr = "$ci(" + expr + ")"
		}
		if descending {
			expr += " DESC"
		}
		q.order = append(q.order, expr)
	}
	if len(keys) == 0 {
		for _, c := range q.typ.Order {
			expr := fmt.Sprintf(`t."%s"`, strings.TrimPrefix(c, "-"))
			seen[expr] = true
			if strings.HasPrefix(c, "-") {
				expr += " DESC"
			}
			q.order = append(q.order, expr)
		}
	}
	if key := fmt.Sprintf(`t."%s"`, q.typ.Key); !seen[key] && !q.random {
		q.order = append(q.order, key)
	}
	return nil
}

// long says whether a column is one of the long texts that SQL Server does not sort by.
func long(t *schema.Table, column string) bool {
	c, ok := t.Column(column)
	return ok && c.LOB
}

// asFilter is where a relation ends in the name of a filter: healthFacility_Location_Code.
var asFilter = regexp.MustCompile("_([A-Z])")

// matchAny finds the field that a segment names in any spelling: date_claimed, dateClaimed, icd_1. The
// key of a relation may have Django's name: insuree_id.
func matchAny(b *bound, segment string) string {
	want := strings.ToLower(strings.ReplaceAll(segment, "_", ""))
	if want == "id" || want == "pk" {
		return "id"
	}
	relation := strings.TrimSuffix(want, "id")
	for name, f := range b.fields {
		if is := strings.ToLower(name); is == want || is == relation && f.one != nil {
			return name
		}
	}
	return segment
}

// sortable lists the fields that an order may name.
func (b *bound) sortable() []string {
	names := []string{"id"}
	for n, f := range b.fields {
		if f.column != "" && !long(b.table, f.column) || f.one != nil {
			names = append(names, n)
		}
	}
	sort.Strings(names)
	return names
}
