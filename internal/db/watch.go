package db

import (
	"context"
	"time"
)

// Change is what a transaction did with rows.
type Change int

// The changes that a Watcher is told of. Closed rows have been ended: their ValidityTo is set.
const (
	Inserted Change = iota
	Updated
	Closed
)

// Watcher is told which rows transactions change with the helpers of Tx (Insert, BulkInsert, Update,
// BulkUpdate, Archive, Close), by their integer keys, as they do it: whether they are committed it hears
// from who ran the transaction. It must be quick and safe for concurrent use.
type Watcher interface {
	Changed(change Change, table string, ids []int)
}

type watcherKey struct{}

// WithWatcher has w told of what is done with ctx.
func WithWatcher(ctx context.Context, w Watcher) context.Context {
	return context.WithValue(ctx, watcherKey{}, w)
}

// watch notes that the transaction changes rows, and tells the Watcher.
func (t *Tx) watch(ctx context.Context, change Change, table string, ids ...int) {
	if len(ids) == 0 {
		return
	}
	if t.changed == nil {
		t.changed = map[string]bool{}
	}
	t.changed[table] = true
	if w, ok := ctx.Value(watcherKey{}).(Watcher); ok {
		w.Changed(change, table, ids)
	}
}

// Changed is when a transaction of this process that changed rows of a table with the helpers of Tx ended last, by the
// clock of the process; the zero time when there was none. What was read before may be no longer so.
func (d *DB) Changed(table string) time.Time {
	at, _ := d.changes.Load(table)
	moment, _ := at.(time.Time)
	return moment
}

// ended notes which tables a transaction has changed, or may have.
func (d *DB) ended(t *Tx) {
	for table := range t.changed {
		d.changes.Store(table, time.Now())
	}
}
