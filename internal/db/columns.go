package db

import (
	"reflect"
	"strings"
)

// Columns lists the columns of a row struct, by its db tags and those of the structs it embeds, for SELECT from the
// table that has the alias: `p."PolicyID", p."FamilyID"`. Fields without a tag, or with "-", are not read.
func Columns[Row any](alias string) string {
	var list []string
	var walk func(t reflect.Type)
	walk = func(t reflect.Type) {
		for i := range t.NumField() {
			f := t.Field(i)
			switch tag := f.Tag.Get("db"); {
			case tag == "" && f.Anonymous:
				walk(f.Type)
			case tag != "" && tag != "-":
				list = append(list, alias+`."`+tag+`"`)
			}
		}
	}
	walk(reflect.TypeFor[Row]())
	return strings.Join(list, ", ")
}
