package contract2019

import (
	"bytes"
	"encoding/json"
	"fmt"
	"sort"
	"strings"
	"unicode/utf16"

	"github.com/vektah/gqlparser/v2/ast"
)

// logInput writes the input of a mutation as the Python backend logged it: JSON in snake_case with the
// members in the order of the schema, in the spelling of json.dumps.
func logInput(s *ast.Schema, t *ast.Type, input map[string]any) (json.RawMessage, error) {
	var b bytes.Buffer
	if err := writeInput(&b, s, t, input); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

// writeInput writes a value of an input type, in the spelling of Python's json.dumps.
func writeInput(b *bytes.Buffer, s *ast.Schema, t *ast.Type, v any) error {
	if _, list := v.([]any); t.Elem != nil && v != nil && !list { // GraphQL lets one value stand for a list of it
		v = []any{v}
	}
	switch x := v.(type) {
	case nil:
		b.WriteString("null")
	case map[string]any:
		return writeObject(b, s, s.Types[t.Name()], x)
	case []any:
		b.WriteByte('[')
		for i, e := range x {
			if i > 0 {
				b.WriteString(", ")
			}
			elem := t
			if t.Elem != nil {
				elem = t.Elem
			}
			if err := writeInput(b, s, elem, e); err != nil {
				return err
			}
		}
		b.WriteByte(']')
	case string:
		writeText(b, x)
	default:
		text, err := json.Marshal(x)
		if err != nil {
			return fmt.Errorf("input %v: %w", x, err)
		}
		b.Write(text)
	}
	return nil
}

// writeText writes a text as json.dumps does: in ASCII, and without the escapes of HTML.
func writeText(b *bytes.Buffer, s string) {
	b.WriteByte('"')
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case r >= ' ' && r <= '~':
			b.WriteRune(r)
		case strings.ContainsRune("\b\f\n\r\t", r):
			b.WriteString(map[rune]string{'\b': `\b`, '\f': `\f`, '\n': `\n`, '\r': `\r`, '\t': `\t`}[r])
		default:
			for _, u := range utf16.Encode([]rune{r}) {
				fmt.Fprintf(b, `\u%04x`, u)
			}
		}
	}
	b.WriteByte('"')
}

func writeObject(b *bytes.Buffer, s *ast.Schema, def *ast.Definition, members map[string]any) error {
	b.WriteByte('{')
	first := true
	write := func(name string, t *ast.Type, v any) error {
		if !first {
			b.WriteString(", ")
		}
		first = false
		b.WriteString(`"` + snake(name) + `": `)
		return writeInput(b, s, t, v)
	}
	seen := map[string]bool{}
	if def != nil {
		for _, f := range def.Fields {
			seen[f.Name] = true
			if v, given := members[f.Name]; given {
				if err := write(f.Name, f.Type, v); err != nil {
					return err
				}
			}
		}
	}
	var rest []string
	for name := range members {
		if !seen[name] {
			rest = append(rest, name)
		}
	}
	sort.Strings(rest)
	for _, name := range rest {
		if err := write(name, ast.NamedType("String", nil), members[name]); err != nil {
			return err
		}
	}
	b.WriteByte('}')
	return nil
}

// snake turns camelCase into snake_case: icd1Id into icd_1_id, as graphene does.
func snake(s string) string {
	var b strings.Builder
	for i, c := range s {
		switch {
		case c >= 'A' && c <= 'Z':
			if i > 0 {
				b.WriteByte('_')
			}
			b.WriteRune(c + 'a' - 'A')
		case c >= '0' && c <= '9' && i > 0 && !(s[i-1] >= '0' && s[i-1] <= '9'):
			b.WriteByte('_')
			b.WriteRune(c)
		default:
			b.WriteRune(c)
		}
	}
	return b.String()
}
