package main

import (
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/openimis/openimis-be-go/internal/clock"
	"github.com/openimis/openimis-be-go/internal/gateway"
	"github.com/openimis/openimis-be-go/internal/progress"
	"github.com/openimis/openimis-be-go/internal/seed"
	"github.com/openimis/openimis-be-go/internal/testing/dbtest"
	"github.com/openimis/openimis-be-go/internal/testing/servertest"
	"github.com/openimis/openimis-be-go/internal/tracing"
)

// tracedSpan is what the test reads of a span.
type tracedSpan struct {
	TraceID, SpanID, ParentSpanID, Name string
	Kind                                int
	Start                               string `json:"startTimeUnixNano"`
	End                                 string `json:"endTimeUnixNano"`
	Attributes                          []struct {
		Key   string
		Value map[string]any
	}
	Status struct{ Code int }
}

func (s tracedSpan) attribute(key string) any {
	for _, a := range s.Attributes {
		if a.Key == key {
			for _, v := range a.Value {
				return v
			}
		}
	}
	return nil
}

// collector takes OTLP over HTTP in JSON. It is busy at first.
type collector struct {
	*httptest.Server
	mu    sync.Mutex
	tries int
	spans []tracedSpan
	about []string
	whole []byte
}

func newCollector(t *testing.T) *collector {
	c := &collector{}
	c.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		c.mu.Lock()
		defer c.mu.Unlock()
		if c.tries++; c.tries == 1 {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		var m struct {
			ResourceSpans []struct {
				Resource struct {
					Attributes []struct {
						Key   string
						Value struct{ StringValue string }
					}
				}
				ScopeSpans []struct{ Spans []tracedSpan }
			}
		}
		if err := json.Unmarshal(body, &m); err != nil || r.URL.Path != "/v1/traces" || r.Header.Get("Content-Type") != "application/json" || r.Header.Get("X-Key") != "a b" {
			t.Errorf("%s %v %v: %.300s", r.URL, r.Header, err, body)
		}
		c.whole = append(c.whole, body...)
		for _, rs := range m.ResourceSpans {
			for _, a := range rs.Resource.Attributes {
				c.about = append(c.about, a.Key+"="+a.Value.StringValue)
			}
			for _, s := range rs.ScopeSpans {
				c.spans = append(c.spans, s.Spans...)
			}
		}
	}))
	t.Cleanup(c.Close)
	return c
}

// A request by way of the gateway is one trace: the caller's, the gateway's, the server's, the operation's, its
// statements'. Queued mutations have spans of their own.
func TestTracesReachTheCollector(t *testing.T) {
	c := newCollector(t)
	t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", c.URL)
	t.Setenv("OTEL_EXPORTER_OTLP_HEADERS", "X-Key=a%20b")
	t.Setenv("OTEL_RESOURCE_ATTRIBUTES", "deployment.environment.name=test")
	end, err := tracing.Begin("openimis-test", "1.2.3", slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	defer end()
	d := dbtest.SQLite(t)
	if err := seed.Seed(t.Context(), d, seed.Demo, time.Now().UTC(), progress.None); err != nil {
		t.Fatal(err)
	}
	backend := servertest.Serve(t, servertest.New(t, d, compiled, nil))
	conf, err := gateway.FromEnvironment(map[string]string{"BACKEND_URLS": backend, "IBACKEND_URLS": backend, "SESSION_SECRET": strings.Repeat("k", 40), "DATA_DIR": t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	g, err := gateway.New(conf, clock.System, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	entry := httptest.NewServer(g.Handler())
	t.Cleanup(entry.Close)
	const trace, caller = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
	send := func(method, path, body string) {
		r, err := http.NewRequestWithContext(t.Context(), method, entry.URL+path, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("traceparent", "00-"+trace+"-"+caller+"-01")
		r.Header.Set("Content-Type", "application/json")
		r.SetBasicAuth("Admin", "admin123")
		answer, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer answer.Body.Close()
		if text, _ := io.ReadAll(answer.Body); answer.StatusCode != http.StatusOK || strings.Contains(string(text), `"errors"`) {
			t.Fatalf("%d %s", answer.StatusCode, text)
		}
	}
	send("POST", "/api/graphql", `{"query":"{ claims(code: \"hush-hush\") { edges { node { code } } } }"}`)
	send("GET", "/api/api_fhir_r4/Location?_count=1", "")
	send("POST", "/api/graphql", `{"query":"mutation { submitClaims(input: {ids: [], clientMutationId: \"m\"}) { internalId } }"}`)
	end()

	one := func(name string, is func(s tracedSpan) bool) tracedSpan {
		t.Helper()
		i := slices.IndexFunc(c.spans, func(s tracedSpan) bool { return s.Name == name && is(s) })
		if i < 0 {
			var names []string
			for _, s := range c.spans {
				names = append(names, s.Name)
			}
			t.Fatalf("no such span %q among %q", name, names)
		}
		return c.spans[i]
	}
	below := func(parent tracedSpan) func(tracedSpan) bool {
		return func(s tracedSpan) bool { return s.ParentSpanID == parent.SpanID && s.TraceID == trace }
	}
	op := one("query claims", func(s tracedSpan) bool { return s.TraceID == trace && s.attribute("graphql.operation.type") == "query" })
	server := one("POST /api/graphql", func(s tracedSpan) bool {
		return s.SpanID == op.ParentSpanID && s.Kind == 2 && s.attribute("http.response.status_code") == "200"
	})
	in := one("POST api", func(s tracedSpan) bool {
		return s.SpanID == server.ParentSpanID && s.ParentSpanID == caller && s.TraceID == trace && s.Kind == 2
	})
	sql := one("select", func(s tracedSpan) bool {
		text, _ := s.attribute("db.query.text").(string)
		return below(server)(s) && s.Kind == 3 && strings.Contains(text, `"tblClaim"`)
	})
	if sql.Start < in.Start || sql.End > in.End || len(sql.Start) != 19 {
		t.Errorf("the statement %s to %s is not within the request %s to %s", sql.Start, sql.End, in.Start, in.End)
	}
	one("FHIR search Location", func(s tracedSpan) bool { return s.TraceID == trace })
	one("mutation submitClaims", func(s tracedSpan) bool { id, _ := s.attribute("mutation.id").(string); return len(id) == 36 })
	for _, want := range []string{"service.name=openimis-test", "service.version=1.2.3", "deployment.environment.name=test"} {
		if !slices.Contains(c.about, want) {
			t.Errorf("%s is not among %q", want, c.about)
		}
	}
	for _, secret := range []string{"hush", "admin123", "QWRtaW4"} {
		if strings.Contains(string(c.whole), secret) {
			t.Errorf("%q is told", secret)
		}
	}
}

// Without a collector there are no spans, and no variable that is wrong goes unnoticed.
func TestTracingIsOffUnlessAskedFor(t *testing.T) {
	log := slog.New(slog.DiscardHandler)
	for _, c := range []struct {
		vars map[string]string
		on   bool
		says string
	}{
		{nil, false, ""},
		{map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:1"}, true, ""},
		{map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:1", "OTEL_SDK_DISABLED": "true"}, false, ""},
		{map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:1", "OTEL_TRACES_EXPORTER": "none"}, false, ""},
		{map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": "127.0.0.1:4318"}, false, "OTEL_EXPORTER_OTLP_ENDPOINT"},
		{map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": "http://h:4317", "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"}, false, "http/json"},
		{map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": "http://h", "OTEL_EXPORTER_OTLP_HEADERS": "hush-hush"}, false, "OTEL_EXPORTER_OTLP_HEADERS"},
		{map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": "http://h", "OTEL_EXPORTER_OTLP_TIMEOUT": "soon"}, false, "OTEL_EXPORTER_OTLP_TIMEOUT"},
		{map[string]string{"OTEL_TRACES_EXPORTER": "zipkin"}, false, "OTEL_TRACES_EXPORTER"},
	} {
		t.Run("", func(t *testing.T) {
			for name, value := range c.vars {
				t.Setenv(name, value)
			}
			end, err := tracing.Begin("test", "", log)
			if on := tracing.On(); on != c.on || (err == nil) != (c.says == "") || err != nil && (!strings.Contains(err.Error(), c.says) || strings.Contains(err.Error(), "hush")) {
				t.Errorf("%v: on %v, %v", c.vars, on, err)
			}
			end()
		})
	}
}
