package golden

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// Record is a row under its column names, with values of plain Go types (nil, bool, int, string, time.Time,
// decimal.Decimal …). A column that is not there is NULL.
type Record map[string]any

// World is a scenario ready to run: names have identities, relative values are absolute. Its tables are the database
// of an in-memory test; they start with the input rows.
type World struct {
	*Scenario
	Now   time.Time // moment of the run, on the day of the scenario: the clock for the rules
	ids   map[string]int
	names map[string]map[int]string // table, identity → name of the input row
	rows  map[string][]Record
	next  map[string]int
}

// NewWorld binds the rows of a scenario for use in memory. Identities of different tables come from different ranges,
// so that a rule that compares the wrong columns is found out.
func NewWorld(s *Scenario) *World {
	w := newWorld(s)
	for _, t := range s.Input {
		for _, r := range t.Rows {
			w.Bind(t.Name, r.Name, w.newID(t.Name))
		}
	}
	for _, t := range s.Input {
		for _, r := range t.Rows {
			rec := w.record(r, nil)
			for name, v := range facts(t.Name).defaults {
				if _, given := r.Get(name); !given {
					rec[name] = v
				}
			}
			if _, given := rec["ValidityFrom"]; !given {
				rec["ValidityFrom"] = w.Now
			}
			rec[Identity(t.Name)] = w.ids[r.Name]
			w.rows[t.Name] = append(w.rows[t.Name], rec)
		}
	}
	return w
}

// Insert binds the rows of a scenario to a database. insert receives the input rows in order, columns resolved and
// without identity (the table's own defaults apply), and answers the identity. A column that refers to a row not
// inserted yet is left out and given to update afterwards. A World made so holds no rows itself.
func Insert(s *Scenario, insert func(table string, row Record) (int, error), update func(table string, id int, set Record) error) (*World, error) {
	w := newWorld(s)
	type late struct {
		table, name string
		set         Row
	}
	var lates []late
	for _, t := range s.Input {
		for _, r := range t.Rows {
			var forward Row
			rec := w.record(r, &forward)
			id, err := insert(t.Name, rec)
			if err != nil {
				return nil, fmt.Errorf("golden: %s: insert %s %s: %w", s.ID, t.Name, r.Name, err)
			}
			w.Bind(t.Name, r.Name, id)
			if len(forward.Columns) > 0 {
				lates = append(lates, late{t.Name, r.Name, forward})
			}
		}
	}
	for _, l := range lates {
		if err := update(l.table, w.ids[l.name], w.Record(l.set)); err != nil {
			return nil, fmt.Errorf("golden: %s: update %s %s: %w", s.ID, l.table, l.name, err)
		}
	}
	return w, nil
}

func newWorld(s *Scenario) *World {
	return &World{Scenario: s, Now: s.Today.Add(10*time.Hour + 30*time.Minute), ids: map[string]int{},
		names: map[string]map[int]string{}, rows: map[string][]Record{}, next: map[string]int{}}
}

func (w *World) newID(table string) int {
	if w.next[table] == 0 {
		w.next[table] = 1000 * (1 + slices.Index(slices.Sorted(maps.Keys(tables)), table))
		facts(table)
	}
	w.next[table]++
	return w.next[table]
}

// Bind gives a symbolic row name its identity.
func (w *World) Bind(table, name string, id int) {
	w.ids[name] = id
	if w.names[table] == nil {
		w.names[table] = map[int]string{}
	}
	w.names[table][id] = name
}

// ID answers the identity of a row by its symbolic name.
func (w *World) ID(name string) int {
	id, ok := w.ids[name]
	if !ok {
		panic(fmt.Sprintf("golden: %s has no row named %s", w.Scenario.ID, name))
	}
	return id
}

// Resolve turns a scenario value into a plain Go value: an identity into an int, a relative date into a time.Time,
// a number into an int or, with a fraction, into its text.
func (w *World) Resolve(v any) any {
	switch v := v.(type) {
	case Ref:
		return w.ID(string(v))
	case Day:
		return w.Today.AddDate(0, 0, int(v))
	case YearDay:
		t, err := time.Parse(time.DateOnly, fmt.Sprintf("%04d-%s", w.Today.Year()+v.Year, v.MonthDay))
		if err != nil {
			panic(fmt.Sprintf("golden: %s: %v", w.Scenario.ID, err))
		}
		return t
	case Stamp:
		return w.Now
	case json.Number:
		if n, err := v.Int64(); err == nil {
			return int(n)
		}
		return v.String()
	}
	return v
}

// Record answers a row with its values resolved; the symbolic name is left out.
func (w *World) Record(r Row) Record { return w.record(r, nil) }

// record resolves a row; with forward, columns that refer to rows without identity go there.
func (w *World) record(r Row, forward *Row) Record {
	rec := make(Record, len(r.Columns))
	for _, c := range r.Columns {
		if ref, ok := c.Value.(Ref); ok && forward != nil && w.ids[string(ref)] == 0 {
			forward.Columns = append(forward.Columns, c)
			continue
		}
		rec[c.Name] = w.Resolve(c.Value)
	}
	return rec
}

// Rows answers the in-memory rows of a table, in the order of their identity.
func (w *World) Rows(table string) []Record { return w.rows[table] }

// Apply executes an update step on the in-memory rows.
func (w *World) Apply(s Step) {
	w.merge(s.Update, w.ID(string(s.Row)), w.Record(s.Set))
}

// Delete removes in-memory rows.
func (w *World) Delete(table string, ids ...int) {
	key := Identity(table)
	w.rows[table] = slices.DeleteFunc(w.rows[table], func(r Record) bool { return slices.Contains(ids, r[key].(int)) })
}

// merge writes columns into the row with the identity, which must be there.
func (w *World) merge(table string, id int, set Record) {
	key := Identity(table)
	i := slices.IndexFunc(w.rows[table], func(r Record) bool { return r[key] == id })
	if i < 0 {
		panic(fmt.Sprintf("golden: %s has no row %d in %s", w.Scenario.ID, id, table))
	}
	maps.Copy(w.rows[table][i], set)
}

// Decode fills a struct, map or value with parameters of a step, by `db` tag or, without one, by field name in any
// letter case. Parameters without a field are an error of the test and panic.
func (w *World) Decode(params Row, dest any) {
	fields := structFields(dest)
	for _, c := range params.Columns {
		i := slices.IndexFunc(fields, func(f field) bool { return strings.EqualFold(f.name, c.Name) })
		if i < 0 {
			panic(fmt.Sprintf("golden: %s: no field for parameter %s in %T", w.Scenario.ID, c.Name, dest))
		}
		if err := assign(fields[i].value, w.Resolve(c.Value)); err != nil {
			panic(fmt.Sprintf("golden: %s: %s: %v", w.Scenario.ID, c.Name, err))
		}
	}
}
