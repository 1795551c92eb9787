package gateway

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/openimis/openimis-be-go/internal/metric"
	"github.com/openimis/openimis-be-go/internal/tracing"
)

// pool is equal servers behind one route. Requests go around those that are ready.
type pool struct {
	name    string
	members []*member
	next    atomic.Uint64
	base    http.RoundTripper
	log     *slog.Logger
	up      metric.Gauge
}

type member struct {
	url  *url.URL
	down atomic.Bool
}

// maxReplay is the size of a body up to which a request can be sent to another server, when the first
// could not be reached.
const maxReplay = 1 << 20

// newTransport is a transport of its own for each pool, so that a slow one does not take the connections of others.
func newTransport(c *Config) *http.Transport {
	return &http.Transport{
		DialContext:           (&net.Dialer{Timeout: 3 * time.Second, KeepAlive: 30 * time.Second}).DialContext,
		TLSClientConfig:       &tls.Config{MinVersion: tls.VersionTLS12},
		TLSHandshakeTimeout:   5 * time.Second,
		MaxIdleConnsPerHost:   128,
		IdleConnTimeout:       30 * time.Second,
		ResponseHeaderTimeout: time.Duration(c.UpstreamTimeout),
		DisableCompression:    true, // the client's own Accept-Encoding goes through
	}
}

func newPool(name string, urls Upstreams, c *Config, log *slog.Logger, up metric.Gauge) *pool {
	p := &pool{name: name, base: newTransport(c), log: log, up: up}
	for _, u := range urls {
		p.members = append(p.members, &member{url: u})
		p.up.Set(1, p.name, u.Host)
	}
	return p
}

// watch asks every member whether it is ready, until ctx ends. A server that is stopping says no first
// and closes its connections afterwards, so no request meets a closing one. Each member is asked apart: one that
// hangs must not delay the news that another one stops.
func (p *pool) watch(ctx context.Context, every time.Duration, path string) {
	var all sync.WaitGroup
	for _, m := range p.members {
		all.Go(func() {
			tick := time.NewTicker(every)
			defer tick.Stop()
			for {
				p.mark(m, !p.ready(ctx, m, path, every))
				select {
				case <-ctx.Done():
					return
				case <-tick.C:
				}
			}
		})
	}
	all.Wait()
}

func (p *pool) ready(ctx context.Context, m *member, path string, within time.Duration) bool {
	ctx, cancel := context.WithTimeout(ctx, max(within, 2*time.Second))
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, m.url.JoinPath(path).String(), nil)
	if err != nil {
		return false
	}
	answer, err := p.base.RoundTrip(r)
	if err != nil {
		return ctx.Err() != nil && errors.Is(context.Cause(ctx), context.Canceled) // we are stopping; it is not its fault
	}
	defer answer.Body.Close()
	_, _ = io.Copy(io.Discard, io.LimitReader(answer.Body, 64<<10))
	return answer.StatusCode < 500
}

func (p *pool) mark(m *member, down bool) {
	if m.down.Swap(down) == down {
		return
	}
	state := 1.0
	if down {
		state = 0
		p.log.Warn("an upstream server is not ready", "route", p.name, "upstream", m.url.Host)
	} else {
		p.log.Info("an upstream server is ready again", "route", p.name, "upstream", m.url.Host)
	}
	p.up.Set(state, p.name, m.url.Host)
}

// order lists the members to try, those that are ready first.
func (p *pool) order() []*member {
	n := uint64(len(p.members))
	start := p.next.Add(1)
	var good, bad []*member
	for i := range n {
		m := p.members[(start+i)%n]
		if m.down.Load() {
			bad = append(bad, m)
		} else {
			good = append(good, m)
		}
	}
	return append(good, bad...)
}

// RoundTrip implements http.RoundTripper: it sends r to a member that is ready. Another one is tried when
// nothing of the request can have been carried out: the connection could not be made, or it only reads (unless it
// took too long: it would elsewhere too). A mutation that was sent is never sent again.
func (p *pool) RoundTrip(r *http.Request) (*http.Response, error) {
	body, err := replayable(r)
	if err != nil {
		return nil, err
	}
	var last error
	reads := onlyReads(r, body)
	for _, m := range p.order() {
		try := r.Clone(r.Context())
		try.URL.Scheme, try.URL.Host = m.url.Scheme, m.url.Host
		if body != nil {
			try.Body = io.NopCloser(bytes.NewReader(body))
			try.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(body)), nil }
		}
		answer, err := p.base.RoundTrip(try)
		if err == nil {
			if answer.StatusCode == http.StatusServiceUnavailable && body != nil && answer.Header.Get("Retry-After") == "" && len(p.members) > 1 && reads {
				_ = answer.Body.Close()
				last = errors.New("the server is not ready")
				continue
			}
			return answer, nil
		}
		last = err
		if r.Context().Err() != nil {
			return nil, err
		}
		unsent := neverSent(err)
		if unsent {
			p.mark(m, true)
		}
		if body == nil || !unsent && (!reads || isTimeout(err)) {
			return nil, err
		}
		if !unsent {
			reads = false // once more and no further: it may be the request that ends servers
		}
	}
	if last == nil {
		last = errors.New("no server is configured")
	}
	return nil, last
}

// replayable reads a body that is small enough to be sent again; nil means that it is not.
func replayable(r *http.Request) ([]byte, error) {
	if r.Body == nil || r.Body == http.NoBody {
		return []byte{}, nil
	}
	if r.ContentLength < 0 || r.ContentLength > maxReplay {
		return nil, nil
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	return body, r.Body.Close()
}

// neverSent says that no connection was made.
func neverSent(err error) bool {
	var op *net.OpError
	return errors.As(err, &op) && op.Op == "dial"
}

// proxy is the reverse proxy in front of the pool. change prepares the outgoing request, after all that
// names a user was taken off it; answered may look at the answer.
func (g *Gateway) proxy(p *pool, change func(*httputil.ProxyRequest), answered func(*http.Response) error) http.Handler {
	return &httputil.ReverseProxy{
		Transport:      p,
		ModifyResponse: answered,
		ErrorLog:       slog.NewLogLogger(g.log.Handler(), slog.LevelWarn),
		Rewrite: func(r *httputil.ProxyRequest) {
			g.clean(r.Out)
			g.forwarded(r)
			r.Out.URL.Scheme, r.Out.URL.Host = p.members[0].url.Scheme, p.members[0].url.Host
			r.Out.Host = r.In.Host
			tracing.Pass(r.In.Context(), r.Out.Header)
			change(r)
		},
		ErrorHandler: func(w http.ResponseWriter, r *http.Request, err error) {
			var tooLarge *http.MaxBytesError
			switch {
			case errors.Is(err, context.Canceled):
				w.WriteHeader(499) // the client left; nobody reads this
			case errors.As(err, &tooLarge):
				g.refuse(w, r, http.StatusRequestEntityTooLarge, "The request is larger than the gateway allows (MAX_UPLOAD).")
			case errors.Is(err, errSlowBody):
				w.Header().Set("Connection", "close")
				g.refuse(w, r, http.StatusRequestTimeout, "The request did not arrive in time.")
			case errors.Is(err, context.DeadlineExceeded) || isTimeout(err):
				g.log.WarnContext(r.Context(), "an upstream server does not answer in time", "route", p.name, "error", err)
				g.refuse(w, r, http.StatusGatewayTimeout, "The server behind the gateway does not answer in time.")
			default:
				g.log.WarnContext(r.Context(), "an upstream server cannot be reached", "route", p.name, "error", err)
				w.Header().Set("Retry-After", "2")
				g.refuse(w, r, http.StatusBadGateway, "The server behind the gateway cannot be reached.")
			}
		},
	}
}

func isTimeout(err error) bool {
	var t net.Error
	return errors.As(err, &t) && t.Timeout()
}

// Check writes which servers answer, a line each; it is an error when one does not.
func (g *Gateway) Check(ctx context.Context, out io.Writer) error {
	var names []string
	for name := range g.pools {
		names = append(names, name)
	}
	slices.Sort(names)
	failed := 0
	for _, name := range names {
		for _, m := range g.pools[name].members {
			state := "answers"
			if !g.pools[name].ready(ctx, m, healthPath(name), 5*time.Second) {
				state, failed = "DOES NOT ANSWER", failed+1
			}
			if _, err := fmt.Fprintf(out, "%-8s %s  %s\n", name, m.url, state); err != nil {
				return err
			}
		}
	}
	if failed > 0 {
		return fmt.Errorf("%d of the servers behind the gateway do not answer", failed)
	}
	return nil
}

// healthPath is what a server is asked for to find out whether it is ready.
func healthPath(route string) string {
	if route == routeLegacy || route == routeFront {
		return "/"
	}
	return "/readyz"
}
