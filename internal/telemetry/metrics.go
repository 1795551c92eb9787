package telemetry

import (
	"net/http"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// Metrics are the server's figures for Prometheus. A nil Metrics counts nothing.
type Metrics struct {
	registry *prometheus.Registry
	known    map[string]bool

	requests   *prometheus.HistogramVec
	operations *prometheus.HistogramVec
	fhir       *prometheus.HistogramVec
	statements prometheus.Counter
	perRequest prometheus.Histogram
	mutations  *prometheus.CounterVec
	audit      *prometheus.CounterVec
	logins     *prometheus.CounterVec
	sql        *prometheus.HistogramVec
}

// other stands for what is not known, so that no client can make series without end.
const other = "other"

// NewMetrics makes the metrics. known lists the values that labels may have beyond the fixed ones: the
// root fields of the GraphQL schema and the FHIR resource types.
func NewMetrics(known ...string) *Metrics {
	seconds := []float64{.001, .0025, .005, .01, .02, .05, .1, .25, .5, 1, 2.5, 5, 10, 30}
	histogram := func(name, help string, labels ...string) *prometheus.HistogramVec {
		return prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: name, Help: help, Buckets: seconds}, labels)
	}
	m := &Metrics{
		registry:   prometheus.NewRegistry(),
		known:      map[string]bool{},
		requests:   histogram("openimis_http_request_duration_seconds", "HTTP requests by route.", "route", "method", "status"),
		operations: histogram("openimis_graphql_duration_seconds", "GraphQL root fields.", "kind", "field", "outcome"),
		fhir:       histogram("openimis_fhir_duration_seconds", "FHIR interactions.", "version", "resource", "interaction", "status"),
		statements: prometheus.NewCounter(prometheus.CounterOpts{Name: "openimis_database_statements_total", Help: "SQL statements of HTTP requests."}),
		perRequest: prometheus.NewHistogram(prometheus.HistogramOpts{Name: "openimis_database_statements_per_request",
			Help: "SQL statements of one HTTP request.", Buckets: []float64{0, 1, 2, 3, 5, 8, 13, 21, 34, 55}}),
		mutations: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "openimis_mutations_total", Help: "Mutations by what became of them."}, []string{"status"}),
	}
	m.audit = prometheus.NewCounterVec(prometheus.CounterOpts{Name: "openimis_audit_lines_total", Help: "Lines of the audit log: written, or lost because the log could not be written."}, []string{"result"})
	for _, result := range []string{"written", "lost"} { // a loss shows from zero
		m.audit.WithLabelValues(result)
	}
	m.logins = prometheus.NewCounterVec(prometheus.CounterOpts{Name: "openimis_logins_total", Help: "Logins with a password: accepted, refused, throttled after failures, or failed because the server could not check them."}, []string{"result"})
	for _, result := range []string{"accepted", "refused", "throttled", "failed"} {
		m.logins.WithLabelValues(result)
	}
	m.sql = histogram("openimis_database_statement_duration_seconds", "SQL statements of the whole process by their verb.", "verb")
	m.registry.MustRegister(m.logins, m.sql)
	for _, k := range known {
		m.known[k] = true
	}
	m.registry.MustRegister(m.requests, m.operations, m.fhir, m.statements, m.perRequest, m.mutations, m.audit,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
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
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{DisableCompression: true}) // the server compresses
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
	m.requests.WithLabelValues(route, method, strconv.Itoa(status)).Observe(took.Seconds())
	m.perRequest.Observe(float64(statements))
	m.statements.Add(float64(statements))
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
	m.operations.WithLabelValues(kind, m.label(field), outcome).Observe(took.Seconds())
}

// FHIR counts an interaction (read, search, create, …, as the handler names it) of a FHIR version
// (stu3, r4) that ended with an HTTP status.
func (m *Metrics) FHIR(version, resource, interaction string, status int, took time.Duration) {
	if m != nil {
		m.fhir.WithLabelValues(version, m.label(resource), interaction, strconv.Itoa(status)).Observe(took.Seconds())
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
		m.mutations.WithLabelValues(string(status)).Inc()
	}
}

// Audit counts lines of the audit log.
func (m *Metrics) Audit(written, lost int) {
	if m != nil {
		m.audit.WithLabelValues("written").Add(float64(written))
		m.audit.WithLabelValues("lost").Add(float64(lost))
	}
}
