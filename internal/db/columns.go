package db

import (
	"fmt"
	"reflect"
	"strings"
)

// Columns lists the columns of a row struct for SELECT from the table that has the alias: `p."PolicyID", p."FamilyID"`.
func Columns[Row any](alias string) string { return RecordOf[Row]().List(alias, nil) }

// Record is what a struct with db tags says of a row: the columns, by their labels, and where they go.
// SELECT lists and bulk writes are made of it, so that structs and statements cannot differ.
type Record struct {
	labels []string
	paths  [][]int
}

// RecordOf reads the db tags of a struct; fields with the tag "-" or without one are left out, embedded structs count as
// their fields.
func RecordOf[T any]() Record {
	var r Record
	r.add(reflect.TypeFor[T](), nil)
	return r
}

func (r *Record) add(t reflect.Type, path []int) {
	for i := range t.NumField() {
		f := t.Field(i)
		at := append(append([]int{}, path...), i)
		switch tag := f.Tag.Get("db"); {
		case f.Anonymous && tag == "":
			r.add(f.Type, at)
		case tag != "" && tag != "-":
			r.labels = append(r.labels, tag)
			r.paths = append(r.paths, at)
		}
	}
}

// Labels are the tags that are not the name of their column: tag → column, "" where the rows have none.
type Labels map[string]string

func (l Labels) column(label string) string {
	if c, ok := l[label]; ok {
		return c
	}
	return label
}

// List is the SELECT list of the rows with an alias. A label without a column of the kind is left out.
func (r Record) List(alias string, as Labels) string {
	var parts []string
	for _, label := range r.labels {
		switch column := as.column(label); column {
		case "":
		case label:
			parts = append(parts, fmt.Sprintf(`%s."%s"`, alias, label))
		default:
			parts = append(parts, fmt.Sprintf(`%s."%s" AS "%s"`, alias, column, label))
		}
	}
	return strings.Join(parts, ", ")
}

// Columns are those for a bulk write.
func (r Record) Columns(as Labels) []string {
	list := make([]string, len(r.labels))
	for i, label := range r.labels {
		list[i] = as.column(label)
	}
	return list
}

// Values are those of a row in the order of Columns.
func (r Record) Values(row any) []any {
	v := reflect.Indirect(reflect.ValueOf(row))
	list := make([]any, len(r.paths))
	for i, path := range r.paths {
		list[i] = v.FieldByIndex(path).Interface()
	}
	return list
}
