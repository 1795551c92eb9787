package importer

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"
	"github.com/shopspring/decimal"

	"github.com/openimis/openimis-be-go/internal/db"
	"github.com/openimis/openimis-be-go/internal/schema"
)

// value makes a JSON value, which is not null, fit a column.
func value(spec schema.Spec, v any) (any, error) {
	convert, ok := converters[spec.Type]
	if !ok {
		return nil, fmt.Errorf("columns of type %s cannot be imported", spec.Type)
	}
	return convert(spec, v)
}

var converters = map[schema.Kind]func(schema.Spec, any) (any, error){
	schema.Int:           whole(math.MinInt32, math.MaxInt32),
	schema.SmallInt:      whole(math.MinInt16, math.MaxInt16),
	schema.TinyInt:       whole(0, math.MaxUint8),
	schema.BigInt:        whole(math.MinInt64, math.MaxInt64),
	schema.Bit:           bit,
	schema.Decimal:       number,
	schema.Text:          text,
	schema.JSON:          document,
	schema.GUID:          guid,
	schema.Date:          date,
	schema.DateTime:      timestamp,
	schema.SmallDateTime: timestamp,
	schema.Binary:        binary,
}

func whole(low, high int64) func(schema.Spec, any) (any, error) {
	return func(_ schema.Spec, v any) (any, error) {
		n, ok := v.(json.Number)
		if ok {
			d, err := decimal.NewFromString(n.String())
			if err == nil && d.IsInteger() && d.GreaterThanOrEqual(decimal.NewFromInt(low)) && d.LessThanOrEqual(decimal.NewFromInt(high)) {
				return d.IntPart(), nil
			}
		}
		return nil, wrong(v, fmt.Sprintf("a whole number from %d to %d", low, high))
	}
}

func bit(_ schema.Spec, v any) (any, error) {
	switch x := v.(type) {
	case bool:
		return x, nil
	case json.Number:
		if x == "0" || x == "1" {
			return x == "1", nil
		}
	}
	return nil, wrong(v, "true or false")
}

// number keeps decimals exact; a value that the column would cut is refused.
func number(spec schema.Spec, v any) (any, error) {
	n, ok := v.(json.Number)
	if ok {
		d, err := decimal.NewFromString(n.String())
		limit := decimal.New(1, int32(spec.Precision-spec.Scale))
		if err == nil && d.Equal(d.Truncate(int32(spec.Scale))) && d.Abs().LessThan(limit) {
			return d, nil
		}
	}
	return nil, wrong(v, fmt.Sprintf("a number of %d digits, %d of them decimals", spec.Precision, spec.Scale))
}

func text(spec schema.Spec, v any) (any, error) {
	s, ok := v.(string)
	if !ok && spec.Size == 0 { // configurations are texts that hold JSON
		return document(spec, v)
	}
	if ok && spec.Size > 0 && utf8.RuneCountInString(s) > spec.Size {
		s = strings.TrimRight(s, " ")
		ok = utf8.RuneCountInString(s) <= spec.Size
	}
	if !ok {
		return nil, wrong(v, fmt.Sprintf("a text of %d characters at most", spec.Size))
	}
	return s, nil
}

// document takes JSON as it is, or as a text that holds it.
func document(spec schema.Spec, v any) (any, error) {
	switch x := v.(type) {
	case string:
		if spec.Type == schema.Text || json.Valid([]byte(x)) {
			return x, nil
		}
	case map[string]any, []any:
		var b bytes.Buffer
		enc := json.NewEncoder(&b)
		enc.SetEscapeHTML(false)
		if err := enc.Encode(x); err != nil {
			return nil, err
		}
		return strings.TrimSpace(b.String()), nil
	}
	return nil, wrong(v, "a text or a JSON document")
}

func guid(_ schema.Spec, v any) (any, error) {
	if s, ok := v.(string); ok {
		if u, err := uuid.Parse(strings.TrimSpace(s)); err == nil {
			return u.String(), nil
		}
	}
	return nil, wrong(v, "a GUID")
}

// Spellings of dates and timestamps in dumps of the three engines. Without an offset a timestamp is
// naive, as the legacy database has it, and taken for UTC.
var (
	dateForm   = "2006-01-02"
	timeForms  = []string{time.RFC3339Nano, "2006-01-02T15:04:05.999999999", "2006-01-02 15:04:05.999999999", "2006-01-02 15:04:05.999999999Z07:00", "2006-01-02 15:04:05.999999999Z07", dateForm}
	dateExpect = "a date such as 2019-06-30"
	timeExpect = "a timestamp such as 2019-06-30T12:00:00.123+00:00"
)

func timestamp(_ schema.Spec, v any) (any, error) {
	if s, ok := v.(string); ok {
		for _, form := range timeForms {
			if t, err := time.Parse(form, s); err == nil {
				return t.UTC(), nil
			}
		}
	}
	return nil, wrong(v, timeExpect)
}

// date takes the day that is written, whatever the offset; a time of day must be midnight.
func date(_ schema.Spec, v any) (any, error) {
	if s, ok := v.(string); ok {
		for _, form := range timeForms {
			t, err := time.Parse(form, s)
			if err == nil && t.Hour() == 0 && t.Minute() == 0 && t.Second() == 0 {
				return db.Date(time.Date(t.Year(), t.Month(), t.Day(), 0, 0, 0, 0, time.UTC)), nil
			}
		}
	}
	return nil, wrong(v, dateExpect)
}

// binary takes hexadecimal digits after \x or 0x, as PostgreSQL and SQL Server write them.
func binary(spec schema.Spec, v any) (any, error) {
	if s, ok := v.(string); ok {
		for _, prefix := range []string{`\x`, "0x"} {
			if digits, ok := strings.CutPrefix(s, prefix); ok {
				if b, err := hex.DecodeString(digits); err == nil && (spec.Size == 0 || len(b) <= spec.Size) {
					return b, nil
				}
			}
		}
	}
	return nil, wrong(v, fmt.Sprintf(`hexadecimal digits after \x or 0x, of %d bytes at most`, spec.Size))
}

// wrong says what a column allows; long values are cut, because they may hold a photo.
func wrong(v any, allowed string) error {
	b, err := json.Marshal(v)
	if err != nil {
		b = []byte("the value")
	}
	shown := []rune(string(b))
	if len(shown) > 60 {
		shown = append(shown[:60], '…')
	}
	return fmt.Errorf("%s is not allowed; allowed: %s", string(shown), allowed)
}
