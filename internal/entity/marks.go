package entity

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/openimis/openimis-be-go/internal/db"
	"github.com/openimis/openimis-be-go/internal/schema"
)

// marks remember where the pages of long lists ended. Cursors are offsets (see package relay), so a page far
// into a list would pass over all rows before it; with a mark it starts at the row where the client left off.
// Only lists in the order of an integer key have them. For markLife a row that another client removes before the
// mark does not shift the pages of this one, which neither skips nor repeats a row then.
type marks struct {
	mu    sync.Mutex
	lists map[string]*markedList
}

// markedList has the marks of one list, by rising offset.
type markedList struct {
	marks []mark
	used  time.Time
}

// mark says that the rows from offset on have greater keys than after.
type mark struct {
	offset int
	after  int64
	set    time.Time
}

const (
	markFrom     = 500              // offset below which passing over rows costs less than remembering
	markLife     = 30 * time.Second // how long a mark holds
	markedLists  = 256              // lists remembered at once
	marksPerList = 64
)

// before gives the last mark at or before the offset.
func (m *marks) before(list string, offset int, now time.Time) (mark, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	l := m.lists[list]
	if l == nil {
		return mark{}, false
	}
	l.used = now
	for _, k := range slices.Backward(l.marks) {
		if k.offset <= offset && now.Sub(k.set) < markLife {
			return k, true
		}
	}
	return mark{}, false
}

// set adds a mark; a newer one for the same offset replaces the old.
func (m *marks) set(list string, k mark) {
	if k.offset < markFrom {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	l := m.lists[list]
	if l == nil {
		m.makeRoom()
		l = &markedList{}
		m.lists[list] = l
	}
	l.used = k.set
	i, found := slices.BinarySearchFunc(l.marks, k.offset, func(have mark, offset int) int { return have.offset - offset })
	if found {
		l.marks[i] = k
		return
	}
	l.marks = slices.Insert(l.marks, i, k)
	if len(l.marks) > marksPerList { // the client goes on from the newest ones
		oldest := 0
		for i := range l.marks {
			if l.marks[i].set.Before(l.marks[oldest].set) {
				oldest = i
			}
		}
		l.marks = slices.Delete(l.marks, oldest, oldest+1)
	}
}

// makeRoom drops the list that was not used for longest when there are too many.
func (m *marks) makeRoom() {
	if m.lists == nil {
		m.lists = map[string]*markedList{}
	}
	if len(m.lists) < markedLists {
		return
	}
	oldest, at := "", time.Unix(math.MaxInt32, 0)
	for name, l := range m.lists {
		if l.used.Before(at) {
			oldest, at = name, l.used
		}
	}
	delete(m.lists, oldest)
}

// markable gives the list that a statement with its arguments makes a name. There is none when the list is not
// in the order of an integer key, or when an argument is of a type whose text may not tell two values apart.
func (q *query) markable(src string, args []any) (string, bool) {
	key := q.typ.Key
	if c, ok := q.typ.table.Column(key); !ok || c.Type != schema.Int || len(q.order) != 1 || q.order[0] != `t."`+key+`"` {
		return "", false
	}
	var b strings.Builder
	b.WriteString(src)
	for _, a := range args {
		switch x := a.(type) {
		case bool, int, int64, string, db.Ints, db.Texts:
			fmt.Fprintf(&b, "\x00%#v", x)
		case time.Time:
			fmt.Fprintf(&b, "\x00%d", x.UnixNano())
		case db.Date:
			b.WriteString("\x00" + time.Time(x).Format(time.DateOnly))
		default:
			return "", false
		}
	}
	return b.String(), true
}
