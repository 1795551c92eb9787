package seed

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/openimis/openimis-be-go/internal/db"
	"github.com/openimis/openimis-be-go/internal/load"
	"github.com/openimis/openimis-be-go/internal/schema"
)

// row is a row by the names of its columns. Identity, GUID, validity and auditing are added.
type row map[string]any

// historyShare is the share of rows that were changed once.
const historyShare = 0.1

// writer collects rows and writes them by the batch. The first error sticks and is given by finish.
type writer struct {
	ctx    context.Context
	tx     *db.Tx
	g      *generator
	tables map[string]*buffer
	err    error
}

// buffer holds rows of one table. Its columns are those of the first row.
type buffer struct {
	tab  *schema.Table
	cols []string
	at   map[string]int
	rows [][]any
	last int // identity
	n    int
}

func newWriter(ctx context.Context, tx *db.Tx, g *generator) *writer {
	return &writer{ctx: ctx, tx: tx, g: g, tables: map[string]*buffer{}}
}

func (w *writer) buffer(table string) *buffer {
	b := w.tables[table]
	if b == nil {
		tab, ok := schema.Lookup(table)
		if !ok {
			w.fail(fmt.Errorf("the catalogue has no table %s", table))
			tab = &schema.Table{Name: table}
		}
		b = &buffer{tab: tab}
		w.tables[table] = b
	}
	return b
}

func (w *writer) fail(err error) {
	if w.err == nil && err != nil {
		w.err = err
	}
}

// reserve gives the identity of a row to come, for rows that refer to each other.
func (w *writer) reserve(table string) int {
	b := w.buffer(table)
	b.last++
	return b.last
}

// put adds a row that is valid since a day, and gives its identity: the next one, or that which was
// reserved for it.
func (w *writer) put(table string, since time.Time, r row) int {
	b := w.buffer(table)
	id, reserved := r[b.tab.Identity].(int)
	if !reserved {
		b.last++
		id = b.last
	}
	w.fill(b, since, r, id)
	w.add(b, r)
	return id
}

// putChanged is put for tables that keep history: a share of the rows was changed since, and before was
// as the columns of was say. Where the table keeps no history it does what put does.
func (w *writer) putChanged(table string, since time.Time, r, was row) int {
	b := w.buffer(table)
	if !b.tab.History || !w.g.chance(historyShare) {
		return w.put(table, since, r)
	}
	changed := since.AddDate(0, 0, w.g.between(1, 60))
	if now := w.g.today.Add(-24 * time.Hour); changed.After(now) {
		changed = now
	}
	if changed.Before(since) {
		changed = since
	}
	old := maps.Clone(r)
	maps.Copy(old, was)
	id := w.put(table, changed, r)
	b.last++
	w.fill(b, since, old, b.last)
	old[b.tab.ValidityTo] = changed
	old[b.tab.LegacyIDColumn] = id
	w.add(b, old)
	return id
}

// fill adds what the catalogue knows of every table.
func (w *writer) fill(b *buffer, since time.Time, r row, id int) {
	t := b.tab
	if t.Identity != "" {
		r[t.Identity] = id
	}
	if t.UUIDColumn != "" {
		r[t.UUIDColumn] = w.g.guid()
	}
	if t.ValidityFrom != "" {
		r[t.ValidityFrom] = since.Add(9 * time.Hour)
	}
	if t.History {
		r[t.ValidityTo], r[t.LegacyIDColumn] = nil, nil
	}
	if _, given := r[t.AuditUser]; t.AuditUser != "" && !given {
		r[t.AuditUser] = administrator
	}
}

// add puts a complete row into the buffer.
func (w *writer) add(b *buffer, r row) {
	if b.cols == nil {
		b.cols = slices.Sorted(maps.Keys(r))
		b.at = make(map[string]int, len(b.cols))
		for i, c := range b.cols {
			b.at[c] = i
			if _, ok := b.tab.Column(c); !ok {
				w.fail(fmt.Errorf("the catalogue has no column %s.%s", b.tab.Name, c))
			}
		}
	}
	values := make([]any, len(b.cols))
	for name, v := range r {
		i, ok := b.at[name]
		if !ok {
			w.fail(fmt.Errorf("the first row of %s has no column %s", b.tab.Name, name))
			return
		}
		values[i] = v
	}
	b.rows = append(b.rows, values)
	b.n++
	if len(b.rows) >= load.Batch {
		w.flush(b)
	}
}

// flush writes the rows of a buffer, after those that they may refer to: the rows of related tables are
// generated together, and a legacy database enforces its foreign keys.
func (w *writer) flush(b *buffer) {
	if w.err != nil || len(b.rows) == 0 {
		return
	}
	for _, f := range b.tab.Foreign {
		if other := w.tables[f.Table]; other != nil && other != b && !f.Unchecked {
			w.flush(other)
		}
	}
	if err := load.Insert(w.ctx, w.tx, b.tab, b.cols, b.rows); err != nil {
		w.fail(fmt.Errorf("write %s: %w", b.tab.Name, err))
	}
	b.rows = b.rows[:0]
}

// finish writes the rest, and lets the database number on.
func (w *writer) finish() error {
	for _, tab := range schema.Tables() {
		b := w.tables[tab.Name]
		if b == nil {
			continue
		}
		w.flush(b)
		if w.err == nil {
			w.fail(load.Number(w.ctx, w.tx, tab))
		}
	}
	return w.err
}
