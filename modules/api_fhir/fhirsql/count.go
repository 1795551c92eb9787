package fhirsql

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/openimis/openimis-be-go/internal/db"
	"github.com/openimis/openimis-be-go/internal/table"
)

// countFor is how long the length of a list is remembered. Counting is what a page of a long list costs
// most, and clients ask for page after page. Whoever asks for _total=accurate, reaches the last page, or
// reads within a transaction gets the exact number; so does everybody of a list that is quick to count, once this process
// has changed its table.
const countFor = 2 * time.Second

// mostCounts bounds what is remembered.
const mostCounts = 1000

// quick is how many rows are counted soon enough to count them again after each change that this process makes.
const quick = 10_000

// deep is how many rows a page skips before its list is counted first: a page past the end, of which some
// clients ask for thousands, then costs nothing.
const deep = 1000

// counts remembers the lengths of lists.
type counts struct {
	mu   sync.Mutex
	list map[string]counted
}

type counted struct {
	n  int
	at time.Time
}

// of counts the rows of a source, or remembers how many there were a moment ago.
func (c *counts) of(ctx context.Context, q db.Query, s *source, w *table.Where, exact bool) (int, error) {
	d, shared := q.(*db.DB)
	exact = exact || !shared
	key := s.Table.Name + w.SQL() + fmt.Sprintf("%#v", w.Args())
	if !exact {
		c.mu.Lock()
		known, ok := c.list[key]
		c.mu.Unlock()
		if ok && time.Since(known.at) < countFor && (known.n >= quick || known.at.After(d.Changed(s.Table.Name))) {
			return known.n, nil
		}
	}
	at := time.Now()
	n, err := s.count(ctx, q, w)
	if err != nil {
		return 0, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.list == nil || len(c.list) >= mostCounts {
		c.list = map[string]counted{}
	}
	c.list[key] = counted{n, at}
	return n, nil
}
