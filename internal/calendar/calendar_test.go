package calendar

import (
	"testing"
	"time"
)

func day(s string) time.Time {
	t, err := time.Parse(time.DateOnly, s)
	if err != nil {
		panic(err)
	}
	return t
}

func TestAddMonthsClipsToTheLastDay(t *testing.T) {
	for _, c := range []struct {
		from   string
		months int
		want   string
	}{
		{"2019-01-31", 1, "2019-02-28"}, {"2020-01-31", 1, "2020-02-29"}, {"2020-02-29", 12, "2021-02-28"},
		{"2019-12-31", 2, "2020-02-29"}, {"2019-03-31", -1, "2019-02-28"}, {"2019-01-15", -13, "2017-12-15"},
	} {
		if got := AddMonths(day(c.from), c.months); !got.Equal(day(c.want)) {
			t.Errorf("%s %+d months: %s, want %s", c.from, c.months, got.Format(time.DateOnly), c.want)
		}
	}
}

func TestDifferencesCountBoundaries(t *testing.T) {
	from, to := day("2018-12-31"), day("2019-01-01")
	if Years(from, to) != 1 || Months(from, to) != 1 || Days(from, to) != 1 {
		t.Errorf("%d years, %d months, %d days", Years(from, to), Months(from, to), Days(from, to))
	}
	if !IsAdult(new(day("2001-12-31")), to) || IsAdult(new(day("2002-01-01")), to) || !IsAdult(nil, to) {
		t.Error("adult is who turns 18 in the year, or has no date of birth")
	}
}
