package db

import "context"

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

func watch(ctx context.Context, change Change, table string, ids ...int) {
	if w, ok := ctx.Value(watcherKey{}).(Watcher); ok && len(ids) > 0 {
		w.Changed(change, table, ids)
	}
}
