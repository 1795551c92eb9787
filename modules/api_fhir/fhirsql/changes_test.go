package fhirsql_test

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/samply/golang-fhir-models/fhir-models/fhir"

	"github.com/openimis/openimis-be-go/internal/auth"
	"github.com/openimis/openimis-be-go/internal/db"
	"github.com/openimis/openimis-be-go/internal/fault"
	"github.com/openimis/openimis-be-go/internal/testing/dbtest"
	apifhir "github.com/openimis/openimis-be-go/modules/api_fhir"
)

// changes walks through what was changed behind a mark, page by page, and gives the names and the mark behind them.
func (w *world) changes(criteria, mark string, limit int) (names []string, end string) {
	w.t.Helper()
	ctx := auth.With(w.t.Context(), &auth.Principal{Username: "clerk", Scope: w.scope})
	for end = mark; ; {
		list, next, all, err := w.s.Changes(ctx, apifhir.R4, criteria, end, limit)
		if err != nil {
			w.t.Fatalf("changes of %s behind %s: %v", criteria, end, err)
		}
		for i, c := range list {
			names = append(names, strings.TrimPrefix(*c.Resource.(*fhir.Location).Name, "Name of "))
			if i == len(list)-1 && !all && c.Position != next {
				w.t.Errorf("the page ends at %s, its last entry at %s", next, c.Position)
			}
		}
		if end = next; all {
			return names, end
		}
	}
}

func (w *world) mark(kind string) (mark string) {
	w.t.Helper()
	dbtest.Settled(w.t, w.d)
	err := w.d.Read(w.t.Context(), func(q db.Query) (err error) {
		mark, err = w.s.Mark(w.t.Context(), q, apifhir.R4, kind)
		return err
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return mark
}

// exec runs one statement as any program may, in a transaction.
func (w *world) exec(src string, args ...any) {
	w.t.Helper()
	if err := w.d.Write(w.t.Context(), "another program", func(tx *db.Tx) error { _, err := tx.Exec(w.t.Context(), src, args...); return err }); err != nil {
		w.t.Fatal(err)
	}
}

func TestDatabasesThatDoNotNumberRowsSaySo(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d)
		numbered := d.Dialect() == db.SQLServer
		if mark := w.mark("Endpoint"); (mark != "") != numbered {
			t.Errorf("the mark is %q", mark)
		}
		_, _, _, err := w.s.Changes(auth.With(t.Context(), &auth.Principal{Username: "clerk", Scope: auth.Scope{All: true}}), apifhir.R4, "Endpoint", "0", 10)
		if errors.Is(err, apifhir.ErrMark) == numbered {
			t.Errorf("changes: %v", err)
		}
	})
}

// Whatever is committed is found once, in pages of any size, with or without stamps, and in two tables.
func TestChangesAreFoundByRowVersions(t *testing.T) {
	dbtest.Need(t, db.SQLServer)
	w := newWorld(t, dbtest.Open(t, db.SQLServer))
	start := w.mark("Endpoint")
	if names, end := w.changes("Endpoint", start, 2); len(names) > 0 {
		t.Errorf("nothing was changed, found %v up to %s", names, end)
	}
	w.exec(`UPDATE "tblLocations" SET "LocationName" = 'Name of one' WHERE "LocationCode" = 'D1W1'`)
	w.exec(`UPDATE "tblHF" SET "HFName" = 'clinic' WHERE "HFCode" = 'HD2'`)
	w.exec(`UPDATE "tblLocations" SET "LocationName" = 'Name of two' WHERE "LocationCode" = 'D1W2'`)
	want := []string{"one", "clinic", "two"}
	dbtest.Settled(t, w.d)
	for _, limit := range []int{1, 2, 3, 100} {
		if names, _ := w.changes("Endpoint", start, limit); !slices.Equal(names, want) {
			t.Errorf("in pages of %d: %v, want %v", limit, names, want)
		}
	}
	_, then := w.changes("Endpoint", start, 100)

	// Many rows of one transaction: some engines give them one number.
	var all []string
	err := w.d.Write(t.Context(), "many", func(tx *db.Tx) error {
		all = nil
		for i := range 25 {
			code := fmt.Sprintf("N%02d", i)
			all = append(all, code)
			if _, err := tx.Insert(t.Context(), "tblLocations", db.Values{"LocationCode": code, "LocationName": "Name of " + code, "LocationType": "W", "ParentLocationId": w.ids["D1"], "ValidityFrom": w.now}); err != nil {
				return err
			}
		}
		_, err := tx.Exec(t.Context(), `UPDATE "tblHF" SET "HFName" = "HFCode" WHERE "ValidityTo" IS NULL`)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	all = append(all, "HD1", "HD2")
	dbtest.Settled(t, w.d)
	for _, limit := range []int{1, 7, 25, 26, 100} {
		names, _ := w.changes("Endpoint", then, limit)
		if slices.Sort(names); !slices.Equal(names, sorted(all)) {
			t.Errorf("of one transaction, in pages of %d: %v, want %v", limit, names, sorted(all))
		}
	}
	if names, _ := w.changes("Endpoint?name=Name%20of%20N2", then, 3); len(names) != 5 {
		t.Errorf("with a search: %v", names)
	}
	w.scope = auth.Scope{Districts: []int{w.ids["D2"]}}
	if names, _ := w.changes("Location", start, 3); len(names) > 0 {
		t.Errorf("of another district: %v", names)
	}
}

func sorted(list []string) []string { list = slices.Clone(list); slices.Sort(list); return list }

// Copies of history and closed rows are no resources.
func TestHistoryIsNoChange(t *testing.T) {
	dbtest.Need(t, db.SQLServer)
	w := newWorld(t, dbtest.Open(t, db.SQLServer))
	start := w.mark("Location")
	err := w.d.Write(t.Context(), "update and close", func(tx *db.Tx) error {
		if err := tx.Archive(t.Context(), "tblLocations", w.now, []int{w.ids["D1"], w.ids["D2W1"]}); err != nil {
			return err
		}
		if _, err := tx.Update(t.Context(), "tblLocations", w.ids["D1"], db.Values{"LocationName": "Name of D1 again"}); err != nil {
			return err
		}
		return tx.Close(t.Context(), "tblLocations", w.now, []int{w.ids["D2W1"]})
	})
	if err != nil {
		t.Fatal(err)
	}
	dbtest.Settled(t, w.d)
	if names, _ := w.changes("Location", start, 10); !slices.Equal(names, []string{"D1 again"}) {
		t.Errorf("changed: %v", names)
	}
}

// A change that is committed after later ones is found, and nothing behind it before.
func TestLateCommitsAreFound(t *testing.T) {
	dbtest.Need(t, db.SQLServer)
	w := newWorld(t, dbtest.Open(t, db.SQLServer))
	mark := w.mark("Location")
	tx, err := w.d.Pool().BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback()
	if _, err := tx.Exec(`UPDATE tblLocations SET LocationName = 'Name of late' WHERE LocationCode = 'D1'`); err != nil {
		t.Fatal(err)
	}
	w.exec(`UPDATE "tblLocations" SET "LocationName" = 'Name of early' WHERE "LocationCode" = 'D2'`)
	names, mark := w.changes("Location", mark, 10)
	if len(names) > 0 {
		t.Errorf("before the first one has ended: %v", names)
	}
	if err := tx.Commit(); err != nil {
		t.Fatal(err)
	}
	dbtest.Settled(t, w.d)
	if names, mark = w.changes("Location", mark, 10); !slices.Equal(names, []string{"late", "early"}) {
		t.Errorf("then: %v", names)
	}
	if names, _ = w.changes("Location", mark, 10); len(names) > 0 {
		t.Errorf("and again: %v", names)
	}
}

func TestChangesAreRefused(t *testing.T) {
	dbtest.Need(t, db.SQLServer)
	w := newWorld(t, dbtest.Open(t, db.SQLServer))
	mark := w.mark("Location")
	clerk := &auth.Principal{Username: "clerk", Scope: auth.Scope{All: true}}
	for name, test := range map[string]struct {
		by             *auth.Principal
		criteria, mark string
		code           string
	}{
		"nobody":                   {nil, "Location", mark, fault.Unauthenticated},
		"without the right":        {clerk, "Organization", mark, fault.Forbidden},
		"a type that is not there": {clerk, "Patient", mark, fault.NotFound},
		"an unknown parameter":     {clerk, "Location?colour=red", mark, fault.Invalid},
		"a damaged query":          {clerk, "Location?name=" + "%zz", mark, fault.Invalid},
	} {
		ctx := t.Context()
		if test.by != nil {
			ctx = auth.With(ctx, test.by)
		}
		if _, _, _, err := w.s.Changes(ctx, apifhir.R4, test.criteria, test.mark, 10); fault.Code(err) != test.code {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, mark := range []string{"", "x", "9000000000000000000"} {
		if _, _, _, err := w.s.Changes(auth.With(t.Context(), clerk), apifhir.R4, "Location", mark, 10); !errors.Is(err, apifhir.ErrMark) {
			t.Errorf("the mark %q: %v", url.QueryEscape(mark), err)
		}
	}
}
