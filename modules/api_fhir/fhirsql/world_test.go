package fhirsql_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/labstack/echo/v4"
	"github.com/samply/golang-fhir-models/fhir-models/fhir"

	"github.com/openimis/openimis-be-go/internal/auth"
	"github.com/openimis/openimis-be-go/internal/db"
	"github.com/openimis/openimis-be-go/internal/fault"
	"github.com/openimis/openimis-be-go/internal/table"
	"github.com/openimis/openimis-be-go/internal/testing/dbtest"
	"github.com/openimis/openimis-be-go/internal/testing/fhirtest"
	"github.com/openimis/openimis-be-go/internal/testing/sqlcheck"
	apifhir "github.com/openimis/openimis-be-go/modules/api_fhir"
	"github.com/openimis/openimis-be-go/modules/api_fhir/fhirsql"
)

func TestMain(m *testing.M) { os.Exit(sqlcheck.Gate(m)) }

// A resource that can do everything: places, with the one that they lie in. Who sees one district sees
// what lies in it.
var (
	placeTable = table.New(table.Table{Name: "tblLocations", Code: "LocationCode", Scope: func(s auth.Scope, alias string) (string, []any) {
		if s.All {
			return "", nil
		}
		return "(" + table.Col(alias, "LocationId") + " IN $ints(?) OR " + table.Col(alias, "ParentLocationId") + " IN $ints(?))", []any{db.Ints(s.Districts), db.Ints(s.Districts)}
	}})
	clinicTable = table.New(table.Table{Name: "tblHF", Code: "HFCode"})
)

type place struct {
	fhirsql.Row
	Name   *string     `db:"LocationName"`
	Type   string      `db:"LocationType"`
	Parent fhirsql.Ref `db:"parent"`
}

type clinic struct {
	fhirsql.Row
	Name *string     `db:"HFName"`
	In   fhirsql.Ref `db:"around"`
}

func sources() (*fhirsql.Source[place], *fhirsql.Source[clinic]) {
	places := &fhirsql.Source[place]{
		Table: placeTable, Columns: []string{"LocationName", "LocationType"},
		Links: []fhirsql.Link{{Alias: "parent", Table: placeTable, Via: "ParentLocationId"}},
		Params: []fhirsql.Param{
			fhirsql.Text("name", "", "LocationName"), fhirsql.Code("kind", "", "LocationType"),
			fhirsql.Reference("partof", "", "partOf", placeTable, "ParentLocationId", "Location"),
		},
		Sort: map[string]string{"name": "LocationName"},
		Map: func(p place) apifhir.Entry {
			return p.Entry(&fhir.Location{Identifier: p.Identifiers(), Name: p.Name, PhysicalType: apifhir.Concept("", p.Type, ""), PartOf: p.Parent.Reference("Location")})
		},
	}
	clinics := &fhirsql.Source[clinic]{
		Table: clinicTable, Columns: []string{"HFName"},
		Links:  []fhirsql.Link{{Alias: "around", Table: placeTable, Via: "LocationId"}},
		Params: []fhirsql.Param{fhirsql.Reference("address", "", "partOf", placeTable, "LocationId", "Location"), fhirsql.Text("name", "", "HFName")},
		Map: func(c clinic) apifhir.Entry {
			return c.Entry(&fhir.Location{Identifier: c.Identifiers(), Name: c.Name, PartOf: c.In.Reference("Location")})
		},
	}
	return places, clinics
}

// world has a region with two districts of three wards each, and a clinic in each district.
type world struct {
	t     *testing.T
	d     *db.DB
	e     *echo.Echo
	s     *apifhir.Server
	now   time.Time
	ids   map[string]int
	scope auth.Scope
}

func newWorld(t *testing.T, d *db.DB) *world {
	w := &world{t: t, d: d, e: echo.New(), now: time.Date(2026, 11, 1, 8, 0, 0, 0, time.UTC), ids: map[string]int{}, scope: auth.Scope{All: true}}
	err := d.Write(t.Context(), "fill", func(tx *db.Tx) error {
		add := func(code, kind, parent string) {
			v := db.Values{"LocationCode": code, "LocationName": "Name of " + code, "LocationType": kind, "ValidityFrom": w.now}
			if parent != "" {
				v["ParentLocationId"] = w.ids[parent]
			}
			id, err := tx.Insert(t.Context(), "tblLocations", v)
			if err != nil {
				t.Fatal(err)
			}
			w.ids[code] = id
		}
		add("R", "R", "")
		for _, d := range []string{"D1", "D2"} {
			add(d, "D", "R")
			for i := 1; i <= 3; i++ {
				add(fmt.Sprint(d, "W", i), "W", d)
			}
			if _, err := tx.Insert(t.Context(), "tblHF", db.Values{"HFCode": "H" + d, "HFName": "Clinic of " + d, "LegalForm": "G", "HFLevel": "H", "HFCareType": "B",
				"LocationId": w.ids[d], "OffLine": false, "AuditUserID": 1, "ValidityFrom": w.now}); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	places, clinics := sources()
	s, err := apifhir.New(apifhir.Config{DB: d, Clock: func() time.Time { return w.now }, Log: slog.New(slog.DiscardHandler)},
		fhirsql.Resource(apifhir.Resource{
			Release: apifhir.R4, Type: "Location",
			Access: apifhir.Access{Get: auth.SignedIn, Create: auth.SignedIn, Update: auth.SignedIn, Delete: auth.SignedIn},
			Create: apifhir.Decoded(w.create(places)), Update: apifhir.Decoded(w.update(places)),
			Delete: func(ctx context.Context, in *apifhir.Input) error {
				row, err := places.Get(ctx, in.Tx, in.ID)
				if err != nil {
					return err
				}
				if err := in.Tx.Archive(ctx, "tblLocations", in.Now, []int{row.Key}); err != nil {
					return err
				}
				return in.Tx.Close(ctx, "tblLocations", in.Now, []int{row.Key})
			},
		}, places),
		fhirsql.Resource(apifhir.Resource{Release: apifhir.R4, Type: "Organization", Access: apifhir.Access{Get: auth.Needs(121101)}}, clinics),
		fhirsql.Resource(apifhir.Resource{Release: apifhir.R4, Type: "Endpoint", Access: apifhir.Access{Get: auth.SignedIn}}, places, clinics),
	)
	if err != nil {
		t.Fatal(err)
	}
	w.s = s
	signed := func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			p := &auth.Principal{Username: "clerk", Scope: w.scope, Rights: map[int]bool{121101: w.scope.All}}
			c.SetRequest(c.Request().WithContext(auth.With(c.Request().Context(), p)))
			return next(c)
		}
	}
	s.Mount(w.e.Group("/r4", signed), apifhir.Mount{Release: apifhir.R4})
	s.Mount(w.e.Group("/compat", signed), apifhir.Mount{Release: apifhir.R4, Compat: true, Refusals500: true})
	return w
}

func codeOf(l *fhir.Location) (string, error) {
	code := apifhir.IdentifierValue(l.Identifier, apifhir.KindCode)
	if code == "" {
		return "", fault.Input("Location.identifier", "Missing location code")
	}
	if code == "PANIC" {
		panic("a mistake")
	}
	return code, nil
}

func (w *world) values(ctx context.Context, in *apifhir.Input, l *fhir.Location) (db.Values, error) {
	code, err := codeOf(l)
	if err != nil {
		return nil, err
	}
	v := db.Values{"LocationCode": code, "LocationType": "W"}
	if l.Name != nil {
		v["LocationName"] = *l.Name
	}
	if l.PartOf != nil {
		target, err := apifhir.TargetOf(l.PartOf, "Location.partOf")
		if err != nil {
			return nil, err
		}
		if v["ParentLocationId"], err = fhirsql.Resolve(ctx, in.Tx, placeTable, target, "Location.partOf"); err != nil {
			return nil, err
		}
	}
	return v, nil
}

type writer func(ctx context.Context, in *apifhir.Input, l *fhir.Location, _ []apifhir.Contained) (apifhir.Entry, error)

func (w *world) create(places *fhirsql.Source[place]) writer {
	return func(ctx context.Context, in *apifhir.Input, l *fhir.Location, _ []apifhir.Contained) (apifhir.Entry, error) {
		v, err := w.values(ctx, in, l)
		if err != nil {
			return apifhir.Entry{}, err
		}
		v["ValidityFrom"] = in.Now
		key, err := in.Tx.Insert(ctx, "tblLocations", v)
		if err != nil {
			return apifhir.Entry{}, err
		}
		return places.Entry(ctx, in.Tx, key)
	}
}

func (w *world) update(places *fhirsql.Source[place]) writer {
	return func(ctx context.Context, in *apifhir.Input, l *fhir.Location, _ []apifhir.Contained) (apifhir.Entry, error) {
		row, err := places.Get(ctx, in.Tx, in.ID)
		if err != nil {
			return apifhir.Entry{}, err
		}
		v, err := w.values(ctx, in, l)
		if err != nil {
			return apifhir.Entry{}, err
		}
		if err := in.Tx.Archive(ctx, "tblLocations", in.Now, []int{row.Key}); err != nil {
			return apifhir.Entry{}, err
		}
		if _, err := in.Tx.Update(ctx, "tblLocations", row.Key, v); err != nil {
			return apifhir.Entry{}, err
		}
		return places.Entry(ctx, in.Tx, row.Key)
	}
}

// reply is an answer with its body read.
type reply struct {
	*httptest.ResponseRecorder
	body any
}

// do sends "METHOD path" below the R4 mount, or an absolute path; headers are "Name: value".
func (w *world) do(line, text string, headers ...string) reply {
	w.t.Helper()
	method, path, _ := strings.Cut(line, " ")
	if !strings.HasPrefix(path, "/") && !strings.HasPrefix(path, "http") {
		path = "/r4/" + path
	}
	r := httptest.NewRequest(method, strings.ReplaceAll(path, "|", "%7C"), strings.NewReader(text))
	for _, h := range headers {
		name, v, _ := strings.Cut(h, ": ")
		r.Header.Set(name, v)
	}
	a := reply{ResponseRecorder: httptest.NewRecorder()}
	w.e.ServeHTTP(a.ResponseRecorder, r)
	if a.Body.Len() > 0 {
		if err := json.Unmarshal(a.Body.Bytes(), &a.body); err != nil {
			w.t.Fatalf("%s: %v in %s", line, err, a.Body)
		}
		fhirtest.Dump(w.t, line, a.Body.Bytes())
	}
	return a
}

// at follows a path such as "issue.0.details.text".
func (a reply) at(path string) string {
	v := a.body
	for _, step := range strings.Split(path, ".") {
		switch o := v.(type) {
		case map[string]any:
			v = o[step]
		case []any:
			var i int
			if _, err := fmt.Sscan(step, &i); err != nil || i >= len(o) {
				return ""
			}
			v = o[i]
		default:
			return ""
		}
	}
	if v == nil {
		return ""
	}
	return fmt.Sprint(v)
}

// next is the link to the next page, "" on the last.
func (a reply) next() string {
	for i := 0; ; i++ {
		switch a.at(fmt.Sprintf("link.%d.relation", i)) {
		case "":
			return ""
		case "next":
			return a.at(fmt.Sprintf("link.%d.url", i))
		}
	}
}

// want compares the status and "path=value" pairs.
func (a reply) want(t *testing.T, status int, pairs ...string) reply {
	t.Helper()
	if a.Code != status {
		t.Errorf("status %d, want %d: %s", a.Code, status, a.Body)
	}
	for _, p := range pairs {
		path, want, _ := strings.Cut(p, "=")
		if part, ok := strings.CutPrefix(want, "~"); ok {
			if !strings.Contains(a.at(path), part) {
				t.Errorf("%s is %q, want …%s…", path, a.at(path), part)
			}
		} else if got := a.at(path); got != want {
			t.Errorf("%s is %q, want %q", path, got, want)
		}
	}
	return a
}

// codes are the business codes of the entries of a page with the mode, in order.
func (a reply) codes(mode string) string {
	var out []string
	for i := 0; ; i++ {
		entry := fmt.Sprintf("entry.%d.", i)
		if a.at(entry+"search.mode") == "" {
			return strings.Join(out, " ")
		}
		if a.at(entry+"search.mode") == mode {
			out = append(out, a.at(entry+"resource.identifier.1.value"))
		}
	}
}

func each(t *testing.T, fn func(t *testing.T, w *world)) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) { fn(t, newWorld(t, d)) })
}

func openOne(t *testing.T) *db.DB { return dbtest.SQLite(t) }
