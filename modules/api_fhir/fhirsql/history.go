package fhirsql

import (
	"context"
	"time"

	"github.com/openimis/openimis-be-go/internal/db"
	"github.com/openimis/openimis-be-go/internal/table"
	apifhir "github.com/openimis/openimis-be-go/modules/api_fhir"
)

// mostVersions bounds a history.
const mostVersions = 1000

// history reads the versions of the row that an id names, the newest first. The legacy database keeps
// them as copies with ValidityTo and LegacyID, the key of the row (rules.md §0.1). Who sees the row as it
// is now, or as it was when it was closed, sees its history. What rows have elsewhere is theirs to load: Kept and Held tell what
// belonged to a version.
func (s *source) history(ctx context.Context, q db.Query, id string) ([]apifhir.Entry, error) {
	t, at := s.Table, here(ctx, q)
	match, args := matching(t, q, alias, "", id, true)
	if match == table.None {
		return nil, nil
	}
	w := new(table.Where).And(col(alias, t.Live)+" IS NULL").Within(t, at.Scope, alias).And(match, args...)
	if s.Only != nil {
		w.And(s.Only(alias))
	}
	var live []struct {
		Key    int        `db:"Key"`
		UUID   db.UUID    `db:"UUID"`
		From   *time.Time `db:"From"`
		Closed *time.Time `db:"Closed"`
	}
	ids := col(alias, t.Key) + ` AS "Key"`
	if t.HasUUID(q) {
		ids += ", " + col(alias, t.UUID) + ` AS "UUID"`
	}
	closed := col(alias, t.To)
	if err := q.Select(ctx, &live, "SELECT "+ids+", "+col(alias, t.From)+` AS "From", `+closed+` AS "Closed" FROM "`+t.Name+`" AS `+alias+w.SQL()+
		" ORDER BY CASE WHEN "+closed+" IS NULL THEN 0 ELSE 1 END, "+col(alias, t.Key)+" DESC $page(?, ?)", w.Args(1, 0)...); err != nil || len(live) == 0 {
		return nil, err
	}
	row := live[0]
	key, of := col(alias, t.Key), col(alias, t.Live)
	src := "SELECT " + s.columns(q, "live") + ", " + closed + ` AS "Ended", ` + key + ` AS "Copy" FROM "` + t.Name + `" AS ` + alias + ` JOIN "` + t.Name + `" AS live ON ` + col("live", t.Key) + " = ?" + s.joins() +
		" WHERE (" + key + " = ? OR " + of + " = ?) ORDER BY " + col(alias, t.From) + " DESC, CASE WHEN " + of + " IS NULL THEN 0 ELSE 1 END, " + key + " DESC $page(?, ?)"
	versions, err := s.read(ctx, q, src, []any{row.Key, row.Key, row.Key, mostVersions, 0}, nil)
	if err != nil || row.Closed == nil {
		return versions, err
	}
	// A closed row has as its last version that it is gone.
	gone := apifhir.Entry{ID: idOf(row.UUID, t.Prefix(q), row.Key), VersionTime: db.Instant(q, *row.Closed), Deleted: true}
	if row.From != nil && row.From.Equal(*row.Closed) && len(versions) > 0 {
		versions = versions[1:]
	}
	return append([]apifhir.Entry{gone}, versions...), nil
}

// Kept is the condition on rows of another table, as alias, that belong to rows of a page: they are current. For versions it
// takes those of all times; Held tells which of them belonged to a version.
func Kept[R Rower](rows []R, alias string) string {
	for i := range rows {
		if rows[i].base().Ended != nil {
			return table.All
		}
	}
	return col(alias, "ValidityTo") + " IS NULL"
}

// settled is how long before its end a version is looked at: the legacy application writes a row and what belongs to it one
// after the other, each with the time at which it does.
const settled = time.Second

// Held says whether a row of another table that is valid from and to some moments belongs to the row, or belonged to its
// version at its end.
func (r Row) Held(from, to *time.Time) bool {
	if r.Ended == nil {
		return to == nil
	}
	at := r.Ended.Add(-settled)
	if r.Changed != nil && at.Before(*r.Changed) {
		at = *r.Changed
	}
	return (from == nil || !from.After(at)) && (to == nil || to.After(at))
}

// ByKey are the keys of rows, each once, and where the rows of each are: versions of one have the same key.
func ByKey[R Rower](rows []R) (db.Ints, map[int][]*R) {
	keys, at := make(db.Ints, 0, len(rows)), make(map[int][]*R, len(rows))
	for i := range rows {
		key := rows[i].base().Key
		if at[key] == nil {
			keys = append(keys, key)
		}
		at[key] = append(at[key], &rows[i])
	}
	return keys, at
}
