package fhirsql

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/openimis/openimis-be-go/internal/auth"
	"github.com/openimis/openimis-be-go/internal/db"
	"github.com/openimis/openimis-be-go/internal/fault"
	"github.com/openimis/openimis-be-go/internal/table"
	apifhir "github.com/openimis/openimis-be-go/modules/api_fhir"
)

// matching is the condition that a row is the one that an identifier names. kind is one of the kinds of
// identifiers; "" takes a UUID, a code or a key. byID says that an id is expected rather than a code, which
// decides what a number is where the ids of the database are numbers: the id, unless there is no such row.
// Elsewhere a number is a code, unless there is no such code. An id that is expected may also be that of the table
// that the rows stand behind.
func matching(t *table.Table, q db.Query, alias, kind, value string, byID bool) (string, []any) {
	uuid, isUUID := db.ParseUUID(value)
	hasUUID := t.HasUUID(q)
	isUUID = isUUID && hasUUID
	number, isOwn := strings.CutPrefix(value, t.Prefix(q))
	key, err := strconv.ParseInt(number, 10, 32)
	isNumber := err == nil && key > 0
	isKey := isNumber && isOwn
	if kind == apifhir.KindID && isUUID { // from release 1.0.3 on, what clients know as the database's id is the UUID
		kind = apifhir.KindUUID
	}
	byKey := func(alias string) string { return col(alias, t.Key) + " = ?" }
	unless := func(of *table.Table, other string) string {
		var w table.Where
		return `NOT EXISTS (SELECT 1 FROM "` + of.Name + `" AS other` + w.And(of.Current("other")).And(other).SQL() + ")"
	}
	switch {
	case !storable(value), kind == apifhir.KindUUID && !isUUID, kind == apifhir.KindID && !isKey:
		return table.None, nil
	case kind == apifhir.KindUUID, kind == "" && isUUID:
		return col(alias, t.UUID) + " = ?", []any{uuid}
	case kind == apifhir.KindID, !t.HasCode() && isKey:
		return byKey(alias), []any{int(key)}
	case !t.HasCode():
		return table.None, nil
	case kind == "" && isKey && byID && !hasUUID:
		return "(" + byKey(alias) + " OR " + t.CodeIs(alias) + " AND " + unless(t, byKey("other")) + ")", []any{int(key), value, int(key)}
	case kind == "" && isKey:
		return "(" + t.CodeIs(alias) + " OR " + byKey(alias) + " AND " + unless(t, t.CodeIs("other")) + ")", []any{value, int(key), value}
	case kind == "" && isNumber && byID && !hasUUID:
		return "(" + t.CodeIs(alias) + " AND " + unless(t.Behind, col("other", t.Behind.Key)+" = ?") + ")", []any{value, int(key)}
	}
	return t.CodeIs(alias), []any{value}
}

// Resolve gives the key of the current row in the caller's scope that a reference of a body points at.
// path is the FHIRPath of the reference for the error, which is fault.Invalid.
func Resolve(ctx context.Context, q db.Query, t *table.Table, target apifhir.Target, path string) (int, error) {
	match, args := matching(t, q, alias, target.Kind, target.Value, !target.CodeFirst)
	var w table.Where
	w.Visible(t, auth.ScopeOf(ctx), alias).And(match, args...)
	var key int
	err := q.Get(ctx, &key, "SELECT "+col(alias, t.Key)+` FROM "`+t.Name+`" AS `+alias+w.SQL()+" ORDER BY "+col(alias, t.Key)+" $page(?, ?)", w.Args(1, 0)...)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, fault.Input(path, "%s: there is no %s %s.", path, target.Type, target.Value)
	}
	return key, err
}

// named finds rows within the caller's scope, current or not, by what they are called: up to 500 UUIDs; codes are those of
// current rows.
func (s *source) named(ctx context.Context, q db.Query, names apifhir.Names) ([]apifhir.Named, error) {
	t := s.Table
	var parts []string
	var args []any
	if len(names.Keys) > 0 {
		parts, args = append(parts, col(alias, t.Key)+" IN $ints(?)"), append(args, names.Keys)
	}
	if len(names.UUIDs) > 0 && t.HasUUID(q) {
		part := names.UUIDs[:min(len(names.UUIDs), maxValues)]
		parts = append(parts, col(alias, t.UUID)+" IN ("+strings.TrimSuffix(strings.Repeat("?, ", len(part)), ", ")+")")
		for _, u := range part {
			args = append(args, db.UUID(u))
		}
	}
	if len(names.Codes) > 0 && t.HasCode() {
		parts = append(parts, "("+t.Current(alias)+" AND $ci("+t.CodeColumn(alias)+") IN $texts(?))")
		var folded db.Texts
		for _, c := range names.Codes {
			folded = append(folded, db.Folded(c))
		}
		args = append(args, folded)
	}
	if len(parts) == 0 {
		return nil, nil
	}
	var rows []Ref
	w := new(table.Where).Within(t, auth.ScopeOf(ctx), alias).And("("+strings.Join(parts, " OR ")+")", args...)
	if err := q.Select(ctx, &rows, "SELECT "+strings.Join(own(t, q, alias, alias, ""), ", ")+` FROM "`+t.Name+`" AS `+alias+w.SQL(), w.Args()...); err != nil {
		return nil, fmt.Errorf("find the %s that the audit log names: %w", t.Name, err)
	}
	all := make([]apifhir.Named, len(rows))
	for i, r := range rows {
		all[i] = apifhir.Named{ID: idOf(r.UUID, r.Prefix, *r.Key), Key: *r.Key, UUID: string(r.UUID), Code: Trim(r.Code)}
	}
	return all, nil
}

// storable says whether a text can be in a database at all; PostgreSQL refuses others, and all engines
// patterns that are too long.
func storable(s string) bool {
	if !utf8.ValidString(s) || utf8.RuneCountInString(s) > db.LongestSearch {
		return false
	}
	for i := range len(s) {
		if s[i] == 0 {
			return false
		}
	}
	return true
}
