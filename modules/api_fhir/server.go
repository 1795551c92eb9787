package apifhir

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/openimis/openimis-be-go/internal/auth"
	"github.com/openimis/openimis-be-go/internal/clock"
	"github.com/openimis/openimis-be-go/internal/db"
)

// Config is what the server needs beside the resources; every zero value has a default.
type Config struct {
	// DB gives reads and writes their transactions. nil: the functions of resources get none.
	DB *db.DB
	// BaseURL gives scheme, host and whatever a proxy cut off, without a slash at the end. It decides
	// whether X-Forwarded headers are believed. Default: the scheme and host of the request.
	BaseURL  func(*http.Request) string
	Count    int   // page size when the client says nothing: 10
	MaxCount int   // most entries of a page: 1000
	MaxBody  int64 // most bytes of a body: 16 MiB, enough for a claim with attachments
	Clock    clock.Clock
	Version  string // of the software, for /metadata
	Log      *slog.Logger
	// Observe hears of every interaction that was let in, for the audit log and metrics.
	Observe func(r *http.Request, e Event)
}

// Event is an interaction that was answered.
type Event struct {
	Release     Release
	Interaction string // as in capability statements: read, search-type, create, …
	Type        string
	Resources   []string // Type/id of those in the answer, or written
	Status      int
}

// Server answers FHIR requests for the resources it was made with. It holds no state and may be mounted
// several times (/api_fhir_r4 and /api_fhir).
type Server struct {
	conf     Config
	started  time.Time
	releases map[Release]*registry
}

// registry is the resources of one release.
type registry struct {
	list   []*Resource // by type
	byType map[string]*Resource
}

// Mount is how the server is reached at one path.
type Mount struct {
	// Release is spoken when Accept names none.
	Release Release
	// Compat answers as the Python backend did: no entry in a Bundle about parameters that were ignored.
	Compat bool
	// Refusals500 answers refused writes with status 500, as the Python backend did.
	Refusals500 bool
}

// New checks the resources and makes the server.
func New(conf Config, resources ...Resource) (*Server, error) {
	conf.defaults()
	s := &Server{conf: conf, started: conf.Clock(), releases: map[Release]*registry{}}
	for name := range releases {
		s.releases[name] = &registry{byType: map[string]*Resource{}}
	}
	for i := range resources {
		r := resources[i]
		if err := r.check(); err != nil {
			return nil, fmt.Errorf("FHIR resource %s (%s): %w", r.Type, r.Release, err)
		}
		reg := s.releases[r.Release]
		if reg.byType[r.Type] != nil {
			return nil, fmt.Errorf("FHIR resource %s (%s): registered twice; a type has one owner", r.Type, r.Release)
		}
		reg.byType[r.Type] = &r
		reg.list = append(reg.list, &r)
	}
	for _, reg := range s.releases {
		slices.SortFunc(reg.list, func(a, b *Resource) int { return strings.Compare(a.Type, b.Type) })
	}
	return s, nil
}

func (c *Config) defaults() {
	if c.BaseURL == nil {
		c.BaseURL = func(r *http.Request) string {
			if r.TLS != nil {
				return "https://" + r.Host
			}
			return "http://" + r.Host
		}
	}
	if c.MaxCount <= 0 {
		c.MaxCount = 1000
	}
	if c.Count <= 0 {
		c.Count = 10
	}
	c.Count = min(c.Count, c.MaxCount)
	if c.MaxBody <= 0 {
		c.MaxBody = 16 << 20
	}
	if c.Clock == nil {
		c.Clock = clock.System
	}
	if c.Log == nil {
		c.Log = slog.Default()
	}
}

// check refuses what could only be a mistake of the module.
func (r *Resource) check() error {
	if _, ok := releases[r.Release]; !ok {
		return errors.New("it says no release; R4 or STU3 is expected")
	}
	if !isTypeName([]byte(r.Type)) {
		return fmt.Errorf("%q is not the name of a resource type", r.Type)
	}
	for _, f := range []struct {
		name   string
		on     bool
		access auth.Access
	}{
		{"Read", r.Read != nil, r.Access.Get}, {"Search", r.Search != nil, r.Access.Get}, {"History", r.History != nil, r.Access.Get},
		{"Create", r.Create != nil, r.Access.Create}, {"Update", r.Update != nil, r.Access.Update},
		{"Delete", r.Delete != nil, r.Access.Delete},
	} {
		if f.on && !f.access.Anonymous && !f.access.SignedIn && len(f.access.Rights) == 0 {
			return fmt.Errorf("nobody may call its %s: Access says no rights", f.name)
		}
	}
	seen := map[string]bool{}
	for _, p := range r.Params {
		if p.Name == "" || seen[p.Name] || control[p.Name] != nil || strings.ContainsAny(p.Name, ":.") {
			return fmt.Errorf("search parameter %q is declared twice or has a reserved name", p.Name)
		}
		seen[p.Name] = true
	}
	if r.Check != nil {
		return r.Check()
	}
	return nil
}

// Mount puts the server under a group, with every path below it.
func (s *Server) Mount(g *echo.Group, m Mount) {
	handler := func(c echo.Context) error { return s.handle(c, m) }
	g.Any("", handler)
	g.Any("/*", handler)
}

// Types lists the resource types of all releases, each once.
func (s *Server) Types() []string {
	all := append(s.releases[R4].types(), s.releases[STU3].types()...)
	slices.Sort(all)
	return slices.Compact(all)
}

// Resources lists the resources of a release, for tests of what they have in common.
func (s *Server) Resources(r Release) []*Resource { return slices.Clone(s.releases[r].list) }

func (r *registry) types() []string {
	names := make([]string, len(r.list))
	for i := range r.list {
		names[i] = r.list[i].Type
	}
	return names
}

// handle answers one request; it never returns an error, errors are answered as OperationOutcome.
func (s *Server) handle(c echo.Context, m Mount) error {
	mount := strings.TrimSuffix(strings.TrimSuffix(c.Path(), "*"), "/")
	r := c.Request()
	q := &call{
		s: s, mount: m, release: m.Release, request: r, method: r.Method, header: r.Header,
		base: strings.TrimSuffix(s.conf.BaseURL(r), "/") + mount, path: segments(c), prefer: preferOf(r.Header),
	}
	w := c.Response()
	defer func() {
		if p := recover(); p != nil {
			if p == http.ErrAbortHandler {
				panic(p)
			}
			err := fmt.Errorf("panic: %v\n%s", p, debug.Stack())
			if w.Committed {
				s.conf.Log.ErrorContext(r.Context(), "FHIR request failed", "method", r.Method, "path", r.URL.Path, "error", err)
				return
			}
			q.send(w, q.failed(aboutBody, err))
		}
	}()
	var err error
	if q.contentType, q.release, err = negotiate(r, m, s.speaks); err == nil {
		q.params, err = url.ParseQuery(r.URL.RawQuery)
		q.badQuery, err = err, nil
		q.send(w, q.answer())
		return nil
	}
	q.send(w, q.failed(aboutBody, err))
	return nil
}

// speaks says whether there is any resource of a release.
func (s *Server) speaks(r Release) bool { return s.releases[r] != nil && len(s.releases[r].list) > 0 }

// segments splits what is behind the mount, with or without a slash at the end. Echo matches the raw path,
// so a code with an escaped slash stays one segment.
func segments(c echo.Context) []string {
	rest := strings.Trim(c.Param("*"), "/")
	if rest == "" {
		return nil
	}
	parts := strings.Split(rest, "/")
	if c.Request().URL.RawPath != "" {
		for i, p := range parts {
			if u, err := url.PathUnescape(p); err == nil {
				parts[i] = u
			}
		}
	}
	return parts
}

// send writes a reply.
func (q *call) send(w http.ResponseWriter, r reply) {
	h := w.Header()
	h.Add("Vary", "Accept")
	for name, values := range r.header {
		h[name] = values
	}
	if len(r.body) > 0 {
		h.Set("Content-Type", q.contentType)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Content-Length", strconv.Itoa(len(r.body))) // else net/http sends it in chunks
	}
	w.WriteHeader(r.status)
	if q.method != http.MethodHead && len(r.body) > 0 {
		_, _ = w.Write(r.body) // the client may be gone, and nobody else wants to know
	}
	if r.pooled {
		keepBody(r.body)
	}
	if q.s.conf.Observe != nil && q.event.Interaction != "" {
		q.event.Release, q.event.Status = q.release, r.status
		q.s.conf.Observe(q.request, q.event)
	}
}
