package fhirsql

import (
	"cmp"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/openimis/openimis-be-go/internal/db"
	"github.com/openimis/openimis-be-go/internal/fault"
	"github.com/openimis/openimis-be-go/internal/schema"
	"github.com/openimis/openimis-be-go/internal/table"
	apifhir "github.com/openimis/openimis-be-go/modules/api_fhir"
)

// A mark is where a page of a list ended, so that the next begins behind it whatever was inserted since, and costs what
// the first did: the key of the last row; in a sorted list what it was sorted by, too. It holds what the row had when
// the page was read, for a row that is changed meanwhile moves.

// sorter is one part of the order of a list.
type sorter struct {
	expr string
	desc bool
	kind byte // of its values in marks: 's' text, 'i' whole number, 't' moment; 0: marks cannot hold them
	sure bool // it is never NULL
	// prefix stands before numbers that are ids: those of a kind with one come behind those of a kind without.
	prefix string
}

// markOf writes a mark; "" where the values do not let pages go on from there.
func markOf(q db.Query, order []sorter, values []any, key int) string {
	list := make([]string, 0, len(order)+1)
	for i, s := range order {
		text, ok := s.write(q, values[i])
		if !ok {
			return ""
		}
		list = append(list, text)
	}
	raw, err := json.Marshal(append(list, strconv.Itoa(key)))
	if err != nil {
		return ""
	}
	// Dots and dashes have their own meaning in cursors.
	return strings.ReplaceAll(base64.RawURLEncoding.EncodeToString(raw), "-", "~")
}

func (s sorter) write(q db.Query, v any) (text string, ok bool) {
	switch v := v.(type) {
	case nil:
		return "", s.kind != 0
	case string:
		return "s" + v, s.kind == 's' || s.kind == 't' && q.Dialect() == db.SQLite
	case []byte:
		return "s" + string(v), s.kind == 's'
	case int64:
		return "i" + strconv.FormatInt(v, 10), s.kind == 'i'
	case time.Time:
		return "t" + v.Format(time.RFC3339Nano), s.kind == 't'
	}
	return "", false
}

// shown is the expression as it is read for a mark.
func (s sorter) shown() string {
	if s.kind == 't' {
		return "$exactly(" + s.expr + ")"
	}
	return s.expr
}

// placeholder is that of a value in a condition.
func (s sorter) placeholder() string {
	if s.kind == 't' {
		return "$moment(?)"
	}
	return "?"
}

// value is what read gave as an argument.
func (s sorter) value(q db.Query, v any) any {
	if at, ok := v.(time.Time); ok && q.Dialect() == db.SQLServer {
		return at.Format("2006-01-02T15:04:05.000") // as $moment has it
	}
	return v
}

// read is what write wrote; nil for NULL.
func (s sorter) read(q db.Query, text string) (any, bool) {
	if text == "" {
		return nil, true
	}
	switch kind, rest := text[0], text[1:]; {
	case kind == 's' && (s.kind == 's' || s.kind == 't' && q.Dialect() == db.SQLite):
		return rest, storable(rest)
	case kind == 'i' && s.kind == 'i':
		n, err := strconv.ParseInt(rest, 10, 32)
		return int(n), err == nil
	case kind == 't' && s.kind == 't':
		at, err := time.Parse(time.RFC3339Nano, rest)
		return at, err == nil
	}
	return nil, false
}

// unmark reads a mark: the values of the sorters, and the key.
func unmark(q db.Query, order []sorter, mark string) (values []any, key int, err error) {
	list := []string{mark}
	if len(order) > 0 {
		raw, err := base64.RawURLEncoding.DecodeString(strings.ReplaceAll(mark, "~", "-"))
		if err != nil || json.Unmarshal(raw, &list) != nil || len(list) != len(order)+1 {
			return nil, 0, noMark()
		}
	}
	key, err = strconv.Atoi(list[len(order)])
	if err != nil || key <= 0 {
		return nil, 0, noMark()
	}
	for i, s := range order {
		v, ok := s.read(q, list[i])
		if !ok {
			return nil, 0, noMark()
		}
		values = append(values, v)
	}
	return values, key, nil
}

// behind adds to w that a row comes after a mark.
func behind(q db.Query, w *table.Where, order []sorter, key, mark string) (*table.Where, error) {
	values, n, err := unmark(q, order, mark)
	if err != nil {
		return nil, err
	}
	condition, args := after(q, order, values, nil, key+" > ?", []any{n})
	return w.Clone().And(condition, args...), nil
}

// after is the condition that a row comes after the values of another; rest is it where they are the same. of are
// the sorters of the other's kind, nil: this one.
func after(q db.Query, order []sorter, values []any, of []sorter, rest string, args []any) (condition string, _ []any) {
	condition = rest
	// The first part decides; where it is the same, the next; and in the end the rest.
	for i := len(order) - 1; i >= 0; i-- {
		s, v := order[i], values[i]
		if of != nil && s.prefix != of[i].prefix { // all ids of a kind come before or after those of the other
			if (s.prefix > of[i].prefix) != s.desc {
				condition, args = table.All, nil
			} else {
				condition, args = table.None, nil
			}
			continue
		}
		nullsLast := s.nullsLast(q)
		switch {
		case v == nil && nullsLast:
			condition = s.expr + " IS NULL AND " + condition
		case v == nil:
			condition = "(" + s.expr + " IS NOT NULL OR " + condition + ")"
		default:
			than := " > "
			if s.desc {
				than = " < "
			}
			more := ""
			if nullsLast {
				more = " OR " + s.expr + " IS NULL"
			}
			it, v := s.placeholder(), s.value(q, v)
			condition = "(" + s.expr + than + it + more + " OR " + s.expr + " = " + it + " AND " + condition + ")"
			args = append([]any{v, v}, args...)
			if i == 0 && !nullsLast { // said once more so that an index is entered there
				condition, args = s.expr+strings.TrimRight(than, " ")+"= "+it+" AND "+condition, append([]any{v}, args...)
			}
		}
	}
	return condition, args
}

// nullsLast says whether rows without a value come last.
func (s sorter) nullsLast(q db.Query) bool { return !s.sure && (q.Dialect() == db.Postgres) != s.desc }

// compare orders two values of a sorter as the databases do, for lists of several kinds.
func (s sorter) compare(q db.Query, v any, of sorter, w any) int {
	order := 0
	switch {
	case s.prefix != of.prefix:
		order = strings.Compare(s.prefix, of.prefix)
	case v == nil || w == nil:
		if v == nil && w == nil {
			return 0
		}
		if (v == nil) == s.nullsLast(q) {
			return 1
		}
		return -1
	default:
		switch v := v.(type) {
		case string:
			order = strings.Compare(v, fmt.Sprint(w))
		case int:
			other, _ := w.(int)
			order = cmp.Compare(v, other)
		case time.Time:
			other, _ := w.(time.Time)
			order = v.Compare(other)
		}
	}
	if s.desc {
		order = -order
	}
	return order
}

func noMark() error {
	return fault.Input("page-after", "Parameter page-after: this is no place in the list; follow the links as they are, or ask for a page by page-offset.")
}

// sorters are the parts of an order, but for the key in the end. No expression may stand there twice.
func (s *source) sorters(q db.Query, keys []apifhir.SortKey) (list []sorter) {
	key := col(alias, s.Table.Key)
	seen := map[string]bool{}
	add := func(expr string, desc bool, kind byte, column string) {
		if !seen[expr] && !seen[key] {
			prefix := ""
			if expr == key {
				prefix = strings.ToLower(s.Table.Prefix(q))
			}
			c, ok := s.Table.Catalogue().Column(column)
			seen[expr] = true
			list = append(list, sorter{expr, desc, kind, ok && !c.MayBeNull(), prefix})
		}
	}
	for _, k := range keys {
		switch {
		case k.Name == "_id" && s.Table.HasUUID(q):
			add("$uuid("+col(alias, s.Table.UUID)+")", k.Desc, 's', s.Table.UUID)
		case k.Name == "_id":
			add(key, k.Desc, 'i', s.Table.Key)
		case k.Name == "_lastUpdated":
			if s.Table.From != "" {
				add(s.changes().at(alias), k.Desc, 't', s.Table.From)
			}
		case s.Sort[k.Name] != "":
			c, _ := s.Table.Catalogue().Column(s.Sort[k.Name])
			add(sortable(s.Table, s.Sort[k.Name]), k.Desc, map[schema.Kind]byte{schema.Text: 's', schema.Int: 'i', schema.SmallInt: 'i', schema.Date: 't', schema.DateTime: 't'}[c.Type], s.Sort[k.Name])
		}
	}
	return list
}

// order is what ORDER BY says.
func (s *source) order(list []sorter) string {
	key := col(alias, s.Table.Key)
	var parts []string
	for _, by := range list {
		if by.desc {
			by.expr += " DESC"
		}
		parts = append(parts, by.expr)
		if strings.TrimSuffix(by.expr, " DESC") == key {
			return strings.Join(parts, ", ")
		}
	}
	return strings.Join(append(parts, key), ", ")
}

// sortedKeys reads the keys of a page of a sorted list with their marks.
func sortedKeys(ctx context.Context, q db.Query, src string, args []any, order []sorter) (keys db.Ints, marks map[string]string, err error) {
	rows, err := q.Rows(ctx, src, args...)
	if err != nil {
		return nil, nil, err
	}
	defer rows.Close()
	marks = map[string]string{} // key as text → mark
	for rows.Next() {
		values, err := rows.SliceScan()
		if err != nil {
			return nil, nil, err
		}
		key, ok := values[0].(int64)
		if !ok {
			return nil, nil, fault.New(fault.Internal, "the key of a page is %T", values[0])
		}
		keys = append(keys, int(key))
		marks[strconv.FormatInt(key, 10)] = markOf(q, order, values[1:], int(key))
	}
	return keys, marks, rows.Err()
}
