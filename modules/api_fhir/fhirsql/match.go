package fhirsql

import (
	"context"
	"database/sql"
	"errors"
	"strconv"
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
// Elsewhere a number is a code, unless there is no such code.
func matching(t *table.Table, q db.Query, alias, kind, value string, byID bool) (string, []any) {
	uuid, isUUID := db.ParseUUID(value)
	hasUUID := t.HasUUID(q)
	isUUID = isUUID && hasUUID
	key, err := strconv.ParseInt(value, 10, 32)
	isKey := err == nil && key > 0
	if kind == apifhir.KindID && isUUID { // from release 1.0.3 on, what clients know as the database's id is the UUID
		kind = apifhir.KindUUID
	}
	byKey := func(alias string) string { return col(alias, t.Key) + " = ?" }
	unless := func(other func(alias string) string) string {
		var w table.Where
		return `NOT EXISTS (SELECT 1 FROM "` + t.Name + `" AS other` + w.And(t.Current("other")).And(other("other")).SQL() + ")"
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
		return "(" + byKey(alias) + " OR " + t.CodeIs(alias) + " AND " + unless(byKey) + ")", []any{int(key), value, int(key)}
	case kind == "" && isKey:
		return "(" + t.CodeIs(alias) + " OR " + byKey(alias) + " AND " + unless(t.CodeIs) + ")", []any{value, int(key), value}
	}
	return t.CodeIs(alias), []any{value}
}

// Resolve gives the key of the current row in the caller's scope that a reference of a body points at.
// path is the FHIRPath of the reference for the error, which is fault.Invalid.
func Resolve(ctx context.Context, q db.Query, t *table.Table, target apifhir.Target, path string) (int, error) {
	match, args := matching(t, q, alias, target.Kind, target.Value, true)
	var w table.Where
	w.Visible(t, auth.ScopeOf(ctx), alias).And(match, args...)
	var key int
	err := q.Get(ctx, &key, "SELECT "+col(alias, t.Key)+` FROM "`+t.Name+`" AS `+alias+w.SQL()+" ORDER BY "+col(alias, t.Key)+" $page(?, ?)", w.Args(1, 0)...)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, fault.Input(path, "%s: there is no %s %s.", path, target.Type, target.Value)
	}
	return key, err
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
