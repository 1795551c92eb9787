package entity_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/openimis/openimis-be-go/internal/auth"
	"github.com/openimis/openimis-be-go/internal/db"
	"github.com/openimis/openimis-be-go/internal/entity"
)

func TestFilters(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		for _, c := range []struct{ filter, want string }{
			{`hospitals(code: "h1")`, "H1"}, // text compares without regard to case, trailing blanks do not count
			{`hospitals(code: "H1 ")`, "H1"},
			{`hospitals(code: "H")`, ""},
			{`hospitals(name_Icontains: "HOSP")`, "H1"},
			{`hospitals(name_Icontains: "50%")`, "H2"},
			{`hospitals(name_Icontains: "5%c")`, ""}, // what is typed is not a pattern
			{`hospitals(name_Istartswith: "blue")`, "H2"},
			{`hospitals(name_Istartswith: "clinic")`, ""},
			{`hospitals(name_Iexact: "green hospital")`, "H1"},
			{`hospitals(name_Gt: "c")`, "H1"},
			{`hospitals(str: "clin")`, "H2"},
			{`hospitals(str: "H1")`, "H1"},
			{`hospitals(regionId: <R>)`, "H1 H2"},
			{`hospitals(regionId: <D1>)`, ""},
			{`hospitals(offline: true)`, "H2"},
			{`hospitals(offline: false)`, "H1"},
			{`hospitals(id: "<H1>")`, "H1"},
			{`hospitals(id: "<Hospital:H1>")`, "H1"},
			{`hospitals(id: "0")`, ""},
			{`hospitals(place_Id: "<Place:D2>")`, "H2"},
			{`hospitals(place_Parent_Code: "R", code: "H2")`, "H2"},
			{`hospitals(since: "2026-05-23")`, "H1"}, // a day is all its moments
			{`hospitals(since: "2026-05-23T10:00:00")`, "H1"},
			{`hospitals(since: "2026-05-23T09:59:59")`, ""},
			{`hospitals(since_Gte: "2026-05-23T10:00:01")`, ""},
			{`hospitals(since_Lt: "2026-05-23")`, "H2"},
			{`places(type: "200")`, "D2"},
			{`places(parent_Id: "<R>")`, "D1 D2"},
			{`places(parent_Code: "r", code_Istartswith: "d")`, "D1 D2"},
			{`patients(hospital_Code: "H2")`, "201 202"},
			{`patients(gender_Code: "f")`, "101 201 301"},
			{`patients(gender_Code: "M")`, "102 103 202"},
			{`patients(head: true, gender_Code: "F")`, "101 201 301"},
			{`drugs(price: 10)`, "A"},
			{`drugs(price_Lte: 10.0)`, "A C"},
			{`drugs(price_Gt: 10)`, "B"},
			{`drugs(often: 300)`, "C"},
			{`drugs(often_Gte: 1)`, "A C"}, // nothing is true of NULL
			{`drugs(noted: "2026-01-01")`, "A"},
			{`drugs(noted_Lt: "2026-01-02")`, "A"},
			{`drugs(noted_Lte: "2026-01-02")`, "A B"},
			{`drugs(noted_Gt: "2026-01-02")`, "C"},
			{`drugs(noted_Gte: "2026-01-02")`, "B C"},
			// beyond what a column can have, where an engine would refuse to convert the value
			{`drugs(often: 99999)`, ""},
			{`hospitals(id: "99999999999")`, ""},
			{`hospitals(id: "99999999999999999999999999")`, ""},
			{`patients(hospital_Id: "-99999999999999999999999")`, ""},
			{`drugs(price_Lte: 1e30)`, "A B C"},
			{`drugs(noted_Gt: "0001-01-01")`, "A B C"},
			{`drugs(noted: "0001-01-01")`, ""},
			{`journal(id: "<Entry:log0>")`, "one"},
			{`journal(id: "<log0>")`, "one"},
			{`journal(of: "<log0>")`, ""},
		} {
			name := map[string]string{"patients": "number", "journal": "label"}[strings.Split(c.filter, "(")[0]]
			if name == "" {
				name = "code"
			}
			if got := names(w.good(t, admin, "{ "+c.filter+" { edges { node { "+name+" } } } }")); got != c.want {
				t.Errorf("%s: %q, want %q", c.filter, got, c.want)
			}
		}
	})
}

func TestOrder(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		for _, c := range []struct{ name, query, want string }{
			{"by the key", `{ patients { edges { node { number } } } }`, "101 102 103 201 202 301"},
			{"by a field", `{ drugs(orderBy: ["price"]) { edges { node { code } } } }`, "C A B"},
			{"descending", `{ drugs(orderBy: ["-price"]) { edges { node { code } } } }`, "B A C"},
			{"a single text", `{ drugs(orderBy: "-code") { edges { node { code } } } }`, "C B A"},
			{"by a relation, then a field", `{ patients(hospital_Code: "H1", orderBy: ["-hospital__place__code", "-born"]) { edges { node { number } } } }`, "102 103 101"},
			{"the same key twice", `{ drugs(orderBy: ["price", "-price"]) { edges { node { code } } } }`, "C A B"},
			{"of the type", `{ journal { edges { node { label } } } }`, "two three one"},
			{"given by the module", `{ backwards { code } }`, "H2 H1"},
		} {
			if got := names(w.good(t, admin, c.query)); got != c.want {
				t.Errorf("%s: %q, want %q", c.name, got, c.want)
			}
		}
		random := strings.Fields(names(w.good(t, admin, `{ patients(orderBy: ["?"]) { edges { node { number } } } }`)))
		if slices.Sort(random); strings.Join(random, " ") != "101 102 103 201 202 301" {
			t.Errorf("in a random order: %v", random)
		}
	})
}

func TestPages(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		for _, c := range []struct {
			args, want     string
			previous, next bool
		}{
			{`(first: 2)`, "101 102", false, true},
			{`(first: 2, after: "<after:1>")`, "103 201", false, true},
			{`(first: 2, after: "<after:3>")`, "202 301", false, false},
			{`(first: 2, after: "<after:99>")`, "", false, false},
			{`(first: 0)`, "", false, true},
			{`(first: 2, before: "<after:4>")`, "103 201", true, true},
			{`(last: 2)`, "202 301", true, false},
			{`(last: 10)`, "101 102 103 201 202 301", false, false},
			{`(last: 2, before: "<after:3>")`, "102 103", true, false},
			{`(first: 2, after: "no cursor")`, "101 102", false, true},
		} {
			got := w.good(t, admin, "{ patients"+c.args+" { totalCount pageInfo { hasPreviousPage hasNextPage } edges { node { number } } } }")
			info := fmt.Sprintf(`{"totalCount":6,"pageInfo":{"hasPreviousPage":%v,"hasNextPage":%v}`, c.previous, c.next)
			if names(got) != c.want || !strings.HasPrefix(got, info) {
				t.Errorf("%s: %s, want %s and %s", c.args, got, c.want, info)
			}
		}
		for _, c := range []struct{ args, want string }{
			{``, "H1 101 102 103 H2 201 202"},
			{`(first: 1)`, "H1 101 H2 201"},
			{`(first: 2, after: "<after:0>")`, "H1 102 103 H2 202"},
			{`(last: 1)`, "H1 103 H2 202"},
			{`(gender_Code: "F")`, "H1 101 H2 201"},
			{`(number: "202")`, "H1 H2 202"},
		} {
			if got := names(w.good(t, admin, "{ hospitals { edges { node { code patients"+c.args+" { edges { node { number } } } } } } }")); got != c.want {
				t.Errorf("of each hospital %s: %s, want %s", c.args, got, c.want)
			}
		}
		const nested = `{ hospitals { edges { node { patients(first: 2, after: "<after:0>") { totalCount edgeCount pageInfo { startCursor endCursor hasNextPage } } } } } }`
		const want = `{"edges":[{"node":{"patients":{"totalCount":3,"edgeCount":2,"pageInfo":{"startCursor":"<after:1>","endCursor":"<after:2>","hasNextPage":false}}}},` +
			`{"node":{"patients":{"totalCount":2,"edgeCount":1,"pageInfo":{"startCursor":"<after:1>","endCursor":"<after:1>","hasNextPage":false}}}}]}`
		if got := w.good(t, admin, nested); got != w.spell(want) {
			t.Errorf("counts and cursors of nested pages:\n%s\n%s", got, w.spell(want))
		}
		w.ListCap = 4
		if got := w.good(t, admin, `{ patients { totalCount pageInfo { hasNextPage } edges { node { number } } } }`); names(got) != "101 102 103 201" || !strings.HasPrefix(got, `{"totalCount":6,"pageInfo":{"hasNextPage":`) {
			t.Errorf("a list without first: %s", got)
		}
	})
}

func TestWhatIsWrittenForARow(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		err := w.DB.Write(t.Context(), "change", func(tx *db.Tx) error {
			_, err := tx.Exec(t.Context(), `UPDATE "tblHF" SET "HFName" = ? WHERE "HFCode" = ? AND "ValidityTo" IS NULL`, "say \"ğ\"\\\n\t\u2028\x01", "H1")
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range []struct{ name, query, want string }{
			{"texts, flags, times, global ids", `{ hospitals(code: "H1") { edges { cursor node { id name offline since __typename } __typename } __typename } }`,
				`{"edges":[{"cursor":"<after:0>","node":{"id":"<Hospital:H1>","name":"say \"ğ\"\\\n\t\u2028\u0001","offline":false,"since":"2026-05-23T10:00:00","__typename":"Hospital"},"__typename":"HospitalEdge"}],"__typename":"HospitalConnection"}`},
			{"numbers and days", `{ drugs { edges { node { id price often noted } } } }`,
				`{"edges":[{"node":{"id":"<A>","price":10.0,"often":1,"noted":"2026-01-01"}},{"node":{"id":"<B>","price":100.5,"often":null,"noted":"2026-01-02"}},{"node":{"id":"<C>","price":0.05,"often":300,"noted":"2026-01-03"}}]}`},
			{"keys that are UUIDs", `{ journal(id: "<log0>") { edges { node { id label of } } } }`, `{"edges":[{"node":{"id":"<Entry:log0>","label":"one","of":null}}]}`},
			{"computed, or not", `{ patients(first: 2) { edges { node { age born } } } }`, `{"edges":[{"node":{"age":36,"born":"1990-03-04"}},{"node":{"age":null,"born":"2020-03-04"}}]}`},
			{"one row", `{ hospital(code: "h2") { code offline } }`, `{"code":"H2","offline":true}`},
			{"no row", `{ hospital(code: "H3") { code } }`, `null`},
			{"as it was on a day", `{ hospital(code: "H1", day: "2026-01-01") { name } }`, `{"name":"Old name"}`},
			{"before all days that an engine has", `{ hospital(code: "H1", day: "0001-01-01") { name } }`, `null`},
			{"an empty page", `{ patients(number: "x") { totalCount edgeCount pageInfo { startCursor endCursor hasNextPage hasPreviousPage } edges { node { number } } } }`,
				`{"totalCount":0,"edgeCount":0,"pageInfo":{"startCursor":null,"endCursor":null,"hasNextPage":false,"hasPreviousPage":false},"edges":[]}`},
			{"only the length", `{ patients { totalCount } }`, `{"totalCount":6}`},
			{"a relation", `{ patients(number: "101") { edges { node { hospital { place { code parent { code } } } } } } }`, `{"edges":[{"node":{"hospital":{"place":{"code":"D1","parent":{"code":"R"}}}}}]}`},
			{"a relation of nothing", `{ patients(number: "301") { edges { node { hospital { code } } } } }`, `{"edges":[{"node":{"hospital":null}}]}`},
			{"a relation by the other's key", `{ places { edges { node { code hospital { since } } } } }`, `{"edges":[{"node":{"code":"R","hospital":null}},{"node":{"code":"D1","hospital":{"since":"2026-05-23T10:00:00"}}},{"node":{"code":"D2","hospital":{"since":"2025-11-23T10:00:00"}}}]}`},
			{"a relation to itself", `{ places(code: "R") { edges { node { children { totalCount edges { node { parent { code } } } } } } } }`, `{"edges":[{"node":{"children":{"totalCount":2,"edges":[{"node":{"parent":{"code":"R"}}},{"node":{"parent":{"code":"R"}}}]}}}]}`},
			{"a plain list by a text key", `{ patients(number: "202") { edges { node { gender { code patients { number } } } } } }`, `{"edges":[{"node":{"gender":{"code":"M","patients":[{"number":"102"},{"number":"103"},{"number":"202"}]}}}]}`},
			{"aliases and fragments", `query($no: Boolean = false) { patients(number: "101") { edges { node { ...F n: number skipped: age @include(if: $no) ... on Patient { h: hospital { id } } } } } } fragment F on Patient { hospital { code } }`,
				`{"edges":[{"node":{"hospital":{"code":"H1"},"n":"101","h":{"id":"<Hospital:H1>"}}}]}`},
			{"the nodes selected twice", `{ patients(number: "101") { edges { node { number } more: node { age hospital { code } } } again: edges { node { head } } } }`,
				`{"edges":[{"node":{"number":"101"},"more":{"age":36,"hospital":{"code":"H1"}}}],"again":[{"node":{"head":true}}]}`},
		} {
			if got := w.good(t, admin, c.query); got != w.spell(c.want) {
				t.Errorf("%s:\n got %s\nwant %s", c.name, got, w.spell(c.want))
			}
		}
	})
}

// A scope is on every statement about a type that has one: its lists, what relations lead to, and what
// filters and orders look at. Open relations are the exception.
func TestScope(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		for _, c := range []struct{ name, query, nowhere, district, both string }{
			{"a list", `{ hospitals { edges { node { code } } } }`, "", "H1", "H1 H2"},
			{"a plain list", `{ backwards { code } }`, "", "H1", "H2 H1"},
			{"one row", `{ hospital(code: "H2") { code } }`, "", "", "H2"},
			{"one row as it was", `{ hospital(code: "H1", day: "2026-01-01") { code } }`, "", "H1", "H1"},
			{"a list with a scope over another table", `{ patients { edges { node { number } } } }`, "", "101 102 103", "101 102 103 201 202"},
			{"a page behind those where each row is looked up", `{ patients(first: 9, after: "<after:0>") { edges { node { number } } } }`, "", "102 103", "102 103 201 202"},
			{"the last ones", `{ patients(last: 1) { edges { node { number } } } }`, "", "103", "202"},
			{"a list below", `{ hospitals(last: 1) { edges { node { patients { edges { node { number } } } } } } }`, "", "101 102 103", "201 202"},
			{"a list below a register", `{ patients(first: 1) { edges { node { gender { patients { number } } } } } }`, "", "101", "101 201"},
			{"a relation by the other's key", `{ places { edges { node { hospital { code } } } } }`, "", "H1", "H1 H2"},
			{"a filter that looks at another type", `{ patients(hospital_Code: "H2") { edges { node { number } } } }`, "", "", "201 202"},
		} {
			for who, want := range map[*auth.Principal]string{w.of(): c.nowhere, w.of("D1"): c.district, w.of("D1", "D2"): c.both} {
				if got := names(w.good(t, who, c.query)); got != want {
					t.Errorf("%s in %v: %s, want %s", c.name, who.Scope.Districts, got, want)
				}
			}
		}
		// A user who sees a patient by the patient's district does not see a hospital elsewhere, unless hospitals are open.
		w.patient.Table.Scope, w.patient.Table.ScopeEach = nil, nil
		const query = `{ patients(number: "201"%s) { totalCount edges { node { number hospital { id } treatedAt { id } } } } }`
		for more, want := range map[string]string{
			"":                       `{"totalCount":1,"edges":[{"node":{"number":"201","hospital":null,"treatedAt":{"id":"<Hospital:H2>"}}}]}`,
			`, hospital_Code: "H2"`:  `{"totalCount":0,"edges":[]}`,
			`, treatedAt_Code: "H2"`: `{"totalCount":1,"edges":[{"node":{"number":"201","hospital":null,"treatedAt":{"id":"<Hospital:H2>"}}}]}`,
		} {
			if got := w.good(t, w.of("D1"), fmt.Sprintf(query, more)); got != w.spell(want) {
				t.Errorf("patients of elsewhere%s: %s, want %s", more, got, w.spell(want))
			}
		}
	})
}

func TestAccess(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		clerk := &auth.Principal{Scope: auth.Scope{All: true}} // signed in, without rights
		for _, c := range []struct {
			name  string
			p     *auth.Principal
			query string
			want  string
			err   string
		}{
			{"a root field to nobody", nobody, `{ hospitals { totalCount } }`, "", "Sign in to use hospitals."},
			{"a root field without the right", clerk, `{ patients { totalCount } }`, "", "You do not have the right to use patients (one of 101101 is needed)."},
			{"a list below", clerk, `{ hospitals(code: "H1") { edges { node { code patients { totalCount } } } } }`, `{"edges":[{"node":{"code":"H1","patients":null}}]}`,
				"hospitals.edges[0].node.patients: You do not have the right to use patients (one of 101101 is needed)."},
			{"a relation with a right of its own", w.of("D1"), `{ patients(number: "101") { edges { node { gender { code ofAge { number } } } } } }`, `{"edges":[{"node":{"gender":{"code":"F","ofAge":null}}}]}`,
				"patients.edges[0].node.gender.ofAge: You do not have the right to use ofAge (one of 999 is needed)."},
		} {
			got, errs := w.ask(t.Context(), t, c.p, c.query, nil)
			if got != c.want || len(errs) != 1 || errs[0] != c.err {
				t.Errorf("%s: %s %v", c.name, got, errs)
			}
		}
	})
}

// A value that must not be null makes the nearest object null that may be, and says why.
func TestMissingValues(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.patient.Table.Scope, w.patient.Table.ScopeEach = nil, nil
		err := w.DB.Write(t.Context(), "change", func(tx *db.Tx) error {
			_, err := tx.Exec(t.Context(), `UPDATE "tblHF" SET "Phone" = NULL WHERE "HFCode" = ?`, "H2")
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range []struct{ name, query, want, err string }{
			{"a relation to where the user may not look", `{ patients(number: "201") { edges { node { number mustSee { code } } } } }`, `{"edges":[{"node":null}]}`,
				"patients.edges[0].node.mustSee: mustSee is missing or outside what you may see."},
			{"a column", `{ patients(number: "201") { edges { node { number treatedAt { code phone } } } } }`, `{"edges":[{"node":{"number":"201","treatedAt":null}}]}`,
				"patients.edges[0].node.treatedAt.phone: "},
			{"an element of a plain list of elements that must be", `{ patients(number: "201") { edges { node { gender { patients { mustSee { code } } } } } } }`, `{"edges":[{"node":{"gender":{"patients":null}}}]}`,
				"patients.edges[0].node.gender.patients[1].mustSee: mustSee is missing or outside what you may see."},
		} {
			got, errs := w.ask(t.Context(), t, w.of("D1"), c.query, nil)
			if got != c.want || len(errs) == 0 || !strings.HasPrefix(errs[0], c.err) {
				t.Errorf("%s: %s %v", c.name, got, errs)
			}
		}
	})
}

func TestArgumentsThatMeanNothingNameThemselves(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		for query, want := range map[string]string{
			`{ patients(first: 101) { totalCount } }`:                              "Requesting 101 records on the `patients` connection exceeds the `first` limit of 100 records.",
			`{ patients(last: -1) { totalCount } }`:                                "Negative indexing is not supported.",
			`{ hospitals { edges { node { patients(first: 101) { totalCount }}}}}`: "Requesting 101 records on the `patients` connection exceeds the `first` limit of 100 records.",
			`{ hospitals(id: "x") { totalCount } }`:                                `Argument "id": "x" is not an id; a global id or a whole number is expected.`,
			`{ hospitals(since: "soon") { totalCount } }`:                          `Argument "since": "soon" is not a date; 2026-12-31 or 2026-12-31T23:59:59 is expected.`,
			`{ drugs(noted: "2026-13-01") { edges { cursor } } }`:                  `Argument "noted": "2026-13-01" is not a date; 2026-12-31 or 2026-12-31T23:59:59 is expected.`,
			`{ journal(id: "x") { edges { cursor } } }`:                            `Argument "id": "x" is not a UUID.`,
			`{ drugs(orderBy: ["colour"]) { edges { cursor } } }`:                  "Cannot resolve keyword 'colour' into field. Choices are: code, id, noted, often, price",
			`{ patients(orderBy: ["hospital__patients"]) { totalCount } }`:         "Cannot resolve keyword 'hospital__patients' into field. Choices are: age, born, gender, head, hospital, id, mustSee, number, treatedAt",
		} {
			if _, errs := w.ask(t.Context(), t, admin, query, nil); len(errs) != 1 || !strings.HasSuffix(errs[0], want) {
				t.Errorf("%s: %v, want %s", query, errs, want)
			}
		}
	})
}

func TestArgumentsOfVariables(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		const query = `query($n: Int, $of: String, $by: [String], $none: String) { patients(first: $n, hospital_Code: $of, number: $none, orderBy: $by) { edges { node { number } } } }`
		got, errs := w.ask(t.Context(), t, admin, query, map[string]any{"n": 2, "of": "H1", "by": []any{"-number"}})
		if names(got) != "103 102" || len(errs) > 0 {
			t.Errorf("%s %v", got, errs)
		}
	})
}

// Whatever the number of rows, a list is one statement, one for its length where the page does not tell
// it, and one for each relation asked for.
func TestStatements(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		for _, c := range []struct {
			query string
			want  int
		}{
			{`{ patients { edges { node { number age } } } }`, 1},
			{`{ patients { totalCount } }`, 1},
			{`{ patients { totalCount edges { node { number } } } }`, 1}, // the page reaches the end
			{`{ patients(first: 2) { totalCount edges { node { number } } } }`, 2},
			{`{ patients(last: 2) { totalCount edges { node { number } } } }`, 2},
			{`{ patients { edges { node { hospital { code } } } } }`, 2},
			{`{ patients { edges { node { hospital { place { parent { code } } } gender { code } } } } }`, 5},
			{`{ patients { edges { node { a: hospital { code } } b: node { c: hospital { code } } } } }`, 3},
			{`{ patients(hospital_Code: "H1") { edges { node { number } } } }`, 1},
			{`{ hospitals { edges { node { patients(first: 1) { edges { node { number } } } } } } }`, 2},
			{`{ hospitals { edges { node { patients(first: 1) { totalCount edges { node { number } } } } } } }`, 3},
			{`{ hospitals(code: "none") { edges { node { patients { totalCount } place { code } } } } }`, 1}, // nothing to look for
			{`{ backwards { code place { code } } }`, 2},
			{`{ hospital(code: "H1") { code place { code } } }`, 2},
		} {
			ctx, counter := db.WithCounter(t.Context())
			if _, errs := w.ask(ctx, t, admin, c.query, nil); len(errs) > 0 || counter.Statements() != c.want {
				t.Errorf("%s: %d statements, want %d %v", c.query, counter.Statements(), c.want, errs)
			}
		}
	})
}

// The start of a list looks each row of a scope up; its length and pages far into it begin with all that
// is in reach.
func TestWhichFormOfAScopeAStatementHas(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		for query, want := range map[string]string{
			`{ patients(first: 3) { edges { cursor } } }`:                                                "each",
			`{ patients(first: 3, after: "<after:0>") { edges { cursor } } }`:                            "all",
			`{ patients(first: 3, after: "<after:0>", number: "101") { edges { cursor } } }`:             "each", // few rows are left
			`{ patients(first: 3, after: "<after:0>", hospital_Id: "<H1>") { edges { cursor } } }`:       "each",
			`{ patients { totalCount } }`:                                                                "all",
			`{ hospitals { edges { node { patients(first: 9, after: "<after:0>") { totalCount } } } } }`: "each",
		} {
			var form string
			stop := db.Listen(func(src string) {
				switch {
				case strings.Contains(src, "EXISTS"):
					form = "each"
				case strings.Contains(src, `"HFID" IN (SELECT`):
					form = "all"
				}
			})
			w.good(t, w.of("D1"), query)
			stop()
			if form != want {
				t.Errorf("%s looks up %s, want %s", query, form, want)
			}
		}
	})
}

// However nested lists are loaded, the answer is the same.
func TestEveryWayGivesTheSame(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		for _, query := range []string{
			`{ hospitals { edges { node { code patients { totalCount edges { cursor node { number } } } } } } }`,
			`{ hospitals { edges { node { code patients(first: 1) { pageInfo { hasNextPage endCursor } edges { node { number } } } } } } }`,
			`{ hospitals { edges { node { code patients(first: 2, after: "<after:0>") { totalCount edges { cursor node { number } } } } } } }`,
			`{ hospitals { edges { node { code patients(last: 1) { pageInfo { hasPreviousPage } edges { cursor node { number } } } } } } }`,
			`{ hospitals { edges { node { code patients(first: 1, before: "<after:2>") { edges { cursor node { number } } } } } } }`,
			`{ hospitals { edges { node { code patients(first: 1, gender_Code: "F") { totalCount edges { cursor node { number } } } } } } }`,
			`{ hospitals { edges { node { code patients(number: "202") { edges { node { number hospital { code } } } } } } } }`,
			`{ places { edges { node { code children(first: 1) { edges { node { code children { totalCount edges { node { code } } } } } } } } } }`,
			`{ patients(first: 2) { edges { node { gender { code patients { number } } } } } }`,
		} {
			for _, who := range []*auth.Principal{admin, w.of(), w.of("D1"), w.of("D1", "D2")} {
				want := ""
				for way := range entity.Ways {
					w.Fix(way)
					got := w.good(t, who, query)
					if way == 0 {
						want = got
					} else if got != want {
						t.Errorf("%s in %v, way %d:\n got %s\nwant %s", query, who.Scope.Districts, way, got, want)
					}
				}
			}
		}
	})
}
