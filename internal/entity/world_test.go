package entity_test

import (
	"context"
	"fmt"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/openimis/openimis-be-go/graph/contract2019"
	"github.com/openimis/openimis-be-go/internal/auth"
	"github.com/openimis/openimis-be-go/internal/clock"
	"github.com/openimis/openimis-be-go/internal/db"
	"github.com/openimis/openimis-be-go/internal/entity"
	"github.com/openimis/openimis-be-go/internal/relay"
	"github.com/openimis/openimis-be-go/internal/sdl"
	"github.com/openimis/openimis-be-go/internal/table"
	"github.com/openimis/openimis-be-go/internal/testing/dbtest"
	"github.com/openimis/openimis-be-go/internal/testing/entitytest"
	"github.com/openimis/openimis-be-go/internal/testing/sqlcheck"
)

func TestMain(m *testing.M) { os.Exit(sqlcheck.Gate(m)) }

var now = time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)

// The types of these tests are a small world over legacy tables: places with a hospital each, which has
// patients; drugs, for numbers; journal, for keys that are UUIDs.
const hospitals = `
scalar SmallInt
extend type Query {
  places(filter: PlaceFilter @inlineArguments): PlaceConnection
  hospitals(filter: HospitalFilter @inlineArguments): HospitalConnection
  hospital(code: String!, day: Date): Hospital
  backwards: [Hospital!]
  drugs(filter: DrugFilter @inlineArguments): DrugConnection
  journal(filter: EntryFilter @inlineArguments): EntryConnection
}
type Place implements Node @entity(total: true) {
  id: ID!
  code: String
  parent: Place
  children(filter: PlaceFilter @inlineArguments): PlaceConnection
  hospital: Hospital
}
input PlaceFilter { code: String code_Istartswith: String type: ID parent_Id: ID parent_Code: String orderBy: [String] }
type Hospital implements Node @entity(total: true) {
  id: ID!
  code: String!
  name: String
  phone: String!
  offline: Boolean!
  since: DateTime!
  place: Place!
}
input HospitalFilter {
  id: ID code: String name_Icontains: String name_Istartswith: String name_Iexact: String name_Gt: String offline: Boolean
  since: DateTime since_Gte: DateTime since_Lt: DateTime place_Id: ID place_Parent_Code: String str: String regionId: Int orderBy: [String]
}
type Drug @entity {
  id: ID!
  code: String!
  price: Float!
  often: SmallInt
  noted: Date!
}
input DrugFilter {
  price: Float price_Lte: Float price_Gt: Float often_Gte: SmallInt often: SmallInt noted: Date noted_Lt: Date noted_Lte: Date
  noted_Gt: Date noted_Gte: Date orderBy: [String]
}
type Entry implements Node @entity { id: ID! label: String of: UUID }
input EntryFilter { id: ID of: UUID }
`

const patients = `
extend type Query { patients(filter: PatientFilter @inlineArguments): PatientConnection }
type Patient @entity(total: true) {
  id: ID!
  number: String!
  born: Date!
  age: Int
  head: Boolean!
  gender: Gender
  hospital: Hospital
  treatedAt: Hospital
  mustSee: Hospital!
}
input PatientFilter { number: String hospital_Id: ID hospital_Code: String treatedAt_Code: String gender_Code: String head: Boolean orderBy: [String] }
type Gender @entity { code: String! patients: [Patient!] ofAge: [Patient] }
extend type Hospital { patients(filter: PatientFilter @inlineArguments): PatientConnection }
`

// types are new for each test: some change them.
type types struct {
	place, hospital, drug, entry, patient, gender *entity.Type
	models                                        []entity.Model
}

func newTypes() *types {
	w := &types{
		place: &entity.Type{
			Name: "Place", Table: table.New(table.Table{Name: "tblLocations"}), Relay: true,
			Columns: map[string]string{"code": "LocationCode"},
			Filters: map[string]string{"type": "MalePopulation"},
			Access:  auth.SignedIn,
		},
		hospital: &entity.Type{
			Name: "Hospital", Table: table.New(table.Table{Name: "tblHF", Scope: func(s auth.Scope, alias string) (string, []any) {
				if s.All {
					return "", nil
				}
				return alias + `."LocationId" IN $ints(?)`, []any{db.Ints(s.Districts)}
			}}), Relay: true,
			Columns:   map[string]string{"code": "HFCode", "name": "HFName", "phone": "Phone", "offline": "OffLine", "since": "ValidityFrom"},
			NullFalse: []string{"offline"},
			Access:    auth.SignedIn,
		},
		drug: &entity.Type{
			Name: "Drug", Table: table.New(table.Table{Name: "tblItems"}),
			Columns: map[string]string{"code": "ItemCode", "price": "ItemPrice", "often": "ItemFrequency", "noted": "ValidityFrom"},
			Access:  auth.SignedIn,
		},
		entry: &entity.Type{
			Name: "Entry", Table: table.New(table.Table{Name: "core_Mutation_Log"}), Relay: true,
			Columns: map[string]string{"label": "client_mutation_label", "of": "user_id"},
			Order:   []string{"-client_mutation_label"},
			Access:  auth.SignedIn,
		},
		patient: &entity.Type{
			Name: "Patient", Table: table.New(table.Table{Name: "tblInsuree",
				Scope: func(s auth.Scope, alias string) (string, []any) {
					if s.All {
						return "", nil
					}
					return alias + `."HFID" IN (SELECT h."HfID" FROM "tblHF" AS h WHERE h."LocationId" IN $ints(?))`, []any{db.Ints(s.Districts)}
				},
				ScopeEach: func(s auth.Scope, alias string) (string, []any) {
					if s.All {
						return "", nil
					}
					return `EXISTS (SELECT 1 FROM "tblHF" AS h WHERE h."HfID" = ` + alias + `."HFID" AND h."LocationId" IN $ints(?))`, []any{db.Ints(s.Districts)}
				},
				EachUpTo: 3}),
			Columns: map[string]string{"number": "CHFID", "born": "DOB", "head": "IsHead"},
			Computed: map[string]entity.Computed{"age": {Column: "DOB", Int: func(now, born time.Time) *int {
				if age := now.Year() - born.Year(); age >= 18 {
					return &age
				}
				return nil
			}}},
			Access: auth.Needs(101101),
		},
		gender: &entity.Type{
			Name: "Gender", Table: table.New(table.Table{Name: "tblGender"}),
			Columns: map[string]string{"code": "Code"},
			Access:  auth.SignedIn,
		},
	}
	w.place.One = map[string]entity.One{"parent": {To: w.place, Column: "ParentLocationId"}, "hospital": {To: w.hospital, Reverse: "LocationId"}}
	w.place.Many = map[string]entity.Many{"children": {To: w.place, Column: "ParentLocationId"}}
	w.hospital.One = map[string]entity.One{"place": {To: w.place, Column: "LocationId", Open: true}}
	w.patient.One = map[string]entity.One{
		"gender":    {To: w.gender, Column: "Gender", Open: true},
		"hospital":  {To: w.hospital, Column: "HFID"},
		"treatedAt": {To: w.hospital, Column: "HFID", Open: true},
		"mustSee":   {To: w.hospital, Column: "HFID"},
	}
	w.gender.Many = map[string]entity.Many{
		"patients": {To: w.patient, Column: "Gender"},
		"ofAge":    {To: w.patient, Column: "Gender", Access: &auth.Access{Rights: []int{999}}},
	}
	w.models = []entity.Model{
		{Types: []*entity.Type{w.place, w.hospital, w.drug, w.entry}},
		{Types: []*entity.Type{w.patient, w.gender}, Extensions: []entity.Extension{{Type: w.hospital, Many: map[string]entity.Many{"patients": {To: w.patient, Column: "HFID"}}}}},
	}
	return w
}

// world is the types over a database with a few rows.
type world struct {
	*types
	*entity.Engine
	schema *ast.Schema
	ids    map[string]string
}

// each runs fn on every engine, over
//
//	R ─┬─ D1 with hospital H1 "Green Hospital" (once "Old name"), patients 101 (head, F), 102 (M), 103 (M)
//	   └─ D2 with hospital H2 "Blue 50% clinic", patients 201 (head, F), 202 (M)
//
// and patient 301 (F) without a hospital; drugs A, B, C; three entries of the journal.
func each(t *testing.T, fn func(t *testing.T, w *world)) {
	t.Helper()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := &world{types: newTypes(), ids: map[string]string{}}
		var err error
		if w.schema, err = sdl.Assemble([]sdl.Source{{Module: "hospitals", Text: hospitals}, {Module: "patients", Text: patients}}); err != nil {
			t.Fatal(err)
		}
		registry, err := entity.NewRegistry(w.schema, w.models...)
		if err != nil {
			t.Fatal(err)
		}
		w.Engine = &entity.Engine{Registry: registry, DB: d, Clock: clock.Fixed(now), ListCap: 1000, Spelling: contract2019.Contract.Spelling}
		if err := d.Write(t.Context(), "test data", func(tx *db.Tx) error { return w.fill(t.Context(), tx) }); err != nil {
			t.Fatal(err)
		}
		fn(t, w)
	})
}

func (w *world) fill(ctx context.Context, tx *db.Tx) error {
	var failed error
	insert := func(name, table string, v db.Values) int {
		if failed != nil {
			return 0
		}
		var id int
		id, failed = tx.Insert(ctx, table, v)
		w.ids[name] = strconv.Itoa(id)
		return id
	}
	place := func(code, kind string, people int, parent *int) int {
		return insert(code, "tblLocations", db.Values{"LocationCode": code, "LocationName": code, "LocationType": kind, "ParentLocationId": parent, "MalePopulation": people, "ValidityFrom": now, "AuditUserId": 1})
	}
	hospital := func(code, name string, place int, more db.Values) int {
		v := db.Values{"HFCode": code, "HFName": name, "Phone": "1", "LegalForm": "G", "HFLevel": "H", "HFCareType": "B", "LocationId": place, "OffLine": false, "ValidityFrom": now.AddDate(-1, 0, 0), "AuditUserID": 1}
		for column, value := range more {
			v[column] = value
		}
		return insert(code, "tblHF", v)
	}
	// One of them has a gender that is spelled otherwise than the register has it.
	patient := func(number, gender string, born int, hospital *int) {
		insert(number, "tblInsuree", db.Values{"CHFID": number, "LastName": "L", "OtherNames": "O", "DOB": time.Date(born, 3, 4, 0, 0, 0, 0, time.UTC), "Gender": gender, "IsHead": strings.HasSuffix(number, "01"), "CardIssued": false, "isOffline": false, "FamilyID": 1, "HFID": hospital, "ValidityFrom": now, "AuditUserID": 1})
	}
	drug := func(code, price string, often any, noted time.Time) {
		insert(code, "tblItems", db.Values{"ItemCode": code, "ItemName": code, "ItemType": "D", "ItemPrice": price, "ItemCareType": "B", "ItemPatCat": 15, "ItemFrequency": often, "ValidityFrom": noted, "AuditUserID": 1})
	}
	for _, code := range []string{"F", "M"} {
		if _, err := tx.Insert(ctx, "tblGender", db.Values{"Code": code, "Gender": code}); err != nil {
			return err
		}
	}
	region := place("R", "R", 900, nil)
	d1, d2 := place("D1", "D", 100, &region), place("D2", "D", 200, &region)
	past := now.AddDate(0, -6, 0)
	hospital("H1", "Old name", d1, db.Values{"ValidityFrom": now.AddDate(-2, 0, 0), "ValidityTo": past})
	h1 := hospital("H1", "Green Hospital", d1, db.Values{"ValidityFrom": past})
	h2 := hospital("H2", "Blue 50% clinic", d2, db.Values{"OffLine": true})
	for _, p := range []struct {
		number, gender string
		born           int
		hospital       *int
	}{{"101", "F", 1990, &h1}, {"102", "m", 2020, &h1}, {"103", "M", 2000, &h1}, {"201", "F", 1980, &h2}, {"202", "M", 1981, &h2}, {"301", "F", 1970, nil}} {
		patient(p.number, p.gender, p.born, p.hospital)
	}
	drug("A", "10", 1, time.Date(2026, 1, 1, 23, 59, 0, 0, time.UTC))
	drug("B", "100.5", nil, time.Date(2026, 1, 2, 0, 0, 0, 0, time.UTC))
	drug("C", "0.05", 300, time.Date(2026, 1, 3, 12, 0, 0, 0, time.UTC))
	for n, label := range []string{"one", "two", "three"} {
		key := fmt.Sprintf("0000000%d-7de8-4125-b4c6-0207fc35f6c7", n)
		w.ids["log"+strconv.Itoa(n)] = key
		if _, err := tx.Insert(ctx, "core_Mutation_Log", db.Values{"id": db.UUID(key), "json_content": "{}", "request_date_time": now, "client_mutation_label": label, "status": 0}); err != nil {
			return err
		}
	}
	return failed
}

// The users of these tests.
var (
	admin  = &auth.Principal{Admin: true, Scope: auth.Scope{All: true}}
	nobody *auth.Principal
)

// of is a user who may see patients, in some districts.
func (w *world) of(districts ...string) *auth.Principal {
	p := &auth.Principal{Rights: map[int]bool{101101: true}}
	for _, d := range districts {
		id, _ := strconv.Atoi(w.ids[d])
		p.Scope.Districts = append(p.Scope.Districts, id)
	}
	return p
}

var placeholder = regexp.MustCompile(`<(\w+)(?::(\w+))?>`)

// spell replaces <H1> by the id of H1, <Hospital:H1> by its global id, and <after:3> by the cursor of
// the fourth row.
func (w *world) spell(s string) string {
	return placeholder.ReplaceAllStringFunc(s, func(m string) string {
		part := placeholder.FindStringSubmatch(m)
		switch {
		case part[1] == "after":
			n, _ := strconv.Atoi(part[2])
			return string(relay.AppendCursor(nil, n))
		case part[2] == "":
			return w.ids[part[1]]
		}
		return relay.ID(part[1], w.ids[part[2]])
	})
}

// ask runs a query with one root field as p and gives its value and the errors.
func (w *world) ask(ctx context.Context, t testing.TB, p *auth.Principal, query string, variables map[string]any) (string, []string) {
	t.Helper()
	got, errs := entitytest.Ask(ctx, t, w.schema, p, w.spell(query), variables, w.resolve)
	var said []string
	for _, err := range errs {
		if e, ok := err.(*gqlerror.Error); ok {
			said = append(said, e.Path.String()+": "+e.Message)
		} else {
			said = append(said, err.Error())
		}
	}
	return got, said
}

// resolve is what the resolvers of a module are.
func (w *world) resolve(ctx context.Context, field string) (*entity.Result, error) {
	switch field {
	case "hospital":
		return w.First(ctx, w.types.hospital, func(c entity.Cond, args map[string]any) error {
			c.And(`$eq(t."HFCode", ?)`, args["code"])
			c.Newest()
			if day, given := args["day"].(string); given {
				at, err := time.Parse(time.DateOnly, day)
				c.AsOf(at)
				return err
			}
			return nil
		})
	case "backwards":
		return w.Sorted(ctx, w.types.hospital, []string{`t."HFCode" DESC`}, nil)
	case "hospitals":
		return w.List(ctx, w.types.hospital, func(c entity.Cond, args map[string]any) error {
			c.Search(args, "HFCode", "HFName")
			if id := args["regionId"]; id != nil {
				c.And(c.Join("place", "parent")+`."LocationId" = ?`, id)
				delete(args, "regionId")
			}
			return nil
		})
	}
	return w.List(ctx, map[string]*entity.Type{"places": w.place, "drugs": w.drug, "journal": w.entry, "patients": w.patient}[field], nil)
}

// good is ask where no error is expected.
func (w *world) good(t testing.TB, p *auth.Principal, query string) string {
	t.Helper()
	got, errs := w.ask(t.Context(), t, p, query, nil)
	if len(errs) > 0 {
		t.Fatalf("%s: %v", query, errs)
	}
	return got
}

var written = regexp.MustCompile(`"(?:code|number|label)":"([^"]*)"`)

// names are the codes, numbers or labels in an answer, in order.
func names(answer string) string {
	var list []string
	for _, m := range written.FindAllStringSubmatch(answer, -1) {
		list = append(list, m[1])
	}
	return strings.Join(list, " ")
}
