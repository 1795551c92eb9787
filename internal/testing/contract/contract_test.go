package contract

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"
)

// write makes a file and gives its folder.
func write(t *testing.T, name, text string) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestSendTellsTheFirstDifference(t *testing.T) {
	for _, c := range []struct {
		name, recorded, here string
		status               int // of both, where it is not 200
		want                 string
	}{
		{"the same", `{"a":[1,{"b":null}]}`, `{"a": [1, {"b": null}]}`, 0, ""},
		{"another value", `{"a":[1,{"b":1}]}`, `{"a":[1,{"b":2}]}`, 0, "$.a[1].b: recorded 1, here 2"},
		{"another type", `{"a":"1"}`, `{"a":1}`, 0, `$.a: recorded "1", here 1`},
		{"null for nothing", `{"a":null}`, `{}`, 0, "$.a: missing here"},
		{"something more", `{}`, `{"a":null}`, 0, "$.a: not recorded"},
		{"fewer elements", `{"a":[1,2]}`, `{"a":[1]}`, 0, "$.a: recorded 2 elements, here 1"},
		{"no JSON where it was", `{"a":1}`, `<html>`, 0, `$: recorded {"a":1}, here "\u003cnot json\u003e"`},
		{"another page for a browser", `"<h1>Error</h1>"`, `<h1>Oops</h1>`, 500, ""},
		{"UUIDs", `{"a":"940855e6-7de8-4125-b4c6-0207fc35f6c7"}`, `{"a":"00000000-0000-0000-0000-000000000000"}`, 0, ""},
		{"UUIDs in global ids", `{"a":"RW50cnk6OTQwODU1ZTYtN2RlOC00MTI1LWI0YzYtMDIwN2ZjMzVmNmM3"}`, `{"a":"RW50cnk6MDAwMDAwMDAtMDAwMC0wMDAwLTAwMDAtMDAwMDAwMDAwMDAw"}`, 0, ""},
		{"other global ids", `{"a":"SW5zdXJlZUdRTFR5cGU6MQ=="}`, `{"a":"SW5zdXJlZUdRTFR5cGU6Mg=="}`, 0, `$.a: recorded "relay:InsureeGQLType:1", here "relay:InsureeGQLType:2"`},
		{"hosts", `{"a":"http://old/x"}`, `{"a":"https://new:8000/x"}`, 0, ""},
		{"times of requests", `{"requestDateTime":"2019"}`, `{"requestDateTime":"2026"}`, 0, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			status := max(c.status, http.StatusOK)
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				body, _ := io.ReadAll(r.Body)
				if r.URL.Path != "/iapi/graphql" || string(body) != `{"query":"{ a }"}` || r.Header.Get("Remote-User") != "Admin" {
					t.Errorf("sent %s %s %v", r.URL, body, r.Header)
				}
				w.WriteHeader(status)
				fmt.Fprint(w, c.here)
			}))
			defer server.Close()
			samples, err := Load(write(t, "001-sample.json", fmt.Sprintf(
				`{"request":{"method":"POST","path":"/api/graphql","headers":{"Remote-User":"Admin"},"body":{"query":"{ a }"}},"response":{"status":%d,"body":%s}}`, status, c.recorded)))
			if err != nil || len(samples) != 1 || samples[0].File != "001-sample" {
				t.Fatal(samples, err)
			}
			got, err := Send(server.Client(), server.URL+"/iapi", samples[0])
			if err != nil || got != c.want {
				t.Errorf("%q %v, want %q", got, err, c.want)
			}
			samples[0].Response.Status = http.StatusTeapot
			if got, err := Send(server.Client(), server.URL+"/iapi", samples[0]); err != nil || !strings.HasPrefix(got, fmt.Sprintf("status: recorded 418, here %d", status)) {
				t.Errorf("another status: %q %v", got, err)
			}
		})
	}
}

func TestMissingListsWhatTheSchemaLacks(t *testing.T) {
	const recorded = `{"data":{"__schema":{"types":[
		{"kind":"OBJECT","name":"Query","fields":[
			{"name":"a","type":{"kind":"NON_NULL","ofType":{"kind":"SCALAR","name":"Int"}},"args":[{"name":"id","type":{"kind":"SCALAR","name":"ID"}},{"name":"n","type":{"kind":"SCALAR","name":"Int"}}]},
			{"name":"b","type":{"kind":"LIST","ofType":{"kind":"SCALAR","name":"Int"}},"args":[]}]},
		{"kind":"INPUT_OBJECT","name":"In","inputFields":[{"name":"x","type":{"kind":"SCALAR","name":"String"}}]},
		{"kind":"ENUM","name":"E","enumValues":[{"name":"ONE"},{"name":"TWO"}]},
		{"kind":"OBJECT","name":"DjangoDebug","fields":[{"name":"sql","type":{"kind":"SCALAR","name":"String"}}]}]}}}`
	file := filepath.Join(write(t, "introspection.json", recorded), "introspection.json")
	for _, c := range []struct {
		name, sdl string
		want      []string
	}{
		{"all there, and more", `type Query { a(id: String, n: Int, more: Int): Int! b: [Int] c: Int } input In { x: ID } enum E { ONE TWO THREE }`, nil},
		{"members", `type Query { a(id: ID): Int! } input In { y: Int } enum E { ONE }`, []string{"E.TWO", "In.x: String", "Query.a(n:): Int", "Query.b: [Int]"}},
		{"types of members", `type Query { a(id: ID, n: Float): Int b: [Int!] } input In { x: Int } enum E { ONE TWO }`, []string{"In.x: String", "Query.a(n:): Int", "Query.a: Int!", "Query.b: [Int]"}},
		{"types", `type Query { a(id: ID, n: Int): Int! b: [Int] } type In { x: String } enum E { ONE TWO }`, []string{"type In (INPUT_OBJECT)"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			missing, checked, err := Missing(gqlparser.MustLoadSchema(&ast.Source{Input: c.sdl}), file)
			if err != nil || checked != 10 || !slices.Equal(missing, c.want) {
				t.Errorf("%q of %d, %v; want %q", missing, checked, err, c.want)
			}
		})
	}
}
