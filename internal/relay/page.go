package relay

import "fmt"

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
	// NeedTotal says that Start and End depend on the length of the list: call Resolve with it.
	NeedTotal bool
	args      Args
}

// Window says which rows the arguments mean. limit caps a list that gives no first or last.
//
// first with before and no after is how the 2019 application pages backwards: it means the page that
// ends at the cursor (the Python backend always gave the first page of the list).
func (a Args) Window(limit int) Window {
	w := Window{End: limit, args: a}
	if a.After != nil {
		if o, ok := Offset(*a.After); ok {
			w.Start = o + 1
			w.End = w.Start + limit
		}
	}
	before, hasBefore := a.before()
	if hasBefore {
		w.End = min(before, w.End)
	}
	switch {
	case a.First != nil && hasBefore && a.After == nil:
		w.Start = max(w.Start, w.End-*a.First)
	case a.First != nil:
		w.End = min(w.End, w.Start+*a.First)
	}
	if a.Last != nil {
		if !hasBefore && a.First == nil {
			w.NeedTotal = true
			return w
		}
		w.Start = max(w.Start, w.End-*a.Last)
	}
	w.End = max(w.End, w.Start)
	return w
}

// Resolve completes a window that needs the length of the list.
func (w Window) Resolve(total int) Window {
	if w.NeedTotal {
		w.End = total
		w.Start = max(w.Start, total-*w.args.Last)
		w.End = max(w.End, w.Start)
		w.NeedTotal = false
	}
	return w
}

func (a Args) before() (int, bool) {
	if a.Before == nil {
		return 0, false
	}
	return Offset(*a.Before)
}

// Next says whether there are rows after the page; more tells that the list goes on after End.
func (w Window) Next(more bool) bool {
	if _, ok := w.args.before(); ok {
		return w.args.First != nil // the row of the cursor itself follows
	}
	return more && (w.args.First != nil || w.args.Last == nil)
}

// Previous says whether there are rows before the page, as far as Relay lets a client ask.
func (w Window) Previous() bool {
	lower := 0
	if w.args.After != nil {
		if o, ok := Offset(*w.args.After); ok {
			lower = o + 1
		}
	}
	_, hasBefore := w.args.before()
	return w.Start > lower && (w.args.Last != nil || hasBefore)
}
