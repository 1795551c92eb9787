package golden

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/shopspring/decimal"
)

// DiffReturn compares RETURN value and OUT parameters of a step. Every difference is one line; none means equal.
func (w *World) DiffReturn(step int, got Record) []string {
	return w.diffRow(fmt.Sprintf("step %d %s", step, w.Steps[step].Proc), w.Record(w.Expected.Returns[step]), got, nil)
}

// DiffResult compares one result set of a step; ordered says whether the order of rows is defined.
func (w *World) DiffResult(step, set int, got []Record, ordered bool) []string {
	where := fmt.Sprintf("step %d %s result", step, w.Steps[step].Proc)
	sets := w.Expected.ResultSets[step]
	if set >= len(sets) {
		return []string{fmt.Sprintf("%s: want no result set %d, got %d rows", where, set, len(got))}
	}
	want := make([]Record, 0, len(sets[set]))
	for _, r := range sets[set] {
		want = append(want, w.Record(r))
	}
	if !ordered {
		want, got = w.sorted(want), w.sorted(got)
	}
	var diffs []string
	for i := range max(len(want), len(got)) {
		switch {
		case i >= len(got):
			diffs = append(diffs, fmt.Sprintf("%s row %d: missing %s", where, i, w.text(want[i])))
		case i >= len(want):
			diffs = append(diffs, fmt.Sprintf("%s row %d: unexpected %s", where, i, w.text(got[i])))
		default:
			diffs = append(diffs, w.diffRow(fmt.Sprintf("%s row %d", where, i), want[i], got[i], slices.Collect(maps.Keys(got[i])))...)
		}
	}
	return diffs
}

// Diff compares all expected tables with the in-memory rows.
func (w *World) Diff() []string {
	return w.DiffTables(func(table string) []Record { return w.rows[table] })
}

// DiffTables compares all expected tables with the rows that the caller reads.
func (w *World) DiffTables(rows func(table string) []Record) []string {
	got := map[string][]Record{}
	for _, t := range w.Expected.Tables {
		key := Identity(t.Name)
		got[t.Name] = slices.SortedFunc(slices.Values(rows(t.Name)), func(a, b Record) int { return number(a[key]).Cmp(number(b[key])) })
	}
	var diffs []string
	pairs := map[string][]pair{}
	for _, t := range w.Expected.Tables {
		paired, missing := w.pair(t, got[t.Name])
		pairs[t.Name] = paired
		diffs = append(diffs, missing...)
	}
	for _, t := range w.Expected.Tables {
		for _, p := range pairs[t.Name] {
			want := w.Record(p.want)
			diffs = append(diffs, w.diffRow(t.Name+" "+p.want.Name, want, p.got, facts(t.Name).recorded)...)
		}
	}
	return diffs
}

type pair struct {
	want Row
	got  Record
}

// pair finds the row for each expected one: an input row by its identity; rows made by the procedures in the order of
// their identity, which also binds their names.
func (w *World) pair(t Table, got []Record) (pairs []pair, diffs []string) {
	key := Identity(t.Name)
	known := map[string]Record{}
	var created []Record
	for _, g := range got {
		if name, ok := w.names[t.Name][int(number(g[key]).IntPart())]; ok {
			known[name] = g
		} else {
			created = append(created, g)
		}
	}
	inputs := map[string]bool{}
	for _, name := range w.names[t.Name] {
		inputs[name] = true
	}
	for _, want := range t.Rows {
		g, ok := known[want.Name]
		if !inputs[want.Name] && len(created) > 0 {
			g, ok, created = created[0], true, created[1:]
			w.ids[want.Name] = int(number(g[key]).IntPart())
		}
		if !ok {
			diffs = append(diffs, fmt.Sprintf("%s %s: missing", t.Name, want.Name))
			w.ids[want.Name] = -1
			continue
		}
		delete(known, want.Name)
		pairs = append(pairs, pair{want, g})
	}
	for _, name := range slices.Sorted(maps.Keys(known)) {
		diffs = append(diffs, fmt.Sprintf("%s %s: want no such row", t.Name, name))
	}
	for _, g := range created {
		diffs = append(diffs, fmt.Sprintf("%s: unexpected row %s", t.Name, w.text(g)))
	}
	return pairs, diffs
}

// diffRow compares the expected columns, and those of also, where missing means NULL.
func (w *World) diffRow(where string, want, got Record, also []string) []string {
	columns := slices.Sorted(maps.Keys(want))
	for _, c := range also {
		if !slices.Contains(columns, c) {
			columns = append(columns, c)
		}
	}
	var diffs []string
	for _, c := range columns {
		if e, g := w.canonical(want[c]), w.canonical(got[c]); e != g {
			diffs = append(diffs, fmt.Sprintf("%s %s: want %s, got %s", where, c, e, g))
		}
	}
	return diffs
}

func (w *World) sorted(rows []Record) []Record {
	return slices.SortedFunc(slices.Values(rows), func(a, b Record) int { return strings.Compare(w.text(a), w.text(b)) })
}

// text shows a record in canonical form, for messages and for ordering.
func (w *World) text(r Record) string {
	var b strings.Builder
	for _, c := range slices.Sorted(maps.Keys(r)) {
		fmt.Fprintf(&b, "%s=%s ", c, w.canonical(r[c]))
	}
	return b.String()
}

// canonical makes values comparable whatever type a driver or struct gives them: numbers and bits as shortest
// decimal, dates without an empty time, the moment of the run as "now", text without trailing blanks.
func (w *World) canonical(v any) string {
	switch v := v.(type) {
	case nil:
		return "NULL"
	case bool:
		if v {
			return "1"
		}
		return "0"
	case []byte:
		return w.canonical(string(v))
	case time.Time:
		if d := v.Sub(w.Now); d.Abs() < 2*time.Second {
			return "now"
		}
		if v.Equal(v.Truncate(24 * time.Hour)) {
			return v.Format(time.DateOnly)
		}
		return v.Format("2006-01-02T15:04:05")
	case string:
		if d, err := decimal.NewFromString(v); err == nil {
			return d.String()
		}
		if t, ok := parseTime(v); ok {
			return w.canonical(t)
		}
		return strings.TrimRight(v, " ")
	}
	if d, err := decimal.NewFromString(fmt.Sprint(v)); err == nil {
		return d.String()
	}
	return fmt.Sprint(v)
}

func number(v any) decimal.Decimal {
	d, err := decimal.NewFromString(fmt.Sprint(v))
	if err != nil {
		panic(fmt.Sprintf("golden: identity %v (%T) is not a number", v, v))
	}
	return d
}
