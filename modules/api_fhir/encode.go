package apifhir

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
)

// headRoom is kept free in front of the members for `{"resourceType":"…"`; the longest type name of R4
// has 33 letters.
const headRoom = 64

const headStart = `{"resourceType":"`

// Encode writes a resource (samply struct, pointer to one, or JSON that Encode made) as FHIR JSON:
// resourceType first, nothing empty, contained resources at the end.
func Encode(resource any, contained ...any) ([]byte, error) {
	return encode(resource, contained, nil)
}

// encode is Encode limited to the top members that keep names, unless that is nil.
func encode(resource any, contained []any, keep func(name string) bool) ([]byte, error) {
	raw, err := modelJSON(resource)
	if err != nil {
		return nil, fmt.Errorf("encode %T: %w", resource, err)
	}
	s := scrubber{in: raw, out: make([]byte, headRoom, headRoom+len(raw)+16), keep: keep}
	if err := s.run(); err != nil {
		return nil, fmt.Errorf("encode %T: %w", resource, err)
	}
	if len(s.resourceType) == 0 { // a struct of ours: its name is the type
		s.resourceType = []byte(typeName(resource))
	}
	if !isTypeName(s.resourceType) || len(s.out) == headRoom || s.out[headRoom] != '{' {
		return nil, fmt.Errorf("encode %T: it has no resourceType", resource)
	}
	out := s.withHead()
	if len(contained) == 0 {
		return out, nil
	}
	out = append(out[:len(out)-1], `,"contained":[`...)
	for i, c := range contained {
		b, err := encode(c, nil, nil)
		if err != nil {
			return nil, fmt.Errorf("contained[%d]: %w", i, err)
		}
		if i > 0 {
			out = append(out, ',')
		}
		out = append(out, b...)
	}
	return append(out, ']', '}'), nil
}

// withHead puts resourceType into the room in front of the members.
func (s *scrubber) withHead() []byte {
	brace := headRoom // where the object's { stands
	tail := 1         // the closing quote takes its place
	if s.out[brace+1] != '}' {
		tail = 2 // and a comma
	}
	from := brace + 1 - len(headStart) - len(s.resourceType) - tail
	n := from + copy(s.out[from:], headStart)
	n += copy(s.out[n:], s.resourceType)
	s.out[n] = '"'
	if tail == 2 {
		s.out[n+1] = ','
	}
	return s.out[from:]
}

// modelJSON is json.Marshal without its second pass over what the model's own MarshalJSON gives; the
// scrubber checks that anyway.
func modelJSON(resource any) ([]byte, error) {
	v := reflect.ValueOf(resource)
	if !v.IsValid() || v.Kind() == reflect.Pointer && v.IsNil() {
		return nil, fmt.Errorf("there is no resource")
	}
	if m, ok := resource.(json.Marshaler); ok {
		return m.MarshalJSON()
	}
	return json.Marshal(resource)
}

// ours is the package of the structs that say their type by their name, and of those below it.
var ours = reflect.TypeFor[Bundle]().PkgPath()

// typeName is the name of a resource's struct, if it is one of ours: their names are the types.
func typeName(resource any) string {
	t := reflect.TypeOf(resource)
	for t != nil && t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if t == nil || t.Kind() != reflect.Struct || !strings.HasPrefix(t.PkgPath(), ours) {
		return ""
	}
	return t.Name()
}

func isTypeName(b []byte) bool {
	if len(b) == 0 || len(b) > headRoom-len(headStart)-2 || b[0] < 'A' || b[0] > 'Z' {
		return false
	}
	for _, c := range b {
		if c|0x20 < 'a' || c|0x20 > 'z' {
			return false
		}
	}
	return true
}

// mandatoryMembers lists the top members of a model that _elements must not take away: those that the
// generator gave no omitempty, because FHIR requires them.
func mandatoryMembers(resource any) []string {
	t := reflect.TypeOf(resource)
	if t != nil && t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if t == nil || t.Kind() != reflect.Struct {
		return nil
	}
	var names []string
	for i := range t.NumField() {
		name, options, _ := strings.Cut(t.Field(i).Tag.Get("json"), ",")
		if name != "" && name != "-" && options != "omitempty" {
			names = append(names, name)
		}
	}
	return names
}
