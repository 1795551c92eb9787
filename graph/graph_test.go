package graph_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/shopspring/decimal"
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/openimis/openimis-be-go/graph"
	"github.com/openimis/openimis-be-go/graph/contract2019"
	"github.com/openimis/openimis-be-go/internal/auth"
	"github.com/openimis/openimis-be-go/internal/entity"
	"github.com/openimis/openimis-be-go/internal/fault"
	"github.com/openimis/openimis-be-go/internal/graphqlhttp"
	"github.com/openimis/openimis-be-go/internal/mutation"
	"github.com/openimis/openimis-be-go/internal/sdl"
	"github.com/openimis/openimis-be-go/modules"
)

const zoo = `
type Query {
  animals(kind: Kind, born: Date, names: [String!], page: Page): [Animal]
  keeper(name: String!): Keeper
  weight: Float!
}
type Mutation { feed(input: FeedInput!): FeedPayload }
enum Kind { CAT DOG }
input Page { first: Int! skip: Int }
input FeedInput { food: String! clientMutationId: String }
type FeedPayload { internalId: String clientMutationId: String }
type Animal { name: String! kind: Kind born: Date weight: Float fed: DateTime tame: Boolean keeper: Keeper parents: [Animal!] }
type Keeper { name: String! animals: [Animal] }
`

type animal struct {
	Name    string
	Kind    *string
	Born    *time.Time
	Weight  *decimal.Decimal
	Fed     *time.Time
	Tame    bool
	Keeper  *keeper
	Parents []*animal
}

type keeper struct {
	Title   *string `graphql:"name"`
	Animals []animal
}

type page struct {
	First int
	Skip  *int
}

type animalsInput struct {
	Kind  *string
	Born  *time.Time
	Names []string
	Page  *page
}

type keeperInput struct{ Name string }

var received animalsInput

func animals(_ context.Context, in animalsInput) ([]*animal, error) {
	received = in
	kind, day, weight := "CAT", time.Date(2026, 2, 3, 4, 5, 6, 7000, time.UTC), decimal.RequireFromString("10")
	anna := "Anna \"A\"\n"
	tom := &animal{Name: "Tom", Kind: &kind, Born: &day, Weight: &weight, Fed: &day, Tame: true, Keeper: &keeper{Title: &anna}}
	return []*animal{tom, nil, {Name: "Kit", Parents: []*animal{tom, nil}, Keeper: &keeper{}}}, nil
}

func roots() []modules.Root {
	return []modules.Root{
		{Name: "animals", Access: auth.Anyone, Call: modules.Answer(animals)},
		{Name: "keeper", Access: auth.Anyone, Call: modules.Answer(func(ctx context.Context, in keeperInput) (*keeper, error) {
			switch in.Name {
			case "panic":
				panic("in a resolver")
			case "fault":
				return nil, fault.Input("name", "name: no keeper is called fault.")
			case "end":
				endRequest(ctx)
				name := "too late"
				return &keeper{Title: &name}, nil
			case "error":
				return nil, errors.New("secret")
			}
			return nil, nil
		})},
		{Name: "weight", Access: auth.Anyone, Call: modules.Answer(func(ctx context.Context, _ modules.None) (*decimal.Decimal, error) {
			if auth.From(ctx) == nil {
				return nil, nil
			}
			d := decimal.RequireFromString("2.5")
			return &d, nil
		})},
		{Name: "feed", Access: auth.SignedIn, Mutation: &mutation.Handler{Access: auth.SignedIn}},
	}
}

func schema(t testing.TB, text string) *ast.Schema {
	t.Helper()
	s, err := sdl.Assemble([]sdl.Source{{Module: "zoo", Text: text}})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

var fed int

func logged(ctx context.Context, name string) (*modules.Receipt, error) {
	fed++
	endRequest(ctx)
	id := fmt.Sprintf("%s-%d", name, fed)
	return &modules.Receipt{InternalID: &id}, nil
}

func ask(t testing.TB, ctx context.Context, query string) string {
	t.Helper()
	es, err := graph.Compose(schema(t, zoo), roots(), contract2019.Contract.Scalars, logged)
	if err != nil {
		t.Fatal(err)
	}
	h := graphqlhttp.New(es, contract2019.Contract.Wording, graphqlhttp.Limits{}, slog.New(slog.DiscardHandler))
	body, err := json.Marshal(map[string]string{"query": query})
	if err != nil {
		t.Fatal(err)
	}
	r := httptest.NewRequestWithContext(ctx, http.MethodPost, "/", strings.NewReader(string(body)))
	r.Header.Set("Content-Type", "application/json")
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w.Body.String()
}

func TestAnswersAreWrittenAsTheSchemaSays(t *testing.T) {
	for name, c := range map[string]struct{ query, want string }{
		"scalars, aliases, fragments": {
			`{ animals { ...a n: name keeper { name } } } fragment a on Animal { __typename kind born weight fed tame }`,
			`{"errors":[{"message":"must not be null","path":["animals",2,"keeper","name"]}],"data":{"animals":[{"__typename":"Animal","kind":"CAT","born":"2026-02-03","weight":10.0,"fed":"2026-02-03T04:05:06.000007","tame":true,"n":"Tom","keeper":{"name":"Anna \"A\"\n"}},null,{"__typename":"Animal","kind":null,"born":null,"weight":null,"fed":null,"tame":false,"n":"Kit","keeper":null}]}}`,
		},
		"a null in a list that may have none makes the list null": {
			`{ animals { name parents { name } } }`,
			`{"errors":[{"message":"must not be null","path":["animals",2,"parents",1]}],"data":{"animals":[{"name":"Tom","parents":null},null,{"name":"Kit","parents":null}]}}`,
		},
		"a null root field that may not be null makes the data null": {`{ weight }`, `{"errors":[{"message":"must not be null","path":["weight"]}],"data":null}`},
		"a mutation gives its receipt":                               {`mutation { feed(input: {food: "hay"}) { internalId clientMutationId } }`, `{"data":{"feed":{"internalId":"feed-1","clientMutationId":null}}}`},
		"nothing":                                                    {`{ keeper(name: "nobody") { name } __typename }`, `{"data":{"keeper":null,"__typename":"Query"}}`},
	} {
		t.Run(name, func(t *testing.T) {
			fed = 0
			if got := ask(t, t.Context(), c.query); got != c.want {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
		})
	}
}

func TestErrorsOfResolvers(t *testing.T) {
	for who, want := range map[string]string{"fault": "name: no keeper is called fault.", "error": "An internal error has occurred", "panic": "An internal error has occurred"} {
		got := ask(t, t.Context(), `{ keeper(name: "`+who+`") { name } }`)
		if !strings.Contains(got, want) || !strings.Contains(got, `"path":["keeper"]`) || !strings.Contains(got, `"data":{"keeper":null}`) || strings.Contains(got, "secret") {
			t.Errorf("%s: %s", who, got)
		}
	}
}

func TestArgumentsAreReadIntoTheStruct(t *testing.T) {
	ask(t, t.Context(), `{ animals(kind: DOG, born: "2020-02-29", names: "Rex", page: {first: 3}) { name } }`)
	if received.Kind == nil || *received.Kind != "DOG" || received.Born == nil || received.Born.Format(time.DateOnly) != "2020-02-29" ||
		len(received.Names) != 1 || received.Names[0] != "Rex" || received.Page == nil || received.Page.First != 3 || received.Page.Skip != nil {
		t.Errorf("%+v", received)
	}
	ask(t, t.Context(), `{ animals(kind: null) { name } }`)
	if received.Kind != nil || received.Born != nil || received.Names != nil || received.Page != nil {
		t.Errorf("%+v", received)
	}
}

type cancelKey struct{}

// cancelling gives resolvers a way to end the request.
func cancelling(t testing.TB) context.Context {
	ctx, cancel := context.WithCancel(t.Context())
	t.Cleanup(cancel)
	return context.WithValue(ctx, cancelKey{}, cancel)
}

func endRequest(ctx context.Context) {
	if cancel, ok := ctx.Value(cancelKey{}).(context.CancelFunc); ok {
		cancel()
	}
}

func TestNothingIsAnsweredWhenTheRequestHasEnded(t *testing.T) {
	fed = 0
	got := ask(t, cancelling(t), `mutation { a: feed(input: {food: "hay"}) { internalId } b: feed(input: {food: "hay"}) { internalId } }`)
	if fed != 1 || strings.Contains(got, "feed-2") {
		t.Errorf("%d mutations were logged after the request had ended: %s", fed, got)
	}
	if got := ask(t, cancelling(t), `{ keeper(name: "end") { name } }`); strings.Contains(got, "too late") {
		t.Error(got)
	}
}

func TestWritingSpendsTheBudgetOfTheOperation(t *testing.T) {
	ctx, release := entity.Bounded(t.Context(), nil)
	defer release()
	if err := entity.Spend(ctx, 0, 32<<20-50); err != nil {
		t.Fatal(err)
	}
	if got := ask(t, ctx, `{ animals { name kind born weight fed } }`); !strings.Contains(got, "The answer would be longer") || !strings.Contains(got, `"data":{"animals":null}`) {
		t.Error(got)
	}
}

// Each thing that does not fit is a line of the error that ends the start.
func TestWhatDoesNotFitEndsTheStart(t *testing.T) {
	type wrongAnimal struct{ Name int }
	none := func(context.Context, modules.None) (*wrongAnimal, error) { return nil, nil }
	list := func(context.Context) (*entity.Result, error) { return nil, nil }
	for name, c := range map[string]struct {
		roots []modules.Root
		lines []string
	}{
		"missing":    {roots()[1:], []string{"Query.animals is in the schema, but no module registers it"}},
		"twice":      {append(roots(), roots()[0]), []string{"Query.animals is registered twice"}},
		"misspelled": {append(roots()[1:], modules.Root{Name: "animal", Access: auth.Anyone, List: list}), []string{"Query.animal is registered, but the schema has no such field", "Query.animals is in the schema, but no module registers it"}},
		"no access":  {append(roots()[1:], modules.Root{Name: "animals", List: list}), []string{"Query.animals has no access rule: nobody could use it"}},
		"no way":     {append(roots()[1:], modules.Root{Name: "animals", Access: auth.Anyone}), []string{"Query.animals: one of List, Call and Mutation is expected, 0 are set"}},
		"wrong types": {append(roots()[1:], modules.Root{Name: "animals", Access: auth.Anyone, Call: modules.Answer(none)}), []string{
			"Query.animals: a list is written from a slice, not from graph_test.wrongAnimal",
			"Query.animals: the argument born is not in modules.None", "Query.animals: the argument kind is not in modules.None",
			"Query.animals: the argument names is not in modules.None", "Query.animals: the argument page is not in modules.None"}},
		"wrong fields": {append(append(roots()[:1:1], roots()[2:]...), modules.Root{Name: "keeper", Access: auth.Anyone, Call: modules.Answer(func(context.Context, struct{ Name, Extra string }) (*wrongAnimal, error) { return nil, nil })}), []string{
			"Keeper.animals: graph_test.wrongAnimal has no such field", "Keeper.name: String is written from string, not from int",
			"Query.keeper: struct { Name string; Extra string }.Extra is not an argument"}},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := graph.Compose(schema(t, zoo), c.roots, contract2019.Contract.Scalars, logged)
			want := "the schema and the modules do not fit:\n  " + strings.Join(c.lines, "\n  ")
			if err == nil || err.Error() != want {
				t.Errorf("got  %v\nwant %s", err, want)
			}
		})
	}
}
