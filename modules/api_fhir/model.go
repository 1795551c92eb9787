package apifhir

import (
	"encoding/json"
	"maps"
	"reflect"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"unicode/utf8"

	"github.com/samply/golang-fhir-models/fhir-models/fhir"
)

// A model is written straight from its struct: the bytes are those that encoding/json and then the scrubber would
// give (TestModelsAreWrittenAsTheScrubberDoes), in a tenth of the time. What a type does in its own way (a field that
// is embedded, a map, a MarshalJSON that is no code) still goes through both.

// member is a field of a model.
type member struct {
	index     int
	name      string
	head      []byte // "name":
	omitEmpty bool
	choice    bool // a value[x]
	write     valueWriter
}

// valueWriter appends a value; nothing when it is empty as the scrubber has it.
type valueWriter func(out []byte, v reflect.Value) []byte

// modelPlans are the members of structs by type; nil: it is not written straight.
var modelPlans sync.Map // reflect.Type → []member

func planOf(t reflect.Type) []member {
	if plan, ok := modelPlans.Load(t); ok {
		return plan.([]member)
	}
	var plan []member
	for i := range t.NumField() {
		f := t.Field(i)
		tag := f.Tag.Get("json")
		if tag == "-" || !f.IsExported() && !f.Anonymous {
			continue
		}
		name, options, _ := strings.Cut(tag, ",")
		if f.Anonymous || name == "" || options != "" && options != "omitempty" || strings.ContainsAny(name, `"\<>&`) {
			plan = nil
			break
		}
		plan = append(plan, member{i, name, []byte(`"` + name + `":`), options == "omitempty", isChoice([]byte(name)), writerOf(f.Type)})
	}
	modelPlans.Store(t, plan)
	return plan
}

// appendModel writes a struct as an object. top keeps it even if it is empty, and only the members that keep names.
func appendModel(out []byte, v reflect.Value, plan []member, top bool, keep func(string) bool) []byte {
	start := len(out)
	out = append(out, '{')
	var choice choiceMembers
	for i := range plan {
		m := &plan[i]
		field := v.Field(m.index)
		if m.omitEmpty && field.IsZero() || keep != nil && !keep(m.name) {
			continue
		}
		mark := len(out)
		if mark > start+1 {
			out = append(out, ',')
		}
		out = append(out, m.head...)
		from := len(out)
		if out = m.write(out, field); len(out) == from {
			out = out[:mark]
			continue
		}
		if m.choice {
			choice.count(out[from:], mark, len(out))
		}
	}
	out = choice.dropZeros(out, start)
	if len(out) == start+1 && !top {
		return out[:start]
	}
	return append(out, '}')
}

var (
	numberType    = reflect.TypeFor[json.Number]()
	codedType     = reflect.TypeFor[interface{ Code() string }]()
	marshalerType = reflect.TypeFor[json.Marshaler]()
)

// writerOf chooses how values of a type are written.
func writerOf(t reflect.Type) valueWriter {
	switch {
	case t == numberType:
		return appendNumber
	case t.Kind() == reflect.Int && t.Implements(codedType): // the codes of the models
		return appendCode
	case t.Kind() == reflect.Pointer:
		if t.Elem().Kind() == reflect.Pointer {
			return appendOther
		}
		return pointerTo(t.Elem())
	case t.Implements(marshalerType) || reflect.PointerTo(t).Implements(marshalerType):
		return appendOther
	}
	switch t.Kind() {
	case reflect.String:
		return func(out []byte, v reflect.Value) []byte { return appendText(out, v.String()) }
	case reflect.Bool:
		return func(out []byte, v reflect.Value) []byte { return strconv.AppendBool(out, v.Bool()) }
	case reflect.Int, reflect.Int32, reflect.Int64:
		return func(out []byte, v reflect.Value) []byte { return strconv.AppendInt(out, v.Int(), 10) }
	case reflect.Struct:
		return structOf(t)
	case reflect.Slice:
		if t.Elem().Kind() != reflect.Uint8 {
			return listOf(t.Elem())
		}
	}
	return appendOther
}

// constants are the concepts that are written as they were the first time, by their addresses.
var constants struct {
	sync.Mutex
	known atomic.Pointer[map[uintptr]constant]
}

type constant struct {
	concept *fhir.CodeableConcept // keeps the address from being given away
	json    []byte
}

// Constant has a concept that nobody changes from now on written once and copied from then on. It is for variables of packages.
func Constant(c *fhir.CodeableConcept) *fhir.CodeableConcept {
	json := pointerTo(reflect.TypeFor[fhir.CodeableConcept]())(nil, reflect.ValueOf(c))
	constants.Lock()
	defer constants.Unlock()
	all := map[uintptr]constant{reflect.ValueOf(c).Pointer(): {c, json}}
	if before := constants.known.Load(); before != nil {
		maps.Copy(all, *before)
	}
	constants.known.Store(&all)
	return c
}

func appendConcept(write valueWriter) valueWriter {
	return func(out []byte, v reflect.Value) []byte {
		if known := constants.known.Load(); known != nil {
			if c, ok := (*known)[v.Pointer()]; ok {
				return append(out, c.json...)
			}
		}
		return write(out, v)
	}
}

func pointerTo(t reflect.Type) valueWriter {
	write := writerOf(t)
	if t == reflect.TypeFor[fhir.CodeableConcept]() {
		return appendConcept(pointed(write))
	}
	return pointed(write)
}

func pointed(write valueWriter) valueWriter {
	return func(out []byte, v reflect.Value) []byte {
		if v.IsNil() {
			return out
		}
		return write(out, v.Elem())
	}
}

func listOf(t reflect.Type) valueWriter {
	write := writerOf(t)
	return func(out []byte, v reflect.Value) []byte {
		start := len(out)
		out = append(out, '[')
		for i := range v.Len() {
			mark := len(out)
			if mark > start+1 {
				out = append(out, ',')
			}
			from := len(out)
			if out = write(out, v.Index(i)); len(out) == from {
				out = out[:mark]
			}
		}
		if len(out) == start+1 {
			return out[:start]
		}
		return append(out, ']')
	}
}

// structOf looks its plan up when it is needed: models contain each other.
func structOf(t reflect.Type) valueWriter {
	var known atomic.Pointer[[]member]
	return func(out []byte, v reflect.Value) []byte {
		plan := known.Load()
		if plan == nil {
			made := planOf(t)
			plan = &made
			known.Store(plan)
		}
		if *plan == nil {
			return appendOther(out, v)
		}
		return appendModel(out, v, *plan, false, nil)
	}
}

func appendCode(out []byte, v reflect.Value) []byte {
	return appendText(out, v.Interface().(interface{ Code() string }).Code())
}

func appendNumber(out []byte, v reflect.Value) []byte {
	if s := v.String(); s != "" && json.Valid([]byte(s)) && (s[0] == '-' || s[0] >= '0' && s[0] <= '9') {
		return append(out, s...)
	}
	return appendOther(out, v)
}

// appendOther writes what has its own way through encoding/json and the scrubber. What neither takes is left out and
// fails the whole: an object with a bad token is not JSON.
func appendOther(out []byte, v reflect.Value) []byte {
	raw, err := json.Marshal(v.Interface())
	s := scrubber{in: raw, out: out}
	if err == nil {
		s.value(1)
		err = s.err
	}
	if err != nil {
		panic(modelError{err})
	}
	return s.out
}

// modelError is what was wrong with a value; appendPlain gives it back as an error.
type modelError struct{ err error }

// appendPlain writes a resource straight, its type first; ok is false for what is not a plain model.
func appendPlain(out []byte, resource any, keep func(string) bool) (all []byte, ok bool, err error) {
	v := reflect.ValueOf(resource)
	for v.Kind() == reflect.Pointer && !v.IsNil() {
		v = v.Elem()
	}
	if v.Kind() != reflect.Struct {
		return out, false, nil
	}
	// A resource of R4 has its own MarshalJSON, which adds the type; one of ours has none.
	t := v.Type()
	if r4 := t.PkgPath() == modelsPackage; r4 != t.Implements(marshalerType) || !r4 && typeName(resource) == "" {
		return out, false, nil
	}
	plan := planOf(t)
	if plan == nil {
		return out, false, nil
	}
	defer func() {
		if p := recover(); p != nil {
			bad, mine := p.(modelError)
			if !mine {
				panic(p)
			}
			all, ok, err = nil, true, bad.err
		}
	}()
	all = append(append(append(out, headStart...), t.Name()...), '"')
	brace := len(all)
	all = appendModel(all, v, plan, true, keep)
	if len(all) == brace+2 { // no members
		return append(all[:brace], '}'), true, nil
	}
	all[brace] = ','
	return all, true, nil
}

// plain are the characters that stand in JSON as they are.
var plain = func() (set [256]bool) {
	for c := byte(' '); c < utf8.RuneSelf; c++ {
		set[c] = c != '"' && c != '\\' && c != '<' && c != '>' && c != '&'
	}
	return set
}()

// appendText writes a string without control characters; nothing when it is blank. It escapes as encoding/json does.
func appendText(out []byte, s string) []byte {
	n := 0
	for n < len(s) && plain[s[n]] {
		n++
	}
	if n == len(s) && n > 0 && s[0] != ' ' {
		return append(append(append(out, '"'), s...), '"')
	}
	start, blank := len(out), true
	out = append(out, '"')
	from := 0 // of what is copied as it is
	for i := 0; i < len(s); {
		c := s[i]
		if plain[c] {
			blank = blank && c == ' '
			i++
			continue
		}
		size, escape := 1, ""
		switch {
		case c == '"':
			escape = `\"`
		case c == '\\':
			escape = `\\`
		case c == '<':
			escape = `\u003c`
		case c == '>':
			escape = `\u003e`
		case c == '&':
			escape = `\u0026`
		case c < 0x20: // white space stays, and is blank
			out = append(out, s[from:i]...)
			switch c {
			case '\n':
				out = append(out, `\n`...)
			case '\r':
				out = append(out, `\r`...)
			case '\t':
				out = append(out, `\t`...)
			}
			i++
			from = i
			continue
		default:
			var r rune
			r, size = utf8.DecodeRuneInString(s[i:])
			switch {
			case r == utf8.RuneError && size == 1:
				escape = `\ufffd`
			case r == '\u2028':
				escape = `\u2028`
			case r == '\u2029':
				escape = `\u2029`
			default:
				blank = false
				i += size
				continue
			}
		}
		blank = false
		out = append(append(out, s[from:i]...), escape...)
		i += size
		from = i
	}
	if blank {
		return out[:start]
	}
	return append(append(out, s[from:]...), '"')
}
