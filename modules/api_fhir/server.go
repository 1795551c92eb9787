package apifhir

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/labstack/echo/v4"
	"github.com/samply/golang-fhir-models/fhir-models/fhir"

	"github.com/openimis/openimis-be-go/internal/auth"
	"github.com/openimis/openimis-be-go/internal/clock"
	"github.com/openimis/openimis-be-go/internal/fault"
)

// Config is what the server needs beside the resources; every zero value has a default.
type Config struct {
	// BaseURL gives scheme, host and whatever a proxy cut off, without a slash at the end. It decides
	// whether X-Forwarded headers are believed. Default: the scheme and host of the request.
	BaseURL  func(*http.Request) string
	Count    int   // page size when the client says nothing: 10
	MaxCount int   // most entries of a page: 1000
	MaxBody  int64 // most bytes of a body: 16 MiB, enough for a claim with attachments
	Clock    clock.Clock
	Version  string // of the software, for /metadata
	Log      *slog.Logger
}

// Server answers FHIR requests for the resources it was made with. It holds no state and may be mounted
// several times (/api_fhir_r4 and /api_fhir).
type Server struct {
	conf      Config
	started   time.Time
	resources []Resource
	byType    map[string]*Resource
}

// New checks the resources and makes the server.
func New(conf Config, resources ...Resource) (*Server, error) {
	conf.defaults()
	s := &Server{conf: conf, started: conf.Clock(), resources: slices.Clone(resources), byType: map[string]*Resource{}}
	slices.SortFunc(s.resources, func(a, b Resource) int { return strings.Compare(a.Type, b.Type) })
	for i := range s.resources {
		r := &s.resources[i]
		if err := r.check(); err != nil {
			return nil, fmt.Errorf("FHIR resource %s: %w", r.Type, err)
		}
		if s.byType[r.Type] != nil {
			return nil, fmt.Errorf("FHIR resource %s: registered twice; a type has one owner", r.Type)
		}
		s.byType[r.Type] = r
	}
	return s, nil
}

func (c *Config) defaults() {
	if c.BaseURL == nil {
		c.BaseURL = func(r *http.Request) string {
			if r.TLS != nil {
				return "https://" + r.Host
			}
			return "http://" + r.Host
		}
	}
	if c.MaxCount <= 0 {
		c.MaxCount = 1000
	}
	if c.Count <= 0 {
		c.Count = 10
	}
	c.Count = min(c.Count, c.MaxCount)
	if c.MaxBody <= 0 {
		c.MaxBody = 16 << 20
	}
	if c.Clock == nil {
		c.Clock = clock.System
	}
	if c.Log == nil {
		c.Log = slog.Default()
	}
}

// check refuses what could only be a mistake of the module.
func (r *Resource) check() error {
	if _, err := resourceType(r.Type); err != nil {
		return err
	}
	for _, f := range []struct {
		name   string
		on     bool
		access auth.Access
	}{
		{"Read", r.Read != nil, r.Access.Get}, {"Search", r.Search != nil, r.Access.Get},
		{"Create", r.Create != nil, r.Access.Create}, {"Update", r.Update != nil, r.Access.Update},
		{"Delete", r.Delete != nil, r.Access.Delete},
	} {
		if f.on && !f.access.Anonymous && !f.access.SignedIn && len(f.access.Rights) == 0 {
			return fmt.Errorf("nobody may call its %s: Access says no rights", f.name)
		}
	}
	seen := map[string]bool{"_id": true, "_lastUpdated": true}
	for _, p := range r.Params {
		if p.Name == "" || seen[p.Name] || control[p.Name] != nil || strings.ContainsAny(p.Name, ":.") {
			return fmt.Errorf("search parameter %q is declared twice or has a reserved name", p.Name)
		}
		seen[p.Name] = true
	}
	return nil
}

// Mount puts the server under a group, with every path below it.
func (s *Server) Mount(g *echo.Group) {
	g.Any("", s.Handler)
	g.Any("/*", s.Handler)
}

// Types lists the resource types served.
func (s *Server) Types() []string { return s.types() }

// Handler answers one request; it never returns an error, errors are answered as OperationOutcome.
func (s *Server) Handler(c echo.Context) error {
	mount := strings.TrimSuffix(strings.TrimSuffix(c.Path(), "*"), "/")
	q := &exchange{s: s, w: c.Response(), r: c.Request(),
		base: strings.TrimSuffix(s.conf.BaseURL(c.Request()), "/") + mount}
	q.prefer = preferOf(q.r.Header)
	q.w.Header().Add("Vary", "Accept")
	var err error
	if q.contentType, err = negotiate(q.r.Header.Values("Accept"), formatParam(q.r)); err == nil {
		err = q.route(segments(c))
	}
	if err != nil {
		q.fail(false, err)
	}
	return nil
}

// formatParam reads _format alone: everything else is parsed when the route is known.
func formatParam(r *http.Request) string { return r.URL.Query().Get("_format") }

// segments splits what is behind the mount, with or without a slash at the end. Echo matches the raw path,
// so a code with an escaped slash stays one segment.
func segments(c echo.Context) []string {
	rest := strings.Trim(c.Param("*"), "/")
	if rest == "" {
		return nil
	}
	parts := strings.Split(rest, "/")
	if c.Request().URL.RawPath != "" {
		for i, p := range parts {
			if u, err := url.PathUnescape(p); err == nil {
				parts[i] = u
			}
		}
	}
	return parts
}

// exchange is one request being answered.
type exchange struct {
	s           *Server
	w           http.ResponseWriter
	r           *http.Request
	base        string
	contentType string
	prefer      prefer
}

// action is one method of a route; on says whether the resource has it.
type action struct {
	method string
	on     bool
	access auth.Access
	do     func() error
}

func (q *exchange) route(path []string) error {
	if len(path) == 1 && path[0] == "metadata" {
		return q.dispatch("the capability statement", []action{{http.MethodGet, true, auth.Anyone, q.metadata}})
	}
	if len(path) == 0 || len(path) > 2 || path[0] == "metadata" {
		return q.unknown("There is nothing at this path; ask " + q.base + "/metadata for what there is.")
	}
	res := q.s.byType[path[0]]
	if res == nil {
		return q.unknown(fmt.Sprintf("Unknown resource type %q%s.", clip([]byte(path[0])), allowed(q.s.types())))
	}
	a := res.Access
	switch {
	case len(path) == 1:
		return q.dispatch(res.Type, []action{
			{http.MethodGet, res.Search != nil, a.Get, func() error { return q.search(res) }},
			{http.MethodPost, res.Create != nil, a.Create, func() error { return q.create(res) }},
		})
	case path[1] == "_search":
		return q.dispatch(res.Type, []action{{http.MethodPost, res.Search != nil, a.Get, func() error { return q.search(res) }}})
	case strings.HasPrefix(path[1], "_") || strings.HasPrefix(path[1], "$"):
		return q.unknown(fmt.Sprintf("%s has no %s.", res.Type, clip([]byte(path[1]))))
	}
	id := path[1]
	return q.dispatch(res.Type, []action{
		{http.MethodGet, res.Read != nil, a.Get, func() error { return q.read(res, id) }},
		{http.MethodPut, res.Update != nil, a.Update, func() error { return q.update(res, id) }},
		{http.MethodDelete, res.Delete != nil, a.Delete, func() error { return q.remove(res, id) }},
	})
}

func (s *Server) types() []string {
	names := make([]string, len(s.resources))
	for i := range s.resources {
		names[i] = s.resources[i].Type
	}
	return names
}

func (q *exchange) unknown(text string) error {
	return &refusal{status: http.StatusNotFound, issue: fhir.IssueTypeNotFound, text: text}
}

// dispatch runs the action of the method after its rights were checked.
func (q *exchange) dispatch(what string, actions []action) error {
	method := q.r.Method
	if method == http.MethodHead {
		method = http.MethodGet
	}
	var allow []string
	for _, a := range actions {
		if !a.on {
			continue
		}
		if a.method == method {
			if err := q.permit(a.access, what); err != nil {
				return err
			}
			return a.do()
		}
		if allow = append(allow, a.method); a.method == http.MethodGet {
			allow = append(allow, http.MethodHead)
		}
	}
	q.w.Header().Set("Allow", strings.Join(append(allow, http.MethodOptions), ", "))
	if method == http.MethodOptions {
		q.w.WriteHeader(http.StatusNoContent)
		return nil
	}
	return &refusal{status: http.StatusMethodNotAllowed, issue: fhir.IssueTypeNotSupported,
		text: fmt.Sprintf("Method %q not allowed.", clip([]byte(q.r.Method)))}
}

// permit checks the rights and answers with the texts that FHIR clients know.
func (q *exchange) permit(access auth.Access, what string) error {
	p := auth.From(q.r.Context())
	err := access.Check(p, "FHIR "+what)
	switch {
	case err == nil:
		return nil
	case p == nil:
		return fault.Wrap(err, fault.Unauthenticated, textUnauthenticated)
	}
	return &refusal{status: http.StatusForbidden, issue: fhir.IssueTypeException, text: textForbidden, diagnostics: fault.Message(err)}
}

func (q *exchange) metadata() error {
	body, err := Encode(q.s.capabilities(q.base))
	if err != nil {
		return err
	}
	q.write(http.StatusOK, body)
	return nil
}

func (q *exchange) search(res *Resource) error {
	params, err := q.params()
	if err != nil {
		return err
	}
	req, errs := parseSearch(res, &q.s.conf, params, q.prefer.strict)
	if len(errs) > 0 {
		q.fail(true, errs...)
		return nil
	}
	page, err := res.Search(q.r.Context(), req.Query)
	if err != nil {
		q.fail(true, fmt.Errorf("FHIR search %s: %w", res.Type, err))
		return nil
	}
	body, err := searchBundle(q.base, res, req, page)
	if err != nil {
		return err
	}
	q.private()
	q.write(http.StatusOK, body)
	return nil
}

// params joins the query string and, for POST _search, the form.
func (q *exchange) params() (url.Values, error) {
	params, err := url.ParseQuery(q.r.URL.RawQuery)
	if err != nil {
		return nil, fault.Wrap(err, fault.Invalid, "The query string is not well formed.")
	}
	if q.r.Method != http.MethodPost {
		return params, nil
	}
	body, err := q.body("application/x-www-form-urlencoded")
	if err != nil {
		return nil, err
	}
	form, err := url.ParseQuery(strings.ReplaceAll(string(body), ";", "%3B")) // a ; is text
	if err != nil {
		return nil, fault.Wrap(err, fault.Invalid, "The form is not well formed.")
	}
	for name, values := range form {
		params[name] = append(params[name], values...)
	}
	return params, nil
}

func (q *exchange) read(res *Resource, id string) error {
	e, err := res.Read(q.r.Context(), id)
	if err != nil {
		return fmt.Errorf("FHIR read %s: %w", res.Type, err)
	}
	q.private()
	q.versioned(e)
	if notModified(q.r.Header, e) {
		q.w.WriteHeader(http.StatusNotModified)
		return nil
	}
	return q.writeEntry(http.StatusOK, e)
}

func (q *exchange) create(res *Resource) error {
	return q.change(res, http.StatusCreated, func(ctx context.Context, in Input) (Entry, error) {
		e, err := res.Create(ctx, in)
		if err == nil && e.ID != "" {
			q.w.Header().Set("Location", q.base+"/"+res.Type+"/"+url.PathEscape(e.ID))
		}
		return e, err
	})
}

func (q *exchange) update(res *Resource, id string) error {
	return q.change(res, http.StatusOK, func(ctx context.Context, in Input) (Entry, error) {
		return res.Update(ctx, id, in)
	})
}

// change reads and checks the body of a create or update, runs it and answers as Prefer asks.
func (q *exchange) change(res *Resource, status int, run func(context.Context, Input) (Entry, error)) error {
	body, err := q.body(typeFHIR, typeJSON, "text/json")
	if err != nil {
		return err
	}
	got, err := TypeOf(body)
	if err != nil {
		return err
	}
	if got != res.Type {
		return fault.Input("resourceType", "resourceType must be %q here, not %q.", res.Type, got)
	}
	e, err := run(q.r.Context(), Input{JSON: body, IfMatch: untag(q.r.Header.Get("If-Match"))})
	if err != nil {
		return fmt.Errorf("FHIR %s %s: %w", q.r.Method, res.Type, err)
	}
	q.private()
	q.versioned(e)
	switch q.prefer.answer {
	case "minimal":
		q.w.WriteHeader(status)
		return nil
	case "OperationOutcome":
		return q.writeModel(status, fhir.OperationOutcome{Issue: []fhir.OperationOutcomeIssue{
			newIssue(fhir.IssueSeverityInformation, fhir.IssueTypeInformational, "Done.")}})
	}
	return q.writeEntry(status, e)
}

func (q *exchange) remove(res *Resource, id string) error {
	if err := res.Delete(q.r.Context(), id); err != nil {
		return fmt.Errorf("FHIR delete %s: %w", res.Type, err)
	}
	q.w.WriteHeader(http.StatusNoContent)
	return nil
}

// otherSites finds what a browser sends in the name of its user for a page of another site. It does so
// unasked when the body has no type.
var otherSites = http.NewCrossOriginProtection()

// body reads a body of one of the content types; none given counts as the first.
func (q *exchange) body(types ...string) ([]byte, error) {
	if header := q.r.Header.Get("Content-Type"); header != "" {
		t, _, err := mime.ParseMediaType(header)
		if err != nil || !slices.Contains(types, t) {
			return nil, &refusal{status: http.StatusUnsupportedMediaType, issue: fhir.IssueTypeNotSupported, param: "Content-Type",
				text: fmt.Sprintf("Content-Type %q is not supported here%s.", clip([]byte(header)), allowed(types))}
		}
	}
	if q.r.Header.Get("Content-Type") == "" && otherSites.Check(q.r) != nil {
		return nil, &refusal{status: http.StatusForbidden, issue: fhir.IssueTypeForbidden, param: "Content-Type",
			text: "A page of another site cannot send a body without a Content-Type."}
	}
	body, err := io.ReadAll(http.MaxBytesReader(nil, q.r.Body, q.s.conf.MaxBody))
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		return nil, &refusal{status: http.StatusRequestEntityTooLarge, issue: fhir.IssueTypeTooLong,
			text: fmt.Sprintf("The body is larger than %d bytes.", q.s.conf.MaxBody)}
	case err != nil:
		return nil, fault.Wrap(err, fault.Invalid, "The body could not be read.")
	}
	return body, nil
}

// private keeps answers about people out of shared caches; a browser may keep them but has to ask.
func (q *exchange) private() { q.w.Header().Set("Cache-Control", "private, no-cache") }

func (q *exchange) versioned(e Entry) {
	if !e.VersionTime.IsZero() {
		q.w.Header().Set("ETag", `W/"`+e.Version()+`"`)
		q.w.Header().Set("Last-Modified", e.VersionTime.UTC().Format(http.TimeFormat))
	}
}

func (q *exchange) writeEntry(status int, e Entry) error {
	body, err := encodeEntry(e, nil)
	if err != nil {
		return err
	}
	q.write(status, body)
	return nil
}

func (q *exchange) writeModel(status int, resource any) error {
	body, err := Encode(resource)
	if err != nil {
		return err
	}
	q.write(status, body)
	return nil
}

func (q *exchange) write(status int, body []byte) {
	h := q.w.Header()
	h.Set("Content-Type", q.contentType)
	h.Set("X-Content-Type-Options", "nosniff")
	q.w.WriteHeader(status)
	if q.r.Method != http.MethodHead {
		_, _ = q.w.Write(body) // the client may be gone, and nobody else wants to know
	}
}

// fail answers with an OperationOutcome; what is the server's fault goes to the log as a whole.
func (q *exchange) fail(params bool, errs ...error) {
	status, outcome := outcomeOf(params, errs...)
	if gone := q.r.Context().Err() != nil; status >= http.StatusInternalServerError && !gone {
		q.s.conf.Log.ErrorContext(q.r.Context(), "FHIR request failed", "method", q.r.Method, "path", q.r.URL.Path, "error", errors.Join(errs...))
	}
	h := q.w.Header()
	for _, name := range []string{"ETag", "Last-Modified", "Location"} {
		h.Del(name)
	}
	if status == http.StatusUnauthorized && h.Get("WWW-Authenticate") == "" {
		h.Set("WWW-Authenticate", `Basic realm="openIMIS", charset="UTF-8"`)
	}
	if err := q.writeModel(status, outcome); err != nil {
		q.s.conf.Log.ErrorContext(q.r.Context(), "FHIR outcome cannot be written", "error", err)
		q.w.WriteHeader(http.StatusInternalServerError)
	}
}
