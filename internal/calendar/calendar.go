// Package calendar does date arithmetic the way the legacy procedures do it in T-SQL. All dates are midnight UTC.
package calendar

import "time"

// AdultAge is the number of calendar years from which a person is an adult.
const AdultAge = 18

// AddMonths is DATEADD(MONTH, n, d): a day that the target month does not have becomes its last day.
func AddMonths(d time.Time, n int) time.Time {
	first := time.Date(d.Year(), d.Month()+time.Month(n), 1, 0, 0, 0, 0, time.UTC)
	last := first.AddDate(0, 1, -1)
	return first.AddDate(0, 0, min(d.Day(), last.Day())-1)
}

// AddDays is DATEADD(DAY, n, d).
func AddDays(d time.Time, n int) time.Time { return d.AddDate(0, 0, n) }

// Years is DATEDIFF(YEAR, from, to): boundaries of calendar years, not elapsed years.
func Years(from, to time.Time) int { return to.Year() - from.Year() }

// Months is DATEDIFF(MONTH, from, to): boundaries of calendar months.
func Months(from, to time.Time) int {
	return 12*(to.Year()-from.Year()) + int(to.Month()) - int(from.Month())
}

// Days is DATEDIFF(DAY, from, to).
func Days(from, to time.Time) int { return int(to.Sub(from).Hours() / 24) }

// IsAdult says whether a person counts as an adult on a day: since 1 January of the year of the 18th birthday.
// Somebody whose date of birth is not known (PostgreSQL only) counts as one.
func IsAdult(birth *time.Time, on time.Time) bool {
	return birth == nil || Years(*birth, on) >= AdultAge
}

// Day cuts the time of day off.
func Day(t time.Time) time.Time {
	y, m, d := t.Date()
	return time.Date(y, m, d, 0, 0, 0, 0, time.UTC)
}
