package telemetry

import (
	"context"
	"database/sql"
	"io"
	"sync"
	"time"

	"github.com/openimis/openimis-be-go/internal/db"
	"github.com/openimis/openimis-be-go/internal/metric"
)

// Pool shows the connections of a pool (go_sql_*), under its name.
func (m *Metrics) Pool(name string, pool *sql.DB) {
	m.registry.Pool(name, pool)
}

// Login counts a login with a password by what came of it: accepted, refused, throttled or failed.
func (m *Metrics) Login(result string) {
	if m != nil {
		m.logins.Add(1, result)
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
	m.registry.Collect((&queueFigures{depth: depth}).write)
}

const (
	depthEvery   = 5 * time.Second
	depthTimeout = 2 * time.Second
)

type queueFigures struct {
	depth func(ctx context.Context) (Depth, error)
	mu    sync.Mutex
	at    time.Time
	last  Depth
	ok    bool
}

func (q *queueFigures) write(w io.Writer) {
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
	metric.Line(w, "openimis_queue_mutations", "", "gauge", "Mutations that wait or are executed, on the whole database.", float64(q.last.Queued))
	metric.Line(w, "openimis_queue_dead_mutations", "", "gauge", "Mutations that were given up and wait for the operator (server queue).", float64(q.last.Dead))
	metric.Line(w, "openimis_queue_oldest_seconds", "", "gauge", "Age of the oldest mutation in the queue.", q.last.Age.Seconds())
}

// Replica shows the server that reads go to, where there is one; state is asked whenever somebody looks.
func (m *Metrics) Replica(state func() (db.Replica, bool)) {
	m.registry.Collect(func(w io.Writer) {
		r, ok := state()
		if !ok {
			return
		}
		serves := 0.0
		if r.Serves {
			serves = 1
		}
		metric.Line(w, "openimis_replica_serves", "", "gauge", "1 where reads go to the replica; 0 while it cannot be reached or is too far behind (DATABASE_READ_LAG).", serves)
		metric.Line(w, "openimis_replica_lag_seconds", "", "gauge", "How far the replica was behind at the last look.", r.Lag.Seconds())
		metric.Line(w, "openimis_replica_reads_total", "", "counter", "Statements that were read from the replica.", float64(r.FromReplica))
		metric.Line(w, "openimis_primary_reads_total", "", "counter", "Statements that were read from the primary although there is a replica.", float64(r.FromPrimary))
		metric.Line(w, "openimis_replica_failed_reads_total", "", "counter", "Reads that failed at the replica and were begun again at the primary.", float64(r.TriedAgain))
	})
}
