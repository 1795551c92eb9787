package server_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/vektah/gqlparser/v2/ast"

	"github.com/openimis/openimis-be-go/internal/db"
	"github.com/openimis/openimis-be-go/internal/testing/dbtest"
)

const fourLevels = `{ insurees(first: %d, orderBy: []) { totalCount pageInfo { hasNextPage } edges { node { id chfId age gender { code }
	family { id headInsuree { chfId family { insureeSet { totalCount edges { node { chfId } } } } } }
	healthFacility { code location { name parent { name locationSet { edges { node { code } } } } } servicePricelist { serviceName } } } } } }`

func TestStatementsDoNotGrowWithThePage(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		fill(t, d, 40)
		r := start(t, d, nil)
		ask := func(n int) func() {
			query := strings.Replace(fmt.Sprintf(fourLevels, n), ", orderBy: []", "", 1)
			return func() {
				list := r.good("admin", query)["insurees"].(map[string]any)
				if got := len(list["edges"].([]any)); got != n || list["totalCount"] != 120.0 {
					t.Errorf("%d rows of %v", got, list["totalCount"])
				}
			}
		}
		ask(1)() // signs in
		ten, hundred := statements(ask(10)), statements(ask(100))
		if ten != hundred || ten > 14 {
			t.Errorf("%d statements for 10 rows, %d for 100", ten, hundred)
		}
	})
}

// every argument of every list is tried with a value of its type, on every engine: none may be an
// error, and the T-SQL gate sees the statement.
func TestEveryArgumentOfEveryList(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := fill(t, d, 2)
		r := start(t, d, nil)
		tried := 0
		for _, f := range r.Main.Instances[0].Schema().Query.Fields {
			if !strings.HasSuffix(f.Type.Name(), "Connection") {
				continue
			}
			for _, a := range f.Arguments {
				if a.Name == "orderBy" {
					continue
				}
				query := fmt.Sprintf("{ %s(%s: %s) { edges { cursor node { id } } } }", f.Name, a.Name, literal(a, w))
				if got := r.query("admin", query); got.Status != 200 || len(got.Errors) > 0 {
					t.Errorf("%s: %d %v", query, got.Status, got.Errors)
				}
				tried++
			}
		}
		if tried < 150 {
			t.Errorf("only %d arguments tried", tried)
		}
	})
}

func literal(a *ast.ArgumentDefinition, w *world) string {
	switch a.Type.Name() {
	case "Int":
		return "1"
	case "Float":
		return "10.5"
	case "Date":
		return `"2026-11-23"`
	case "DateTime":
		return `"2026-11-23T10:00:00"`
	case "UUID":
		return `"940855e6-7de8-4125-b4c6-0207fc35f6c7"`
	case "ID":
		if strings.HasSuffix(strings.ToLower(a.Name), "id") {
			return fmt.Sprintf(`"%d"`, w.Districts[0])
		}
		if a.Name == "user" {
			return `"940855e6-7de8-4125-b4c6-0207fc35f6c7"`
		}
	}
	if strings.HasPrefix(a.Name, "status") {
		return `"1"`
	}
	return `"é1"`
}

func TestListsShowCurrentRowsOnly(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		fill(t, d, 3)
		r := start(t, d, nil)
		got := fmt.Sprint(r.good("admin", `{ healthFacilities(code: "hf001") { edges { node { code name validityTo } } } }`))
		if want := "map[healthFacilities:map[edges:[map[node:map[code:HF001 name:Facility 1 validityTo:<nil>]]]]]"; got != want {
			t.Errorf("%s, want %s", got, want)
		}
	})
}

func TestRelationsPagesAliasesAndFragments(t *testing.T) {
	d := dbtest.SQLite(t)
	w := fill(t, d, 3)
	r := start(t, d, nil)
	for name, c := range map[string]struct{ query, want string }{
		"a page of a nested list": {
			`{ healthFacilities(code: "HF001") { edges { node { insureeSet(first: 1, after: "YXJyYXljb25uZWN0aW9uOjA=") { totalCount edgeCount pageInfo { hasNextPage startCursor } edges { cursor node { chfId } } } } } } }`,
			`map[healthFacilities:map[edges:[map[node:map[insureeSet:map[edgeCount:1 edges:[map[cursor:YXJyYXljb25uZWN0aW9uOjE= node:map[chfId:000011]]] pageInfo:map[hasNextPage:true startCursor:YXJyYXljb25uZWN0aW9uOjE=] totalCount:3]]]]]]`},
		"the last of a nested list": {
			`{ healthFacilities(code: "HF001") { edges { node { insureeSet(last: 1) { pageInfo { hasPreviousPage } edges { cursor node { chfId } } } } } } }`,
			`map[healthFacilities:map[edges:[map[node:map[insureeSet:map[edges:[map[cursor:YXJyYXljb25uZWN0aW9uOjI= node:map[chfId:000012]]] pageInfo:map[hasPreviousPage:true]]]]]]]`},
		"the last of a nested list behind a cursor": {
			`{ healthFacilities(code: "HF001") { edges { node { insureeSet(last: 5, after: "YXJyYXljb25uZWN0aW9uOjA=") { pageInfo { hasPreviousPage } edges { cursor node { chfId } } } } } } }`,
			`map[healthFacilities:map[edges:[map[node:map[insureeSet:map[edges:[map[cursor:YXJyYXljb25uZWN0aW9uOjE= node:map[chfId:000011]] map[cursor:YXJyYXljb25uZWN0aW9uOjI= node:map[chfId:000012]]] pageInfo:map[hasPreviousPage:false]]]]]]]`},
		"the last of a page of a nested list": {
			`{ healthFacilities(code: "HF001") { edges { node { insureeSet(first: 2, last: 1) { pageInfo { hasNextPage hasPreviousPage } edges { cursor node { chfId } } } } } } }`,
			`map[healthFacilities:map[edges:[map[node:map[insureeSet:map[edges:[map[cursor:YXJyYXljb25uZWN0aW9uOjE= node:map[chfId:000011]]] pageInfo:map[hasNextPage:true hasPreviousPage:true]]]]]]]`},
		"a nested list backwards from behind its end": {
			`{ healthFacilities(code: "HF001") { edges { node { insureeSet(first: 1, before: "YXJyYXljb25uZWN0aW9uOjk=") { pageInfo { hasNextPage } edges { cursor node { chfId } } } } } } }`,
			`map[healthFacilities:map[edges:[map[node:map[insureeSet:map[edges:[map[cursor:YXJyYXljb25uZWN0aW9uOjI= node:map[chfId:000012]]] pageInfo:map[hasNextPage:false]]]]]]]`},
		"the last before a cursor behind the end": {
			`{ insurees(last: 1, before: "YXJyYXljb25uZWN0aW9uOjk5") { edges { cursor node { chfId } } } }`,
			`map[insurees:map[edges:[map[cursor:YXJyYXljb25uZWN0aW9uOjg= node:map[chfId:000022]]]]]`},
		"fields that nobody filled": {
			`{ insurees(first: 1, chfId: "", lastName_Icontains: "  ", gender: "", otherNames_Iexact: "other0") { totalCount } }`,
			`map[insurees:map[totalCount:3]]`},
		"blanks around a filter": {
			`{ insurees(chfId: " 000010 ") { edges { node { chfId } } } healthFacilities(code_Istartswith: " hf00", location_Id: " ` + fmt.Sprint(w.Districts[1]) + `") { edges { node { code } } } }`,
			`map[healthFacilities:map[edges:[map[node:map[code:HF001]]]] insurees:map[edges:[map[node:map[chfId:000010]]]]]`},
		"a filter of a nested list": {
			`{ healthFacilities(code: "HF001") { edges { node { insureeSet(gender: "M") { totalCount edges { node { chfId head } } } } } } }`,
			`map[healthFacilities:map[edges:[map[node:map[insureeSet:map[edges:[map[node:map[chfId:000010 head:true]]] totalCount:1]]]]]]`},
		"aliases, fragments and directives": {
			`query Q($no: Boolean = false) { a: insurees(chfId: "000010") { edges { node { ...F ... on Node { id } skipped: age @include(if: $no) } } } } fragment F on InsureeGQLType { number: chfId __typename f: family { id } family { address } }`,
			`map[a:map[edges:[map[node:map[__typename:InsureeGQLType f:map[id:` + fmt.Sprint(w.Families[1]) + `] family:map[address:<nil>] id:` + globalID(w.Insurees[3]) + ` number:000010]]]]]`},
		"the nodes selected twice": {
			`{ insurees(chfId: "000010") { edges { node { chfId } other: node { age gender { code } } } more: edges { cursor node { lastName } } } }`,
			`map[insurees:map[edges:[map[node:map[chfId:000010] other:map[age:30 gender:map[code:M]]]] more:[map[cursor:YXJyYXljb25uZWN0aW9uOjA= node:map[lastName:Last1]]]]]`},
		"only the total":          {`{ insurees { totalCount } }`, `map[insurees:map[totalCount:9]]`},
		"nobody's list of nested": {`{ healthFacilities(code: "none") { edges { node { insureeSet { totalCount } } } } }`, `map[healthFacilities:map[edges:[]]]`},
		"a reverse one-to-one":    {`{ insuree(chfId: "000010") { headOf { id } age } }`, `map[insuree:map[age:30 headOf:map[id:` + fmt.Sprint(w.Families[1]) + `]]]`},
		"family, head first":      {`{ insureeFamilyMembers(chfId: "000012") { chfId head } }`, `map[insureeFamilyMembers:[map[chfId:000010 head:true] map[chfId:000011 head:false] map[chfId:000012 head:false]]]`},
		"by a relation":           {fmt.Sprintf(`{ healthFacilities(location_Id: "%d", location_Code: "d1", location_Type: "D") { edges { node { code } } } }`, w.Districts[1]), `map[healthFacilities:map[edges:[map[node:map[code:HF001]]]]]`},
	} {
		t.Run(name, func(t *testing.T) {
			if got := fmt.Sprint(r.good("admin", c.query)); got != c.want {
				t.Errorf("\n got %s\nwant %s", got, c.want)
			}
		})
	}
}

func TestBadArgumentsNameThemselves(t *testing.T) {
	d := dbtest.SQLite(t)
	fill(t, d, 1)
	r := start(t, d, nil)
	for query, want := range map[string]string{
		`{ insurees(first: 101) { totalCount } }`:                                                            "Requesting 101 records on the `insurees` connection exceeds the `first` limit of 100 records.",
		`{ insurees(first: -1) { totalCount } }`:                                                             "Negative indexing is not supported.",
		`{ healthFacilities(id: "abc") { edges { cursor } } }`:                                               `Argument "id": "abc" is not an id`,
		`{ healthFacilities(location_Id: "x") { edges { cursor } } }`:                                        `Argument "location_Id": "x" is not an id`,
		`{ mutationLogs(status: "soon") { totalCount } }`:                                                    `Argument "status": "soon" is not a whole number`,
		`{ claims(orderBy: ["insuree` + strings.Repeat("__family__headInsuree", 20) + `"]) { totalCount } }`: "Cannot resolve keyword 'insuree__family",
		`{ mutationLogs(orderBy: ["nope"]) { totalCount } }`:                                                 "Cannot resolve keyword 'nope' into field. Choices are: clientMutationId",
		`{ insuree(chfId: "1", validity: "x") { id } }`:                                                      `Expected type "Date"`,
		`{ mutationLogs(requestDateTime: "2026-13-01") { totalCount } }`:                                     `Expected type "DateTime", found "2026-13-01".`,
	} {
		a := r.query("admin", query)
		if len(a.Errors) == 0 || !strings.Contains(a.Errors[0].Message, want) {
			t.Errorf("%s: %v, want %s", query, a.Errors, want)
		}
	}
}

// Each order that the error offers is one that every engine takes: SQL Server sorts by no ntext, and the
// gate of TestMain sees the statements.
func TestEveryOrderOnOffer(t *testing.T) {
	d := dbtest.SQLite(t)
	fill(t, d, 1)
	r := start(t, d, nil)
	for _, list := range []string{"claims", "mutationLogs"} {
		refused := r.query("admin", `{ `+list+`(orderBy: ["nope"]) { totalCount } }`)
		_, choices, _ := strings.Cut(refused.Errors[0].Message, "Choices are: ")
		for _, field := range strings.Split(choices, ", ") {
			r.good("admin", `{ `+list+`(orderBy: ["-`+field+`"]) { edges { node { id } } } }`)
		}
	}
	for _, field := range []string{"explanation", "adjustment"} {
		if a := r.query("admin", `{ claims(orderBy: ["`+field+`"]) { edges { node { id } } } }`); len(a.Errors) != 1 || !strings.Contains(a.Errors[0].Message, "Cannot resolve keyword '"+field+"'") {
			t.Errorf("%s: %v", field, a.Errors)
		}
	}
}

// An earlier version of a family has the same head: an order by it must not repeat the head's claims.
func TestAnOrderRepeatsNoRows(t *testing.T) {
	d := dbtest.SQLite(t)
	w := fill(t, d, 4)
	populate(t, d, w)
	r := start(t, d, nil)
	count := func(order string) any {
		return r.good("admin", `{ claims(orderBy: ["`+order+`"]) { totalCount } }`)["claims"].(map[string]any)["totalCount"]
	}
	before := count("id")
	err := d.Write(t.Context(), "history", func(tx *db.Tx) error { return tx.Archive(t.Context(), "tblFamilies", now, w.Families) })
	if err != nil {
		t.Fatal(err)
	}
	if after := count("insuree__headOf__ethnicity"); before == 0.0 || after != before {
		t.Errorf("%v claims, %v in the order of the families that their patients head", before, after)
	}
}

func TestRowsOutsideTheScopeAreNotThere(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := fill(t, d, 3)
		r := start(t, d, nil)
		for query, want := range map[string]string{
			`{ insurees { totalCount edges { node { chfId } } } }`:                                     `map[insurees:map[edges:[map[node:map[chfId:000010]] map[node:map[chfId:000011]] map[node:map[chfId:000012]]] totalCount:3]]`,
			`{ insuree(chfId: "000020") { id } }`:                                                      `map[insuree:<nil>]`,
			`{ healthFacilities { edges { node { code insureeSet { totalCount } } } } }`:               `map[healthFacilities:map[edges:[map[node:map[code:HF001 insureeSet:map[totalCount:3]]]]]]`,
			fmt.Sprintf(`{ healthFacilities(id: "%d") { edges { node { code } } } }`, w.Facilities[2]): `map[healthFacilities:map[edges:[]]]`,
			`{ policiesByInsuree(chfId: "000020") { items { productCode } } }`:                         `map[policiesByInsuree:map[items:[]]]`,
			`{ userDistricts { code regionCode } }`:                                                    `map[userDistricts:[map[code:D1 regionCode:R1]]]`,
		} {
			if got := fmt.Sprint(r.good("u1", query)); got != want {
				t.Errorf("%s\n got %s\nwant %s", query, got, want)
			}
		}
		for _, number := range []string{"000020", "nobody", ""} { // unknown and out of sight are one
			a := r.query("u1", fmt.Sprintf(`{ insureeFamilyMembers(chfId: %q) { chfId } }`, number))
			if len(a.Errors) != 1 || a.Errors[0].Message != "Insuree matching query does not exist." || !nothing(a.Data["insureeFamilyMembers"]) {
				t.Errorf("family of %q: %+v", number, a)
			}
		}
	})
}

// nothing says whether an answer has no rows: what stands beside an error.
func nothing(answer any) bool {
	switch a := answer.(type) {
	case []any:
		return len(a) == 0
	case map[string]any:
		for name, v := range a {
			if name != "__typename" && name != "totalCount" && !nothing(v) || name == "totalCount" && v != 0.0 {
				return false
			}
		}
		return true
	}
	return answer == nil
}

func TestNobodyAndNoRight(t *testing.T) {
	d := dbtest.SQLite(t)
	fill(t, d, 1)
	r := start(t, d, nil)
	for _, f := range r.Main.Instances[0].Schema().Query.Fields {
		if strings.HasPrefix(f.Name, "__") || f.Name == "coreModuleConfigurations" || f.Name == "_debug" {
			continue
		}
		selection := "{ __typename }"
		var args []string
		for _, a := range f.Arguments {
			if a.Type.NonNull {
				args = append(args, a.Name+": "+strings.Replace(literal(a, &world{Districts: []int{1}}), "é1", "2026-01-01", 1))
			}
		}
		query := f.Name
		if len(args) > 0 {
			query += "(" + strings.Join(args, ", ") + ")"
		}
		a := r.query("", "{ "+query+" "+selection+" }")
		if a.Status != 200 || len(a.Errors) != 1 || !strings.HasPrefix(a.Errors[0].Message, "Sign in to use") || !nothing(a.Data[f.Name]) {
			t.Errorf("%s to nobody: %+v", query, a)
		}
	}
	if a := r.query("u0", `{ policyBalance(familyId: 1, productCode: "x", referenceDate: "2026-01-01") { balance } }`); len(a.Errors) != 0 {
		t.Errorf("with the right: %v", a.Errors)
	}
	if a := r.query("nobody", `{ __typename }`); a.Status != 401 {
		t.Errorf("unknown user: %d", a.Status)
	}
}

func globalID(n int) string { return b64(fmt.Sprintf("InsureeGQLType:%d", n)) }
