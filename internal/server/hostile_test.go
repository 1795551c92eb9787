package server_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/openimis/openimis-be-go/internal/db"
	"github.com/openimis/openimis-be-go/internal/testing/dbtest"
)

// extremes are literals at the ends of what a type allows, and beyond them.
var extremes = map[string][]string{
	"Int":      {"0", "-1", "256", "2147483647", "-2147483648", "99999999999"},
	"Float":    {"0", "-1", "1e-300", "1e300", "-1e300", "1e400"},
	"Date":     {`"0001-01-01"`, `"1752-12-31"`, `"1899-12-31"`, `"2079-06-06"`, `"2079-06-07"`, `"9999-12-31"`, `"0000-00-00"`},
	"DateTime": {`"0001-01-01T00:00:00"`, `"1899-12-31T23:59:59"`, `"2079-06-07T00:00:00"`, `"9999-12-31T23:59:59.999999"`, `"9999-12-31"`},
	"UUID":     {`"00000000-0000-0000-0000-000000000000"`, `"x"`},
	"ID":       {`""`, `"-1"`, `"99999999999"`, `"ğ"`, `"\u0000"`},
	"String":   {`""`, `" "`, `"%_[]^\\"`, `"'; --"`, `"ÅßİΣ😀\u202e"`, `"\u0000"`, `"\ud800"`, `"` + strings.Repeat("x", 1999) + `"`, `"` + strings.Repeat("%", 1999) + `"`, `"` + strings.Repeat("%", 5000) + `"`},
	"Boolean":  {"true"},
}

// Whatever a client sends, it is told what is wrong; an error inside is ours, and none of these may be.
func TestExtremeArgumentsAreNoInternalErrors(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		fill(t, d, 2)
		r := start(t, d, nil)
		for _, f := range r.Main.Instances[0].Schema().Query.Fields {
			for _, a := range f.Arguments {
				if a.Type.Elem != nil || len(extremes[a.Type.Name()]) == 0 {
					continue
				}
				var others []string
				for _, o := range f.Arguments {
					if o.Type.NonNull && o != a {
						others = append(others, fmt.Sprintf("%s: %s", o.Name, map[string]string{"Int": "1", "Date": `"2026-11-23"`, "String": `"x"`}[o.Type.Name()]))
					}
				}
				selection := "{ __typename }"
				if strings.HasSuffix(f.Type.Name(), "Connection") {
					selection = "{ edges { node { id } } }"
				}
				for _, value := range extremes[a.Type.Name()] {
					q := fmt.Sprintf("%s(%s) %s", f.Name, strings.Join(append(others, a.Name+": "+value), ", "), selection)
					if got := r.query("admin", "{ "+q+" }"); isInternal(got) {
						t.Errorf("%.200s: %d %v", q, got.Status, got.Errors)
					}
				}
			}
		}
	})
}

func isInternal(a answer) bool {
	for _, e := range a.Errors {
		if strings.Contains(e.Message, "internal error") {
			return true
		}
	}
	return a.Status >= http.StatusInternalServerError
}

func TestRequestsThatAreRefused(t *testing.T) {
	d := dbtest.SQLite(t)
	fill(t, d, 1)
	r := start(t, d, nil)
	for _, c := range []struct {
		name, body, says string
	}{
		{"no UTF-8", "{\"query\":\"{ insuree(chfId: \\\"\xff\\\") { id } }\"}", "not valid UTF-8"},
		{"half a character in the query", `{"query":"{ insuree(chfId: \"\\ud83d\") { id } }"}`, "one half of a character"},
		{"half a character in a variable", `{"query":"query($n: String) { insuree(chfId: $n) { id } }","variables":{"n":"x\udc00"}}`, "one half of a character"},
		{"the character U+0000", `{"query":"{ insuree(chfId: \"\\u0000\") { id } }"}`, `Argument "chfId": the text contains the character U+0000`},
		{"the same in a variable", `{"query":"query($c: String!) { insuree(chfId: $c) { id } }","variables":{"c":"a\u0000"}}`, `Variable "$c": the text contains the character U+0000`},
		{"the same within a mutation", `{"query":"mutation { createClaim(input: {code: \"c\", insureeId: 1, dateFrom: \"2026-01-01\", icdId: 1, status: 2, dateClaimed: \"2026-01-01\", healthFacilityId: 1, services: [{serviceId: 1, status: 1, explanation: \"\\u0000\"}]}) { internalId } }"}`,
			`Argument "input.services[0].explanation": the text contains the character U+0000`},
		{"a filter longer than any column", `{"query":"{ insuree(chfId: \"` + strings.Repeat("x", 2000) + `\") { id } }"}`, "has 2000 characters; at most 1999 are allowed"},
		{"too many fields", `{"query":"{ userDistricts { ` + strings.Repeat("id ", 2000) + `} }"}`, "The document has 2001 fields; 2000 are allowed."},
		{"too many fields in fragments", `{"query":"{ userDistricts { ...f } } fragment f on UserDistrictGQLType { ` + strings.Repeat("id ", 2000) + `}"}`, "2000 are allowed."},
		{"too many root fields", `{"query":"{ ` + strings.Repeat("userDistricts { id } ", 51) + `}"}`, "has 51 root fields; 50 are allowed"},
		{"too many aliases", `{"query":"{ userDistricts { ` + aliases(101) + `} }"}`, "has 101 aliases; 100 are allowed"},
		{"too deep", `{"query":"{ insurees { edges { node { ` + strings.Repeat("family { headInsuree { ", 14) + "id" + strings.Repeat(" } }", 14) + ` } } } }"}`, "32 levels deep; 30 are allowed"},
		{"a variable that is missing", `{"query":"query($f: Int!) { insurees(first: $f) { totalCount } }"}`, `Variable "$f" of required type "Int!" was not provided.`},
		{"a variable of another type", `{"query":"query($f: Int) { insurees(first: $f) { totalCount } }","variables":{"f":"x"}}`, "Variable \"$f\" got invalid value \"x\".\nExpected type \"Int\", found \"x\"."},
		{"a variable out of range", `{"query":"query($r: Int) { healthFacilitiesStr(regionId: $r) { edges { node { id } } } }","variables":{"r":99999999999}}`, `Expected type "Int", found 99999999999.`},
		{"members of a variable", `{"query":"mutation($i: SubmitClaimsMutationInput!) { submitClaims(input: $i) { internalId } }","variables":{"i":{"ids":[1,1.5],"what":1}}}`,
			"In field \"what\": Unknown field.\nIn field \"ids\": In element #1: Expected type \"Int\", found 1.5."},
		{"a number of too many digits", `{"query":"mutation($q: Decimal) { createClaim(input: {code: \"c\", insureeId: 1, dateFrom: \"2026-01-01\", icdId: 1, status: 2, dateClaimed: \"2026-01-01\", healthFacilityId: 1, items: [{itemId: 1, status: 1, qtyProvided: $q}]}) { internalId } }","variables":{"q":` + strings.Repeat("1", 4_000_000) + `}}`,
			`Expected type "Decimal", found 1111111111`},
		{"more wrong values than one wants to read", `{"query":"mutation($i: [Int]) { submitClaims(input: {ids: $i}) { internalId } }","variables":{"i":[` + strings.Repeat(`"x",`, 50_000) + `1]}}`,
			"In element #99: Expected type \"Int\", found \"x\".\n…"},
		{"more values than one claim or list of claims has", `{"query":"mutation($i: [Int]) { submitClaims(input: {ids: $i}) { internalId } }","variables":{"i":[` + strings.Repeat(`1,`, 100_000) + `1]}}`,
			"The variables have more than 100000 values"},
		{"a number beyond all", `{"query":"{ claims(claimed_Gte: 1e400) { totalCount } }"}`, `Expected type "Float", found 1e400.`},
	} {
		t.Run(c.name, func(t *testing.T) {
			req, _ := http.NewRequest(http.MethodPost, r.URL+"/api/graphql", bytes.NewBufferString(c.body))
			req.Header.Set("Content-Type", "application/json")
			req.Header.Set("Remote-User", "admin")
			res, err := http.DefaultClient.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			defer res.Body.Close()
			raw, _ := io.ReadAll(res.Body)
			var a answer
			if err := json.Unmarshal(raw, &a); err != nil || len(raw) > 20_000 || res.StatusCode != http.StatusBadRequest || len(a.Errors) != 1 || !strings.Contains(a.Errors[0].Message, c.says) {
				t.Errorf("%d %.500s", res.StatusCode, raw)
			}
		})
	}
}

func aliases(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "a%d: id ", i)
	}
	return b.String()
}

// Clients of 2019 write numbers as texts and the other way round.
func TestVariablesOfAnotherForm(t *testing.T) {
	d := dbtest.SQLite(t)
	fill(t, d, 1)
	r := start(t, d, nil)
	for _, variables := range []string{`{"n":2}`, `{"n":"2"}`, `{"n":null}`, `{}`, ``} {
		body := `{"query":"query($n: Int) { insurees(first: $n) { totalCount } }"`
		if variables != "" {
			body += `,"variables":` + variables
		}
		req, _ := http.NewRequest(http.MethodPost, r.URL+"/api/graphql", bytes.NewBufferString(body+"}"))
		req.Header.Set("Content-Type", "application/json")
		req.Header.Set("Remote-User", "admin")
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		raw, _ := io.ReadAll(res.Body)
		res.Body.Close()
		if string(raw) != `{"data":{"insurees":{"totalCount":3}}}` {
			t.Errorf("variables %s: %s", variables, raw)
		}
	}
}

// Relations that lead back and forth load few rows and write as many as one likes.
func TestAnswersAreBounded(t *testing.T) {
	d := dbtest.SQLite(t)
	fill(t, d, 30)
	r := start(t, d, nil)
	nested := func(levels int) string {
		return "insurees(first: 1) { edges { node { " + strings.Repeat("gender { insureeSet { edges { node { ", levels) + "id" + strings.Repeat(" } } } }", levels) + " } } }"
	}
	r.good("admin", "{ "+nested(2)+" }")
	a := r.query("admin", "{ a: "+nested(5)+" b: "+nested(5)+" }")
	if len(a.Errors) != 2 || !strings.Contains(a.Errors[0].Message, "longer than 32 MB") {
		t.Errorf("%d %v", a.Status, a.Errors)
	}
}

// A journal of large mutations is loaded until the limit, not to its end.
func TestLongTextsAreBounded(t *testing.T) {
	d := dbtest.SQLite(t)
	fill(t, d, 1)
	r := start(t, d, nil)
	r.good("admin", "{ mutationLogs { totalCount } }") // makes the user's row
	var user string
	if err := d.Get(t.Context(), &user, `SELECT $uuid(u."id") FROM "core_User" u WHERE u."username" = ?`, "admin"); err != nil {
		t.Fatal(err)
	}
	err := d.Write(t.Context(), "journal", func(tx *db.Tx) error {
		for range 11 {
			if _, err := tx.Insert(t.Context(), "core_Mutation_Log", db.Values{"id": db.NewUUID(), "json_content": strings.Repeat("x", 10_000_000), "user_id": user, "request_date_time": now, "status": 2}); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	r.good("admin", "{ mutationLogs { edges { node { status } } } }")
	r.good("admin", "{ mutationLogs(first: 2) { edges { node { jsonContent } } } }")
	if a := r.query("admin", "{ mutationLogs { edges { node { jsonContent } } } }"); len(a.Errors) != 1 || !strings.Contains(a.Errors[0].Message, "longer than 32 MB") {
		t.Errorf("%d %v", a.Status, a.Errors)
	}
}

// A page of another site can make a browser send these with the user's cookies or login, without asking
// us first. The operation may be in the URL, whatever the body is.
func TestAnotherSiteCannotSendMutations(t *testing.T) {
	d := dbtest.SQLite(t)
	fill(t, d, 1)
	r := start(t, d, nil)
	const mutation = "mutation { submitClaims(input: {ids: [1]}) { internalId } }"
	form := url.Values{"query": {mutation}}.Encode()
	send := func(kind, query, body string, headers map[string]string) answer {
		t.Helper()
		req, _ := http.NewRequest(http.MethodPost, r.URL+"/api/graphql?"+query, strings.NewReader(body))
		if kind != "" {
			req.Header.Set("Content-Type", kind)
		}
		req.Header.Set("Remote-User", "admin")
		for k, v := range headers {
			req.Header.Set(k, v)
		}
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		a := answer{Status: res.StatusCode}
		if err := json.NewDecoder(res.Body).Decode(&a); err != nil {
			t.Fatal(err)
		}
		return a
	}
	cross := map[string]string{"Sec-Fetch-Site": "cross-site", "Origin": "https://elsewhere.example"}
	for _, c := range []struct{ kind, query, body string }{
		{"application/x-www-form-urlencoded", "", form},
		{"application/x-www-form-urlencoded", form, ""},
		{"text/plain", form, "x"},
		{"multipart/form-data; boundary=x", form, "--x--"},
		{"", form, ""},
	} {
		if a := send(c.kind, c.query, c.body, cross); a.Status != http.StatusBadRequest || len(a.Errors) != 1 || !strings.Contains(a.Errors[0].Message, "another site") {
			t.Errorf("%s %s: %+v", c.kind, c.query, a)
		}
		if a := send(c.kind, c.query, c.body, nil); a.Status != http.StatusOK || len(a.Errors) > 0 {
			t.Errorf("%s %s of a program: %+v", c.kind, c.query, a)
		}
	}
	var logged int
	if err := d.Get(t.Context(), &logged, `SELECT COUNT(*) FROM "core_Mutation_Log"`); err != nil || logged != 5 {
		t.Errorf("%d mutations are logged, %v; want those of the program", logged, err)
	}
}

func TestHeadAnswersProbes(t *testing.T) {
	r := start(t, dbtest.SQLite(t), nil)
	for _, path := range []string{"/healthz", "/readyz", "/api/version"} {
		res, err := http.Head(r.URL + path)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		if res.StatusCode != http.StatusOK {
			t.Errorf("HEAD %s: %d", path, res.StatusCode)
		}
	}
}
