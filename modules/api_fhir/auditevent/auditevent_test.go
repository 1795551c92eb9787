package auditevent_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/labstack/echo/v4"
	"github.com/samply/golang-fhir-models/fhir-models/fhir"

	"github.com/openimis/openimis-be-go/internal/audit"
	"github.com/openimis/openimis-be-go/internal/auth"
	"github.com/openimis/openimis-be-go/internal/db"
	"github.com/openimis/openimis-be-go/internal/table"
	"github.com/openimis/openimis-be-go/internal/testing/dbtest"
	"github.com/openimis/openimis-be-go/internal/testing/fhirconformance"
	"github.com/openimis/openimis-be-go/internal/testing/fhirtest"
	"github.com/openimis/openimis-be-go/internal/testing/sqlcheck"
	apifhir "github.com/openimis/openimis-be-go/modules/api_fhir"
	"github.com/openimis/openimis-be-go/modules/api_fhir/auditevent"
	"github.com/openimis/openimis-be-go/modules/api_fhir/fhirsql"
)

func TestMain(m *testing.M) { os.Exit(sqlcheck.Gate(m)) }

// person is a row of tblInsuree as Patient. Who sees not all sees those of one family.
type person struct{ fhirsql.Row }

var patients = &fhirsql.Source[person]{
	Table: table.New(table.Table{Name: "tblInsuree", Code: "CHFID", Scope: func(s auth.Scope, alias string) (string, []any) {
		if s.All {
			return "", nil
		}
		return alias + `."FamilyID" IN $ints(?)`, []any{db.Ints(s.Districts)}
	}}),
	Params: []fhirsql.Param{fhirsql.Text("family", "Start of the family name", "LastName")},
	Map:    func(p person) apifhir.Entry { return p.Entry(&fhir.Patient{Identifier: p.Identifiers()}) },
}

var (
	boss    = &auth.Principal{Username: "boss", Admin: true, Scope: auth.Scope{All: true}}
	auditor = &auth.Principal{Username: "auditor", Rights: map[int]bool{131207: true}}
	clerk   = &auth.Principal{Username: "clerk", Rights: map[int]bool{101101: true}, Scope: auth.Scope{All: true}}
	first   = time.Date(2026, 11, 30, 9, 0, 0, 0, time.UTC)
)

// world has four insurees in two families, of whom the last has been deleted, and a log of what was done with them.
type world struct {
	t       *testing.T
	d       *db.DB
	by      *auth.Principal
	handler http.Handler
	keys    []int
	uuids   []string
	lines   []audit.Line
	sent    int // statements of the last request
}

func build(t *testing.T, d *db.DB) *world {
	t.Helper()
	w := &world{t: t, d: d, by: boss}
	if err := d.Write(t.Context(), "fill", func(tx *db.Tx) error {
		var family int
		for i := range 4 {
			if i%2 == 0 {
				var err error
				if family, err = tx.Insert(t.Context(), "tblFamilies", db.Values{"InsureeID": 0, "AuditUserID": 1, "ValidityFrom": first}); err != nil {
					return err
				}
				auditor.Scope.Districts = []int{family}
			}
			key, err := tx.Insert(t.Context(), "tblInsuree", db.Values{"FamilyID": family, "CHFID": fmt.Sprintf("10700000%d", i), "LastName": fmt.Sprint("Doe", i), "OtherNames": "Joe",
				"DOB": db.Date(first), "IsHead": i%2 == 0, "CardIssued": false, "AuditUserID": 1, "ValidityFrom": first})
			if err != nil {
				return err
			}
			w.keys = append(w.keys, key)
		}
		return tx.Close(t.Context(), "tblInsuree", first.Add(time.Hour), w.keys[3:])
	}); err != nil {
		t.Fatal(err)
	}
	var uuids []db.UUID
	if patients.Table.HasUUID(d) {
		if err := d.Select(t.Context(), &uuids, `SELECT i."InsureeUUID" FROM "tblInsuree" AS i ORDER BY i."InsureeID"`); err != nil {
			t.Fatal(err)
		}
		for _, u := range uuids {
			w.uuids = append(w.uuids, string(u))
		}
	} else {
		for _, k := range w.keys {
			w.uuids = append(w.uuids, fmt.Sprint(k))
		}
	}
	key := func(i int) string { return fmt.Sprint(w.keys[i]) }
	line := func(l audit.Line) {
		l.At, l.Process, l.Seq = first.Add(time.Duration(len(w.lines)/2)*time.Minute), "host/7/~é", int64(len(w.lines)+1)
		if l.Count == 0 {
			l.Count = len(l.IDs)
		}
		w.lines = append(w.lines, l)
	}
	read := audit.Line{User: "Clerk1", Address: "203.0.113.9", Request: "req-1", Way: audit.FHIR, Operation: "GET Patient", Action: audit.Read, Subject: audit.Insuree, Outcome: audit.OK}
	line(audit.Line{Action: audit.Start})
	of := func(change func(l *audit.Line), ids ...string) {
		l := read
		l.IDs = ids
		change(&l)
		line(l)
	}
	of(func(*audit.Line) {}, key(0), key(1), key(3))
	of(func(l *audit.Line) { l.Way, l.Operation = audit.GraphQL, "policiesByInsuree" }, "code:107000001")
	of(func(l *audit.Line) { l.User, l.Action, l.Operation = "Élodie", audit.Update, "PUT Patient" }, key(2))
	of(func(l *audit.Line) { l.Outcome = audit.Failed }, key(2), "999999")
	of(func(l *audit.Line) { l.Way, l.Action, l.Subject = audit.Mutation, audit.Create, "claim item" }, "5", "6")
	of(func(l *audit.Line) { l.Way, l.Action, l.Subject = audit.HTTP, audit.Delete, "role right" }, "9")
	of(func(l *audit.Line) { l.Way, l.Subject, l.Operation = audit.HTTP, audit.Itself, "GET /api/audit" }, "code:id=7&user=x")
	line(audit.Line{Action: audit.Lost, Count: 12})
	line(audit.Line{Action: audit.Stop})
	if err := (audit.Table{DB: d}).Write(t.Context(), w.lines); err != nil {
		t.Fatal(err)
	}
	service := new(auditevent.Service)
	s, err := apifhir.New(apifhir.Config{DB: d, Log: slog.New(slog.DiscardHandler)}, service.Resource(),
		fhirsql.Resource(apifhir.Resource{Release: apifhir.R4, Type: "Patient", Access: apifhir.Access{Get: auth.SignedIn}}, patients))
	if err != nil {
		t.Fatal(err)
	}
	service.Serve(s)
	e := echo.New()
	s.Mount(e.Group("/fhir", func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			by := w.by
			if by == nil && c.Request().Header.Get("Authorization") != "" {
				by = boss
			}
			if by != nil {
				c.SetRequest(c.Request().WithContext(auth.With(c.Request().Context(), by)))
			}
			return next(c)
		}
	}), apifhir.Mount{Release: apifhir.R4})
	w.handler = e
	return w
}

func everywhere(t *testing.T, fn func(t *testing.T, w *world)) {
	dbtest.EachFresh(t, func(t *testing.T, d *db.DB) { fn(t, build(t, d)) })
	t.Run("without UUIDs", func(t *testing.T) {
		d := dbtest.SQLite(t)
		dbtest.DropUUIDs(t, d)
		fn(t, build(t, d))
	})
}

type page struct {
	Total *int
	Link  []struct{ Relation, URL string }
	Entry []struct{ Resource fhir.AuditEvent }
}

func (w *world) get(by *auth.Principal, path string, status int, into any) string {
	w.t.Helper()
	w.by = by
	if !strings.HasPrefix(path, "http") {
		path = "/fhir/" + path
	}
	r := httptest.NewRequest(http.MethodGet, path, nil)
	ctx, counter := db.WithCounter(r.Context())
	a := httptest.NewRecorder()
	w.handler.ServeHTTP(a, r.WithContext(ctx))
	w.sent = counter.Statements()
	fhirtest.Dump(w.t, path, a.Body.Bytes())
	if a.Code != status {
		w.t.Fatalf("GET %s: %d, want %d: %s", path, a.Code, status, a.Body)
	}
	if into != nil {
		if err := json.Unmarshal(a.Body.Bytes(), into); err != nil {
			w.t.Fatalf("%v: %s", err, a.Body)
		}
	}
	return a.Body.String()
}

// numbers are those of the lines that a search finds, in the order of the answer.
func (w *world) numbers(by *auth.Principal, search string) string {
	w.t.Helper()
	var p page
	w.get(by, "AuditEvent?_count=50&"+search, http.StatusOK, &p)
	var list []string
	for _, e := range p.Entry {
		_, rest, _ := strings.Cut(*e.Resource.Id, "-")
		number, _, _ := strings.Cut(rest, "-")
		list = append(list, number)
	}
	if p.Total == nil || *p.Total != len(list) {
		w.t.Errorf("?%s: a total of %v for %d", search, p.Total, len(list))
	}
	return strings.Join(list, " ")
}

func TestSearches(t *testing.T) {
	everywhere(t, func(t *testing.T, w *world) {
		for _, c := range []struct{ search, want string }{
			{"", "10 9 8 7 6 5 4 3 2 1"},
			{"_sort=-date", "10 9 8 7 6 5 4 3 2 1"},
			{"_sort=date", "1 2 3 4 5 6 7 8 9 10"},
			{"_sort=_lastUpdated&date=ge2026-11-30T09:01:00Z&date=lt2026-11-30T09:03:00Z", "3 4 5 6"},
			{"date=ne2026-11-30", ""},
			{"_lastUpdated=ne2026-11-30T09:04:00Z", "8 7 6 5 4 3 2 1"},
			{"agent-name=clerk", "8 7 6 5 3 2"},
			{"agent-name:exact=élodie", "4"},
			{"agent-name:contains=LOD", "4"},
			{"altid=CLERK1&action=R", "8 5 3 2"},
			{"altid=clerk", ""},
			{"address=203.0.113.", "8 7 6 5 4 3 2"},
			{"entity-name=GET%20Patient", "7 6 5 2"},
			{"action=C,D", "7 6"}, {"action=E", "10 9 1"}, {"action=http://hl7.org/fhir/audit-event-action%7CU", "4"}, {"action=x:y%7CU", ""},
			{"type=rest", "5 4 2"}, {"type=110110", "6 3"}, {"type=110100", "10 9 1"}, {"type=110101", "8"}, {"type=110137", "7"},
			{"type=http://terminology.hl7.org/CodeSystem/audit-event-type%7C", "5 4 2"}, {"type=none%7Crest", ""},
			{"subtype=update", "4"}, {"subtype=create", ""}, {"subtype=110120,110121", "10 1"},
			{"outcome=4", "9 5"}, {"outcome=0", "10 8 7 6 4 3 2 1"},
			{"entity=Patient/107000001", "3 2"}, {"patient=107000001", "3 2"}, {"patient=" + w.uuids[0], "2"}, {"patient=Patient/" + w.uuids[3], "2"},
			{"entity=" + w.uuids[1], "3 2"}, {"entity=Claim/1,Patient/" + w.uuids[1], "3 2"},
			{"entity:Patient=" + w.uuids[2] + "&outcome=0", "4"},
			{"patient.identifier=107000002", "5 4"}, {"patient.family=Doe", "5 4 3 2"}, {"patient.family=Nobody", ""},
			{"patient=nobody", ""}, {"entity=Claim/1", ""},
		} {
			if got := w.numbers(boss, c.search); got != c.want {
				t.Errorf("?%s finds %q, want %q", c.search, got, c.want)
			}
		}
		for _, bad := range []string{"entity=Device/1", "type=x", "outcome=1", "action=X", "date=yesterday", "_sort=agent-name", "_id=" + strings.Repeat("1-1-1,", 101) + "1"} {
			w.get(boss, "AuditEvent?"+bad, http.StatusBadRequest, nil)
		}
		w.get(clerk, "AuditEvent", http.StatusForbidden, nil)
		w.get(clerk, "AuditEvent/1-1-1", http.StatusForbidden, nil)
		for _, id := range []string{"x", "1-1-1", "1-1", "-1--1--1", "99999999999999999999-1-0", "1764493200000000000-1-zzzzzzzz"} {
			w.get(boss, "AuditEvent/"+id, http.StatusNotFound, nil)
		}
	})
}

// TestEvents: what the resource says of a line, to who sees everything and to who sees one family.
func TestEvents(t *testing.T) {
	everywhere(t, func(t *testing.T, w *world) {
		var all, few page
		w.get(boss, "AuditEvent?_sort=date&_count=50", http.StatusOK, &all)
		statements := w.sent
		w.get(auditor, "AuditEvent?_sort=date&_count=50", http.StatusOK, &few)
		w.get(boss, "AuditEvent?_sort=date&_count=2", http.StatusOK, nil)
		if w.sent != statements {
			t.Errorf("%d statements for a page of 50, %d for one of 2", statements, w.sent)
		}
		references := func(e fhir.AuditEvent) string {
			var list []string
			for _, entity := range e.Entity {
				switch {
				case entity.Role != nil && *entity.Role.Code == "24":
				case entity.What == nil:
					list = append(list, entity.Detail[1].ValueString+" hidden")
				case entity.What.Reference != nil:
					list = append(list, *entity.What.Reference)
				default:
					list = append(list, *entity.What.Display+" "+*entity.What.Identifier.Value)
				}
			}
			return strings.Join(list, ", ")
		}
		patient := func(i int) string { return "Patient/" + w.uuids[i] }
		for i, want := range map[int][2]string{
			0: {"", ""},
			1: {patient(0) + ", " + patient(1) + ", " + patient(3), patient(3) + ", 2 hidden"},
			2: {patient(1), "1 hidden"},
			3: {patient(2), patient(2)},
			4: {patient(2) + ", insuree 999999", patient(2) + ", 1 hidden"},
			5: {"claim item 5, claim item 6", "2 hidden"},
			7: {"", ""},
		} {
			if got := [2]string{references(all.Entry[i].Resource), references(few.Entry[i].Resource)}; got != want {
				t.Errorf("line %d is about %q, want %q", i+1, got, want)
			}
		}
		read := all.Entry[1].Resource
		if *read.Action != fhir.AuditEventActionR || read.Recorded != "2026-11-30T09:00:00.000Z" || *read.Agent[0].Name != "Clerk1" || !read.Agent[0].Requestor || *read.Agent[0].Network.Address != "203.0.113.9" ||
			*read.Source.Observer.Display != "host/7/~é" || *read.Entity[0].Name != "GET Patient" || read.Entity[0].Detail[1].ValueString != "req-1" {
			t.Errorf("%+v", read)
		}
		if asked := all.Entry[7].Resource.Entity[0]; asked.Query == nil || *asked.Query != base64.StdEncoding.EncodeToString([]byte("id=7&user=x")) {
			t.Errorf("what was asked of the log: %+v", asked)
		}
		if hidden := few.Entry[7].Resource.Entity[0]; hidden.Query != nil || *hidden.Name != "GET /api/audit" {
			t.Errorf("what was asked of the log, to who sees little: %+v", hidden)
		}
		if lost := all.Entry[8].Resource; *lost.OutcomeDesc != "12 events could not be kept." || *lost.Outcome != fhir.AuditEventOutcome4 {
			t.Errorf("%+v", lost)
		}
		// Nobody learns by searching what they may not see.
		if got := w.numbers(auditor, "patient="+url.QueryEscape(w.uuids[0])) + w.numbers(auditor, "patient.identifier=107000001"); got != "" {
			t.Errorf("somebody who may not see a patient finds %s", got)
		}
		if got := w.numbers(auditor, "patient="+w.uuids[2]); got != "5 4" {
			t.Errorf("somebody who may see a patient finds %s", got)
		}
	})
}

// TestPages: following next gives every event once, also while events are written, from either end.
func TestPages(t *testing.T) {
	everywhere(t, func(t *testing.T, w *world) {
		for _, sort := range []string{"-date", "date"} {
			seen := map[string]bool{}
			pages := 0
			for next := "AuditEvent?_count=3&date=lt2026-12-01&_sort=" + sort; next != ""; pages++ {
				var p page
				w.get(boss, next, http.StatusOK, &p)
				for _, e := range p.Entry {
					if seen[*e.Resource.Id] {
						t.Errorf("%s: %s is there twice", sort, *e.Resource.Id)
					}
					seen[*e.Resource.Id] = true
				}
				next = ""
				for _, l := range p.Link {
					if l.Relation == "next" {
						next = l.URL
					}
				}
				if err := (audit.Table{DB: w.d}).Write(t.Context(), []audit.Line{{At: first.Add(time.Duration(pages) * 48 * time.Hour), Process: "another" + sort, Seq: int64(pages + 100), Action: audit.Read}}); err != nil {
					t.Fatal(err)
				}
			}
			if want := len(w.lines) + map[string]int{"-date": 0, "date": 1}[sort]; len(seen) < want {
				t.Errorf("%s: %d events on %d pages, want %d", sort, len(seen), pages, want)
			}
		}
	})
}

// TestProtocol: AuditEvent does what /metadata promises.
func TestProtocol(t *testing.T) {
	everywhere(t, func(t *testing.T, w *world) {
		w.by = nil
		s := httptest.NewServer(w.handler)
		defer s.Close()
		fhirconformance.Check(t, fhirconformance.Server{Base: s.URL + "/fhir", Sign: func(r *http.Request) { r.Header.Set("Authorization", "boss") },
			Dump: func(name string, body []byte) { fhirtest.Dump(t, name, body) }})
	})
}
