package apifhir

import (
	"fmt"
	"strings"
	"time"

	"github.com/openimis/openimis-be-go/internal/fault"
)

// Prefix is the comparison in front of a date, number or quantity; eq when none is written.
type Prefix string

// The prefixes of FHIR search.
const (
	Eq Prefix = "eq"
	Ne Prefix = "ne"
	Gt Prefix = "gt"
	Lt Prefix = "lt"
	Ge Prefix = "ge"
	Le Prefix = "le"
	Sa Prefix = "sa" // starts after
	Eb Prefix = "eb" // ends before
	Ap Prefix = "ap" // within a tenth of the distance to now
)

// splitPrefix takes a prefix off a value.
func splitPrefix(s string) (Prefix, string) {
	if len(s) > 2 {
		switch p := Prefix(s[:2]); p {
		case Eq, Ne, Gt, Lt, Ge, Le, Sa, Eb, Ap:
			return p, s[2:]
		}
	}
	return Eq, s
}

// Range is what a date value asks of a moment x: Min <= x and x < Max, where a nil bound asks nothing; the
// opposite when Not is set. A store needs no other knowledge of prefixes and precision.
type Range struct {
	Min, Max *time.Time
	Not      bool
}

// Contains says whether x is what the value asks for.
func (r Range) Contains(x time.Time) bool {
	in := (r.Min == nil || !x.Before(*r.Min)) && (r.Max == nil || x.Before(*r.Max))
	return in != r.Not
}

// dateForms are the precisions of a FHIR date with the length of the interval that each stands for.
var dateForms = []struct {
	layout string
	next   func(time.Time) time.Time
}{
	{"2006", func(t time.Time) time.Time { return t.AddDate(1, 0, 0) }},
	{"2006-01", func(t time.Time) time.Time { return t.AddDate(0, 1, 0) }},
	{"2006-01-02", func(t time.Time) time.Time { return t.AddDate(0, 0, 1) }},
	{"2006-01-02T15:04", func(t time.Time) time.Time { return t.Add(time.Minute) }},
	{"2006-01-02T15:04Z07:00", func(t time.Time) time.Time { return t.Add(time.Minute) }},
	{"2006-01-02T15:04:05", func(t time.Time) time.Time { return t.Add(precision(t, time.Second)) }},
	{"2006-01-02T15:04:05Z07:00", func(t time.Time) time.Time { return t.Add(precision(t, time.Second)) }},
}

// precision is whole, or a millisecond when the text had a fraction of a second.
func precision(t time.Time, whole time.Duration) time.Duration {
	if t.Nanosecond() != 0 {
		return time.Millisecond
	}
	return whole
}

// parseDate reads a FHIR date or date-time as the interval it stands for. A time without zone is UTC, as
// upstream takes it and as the database keeps it.
func parseDate(s string) (from, to time.Time, err error) {
	// A + that was not escaped in the URL arrives as a blank.
	if i := strings.LastIndexByte(s, ' '); i > 10 {
		s = s[:i] + "+" + s[i+1:]
	}
	for _, f := range dateForms {
		if t, err := time.Parse(f.layout, s); err == nil && t.Year() > 0 {
			return t.UTC(), f.next(t).UTC(), nil
		}
	}
	return from, to, fmt.Errorf("%s is not a date", fault.Quote(s))
}

// First and last moment that every database can compare with.
var (
	earliest = time.Date(1753, 1, 1, 0, 0, 0, 0, time.UTC)
	latest   = time.Date(9999, 12, 31, 23, 59, 59, 999e6, time.UTC)
)

// withinReach moves a moment that no row can have to the end of what there is.
func withinReach(t time.Time) time.Time {
	switch {
	case t.Before(earliest):
		return earliest
	case t.After(latest):
		return latest
	}
	return t
}

// dateRange applies a prefix to an interval. now is for ap.
func dateRange(p Prefix, from, to, now time.Time) Range {
	if p == Ap {
		d := now.Sub(from).Abs() / 10
		from, to = from.Add(-d), to.Add(d)
	}
	from, to = withinReach(from), withinReach(to)
	switch p {
	case Ne:
		return Range{Min: &from, Max: &to, Not: true}
	case Gt, Sa:
		return Range{Min: &to}
	case Ge:
		return Range{Min: &from}
	case Lt, Eb:
		return Range{Max: &from}
	case Le:
		return Range{Max: &to}
	}
	return Range{Min: &from, Max: &to}
}
