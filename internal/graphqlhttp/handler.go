// Package graphqlhttp serves a GraphQL schema over HTTP as graphene-django does, whose clients it has: JSON,
// form and application/graphql bodies, GET for queries, GraphiQL for a browser, its status codes and its
// error bodies. What is wrong with an operation is said in the words of a contract (Wording). Start with
// Handler.ServeHTTP.
package graphqlhttp

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"mime"
	"mime/multipart"
	"net/http"
	"net/url"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/99designs/gqlgen/graphql"
	"github.com/99designs/gqlgen/graphql/executor"
	"github.com/99designs/gqlgen/graphql/handler/lru"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/openimis/openimis-be-go/internal/fault"
	"github.com/openimis/openimis-be-go/internal/jsontext"
)

// Limits bound what one request may ask for.
type Limits struct {
	Depth    int   // nested selections; default 30
	Aliases  int   // aliased fields in the whole document; default 100
	Roots    int   // root fields of the operation; default 50
	Fields   int   // fields in the whole document, fragments included; default 2,000
	Expanded int   // fields when every fragment is put where it is spread; default 5,000
	Tokens   int   // lexical tokens of the document; default 20,000
	Body     int64 // bytes of the request; default 10 MiB
}

// Handler serves one schema.
type Handler struct {
	exec   *executor.Executor
	schema *ast.Schema
	words  Wording
	limits Limits
	parsed documents
	log    *slog.Logger
	// Admit decides when an operation may be executed; nil: at once.
	Admit Admission
	// Full refuses a request that is not worth reading, for it would not be admitted; nil: none.
	Full func(r *http.Request) error
	// Observe is told the names of the root fields of each operation, for logs and metrics.
	Observe func(ctx context.Context, kind string, roots []string, took time.Duration, failed bool)
}

// Admission waits until an operation may be executed. It is told how many rows the operation may look at, and its
// shape: a text that operations have in common which differ in values only. An error is answered with 503, and with
// Retry-After when it has Seconds.
type Admission func(r *http.Request, rows int, shape string) (Turn, error)

// Turn is an operation's turn.
type Turn struct {
	Context  context.Context // to execute it with
	Executed func()          // it has been executed
	Done     func()          // its answer has been sent
}

// New makes a handler.
func New(es graphql.ExecutableSchema, words Wording, limits Limits, log *slog.Logger, extensions ...graphql.HandlerExtension) *Handler {
	for p, v := range map[*int]int{&limits.Depth: 30, &limits.Aliases: 100, &limits.Roots: 50, &limits.Fields: 2000, &limits.Expanded: 5000, &limits.Tokens: 20_000} {
		if *p == 0 {
			*p = v
		}
	}
	if limits.Body == 0 {
		limits.Body = 10 << 20
	}
	h := &Handler{exec: executor.New(es), schema: es.Schema(), words: words, limits: limits, log: log, parsed: documents{lru.New[*ast.QueryDocument](1000)}}
	h.exec.SetQueryCache(h.parsed)
	h.exec.SetDefaultRulesFn(words.Rules)
	h.exec.SetParserTokenLimit(limits.Tokens)
	h.exec.SetErrorPresenter(h.present)
	h.exec.SetRecoverFunc(func(ctx context.Context, err any) error {
		log.ErrorContext(ctx, "graphql: panic", "panic", err, "stack", string(debug.Stack()))
		return errors.New("panic")
	})
	for _, x := range append(extensions, introspection{es.Schema()}) {
		h.exec.Use(x)
	}
	return h
}

// present shows users what fault allows and logs the rest.
func (h *Handler) present(ctx context.Context, err error) *gqlerror.Error {
	var g *gqlerror.Error
	if !errors.As(err, &g) {
		g = graphql.DefaultErrorPresenter(ctx, err)
	}
	cause := err
	if g.Err != nil {
		cause = g.Err
	}
	var f *fault.Error
	if errors.As(cause, &f) && f.Code != fault.Internal {
		g.Message = f.Message
		if f.Code == fault.Unavailable {
			h.log.WarnContext(ctx, "graphql: unavailable", "path", g.Path.String(), "error", cause)
		}
	} else if g.Err != nil {
		h.log.ErrorContext(ctx, "graphql: internal error", "path", g.Path.String(), "error", cause)
		g.Message = fault.Message(cause)
	}
	g.Extensions = nil
	return g
}

// ServeHTTP implements http.Handler.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet && r.Method != http.MethodPost {
		w.Header().Set("Allow", "GET, POST")
		refuse(w, http.StatusMethodNotAllowed, h.words.Transport.Method)
		return
	}
	w.Header().Set("Content-Type", mediaType(r.Header.Values("Accept")))
	if h.Full != nil && r.Method == http.MethodPost {
		if err := h.Full(r); err != nil {
			h.busy(w, err)
			return
		}
	}
	params, status, message := h.read(w, r)
	if status != 0 {
		refuse(w, status, message)
		return
	}
	if r.Method == http.MethodGet && params.Query == "" && wantsHTML(r) {
		h.servePage(w, r)
		return
	}
	if params.Query == "" {
		refuse(w, http.StatusBadRequest, h.words.Transport.NoQuery)
		return
	}
	h.execute(w, r, params)
}

// execute parses, checks and runs an operation.
func (h *Handler) execute(w http.ResponseWriter, r *http.Request, params *graphql.RawParams) {
	start := time.Now()
	ctx := graphql.StartOperationTrace(r.Context())
	if err := h.tooMany(ctx, params.Query); err != nil {
		respond(w, http.StatusBadRequest, nil, gqlerror.List{err})
		return
	}
	oc, errs := h.exec.CreateOperationContext(ctx, params)
	if len(errs) == 0 {
		errs = h.words.Variables(h.schema, oc.Operation, params.Variables)
	}
	if len(errs) > 0 {
		respond(w, http.StatusBadRequest, nil, h.words.Refused(Refused{Schema: h.schema, Params: params, Operation: oc, Errors: errs, Tokens: h.limits.Tokens}))
		return
	}
	if err := h.check(r, oc); err != nil {
		status := http.StatusBadRequest
		if r.Method == http.MethodGet && oc.Operation.Operation == ast.Mutation {
			status = http.StatusMethodNotAllowed
			w.Header().Set("Allow", "POST")
		}
		respond(w, status, nil, gqlerror.List{err})
		return
	}
	executed := func() {}
	if h.Admit != nil {
		rows, shape := estimated(oc)
		turn, err := h.Admit(r.WithContext(ctx), rows, shape)
		if err != nil {
			h.busy(w, err)
			return
		}
		defer turn.Done()
		ctx, executed = turn.Context, turn.Executed
		start = time.Now()
	}
	responses, ctx := h.exec.DispatchOperation(ctx, oc)
	resp := responses(ctx)
	executed()
	if resp == nil {
		if errors.Is(ctx.Err(), context.DeadlineExceeded) {
			refuse(w, http.StatusServiceUnavailable, "The request took too long; ask for less, or try again in a moment.")
		}
		return // or the client is gone
	}
	inOrder(resp.Errors)
	if h.Observe != nil {
		h.Observe(ctx, string(oc.Operation.Operation), roots(oc.Operation), time.Since(start), len(resp.Errors) > 0)
	}
	respond(w, http.StatusOK, resp.Data, resp.Errors)
}

// busy refuses an operation that may not be executed now.
func (h *Handler) busy(w http.ResponseWriter, err error) {
	var wait interface{ Seconds() string }
	if errors.As(err, &wait) {
		w.Header().Set("Retry-After", wait.Seconds())
	}
	refuse(w, http.StatusServiceUnavailable, fault.Message(err))
}

// inOrder sorts errors by their place in the query: root fields are resolved side by side.
func inOrder(errs gqlerror.List) {
	slices.SortStableFunc(errs, func(a, b *gqlerror.Error) int {
		if len(a.Locations) == 0 || len(b.Locations) == 0 {
			return len(b.Locations) - len(a.Locations)
		}
		x, y := a.Locations[0], b.Locations[0]
		return cmp.Or(cmp.Compare(x.Line, y.Line), cmp.Compare(x.Column, y.Column))
	})
}

func roots(op *ast.OperationDefinition) (names []string) {
	for _, s := range op.SelectionSet {
		if f, ok := s.(*ast.Field); ok {
			names = append(names, f.Name)
		}
	}
	return names
}

// read takes the operation from URL and body; what the URL says counts, as in graphene-django. status is 0
// when all is well.
func (h *Handler) read(w http.ResponseWriter, r *http.Request) (p *graphql.RawParams, status int, message string) {
	p = &graphql.RawParams{Headers: r.Header}
	var body sent
	if r.Method == http.MethodPost {
		raw, err := io.ReadAll(http.MaxBytesReader(w, r.Body, h.limits.Body))
		var tooLarge *http.MaxBytesError
		switch {
		case errors.As(err, &tooLarge):
			return nil, http.StatusRequestEntityTooLarge, "The request is larger than " + strconv.FormatInt(h.limits.Body, 10) + " bytes."
		case err != nil:
			return nil, http.StatusBadRequest, "The request could not be read to its end."
		case !utf8.Valid(raw):
			return nil, http.StatusBadRequest, "The request is not valid UTF-8."
		}
		if body, message = h.words.Transport.readBody(r.Header.Get("Content-Type"), raw); message != "" {
			return nil, http.StatusBadRequest, message
		}
	}
	asked, _ := url.ParseQuery(strings.ReplaceAll(r.URL.RawQuery, ";", "%3B")) // what is not well formed is left out
	p.Query = cmp.Or(asked.Get("query"), body.query)
	if p.OperationName = cmp.Or(asked.Get("operationName"), body.operation); p.OperationName == "null" {
		p.OperationName = "" // as GraphiQL sends it
	}
	vars := cmp.Or(asked.Get("variables"), body.variables)
	if !utf8.ValidString(p.Query) || !utf8.ValidString(vars) {
		return nil, http.StatusBadRequest, "The request is not valid UTF-8."
	}
	for _, text := range []string{p.Query, vars} {
		if damage := jsontext.Check([]byte(text)); damage != "" {
			return nil, http.StatusBadRequest, "The request has a text that is damaged: " + damage + "."
		}
	}
	if !nothing[vars] {
		if message := h.words.Transport.readVariables(p, []byte(vars)); message != "" {
			return nil, http.StatusBadRequest, message
		}
	}
	return p, 0, ""
}

// nothing are the texts of variables that stand for none: some clients write an empty list for no members.
var nothing = map[string]bool{"": true, "null": true, "[]": true, "false": true, "0": true}

// sent is what a body says.
type sent struct{ query, variables, operation string }

// readBody reads a body; message says what is wrong with it. Nothing is read from bodies of other types.
func (t *Transport) readBody(contentType string, raw []byte) (s sent, message string) {
	kind, params, _ := mime.ParseMediaType(contentType)
	switch kind {
	case "application/graphql":
		return sent{query: string(raw)}, ""
	case "application/json":
		return t.readJSON(raw)
	case "application/x-www-form-urlencoded":
		form, err := url.ParseQuery(strings.ReplaceAll(string(raw), ";", "%3B")) // a ; is text
		if err != nil {
			return s, "The form is not valid."
		}
		return sent{form.Get("query"), form.Get("variables"), form.Get("operationName")}, ""
	case "multipart/form-data":
		form, err := multipart.NewReader(bytes.NewReader(raw), params["boundary"]).ReadForm(int64(len(raw)))
		if err != nil {
			return s, "The form is not valid."
		}
		defer form.RemoveAll() //nolint:errcheck // all of it is in memory
		values := url.Values(form.Value)
		return sent{values.Get("query"), values.Get("variables"), values.Get("operationName")}, ""
	}
	return s, ""
}

func (t *Transport) readJSON(raw []byte) (s sent, message string) {
	if !json.Valid(raw) {
		return s, t.JSON
	}
	if damage := jsontext.Check(raw); damage != "" {
		return s, "The request has a text that is damaged: " + damage + "."
	}
	var in struct {
		Query         any             `json:"query"`
		OperationName *string         `json:"operationName"`
		Variables     json.RawMessage `json:"variables"`
	}
	if b := bytes.TrimLeft(raw, " \t\r\n"); b[0] != '{' || json.Unmarshal(raw, &in) != nil {
		return s, t.Shape
	}
	switch q := in.Query.(type) {
	case nil:
	case string:
		s.query = q
	default:
		return s, t.QueryType
	}
	if in.OperationName != nil {
		s.operation = *in.OperationName
	}
	s.variables = string(in.Variables)
	var text string
	if json.Unmarshal(in.Variables, &text) == nil { // some clients send the variables as a text
		s.variables = text
	}
	return s, ""
}

// readVariables says why the variables cannot be read; "" when all is well.
func (t *Transport) readVariables(p *graphql.RawParams, raw []byte) (message string) {
	if tooManyValues(raw) {
		return fmt.Sprintf("The variables have more than %d values, which is not allowed.", mostValues)
	}
	if err := decode(raw, &p.Variables); err != nil {
		return t.Variables
	}
	return ""
}

// decode keeps numbers as they were written.
func decode(b []byte, to any) error {
	d := json.NewDecoder(bytes.NewReader(b))
	d.UseNumber()
	return d.Decode(to)
}

// mediaType is the type of the answer: application/json, as older clients want it, or the one of GraphQL over
// HTTP for a client that names it and prefers it.
func mediaType(accepted []string) string {
	const plain, graphQL = "application/json", "application/graphql-response+json"
	weights := map[string]float64{}
	for _, e := range strings.Split(strings.Join(accepted, ","), ",") {
		kind, params, err := mime.ParseMediaType(e)
		if err != nil {
			continue
		}
		q, err := strconv.ParseFloat(cmp.Or(params["q"], "1"), 64)
		if err != nil {
			q = 0
		}
		weights[kind] = max(weights[kind], q)
	}
	if q := weights[graphQL]; q > 0 && q >= weights[plain] {
		return graphQL
	}
	return plain
}

func wantsHTML(r *http.Request) bool {
	if _, raw := r.URL.Query()["raw"]; raw {
		return false
	}
	accept := r.Header.Get("Accept")
	html, js := strings.Index(accept, "text/html"), strings.Index(accept, "application/json")
	return html >= 0 && (js < 0 || html < js)
}

func refuse(w http.ResponseWriter, status int, message string) {
	respond(w, status, nil, gqlerror.List{{Message: message}})
}

// respond writes errors and data; data is JSON already, and is neither encoded again nor copied.
func respond(w http.ResponseWriter, status int, data json.RawMessage, errs gqlerror.List) {
	start, end := []byte{'{'}, []byte{'}'}
	if len(errs) > 0 {
		text, err := json.Marshal(errs)
		if err != nil {
			text = []byte(`[{"message":"An internal error has occurred."}]`)
		}
		start = append(append(start, `"errors":`...), text...)
		if data != nil {
			start = append(start, ',')
		}
	}
	if data != nil {
		start = append(start, `"data":`...)
	}
	if w.Header().Get("Content-Type") == "" {
		w.Header().Set("Content-Type", "application/json")
	}
	if len(data) <= together { // most answers: one write
		start, data = append(start, data...), nil
		start, end = append(start, end...), nil
	}
	w.Header().Set("Content-Length", strconv.Itoa(len(start)+len(data)+len(end)))
	w.WriteHeader(status)
	for _, part := range [][]byte{start, data, end} {
		if len(part) > 0 {
			_, _ = w.Write(part)
		}
	}
}

// together is how long an answer may be that is put together before it is sent.
const together = 64 << 10
