package fhirsql

import (
	"context"
	"encoding/base64"
	"encoding/json"
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
		// SQL Server has legacy moments in thirds of 10 ms, which no other type is equal to.
		exact := q.Dialect() != db.SQLServer || v.Equal(v.Truncate(24*time.Hour))
		return "t" + v.Format(time.RFC3339Nano), s.kind == 't' && exact
	}
	return "", false
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

// behind adds to w that a row comes after a mark.
func behind(q db.Query, w *table.Where, order []sorter, key, mark string) (*table.Where, error) {
	list := []string{mark}
	if len(order) > 0 {
		raw, err := base64.RawURLEncoding.DecodeString(strings.ReplaceAll(mark, "~", "-"))
		if err != nil || json.Unmarshal(raw, &list) != nil || len(list) != len(order)+1 {
			return nil, noMark()
		}
	}
	n, err := strconv.Atoi(list[len(order)])
	if err != nil || n <= 0 {
		return nil, noMark()
	}
	// The first part decides; where it is the same, the next; and in the end the key.
	condition, args := key+" > ?", []any{n}
	for i := len(order) - 1; i >= 0; i-- {
		s := order[i]
		v, ok := s.read(q, list[i])
		if !ok {
			return nil, noMark()
		}
		nullsLast := !s.sure && (q.Dialect() == db.Postgres) != s.desc
		switch {
		case v == nil && nullsLast:
			condition = s.expr + " IS NULL AND " + condition
		case v == nil:
			condition = "(" + s.expr + " IS NOT NULL OR " + condition + ")"
		default:
			than := " > ?"
			if s.desc {
				than = " < ?"
			}
			more := ""
			if nullsLast {
				more = " OR " + s.expr + " IS NULL"
			}
			condition = "(" + s.expr + than + more + " OR " + s.expr + " = ? AND " + condition + ")"
			args = append([]any{v, v}, args...)
			if i == 0 && !nullsLast { // said once more so that an index is entered there
				condition, args = s.expr+strings.Replace(than, " ?", "= ?", 1)+" AND "+condition, append([]any{v}, args...)
			}
		}
	}
	return w.Clone().And(condition, args...), nil
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
			c, ok := s.Table.Catalogue().Column(column)
			seen[expr] = true
			list = append(list, sorter{expr, desc, kind, ok && !c.MayBeNull()})
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
