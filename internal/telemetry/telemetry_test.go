package telemetry

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/openimis/openimis-be-go/internal/db"
	"github.com/openimis/openimis-be-go/internal/fault"
)

// server is an echo with the middleware, and its log.
type server struct {
	*echo.Echo
	log     bytes.Buffer
	metrics *Metrics
}

func newServer(t *testing.T) *server {
	t.Helper()
	s := &server{Echo: echo.New(), metrics: NewMetrics("claims", "Patient")}
	clock := time.Date(2019, 6, 30, 0, 0, 0, 0, time.UTC)
	s.Use(Requests(Options{
		Log: NewLogger(&s.log, slog.LevelInfo, "json"), Metrics: s.metrics,
		Trusted: func(a netip.Addr) bool { return a.IsLoopback() },
		Now:     func() time.Time { clock = clock.Add(12500 * time.Microsecond); return clock },
	}))
	return s
}

// call sends a request and gives the answer and the last line of the log.
func (s *server) call(t *testing.T, r *http.Request) (*httptest.ResponseRecorder, map[string]any) {
	t.Helper()
	s.log.Reset()
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	lines := strings.Split(strings.TrimSpace(s.log.String()), "\n")
	var line map[string]any
	if err := json.Unmarshal([]byte(lines[len(lines)-1]), &line); err != nil {
		t.Fatalf("log %q: %v", s.log.String(), err)
	}
	return w, line
}

func TestARequestIsOneLine(t *testing.T) {
	d, err := db.Open(context.Background(), "sqlite:"+filepath.Join(t.TempDir(), "t.db"), db.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	s := newServer(t)
	s.POST("/api/graphql", func(c echo.Context) error {
		ctx := c.Request().Context()
		Of(ctx).SetUser("Admin")
		Of(ctx).SetOperation("claimSearch")
		Of(ctx).SetError(fault.New(fault.Forbidden, "You may not."))
		var n int
		for range 3 {
			if err := d.Get(ctx, &n, "SELECT 1"); err != nil {
				return err
			}
		}
		return c.String(http.StatusOK, "four")
	})
	w, line := s.call(t, httptest.NewRequest(http.MethodPost, "/api/graphql?page=2&chfId=123456789", nil))
	want := map[string]any{
		"level": "INFO", "msg": "request", "method": "POST", "path": "/api/graphql", "query": "chfId,page", "status": 200.0,
		"ms": 12.5, "bytes": 4.0, "statements": 3.0, "user": "Admin", "operation": "claimSearch", "error_code": "forbidden",
		"request_id": w.Header().Get("X-Request-Id"),
	}
	for k, v := range want {
		if line[k] != v {
			t.Errorf("%s is %v, want %v", k, line[k], v)
		}
	}
	if strings.Count(s.log.String(), "\n") != 1 {
		t.Errorf("log: %s", &s.log)
	}
}

func TestErrorsHaveTheirFinalStatusAndCode(t *testing.T) {
	s := newServer(t)
	s.HTTPErrorHandler = func(err error, c echo.Context) {
		status := http.StatusInternalServerError
		if fault.Code(err) == fault.NotFound {
			status = http.StatusNotFound
		}
		_ = c.NoContent(status)
	}
	s.GET("/gone", func(echo.Context) error { return fault.New(fault.NotFound, "No such claim.") })
	s.GET("/broken", func(echo.Context) error { return errors.New("disk full") })
	s.GET("/panic", func(echo.Context) error { panic("oops") })
	for _, c := range []struct {
		path, level, code, text string
		status                  float64
	}{
		{"/gone", "INFO", "not_found", "", 404},
		{"/broken", "ERROR", "internal", "disk full", 500},
		{"/panic", "ERROR", "internal", "panic: oops", 500},
	} {
		_, line := s.call(t, httptest.NewRequest(http.MethodGet, c.path, nil))
		if line["status"] != c.status || line["level"] != c.level || line["error_code"] != c.code {
			t.Errorf("%s: %v", c.path, line)
		}
		if stack, _ := line["stack"].(string); strings.Contains(stack, "telemetry_test.go") != (c.path == "/panic") {
			t.Errorf("%s: stack %q", c.path, stack)
		}
		if text, _ := line["error"].(string); text != c.text {
			t.Errorf("%s: error %q, want %q", c.path, text, c.text)
		}
	}
}

func TestAnAbortedConnectionStaysAborted(t *testing.T) {
	s := newServer(t)
	s.GET("/", func(echo.Context) error { panic(http.ErrAbortHandler) })
	defer func() {
		if p := recover(); p != http.ErrAbortHandler {
			t.Errorf("the panic became %v", p)
		}
	}()
	s.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/", nil))
}

func TestTheRequestIDOfATrustedProxyIsKept(t *testing.T) {
	s := newServer(t)
	s.GET("/", func(c echo.Context) error { return c.String(http.StatusOK, Of(c.Request().Context()).ID()) })
	for _, c := range []struct {
		name, peer, id string
		kept           bool
	}{
		{"trusted", "127.0.0.1:4000", "abc-123.DEF", true},
		{"trusted over IPv6", "[::1]:4000", "abc-123.DEF", true},
		{"stranger", "10.0.0.1:4000", "abc-123.DEF", false},
		{"with a line break", "127.0.0.1:4000", "abc-123\nlevel=ERROR", false},
		{"too long", "127.0.0.1:4000", strings.Repeat("x", 65), false},
		{"none", "127.0.0.1:4000", "", false},
	} {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.RemoteAddr = c.peer
		r.Header.Set("X-Request-Id", c.id)
		w, line := s.call(t, r)
		got := w.Header().Get("X-Request-Id")
		if (got == c.id) != c.kept || got == "" || w.Body.String() != got || line["request_id"] != got {
			t.Errorf("%s: %q became %q, log %v", c.name, c.id, got, line)
		}
	}
}

func TestNothingSecretIsLogged(t *testing.T) {
	const secret = "hush-hush"
	for _, format := range []string{"json", "text"} {
		t.Run(format, func(t *testing.T) {
			s := newServer(t)
			log := NewLogger(&s.log, slog.LevelDebug, format)
			s.POST("/login", func(c echo.Context) error {
				r := c.Request()
				Of(r.Context()).SetOperation("mutation { login(password: \"" + secret + "\") }")
				log.InfoContext(r.Context(), "careless", "password", secret, "newPassword", secret, "Authorization", secret, "cookie", secret,
					"jwt_token", secret, "headers", r.Header, "request", r, "url", r.URL, "query", r.URL.Query(), "requestBody", secret,
					slog.Group("user", slog.String("secretKey", secret)))
				log.With("Set-Cookie", secret).WithGroup("g").Info("careless", "client_secret", secret)
				return c.NoContent(http.StatusNoContent)
			})
			r := httptest.NewRequest(http.MethodPost, "/login?token="+secret+"&hush-hush%20x=1", strings.NewReader("password="+secret))
			r.Header.Set("Authorization", "Basic "+secret)
			r.Header.Set("Cookie", "sessionid="+secret)
			_, line := s.call(t, r)
			if strings.Contains(s.log.String(), secret) {
				t.Errorf("log shows it:\n%s", &s.log)
			}
			if line["query"] != "?,token" {
				t.Errorf("query is %v", line["query"])
			}
		})
	}
}

func TestLogLinesCarryTheirRequest(t *testing.T) {
	var out bytes.Buffer
	log := NewLogger(&out, slog.LevelInfo, "json")
	ctx := context.WithValue(context.Background(), requestKey{}, &Request{id: "id-1", user: "Admin"})
	log.With("module", "claim").InfoContext(ctx, "priced")
	log.Debug("hidden")
	var line map[string]any
	if err := json.Unmarshal(out.Bytes(), &line); err != nil {
		t.Fatal(err)
	}
	if line["request_id"] != "id-1" || line["user"] != "Admin" || line["module"] != "claim" {
		t.Errorf("line %v", line)
	}
}

func TestOutsideOfARequestEverythingIsTaken(t *testing.T) {
	r := Of(context.Background())
	r.SetUser("Admin")
	r.SetOperation("x")
	r.SetError(errors.New("x"))
	if r.ID() != "" || r.attrs() != nil {
		t.Errorf("kept %v", r.attrs())
	}
	var m *Metrics
	m.Mutation(MutationSuccess)
	m.Operation("query", "claims", time.Second, nil)
	m.FHIR("r4", "Patient", "read", 200, time.Second)
	m.request("/", http.MethodGet, 200, time.Second, 1)
}

func TestMetrics(t *testing.T) {
	s := newServer(t)
	s.GET("/api/claims/:id", func(c echo.Context) error { return c.NoContent(http.StatusOK) })
	s.call(t, httptest.NewRequest(http.MethodGet, "/api/claims/4711", nil))
	s.call(t, httptest.NewRequest(http.MethodGet, "/etc/passwd/4712", nil))
	s.call(t, httptest.NewRequest("BREW", "/api/claims/4713", nil))
	s.metrics.Operation("query", "claims", time.Millisecond, nil)
	s.metrics.Operation("mutation", url.QueryEscape("made up"), time.Millisecond, errors.New("x"))
	s.metrics.FHIR("r4", "Patient", "search", 200, time.Millisecond)
	s.metrics.FHIR("r4", "Nonsense", "read", 404, time.Millisecond)
	s.metrics.Mutation(MutationSuccess)
	s.metrics.request("/api/policies", http.MethodGet, 200, time.Millisecond, 7)
	w := httptest.NewRecorder()
	s.metrics.Handler().ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	text := w.Body.String()
	for _, want := range []string{
		`openimis_http_request_duration_seconds_count{method="GET",route="/api/claims/:id",status="200"} 1`,
		`openimis_http_request_duration_seconds_count{method="GET",route="other",status="404"} 1`,
		`openimis_http_request_duration_seconds_count{method="other",route=`,
		`openimis_graphql_duration_seconds_count{field="claims",kind="query",outcome="success"} 1`,
		`openimis_graphql_duration_seconds_count{field="other",kind="mutation",outcome="error"} 1`,
		`openimis_fhir_duration_seconds_count{interaction="search",resource="Patient",status="200",version="r4"} 1`,
		`openimis_fhir_duration_seconds_count{interaction="read",resource="other",status="404",version="r4"} 1`,
		`openimis_mutations_total{status="success"} 1`,
		"openimis_database_statements_total 7",
		"openimis_database_statements_per_request_count 4",
		"go_goroutines", "process_start_time_seconds",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("metrics lack %s", want)
		}
	}
	// The values are left out: a figure of the Go runtime may well have these digits.
	for line := range strings.Lines(text) {
		if series, _, _ := strings.Cut(line, " "); strings.Contains(series, "471") || strings.Contains(series, "passwd") {
			t.Errorf("an id or a made-up path became a label: %s", line)
		}
	}
}

func TestTheClientIsBehindTrustedProxiesOnly(t *testing.T) {
	s := newServer(t)
	s.GET("/", func(c echo.Context) error { return c.NoContent(http.StatusOK) })
	for _, c := range []struct{ name, peer, forwarded, client string }{
		{"direct", "10.0.0.1:4000", "", "10.0.0.1"},
		{"a stranger may write anything", "10.0.0.1:4000", "192.0.2.7", "10.0.0.1"},
		{"through a proxy", "127.0.0.1:4000", "192.0.2.7", "192.0.2.7"},
		{"through two", "127.0.0.1:4000", "203.0.113.9, 192.0.2.7, ::1", "192.0.2.7"},
		{"the proxy does not tell", "[::1]:4000", "", "::1"},
		{"the proxy passes nonsense on", "127.0.0.1:4000", "unknown", "127.0.0.1"},
	} {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.RemoteAddr = c.peer
		if c.forwarded != "" {
			r.Header.Set("X-Forwarded-For", c.forwarded)
		}
		if _, line := s.call(t, r); line["client"] != c.client {
			t.Errorf("%s: %v", c.name, line["client"])
		}
	}
}
