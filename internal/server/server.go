package server

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/labstack/echo/v4"
	"github.com/labstack/echo/v4/middleware"

	"github.com/openimis/openimis-be-go/graph"
	"github.com/openimis/openimis-be-go/internal/audit"
	"github.com/openimis/openimis-be-go/internal/auth"
	"github.com/openimis/openimis-be-go/internal/build"
	"github.com/openimis/openimis-be-go/internal/clock"
	"github.com/openimis/openimis-be-go/internal/config"
	"github.com/openimis/openimis-be-go/internal/db"
	"github.com/openimis/openimis-be-go/internal/entity"
	"github.com/openimis/openimis-be-go/internal/instance"
	"github.com/openimis/openimis-be-go/internal/migrate"
	"github.com/openimis/openimis-be-go/internal/mutation"
	"github.com/openimis/openimis-be-go/internal/schema"
	"github.com/openimis/openimis-be-go/internal/telemetry"
	"github.com/openimis/openimis-be-go/modules"
	apifhir "github.com/openimis/openimis-be-go/modules/api_fhir"
	"github.com/openimis/openimis-be-go/modules/api_fhir/subscription"
)

// Server serves the instances of one process over one database.
type Server struct {
	conf       *config.Config
	log        *slog.Logger
	DB         *db.DB
	clock      clock.Clock
	metrics    *telemetry.Metrics
	store      *auth.Store
	Instances  []*Instance
	broker     *mutation.Broker
	audit      *audit.Log // nil: off
	auditTable audit.Table
	echo       *echo.Echo
	draining   atomic.Bool // told to stop, and still answering: see Serve
}

// signingIn is how many connections are kept for signing in.
const signingIn = 2

// New makes the instances that the configuration asks for. It fails with a sentence for the operator
// when a module is unknown or lacks something; whether the database has what the modules need is for
// Ready and `server check`.
func New(conf *config.Config, d *db.DB, compiled []Constructor, log *slog.Logger) (*Server, error) {
	if conf.TimeZone.Location != nil {
		d.SetZone(conf.TimeZone.Location)
	}
	s := &Server{conf: conf, log: log, DB: d, clock: d.Now}
	instants := clock.Clock(clock.System)
	if !conf.FixedNow.IsZero() {
		s.clock = clock.Fixed(conf.FixedNow.Time)
		instants = s.clock
	}
	chosen, err := Choose(conf, compiled)
	if err != nil {
		return nil, err
	}
	if len(chosen.Skipped) > 0 {
		log.Warn("modules of the list that this program has no use for are skipped", "modules", strings.Join(chosen.Skipped, ", "))
	}
	for _, p := range conf.TrustedProxies {
		if bool(conf.RemoteUser) && p.Bits() == 0 {
			log.Warn("TRUSTED_PROXIES trusts every address: whoever reaches the port can be any user; name the gateway's address", "network", p.String())
		}
	}
	own, err := d.Reserved(signingIn) // who signs in does not wait for those who read
	if err != nil {
		return nil, err
	}
	s.store = auth.NewStore(own, s.clock, 0)
	s.store.Log = log
	s.store.AllRows = !bool(conf.RowSecurity)
	s.store.PasswordsExpire = conf.PasswordValidity == config.EndsLogin
	var wake func(string)
	if conf.BrokerURL != "" && bool(conf.AsyncMutations) {
		if s.broker, err = mutation.NewBroker(string(conf.BrokerURL), log); err != nil {
			return nil, err
		}
		wake = s.broker.Wake
	}
	s.metrics = telemetry.NewMetrics()
	s.metrics.Pool("primary", d.Pool())
	if pool := d.ReadPool(); pool != nil {
		s.metrics.Pool("replica", pool)
	}
	s.metrics.Replica(d.Replica)
	s.metrics.Queue(s.queueDepth)
	db.Time(telemetry.Statements(log, s.metrics, time.Duration(conf.SlowOperation)))
	gate, memory := newGate(conf), entity.NewMemory(int64(conf.AnswerMemory))
	s.openAudit()
	for _, root := range conf.SiteRoot {
		i, err := NewInstance(InstanceOptions{
			Root: root, Chosen: chosen, Compiled: compiled, DB: d, Clock: s.clock, Instants: instants, Log: log, Metrics: s.metrics,
			Principals: s.store.Principal, ListCap: int(conf.ListCap), MaxBody: int64(conf.MaxBody), PhotoRoot: conf.PhotoRoot, SubscriptionTargets: conf.SubscriptionTargets,
			Drain: time.Duration(conf.ShutdownTimeout), Async: bool(conf.AsyncMutations), Wake: wake, BaseURL: s.baseURL, FHIRStatus: conf.FHIRStatus, Gate: gate, Memory: memory,
			Audit: s.audit, AuditTable: s.auditTable, Operator: s.operator,
		})
		if err != nil {
			return nil, err
		}
		s.Instances = append(s.Instances, i)
	}
	var known []string
	for _, i := range s.Instances {
		known = slices.AppendSeq(known, maps.Keys(i.access))
		if i.fhir != nil {
			known = append(known, i.fhir.Types()...)
		}
	}
	s.metrics.Know(known...)
	s.echo = s.routes()
	return s, nil
}

// Choose reads the list of modules that the configuration names, or takes all without one, and refuses one
// that cannot start. It needs no database.
func Choose(conf *config.Config, compiled []Constructor) (modules.Chosen, error) {
	listed, err := conf.Modules()
	if err != nil {
		return modules.Chosen{}, err
	}
	names := Names(compiled)
	var choices []modules.Choice
	for _, m := range listed {
		choices = append(choices, modules.Choice{Name: m.Name, Version: m.Version, Where: m.Where})
	}
	if listed == nil {
		for _, n := range append(slices.Clone(names), modules.FHIRModule) {
			choices = append(choices, modules.Choice{Name: n})
		}
	}
	chosen, err := modules.Choose(choices, names, graph.Contracts)
	if err != nil {
		return chosen, err
	}
	if version, on := chosen.Pins[modules.FHIRModule]; on {
		if _, err := apifhir.ReleaseOf(version); err != nil {
			return chosen, fmt.Errorf("module %s: %w", modules.FHIRModule, err)
		}
	}
	return chosen, nil
}

// Handler is the whole HTTP side.
func (s *Server) Handler() http.Handler { return s.echo }

func (s *Server) routes() *echo.Echo {
	e := echo.New()
	e.HideBanner, e.HidePort = true, true
	e.IPExtractor = echo.ExtractIPDirect()
	e.Pre(semicolons)
	e.Use(telemetry.Requests(telemetry.Options{Log: s.log, Metrics: s.metrics, Trusted: s.conf.TrustedProxies.Contains, Slow: time.Duration(s.conf.SlowOperation)}))
	e.Use(middleware.SecureWithConfig(middleware.SecureConfig{XFrameOptions: "SAMEORIGIN", ContentTypeNosniff: "nosniff", ReferrerPolicy: "same-origin"}))
	e.Use(s.partWays)
	e.Use(s.hosts)
	e.Use(middleware.ContextTimeout(time.Duration(s.conf.RequestTimeout)))
	e.Use(compress())
	probe := []string{http.MethodGet, http.MethodHead} // load balancers ask with either
	e.Match(probe, "/healthz", func(c echo.Context) error { return c.JSON(http.StatusOK, map[string]string{"status": "ok"}) })
	e.Match(probe, "/readyz", s.ready)
	e.Match(probe, "/", s.front)
	e.GET("/metrics", echo.WrapHandler(s.metrics.Handler()))
	a := auth.New(s.store, auth.Options{RemoteUser: bool(s.conf.RemoteUser), HeaderName: string(s.conf.RemoteUserHeader), TrustedProxies: s.conf.TrustedProxies, Clock: clock.System, Log: s.log, Checked: s.countLogin,
		Secret: (&auth.Secret{Configured: s.conf.SecretKey, File: s.conf.SecretFile(), DB: s.DB, Clock: clock.System}).Get, TokenLifetime: time.Duration(s.conf.TokenLifetime)})
	follow := newFollowers(s.DB, time.Duration(s.conf.DatabaseReadLag))
	for _, i := range s.Instances {
		i.Mount(e, a, follow.middleware)
	}
	return e
}

// partWays closes the connection of whoever asks a server that is about to stop, so that the next request
// makes a new one, to another server. Connections that are idle stay until the end: a request may be on its way.
func (s *Server) partWays(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		if s.draining.Load() {
			c.Response().Header().Set(echo.HeaderConnection, "close")
		}
		return next(c)
	}
}

// hosts refuses requests for other host names than ALLOWED_HOSTS.
func (s *Server) hosts(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		if !s.conf.AllowedHosts.Allow(c.Request().Host) && c.Path() != "/healthz" && c.Path() != "/readyz" {
			return echo.NewHTTPError(http.StatusBadRequest, "This host name is not among ALLOWED_HOSTS.")
		}
		return next(c)
	}
}

// baseURL is the address that clients use: that of a trusted proxy's X-Forwarded headers, else the request's.
func (s *Server) baseURL(r *http.Request) string {
	scheme, host := "http", r.Host
	if r.TLS != nil {
		scheme = "https"
	}
	if peer, err := netip.ParseAddrPort(r.RemoteAddr); err == nil && s.conf.TrustedProxies.Contains(peer.Addr()) {
		// Of several proxies the first is the one that the client asked.
		first := func(name string) string {
			v, _, _ := strings.Cut(r.Header.Get(name), ",")
			return strings.TrimSpace(v)
		}
		if p := first("X-Forwarded-Proto"); p == "http" || p == "https" {
			scheme = p
		}
		if h := first("X-Forwarded-Host"); h != "" && !strings.ContainsAny(h, "/ \\?#@") {
			host = h
		}
		if port := first("X-Forwarded-Port"); port != "" && !strings.Contains(host, ":") && port != map[string]string{"http": "80", "https": "443"}[scheme] {
			if _, err := strconv.ParseUint(port, 10, 16); err == nil {
				host += ":" + port
			}
		}
		if prefix := strings.TrimSuffix(first("X-Forwarded-Prefix"), "/"); strings.HasPrefix(prefix, "/") && !strings.HasPrefix(prefix, "//") && !strings.ContainsAny(prefix, " \\?#\"<>") {
			host += prefix
		}
	}
	return scheme + "://" + host
}

// ready says whether the server can work: the database answers and has what the modules need.
func (s *Server) ready(c echo.Context) error {
	if s.draining.Load() {
		return c.JSON(http.StatusServiceUnavailable, map[string]any{"status": "stopping", "missing": []string{"the server is about to stop"}})
	}
	ctx, cancel := context.WithTimeout(c.Request().Context(), 5*time.Second)
	defer cancel()
	if err := s.DB.Ping(ctx); err != nil {
		s.log.WarnContext(ctx, "not ready: the database cannot be reached", "error", err)
		return c.JSON(http.StatusServiceUnavailable, map[string]any{"status": "unavailable", "missing": []string{"the database cannot be reached"}})
	}
	if missing := s.Missing(); len(missing) > 0 {
		return c.JSON(http.StatusServiceUnavailable, map[string]any{"status": "unavailable", "missing": missing})
	}
	if why := s.DB.Unwritable(ctx); why != "" { // reading works: that is not a reason to send nobody here
		return c.JSON(http.StatusOK, map[string]string{"status": "ready", "writes": "unavailable", "detail": why})
	}
	return c.JSON(http.StatusOK, map[string]string{"status": "ready"})
}

// Needs are the tables and columns that the enabled modules need.
func (s *Server) Needs() []schema.Need {
	var needs []schema.Need
	for _, i := range s.Instances {
		needs = append(needs, i.Needs()...)
	}
	if s.auditTable.DB != nil {
		needs = append(needs, audit.Needs())
	}
	return append(needs, instance.Needs())
}

// openAudit makes the audit log that AUDIT_LOG asks for.
func (s *Server) openAudit() {
	var sink audit.Sink
	switch path, file := s.conf.AuditLog.File(); {
	case file:
		sink = audit.NewFile(path)
	case s.conf.AuditLog == config.AuditTable:
		s.auditTable = audit.Table{DB: s.DB}
		sink = s.auditTable
	default:
		return
	}
	s.audit = audit.New(sink, audit.Options{Process: mutation.Holder(), OnlySingle: s.conf.AuditReads == config.AuditSingle, Block: s.conf.AuditFull == config.AuditBlock,
		Log: s.log, Count: s.metrics.Audit})
}

// CheckAudit says why the audit log cannot be kept, if it cannot. It makes its file.
func (s *Server) CheckAudit() error {
	path, ok := s.conf.AuditLog.File()
	if !ok {
		return nil
	}
	if err := audit.NewFile(path).Check(); err != nil {
		return fmt.Errorf("AUDIT_LOG=%q: %w", string(s.conf.AuditLog), err)
	}
	return nil
}

// Close writes what the audit log still holds. Serve does it; call it after Work.
func (s *Server) Close() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Duration(s.conf.ShutdownTimeout))
	defer cancel()
	s.audit.Close(ctx)
}

// Missing lists what the database lacks, a line each.
func (s *Server) Missing() []string {
	missing := schema.Missing(s.DB.Columns(), s.Needs())
	if why := s.DB.NoJSON(); why != "" {
		missing = append(missing, why)
	}
	return missing
}

// Listen takes the address that the configuration names, before anything is done for it.
func Listen(conf *config.Config) (net.Listener, error) {
	l, err := net.Listen("tcp", string(conf.Listen))
	if err != nil {
		return nil, fmt.Errorf("LISTEN=%q: %w", conf.Listen, err)
	}
	return l, nil
}

// Serve answers until ctx ends. Then it says at /readyz for DRAIN_DELAY that it is not ready, and still answers, so
// that a gateway that asks goes around it without an error; after that running requests and mutations may
// finish within SHUTDOWN_TIMEOUT. It closes listener.
func (s *Server) Serve(ctx context.Context, listener net.Listener, listening func(addr string)) error {
	h := &http.Server{Handler: s.echo, ReadHeaderTimeout: time.Duration(s.conf.ReadHeaderTimeout), ReadTimeout: time.Duration(s.conf.RequestTimeout),
		WriteTimeout: time.Duration(s.conf.RequestTimeout) + 10*time.Second, IdleTimeout: time.Duration(s.conf.IdleTimeout), MaxHeaderBytes: 64 << 10}
	background, stop := context.WithCancel(context.WithoutCancel(ctx))
	var running sync.WaitGroup
	running.Go(func() { s.Work(background, 1) })
	leave := s.Announce(ctx, "serve")
	defer leave()
	failed := make(chan error, 1)
	go func() { failed <- h.Serve(listener) }()
	listening(listener.Addr().String())
	var err error
	select {
	case err = <-failed:
	case <-ctx.Done():
		if delay := time.Duration(s.conf.DrainDelay); delay > 0 {
			s.draining.Store(true)
			s.log.Info("stopping: /readyz tells it, requests are still answered", "for", delay.String())
			select {
			case err = <-failed:
			case <-time.After(delay):
			}
		}
		stop() // queued mutations are left to others, while requests finish
		s.log.Info("stopping: running requests may finish", "within", time.Duration(s.conf.ShutdownTimeout).String())
		limit, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Duration(s.conf.ShutdownTimeout))
		defer cancel()
		err = h.Shutdown(limit)
	}
	stop()
	running.Wait()
	s.Close()
	if errors.Is(err, http.ErrServerClosed) {
		err = nil
	}
	return err
}

// Announce keeps the process in the list of those that run on the database, until leave is called.
func (s *Server) Announce(ctx context.Context, role string) (leave func()) {
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	p := instance.Process{ID: mutation.Holder(), Role: role, Version: build.Version, Roots: s.conf.SiteRoot.String(), SchemaStep: migrate.Latest()}
	if len(s.Instances) > 0 {
		var enabled []string
		for _, m := range s.Instances[0].Describe().Modules {
			if m.Enabled {
				enabled = append(enabled, strings.TrimSpace(m.Name+" "+m.Version))
			}
		}
		p.Modules = strings.Join(enabled, ", ")
		if name := s.Instances[0].o.Chosen.Contract.Name; name != "" {
			p.Contract = &name
		}
	}
	var keeping sync.WaitGroup
	keeping.Go(func() { s.registry().Keep(ctx, p) })
	return func() { cancel(); keeping.Wait() }
}

func (s *Server) registry() instance.Registry { return instance.Registry{DB: s.DB, Log: s.log} }

// Work executes queued mutations with n workers per instance, and the daily jobs, until ctx ends. A
// serving process does it too: it takes over what dead processes left.
func (s *Server) Work(ctx context.Context, n int) {
	var running sync.WaitGroup
	scheduler := mutation.NewScheduler(s.DB, s.clock, s.log)
	seen := map[string]bool{}
	for _, i := range s.Instances {
		if i.schema != nil && i.schema.Mutation != nil {
			running.Go(func() { i.Mutations.Run(ctx, n) })
		}
		for _, j := range i.Jobs() {
			if seen[j.Name] {
				continue
			}
			seen[j.Name] = true
			running.Go(func() {
				scheduler.Daily(ctx, j.Name, j.At, func(ctx context.Context, _ time.Time) error { return j.Run(ctx) })
			})
		}
	}
	for _, i := range s.Instances { // one server's is enough: they have the same resources
		if i.fhir != nil && s.DB.Offers("imis_subscription", "") {
			feed := &subscription.Feed{Service: i.subscriptions, Principals: s.store.Principal, Log: s.log}
			running.Go(func() { feed.Run(ctx) })
			break
		}
	}
	if s.broker != nil {
		running.Go(func() {
			s.broker.Run(ctx, func() {
				for _, i := range s.Instances {
					i.Mutations.Wake()
				}
			})
		})
	}
	running.Wait()
}
