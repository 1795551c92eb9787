package rules

import "time"

// Type is how many periods of a kind a year has, which is how tblRelIndex and tblRelDistr name the kind.
type Type int

// The types of periods.
const (
	Month   Type = 12
	Quarter Type = 4
	Year    Type = 1
)

// TypeOf gives the type for a setting of a product (PeriodRelPrices and its siblings): M, Q or Y. Not ok:
// the product has no relative prices there.
func TypeOf(setting string) (t Type, ok bool) {
	switch setting {
	case "M":
		return Month, true
	case "Q":
		return Quarter, true
	case "Y":
		return Year, true
	}
	return 0, false
}

// Period is a month, a quarter or a year; Number counts from 1.
type Period struct {
	Type   Type
	Year   int
	Number int
}

// Containing is the period of a type that a moment lies in.
func Containing(t Type, at time.Time) Period {
	months := 12 / int(t)
	return Period{t, at.Year(), (int(at.Month())-1)/months + 1}
}

// From is the first day.
func (p Period) From() time.Time {
	months := 12 / int(p.Type)
	return time.Date(p.Year, time.Month((p.Number-1)*months+1), 1, 0, 0, 0, 0, time.UTC)
}

// Until is the day after the last.
func (p Period) Until() time.Time { return p.From().AddDate(0, 12/int(p.Type), 0) }

// Contains says whether a moment lies in the period.
func (p Period) Contains(at time.Time) bool { return !at.Before(p.From()) && at.Before(p.Until()) }

// Months are the months of the period.
func (p Period) Months() []Period {
	var months []Period
	for m := p.From(); m.Before(p.Until()); m = m.AddDate(0, 1, 0) {
		months = append(months, Containing(Month, m))
	}
	return months
}

// Due are the periods that end with a month, whose indexes its run computes: the month, and a quarter and a year.
func Due(year, month int) []Period {
	m := Period{Month, year, month}
	due := []Period{m}
	for _, t := range []Type{Quarter, Year} {
		if p := Containing(t, m.From()); p.Until().Equal(m.Until()) {
			due = append(due, p)
		}
	}
	return due
}

// Closed is the time whose claims a run of a month ties to itself: the month, in the last one of a quarter the
// quarter, in December the whole year.
func Closed(year, month int) (from, until time.Time) {
	due := Due(year, month)
	longest := due[len(due)-1]
	return longest.From(), longest.Until()
}
