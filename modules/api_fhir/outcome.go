package apifhir

import (
	"errors"
	"net/http"
	"strings"

	"github.com/openimis/openimis-be-go/internal/fault"
)

// The texts that clients match on (docs/fhir.md).
const (
	textUnauthenticated = "Authentication credentials were not provided."
	textForbidden       = "You do not have permission to perform this action."
	textInvalidPage     = "Invalid page."
	textNotAcceptable   = "Could not satisfy the request Accept header."
	textMediaType       = "Unsupported media type %q in request."
)

// answers says how each fault code is answered. 401, 403 and 405 carry severity and code as upstream writes them.
var answers = map[string]struct {
	status   int
	severity string
	issue    string
}{
	fault.Invalid:         {http.StatusBadRequest, "error", issueInvalid},
	fault.Unauthenticated: {http.StatusUnauthorized, "fatal", issueException},
	fault.Forbidden:       {http.StatusForbidden, "fatal", issueException},
	fault.NotFound:        {http.StatusNotFound, "error", issueNotFound},
	fault.Conflict:        {http.StatusConflict, "error", issueConflict},
	fault.Unavailable:     {http.StatusServiceUnavailable, "error", issueTransient},
	fault.Internal:        {http.StatusInternalServerError, "error", issueException},
}

// refusal is an error of the protocol itself, with its own status and issue type.
type refusal struct {
	status      int
	issue       string
	text        string
	diagnostics string
	param       string // HTTP parameter or header that is wrong
}

func (r *refusal) Error() string { return r.text }

// Worded is an error that clients know by a text of upstream's: details.text. What Err says, in more words, goes into
// diagnostics beside it.
type Worded struct {
	Text string
	Err  error
}

func (w *Worded) Error() string { return w.Err.Error() }

// Unwrap gives the error itself.
func (w *Worded) Unwrap() error { return w.Err }

// about says what the fields of faults are.
type about uint8

const (
	aboutBody   about = iota // FHIRPaths into the body
	aboutParams              // names of search parameters
)

// outcomeOf turns errors into a status and an OperationOutcome. The first error decides on the status.
func outcomeOf(fields about, errs ...error) (int, OperationOutcome) {
	status := 0
	var out OperationOutcome
	for _, err := range errs {
		s, issue := issueOf(fields, err)
		if status == 0 {
			status = s
		}
		out.Issue = append(out.Issue, issue)
	}
	return status, out
}

func issueOf(fields about, err error) (int, Issue) {
	var r *refusal
	if errors.As(err, &r) {
		issue := newIssue("error", r.issue, r.text)
		if r.status == http.StatusUnauthorized || r.status == http.StatusForbidden || r.status == http.StatusMethodNotAllowed || r.status == http.StatusNotAcceptable || r.status == http.StatusUnsupportedMediaType {
			issue.Severity = "fatal"
		}
		if r.diagnostics != "" {
			issue.Diagnostics = r.diagnostics
		}
		if r.param != "" {
			issue.Location = []string{"http." + r.param}
		}
		return r.status, issue
	}
	a, ok := answers[fault.Code(err)]
	if !ok {
		a = answers[fault.Internal]
	}
	issue := newIssue(a.severity, a.issue, fault.Message(err))
	if w := (*Worded)(nil); errors.As(err, &w) && w.Text != "" {
		issue.Details.Text = w.Text
	}
	if field := fault.Field(err); field != "" && a.status < http.StatusInternalServerError {
		if fields == aboutParams {
			issue.Location = []string{"http." + field}
		} else {
			issue.Expression = []string{field}
		}
	}
	return a.status, issue
}

// asUpstream is how the Python backend answers refused writes: status 500, whatever was wrong
// (docs/fhir.md). Its clients take everything below 500 for success, or match on it.
func asUpstream(status int, out *OperationOutcome) int {
	if status != http.StatusBadRequest && status != http.StatusConflict && status != http.StatusUnprocessableEntity {
		return status
	}
	for i := range out.Issue {
		out.Issue[i].Code = issueException
	}
	return http.StatusInternalServerError
}

// warningsOf is the outcome that goes with a page when parameters were ignored.
func warningsOf(texts []string) OperationOutcome {
	var out OperationOutcome
	for _, t := range texts {
		out.Issue = append(out.Issue, newIssue("warning", issueUnsupported, t))
	}
	return out
}

// newIssue has the text twice: some clients match details.text, others show diagnostics.
func newIssue(severity, code, message string) Issue {
	if strings.TrimSpace(message) == "" {
		message = http.StatusText(http.StatusInternalServerError)
	}
	return Issue{Severity: severity, Code: code, Details: &issueText{message}, Diagnostics: message}
}
