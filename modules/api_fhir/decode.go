package apifhir

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/openimis/openimis-be-go/internal/fault"
)

// Contained is a contained resource of a body, as it came; read it with Decode.
type Contained struct {
	Type string
	ID   string
	JSON []byte
}

// Decode reads a body as the model T (Decode[fhir.Claim]): the resourceType has to be T's name, members
// that the model does not know are ignored. Errors are fault.Invalid with the FHIRPath as field.
func Decode[T any](body []byte) (*T, []Contained, error) {
	var resource T
	t := reflect.TypeFor[T]()
	top, err := members(body)
	if err != nil {
		return nil, nil, err
	}
	if err := checkType(top, t.Name()); err != nil {
		return nil, nil, err
	}
	contained, err := containedOf(top["contained"], t.Name())
	if err != nil {
		return nil, nil, err
	}
	if err := noZeros(body, t.Name()); err != nil {
		return nil, nil, err
	}
	if err := json.Unmarshal(body, &resource); err != nil {
		if f := locate(body, t, t.Name()); f != nil {
			return nil, nil, f
		}
		return nil, nil, fault.Wrap(err, fault.Invalid, "The body cannot be read as %s.", t.Name())
	}
	return &resource, contained, nil
}

// TypeOf reads the resourceType of a body.
func TypeOf(body []byte) (string, error) {
	top, err := members(body)
	if err != nil {
		return "", err
	}
	var name string
	raw, ok := top["resourceType"]
	if !ok {
		return "", fault.Input("resourceType", "Missing `resourceType` attribute")
	}
	if err := json.Unmarshal(raw, &name); err != nil || !isTypeName([]byte(name)) {
		return "", fault.Input("resourceType", "resourceType must be the name of a resource type.")
	}
	return name, nil
}

func members(body []byte) (map[string]json.RawMessage, error) {
	var top map[string]json.RawMessage
	err := json.Unmarshal(body, &top)
	var syntax *json.SyntaxError
	switch {
	case len(bytes.TrimSpace(body)) == 0:
		return nil, fault.New(fault.Invalid, "The body is empty; a FHIR resource in JSON is expected.")
	case errors.As(err, &syntax):
		return nil, fault.Wrap(err, fault.Invalid, "The body is not valid JSON: %s at byte %d.", syntax.Error(), syntax.Offset)
	case err != nil || top == nil:
		return nil, fault.New(fault.Invalid, "The body must be a JSON object.")
	}
	return top, nil
}

func checkType(top map[string]json.RawMessage, want string) error {
	raw, ok := top["resourceType"]
	if !ok {
		return fault.Input("resourceType", "Missing `resourceType` attribute")
	}
	var got string
	if json.Unmarshal(raw, &got) != nil || got != want {
		return fault.Input("resourceType", "resourceType must be %q here.", want)
	}
	return nil
}

func containedOf(raw json.RawMessage, parent string) ([]Contained, error) {
	if raw == nil {
		return nil, nil
	}
	var list []json.RawMessage
	if err := json.Unmarshal(raw, &list); err != nil {
		return nil, fault.Input(parent+".contained", "%s.contained must be a list of resources.", parent)
	}
	out := make([]Contained, 0, len(list))
	for i, item := range list {
		path := fmt.Sprintf("%s.contained[%d]", parent, i)
		var head struct {
			ResourceType string `json:"resourceType"`
			ID           string `json:"id"`
		}
		if err := json.Unmarshal(item, &head); err != nil || !isTypeName([]byte(head.ResourceType)) {
			return nil, fault.Input(path, "%s must be a resource with a resourceType and a text as id.", path)
		}
		out = append(out, Contained{Type: head.ResourceType, ID: head.ID, JSON: item})
	}
	return out, nil
}

// noZeros refuses texts with the character 0, which FHIR does not allow and no PostgreSQL database keeps.
func noZeros(body []byte, name string) error {
	if !bytes.Contains(body, []byte(`\u0000`)) {
		return nil
	}
	var tree any
	if err := json.Unmarshal(body, &tree); err != nil {
		return nil // what is wrong with it is said elsewhere
	}
	if path := zeroIn(tree, name); path != "" {
		return fault.Input(path, "%s has a character that no text may have (U+0000).", path)
	}
	return nil
}

// zeroIn is the path of the first text with the character 0; "" without any.
func zeroIn(v any, path string) string {
	switch v := v.(type) {
	case string:
		if strings.IndexByte(v, 0) >= 0 {
			return path
		}
	case []any:
		for i, x := range v {
			if at := zeroIn(x, path+"["+strconv.Itoa(i)+"]"); at != "" {
				return at
			}
		}
	case map[string]any:
		for _, name := range slices.Sorted(maps.Keys(v)) {
			if at := zeroIn(v[name], path+"."+name); at != "" {
				return at
			}
		}
	}
	return ""
}

var unmarshaler = reflect.TypeFor[json.Unmarshaler]()

// locate finds the first member of raw that does not fit t. It runs only after a failure, because
// encoding/json and the models' enums do not say where they failed.
func locate(raw []byte, t reflect.Type, path string) *fault.Error {
	for t.Kind() == reflect.Pointer {
		if string(bytes.TrimSpace(raw)) == "null" {
			return nil
		}
		t = t.Elem()
	}
	switch {
	case reflect.PointerTo(t).Implements(unmarshaler):
		if json.Unmarshal(raw, reflect.New(t).Interface()) != nil {
			return fault.Input(path, "%s: %s is not a code of it%s", path, clip(raw), allowedCodes(t))
		}
	case t.Kind() == reflect.Struct:
		return locateMember(raw, t, path)
	case t.Kind() == reflect.Slice:
		var list []json.RawMessage
		if json.Unmarshal(raw, &list) != nil {
			return fault.Input(path, "%s must be a list.", path)
		}
		for i, item := range list {
			if f := locate(item, t.Elem(), path+"["+strconv.Itoa(i)+"]"); f != nil {
				return f
			}
		}
	default:
		if json.Unmarshal(raw, reflect.New(t).Interface()) != nil {
			return fault.Input(path, "%s must be %s, not %s.", path, kindName(t), clip(raw))
		}
	}
	return nil
}

func locateMember(raw []byte, t reflect.Type, path string) *fault.Error {
	var object map[string]json.RawMessage
	if json.Unmarshal(raw, &object) != nil {
		return fault.Input(path, "%s must be an object.", path)
	}
	for i := range t.NumField() {
		name, _, _ := strings.Cut(t.Field(i).Tag.Get("json"), ",")
		if value, ok := object[name]; ok && name != "" {
			if f := locate(value, t.Field(i).Type, path+"."+name); f != nil {
				return f
			}
		}
	}
	return nil
}

// allowedCodes lists the codes of one of the models' enums, as the end of a sentence.
func allowedCodes(t reflect.Type) string {
	const most = 12
	var codes []string
	for i := 0; t.Kind() == reflect.Int; i++ {
		v := reflect.New(t).Elem()
		v.SetInt(int64(i))
		coded, ok := v.Interface().(interface{ Code() string })
		if !ok || coded.Code() == "<unknown>" {
			break
		}
		if i == most {
			codes = append(codes, "…")
			break
		}
		codes = append(codes, coded.Code())
	}
	if len(codes) == 0 {
		return "."
	}
	return "; allowed: " + strings.Join(codes, ", ") + "."
}

func kindName(t reflect.Type) string {
	switch {
	case t == reflect.TypeFor[json.Number]():
		return "a number"
	case t.Kind() == reflect.String:
		return "a text"
	case t.Kind() == reflect.Bool:
		return "true or false"
	case t.Kind() >= reflect.Int && t.Kind() <= reflect.Uint64:
		return "a whole number"
	}
	return "another value"
}

// clip shortens what the client sent for a message.
func clip(raw []byte) string {
	const most = 40
	s := strings.ToValidUTF8(string(bytes.TrimSpace(raw)), "")
	if r := []rune(s); len(r) > most {
		return string(r[:most]) + "…"
	}
	return s
}
