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
// reads within a transaction gets the exact number.
const countFor = 2 * time.Second

// mostCounts bounds what is remembered.
const mostCounts = 1000

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
	if _, shared := q.(*db.DB); !shared {
		exact = true
	}
	key := s.Table.Name + w.SQL() + fmt.Sprintf("%#v", w.Args())
	if !exact {
		c.mu.Lock()
		known, ok := c.list[key]
		c.mu.Unlock()
		if ok && time.Since(known.at) < countFor {
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
