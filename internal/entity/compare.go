package entity

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/shopspring/decimal"

	"github.com/openimis/openimis-be-go/internal/db"
	"github.com/openimis/openimis-be-go/internal/fault"
	"github.com/openimis/openimis-be-go/internal/relay"
)

// compare adds one comparison.
func (q *query) compare(arg string, t target, v any) error {
	column := fmt.Sprintf(`%s."%s"`, t.alias, t.column)
	add := func(where string, args ...any) error {
		q.where.And(where, args...)
		return nil
	}
	text := strings.TrimSpace(textOf(v)) // as Django's forms do
	if t.id {
		text = relay.Key(text)
	}
	limits := rangeOf(t.of, t.column)
	switch t.kind {
	case kindText:
		q.few = q.few || !t.id && len(text) >= 3 // genders and the like leave many
		switch t.op {
		case "contains":
			return add("$like("+column+", ?)", db.Contains(text))
		case "starts":
			return add("$starts("+column+", ?)", db.StartsWith(text))
		case "=":
			return add("$eq("+column+", ?)", text)
		}
		return add("$ci("+column+") "+t.op+" $ci(?)", text)
	case kindInt:
		n, err := strconv.Atoi(text)
		if err == nil && n != int(int32(n)) || errors.Is(err, strconv.ErrRange) { // compared like any other
			if where, beyond := limits.beyond(column, t.op, beyondAll(text)); beyond {
				return add(where)
			}
		}
		if err != nil || n != int(int32(n)) {
			if t.id {
				return fault.Input(arg, "Argument %q: %q is not an id; a global id or a whole number is expected.", arg, textOf(v))
			}
			return fault.Input(arg, "Argument %q: %q is not a whole number.", arg, text)
		}
		q.few = q.few || t.id
		if where, beyond := limits.beyond(column, t.op, decimal.NewFromInt(int64(n))); beyond {
			return add(where)
		}
		return add(column+" "+t.op+" ?", n)
	case kindBool:
		b, err := strconv.ParseBool(text)
		if err != nil {
			return fault.Input(arg, "Argument %q: %q is neither true nor false.", arg, text)
		}
		if b {
			return add(column + " = $true")
		}
		return add(column + " = $false")
	case kindFloat:
		d, err := decimal.NewFromString(text)
		if err != nil {
			return fault.Input(arg, "Argument %q: %q is not a number.", arg, text)
		}
		d = d.Round(10) // SQL Server reads it from a text
		if where, beyond := limits.beyond(column, t.op, d); beyond {
			return add(where)
		}
		return add(column+" "+t.op+" ?", d)
	case kindUUID:
		u, ok := db.ParseUUID(text)
		if !ok {
			return fault.Input(arg, "Argument %q: %q is not a UUID.", arg, text)
		}
		return add(column+" = ?", db.DjangoUUID(u)) // entities with such a key are tables of the Python backend
	case kindDate:
		return q.compareDate(arg, column, t.op, text, limits, add)
	case kindDateTime:
		at, dateOnly, err := parseTime(text)
		if err != nil {
			return fault.Input(arg, "Argument %q: %v.", arg, err)
		}
		if dateOnly {
			return q.compareDate(arg, column, t.op, text, limits, add)
		}
		if where, beyond := limits.outside(column, t.op, at); beyond {
			return add(where)
		}
		return add(column+" "+t.op+" ?", at)
	}
	return fault.Input(arg, "Argument %q cannot be compared.", arg)
}

// beyondAll stands for a whole number that no column holds, above or below all that columns hold.
func beyondAll(text string) decimal.Decimal {
	if strings.HasPrefix(text, "-") {
		return decimal.New(-1, 20)
	}
	return decimal.New(1, 20)
}

// compareDate compares whole days, whatever time of day the column has: legacy dates are often
// datetime columns. It never applies a function to the column, so that an index can be used.
func (q *query) compareDate(arg, column, op, text string, limits limits, add func(string, ...any) error) error {
	day, _, err := parseTime(text)
	if err != nil {
		return fault.Input(arg, "Argument %q: %v.", arg, err)
	}
	bound := func(op string, at time.Time) error {
		if where, beyond := limits.outside(column, op, at); beyond {
			return add(where)
		}
		return add(column+" "+op+" ?", db.Date(at))
	}
	next := day.AddDate(0, 0, 1)
	switch op {
	case "<", ">=":
		return bound(op, day)
	case "<=":
		return bound("<", next)
	case ">":
		return bound(">=", next)
	}
	if err := bound(">=", day); err != nil {
		return err
	}
	return bound("<", next)
}

// parseTime reads a Date or DateTime argument.
func parseTime(s string) (t time.Time, dateOnly bool, err error) {
	if t, err = time.Parse("2006-01-02", s); err == nil {
		return t, true, nil
	}
	for _, layout := range []string{"2006-01-02T15:04:05.999999999", "2006-01-02T15:04:05.999999999Z07:00", "2006-01-02 15:04:05.999999999", "2006-01-02T15:04", "2006-01-02 15:04"} {
		if t, err = time.Parse(layout, s); err == nil {
			return t.UTC(), false, nil
		}
	}
	return t, false, fmt.Errorf("%s is not a date; 2026-12-31 or 2026-12-31T23:59:59 is expected", fault.Quote(s))
}

func textOf(v any) string {
	switch x := v.(type) {
	case string:
		return x
	case json.Number:
		return x.String()
	case float64:
		return strconv.FormatFloat(x, 'f', -1, 64)
	case nil:
		return ""
	}
	return fmt.Sprint(v)
}
