package fhirsql

import (
	"errors"
	"slices"
	"testing"

	"github.com/openimis/openimis-be-go/internal/table"
	"github.com/openimis/openimis-be-go/internal/testing/sqlcheck"
	apifhir "github.com/openimis/openimis-be-go/modules/api_fhir"
)

// Only SQL Server numbers rows, so what finds them is checked here without one.
func TestStatementsOfChanges(t *testing.T) {
	s := &source{Table: table.New(table.Table{Name: "tblInsuree", Code: "CHFID"})}
	const horizon, limit = 900, 100
	for name, test := range map[string]struct {
		from   place
		source int
		args   []any
	}{
		"behind all of a version":        {place{version: 7, whole: true}, 0, []any{int64(7), int64(horizon), limit, 0}},
		"a source that had its turn":     {place{version: 7, source: 1, key: 3}, 0, []any{int64(7), int64(horizon), limit, 0}},
		"the source of the last row":     {place{version: 7, source: 1, key: 3}, 1, []any{int64(7), int64(7), 3, int64(horizon), limit, 0}},
		"a source that has its turn yet": {place{version: 7, source: 1, key: 3}, 2, []any{int64(7), int64(horizon), limit, 0}},
	} {
		src, args := s.changedSQL("RowID", new(table.Where).And(s.Table.Current(alias)), test.source, test.from, horizon, limit)
		if err := sqlcheck.Check(src); err != nil {
			t.Errorf("%s: %v in %s", name, err, src)
		}
		if !slices.Equal(args, test.args) {
			t.Errorf("%s: arguments %v, want %v", name, args, test.args)
		}
	}
	if err := sqlcheck.Check(`SELECT CAST($horizon AS bigint) AS "Horizon"`); err != nil {
		t.Error(err)
	}
}

func TestMarks(t *testing.T) {
	for _, p := range []place{{version: 1 << 62, whole: true}, {version: 5, source: 1, key: 77}, {}} {
		if got, err := placeOf(p.String()); err != nil || got != p {
			t.Errorf("%s is read as %+v, %v", p, got, err)
		}
	}
	for _, text := range []string{"", "x", "1.2", "1.2.x", "1.x.2", "1.2.3.4", "9223372036854775808"} {
		if _, err := placeOf(text); !errors.Is(err, apifhir.ErrMark) {
			t.Errorf("%q: %v", text, err)
		}
	}
	ordered := []place{{version: 1, source: 2, key: 9}, {version: 2, source: 0, key: 9}, {version: 2, source: 1, key: 1}, {version: 2, source: 1, key: 2}}
	if !slices.IsSortedFunc(ordered, place.compare) {
		t.Error("places are not in the order of version, source and key")
	}
}
