// Package clock passes the time in, so that rules and tests decide what "today" is. What is stamped is told by
// db.DB.Now, in the time zone of the installation; System is for what ends at a moment, wherever one is.
package clock

import (
	"time"

	"github.com/openimis/openimis-be-go/internal/calendar"
)

// Clock tells the time.
type Clock func() time.Time

// System is the machine's clock, in UTC, to the millisecond that the legacy datetime columns keep.
func System() time.Time { return time.Now().UTC().Truncate(time.Millisecond) }

// Fixed always tells t.
func Fixed(t time.Time) Clock {
	t = t.UTC()
	return func() time.Time { return t }
}

// Today is the date of the moment that c tells, at midnight UTC.
func (c Clock) Today() time.Time { return Day(c()) }

// Day cuts the time of day off.
func Day(t time.Time) time.Time { return calendar.Day(t) }
