package apifhir

import (
	"errors"
	"net/http"
	"strings"

	"github.com/samply/golang-fhir-models/fhir-models/fhir"

	"github.com/openimis/openimis-be-go/internal/fault"
)

// The texts that clients match on (reference/fhir.md, section 2.2).
const (
	textUnauthenticated = "Authentication credentials were not provided."
	textForbidden       = "You do not have permission to perform this action."
	textInvalidPage     = "Invalid page."
)

// answers says how each fault code is answered. 401, 403 and 405 carry severity and code as upstream writes them.
var answers = map[string]struct {
	status   int
	severity fhir.IssueSeverity
	issue    fhir.IssueType
}{
	fault.Invalid:         {http.StatusBadRequest, fhir.IssueSeverityError, fhir.IssueTypeInvalid},
	fault.Unauthenticated: {http.StatusUnauthorized, fhir.IssueSeverityFatal, fhir.IssueTypeException},
	fault.Forbidden:       {http.StatusForbidden, fhir.IssueSeverityFatal, fhir.IssueTypeException},
	fault.NotFound:        {http.StatusNotFound, fhir.IssueSeverityError, fhir.IssueTypeNotFound},
	fault.Conflict:        {http.StatusConflict, fhir.IssueSeverityError, fhir.IssueTypeConflict},
	fault.Unavailable:     {http.StatusServiceUnavailable, fhir.IssueSeverityError, fhir.IssueTypeTransient},
	fault.Internal:        {http.StatusInternalServerError, fhir.IssueSeverityError, fhir.IssueTypeException},
}

// refusal is an error of the protocol itself, with its own status and issue type.
type refusal struct {
	status      int
	issue       fhir.IssueType
	text        string
	diagnostics string
	param       string // HTTP parameter or header that is wrong
}

func (r *refusal) Error() string { return r.text }

// outcomeOf turns errors into a status and an OperationOutcome. params says that fault fields are names of
// search parameters; otherwise they are FHIRPaths into the body. The first error decides on the status.
func outcomeOf(params bool, errs ...error) (int, fhir.OperationOutcome) {
	status := 0
	var out fhir.OperationOutcome
	for _, err := range errs {
		s, issue := issueOf(params, err)
		if status == 0 {
			status = s
		}
		out.Issue = append(out.Issue, issue)
	}
	return status, out
}

func issueOf(params bool, err error) (int, fhir.OperationOutcomeIssue) {
	var r *refusal
	if errors.As(err, &r) {
		issue := newIssue(fhir.IssueSeverityError, r.issue, r.text)
		if r.status == http.StatusUnauthorized || r.status == http.StatusForbidden || r.status == http.StatusMethodNotAllowed {
			issue.Severity = fhir.IssueSeverityFatal
		}
		issue.Diagnostics = text(r.diagnostics)
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
	if field := fault.Field(err); field != "" && a.status < http.StatusInternalServerError {
		if params {
			issue.Location = []string{"http." + field}
		} else {
			issue.Expression = []string{field}
		}
	}
	return a.status, issue
}

// warningsOf is the outcome that goes with a page when parameters were ignored.
func warningsOf(texts []string) fhir.OperationOutcome {
	var out fhir.OperationOutcome
	for _, t := range texts {
		out.Issue = append(out.Issue, newIssue(fhir.IssueSeverityWarning, fhir.IssueTypeNotSupported, t))
	}
	return out
}

func newIssue(severity fhir.IssueSeverity, code fhir.IssueType, message string) fhir.OperationOutcomeIssue {
	if strings.TrimSpace(message) == "" {
		message = http.StatusText(http.StatusInternalServerError)
	}
	return fhir.OperationOutcomeIssue{Severity: severity, Code: code, Details: &fhir.CodeableConcept{Text: &message}}
}
