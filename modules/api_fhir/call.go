package apifhir

import (
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/openimis/openimis-be-go/internal/auth"
	"github.com/openimis/openimis-be-go/internal/db"
	"github.com/openimis/openimis-be-go/internal/fault"
	"github.com/openimis/openimis-be-go/internal/jsontext"
)

// call is one interaction being answered: a request, or an entry of a batch or transaction.
type call struct {
	s           *Server
	mount       Mount
	release     Release
	request     *http.Request
	base        string // absolute URL of the mount
	contentType string
	method      string
	path        []string
	params      url.Values
	badQuery    error
	header      http.Header // Prefer and the conditions
	prefer      prefer
	event       Event

	inBundle bool
	given    []byte // the resource of an entry
	tx       *db.Tx // the transaction of a Bundle
}

// reply is the answer to a call.
type reply struct {
	status int
	header http.Header
	body   []byte
	pooled bool // body goes back to bodies when it is sent
	// of a write or a read, for Bundles
	id      string
	changed time.Time
	outcome bool
	cause   error // of an outcome
}

func newReply(status int, body []byte) reply {
	return reply{status: status, header: http.Header{}, body: body}
}

// action is one method of a route; on says whether the resource has it.
type action struct {
	method string
	on     bool
	access auth.Access
	name   string // of the interaction
	do     func() (reply, error)
}

// answer routes the call and makes an outcome of an error.
func (q *call) answer() reply {
	r, err := q.route()
	if err != nil {
		return q.failed(aboutBody, err)
	}
	return r
}

func (q *call) registry() *registry { return q.s.releases[q.release] }

func (q *call) context() context.Context { return q.request.Context() }

func (q *call) route() (reply, error) {
	path := q.path
	if len(path) == 1 && path[0] == "metadata" {
		return q.dispatch("the capability statement", "", []action{{http.MethodGet, true, auth.Anyone, "capabilities", q.metadata}})
	}
	if len(path) == 0 && !q.inBundle {
		return q.dispatch("the server", "", []action{
			{http.MethodGet, q.mount.Compat, auth.SignedIn, "", q.root},
			{http.MethodPost, true, auth.SignedIn, "batch", q.bundle},
		})
	}
	if len(path) == 0 || len(path) > 4 || path[0] == "metadata" {
		return q.nothing("There is nothing at this path; ask " + q.base + "/metadata for what there is.")
	}
	res := q.registry().byType[path[0]]
	if res == nil {
		return q.nothing(fmt.Sprintf("Unknown resource type %q%s.", clip([]byte(path[0])), allowed(q.registry().types())))
	}
	a := res.Access
	search := func() (reply, error) { return q.search(res) }
	switch {
	case len(path) == 1:
		return q.dispatch(res.Type, res.Type, []action{
			{http.MethodGet, res.Search != nil, a.Get, "search-type", search},
			{http.MethodPost, res.Create != nil, a.Create, "create", func() (reply, error) { return q.create(res) }},
		})
	case path[1] == "_search" && len(path) == 2:
		return q.dispatch(res.Type, res.Type, []action{{http.MethodPost, res.Search != nil, a.Get, "search-type", search}})
	case strings.HasPrefix(path[1], "_") || strings.HasPrefix(path[1], "$"):
		return q.nothing(fmt.Sprintf("%s has no %s.", res.Type, clip([]byte(path[1]))))
	}
	id := path[1]
	switch {
	case len(path) == 2:
		return q.dispatch(res.Type, res.Type, []action{
			{http.MethodGet, res.Read != nil, a.Get, "read", func() (reply, error) { return q.read(res, id) }},
			{http.MethodPut, res.Update != nil, a.Update, "update", func() (reply, error) { return q.update(res, id) }},
			{http.MethodPatch, res.Update != nil && res.Read != nil, a.Update, "patch", func() (reply, error) { return q.patch(res, id) }},
			{http.MethodDelete, res.Delete != nil, a.Delete, "delete", func() (reply, error) { return q.remove(res, id) }},
		})
	case path[2] == "_history" && res.History != nil && len(path) == 3:
		return q.dispatch(res.Type, res.Type, []action{{http.MethodGet, true, a.Get, "history-instance", func() (reply, error) { return q.history(res, id) }}})
	case path[2] == "_history" && res.History != nil:
		return q.dispatch(res.Type, res.Type, []action{{http.MethodGet, true, a.Get, "vread", func() (reply, error) { return q.vread(res, id, path[3]) }}})
	}
	return q.nothing(fmt.Sprintf("%s has no %s.", res.Type, clip([]byte(strings.Join(path[2:], "/")))))
}

func (q *call) nothing(text string) (reply, error) {
	return reply{}, &refusal{status: http.StatusNotFound, issue: issueNotFound, text: text}
}

// dispatch runs the action of the method after its rights were checked.
func (q *call) dispatch(what, resource string, actions []action) (reply, error) {
	method := q.method
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
				return reply{}, err
			}
			q.event.Interaction, q.event.Type = a.name, resource
			return a.do()
		}
		if allow = append(allow, a.method); a.method == http.MethodGet {
			allow = append(allow, http.MethodHead)
		}
	}
	list := strings.Join(append(allow, http.MethodOptions), ", ")
	if method == http.MethodOptions {
		r := newReply(http.StatusNoContent, nil)
		r.header.Set("Allow", list)
		return r, nil
	}
	r := q.failed(aboutBody, &refusal{status: http.StatusMethodNotAllowed, issue: issueUnsupported,
		text: fmt.Sprintf("Method %q not allowed.", clip([]byte(q.method)))})
	r.header.Set("Allow", list)
	return r, nil
}

// permit checks the rights and answers with the texts that FHIR clients know.
func (q *call) permit(access auth.Access, what string) error {
	p := auth.From(q.context())
	err := access.Check(p, "FHIR "+what)
	switch {
	case err == nil:
		return nil
	case p == nil:
		return fault.Wrap(err, fault.Unauthenticated, textUnauthenticated)
	}
	return &refusal{status: http.StatusForbidden, issue: issueException, text: textForbidden, diagnostics: fault.Message(err)}
}

// failed answers with an OperationOutcome; what is the server's fault goes to the log as a whole.
func (q *call) failed(fields about, errs ...error) reply {
	status, outcome := outcomeOf(fields, errs...)
	if gone := q.context().Err() != nil; status >= http.StatusInternalServerError && !gone {
		q.s.conf.Log.ErrorContext(q.context(), "FHIR request failed", "method", q.method, "path", q.request.URL.Path, "error", errors.Join(errs...))
	}
	if q.refusals500(fields) {
		status = asUpstream(status, &outcome)
	}
	body, err := Encode(outcome)
	if err != nil {
		q.s.conf.Log.ErrorContext(q.context(), "FHIR outcome cannot be written", "error", err)
		status = http.StatusInternalServerError
	}
	r := newReply(status, body)
	r.outcome, r.cause = true, errors.Join(errs...)
	if status == http.StatusUnauthorized {
		r.header.Set("WWW-Authenticate", challenge)
	}
	return r
}

// refusals500 says whether a refused write is answered as the Python backend did.
func (q *call) refusals500(fields about) bool {
	if fields == aboutParams || q.method == http.MethodGet || q.method == http.MethodHead || len(q.path) == 0 {
		return false
	}
	res := q.registry().byType[q.path[0]]
	return q.mount.Refusals500 || res != nil && res.Refusals500
}

// challenge is what HTTP clients wait for before they send their password.
const challenge = `Basic realm="openIMIS", charset="UTF-8"`

// reading runs fn with a Query: the transaction that the call is part of, or the database.
func (q *call) reading(fn func(db.Query) error) error {
	switch {
	case q.tx != nil:
		return fn(q.tx)
	case q.s.conf.DB == nil:
		return fn(nil)
	}
	return q.s.conf.DB.Read(q.context(), fn)
}

// writing runs fn in a transaction: that of the Bundle, or one of its own.
func (q *call) writing(fn func(*db.Tx) error) error {
	if q.tx != nil || q.s.conf.DB == nil {
		return fn(q.tx)
	}
	return q.s.conf.DB.Write(q.context(), "FHIR "+q.method+" "+q.path[0], fn)
}

// query gives tx as a Query, nil where there is none.
func query(tx *db.Tx) db.Query {
	if tx == nil {
		return nil
	}
	return tx
}

// otherSites finds what a browser sends in the name of its user for a page of another site. It does so
// unasked when the body has no type.
var otherSites = http.NewCrossOriginProtection()

// body reads a body of one of the content types; none given counts as the first. It gives the type.
func (q *call) body(types ...string) ([]byte, string, error) {
	if q.inBundle {
		return q.given, types[0], nil
	}
	got := types[0]
	header := q.request.Header.Get("Content-Type")
	if header != "" {
		t, params, err := mime.ParseMediaType(header)
		if err != nil || !slices.Contains(types, t) {
			return nil, "", &refusal{status: http.StatusUnsupportedMediaType, issue: issueUnsupported, param: "Content-Type",
				text: fmt.Sprintf(textMediaType, clip([]byte(header))), diagnostics: fmt.Sprintf("Content-Type %q is not supported here%s.", clip([]byte(header)), allowed(types))}
		}
		if v := params["fhirversion"]; v != "" {
			if release, ok := releaseOf(v); !ok || release != q.release {
				return nil, "", &refusal{status: http.StatusUnsupportedMediaType, issue: issueUnsupported, param: "Content-Type",
					text: fmt.Sprintf("Content-Type says fhirVersion %s, but the request is answered in %s; ask for it with the same fhirVersion in Accept.", clip([]byte(v)), q.release)}
			}
		}
		got = t
	}
	if header == "" && otherSites.Check(q.request) != nil {
		return nil, "", &refusal{status: http.StatusForbidden, issue: issueForbidden, param: "Content-Type",
			text: "A page of another site cannot send a body without a Content-Type."}
	}
	body, err := io.ReadAll(http.MaxBytesReader(nil, q.request.Body, q.s.conf.MaxBody))
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		return nil, "", &refusal{status: http.StatusRequestEntityTooLarge, issue: issueTooLong,
			text: fmt.Sprintf("The body is larger than %d bytes.", q.s.conf.MaxBody)}
	case err != nil:
		return nil, "", fault.Wrap(err, fault.Invalid, "The body could not be read.")
	}
	if damage := jsontext.Check(body); damage != "" {
		return nil, "", fault.New(fault.Invalid, "The body has a text that is damaged: %s.", damage)
	}
	return body, got, nil
}

// private keeps answers about people out of caches; others may be kept by a browser, which has to ask.
func (r reply) private(res *Resource) {
	if res.Personal {
		r.header.Set("Cache-Control", "no-store")
	} else {
		r.header.Set("Cache-Control", "private, no-cache")
	}
}

func (r *reply) versioned(e Entry) {
	r.id, r.changed = e.ID, e.VersionTime
	if !e.VersionTime.IsZero() {
		r.header.Set("ETag", `W/"`+e.Version()+`"`)
		r.header.Set("Last-Modified", e.VersionTime.UTC().Format(http.TimeFormat))
	}
}
