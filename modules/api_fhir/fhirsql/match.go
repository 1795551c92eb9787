package fhirsql

import (
	"context"
	"database/sql"
	"errors"
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
