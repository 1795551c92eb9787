package relay

import (
	"fmt"
	"math"
)

// MaxPage is how many rows a client may ask for at once with first or last.
const MaxPage = 100

// Args are the paging arguments of a connection field; nil means not given.
type Args struct {
	First, Last   *int
	After, Before *string
}

// Check gives the error that the 2019 clients know for a page that is too large or negative.
func (a Args) Check(field string) error {
	for _, arg := range []struct {
		name string
		n    *int
	}{{"first", a.First}, {"last", a.Last}} {
		switch {
		case arg.n == nil:
		case *arg.n < 0:
			return fmt.Errorf("Negative indexing is not supported.") //nolint:staticcheck // the clients' text
		case *arg.n > MaxPage:
			return fmt.Errorf("Requesting %d records on the `%s` connection exceeds the `%s` limit of %d records.", *arg.n, field, arg.name, MaxPage) //nolint:staticcheck
		}
	}
	return nil
}

// Window is the part of a list to fetch: rows Start to End-1, counted from 0.
type Window struct {
	Start, End int
	// NeedTotal says that Start and End depend on the length of the list: call Resolve with it. Until then
	// the window is the last Back of the rows Start to End-1 that there are.
	NeedTotal bool
	Back      int
	args      Args
	total     int // -1 when not known
}

// Window says which rows the arguments mean. limit caps a list that gives no first or last.
//
// first with before and no after is how the 2019 application pages backwards: it means the page that
// ends at the cursor (the Python backend always gave the first page of the list).
func (a Args) Window(limit int) Window {
	w := Window{Start: a.lower(), args: a, total: -1}
	w.End = w.Start + limit
	if a.Last != nil {
		w.NeedTotal, w.Back, w.End = true, *a.Last, math.MaxInt32
	}
	if before, ok := a.before(); ok {
		w.End = min(before, w.End)
	}
	switch {
	case a.backwards() && w.NeedTotal:
		w.Back = min(w.Back, *a.First)
	case a.backwards():
		w.NeedTotal, w.Back = true, *a.First
	case a.First != nil:
		w.End = min(w.End, w.Start+*a.First)
	}
	w.End = max(w.End, w.Start)
	return w
}

// Resolve completes a window that needs the length of the list.
func (w Window) Resolve(total int) Window {
	if w.NeedTotal {
		w.total = total
		w.End = min(w.End, total)
		w.Start = max(w.Start, w.End-w.Back)
		w.End = max(w.End, w.Start)
		w.NeedTotal = false
	}
	return w
}

// lower is the first row that the arguments leave.
func (a Args) lower() int {
	if a.After != nil {
		if o, ok := Offset(*a.After); ok {
			return o + 1
		}
	}
	return 0
}

func (a Args) before() (int, bool) {
	if a.Before == nil {
		return 0, false
	}
	return Offset(*a.Before)
}

func (a Args) backwards() bool {
	_, before := a.before()
	return a.First != nil && before && a.After == nil
}

// Next says whether there are rows after the page; more tells that the list goes on after End.
func (w Window) Next(more bool) bool {
	before, hasBefore := w.args.before()
	switch {
	case w.args.First == nil && (w.args.Last != nil || hasBefore):
		return false
	case w.args.backwards(): // the row of the cursor itself follows
		return w.End < w.total
	case hasBefore:
		return w.End < before
	case w.total >= 0:
		return w.End < w.total
	}
	return more
}

// Previous says whether there are rows before the page, as far as Relay lets a client ask.
func (w Window) Previous() bool {
	return w.Start > w.args.lower() && (w.args.Last != nil || w.args.backwards())
}
