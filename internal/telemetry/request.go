package telemetry

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
	"net/url"
	"regexp"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/labstack/echo/v4"

	"github.com/openimis/openimis-be-go/internal/db"
	"github.com/openimis/openimis-be-go/internal/fault"
	"github.com/openimis/openimis-be-go/internal/tracing"
)

// Request is what is known of a request while it is served. A nil Request takes everything and keeps
// nothing, so that code need not ask whether it runs in a request.
type Request struct {
	id string

	mu        sync.Mutex
	user      string
	operation string
	code      string
	slowest   []statement // of its statements
}

type requestKey struct{}

// Of gives the record of the request that ctx belongs to; nil outside of one.
func Of(ctx context.Context) *Request {
	r, _ := ctx.Value(requestKey{}).(*Request)
	return r
}

// ID is the request's id, which its answer carries in X-Request-Id.
func (r *Request) ID() string {
	if r == nil {
		return ""
	}
	return r.id
}

// SetUser says who is signed in.
func (r *Request) SetUser(name string) { r.set(func() { r.user = name }) }

// SetOperation says what is being done: the name of a GraphQL operation, a FHIR interaction. Clients
// choose the former, so that anything but a short name is dropped.
func (r *Request) SetOperation(name string) {
	if operationName.MatchString(name) {
		r.set(func() { r.operation = name })
	}
}

// SetError notes the code of an error that the answer carries inside, as GraphQL's does. The first
// one stays.
func (r *Request) SetError(err error) {
	r.set(func() {
		if err != nil && r.code == "" {
			r.code = fault.Code(err)
		}
	})
}

func (r *Request) set(fn func()) {
	if r != nil {
		r.mu.Lock()
		defer r.mu.Unlock()
		fn()
	}
}

func (r *Request) attrs() []slog.Attr {
	if r == nil {
		return nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	attrs := []slog.Attr{slog.String("request_id", r.id)}
	for _, a := range []slog.Attr{slog.String("user", r.user), slog.String("operation", r.operation), slog.String("error_code", r.code)} {
		if a.Value.String() != "" {
			attrs = append(attrs, a)
		}
	}
	return attrs
}

var (
	operationName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_ /.$-]{0,99}$`)
	requestID     = regexp.MustCompile(`^[A-Za-z0-9._-]{8,64}$`)
	parameterName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_.:-]{0,39}$`)
)

// Options tune [Requests].
type Options struct {
	Log     *slog.Logger               // from NewLogger
	Metrics *Metrics                   // nil: none
	Trusted func(addr netip.Addr) bool // whose X-Request-Id and X-Forwarded-For are believed; nil: nobody's
	Now     func() time.Time           // default time.Now
	Slow    time.Duration              // what takes longer is logged as slow, with its slowest statements; 0: nothing is
}

// Requests is the middleware that opens a [Request], counts its SQL statements, and at the end writes
// one line and the metrics. It belongs outermost. An error of the handler is given to echo's error
// handler here, so that the line has the final status; a panic becomes such an error, and the line has
// its stack.
func Requests(o Options) echo.MiddlewareFunc {
	if o.Now == nil {
		o.Now = time.Now
	}
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			start := o.Now()
			r := &Request{id: o.requestID(c.Request())}
			traced, span := tracing.Server(c.Request(), c.Request().Method)
			ctx, counter := db.WithCounter(context.WithValue(traced, requestKey{}, r))
			c.SetRequest(c.Request().WithContext(ctx))
			c.Response().Header().Set(echo.HeaderXRequestID, r.id)
			err := guarded(next, c)
			if err != nil {
				c.Error(err)
				r.SetError(err)
			}
			took := o.Now().Sub(start)
			o.write(ctx, c, err, took, counter.Statements())
			if o.Slow > 0 && took >= o.Slow {
				o.Log.LogAttrs(ctx, slog.LevelWarn, "slow operation", slog.String("path", c.Request().URL.Path), slog.Float64("ms", milliseconds(took)),
					slog.Int("statements", counter.Statements()), slog.String("sql", r.slow()))
			}
			span.Status(c.Request().Method+" "+c.Path(), c.Response().Status, "http.route", c.Path(), "request.id", r.id)
			o.Metrics.request(c.Path(), c.Request().Method, c.Response().Status, took, counter.Statements())
			return nil
		}
	}
}

// panicked is the error that a panic becomes.
type panicked struct {
	value any
	stack []byte
}

func (p *panicked) Error() string { return fmt.Sprintf("panic: %v", p.value) }

// guarded calls next and turns a panic into an error, but for the one that aborts a connection.
func guarded(next echo.HandlerFunc, c echo.Context) (err error) {
	defer func() {
		if p := recover(); p == http.ErrAbortHandler {
			panic(p)
		} else if p != nil {
			err = &panicked{p, debug.Stack()}
		}
	}()
	return next(c)
}

// requestID takes the id of a trusted proxy, or makes one.
func (o Options) requestID(r *http.Request) string {
	if given := r.Header.Get(echo.HeaderXRequestID); o.Trusted != nil && requestID.MatchString(given) {
		if peer, err := netip.ParseAddrPort(r.RemoteAddr); err == nil && o.Trusted(peer.Addr()) {
			return given
		}
	}
	return uuid.NewString()
}

// client is the address that a request comes from, as far as that is known: behind trusted proxies the
// last one that is not a trusted proxy.
func (o Options) client(r *http.Request) string {
	peer, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return ""
	}
	at := peer.Addr().Unmap()
	hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for i := len(hops) - 1; i >= 0 && o.Trusted != nil && o.Trusted(at); i-- {
		hop, err := netip.ParseAddr(strings.TrimSpace(hops[i]))
		if err != nil {
			break
		}
		at = hop.Unmap()
	}
	return at.String()
}

// write writes the line of a request.
func (o Options) write(ctx context.Context, c echo.Context, err error, took time.Duration, statements int) {
	status := c.Response().Status
	level := slog.LevelInfo
	attrs := []slog.Attr{
		slog.String("method", c.Request().Method),
		slog.String("path", c.Request().URL.Path),
		slog.Int("status", status),
		slog.Float64("ms", milliseconds(took)),
		slog.Int64("bytes", c.Response().Size),
		slog.Int("statements", statements),
		slog.String("client", o.client(c.Request())),
	}
	if names := parameters(c.Request().URL.Query()); names != "" {
		attrs = append(attrs, slog.String("query", names))
	}
	if status >= http.StatusInternalServerError {
		level = slog.LevelError
		if err != nil {
			attrs = append(attrs, slog.String("error", err.Error()))
		}
		var p *panicked
		if errors.As(err, &p) {
			attrs = append(attrs, slog.String("stack", string(p.stack)))
		}
	}
	o.Log.LogAttrs(ctx, level, "request", attrs...)
}

// parameters are the names in a query, never the values. What does not look like a name is a "?".
func parameters(q url.Values) string {
	var names []string
	for name := range q {
		if !parameterName.MatchString(name) {
			name = "?"
		}
		names = append(names, name)
	}
	slices.Sort(names)
	return strings.Join(slices.Compact(names), ",")
}
