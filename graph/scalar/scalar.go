// Package scalar writes and reads the scalars of the 2019 contract as graphene did.
package scalar

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/shopspring/decimal"
)

// MarshalAmount writes a decimal as a number, in the form Python writes it: 10.0, 100.5.
func MarshalAmount(d decimal.Decimal) graphql.Marshaler {
	return graphql.WriterFunc(func(w io.Writer) {
		s := d.String()
		if !strings.Contains(s, ".") {
			s += ".0"
		}
		_, _ = io.WriteString(w, s)
	})
}

// UnmarshalAmount reads a number or its text.
func UnmarshalAmount(v any) (decimal.Decimal, error) {
	d, err := decimal.NewFromString(fmt.Sprint(v))
	if err != nil {
		return d, fmt.Errorf("%v is no number", v)
	}
	return d, nil
}

// MarshalDecimal writes a decimal as a text.
func MarshalDecimal(d decimal.Decimal) graphql.Marshaler {
	return graphql.MarshalString(d.StringFixed(2))
}

// UnmarshalDecimal reads a number or its text.
func UnmarshalDecimal(v any) (decimal.Decimal, error) { return UnmarshalAmount(v) }

// MarshalDate writes a date.
func MarshalDate(t time.Time) graphql.Marshaler {
	return graphql.MarshalString(t.Format("2006-01-02"))
}

// UnmarshalDate reads a date; a time of day is dropped.
func UnmarshalDate(v any) (time.Time, error) {
	s, _ := v.(string)
	if len(s) >= 10 {
		if t, err := time.Parse("2006-01-02", s[:10]); err == nil {
			return t, nil
		}
	}
	return time.Time{}, fmt.Errorf("%v is no date; 2026-12-31 is expected", v)
}

// MarshalDateTime writes a timestamp as Python's isoformat does.
func MarshalDateTime(t time.Time) graphql.Marshaler {
	if t.Nanosecond() == 0 {
		return graphql.MarshalString(t.Format("2006-01-02T15:04:05"))
	}
	return graphql.MarshalString(t.Format("2006-01-02T15:04:05.000000"))
}

// UnmarshalDateTime reads a timestamp, in UTC when it has no offset.
func UnmarshalDateTime(v any) (time.Time, error) {
	s, _ := v.(string)
	for _, layout := range []string{"2006-01-02T15:04:05.999999999", time.RFC3339Nano, "2006-01-02"} {
		if t, err := time.Parse(layout, s); err == nil {
			return t.UTC(), nil
		}
	}
	return time.Time{}, fmt.Errorf("%v is no timestamp; 2026-12-31T23:59:59 is expected", v)
}
