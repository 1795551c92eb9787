package server_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/openimis/openimis-be-go/internal/testing/dbtest"
)

// What graphql-core 2 says about documents that are not valid, and where.
func TestErrorsOfDocumentsAreThoseOfThePythonBackend(t *testing.T) {
	d := dbtest.SQLite(t)
	fill(t, d, 1)
	r := start(t, d, nil)
	for query, want := range map[string]string{
		`{ claims }`:                                                            `Field "claims" of type "ClaimGQLTypeConnection" must have a sub selection. 1:3`,
		"{\n claims {\n  totalCount { x } } }":                                  `Field "totalCount" of type "Int" must not have a sub selection. 3:14`,
		`{ claims { edges { node { healthFacility } } } }`:                      `Field "healthFacility" of type "HealthFacilityGQLType!" must have a sub selection. 1:27`,
		`{ claims(nope: 1) { totalCount } }`:                                    `Unknown argument "nope" on field "claims" of type "Query". Did you mean "code"? 1:10`,
		`{ claims(codeIcontains: "x") { totalCount } }`:                         `Unknown argument "codeIcontains" on field "claims" of type "Query". Did you mean "code_Icontains", "icd_Code_Icontains", "icd_Name_Icontains" or "admin_Code_Icontains"? 1:10`,
		`{ insuree(chfid: "x") { id } }`:                                        `Unknown argument "chfid" on field "insuree" of type "Query". Did you mean "chfId"? 1:11 | Field "insuree" argument "chfId" of type "String!" is required but not provided. 1:3`,
		`{ insuree { id } }`:                                                    `Field "insuree" argument "chfId" of type "String!" is required but not provided. 1:3`,
		`{ claims @nope { totalCount } }`:                                       `Unknown directive "nope". 1:10`,
		`{ claims @include { totalCount } }`:                                    `Directive "include" argument "if" of type "Boolean!" is required but not provided. 1:10`,
		`query @include(if: true) { __typename }`:                               `Directive "include" may not be used on "QUERY". 1:7`,
		`{ claims(first: $f) { totalCount } }`:                                  `Variable "$f" is not defined. 1:17 1:1`,
		`query Q { claims(first: $f) { totalCount } }`:                          `Variable "$f" is not defined by operation "Q". 1:25 1:1`,
		`query($x: Int) { __typename }`:                                         `Variable "$x" is never used. 1:7`,
		`query($x: Int, $x: Int) { claims(first: $x) { totalCount } }`:          `There can be only one variable named "x". 1:8 1:17`,
		`query($x: [Nope]) { claims(code: $x) { totalCount } }`:                 `Unknown type "Nope". Perhaps you meant "Node"? 1:12`,
		`query($x: String) { claims(first: $x) { totalCount } }`:                `Variable "x" of type "String" used in position expecting type "Int". 1:7 1:35`,
		`query($x: Int = "a") { claims(first: $x) { totalCount } }`:             "Variable \"$x\" of type \"Int\" has invalid default value: \"a\".\nExpected type \"Int\", found \"a\". 1:17",
		`query Q { __typename } query Q { __typename }`:                         `There can only be one operation named "Q". 1:7 1:30`,
		`{ claims(first: 1, first: 2) { totalCount } }`:                         `There can only be one argument named "first". 1:10 1:20`,
		`mutation { submitClaims(input: {ids: [1], ids: [2]}) { internalId } }`: `There can only be one input field named "ids". 1:33 1:43`,
		`{ claims(first: 1) { totalCount } claims(first: 2) { totalCount } }`:   `Fields "claims" conflict because they have differing arguments. Use different aliases on the fields to fetch both if this was intentional. 1:3 1:35`,
		`{ a: claims { totalCount } a: __typename }`:                            `Fields "a" conflict because claims and __typename are different fields. Use different aliases on the fields to fetch both if this was intentional. 1:3 1:28`,
		`{ ...F } fragment F on ClaimGQLType { code }`:                          `Fragment F cannot be spread here as objects of type Query can never be of type ClaimGQLType 1:3`,
		`{ ... on ClaimGQLType { code } }`:                                      `Fragment cannot be spread here as objects of type Query can never be of type ClaimGQLType 1:3`,
		`{ ... on Nope { code } }`:                                              `Unknown type "Nope". Perhaps you meant "Node"? 1:10`,
		`fragment F on Query { __typename } { __typename }`:                     `Fragment "F" is never used.`,
		`fragment F on Query { __typename }`:                                    `Fragment "F" is never used.`,
		`{ __typename } { __typename }`:                                         `This anonymous operation must be the only defined operation. | This anonymous operation must be the only defined operation. 1:16`,
		"{ nope1 claims { edges { node { nope } } } }":                          `Cannot query field "nope1" on type "Query". 1:3 | Cannot query field "nope" on type "ClaimGQLType". Did you mean "code"? 1:33`,
		`query Q($a: Int) { claims(first: $b, codex: 1) { nope } }`:             `Unknown argument "codex" on field "claims" of type "Query". Did you mean "code"? 1:38 | Cannot query field "nope" on type "ClaimGQLTypeConnection". 1:50 | Variable "$b" is not defined by operation "Q". 1:34 1:1 | Variable "$a" is never used in operation "Q". 1:9`,
		`{ __typena }`:                         `Cannot query field "__typena" on type "Query". 1:3`,
		`{ pricelists { } }`:                   "Syntax Error GraphQL (1:16) Expected Name, found }\n\n1: { pricelists { } }\n                  ^\n 1:16",
		`   `:                                  "Syntax Error GraphQL (1:4) Unexpected EOF\n\n1:    \n      ^\n 1:4",
		`{ claims(code: "x) { totalCount } }`:  "Syntax Error GraphQL (1:36) Unterminated string\n\n1: { claims(code: \"x) { totalCount } }\n                                      ^\n 1:36",
		`{ claims(code: 'x') { totalCount } }`: "Syntax Error GraphQL (1:16) Unexpected character \"'\".\n\n1: { claims(code: 'x') { totalCount } }\n                  ^\n 1:16",
		`{ ä }`:                                "Syntax Error GraphQL (1:3) Unexpected character \"\\u00E4\".\n\n1: { ä }\n     ^\n 1:3",
		"{ \"x\" }\n":                          "Syntax Error GraphQL (1:3) Expected Name, found String \"x\"\n\n1: { \"x\" }\n     ^\n 1:3",
		`query Q($f Int) { __typename }`:       "Syntax Error GraphQL (1:12) Expected :, found Name \"Int\"\n\n1: query Q($f Int) { __typename }\n              ^\n 1:12",
	} {
		body, _ := json.Marshal(map[string]string{"query": query})
		status, got := r.post("application/json", "", string(body))
		if status != http.StatusBadRequest || got != want {
			t.Errorf("%s: %d\n got %q\nwant %q", query, status, got, want)
		}
	}
}

// Where an operation may be, and what counts when it is in two places.
func TestWhereAnOperationMayBe(t *testing.T) {
	d := dbtest.SQLite(t)
	fill(t, d, 1)
	r := start(t, d, nil)
	const list = `query($f: Int) { insurees(first: $f) { edgeCount } }`
	const two = `query A { a: __typename } query B { b: __typename }`
	form := func(parts ...string) string {
		v := url.Values{}
		for i := 0; i < len(parts); i += 2 {
			v.Set(parts[i], parts[i+1])
		}
		return v.Encode()
	}
	multipart := "--x\r\nContent-Disposition: form-data; name=\"query\"\r\n\r\n" + list + "\r\n--x\r\nContent-Disposition: form-data; name=\"variables\"\r\n\r\n{\"f\": 2}\r\n--x--\r\n"
	object := func(parts ...string) string {
		var b []string
		for i := 0; i < len(parts); i += 2 {
			text, _ := json.Marshal(parts[i+1])
			if parts[i] == "variables" {
				text = []byte(parts[i+1])
			}
			b = append(b, fmt.Sprintf("%q: %s", parts[i], text))
		}
		return "{" + strings.Join(b, ", ") + "}"
	}
	for _, c := range []struct {
		name, contentType, inURL, body string
		status                         int
		want                           string
	}{
		{"a form", "application/x-www-form-urlencoded", "", form("query", list, "variables", `{"f": 1}`), 200, `{"insurees":{"edgeCount":1}}`},
		{"a form of parts", "multipart/form-data; boundary=x", "", multipart, 200, `{"insurees":{"edgeCount":2}}`},
		{"a form of parts that ends early", "multipart/form-data; boundary=x", "", multipart[:60], 400, "The form is not valid."},
		{"JSON, variables in the URL", "application/json", form("variables", `{"f": 1}`), object("query", list, "variables", `{"f": 2}`), 200, `{"insurees":{"edgeCount":1}}`},
		{"JSON and a query in the URL", "application/json", form("query", `{ __typename }`), object("query", list), 200, `{"__typename":"Query"}`},
		{"GraphQL, the name in the URL", "application/graphql", form("operationName", "B"), two, 200, `{"b":"Query"}`},
		{"an empty body, the query in the URL", "application/graphql", form("query", `{ __typename }`), "", 200, `{"__typename":"Query"}`},
		{"the name null", "application/json", "", object("query", `query A { __typename }`, "operationName", "null"), 200, `{"__typename":"Query"}`},
		{"an empty list of variables", "application/json", "", object("query", list, "variables", `[]`), 200, `{"insurees":{"edgeCount":3}}`},
		{"variables as a text", "application/json", "", object("query", list, "variables", `"{\"f\": 2}"`), 200, `{"insurees":{"edgeCount":2}}`},
		{"variables that are not an object", "application/json", "", object("query", list, "variables", `"{f: 2}"`), 400, "Variables are invalid JSON."},
		{"a query that is not a text", "application/json", "", `{"query": 5}`, 400, "The query must be a string"},
		{"a text", "text/plain", "", object("query", list), 400, "Must provide query string."},
	} {
		t.Run(c.name, func(t *testing.T) {
			if status, got := r.post(c.contentType, c.inURL, c.body); status != c.status || got != c.want {
				t.Errorf("%d %s", status, got)
			}
		})
	}
}

// A page of another site can make a browser send forms and texts, with the credentials that it remembers.
func TestOtherSitesCannotSendMutations(t *testing.T) {
	d := dbtest.SQLite(t)
	fill(t, d, 1)
	r := start(t, d, nil)
	mutation := url.Values{"query": {`mutation { submitClaims(input: {ids: [1]}) { internalId } }`}}.Encode()
	for contentType, body := range map[string]string{
		"application/x-www-form-urlencoded": mutation, "text/plain": "", "multipart/form-data; boundary=x": "--x--\r\n", "": "",
	} {
		req, _ := http.NewRequest(http.MethodPost, r.URL+"/api/graphql?"+mutation, strings.NewReader(body))
		req.Header.Set("Remote-User", "admin")
		req.Header.Set("Sec-Fetch-Site", "cross-site")
		if contentType != "" {
			req.Header.Set("Content-Type", contentType)
		}
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		raw, _ := io.ReadAll(res.Body)
		res.Body.Close()
		if res.StatusCode != http.StatusBadRequest || !strings.Contains(string(raw), "another site") {
			t.Errorf("%q: %d %s", contentType, res.StatusCode, raw)
		}
	}
}

// post sends a body and gives the data, or the errors with their places.
func (r *running) post(contentType, inURL, body string) (status int, text string) {
	r.t.Helper()
	req, _ := http.NewRequest(http.MethodPost, r.URL+"/api/graphql?"+inURL, strings.NewReader(body))
	req.Header.Set("Content-Type", contentType)
	req.Header.Set("Remote-User", "admin")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		r.t.Fatal(err)
	}
	defer res.Body.Close()
	var a struct {
		Data   json.RawMessage
		Errors []struct {
			Message   string
			Locations []struct{ Line, Column int }
		}
	}
	if err := json.NewDecoder(res.Body).Decode(&a); err != nil {
		r.t.Fatal(err)
	}
	if len(a.Errors) == 0 {
		return res.StatusCode, string(a.Data)
	}
	var lines []string
	for _, e := range a.Errors {
		line := e.Message
		for _, l := range e.Locations {
			line += fmt.Sprintf(" %d:%d", l.Line, l.Column)
		}
		lines = append(lines, line)
	}
	return res.StatusCode, strings.Join(lines, " | ")
}
