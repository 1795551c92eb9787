package fhirsql

import (
	"context"
	"fmt"
	"strconv"

	"github.com/openimis/openimis-be-go/internal/audit"
	"github.com/openimis/openimis-be-go/internal/db"
	"github.com/openimis/openimis-be-go/internal/fault"
	apifhir "github.com/openimis/openimis-be-go/modules/api_fhir"
)

// load reads rows, brings them into the order of keys, if there are any, and makes entries of them.
func (s *Source[R]) load(ctx context.Context, q db.Query, src string, args []any, keys db.Ints) ([]R, []apifhir.Entry, error) {
	var rows []R
	if err := q.Select(ctx, &rows, src, args...); err != nil || len(rows) == 0 {
		return nil, nil, err
	}
	if len(keys) > 1 {
		at := make(map[int]int, len(rows))
		for i := range rows {
			at[rows[i].base().Key] = i
		}
		sorted := make([]R, 0, len(rows))
		for _, k := range keys {
			if i, ok := at[k]; ok { // it may have gone since its key was read
				sorted = append(sorted, rows[i])
			}
		}
		rows = sorted
	}
	audit.From(ctx).Rows(s.Table.Name, len(rows), func(i int) int64 { return int64(rows[i].base().Key) })
	entries, err := s.entries(ctx, q, rows)
	return rows, entries, err
}

func (s *Source[R]) entries(ctx context.Context, q db.Query, rows []R) ([]apifhir.Entry, error) {
	if s.Load != nil {
		if err := s.Load(db.SamePlan(ctx), q, rows); err != nil {
			return nil, err
		}
	}
	entries := make([]apifhir.Entry, len(rows))
	for i, row := range rows {
		entries[i] = s.Map(row)
		if at := entries[i].VersionTime; !at.IsZero() {
			entries[i].VersionTime = db.Instant(q, at)
		}
		entries[i].Position = strconv.Itoa(row.base().Key)
	}
	return entries, nil
}

// Get reads the row that an id of a path names, for Update and Delete: a UUID, a code or a key, among the
// current rows that the caller may see. The error is fault.NotFound when there is none.
func (s *Source[R]) Get(ctx context.Context, q db.Query, id string) (R, error) {
	var rows []R
	src, args, ok := s.source().one(ctx, q, id)
	var err error
	if ok {
		rows, _, err = s.load(db.SamePlan(ctx), q, src, args, nil)
	}
	if err != nil || len(rows) == 0 {
		var none R
		if err == nil {
			err = fault.New(fault.NotFound, "%s not found.", id)
		}
		return none, err
	}
	return rows[0], nil
}

// Entry reads back the row with a key, for what Create and Update answer. It is found whatever the scope:
// the caller has just written it.
func (s *Source[R]) Entry(ctx context.Context, q db.Query, key int) (apifhir.Entry, error) {
	entries, err := s.source().byKeys(ctx, q, db.Ints{key})
	if err == nil && len(entries) == 0 {
		err = fmt.Errorf("%s %d is not there after it was written", s.Table.Name, key)
	}
	if err != nil {
		return apifhir.Entry{}, err
	}
	return entries[0], nil
}
