package entity

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/openimis/openimis-be-go/internal/db"
	"github.com/openimis/openimis-be-go/internal/schema"
)

// kindOfColumn tells texts from numbers among key columns.
func kindOfColumn(c *schema.Column) kind {
	switch c.Type {
	case schema.Text, schema.GUID:
		return kindText
	}
	return kindInt
}

// keyCell reads a key.
type keyCell struct{ key }

// Scan implements sql.Scanner.
func (k *keyCell) Scan(src any) error {
	k.key = key{}
	switch v := src.(type) {
	case nil:
		k.null = true
	case int64:
		k.n = v
	case string:
		k.s = v
	case []byte:
		var u db.UUID
		if len(v) == 16 {
			if err := u.Scan(v); err != nil {
				return err
			}
			k.s = string(u)
		} else {
			k.s = string(v)
		}
	default:
		k.s = fmt.Sprint(v)
	}
	return nil
}

// text is the key as it is shown.
func (k key) text() string {
	if k.s != "" {
		return k.s
	}
	return strconv.FormatInt(k.n, 10)
}

// jsonCell writes a column's value into the arena as it is scanned, so that a row costs no values.
type jsonCell struct {
	loader *loader
	column planColumn
	span   span
}

// Scan implements sql.Scanner.
func (c *jsonCell) Scan(src any) error {
	from := len(c.loader.arena)
	if src != nil {
		out, err := c.append(c.loader.arena, src)
		if err != nil {
			return fmt.Errorf("column %s: %w", c.column.name, err)
		}
		c.loader.arena = out
	}
	c.span = span{int32(from), int32(len(c.loader.arena))}
	return nil
}

func (c *jsonCell) append(b []byte, src any) ([]byte, error) {
	if comp := c.column.computed; comp != nil {
		return c.compute(b, comp, src)
	}
	switch c.column.kind {
	case kindText:
		switch v := src.(type) {
		case string:
			return appendString(b, v), nil
		case []byte:
			return appendString(b, string(v)), nil
		}
		return appendString(b, fmt.Sprint(src)), nil
	case kindInt:
		switch v := src.(type) {
		case int64:
			return strconv.AppendInt(b, v, 10), nil
		case bool:
			if v {
				return append(b, '1'), nil
			}
			return append(b, '0'), nil
		case float64:
			return strconv.AppendInt(b, int64(v), 10), nil
		}
		s := strings.TrimSpace(asText(src))
		if n, err := strconv.ParseInt(s, 10, 64); err == nil {
			return strconv.AppendInt(b, n, 10), nil
		}
		return b, fmt.Errorf("%q is not a whole number", s)
	case kindBool:
		switch v := src.(type) {
		case bool:
			return strconv.AppendBool(b, v), nil
		case int64:
			return strconv.AppendBool(b, v != 0), nil
		}
		return b, fmt.Errorf("%T is not a boolean", src)
	case kindFloat:
		return c.loader.spelling.Amount(b, asText(src)), nil
	case kindDate, kindDateTime:
		t, err := asTime(src)
		if err != nil {
			return b, err
		}
		if c.column.kind == kindDate {
			return append(t.AppendFormat(append(b, '"'), time.DateOnly), '"'), nil
		}
		return c.loader.spelling.Moment(b, t), nil
	case kindUUID:
		var u db.UUID
		if err := u.Scan(src); err != nil {
			return b, err
		}
		return appendString(b, string(u)), nil
	}
	return b, fmt.Errorf("unknown kind")
}

func (c *jsonCell) compute(b []byte, comp *Computed, src any) ([]byte, error) {
	t, err := asTime(src)
	if err != nil {
		return b, err
	}
	if n := comp.Int(c.loader.now, t); n != nil {
		return strconv.AppendInt(b, int64(*n), 10), nil
	}
	return b, nil
}

func asText(src any) string {
	switch v := src.(type) {
	case string:
		return v
	case []byte:
		return string(v)
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64)
	}
	return fmt.Sprint(src)
}

func asTime(src any) (time.Time, error) {
	switch v := src.(type) {
	case time.Time:
		return v.UTC(), nil
	case string:
		t, _, err := parseTime(v)
		return t, err
	case []byte:
		t, _, err := parseTime(string(v))
		return t, err
	}
	return time.Time{}, fmt.Errorf("%T is not a time", src)
}

// appendString writes a JSON string.
func appendString(b []byte, s string) []byte {
	b = append(b, '"')
	from := 0
	for i := 0; i < len(s); {
		c := s[i]
		if c >= 0x20 && c != '"' && c != '\\' && c < utf8.RuneSelf {
			i++
			continue
		}
		if c < utf8.RuneSelf {
			b = append(b, s[from:i]...)
			b = appendEscape(b, c)
			i++
			from = i
			continue
		}
		r, n := utf8.DecodeRuneInString(s[i:])
		if r == utf8.RuneError && n == 1 || r == '\u2028' || r == '\u2029' {
			b = append(b, s[from:i]...)
			quoted, _ := json.Marshal(string(r))
			b = append(b, quoted[1:len(quoted)-1]...)
			i += n
			from = i
			continue
		}
		i += n
	}
	b = append(b, s[from:]...)
	return append(b, '"')
}

func appendEscape(b []byte, c byte) []byte {
	switch c {
	case '"', '\\':
		return append(b, '\\', c)
	case '\n':
		return append(b, '\\', 'n')
	case '\r':
		return append(b, '\\', 'r')
	case '\t':
		return append(b, '\\', 't')
	}
	const hex = "0123456789abcdef"
	return append(b, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
}
