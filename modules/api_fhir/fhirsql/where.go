package fhirsql

import (
	"context"
	"slices"
	"sort"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/openimis/openimis-be-go/internal/auth"
	"github.com/openimis/openimis-be-go/internal/db"
	"github.com/openimis/openimis-be-go/internal/fault"
	apifhir "github.com/openimis/openimis-be-go/modules/api_fhir"
)

// Condition is what one value of a search parameter asks of a row of t; None when no row can have it.
type Condition func(q db.Query, c apifhir.Criterion, v apifhir.Value) (where string, args []any)

// None is the condition that no row meets, All the one that every row meets.
const (
	None = "1 = 0"
	All  = "1 = 1"
)

// maxValues bounds the values of one search: engines bound parameters and the depth of conditions.
const maxValues = 500

// StartsWith finds texts of a column by their start, with the modifier "contains" by any part.
func StartsWith(column string) Condition {
	return func(_ db.Query, c apifhir.Criterion, v apifhir.Value) (string, []any) {
		pattern := db.StartsWith(v.Text)
		if c.Modifier == "contains" {
			pattern = db.Contains(v.Text)
		}
		return "$like(" + col(alias, column) + ", ?)", []any{pattern}
	}
}

// Code finds rows by the code in a column; a system in front of it has to be one of systems.
func Code(column string, systems ...string) Condition {
	return func(_ db.Query, _ apifhir.Criterion, v apifhir.Value) (string, []any) {
		switch {
		case v.System != nil && !slices.Contains(systems, *v.System):
			return None, nil
		case v.Code == "":
			return col(alias, column) + " IS NOT NULL", nil
		}
		return "$eq(" + col(alias, column) + ", ?)", []any{v.Code}
	}
}

// Always is the condition of a token that all rows have alike.
func Always(code string, systems ...string) Condition {
	return func(_ db.Query, _ apifhir.Criterion, v apifhir.Value) (string, []any) {
		if v.System != nil && !slices.Contains(systems, *v.System) || v.Code != "" && v.Code != code {
			return None, nil
		}
		return All, nil
	}
}

// To finds rows whose column refers to a row of table by its UUID, code or key.
func To(table Table, column string) Condition {
	return func(q db.Query, _ apifhir.Criterion, v apifhir.Value) (string, []any) {
		match, args := table.match(q, "target", "", v.ID)
		return col(alias, column) + " IN (SELECT " + col("target", table.Key) + ` FROM "` + table.Name + `" AS target WHERE ` +
			col("target", "ValidityTo") + " IS NULL AND " + match + ")", args
	}
}

// match is the condition that a row is the one that an identifier names. kind is one of the kinds of
// identifiers; "" takes a UUID, a code or a key, in this order: a key counts when there is no such code.
func (t Table) match(q db.Query, alias, kind, value string) (string, []any) {
	uuid, isUUID := db.ParseUUID(value)
	isUUID = isUUID && t.has(q)
	key, err := strconv.ParseInt(value, 10, 32)
	isKey := err == nil && key > 0
	byCode := func(alias string) string { return "$eq(" + col(alias, t.Code) + ", ?)" }
	switch {
	case !storable(value), kind == apifhir.KindUUID && !isUUID, kind == apifhir.KindID && !isKey:
		return None, nil
	case kind == apifhir.KindUUID, kind == "" && isUUID:
		return col(alias, t.UUID) + " = ?", []any{uuid}
	case kind == apifhir.KindID, t.Code == "" && isKey:
		return col(alias, t.Key) + " = ?", []any{int(key)}
	case t.Code == "":
		return None, nil
	case kind == "" && isKey:
		return "(" + byCode(alias) + " OR " + col(alias, t.Key) + ` = ? AND NOT EXISTS (SELECT 1 FROM "` + t.Name + `" AS other WHERE ` +
			col("other", "ValidityTo") + " IS NULL AND " + byCode("other") + "))", []any{value, int(key), value}
	}
	return byCode(alias), []any{value}
}

// id is the condition of _id: the id that the server shows, or a key.
func (t Table) id(q db.Query, _ apifhir.Criterion, v apifhir.Value) (string, []any) {
	if v.System != nil && *v.System != "" {
		return None, nil
	}
	if _, ok := db.ParseUUID(v.Code); ok {
		return t.match(q, alias, apifhir.KindUUID, v.Code)
	}
	return t.match(q, alias, apifhir.KindID, v.Code)
}

func (t Table) identifier(q db.Query, _ apifhir.Criterion, v apifhir.Value) (string, []any) {
	return t.match(q, alias, v.Kind, v.ID)
}

// changed is the condition of _lastUpdated.
func changed(_ db.Query, _ apifhir.Criterion, v apifhir.Value) (string, []any) {
	column := col(alias, "ValidityFrom")
	var parts []string
	var args []any
	if v.Range.Min != nil {
		parts, args = append(parts, column+" >= ?"), append(args, *v.Range.Min)
	}
	if v.Range.Max != nil {
		parts, args = append(parts, column+" < ?"), append(args, *v.Range.Max)
	}
	if len(parts) == 0 {
		return All, nil
	}
	text := "(" + strings.Join(parts, " AND ") + ")"
	if v.Range.Not {
		text = "NOT " + text
	}
	return text, args
}

// storable says whether a text can be in a database at all; PostgreSQL refuses others, and all engines
// patterns that are too long.
func storable(s string) bool {
	return utf8.ValidString(s) && !strings.ContainsRune(s, 0) && utf8.RuneCountInString(s) <= db.LongestSearch
}

// where collects conditions that all have to hold.
type where struct {
	parts []string
	args  []any
}

func (w *where) and(text string, args []any) {
	if text != "" {
		w.parts, w.args = append(w.parts, text), append(w.args, args...)
	}
}

func (w *where) text() string { return " WHERE " + strings.Join(w.parts, " AND ") }

// visible are the conditions that always hold: current, and in the scope of the caller.
func (s *Source) visible(ctx context.Context) *where {
	w := &where{parts: []string{col(alias, "ValidityTo") + " IS NULL"}}
	if s.Scope != nil {
		w.and(s.Scope(auth.ScopeOf(ctx), alias))
	}
	return w
}

// where gives the conditions of a search, in the order of the parameters' names, so that the same search
// is the same statement.
func (s *Source) where(ctx context.Context, q db.Query, params map[string][]apifhir.Criterion) (*where, error) {
	names := make([]string, 0, len(params))
	for name := range params {
		names = append(names, name)
	}
	sort.Strings(names)
	w := s.visible(ctx)
	values := 0
	for _, name := range names {
		for _, c := range params[name] {
			if values += len(c.Any); values > maxValues {
				return nil, fault.Input(name, "Parameter %s: a search takes at most %d values.", name, maxValues)
			}
			w.and(s.any(q, name, c))
		}
	}
	return w, nil
}

// any is the condition that one of the values of a criterion holds.
func (s *Source) any(q db.Query, name string, c apifhir.Criterion) (string, []any) {
	condition := s.condition(name)
	var parts []string
	var args []any
	for _, v := range c.Any {
		if !storable(v.Text) {
			continue
		}
		text, more := condition(q, c, v)
		if text != None {
			parts, args = append(parts, text), append(args, more...)
		}
	}
	if len(parts) == 0 {
		return None, nil
	}
	return "(" + strings.Join(parts, " OR ") + ")", args
}

func (s *Source) condition(name string) Condition {
	switch name {
	case "_id":
		return s.Table.id
	case "_lastUpdated":
		return changed
	case apifhir.ByIdentifier.Name:
		return s.Table.identifier
	}
	return s.Params[name]
}
