package fhirsql

import (
	"sync"
	"time"

	"github.com/openimis/openimis-be-go/internal/db"
)

// mostRecent bounds what a Recent remembers.
const mostRecent = 10_000

// Recent remembers rows of a register (places, diagnoses) by key, as long as the length of a list is remembered: the
// pages that follow each other name the same ones. A transaction reads them itself.
type Recent[V any] struct {
	// Table is the register; what this process writes there is seen at once.
	Table string

	mu   sync.Mutex
	of   *db.DB
	list map[int]remembered[V]
}

type remembered[V any] struct {
	value V
	at    time.Time
}

// Of gives the values of keys: load reads those that are not at hand.
func (r *Recent[V]) Of(q db.Query, keys db.Ints, load func(keys db.Ints) (map[int]V, error)) (map[int]V, error) {
	d, shared := q.(*db.DB)
	if !shared {
		return load(keys)
	}
	found, now := make(map[int]V, len(keys)), time.Now()
	since := d.Changed(r.Table)
	var missing db.Ints
	r.mu.Lock()
	if r.of != d {
		r.of, r.list = d, nil
	}
	for _, key := range keys {
		if known, ok := r.list[key]; ok && now.Sub(known.at) < countFor && known.at.After(since) {
			found[key] = known.value
		} else {
			missing = append(missing, key)
			delete(r.list, key)
		}
	}
	r.mu.Unlock()
	if len(missing) == 0 {
		return found, nil
	}
	read, err := load(missing)
	if err != nil {
		return nil, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.of != d {
		r.of, r.list = d, nil
	}
	if r.list == nil || len(r.list)+len(read) > mostRecent {
		r.list = make(map[int]remembered[V], len(read))
	}
	for key, v := range read {
		found[key] = v
		r.list[key] = remembered[V]{v, now}
	}
	return found, nil
}
