package fhirsql

import (
	"context"
	"slices"
	"sort"
	"strconv"
	"strings"

	"github.com/openimis/openimis-be-go/internal/db"
	"github.com/openimis/openimis-be-go/internal/fault"
	"github.com/openimis/openimis-be-go/internal/schema"
	"github.com/openimis/openimis-be-go/internal/table"
	apifhir "github.com/openimis/openimis-be-go/modules/api_fhir"
)

// maxValues bounds the values of one search: engines bound parameters and the depth of conditions.
const maxValues = 500

// visible are the conditions that always hold: current, in the scope of the caller, and Only.
func (s *source) visible(at apifhir.At) *table.Where {
	w := new(table.Where).And(s.Table.Current(at.Alias))
	if at.Few {
		w.WithinFew(s.Table, at.Scope, at.Alias)
	} else {
		w.Within(s.Table, at.Scope, at.Alias)
	}
	if s.Only != nil {
		w.And(s.Only(at.Alias))
	}
	return w
}

// where gives the conditions of a search, in the order of the parameters' names, so that the same search
// is the same statement. none: no row can meet them, there is nothing to ask.
func (s *source) where(at apifhir.At, params map[string][]apifhir.Criterion) (w *table.Where, none bool, err error) {
	names := make([]string, 0, len(params))
	for name := range params {
		names = append(names, name)
	}
	sort.Strings(names)
	if s.Asked != "" && len(params[s.Asked]) == 0 {
		return nil, true, nil
	}
	w = s.visible(at)
	values := 0
	for _, name := range names {
		p, ok := s.param(name)
		if !ok { // another source of the resource has it
			return nil, true, nil
		}
		for _, c := range params[name] {
			if values += len(c.Any); values > maxValues {
				return nil, false, fault.Input(name, "Parameter %s: a search takes at most %d values.", name, maxValues)
			}
			condition, args, err := p.criterion(at, c)
			if err != nil {
				return nil, false, err
			}
			if condition == table.None {
				return nil, true, nil
			}
			w.And(condition, args...)
		}
	}
	return w, false, nil
}

func (s *source) param(name string) (Param, bool) {
	s.once.Do(func() {
		s.byName = map[string]Param{}
		for _, p := range s.params() {
			if c, ok := s.Table.Catalogue().Column(p.day); ok && c.Type == schema.Date {
				p.Where = onDays(p.day)
			}
			s.byName[p.Name] = p
		}
	})
	p, ok := s.byName[name]
	return p, ok
}

// criterion is the condition that one of the values holds, or that the chained target does.
func (p Param) criterion(at apifhir.At, c apifhir.Criterion) (string, []any, error) {
	var parts []string
	var args []any
	if c.Chain != nil {
		for _, r := range p.ref {
			keys, more, ok, err := c.Chain.Keys(at, r.table.Name)
			if err != nil {
				return "", nil, err
			}
			if ok {
				text, more := r.is(at.Alias, keys, more)
				parts, args = append(parts, text), append(args, more...)
			}
		}
	}
	for _, v := range c.Any {
		if !storable(v.Text) {
			continue
		}
		text, more := p.Where(at, c, v)
		if text != table.None {
			parts, args = append(parts, text), append(args, more...)
		}
	}
	switch len(parts) {
	case 0:
		return table.None, nil, nil
	case 1:
		return parts[0], args, nil
	}
	return "(" + strings.Join(parts, " OR ") + ")", args, nil
}

// keys is the subselect of the keys of the rows that meet criteria.
func (s *source) keys(at apifhir.At, params map[string][]apifhir.Criterion) (string, []any, error) {
	at.Few = false
	at.Depth++
	at.Alias = "c" + strconv.Itoa(at.Depth)
	w, none, err := s.where(at, params)
	if err != nil {
		return "", nil, err
	}
	if none {
		w = new(table.Where).And(table.None)
	}
	return "SELECT " + col(at.Alias, s.Table.Key) + ` FROM "` + s.Table.Name + `" AS ` + at.Alias + w.SQL(), w.Args(), nil
}

// find reads the current row that an id of a path names; none when there is none that the caller may see.
func (s *source) find(ctx context.Context, q db.Query, id string) ([]apifhir.Entry, error) {
	src, args, ok := s.one(ctx, q, id)
	if !ok {
		return nil, nil
	}
	return s.read(db.SamePlan(ctx), q, src, args, nil)
}

// one is the statement of find; not ok: no row can have the id.
func (s *source) one(ctx context.Context, q db.Query, id string) (src string, args []any, ok bool) {
	at := here(ctx, q)
	at.Few = true
	match, args := matching(s.Table, q, alias, "", id, true)
	if match == table.None {
		return "", nil, false
	}
	w, key := s.visible(at).And(match, args...), col(alias, s.Table.Key)
	return s.cut(q, "SELECT "+key+` FROM "`+s.Table.Name+`" AS `+alias+w.SQL()+" ORDER BY "+key+" $page(1, 0)", key), w.Args(), true
}

// page reads a page of rows, from a mark or an offset on. Its keys are found before anything is joined, so that the rows
// that a late page skips cost no joins; and, where the conditions have arguments or the list is sorted, in a statement of
// their own: what joins the rows to others has then one plan, whatever was asked.
func (s *source) page(ctx context.Context, q db.Query, w *table.Where, sort []apifhir.SortKey, after string, offset, limit int) ([]apifhir.Entry, error) {
	key, list := col(alias, s.Table.Key), s.sorters(q, sort)
	order := s.order(list)
	if after != "" {
		var err error
		if w, err = behind(q, w, list, key, after); err != nil {
			return nil, err
		}
		offset = 0
	}
	page, args := "$page(?, ?)", w.Args(limit, offset)
	if offset == 0 && slices.Contains(usual, limit) {
		page, args = "$page("+strconv.Itoa(limit)+", 0)", w.Args()
	}
	what, tail := key, ` FROM "`+s.Table.Name+`" AS `+alias+w.SQL()+" ORDER BY "+order+" "+page
	if len(list) > 0 {
		for i, by := range list {
			what += ", " + by.shown() + ` AS "S` + strconv.Itoa(i) + `"`
		}
		keys, marks, err := sortedKeys(ctx, q, "SELECT "+what+tail, args, list)
		if err != nil || len(keys) == 0 {
			return nil, err
		}
		entries, err := s.byKeys(ctx, q, keys)
		for i := range entries {
			entries[i].Position = marks[entries[i].Position]
		}
		return entries, err
	}
	if len(args) == 0 {
		return s.read(ctx, q, s.cut(q, "SELECT "+key+tail, order), nil, nil)
	}
	var keys db.Ints
	if err := q.Select(ctx, &keys, "SELECT "+key+tail, args...); err != nil || len(keys) == 0 {
		return nil, err
	}
	return s.byKeys(ctx, q, keys)
}

// cut is the statement that reads the rows whose keys a subselect finds.
func (s *source) cut(q db.Query, keys, order string) string {
	return "SELECT " + s.columns(q, alias) + " FROM (" + keys + `) AS page JOIN "` + s.Table.Name + `" AS ` + alias +
		" ON " + col(alias, s.Table.Key) + " = " + col("page", s.Table.Key) + s.joins() + " ORDER BY " + order
}

// usual are sizes of pages, with the row more that tells whether there is a next one, that stand in the
// statement itself: PostgreSQL keeps the plan of a statement without arguments.
var usual = []int{1, 2, 3, 6, 11, 21, 26, 51, 101, 201, 501, 1001}

// byKeys reads the rows with keys, in their order.
func (s *source) byKeys(ctx context.Context, q db.Query, keys db.Ints) ([]apifhir.Entry, error) {
	key := col(alias, s.Table.Key)
	src := "SELECT " + s.columns(q, alias) + ` FROM "` + s.Table.Name + `" AS ` + alias + s.joins() + " WHERE "
	args := []any{keys}
	if len(keys) == 1 {
		src, args = src+key+" = ?", []any{keys[0]}
	} else {
		src += key + " IN $ints(?)"
	}
	return s.read(db.SamePlan(ctx), q, src, args, keys)
}

func (s *source) count(ctx context.Context, q db.Query, w *table.Where) (n int, err error) {
	err = q.Get(ctx, &n, `SELECT COUNT(*) FROM "`+s.Table.Name+`" AS `+alias+w.SQL(), w.Args()...)
	return n, err
}

// columns is the select list: what Row has, the columns of t and those of the links. Key and UUID are
// those of the rows called id.
func (s *source) columns(q db.Query, id string) string {
	list := own(s.Table, q, id, alias, "")
	if s.Table.From != "" {
		list = append(list, col(alias, s.Table.From)+` AS "Changed"`)
	}
	for _, c := range s.Columns {
		if q.Offers(s.Table.Name, c) {
			list = append(list, col(alias, c)+` AS "`+c+`"`)
		}
	}
	for _, l := range s.Links {
		if !l.Table.TextKey {
			list = append(list, own(l.Table, q, l.Alias, l.Alias, l.Alias+".")...)
		}
		for _, c := range l.Columns {
			if q.Offers(l.Table.Name, c) {
				list = append(list, col(l.Alias, c)+` AS "`+l.Alias+`.`+c+`"`)
			}
		}
	}
	return strings.Join(list, ", ")
}

// own are key, UUID or what stands before the key in ids, and code of a table.
func own(t *table.Table, q db.Query, id, alias, prefix string) []string {
	list := []string{col(id, t.Key) + ` AS "` + prefix + `Key"`}
	if t.HasUUID(q) {
		list = append(list, col(id, t.UUID)+` AS "`+prefix+`UUID"`)
	} else if t.IDPrefix != "" {
		list = append(list, "'"+t.IDPrefix+`' AS "`+prefix+`Prefix"`)
	}
	if code := t.CodeColumn(alias); code != "" {
		list = append(list, code+` AS "`+prefix+`Code"`)
	}
	return list
}

func (l Link) via() (from, column string) {
	if from, column, ok := strings.Cut(l.Via, "."); ok {
		return from, column
	}
	return "", l.Via
}

func (s *source) joins() string {
	var b strings.Builder
	for _, l := range s.Links {
		from, column := l.via()
		if from == "" {
			from = alias
		}
		b.WriteString(` LEFT JOIN "` + l.Table.Name + `" AS ` + l.Alias + " ON " + col(l.Alias, l.Table.Key) + " = " + col(from, column))
		if current := l.Table.Current(l.Alias); current != "" {
			b.WriteString(" AND " + current)
		}
	}
	return b.String()
}
