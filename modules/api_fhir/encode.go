package apifhir

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"

	"github.com/samply/golang-fhir-models/fhir-models/fhir"
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
	return appendResource(nil, resource, contained, keep)
}

// appendResource appends what encode gives.
func appendResource(out []byte, resource any, contained []any, keep func(name string) bool) ([]byte, error) {
	out, plain, err := appendPlain(out, resource, keep)
	if !plain && err == nil {
		var members []byte
		var kind string
		if members, kind, err = scrubbed(resource, keep); err == nil {
			if !isTypeName([]byte(kind)) || len(members) == headRoom || members[headRoom] != '{' {
				return nil, fmt.Errorf("encode %T: it has no resourceType", resource)
			}
			out = append(out, withHead(members, kind)...)
		}
	}
	if err != nil {
		return nil, fmt.Errorf("encode %T: %w", resource, err)
	}
	if len(contained) == 0 {
		return out, nil
	}
	out = append(out[:len(out)-1], `,"contained":[`...)
	for i, c := range contained {
		if i > 0 {
			out = append(out, ',')
		}
		if out, err = appendResource(out, c, nil, nil); err != nil {
			return nil, fmt.Errorf("contained[%d]: %w", i, err)
		}
	}
	return append(out, ']', '}'), nil
}

// scrubbed writes a resource through encoding/json and the scrubber, with room in front for its type.
func scrubbed(resource any, keep func(name string) bool) (out []byte, kind string, err error) {
	raw, err := modelJSON(resource)
	if err != nil {
		return nil, "", err
	}
	s := scrubber{in: raw, out: make([]byte, headRoom, headRoom+len(raw)+16), keep: keep}
	if err := s.run(); err != nil {
		return nil, "", err
	}
	if len(s.resourceType) == 0 { // a struct of ours: its name is the type
		return s.out, typeName(resource), nil
	}
	return s.out, string(s.resourceType), nil
}

// withHead puts resourceType into the room in front of the members.
func withHead(members []byte, kind string) []byte {
	brace := headRoom // where the object's { stands
	tail := 1         // the closing quote takes its place
	if members[brace+1] != '}' {
		tail = 2 // and a comma
	}
	from := brace + 1 - len(headStart) - len(kind) - tail
	n := from + copy(members[from:], headStart)
	n += copy(members[n:], kind)
	members[n] = '"'
	if tail == 2 {
		members[n+1] = ','
	}
	return members[from:]
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

// modelsPackage is that of the structs of R4.
var modelsPackage = reflect.TypeFor[fhir.Patient]().PkgPath()

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
