package fhirsql

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"strings"

	"github.com/openimis/openimis-be-go/internal/db"
	"github.com/openimis/openimis-be-go/internal/table"
	apifhir "github.com/openimis/openimis-be-go/modules/api_fhir"
)

// place is where a row stands among the changes of several sources: its row version and, for engines that give one to
// many rows, the source and the key.
type place struct {
	version     int64
	source, key int
	whole       bool // behind all rows with the version
}

func (p place) String() string {
	version := strconv.FormatInt(p.version, 10)
	if p.whole {
		return version
	}
	return version + "." + strconv.Itoa(p.source) + "." + strconv.Itoa(p.key)
}

func placeOf(mark string) (p place, err error) {
	parts := strings.Split(mark, ".")
	if p.version, err = strconv.ParseInt(parts[0], 10, 64); err == nil && len(parts) == 3 {
		if p.source, err = strconv.Atoi(parts[1]); err == nil {
			p.key, err = strconv.Atoi(parts[2])
		}
	}
	if p.whole = len(parts) == 1; err != nil || !p.whole && len(parts) != 3 {
		return place{}, apifhir.ErrMark
	}
	return p, nil
}

func (p place) compare(o place) int {
	return cmp.Or(cmp.Compare(p.version, o.version), cmp.Compare(p.source, o.source), cmp.Compare(p.key, o.key))
}

// numbered says whether the database numbers the changes of all the rows.
func (u union) numbered(q db.Query) bool {
	return !slices.ContainsFunc(u.sources, func(s *source) bool { return db.VersionColumn(q, s.Table.Name) == "" })
}

// mark implements apifhir.Resource.Mark: behind all that is settled.
func (u union) mark(ctx context.Context, q db.Query) (string, error) {
	if !u.numbered(q) {
		return "", nil
	}
	horizon, err := db.Horizon(ctx, q)
	return place{version: horizon - 1, whole: true}.String(), err
}

// changes implements apifhir.Resource.Changes.
func (u union) changes(ctx context.Context, q db.Query, query apifhir.Query) (apifhir.Changes, error) {
	from, err := placeOf(query.After)
	if err != nil || !u.numbered(q) {
		return apifhir.Changes{}, apifhir.ErrMark
	}
	horizon, err := db.Horizon(ctx, q)
	switch {
	case err != nil:
		return apifhir.Changes{}, err
	case from.version >= horizon: // of another database, or of this one before it was restored
		return apifhir.Changes{}, apifhir.ErrMark
	}
	var found []located
	for i, s := range u.sources {
		at := here(ctx, q)
		at.Few = true
		w, none, err := s.where(at, query.Params)
		if err != nil {
			return apifhir.Changes{}, err
		}
		if none {
			continue
		}
		more, err := s.changed(ctx, q, w, i, from, horizon, query.Limit)
		if err != nil {
			return apifhir.Changes{}, err
		}
		found = append(found, more...)
	}
	slices.SortFunc(found, func(a, b located) int { return a.place.compare(b.place) })
	end := place{version: horizon - 1, whole: true}
	all := len(found) < query.Limit
	if !all {
		found = found[:query.Limit]
		end = found[len(found)-1].place
	}
	c := apifhir.Changes{End: end.String(), All: all}
	for i, s := range u.sources {
		if err := s.fill(ctx, q, i, found); err != nil {
			return apifhir.Changes{}, err
		}
	}
	for _, f := range found {
		if f.entry.ID != "" { // it may have gone since its place was read
			f.entry.Position = f.place.String()
			c.Entries = append(c.Entries, f.entry)
		}
	}
	return c, nil
}

// located is a row that was changed, and where.
type located struct {
	place place
	entry apifhir.Entry
}

// changed finds the rows of a source, number i, that were changed behind a place and below the horizon.
func (s *source) changed(ctx context.Context, q db.Query, w *table.Where, i int, from place, horizon int64, limit int) ([]located, error) {
	src, args := s.changedSQL(db.VersionColumn(q, s.Table.Name), w, i, from, horizon, limit)
	var rows []struct {
		Key     int   `db:"Key"`
		Version int64 `db:"Version"`
	}
	if err := q.Select(ctx, &rows, src, args...); err != nil {
		return nil, err
	}
	list := make([]located, len(rows))
	for j, r := range rows {
		list[j].place = place{version: r.Version, source: i, key: r.Key}
	}
	return list, nil
}

func (s *source) changedSQL(column string, w *table.Where, i int, from place, horizon int64, limit int) (string, []any) {
	key, version := col(alias, s.Table.Key), col(alias, column)
	w = w.Clone()
	switch {
	case from.whole || i < from.source:
		w.And(version+" > $atversion(?)", from.version)
	case i > from.source:
		w.And(version+" >= $atversion(?)", from.version)
	default: // said twice so that an index is entered there
		w.And(version+" >= $atversion(?)", from.version).And("("+version+" > $atversion(?) OR "+key+" > ?)", from.version, from.key)
	}
	w.And(version+" < $atversion(?)", horizon)
	return "SELECT " + key + ` AS "Key", $version(` + version + `) AS "Version" FROM "` + s.Table.Name + `" AS ` + alias + w.SQL() +
		" ORDER BY " + version + ", " + key + " $page(?, ?)", w.Args(limit, 0)
}

// fill reads the rows of a source among those that were found.
func (s *source) fill(ctx context.Context, q db.Query, i int, found []located) error {
	at := map[string]int{}
	var keys db.Ints
	for j, f := range found {
		if f.place.source == i {
			at[strconv.Itoa(f.place.key)] = j
			keys = append(keys, f.place.key)
		}
	}
	if len(keys) == 0 {
		return nil
	}
	entries, err := s.byKeys(ctx, q, keys)
	for _, e := range entries {
		found[at[e.Position]].entry = e
	}
	return err
}
