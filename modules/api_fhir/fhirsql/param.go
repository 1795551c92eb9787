package fhirsql

import (
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/openimis/openimis-be-go/internal/db"
	"github.com/openimis/openimis-be-go/internal/schema"
	"github.com/openimis/openimis-be-go/internal/table"
	apifhir "github.com/openimis/openimis-be-go/modules/api_fhir"
)

// Condition is what one value of a search parameter asks of a row, whose alias is at.Alias; table.None
// when no row can have it.
type Condition func(at apifhir.At, c apifhir.Criterion, v apifhir.Value) (where string, args []any)

// Param is a search parameter of a source with what it asks of a row.
type Param struct {
	apifhir.Param
	Where Condition
	// ref is where a Reference points, for chained parameters.
	ref []refTo
	// day is the column of Day.
	day string
}

type refTo struct {
	table  *table.Table
	column string
	rows   Through // instead of a column
}

// is is the condition that the rows refer to one of the keys of a subselect.
func (r refTo) is(alias, keys string, args []any) (string, []any) {
	if r.rows == nil {
		return col(alias, r.column) + " IN (" + keys + ")", args
	}
	text := r.rows(alias, keys)
	return text, slices.Repeat(args, strings.Count(text, keys))
}

func (p Param) check(t *table.Table) error {
	if p.Where == nil {
		return errors.New("it has no condition")
	}
	for _, r := range p.ref {
		if r.rows != nil {
			continue
		}
		if err := t.Refers(r.column, r.table); err != nil {
			return err
		}
	}
	return nil
}

// Text is a parameter that finds texts of a column by their start, with the modifier "contains" by any
// part, with "exact" whole.
func Text(name, doc, column string) Param {
	return Param{
		Param: apifhir.Param{Name: name, Type: apifhir.String, Doc: doc, Modifiers: []string{"contains", "exact"}},
		Where: AnyText(column),
	}
}

// AnyText is the condition of Text on one of several columns.
func AnyText(columns ...string) Condition {
	return func(at apifhir.At, c apifhir.Criterion, v apifhir.Value) (string, []any) {
		var parts []string
		var args []any
		for _, column := range columns {
			switch c.Modifier {
			case "exact":
				parts, args = append(parts, "$eq("+col(at.Alias, column)+", ?)"), append(args, v.Text)
			case "contains":
				parts, args = append(parts, "$like("+col(at.Alias, column)+", ?)"), append(args, db.Contains(v.Text))
			default:
				parts, args = append(parts, "$starts("+col(at.Alias, column)+", ?)"), append(args, db.StartsWith(v.Text))
			}
		}
		if len(parts) == 1 {
			return parts[0], args
		}
		return "(" + strings.Join(parts, " OR ") + ")", args
	}
}

// Code is a token that finds rows by the code in a column; a system in front of it has to be one of systems.
func Code(name, doc, column string, systems ...string) Param {
	return Param{
		Param: apifhir.Param{Name: name, Type: apifhir.Token, Doc: doc},
		Where: func(at apifhir.At, _ apifhir.Criterion, v apifhir.Value) (string, []any) {
			switch {
			case v.System != nil && !slices.Contains(systems, *v.System):
				return table.None, nil
			case v.Code == "":
				return col(at.Alias, column) + " IS NOT NULL", nil
			}
			return "$eq(" + col(at.Alias, column) + ", ?)", []any{v.Code}
		},
	}
}

// Codes is a token whose codes stand for values of an integer or a text column: the status "active" for 2.
// Several codes may stand for one value and one code for several. Other codes are refused.
func Codes(name, doc, column string, values map[string][]any, systems ...string) Param {
	codes := make([]string, 0, len(values))
	for code := range values {
		codes = append(codes, code)
	}
	slices.Sort(codes)
	return Param{
		Param: apifhir.Param{Name: name, Type: apifhir.Token, Doc: doc, Allowed: codes},
		Where: func(at apifhir.At, _ apifhir.Criterion, v apifhir.Value) (string, []any) {
			list := values[v.Code]
			switch {
			case v.System != nil && !slices.Contains(systems, *v.System), v.Code != "" && len(list) == 0:
				return table.None, nil
			case v.Code == "":
				return col(at.Alias, column) + " IS NOT NULL", nil
			}
			parts := make([]string, len(list))
			for i := range list {
				parts[i] = col(at.Alias, column) + " = ?"
			}
			return "(" + strings.Join(parts, " OR ") + ")", list
		},
	}
}

// Always is a token that all rows have alike.
func Always(name, doc, code string, systems ...string) Param {
	return Param{
		Param: apifhir.Param{Name: name, Type: apifhir.Token, Doc: doc},
		Where: func(_ apifhir.At, _ apifhir.Criterion, v apifhir.Value) (string, []any) {
			if v.System != nil && !slices.Contains(systems, *v.System) || v.Code != "" && v.Code != code {
				return table.None, nil
			}
			return table.All, nil
		},
	}
}

// Day is a date parameter on a column of days or moments.
func Day(name, doc, column string) Param {
	return Param{
		Param: apifhir.Param{Name: name, Type: apifhir.Date, Doc: doc}, day: column,
		Where: func(at apifhir.At, _ apifhir.Criterion, v apifhir.Value) (string, []any) {
			return within(col(at.Alias, column), v.Range)
		},
	}
}

// onDays is the condition of Day on a column of days, which are compared with days: the embedded database keeps both as
// texts, of different lengths.
func onDays(column string) Condition {
	return func(at apifhir.At, _ apifhir.Criterion, v apifhir.Value) (string, []any) {
		where, args := within(col(at.Alias, column), v.Range)
		for i := range args {
			moment := args[i].(time.Time)
			day := moment.Truncate(24 * time.Hour)
			if day.Before(moment) { // no day begins between the two
				day = day.AddDate(0, 0, 1)
			}
			args[i] = db.Date(day)
		}
		return where, args
	}
}

// within is the condition that a moment lies in a range.
func within(column string, r apifhir.Range) (string, []any) {
	var parts []string
	var args []any
	if r.Min != nil {
		parts, args = append(parts, column+" >= ?"), append(args, *r.Min)
	}
	if r.Max != nil {
		parts, args = append(parts, column+" < ?"), append(args, *r.Max)
	}
	if len(parts) == 0 {
		return table.All, nil
	}
	text := "(" + strings.Join(parts, " AND ") + ")"
	if r.Not {
		text = "NOT " + text
	}
	return text, args
}

// Reference is a reference to the row of another table that a column of the rows holds the key of. types are
// the resource types that it may be called; path is where the reference stands in the resource, so that
// _include and _revinclude follow it ("" when it is not written).
func Reference(name, doc, path string, to *table.Table, column string, types ...string) Param {
	return refersTo(name, doc, path, refTo{table: to, column: column}, types)
}

// Through is the condition that rows, as alias, have to do with a row of another table whose key is among those of a
// subselect. Parameters are only in the subselect, which it may hold several times.
type Through func(alias, keys string) string

// ReferenceThrough is Reference where no column of the rows has the key: members of a family, who is covered by a policy.
func ReferenceThrough(name, doc, path string, to *table.Table, rows Through, types ...string) Param {
	return refersTo(name, doc, path, refTo{table: to, rows: rows}, types)
}

func refersTo(name, doc, path string, r refTo, types []string) Param {
	return Param{
		Param: apifhir.Param{Name: name, Type: apifhir.Reference, Doc: doc, Targets: types, Path: path},
		ref:   []refTo{r},
		Where: func(at apifhir.At, _ apifhir.Criterion, v apifhir.Value) (string, []any) {
			match, args := matching(r.table, at.Query, "target", "", v.ID, true)
			if match == table.None {
				return table.None, nil
			}
			var w table.Where
			w.And(r.table.Current("target")).Within(r.table, at.Scope, "target").And(match, args...)
			return r.is(at.Alias, "SELECT "+col("target", r.table.Key)+` FROM "`+r.table.Name+`" AS target`+w.SQL(), w.Args())
		},
	}
}

// SameRow is a reference to a resource that is made of the same row: ClaimResponse.request.
func SameRow(name, doc, path string, of *table.Table, types ...string) Param {
	return Param{
		Param: apifhir.Param{Name: name, Type: apifhir.Reference, Doc: doc, Targets: types, Path: path},
		ref:   []refTo{{table: of, column: of.Key}},
		Where: func(at apifhir.At, _ apifhir.Criterion, v apifhir.Value) (string, []any) {
			return matching(of, at.Query, at.Alias, "", v.ID, true)
		},
	}
}

// Custom is a parameter with a condition of its own.
func Custom(p apifhir.Param, where Condition) Param { return Param{Param: p, Where: where} }

// Allowing says which codes a token takes; others are refused.
func (p Param) Allowing(codes ...string) Param {
	p.Allowed = codes
	return p
}

// common are the parameters of every source; changed are the moments of changes.
func common(t *table.Table, changed changes) []Param {
	list := []Param{{
		Param: apifhir.IDParam,
		Where: func(at apifhir.At, c apifhir.Criterion, v apifhir.Value) (string, []any) {
			if c.Modifier == apifhir.Referred {
				return matching(t, at.Query, at.Alias, v.Kind, v.ID, false)
			}
			if v.System != nil && *v.System != "" {
				return table.None, nil
			}
			if _, ok := db.ParseUUID(v.Code); ok {
				return matching(t, at.Query, at.Alias, apifhir.KindUUID, v.Code, true)
			}
			return matching(t, at.Query, at.Alias, apifhir.KindID, v.Code, true)
		},
	}, {
		Param: apifhir.ByIdentifier,
		Where: func(at apifhir.At, _ apifhir.Criterion, v apifhir.Value) (string, []any) {
			return matching(t, at.Query, at.Alias, v.Kind, v.ID, false)
		},
	}}
	if t.From == "" {
		return list
	}
	updated := func(at apifhir.At, _ apifhir.Criterion, v apifhir.Value) (string, []any) {
		return changed.within(at.Alias, stamped(at.Query, v.Range))
	}
	since := func(at apifhir.At, _ apifhir.Criterion, v apifhir.Value) (string, []any) {
		if v.From.IsZero() {
			return table.None, nil
		}
		return changed.within(at.Alias, stamped(at.Query, apifhir.Range{Min: &v.From}))
	}
	until := func(at apifhir.At, _ apifhir.Criterion, v apifhir.Value) (string, []any) {
		if v.To.IsZero() {
			return table.None, nil
		}
		return changed.within(at.Alias, stamped(at.Query, apifhir.Range{Max: &v.To}))
	}
	return append(list, Param{Param: apifhir.UpdatedParam, Where: updated},
		Param{Param: apifhir.RefDateParam, Where: since}, Param{Param: apifhir.RefEndDateParam, Where: until})
}

// stamped is a range of moments as a column of stamps has them.
func stamped(q db.Query, r apifhir.Range) apifhir.Range {
	if r.Min != nil {
		at := db.Stamp(q, *r.Min)
		r.Min = &at
	}
	if r.Max != nil {
		at := db.Stamp(q, *r.Max)
		r.Max = &at
	}
	return r
}

// sortable is the expression that sorts by a column.
func sortable(t *table.Table, column string) string {
	if c, ok := t.Catalogue().Column(column); ok && c.Type == schema.Text {
		return "$ci(" + col(alias, column) + ")"
	}
	return col(alias, column)
}
