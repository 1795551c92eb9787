package metric

import (
	"database/sql"
	"fmt"
	"io"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	_ "modernc.org/sqlite"
)

func shown(r *Registry) string {
	w := httptest.NewRecorder()
	r.ServeHTTP(w, nil)
	return w.Body.String()
}

func TestFamiliesAsPrometheusReadsThem(t *testing.T) {
	var r Registry
	logins := r.Counter("logins_total", "Logins by result.", "result")
	up := r.Gauge("up", "1 where a server is ready.", "route", "server")
	took := r.Histogram("took_seconds", "Times.", []float64{.5, 1}, "route")
	plain := r.Counter("plain_total", "Without labels.")
	r.Counter("never_total", "Nothing was counted.")
	r.Collect(func(w io.Writer) { Line(w, "queue", "", "gauge", "Waiting.", 3) })

	logins.Add(0, "lost")
	logins.Add(2, "a \"quoted\"\\\nname")
	up.Set(1, "api", "a:1")
	up.Set(0, "api", "a:1")
	took.Observe(.4, "/")
	took.Observe(1, "/") // a bound belongs to its bucket
	took.Observe(9, "/")
	plain.Add(5)

	got := shown(&r)
	for _, want := range []string{
		"# HELP logins_total Logins by result.\n# TYPE logins_total counter\n",
		"logins_total{result=\"lost\"} 0\n",
		`logins_total{result="a \"quoted\"\\\nname"} 2` + "\n",
		"# TYPE up gauge\nup{route=\"api\",server=\"a:1\"} 0\n",
		"# TYPE took_seconds histogram\ntook_seconds_bucket{route=\"/\",le=\"0.5\"} 1\ntook_seconds_bucket{route=\"/\",le=\"1\"} 2\ntook_seconds_bucket{route=\"/\",le=\"+Inf\"} 3\ntook_seconds_sum{route=\"/\"} 10.4\ntook_seconds_count{route=\"/\"} 3\n",
		"plain_total 5\n",
		"# HELP queue Waiting.\n# TYPE queue gauge\nqueue 3\n",
		"go_goroutines ",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("%q is not in:\n%s", want, got[:min(len(got), 1500)])
		}
	}
	if strings.Contains(got, "never_total") {
		t.Error("a family without series is shown")
	}
}

func TestSeriesAreMadeOnceByWhoeverComesFirst(t *testing.T) {
	var r Registry
	c := r.Counter("c_total", "C.", "k")
	var wait sync.WaitGroup
	for i := range 8 {
		wait.Go(func() {
			for range 1000 {
				c.Add(1, fmt.Sprint("v", i%2))
			}
		})
	}
	wait.Wait()
	if got := shown(&r); !strings.Contains(got, `c_total{k="v0"} 4000`) || !strings.Contains(got, `c_total{k="v1"} 4000`) {
		t.Error(got[:200])
	}
}

func TestAPool(t *testing.T) {
	d, err := sql.Open("sqlite", ":memory:")
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	d.SetMaxOpenConns(7)
	if err := d.Ping(); err != nil {
		t.Fatal(err)
	}
	var r Registry
	r.Pool("primary", d)
	r.Pool("replica", d)
	got := shown(&r)
	if strings.Count(got, "# TYPE go_sql_open_connections gauge") != 1 || !strings.Contains(got, `go_sql_open_connections{db_name="replica"} 1`) {
		t.Error("two pools are not below one head")
	}
	for _, want := range []string{`go_sql_max_open_connections{db_name="primary"} 7`, `go_sql_open_connections{db_name="primary"} 1`, "# TYPE go_sql_wait_count_total counter"} {
		if !strings.Contains(got, want) {
			t.Errorf("%q is missing", want)
		}
	}
}

func BenchmarkObserve(b *testing.B) {
	var r Registry
	h := r.Histogram("took_seconds", "Times.", []float64{.001, .01, .1, 1}, "method", "route", "status")
	b.ReportAllocs()
	for b.Loop() {
		h.Observe(.02, "GET", "/api/graphql", "200")
	}
}
