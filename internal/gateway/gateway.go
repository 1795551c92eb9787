// Package gateway is the single entry of an openIMIS installation: TLS, the routes to the backends, the
// React application and the legacy application, and the login that they share. Start with New and Handler.
//
//	config.go    the environment variables
//	gateway.go   the routes
//	identity.go  what is taken off a request: nobody but the gateway says who the user is
//	login.go     how a session begins and ends: the legacy application's login seen on its way, or the own page
//	session.go   the session: a sealed cookie
//	check.go     whether a session still holds: asked of the backend, remembered for a few seconds
//	upstream.go  several servers behind a route, asked whether they are ready
//	serve.go     the listeners
//
// The proxy is the standard library's.
package gateway

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httputil"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/openimis/openimis-be-go/internal/clock"
	"github.com/openimis/openimis-be-go/internal/metric"
	"github.com/openimis/openimis-be-go/internal/tracing"
)

// Gateway routes requests and knows who is signed in.
type Gateway struct {
	c        *Config
	log      *slog.Logger
	clock    clock.Clock
	sealer   *sealer
	logins   *loginLimiter
	sessions *checker
	pools    map[string]*pool
	handler  http.Handler
	draining atomic.Bool // it is about to stop

	registry *metric.Registry
	requests metric.Histogram
	signins  metric.Counter
}

// The routes, as metrics name them.
const (
	routeLegacy   = "legacy"
	routeIBackend = "iapi"
	routeBackend  = "api"
	routeFront    = "front"
)

// New makes a gateway. An error is a sentence for the operator.
func New(c *Config, now clock.Clock, log *slog.Logger) (*Gateway, error) {
	seal, err := newSealer(c, now)
	if err != nil {
		return nil, err
	}
	g := &Gateway{c: c, log: log, clock: now, sealer: seal, logins: newLoginLimiter(int(c.LoginsPerMinute)), pools: map[string]*pool{}, registry: &metric.Registry{}}
	g.requests = g.registry.Histogram("openimis_gateway_request_duration_seconds", "Requests by route.", []float64{.001, .005, .02, .05, .1, .25, .5, 1, 2.5, 5, 10, 30}, "route", "status")
	g.signins = g.registry.Counter("openimis_gateway_logins_total", "Logins by outcome.", "outcome")
	up := g.registry.Gauge("openimis_gateway_upstream_up", "1 where a server is ready.", "route", "upstream")
	for name, urls := range map[string]Upstreams{routeLegacy: c.Legacy, routeIBackend: c.IBackend, routeBackend: c.Backend, routeFront: c.Front} {
		if len(urls) > 0 {
			g.pools[name] = newPool(name, urls, c, log, up)
		}
	}
	g.sessions = newChecker(g.pools[routeIBackend], string(c.UserHeader), now)
	g.handler = g.guard(g.routes())
	return g, nil
}

// Handler is the whole gateway.
func (g *Gateway) Handler() http.Handler { return g.handler }

// routes leads a request by its path. Prefixes are compared as they are: /IAPI is not a route to a backend.
func (g *Gateway) routes() http.Handler {
	mux := map[string]http.Handler{
		"/iapi":  g.csrf(g.signedIn(routeIBackend, g.proxy(g.pools[routeIBackend], g.asUser, nil))),
		"/api":   named(routeBackend, g.proxy(g.pools[routeBackend], func(*httputil.ProxyRequest) {}, nil)),
		"/front": g.signedIn(routeFront, g.front()),
	}
	exact := map[string]http.HandlerFunc{
		"/logout": g.logout,
		"/healthz": func(w http.ResponseWriter, _ *http.Request) {
			answerJSON(w, http.StatusOK, map[string]string{"status": "ok"})
		},
		"/readyz":            g.ready,
		"/keepLegacyAlive":   g.keepLegacyAlive,
		"/Home.aspx":         func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/front", http.StatusFound) },
		"/gateway/login":     g.loginPage,
		"/gateway/style.css": style,
	}
	var legacy http.Handler = http.HandlerFunc(g.withoutLegacy)
	if p := g.pools[routeLegacy]; p != nil {
		legacy = g.legacy(p)
	}
	wellKnown := http.NotFoundHandler()
	if g.c.WellKnown != "" {
		wellKnown = http.StripPrefix("/.well-known/", files(g.c.WellKnown, ""))
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if h, ok := exact[r.URL.Path]; ok {
			h(w, r)
			return
		}
		for prefix, h := range mux {
			if r.URL.Path == prefix || strings.HasPrefix(r.URL.Path, prefix+"/") {
				h.ServeHTTP(w, r)
				return
			}
		}
		if strings.HasPrefix(r.URL.Path, "/.well-known/") {
			wellKnown.ServeHTTP(w, r)
			return
		}
		legacy.ServeHTTP(w, r)
	})
}

// guard is what holds for all requests: host, path, size, time, headers of the answer, metrics.
func (g *Gateway) guard(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		start := time.Now()
		answer := &recorder{ResponseWriter: w, route: "none"}
		ctx, span := tracing.Server(r, r.Method)
		if span != nil {
			r = r.WithContext(ctx)
		}
		defer func() {
			span.Status(r.Method+" "+answer.route, answer.code(), "openimis.route", answer.route)
			g.requests.Observe(time.Since(start).Seconds(), answer.route, strconv.Itoa(answer.code()))
		}()
		h := w.Header()
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("X-Frame-Options", "SAMEORIGIN") // the React application shows legacy pages in a frame
		h.Set("Referrer-Policy", "same-origin")
		if g.draining.Load() {
			h.Set("Connection", "close") // the next request makes a new connection, to another gateway
		}
		if g.scheme(r) == "https" {
			h.Set("Strict-Transport-Security", "max-age=31536000")
		}
		if !g.c.AllowedHosts.Allow(r.Host) {
			g.refuse(answer, r, http.StatusBadRequest, "This host name is not among ALLOWED_HOSTS.")
			return
		}
		if r.Method == http.MethodConnect || r.Method == http.MethodTrace || !plainPath(r.URL) {
			g.refuse(answer, r, http.StatusBadRequest, "The address of the request is not one that the gateway passes on.")
			return
		}
		onlyWebSocket(r)
		if r.Body != nil && r.Body != http.NoBody {
			body := &patient{r.Body, http.NewResponseController(w), time.Duration(g.c.BodyTimeout)}
			body.waitFrom(start) // also when nobody reads it: the server does, before it answers
			r.Body = http.MaxBytesReader(answer, body, int64(g.c.MaxUpload))
		}
		next.ServeHTTP(answer, r)
	})
}

// patient reads a body as long as some of it arrives: a slow upload passes, a client that only holds the
// connection does not.
type patient struct {
	body interface {
		Read([]byte) (int, error)
		Close() error
	}
	conn *http.ResponseController
	wait time.Duration
}

// errSlowBody is why the body of a request cannot be read.
var errSlowBody = errors.New("the client does not go on sending")

func (p *patient) waitFrom(t time.Time) { _ = p.conn.SetReadDeadline(t.Add(p.wait)) }

func (p *patient) Read(b []byte) (int, error) {
	p.waitFrom(time.Now())
	n, err := p.body.Read(b)
	switch {
	case errors.Is(err, io.EOF):
		_ = p.conn.SetReadDeadline(time.Time{}) // the connection is watched for its end from here on
	case errors.Is(err, os.ErrDeadlineExceeded): // and stays so: nothing more is waited for on this connection
		err = fmt.Errorf("%w: %w", errSlowBody, err)
	}
	return n, err
}

func (p *patient) Close() error { return p.body.Close() }

// recorder remembers route and status of an answer.
type recorder struct {
	http.ResponseWriter
	route  string
	status int
}

func (a *recorder) WriteHeader(status int) {
	if a.status == 0 && status != http.StatusContinue && status != http.StatusEarlyHints {
		a.status = status
	}
	for _, name := range ownHeaders {
		if values := a.Header().Values(name); len(values) > 1 {
			a.Header().Set(name, values[len(values)-1]) // what the server behind the gateway says
		}
	}
	a.ResponseWriter.WriteHeader(status)
}

// ownHeaders are those that the gateway adds to all answers.
var ownHeaders = []string{"X-Content-Type-Options", "X-Frame-Options", "Referrer-Policy", "Strict-Transport-Security"}

func (a *recorder) code() int {
	if a.status == 0 {
		return http.StatusOK
	}
	return a.status
}

// Unwrap lets http.ResponseController reach the connection (WebSocket, flushing).
func (a *recorder) Unwrap() http.ResponseWriter { return a.ResponseWriter }

func named(route string, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if a, ok := w.(*recorder); ok {
			a.route = route
		}
		next.ServeHTTP(w, r)
	})
}

// csrf refuses what a browser sends from another site in the name of who is signed in.
func (g *Gateway) csrf(next http.Handler) http.Handler {
	protection := http.NewCrossOriginProtection()
	protection.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		g.refuse(w, r, http.StatusForbidden, "The request comes from another site.")
	}))
	return protection.Handler(next)
}

// asUser names the user of the session to the backend.
func (g *Gateway) asUser(r *httputil.ProxyRequest) {
	r.Out.Header.Del("Authorization") // the session says who it is
	r.Out.Header.Set(string(g.c.UserHeader), sessionOf(r.In.Context()).User)
}

// front serves the React application: its files, with index.html for the addresses that it makes up.
func (g *Gateway) front() http.Handler {
	if p := g.pools[routeFront]; p != nil {
		return g.proxy(p, func(r *httputil.ProxyRequest) {
			r.Out.URL.Path = strings.TrimPrefix(r.Out.URL.Path, "/front")
			if r.Out.URL.Path == "" {
				r.Out.URL.Path = "/"
			}
			r.Out.URL.RawPath = ""
		}, nil)
	}
	if g.c.FrontDir != "" {
		return http.StripPrefix("/front", files(g.c.FrontDir, "index.html"))
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		g.refuse(w, r, http.StatusNotFound, "No React application is configured (FRONT_DIR or FRONT_URL).")
	})
}

// files serves a folder. fallback is the file for paths that lead to none and have no extension; "" answers 404.
func files(folder, fallback string) http.Handler {
	root := os.DirFS(folder)
	server := http.FileServerFS(root)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		name := strings.Trim(r.URL.Path, "/")
		info, err := os.Stat(filepath.Join(folder, filepath.FromSlash(name)))
		switch {
		case name != "" && err == nil && !info.IsDir():
			if strings.HasPrefix(name, "static/") { // a React build has a digest in these names
				w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
			}
			server.ServeHTTP(w, r)
		case fallback != "" && filepath.Ext(name) == "" || name == fallback:
			w.Header().Set("Cache-Control", "no-cache")
			http.ServeFileFS(w, r, root, fallback)
		default:
			http.NotFound(w, r)
		}
	})
}

// ready says whether every route has a server that is ready.
func (g *Gateway) ready(w http.ResponseWriter, _ *http.Request) {
	if g.draining.Load() {
		answerJSON(w, http.StatusServiceUnavailable, map[string]any{"status": "stopping", "missing": []string{"the gateway is about to stop"}})
		return
	}
	var missing []string
	for name, p := range g.pools {
		if !slices.ContainsFunc(p.members, func(m *member) bool { return !m.down.Load() }) {
			missing = append(missing, "no server of /"+name+" is ready")
		}
	}
	if len(missing) > 0 {
		slices.Sort(missing)
		answerJSON(w, http.StatusServiceUnavailable, map[string]any{"status": "unavailable", "missing": missing})
		return
	}
	answerJSON(w, http.StatusOK, map[string]string{"status": "ready"})
}

// refuse answers with an error in the form that the client reads: JSON for programs, a page for people.
func (g *Gateway) refuse(w http.ResponseWriter, r *http.Request, status int, message string) {
	if a, ok := w.(*recorder); ok && a.status != 0 {
		return
	}
	w.Header().Set("Cache-Control", "no-store")
	if page(r) {
		showPage(w, status, messagePage(http.StatusText(status), message))
		return
	}
	answerJSON(w, status, map[string]any{"errors": []map[string]string{{"message": message}}})
}

func answerJSON(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v)
}

// page says whether a browser asks for a page to show, and not a program or a script for data.
func page(r *http.Request) bool {
	if r.Header.Get("X-Requested-With") != "" || r.Method != http.MethodGet && r.Method != http.MethodHead {
		return false
	}
	if mode := r.Header.Get("Sec-Fetch-Mode"); mode != "" {
		return mode == "navigate"
	}
	return strings.Contains(r.Header.Get("Accept"), "text/html")
}
