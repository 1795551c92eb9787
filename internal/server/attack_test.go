package server_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/99designs/gqlgen/graphql/introspection"

	"github.com/openimis/openimis-be-go/internal/testing/dbtest"
	"github.com/openimis/openimis-be-go/internal/testing/servertest"
)

// each joins n pieces that are made with their number.
func each(n int, piece func(i int) string) string {
	var b strings.Builder
	for i := range n {
		b.WriteString(piece(i))
		b.WriteByte(' ')
	}
	return b.String()
}

// doubling are n fragments on a type, each of which spreads the next one twice.
func doubling(n int, typ, field, last string) string {
	return each(n, func(i int) string {
		return fmt.Sprintf("fragment F%d on %s { a: %s { ...F%d } b: %s { ...F%d } }", i, typ, field, i+1, field, i+1)
	}) + fmt.Sprintf("fragment F%d on %s { %s }", n, typ, last)
}

// Short requests that would take minutes or gigabytes are answered at once, with an error that says why, or
// with little. Nobody has to sign in for those about the schema.
func TestExpensiveRequestsAreRefused(t *testing.T) {
	d := dbtest.SQLite(t)
	fill(t, d, 2)
	r := start(t, d, map[string]string{"REQUEST_TIMEOUT": "30s"})
	const expanded = "fields when its fragments are put in"
	for _, c := range []struct {
		name, user, query string
		says              string // "" means that it is answered
	}{
		{"all types a hundred times, each with its fields two hundred times", "",
			"{ __schema { " + each(100, func(i int) string { return fmt.Sprintf("t%d: types { ...X }", i) }) + "} } fragment X on __Type { " +
				each(200, func(i int) string {
					return fmt.Sprintf("b%d: fields { name description type { name fields { name description } } }", i)
				}) + "}", expanded},
		{"types of fields of types of fields", "", "{ __schema { types { " + strings.Repeat("fields { type { ", 8) + "name" + strings.Repeat(" } }", 8) + " } } }", "Maximum introspection depth"},
		{"arguments of all fields, over and over", "", "{ __schema { types { " + each(60, func(i int) string {
			return fmt.Sprintf("f%d: fields { args { name description type { name description } } }", i)
		}) + "} } }", "about the schema would be longer than"},
		{"one type many times", "", "{ " + each(49, func(i int) string {
			return fmt.Sprintf(`q%d: __type(name: "Query") { fields { args { name description type { name description inputFields { name } } } } }`, i)
		}) + "}", "about the schema would be longer than"},
		{"types that are nested", "", `{ __type(name: "ClaimGQLType") { ` + strings.Repeat("ofType { ", 60) + "name" + strings.Repeat(" }", 60) + " } }", "levels deep"},
		{"fragments that double on the schema", "", "{ __schema { types { ...F0 } } } " + doubling(24, "__Type", "ofType", "name"), expanded},
		{"fragments that double", "admin", "{ locations { edges { node { ...F0 } } } } " + doubling(20, "LocationGQLType", "parent", "code"), expanded},
		{"fragments that double within inline fragments", "admin", "{ locations { edges { node { ... on LocationGQLType { ...F0 } } } } } " + doubling(13, "LocationGQLType", "parent", "... on LocationGQLType { code }"), expanded},
		{"twice as many relations at every level", "admin", "{ insurees { edges { node { ...F0 } } } } " +
			each(9, func(i int) string {
				return fmt.Sprintf("fragment F%d on InsureeGQLType { a: family { headInsuree { ...F%d } } b: family { headInsuree { ...F%d } } }", i, i+1, i+1)
			}) + "fragment F9 on InsureeGQLType { chfId }", "selects more than 300 objects"},
		{"many lists of one object", "admin", "{ insurees { edges { node { " + each(40, func(i int) string {
			return fmt.Sprintf("l%d: gender { "+each(9, func(k int) string { return fmt.Sprintf("m%d: insureeSet { totalCount }", k) })+"}", i)
		}) + "} } } }", "aliases"},
		{"deep inline fragments", "admin", "{ " + strings.Repeat("... { ", 3000) + "__typename" + strings.Repeat(" }", 3000) + " }", ""},
		{"a fragment spread very often", "admin", "{ " + strings.Repeat("...F ", 6000) + "} fragment F on Query { __typename }", expanded},
		{"directives, very many", "admin", "{ __typename " + strings.Repeat("@include(if: true) ", 2500) + "}", "can only be used once"},
		{"unknown directives, very many", "admin", "{ __typename " + each(6000, func(i int) string { return fmt.Sprintf("@d%d", i) }) + "}", "Unknown directive"},
		{"a long list in an argument", "admin", "{ claims(orderBy: [" + strings.Repeat(`"dateClaimed", `, 9000) + "]) { totalCount } }", ""},
		{"a list of different keys", "admin", "{ claims(orderBy: [" + each(200, func(i int) string { return `"` + strings.Repeat("insuree__family__headInsuree__", i/4) + `chfId",` }) + "]) { totalCount } }", "Cannot resolve keyword"},
		{"a literal as long as a request may be", "admin", `{ insuree(chfId: "` + strings.Repeat("x", 9_000_000) + `") { id } }`, "characters"},
		{"a block literal of many lines", "admin", `{ insuree(chfId: """` + strings.Repeat(" x\n", 1_000_000) + `""") { id } }`, "characters"},
		{"a number of many digits", "admin", `{ insurees(first: ` + strings.Repeat("9", 1_000_000) + `) { totalCount } }`, "invalid value"},
		{"many operations", "admin", each(2000, func(i int) string { return fmt.Sprintf("query q%d { __typename }", i) }), "Must provide operation name"},
		{"many anonymous operations", "admin", strings.Repeat("{ __typename } ", 2000), "anonymous operation"},
		{"many unused fragments", "admin", "{ __typename } " + each(1500, func(i int) string { return fmt.Sprintf("fragment F%d on Query { __typename }", i) }), "is never used"},
		{"fragments in a ring", "admin", "{ ...F0 } " + each(500, func(i int) string { return fmt.Sprintf("fragment F%d on Query { ...F%d }", i, (i+1)%500) }), "have more than 20000 fields"},
		{"fragments in a small ring", "admin", "{ ...F0 } " + each(150, func(i int) string { return fmt.Sprintf("fragment F%d on Query { ...F%d }", i, (i+1)%150) }), "Cannot spread fragment"},
		{"one wrong fragment in many operations", "admin", each(190, func(i int) string { return fmt.Sprintf("query q%d { ...F }", i) }) + "fragment F on Query { " + strings.Repeat("claims(first: $x) { totalCount } ", 50) + "}", "is not defined by operation"},
		{"many variables", "admin", "query(" + each(3000, func(i int) string { return fmt.Sprintf("$v%d: Int", i) }) + ") { __typename }", "is never used"},
		{"one name many times", "admin", "{ claims { " + strings.Repeat("edges { node { id } } ", 660) + "} }", ""},
		{"brackets without end", "admin", "{ claims(orderBy: " + strings.Repeat("[", 19_000) + strings.Repeat("]", 900) + ") { totalCount } }", "Syntax Error"},
		{"objects without end", "admin", "{ claims(orderBy: " + strings.Repeat("{a:", 6_000) + "1" + strings.Repeat("}", 6_000) + ") { totalCount } }", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			began := time.Now()
			res, raw := servertest.GraphQL(t, r.URL, c.user, c.query)
			if took := time.Since(began); took > 5*time.Second {
				t.Errorf("took %v", took)
			}
			runtime.ReadMemStats(&after)
			if used := after.TotalAlloc - before.TotalAlloc; used > 200<<20 {
				t.Errorf("used %d MB", used>>20)
			}
			if len(raw) > 5<<20 {
				t.Errorf("the answer has %d bytes", len(raw))
			}
			var a answer
			if err := json.Unmarshal(raw, &a); err != nil {
				t.Fatalf("%v: %.300s", err, raw)
			}
			if c.says == "" {
				return
			}
			if len(a.Errors) == 0 || !strings.Contains(a.Errors[0].Message, c.says) {
				t.Errorf("%d %.300s", res.StatusCode, raw)
			}
		})
	}
}

// Several operations in one request are not one, and are not run.
func TestBatchesAreRefused(t *testing.T) {
	r := start(t, dbtest.SQLite(t), nil)
	body := "[" + strings.TrimSuffix(strings.Repeat(`{"query":"{ __typename }"},`, 100_000), ",") + "]"
	res, err := http.Post(r.URL+"/api/graphql", "application/json", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	raw, _ := io.ReadAll(res.Body)
	if res.StatusCode != http.StatusBadRequest || len(raw) > 1000 {
		t.Errorf("%d %.200s", res.StatusCode, raw)
	}
}

// What a statement may cost is bounded for an operation, over all its root fields.
func TestStatementsOfAnOperationAreBounded(t *testing.T) {
	d := dbtest.SQLite(t)
	fill(t, d, 2)
	r := start(t, d, nil)
	nested := strings.Repeat("family { headInsuree { ", 3) + "family { headInsuree { chfId } " + "} " + strings.Repeat("} } ", 3)
	query := "{ " + each(50, func(i int) string { return fmt.Sprintf("i%d: insurees(first: 1) { edges { node { %s } } }", i, nested) }) + "}"
	n := statements(func() {
		if a := r.query("admin", query); len(a.Errors) == 0 || !strings.Contains(a.Errors[0].Message, "more than 300 objects") && !strings.Contains(a.Errors[0].Message, "more than 400 statements") {
			t.Errorf("%d %v", a.Status, a.Errors)
		}
	})
	if n > 410 {
		t.Errorf("%d statements were made", n)
	}
}

// The programs that read the schema send these, and must get all of it.
func TestStandardIntrospectionIsAnswered(t *testing.T) {
	r := start(t, dbtest.SQLite(t), nil)
	const apollo = `query IntrospectionQuery { __schema { queryType { name } mutationType { name } subscriptionType { name } types { ...FullType } directives { name description locations args { ...InputValue } } } }
		fragment FullType on __Type { kind name description fields(includeDeprecated: true) { name description args { ...InputValue } type { ...TypeRef } isDeprecated deprecationReason } inputFields { ...InputValue } interfaces { ...TypeRef } enumValues(includeDeprecated: true) { name description isDeprecated deprecationReason } possibleTypes { ...TypeRef } }
		fragment InputValue on __InputValue { name description type { ...TypeRef } defaultValue }
		fragment TypeRef on __Type { kind name ofType { kind name ofType { kind name ofType { kind name ofType { kind name ofType { kind name ofType { kind name ofType { kind name } } } } } } } }`
	for name, query := range map[string]string{"graphql-js 16, with everything": introspection.NewQuery(introspection.QueryOptions{OneOf: true}), "GraphiQL and Apollo": apollo} {
		t.Run(name, func(t *testing.T) {
			res, raw := servertest.GraphQL(t, r.URL, "", query)
			var a struct {
				Data struct {
					Schema struct {
						Types []struct {
							Name   string
							Fields []struct {
								Args []struct{ Type struct{ Kind string } }
							}
						}
					} `json:"__schema"`
				}
				Errors []any
			}
			if err := json.Unmarshal(raw, &a); err != nil || res.StatusCode != http.StatusOK || len(a.Errors) > 0 {
				t.Fatalf("%d %v %.300s", res.StatusCode, err, raw)
			}
			fields := 0
			for _, x := range a.Data.Schema.Types {
				fields += len(x.Fields)
			}
			if want := len(r.Main.Instances[0].Schema().Types); len(a.Data.Schema.Types) != want || fields < 100 {
				t.Errorf("%d types and %d fields; want %d types", len(a.Data.Schema.Types), fields, want)
			}
			t.Logf("%d bytes", len(raw))
		})
	}
}
