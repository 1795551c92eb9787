package telemetry

import (
	"context"
	"database/sql"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
)

// Pool shows the connections of a pool (go_sql_*), under its name.
func (m *Metrics) Pool(name string, pool *sql.DB) {
	m.registry.MustRegister(collectors.NewDBStatsCollector(pool, name))
}

// Login counts a login with a password by what came of it: accepted, refused, throttled or failed.
func (m *Metrics) Login(result string) {
	if m != nil {
		m.logins.WithLabelValues(result).Inc()
	}
}

// Depth is the queue of mutations.
type Depth struct {
	Queued, Dead int
	Age          time.Duration // of the oldest that is queued
}

// Queue shows the queue of the database. depth is asked at most every five seconds, however often somebody
// looks; while it fails nothing is shown.
func (m *Metrics) Queue(depth func(ctx context.Context) (Depth, error)) {
	m.registry.MustRegister(&queueCollector{depth: depth})
}

var (
	queuedDesc = prometheus.NewDesc("openimis_queue_mutations", "Mutations that wait or are executed, on the whole database.", nil, nil)
	deadDesc   = prometheus.NewDesc("openimis_queue_dead_mutations", "Mutations that were given up and wait for the operator (server queue).", nil, nil)
	ageDesc    = prometheus.NewDesc("openimis_queue_oldest_seconds", "Age of the oldest mutation in the queue.", nil, nil)
)

const (
	depthEvery   = 5 * time.Second
	depthTimeout = 2 * time.Second
)

type queueCollector struct {
	depth func(ctx context.Context) (Depth, error)
	mu    sync.Mutex
	at    time.Time
	last  Depth
	ok    bool
}

// Describe implements prometheus.Collector.
func (*queueCollector) Describe(to chan<- *prometheus.Desc) {
	to <- queuedDesc
	to <- deadDesc
	to <- ageDesc
}

// Collect implements prometheus.Collector.
func (q *queueCollector) Collect(to chan<- prometheus.Metric) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if time.Since(q.at) >= depthEvery {
		ctx, cancel := context.WithTimeout(context.Background(), depthTimeout)
		d, err := q.depth(ctx)
		cancel()
		q.at, q.last, q.ok = time.Now(), d, err == nil
	}
	if !q.ok {
		return
	}
	to <- prometheus.MustNewConstMetric(queuedDesc, prometheus.GaugeValue, float64(q.last.Queued))
	to <- prometheus.MustNewConstMetric(deadDesc, prometheus.GaugeValue, float64(q.last.Dead))
	to <- prometheus.MustNewConstMetric(ageDesc, prometheus.GaugeValue, q.last.Age.Seconds())
}
