package entity

import (
	"math/bits"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// way is how the lists of many parents are loaded. Which one is fast depends on how many children there are, which
// indexes the database has, and how the rows in reach lie; so the first is taken until it turns out to be slow.
type way uint8

const (
	// ranked is one statement that numbers all children and cuts the pages out: the cost is that of all children.
	ranked way = iota
	// rankedInReach is the same, beginning with all that is in reach (Table.Scope) instead of looking each child up.
	rankedInReach
	// paged is one statement with a page for each parent, side by side: the cost is that of what is shown where an
	// index has the children of a parent, and that of all rows for each parent where none has.
	paged
	ways
)

// slowWay is from when another way is tried.
const slowWay = 40 * time.Millisecond

// tries remembers how long the ways took, for each kind of list. What counts is near the shortest time, for a
// machine that is busy makes every way slow.
type tries struct {
	mu    sync.Mutex
	times map[string]*[ways]time.Duration
	fixed *way // of tests: where it is possible, this one
}

// mostTries is how many kinds of lists are remembered.
const mostTries = 1000

// choose gives the fastest way known; while that is slow, one that was not tried yet.
func (t *tries) choose(list string, possible []way) way {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.fixed != nil && slices.Contains(possible, *t.fixed) {
		return *t.fixed
	}
	times := t.times[list]
	if times == nil {
		return possible[0]
	}
	best, fresh := possible[0], ways
	for _, w := range possible {
		switch {
		case times[w] == 0:
			if fresh == ways {
				fresh = w
			}
		case times[best] == 0 || times[w] < times[best]:
			best = w
		}
	}
	if fresh != ways && (times[best] == 0 || times[best] > slowWay) {
		return fresh
	}
	return best
}

// took remembers a time. Quick lists need no memory until they have one.
func (t *tries) took(list string, w way, d time.Duration) {
	t.mu.Lock()
	defer t.mu.Unlock()
	times := t.times[list]
	if times == nil {
		if d <= slowWay {
			return
		}
		if t.times == nil || len(t.times) >= mostTries {
			t.times = map[string]*[ways]time.Duration{}
		}
		times = &[ways]time.Duration{}
		t.times[list] = times
	}
	switch known := times[w]; {
	case known == 0, d < known:
		times[w] = max(d, 1)
	default:
		times[w] += (d - known) / 4
	}
	if times[w] > slowWay { // the others may be faster by now, or were slow by accident
		for o := range times {
			if way(o) != w {
				times[o] -= times[o] / 32
			}
		}
	}
}

// kindOfList names the lists that take about as long: of a relation, for as many parents, as long pages and the
// same filters.
func (q *query) kindOfList(what, column string, parents, page int) string {
	var b strings.Builder
	for _, s := range []string{what, q.typ.Name, column, strconv.Itoa(bits.Len(uint(parents))), strconv.Itoa(bits.Len(uint(page))), strconv.Itoa(len(q.scopes))} {
		b.WriteString(s)
		b.WriteByte('|')
	}
	for _, w := range q.where.Parts() {
		b.WriteString(w)
		b.WriteByte('|')
	}
	return b.String()
}
