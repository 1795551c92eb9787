package apifhir

import (
	"errors"
	"fmt"
)

// maxDepth bounds the nesting of JSON that the scrubber follows.
const maxDepth = 500

// scrubber copies JSON in one pass and leaves out what FHIR forbids and the models emit all the same:
// null, "", {} and [] after recursion, unused siblings of a choice element that are false or 0, control
// characters. White space between tokens goes too.
type scrubber struct {
	in  []byte
	i   int
	out []byte
	err error

	resourceType []byte                 // contents of the top member resourceType, which is not copied
	keep         func(name string) bool // top members to copy; nil means all
}

func (s *scrubber) run() error {
	s.value(0)
	if s.space(); s.err == nil && s.i != len(s.in) {
		s.fail("text after the value")
	}
	return s.err
}

// value copies one value and reports whether it was empty, in which case nothing was copied.
func (s *scrubber) value(depth int) (empty bool) {
	s.space()
	switch c := s.peek(); {
	case depth > maxDepth:
		s.fail("nested too deeply")
	case c == '{':
		return s.object(depth)
	case c == '[':
		return s.array(depth)
	case c == '"':
		return s.text()
	default:
		return s.literal()
	}
	return true
}

func (s *scrubber) object(depth int) (empty bool) {
	start := len(s.out)
	s.out = append(s.out, '{')
	var choice choiceMembers
	for first := true; s.next('}', first); first = false {
		mark := len(s.out)
		if mark > start+1 {
			s.out = append(s.out, ',')
		}
		name := s.name()
		from := len(s.out)
		empty := s.value(depth + 1)
		switch {
		case depth == 0 && string(name) == "resourceType" && !empty:
			s.resourceType = append([]byte(nil), trimQuotes(s.out[from:])...)
			s.out = s.out[:mark]
		case empty, depth == 0 && s.keep != nil && !s.keep(string(name)):
			s.out = s.out[:mark]
		default:
			choice.add(name, s.out[from:], mark, len(s.out))
		}
	}
	s.out = choice.dropZeros(s.out, start)
	if len(s.out) == start+1 && depth > 0 {
		s.out = s.out[:start]
		return true
	}
	s.out = append(s.out, '}')
	return false
}

func (s *scrubber) array(depth int) (empty bool) {
	start := len(s.out)
	s.out = append(s.out, '[')
	for first := true; s.next(']', first); first = false {
		mark := len(s.out)
		if mark > start+1 {
			s.out = append(s.out, ',')
		}
		if s.value(depth + 1) {
			s.out = s.out[:mark]
		}
	}
	if len(s.out) == start+1 {
		s.out = s.out[:start]
		return true
	}
	s.out = append(s.out, ']')
	return false
}

// next steps over the opening bracket or the comma before a member; false at the end or on an error.
func (s *scrubber) next(end byte, first bool) bool {
	if first {
		s.i++
	}
	s.space()
	switch c := s.peek(); {
	case s.err != nil:
		return false
	case c == end:
		s.i++
		return false
	case first:
		return true
	case c == ',':
		s.i++
		return true
	}
	s.fail("comma or end expected")
	return false
}

// name copies a member's name with its colon and returns it.
func (s *scrubber) name() []byte {
	s.space()
	if s.peek() != '"' {
		s.fail("member name expected")
		return nil
	}
	from := s.i
	s.skipText()
	if s.err != nil {
		return nil
	}
	quoted := s.in[from:s.i]
	if s.space(); s.peek() != ':' {
		s.fail("colon expected")
		return nil
	}
	s.i++
	s.out = append(append(s.out, quoted...), ':')
	return trimQuotes(quoted)
}

// skipText moves behind the string that starts here and says whether it has escapes.
func (s *scrubber) skipText() (escapes bool) {
	for s.i++; s.i < len(s.in); s.i++ {
		switch s.in[s.i] {
		case '"':
			s.i++
			return escapes
		case '\\':
			escapes = true
			s.i++
		}
	}
	s.fail("string without end")
	return escapes
}

// text copies a string without control characters; blank strings are empty.
func (s *scrubber) text() (empty bool) {
	from, start := s.i, len(s.out)
	escapes := s.skipText()
	if s.err != nil {
		return true
	}
	body := s.in[from+1 : s.i-1]
	s.out = append(s.out, '"')
	blank := true
	if !escapes {
		for _, c := range body {
			if c != ' ' {
				blank = false
				break
			}
		}
		s.out = append(s.out, body...)
	} else {
		for j := 0; j < len(body); j++ {
			n := 1
			if body[j] == '\\' {
				n = escapeLength(body[j:])
			}
			piece := body[j : j+n]
			j += n - 1
			if isControl(piece) {
				continue
			}
			blank = blank && isBlank(piece)
			s.out = append(s.out, piece...)
		}
	}
	if blank {
		s.out = s.out[:start]
		return true
	}
	s.out = append(s.out, '"')
	return false
}

// escapeLength is the length of the escape at the start of b, cut at the end of b.
func escapeLength(b []byte) int {
	if len(b) > 1 && b[1] == 'u' {
		return min(6, len(b))
	}
	return min(2, len(b))
}

// isControl says whether piece escapes a character that a FHIR string must not have.
func isControl(piece []byte) bool {
	if len(piece) == 2 {
		return piece[1] == 'b' || piece[1] == 'f'
	}
	if len(piece) != 6 || string(piece[2:4]) != "00" || piece[4] != '0' && piece[4] != '1' {
		return false
	}
	return piece[4] == '1' || piece[5] != '9' && piece[5]|0x20 != 'a' && piece[5]|0x20 != 'd'
}

func isBlank(piece []byte) bool {
	switch string(piece) {
	case " ", `\n`, `\r`, `\t`:
		return true
	}
	return false
}

// literal copies a number or a truth value; null is empty.
func (s *scrubber) literal() (empty bool) {
	from := s.i
	for s.i < len(s.in) && isLiteral(s.in[s.i]) {
		s.i++
	}
	lit := s.in[from:s.i]
	switch string(lit) {
	case "null":
		return true
	case "true", "false":
	default:
		if len(lit) == 0 || lit[0] != '-' && (lit[0] < '0' || lit[0] > '9') {
			s.fail("value expected")
			return true
		}
	}
	s.out = append(s.out, lit...)
	return false
}

func isLiteral(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c == '-' || c == '+' || c == '.' || c == 'E'
}

func (s *scrubber) space() {
	for s.i < len(s.in) {
		switch s.in[s.i] {
		case ' ', '\t', '\r', '\n':
			s.i++
		default:
			return
		}
	}
}

func (s *scrubber) peek() byte {
	if s.i < len(s.in) {
		return s.in[s.i]
	}
	return 0
}

// fail keeps the first error and ends every loop.
func (s *scrubber) fail(what string) {
	if s.err == nil {
		s.err = fmt.Errorf("JSON at byte %d: %w", s.i, errors.New(what))
	}
	s.i = len(s.in)
}

func trimQuotes(b []byte) []byte {
	if len(b) < 2 {
		return b
	}
	return b[1 : len(b)-1]
}

// choiceMembers collects the value[x] members of one object. The models give a required choice element
// all its types as plain fields, so a false or 0 beside another value[x] is one that was never set.
type choiceMembers struct {
	n     int
	zeros [][2]int
}

func (m *choiceMembers) add(name, value []byte, from, to int) {
	if isChoice(name) {
		m.count(value, from, to)
	}
}

// isChoice says whether a member is a value[x].
func isChoice(name []byte) bool {
	return len(name) > 5 && string(name[:5]) == "value" && name[5] >= 'A' && name[5] <= 'Z'
}

// count is add for a name of which that is known.
func (m *choiceMembers) count(value []byte, from, to int) {
	m.n++
	if string(value) == "false" || string(value) == "0" {
		m.zeros = append(m.zeros, [2]int{from, to})
	}
}

// dropZeros cuts the unset members out of the object that starts at start of out.
func (m *choiceMembers) dropZeros(out []byte, start int) []byte {
	if len(m.zeros) == 0 || len(m.zeros) == m.n {
		return out
	}
	for k := len(m.zeros) - 1; k >= 0; k-- {
		z := m.zeros[k]
		out = append(out[:z[0]], out[z[1]:]...)
	}
	if len(out) > start+1 && out[start+1] == ',' {
		out = append(out[:start+1], out[start+2:]...)
	}
	return out
}
