package mutation

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"

	"github.com/openimis/openimis-be-go/internal/fault"
)

// Decode reads a mutation's input into the struct that dst points to. The error names the field that
// does not fit, with its path (services[1].qty_provided). Unknown fields are left aside, as
// client_mutation_id is.
func Decode(input json.RawMessage, dst any) error {
	err := json.Unmarshal(input, dst)
	if err == nil {
		return nil
	}
	path, cause := culprit(input, reflect.TypeOf(dst).Elem(), "")
	if path == "" {
		return fault.Wrap(err, fault.Invalid, "The input is not a JSON object.")
	}
	if cause == nil {
		cause = err
	}
	wrapped := fault.Wrap(cause, fault.Invalid, "%s: %s", path, complaint(cause))
	wrapped.Field = path
	return wrapped
}

// complaint says what is wrong in words of the client's.
func complaint(err error) string {
	var kind *json.UnmarshalTypeError
	if errors.As(err, &kind) {
		return fmt.Sprintf("%s given, %s expected.", kind.Value, expected(kind.Type))
	}
	return "the value cannot be read (" + err.Error() + ")."
}

func expected(t reflect.Type) string {
	switch t.Kind() {
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return "a whole number of its range"
	case reflect.Float32, reflect.Float64:
		return "a number"
	case reflect.String:
		return "a text"
	case reflect.Bool:
		return "true or false"
	case reflect.Slice, reflect.Array:
		return "a list"
	}
	return "an object"
}

// culprit finds the innermost value that does not decode: encoding/json does not tell where a type
// with its own decoding, such as a decimal or a date, has failed.
func culprit(raw json.RawMessage, t reflect.Type, path string) (string, error) {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	err := json.Unmarshal(raw, reflect.New(t).Interface())
	if err == nil {
		return "", nil
	}
	if reflect.PointerTo(t).Implements(unmarshaler) {
		return path, err
	}
	switch t.Kind() {
	case reflect.Struct:
		var members map[string]json.RawMessage
		if json.Unmarshal(raw, &members) != nil {
			return path, err
		}
		for i := range t.NumField() {
			f := t.Field(i)
			name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
			if f.Anonymous && name == "" {
				if at, why := culprit(raw, f.Type, path); why != nil && at != path {
					return at, why
				}
				continue
			}
			if name == "" {
				name = f.Name
			}
			if member, ok := members[name]; ok {
				if at, why := culprit(member, f.Type, join(path, name)); at != "" {
					return at, why
				}
			}
		}
	case reflect.Slice, reflect.Array:
		var list []json.RawMessage
		if bytes.HasPrefix(bytes.TrimSpace(raw), []byte("[")) && json.Unmarshal(raw, &list) == nil {
			for i, item := range list {
				if at, why := culprit(item, t.Elem(), fmt.Sprintf("%s[%d]", path, i)); at != "" {
					return at, why
				}
			}
		}
	}
	return path, err
}

var unmarshaler = reflect.TypeFor[json.Unmarshaler]()

func join(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}
