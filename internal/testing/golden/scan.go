package golden

import (
	"fmt"
	"reflect"
	"strings"
	"time"

	"github.com/shopspring/decimal"
)

// Scan answers the in-memory rows of a table as structs, by their `db` tags, as sqlx would scan them. A NULL in a
// field that is not a pointer panics, since the same struct would fail before a database.
func Scan[T any](w *World, table string) []T {
	rows := make([]T, 0, len(w.rows[table]))
	for _, rec := range w.rows[table] {
		var row T
		for _, f := range structFields(&row) {
			if err := assign(f.value, rec[f.name]); err != nil {
				panic(fmt.Sprintf("golden: %s: %s.%s: %v", w.Scenario.ID, table, f.name, err))
			}
		}
		rows = append(rows, row)
	}
	return rows
}

// Store writes structs back to the in-memory table by their `db` tags: a row whose identity is 0 is appended and
// gets the next one, any other replaces the columns that the struct has. It answers the identities.
func Store[T any](w *World, table string, rows ...T) []int {
	var ids []int
	key := Identity(table)
	for _, rec := range Records(rows) {
		id, ok := rec[key].(int)
		switch {
		case !ok && rec[key] != nil:
			panic(fmt.Sprintf("golden: identity %s of %T is not an int", key, rec[key]))
		case id == 0:
			id = w.newID(table)
			rec[key] = id
			full := Record{"ValidityFrom": w.Now}
			for name, v := range facts(table).defaults {
				full[name] = v
			}
			for name, v := range rec {
				full[name] = v
			}
			w.rows[table] = append(w.rows[table], full)
		default:
			w.merge(table, id, rec)
		}
		ids = append(ids, id)
	}
	return ids
}

// Records answers structs as records by their `db` tags; nil pointers are NULL.
func Records[T any](rows []T) []Record {
	records := make([]Record, 0, len(rows))
	for i := range rows {
		rec := Record{}
		for _, f := range structFields(&rows[i]) {
			rec[f.name] = plain(f.value)
		}
		records = append(records, rec)
	}
	return records
}

type field struct {
	name  string
	value reflect.Value
}

// structFields lists the settable fields of the struct behind a pointer; embedded structs are flattened as sqlx does.
func structFields(dest any) []field {
	var fields []field
	var walk func(reflect.Value)
	walk = func(v reflect.Value) {
		for i := range v.NumField() {
			sf := v.Type().Field(i)
			name := sf.Tag.Get("db")
			switch {
			case sf.Anonymous && name == "" && sf.Type.Kind() == reflect.Struct:
				walk(v.Field(i))
			case name == "-" || !sf.IsExported():
			case name == "":
				fields = append(fields, field{sf.Name, v.Field(i)})
			default:
				fields = append(fields, field{name, v.Field(i)})
			}
		}
	}
	walk(reflect.ValueOf(dest).Elem())
	return fields
}

var (
	timeType    = reflect.TypeFor[time.Time]()
	decimalType = reflect.TypeFor[decimal.Decimal]()
)

// assign converts a resolved value to the type of a field, as a driver would.
func assign(dest reflect.Value, v any) error {
	if v == nil {
		if dest.Kind() != reflect.Pointer {
			return fmt.Errorf("NULL does not fit a field of type %s", dest.Type())
		}
		dest.SetZero()
		return nil
	}
	if dest.Kind() == reflect.Pointer {
		p := reflect.New(dest.Type().Elem())
		if err := assign(p.Elem(), v); err != nil {
			return err
		}
		dest.Set(p)
		return nil
	}
	if rv := reflect.ValueOf(v); rv.Type() == dest.Type() {
		dest.Set(rv)
		return nil
	}
	switch {
	case dest.Type() == timeType:
		if t, ok := parseTime(fmt.Sprint(v)); ok {
			dest.Set(reflect.ValueOf(t))
			return nil
		}
	case dest.Type() == decimalType:
		if d, err := decimal.NewFromString(fmt.Sprint(v)); err == nil {
			dest.Set(reflect.ValueOf(d))
			return nil
		}
	case dest.Kind() == reflect.Bool:
		if n, ok := v.(int); ok {
			dest.SetBool(n != 0)
			return nil
		}
		if b, ok := v.(bool); ok {
			dest.SetBool(b)
			return nil
		}
	case dest.CanInt():
		switch n := v.(type) {
		case int:
			dest.SetInt(int64(n))
			return nil
		case bool:
			if n {
				dest.SetInt(1)
			} else {
				dest.SetInt(0)
			}
			return nil
		}
	case dest.Kind() == reflect.String:
		if s, ok := v.(string); ok {
			dest.SetString(s)
			return nil
		}
	}
	return fmt.Errorf("%v (%T) does not fit a field of type %s", v, v, dest.Type())
}

// plain is the value of a field without pointers and named types.
func plain(v reflect.Value) any {
	if v.Kind() == reflect.Pointer {
		if v.IsNil() {
			return nil
		}
		return plain(v.Elem())
	}
	switch {
	case v.CanInt():
		return int(v.Int())
	case v.Kind() == reflect.String:
		return v.String()
	}
	return v.Interface()
}

// parseTime reads the date and time texts of scenarios and drivers.
func parseTime(s string) (time.Time, bool) {
	s = strings.Replace(s, " ", "T", 1)
	for _, layout := range []string{time.DateOnly, "2006-01-02T15:04:05.999999999"} {
		if t, err := time.Parse(layout, s); err == nil {
			return t, true
		}
	}
	return time.Time{}, false
}
