package claim

import (
	"fmt"
	"reflect"
	"strings"

	"github.com/openimis/openimis-be-go/modules/claim/rules"
)

// record is what a struct with db tags says of a row: the columns, by their labels, and where they go.
// SELECT lists and bulk writes are made of it, so that structs and statements cannot differ.
type record struct {
	labels []string
	paths  [][]int
}

func recordOf[T any]() record {
	var r record
	r.add(reflect.TypeFor[T](), nil)
	return r
}

func (r *record) add(t reflect.Type, path []int) {
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

// labels that are not the column's name: label → column.
type labels map[string]string

func (l labels) column(label string) string {
	if c, ok := l[label]; ok {
		return c
	}
	return label
}

// list is the SELECT list of the rows with an alias. A label without a column of the kind is left out.
func (r record) list(alias string, as labels) string {
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

// columns for a bulk write.
func (r record) columns(as labels) []string {
	list := make([]string, len(r.labels))
	for i, label := range r.labels {
		list[i] = as.column(label)
	}
	return list
}

// values of a row in the order of columns.
func (r record) values(row any) []any {
	v := reflect.Indirect(reflect.ValueOf(row))
	list := make([]any, len(r.paths))
	for i, path := range r.paths {
		list[i] = v.FieldByIndex(path).Interface()
	}
	return list
}

// The rows that the rules read and write.
var (
	claimRecord         = recordOf[rules.Claim]()
	claimStateRecord    = recordOf[rules.ClaimState]()
	lineRecord          = recordOf[rules.Line]()
	lineStateRecord     = recordOf[rules.LineState]()
	dedRemRecord        = recordOf[rules.DedRem]()
	facilityRecord      = recordOf[rules.Facility]()
	insureeRecord       = recordOf[rules.Insuree]()
	familyRecord        = recordOf[rules.Family]()
	policyRecord        = recordOf[rules.Policy]()
	insureePolicyRecord = recordOf[rules.InsureePolicy]()
	productRecord       = recordOf[rules.Product]()
	productLineRecord   = recordOf[rules.ProductLine]()
	entryRecord         = recordOf[rules.Entry]()
	detailRecord        = recordOf[rules.ListDetail]()
)

func lineLabels(n rules.Names) labels {
	return labels{"LineID": n.LineID, "EntryID": n.EntryID, "Status": n.LineStatus}
}

func productLineLabels(n rules.Names) labels {
	return labels{"ProductLineID": n.ProductLineID, "EntryID": n.EntryID}
}

func entryLabels(n rules.Names) labels {
	return labels{"EntryID": n.EntryID, "Price": n.EntryPrice, "CareType": n.CareType,
		"Frequency": n.Frequency, "PatCat": n.PatCat, "Category": n.Category}
}

func detailLabels(n rules.Names) labels {
	return labels{"DetailID": n.DetailID, "ListID": n.ListID, "EntryID": n.EntryID}
}
