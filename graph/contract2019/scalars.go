package contract2019

import (
	"fmt"
	"strings"
	"time"

	"github.com/shopspring/decimal"

	"github.com/openimis/openimis-be-go/graph/scalar"
)

// scalars are spelled as graphene-django of 2019 spells them.
var scalars = map[string]scalar.Scalar{
	"Int":      scalar.Int,
	"SmallInt": scalar.Int,
	"TinyInt":  scalar.Int,
	"Boolean":  scalar.Boolean,
	"String":   scalar.Text,
	"ID":       scalar.Text,
	"UUID":     scalar.Text,
	"Float":    scalar.Of(appendFloat, readNumber),
	"Decimal":  scalar.Of(func(b []byte, d decimal.Decimal) []byte { return scalar.AppendText(b, d.StringFixed(2)) }, readNumber),
	"Date":     scalar.Of(func(b []byte, t time.Time) []byte { return scalar.AppendText(b, t.Format(time.DateOnly)) }, scalar.ReadDay),
	"DateTime": scalar.Of(appendMoment, scalar.ReadMoment),
}

// appendFloat writes a decimal as Python writes the number: 10.0, 100.5.
func appendFloat(b []byte, d decimal.Decimal) []byte { return appendAmount(b, d.String()) }

// appendAmount is appendFloat of the digits that a database has. None is lost.
func appendAmount(b []byte, digits string) []byte {
	whole, fraction, _ := strings.Cut(digits, ".")
	b = append(append(b, whole...), '.')
	if fraction = strings.TrimRight(fraction, "0"); fraction == "" {
		fraction = "0"
	}
	return append(b, fraction...)
}

// appendMoment writes a timestamp as Python's isoformat does: microseconds only when there are any.
func appendMoment(b []byte, t time.Time) []byte {
	if t.Nanosecond() == 0 {
		return scalar.AppendText(b, t.Format("2006-01-02T15:04:05"))
	}
	return scalar.AppendText(b, t.Format("2006-01-02T15:04:05.000000"))
}

// readNumber reads a number or its text.
func readNumber(sent any) (decimal.Decimal, error) {
	d, err := decimal.NewFromString(fmt.Sprint(sent))
	if err != nil {
		return d, fmt.Errorf("%v is not a number", sent)
	}
	return d, nil
}
