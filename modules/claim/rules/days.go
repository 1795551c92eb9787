package rules

import (
	"time"

	"github.com/openimis/openimis-be-go/internal/calendar"
)

// day counts days since 1970-01-01 in UTC, in which all dates come; time of day does not matter to any rule.
type day int32

func dayOf(t time.Time) day {
	const seconds = 24 * 60 * 60
	s := t.Unix()
	if s < 0 {
		s -= seconds - 1
	}
	return day(s / seconds)
}

// period of cover; both ends belong to it. A NULL end makes the comparison unknown: nothing is covered.
type period struct {
	known    bool
	from, to day
}

func periodOf(from, to *time.Time) period {
	if from == nil || to == nil {
		return period{}
	}
	return period{true, dayOf(*from), dayOf(*to)}
}

func (p period) covers(d day) bool { return p.known && p.from <= d && d <= p.to }

// addMonths is calendar.AddMonths for days.
func addMonths(d day, n int) day {
	if n == 0 {
		return d
	}
	return dayOf(calendar.AddMonths(time.Unix(int64(d)*86400, 0).UTC(), n))
}
