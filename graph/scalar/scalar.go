// Package scalar says how scalars of a GraphQL schema are read and written. A Scalar is a value, so that
// each contract has its own spelling of dates and numbers. Start with Of.
package scalar

import (
	"fmt"
	"reflect"
	"strconv"
	"time"

	"github.com/99designs/gqlgen/graphql"
)

// Scalar is the spelling of one scalar. Values of it have the Go type Type.
type Scalar struct {
	Type reflect.Type
	// Append writes a value of Type as JSON.
	Append func(b []byte, v reflect.Value) []byte
	// Read sets a value of Type to what a client sent. Its error says what is expected.
	Read func(sent any, to reflect.Value) error
}

// Of makes a Scalar whose values are T.
func Of[T any](write func(b []byte, v T) []byte, read func(sent any) (T, error)) Scalar {
	return Scalar{
		Type: reflect.TypeFor[T](),
		Append: func(b []byte, v reflect.Value) []byte {
			if v.CanAddr() {
				return write(b, *v.Addr().Interface().(*T)) // no copy on the heap
			}
			return write(b, v.Interface().(T))
		},
		Read: func(sent any, to reflect.Value) error {
			v, err := read(sent)
			if err == nil {
				*to.Addr().Interface().(*T) = v
			}
			return err
		},
	}
}

// The scalars of GraphQL itself that every contract spells in the same way. ID and enumerations are Text.
var (
	Int     = Of(func(b []byte, v int) []byte { return strconv.AppendInt(b, int64(v), 10) }, graphql.UnmarshalInt)
	Boolean = Of(strconv.AppendBool, graphql.UnmarshalBoolean)
	Text    = Of(AppendText, graphql.UnmarshalString)
)

// AppendText writes a text as JSON.
func AppendText(b []byte, s string) []byte {
	from := 0
	b = append(b, '"')
	for i := 0; i < len(s); i++ {
		if c := s[i]; c < ' ' || c == '"' || c == '\\' {
			b = append(b, s[from:i]...)
			from = i + 1
			switch c {
			case '"', '\\':
				b = append(b, '\\', c)
			case '\n':
				b = append(b, '\\', 'n')
			case '\r':
				b = append(b, '\\', 'r')
			case '\t':
				b = append(b, '\\', 't')
			default:
				b = fmt.Appendf(b, `\u%04x`, c)
			}
		}
	}
	return append(append(b, s[from:]...), '"')
}

// ReadDay reads a date, 2026-12-31; a time of day behind it is dropped.
func ReadDay(sent any) (time.Time, error) {
	s, _ := sent.(string)
	if len(s) >= 10 {
		if t, err := time.Parse(time.DateOnly, s[:10]); err == nil {
			return t, nil
		}
	}
	return time.Time{}, fmt.Errorf("%v is not a date; 2026-12-31 is expected", sent)
}

// ReadMoment reads a timestamp, in UTC when it has no offset.
func ReadMoment(sent any) (time.Time, error) {
	s, _ := sent.(string)
	for _, layout := range []string{"2006-01-02T15:04:05.999999999", time.RFC3339Nano, time.DateOnly} {
		if t, err := time.Parse(layout, s); err == nil {
			return t.UTC(), nil
		}
	}
	return time.Time{}, fmt.Errorf("%v is not a timestamp; 2026-12-31T23:59:59 is expected", sent)
}
