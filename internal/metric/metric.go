// Package metric counts and measures for Prometheus: families of counters, gauges and histograms, each with a help
// text and labels. It is a thin layer over github.com/VictoriaMetrics/metrics, which needs no protocol buffers and so
// makes the programs two megabytes smaller than Prometheus' own client.
package metric

import (
	"bytes"
	"database/sql"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"

	"github.com/VictoriaMetrics/metrics"
)

// Registry is what one process shows at /metrics. Its zero value is ready.
type Registry struct {
	mu       sync.Mutex
	families []*family
	writers  []func(w io.Writer)
	pools    []pool
}

// family is the series of one name.
type family struct {
	name, help, kind string
	labels           []string
	set              *metrics.Set
	series           sync.Map // label values joined by a zero byte → the metric
}

func (r *Registry) family(name, help, kind string, labels []string) *family {
	f := &family{name: name, help: help, kind: kind, labels: labels, set: metrics.NewSet()}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.families = append(r.families, f)
	return f
}

// of gives the series with these label values, made by create from its name when it is asked for first.
func of[M any](f *family, values []string, create func(name string) M) M {
	if len(values) != len(f.labels) {
		panic(fmt.Sprintf("metric %s has %d labels, not %d", f.name, len(f.labels), len(values)))
	}
	var key string
	if len(values) == 1 {
		key = values[0]
	} else {
		key = strings.Join(values, "\x00")
	}
	if m, ok := f.series.Load(key); ok {
		return m.(M)
	}
	m, _ := f.series.LoadOrStore(key, create(f.name+labelled(f.labels, values)))
	return m.(M)
}

var escaped = strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`)

func labelled(labels, values []string) string {
	if len(labels) == 0 {
		return ""
	}
	var b strings.Builder
	for i, l := range labels {
		b.WriteByte("{,"[min(i, 1)])
		b.WriteString(l)
		b.WriteString(`="`)
		b.WriteString(escaped.Replace(values[i]))
		b.WriteByte('"')
	}
	b.WriteByte('}')
	return b.String()
}

// Counter only grows.
type Counter struct{ f *family }

// Counter adds a family of counters. Labels are best named in alphabetical order, as Prometheus shows them.
func (r *Registry) Counter(name, help string, labels ...string) Counter {
	return Counter{r.family(name, help, "counter", labels)}
}

// Add adds to the series with these label values, which exists from then on, also where n is zero.
func (c Counter) Add(n int, values ...string) { of(c.f, values, c.f.set.GetOrCreateCounter).Add(n) }

// Gauge is a figure that goes up and down.
type Gauge struct{ f *family }

// Gauge adds a family of gauges.
func (r *Registry) Gauge(name, help string, labels ...string) Gauge {
	return Gauge{r.family(name, help, "gauge", labels)}
}

// Set sets the series with these label values.
func (g Gauge) Set(v float64, values ...string) {
	of(g.f, values, func(name string) *metrics.Gauge { return g.f.set.GetOrCreateGauge(name, nil) }).Set(v)
}

// Histogram counts observations in buckets.
type Histogram struct {
	f      *family
	bounds []float64
}

// Histogram adds a family of histograms. bounds are the upper ones of the buckets, rising.
func (r *Registry) Histogram(name, help string, bounds []float64, labels ...string) Histogram {
	return Histogram{r.family(name, help, "histogram", labels), bounds}
}

// Observe counts v in the series with these label values.
func (h Histogram) Observe(v float64, values ...string) {
	of(h.f, values, func(name string) *metrics.PrometheusHistogram {
		return h.f.set.GetOrCreatePrometheusHistogramExt(name, h.bounds)
	}).Update(v)
}

// Collect has write add lines of its own whenever somebody looks; it uses [Line].
func (r *Registry) Collect(write func(w io.Writer)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.writers = append(r.writers, write)
}

// Line writes one figure without labels, or with those of name, with its help text. kind is gauge or counter.
func Line(w io.Writer, name, labels, kind, help string, v float64) {
	fmt.Fprintf(w, "# HELP %s %s\n# TYPE %s %s\n%s%s %g\n", name, help, name, kind, name, labels, v)
}

// pool is a pool that Pool was given.
type pool struct {
	labels string
	of     *sql.DB
}

// Pool shows the connections of a pool under its name, with the names that Prometheus' own client gives them.
func (r *Registry) Pool(name string, of *sql.DB) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.pools == nil {
		r.writers = append(r.writers, r.writePools)
	}
	r.pools = append(r.pools, pool{labelled([]string{"db_name"}, []string{name}), of})
}

// poolFigures are those of each pool.
var poolFigures = []struct {
	name, kind, help string
	of               func(s sql.DBStats) float64
}{
	{"max_open_connections", "gauge", "The most connections that may be open.", func(s sql.DBStats) float64 { return float64(s.MaxOpenConnections) }},
	{"open_connections", "gauge", "Connections that are open.", func(s sql.DBStats) float64 { return float64(s.OpenConnections) }},
	{"in_use_connections", "gauge", "Connections in use.", func(s sql.DBStats) float64 { return float64(s.InUse) }},
	{"idle_connections", "gauge", "Idle connections.", func(s sql.DBStats) float64 { return float64(s.Idle) }},
	{"wait_count_total", "counter", "Waits for a connection.", func(s sql.DBStats) float64 { return float64(s.WaitCount) }},
	{"wait_duration_seconds_total", "counter", "Time spent waiting for a connection.", func(s sql.DBStats) float64 { return s.WaitDuration.Seconds() }},
	{"max_idle_closed_total", "counter", "Connections closed because too many were idle.", func(s sql.DBStats) float64 { return float64(s.MaxIdleClosed) }},
	{"max_idle_time_closed_total", "counter", "Connections closed because they were idle too long.", func(s sql.DBStats) float64 { return float64(s.MaxIdleTimeClosed) }},
	{"max_lifetime_closed_total", "counter", "Connections closed because they were old.", func(s sql.DBStats) float64 { return float64(s.MaxLifetimeClosed) }},
}

// writePools writes each figure with all pools below its one head.
func (r *Registry) writePools(w io.Writer) {
	r.mu.Lock()
	pools := r.pools
	r.mu.Unlock()
	for _, f := range poolFigures {
		fmt.Fprintf(w, "# HELP go_sql_%[1]s %[2]s\n# TYPE go_sql_%[1]s %[3]s\n", f.name, f.help, f.kind)
		for _, p := range pools {
			fmt.Fprintf(w, "go_sql_%s%s %g\n", f.name, p.labels, f.of(p.of.Stats()))
		}
	}
}

// ServeHTTP answers with all figures in Prometheus' text format, those of the process (go_*, process_*) among them.
func (r *Registry) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	var b bytes.Buffer
	r.mu.Lock()
	families, writers := r.families, r.writers
	r.mu.Unlock()
	for _, f := range families {
		if len(f.set.ListMetricNames()) == 0 {
			continue
		}
		fmt.Fprintf(&b, "# HELP %s %s\n# TYPE %s %s\n", f.name, f.help, f.name, f.kind)
		f.set.WritePrometheus(&b)
	}
	for _, write := range writers {
		write(&b)
	}
	metrics.WriteProcessMetrics(&b)
	w.Header().Set("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
	_, _ = w.Write(b.Bytes())
}
