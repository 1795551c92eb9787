package telemetry

import (
	"net/http"
	"strconv"
	"time"

	"github.com/openimis/openimis-be-go/internal/metric"
)

// Metrics are the server's figures for Prometheus. A nil Metrics counts nothing.
type Metrics struct {
	registry metric.Registry
	known    map[string]bool

	requests   metric.Histogram
	operations metric.Histogram
	fhir       metric.Histogram
	statements metric.Counter
	perRequest metric.Histogram
	mutations  metric.Counter
	audit      metric.Counter
	logins     metric.Counter
	sql        metric.Histogram
}

// other stands for what is not known, so that no client can make series without end.
const other = "other"

// NewMetrics makes the metrics. known lists the values that labels may have beyond the fixed ones: the
// root fields of the GraphQL schema and the FHIR resource types.
func NewMetrics(known ...string) *Metrics {
	m := &Metrics{known: map[string]bool{}}
	r := &m.registry
	seconds := []float64{.001, .0025, .005, .01, .02, .05, .1, .25, .5, 1, 2.5, 5, 10, 30}
	m.requests = r.Histogram("openimis_http_request_duration_seconds", "HTTP requests by route.", seconds, "method", "route", "status")
	m.operations = r.Histogram("openimis_graphql_duration_seconds", "GraphQL root fields.", seconds, "field", "kind", "outcome")
	m.fhir = r.Histogram("openimis_fhir_duration_seconds", "FHIR interactions.", seconds, "interaction", "resource", "status", "version")
	m.statements = r.Counter("openimis_database_statements_total", "SQL statements of HTTP requests.")
	m.perRequest = r.Histogram("openimis_database_statements_per_request", "SQL statements of one HTTP request.", []float64{0, 1, 2, 3, 5, 8, 13, 21, 34, 55})
	m.mutations = r.Counter("openimis_mutations_total", "Mutations by what became of them.", "status")
	m.audit = r.Counter("openimis_audit_lines_total", "Lines of the audit log: written, or lost because the log could not be written.", "result")
	m.logins = r.Counter("openimis_logins_total", "Logins with a password: accepted, refused, throttled after failures, or failed because the server could not check them.", "result")
	m.sql = r.Histogram("openimis_database_statement_duration_seconds", "SQL statements of the whole process by their verb.", seconds, "verb")
	m.Audit(0, 0) // a loss shows from zero
	for _, result := range []string{"accepted", "refused", "throttled", "failed"} {
		m.logins.Add(0, result)
	}
	for _, k := range known {
		m.known[k] = true
	}
	return m
}

// Know adds label values, before requests are served.
func (m *Metrics) Know(values ...string) {
	for _, v := range values {
		m.known[v] = true
	}
}

// Handler answers /metrics.
func (m *Metrics) Handler() http.Handler {
	return &m.registry
}

func (m *Metrics) label(value string) string {
	if m.known[value] {
		return value
	}
	return other
}

var methods = map[string]bool{http.MethodGet: true, http.MethodHead: true, http.MethodPost: true, http.MethodPut: true,
	http.MethodPatch: true, http.MethodDelete: true, http.MethodOptions: true}

// request counts a finished HTTP request. route is echo's pattern, empty when none matched.
func (m *Metrics) request(route, method string, status int, took time.Duration, statements int) {
	if m == nil {
		return
	}
	if route == "" || status == http.StatusNotFound && route == "/*" {
		route = other
	}
	if !methods[method] {
		method = other
	}
	m.requests.Observe(took.Seconds(), method, route, strconv.Itoa(status))
	m.perRequest.Observe(float64(statements))
	m.statements.Add(statements)
}

// Operation counts one root field of a GraphQL operation; kind is query or mutation.
func (m *Metrics) Operation(kind, field string, took time.Duration, err error) {
	if m == nil {
		return
	}
	if kind != "query" && kind != "mutation" {
		kind = other
	}
	outcome := "success"
	if err != nil {
		outcome = "error"
	}
	m.operations.Observe(took.Seconds(), m.label(field), kind, outcome)
}

// FHIR counts an interaction (read, search, create, …, as the handler names it) of a FHIR version
// (stu3, r4) that ended with an HTTP status.
func (m *Metrics) FHIR(version, resource, interaction string, status int, took time.Duration) {
	if m != nil {
		m.fhir.Observe(took.Seconds(), interaction, m.label(resource), strconv.Itoa(status), version)
	}
}

// MutationStatus is what became of a mutation.
type MutationStatus string

// How a mutation ends, as core_Mutation_Log has it, and an expired lease taken over.
const (
	MutationError     MutationStatus = "error"
	MutationSuccess   MutationStatus = "success"
	MutationTakenOver MutationStatus = "taken_over"
)

// Mutation counts a mutation that reached a status.
func (m *Metrics) Mutation(status MutationStatus) {
	if m != nil {
		m.mutations.Add(1, string(status))
	}
}

// Audit counts lines of the audit log.
func (m *Metrics) Audit(written, lost int) {
	if m != nil {
		m.audit.Add(written, "written")
		m.audit.Add(lost, "lost")
	}
}
