// Package server puts an instance together: the enabled modules over a database, behind one mount
// prefix. Start with NewInstance; Server (server.go) serves several of them.
package server

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/labstack/echo/v4"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/openimis/openimis-be-go/graph"
	"github.com/openimis/openimis-be-go/internal/admission"
	"github.com/openimis/openimis-be-go/internal/audit"
	"github.com/openimis/openimis-be-go/internal/auth"
	"github.com/openimis/openimis-be-go/internal/build"
	"github.com/openimis/openimis-be-go/internal/clock"
	"github.com/openimis/openimis-be-go/internal/config"
	"github.com/openimis/openimis-be-go/internal/db"
	endedstore "github.com/openimis/openimis-be-go/internal/endedsession/store"
	"github.com/openimis/openimis-be-go/internal/entity"
	"github.com/openimis/openimis-be-go/internal/fault"
	"github.com/openimis/openimis-be-go/internal/graphqlhttp"
	"github.com/openimis/openimis-be-go/internal/mutation"
	"github.com/openimis/openimis-be-go/internal/schema"
	"github.com/openimis/openimis-be-go/internal/sdl"
	"github.com/openimis/openimis-be-go/internal/telemetry"
	"github.com/openimis/openimis-be-go/internal/tracing"
	"github.com/openimis/openimis-be-go/modules"
	apifhir "github.com/openimis/openimis-be-go/modules/api_fhir"
	"github.com/openimis/openimis-be-go/modules/api_fhir/auditevent"
	"github.com/openimis/openimis-be-go/modules/api_fhir/subscription"
	"github.com/openimis/openimis-be-go/modules/core"
)

// Constructor makes a module for an instance.
type Constructor func(app *modules.App) modules.Module

// InstanceOptions are what an instance is made of.
type InstanceOptions struct {
	Root       string // api or iapi
	Chosen     modules.Chosen
	Compiled   []Constructor
	DB         *db.DB
	Clock      clock.Clock // of stamps and of today (db.DB.Now)
	Instants   clock.Clock // of what ends at a moment, wherever one is: leases, sessions; default Clock
	Log        *slog.Logger
	Metrics    *telemetry.Metrics
	Principals func(ctx context.Context, username string) (*auth.Principal, error)
	ListCap    int
	MaxBody    int64
	PhotoRoot  string
	// SubscriptionTargets are where FHIR subscriptions may send to beside public addresses.
	SubscriptionTargets []string
	Async               bool
	Drain               time.Duration // how long mutations may go on when the process stops
	Wake                func(id string)
	BaseURL             func(r *http.Request) string
	FHIRStatus          config.FHIRStatus
	Gate                *admission.Gate // shared by the instances of a process
	Memory              *entity.Memory
	Audit               *audit.Log // nil: off
	AuditTable          audit.Table
	Operator            echo.HandlerFunc // the operator's page; nil: none
}

// Instance is the enabled modules behind one mount prefix.
type Instance struct {
	o             InstanceOptions
	all           []modules.Module // compiled in: their code and rules are there on every instance
	modules       []modules.Module // enabled: what the instance serves
	app           *modules.App
	schema        *ast.Schema
	graphql       *graphqlhttp.Handler
	fhir          *apifhir.Server
	subscriptions *subscription.Service
	// fhirRelease is what /api_fhir speaks; /api_fhir_r4 always speaks R4.
	fhirRelease apifhir.Release
	access      map[string]auth.Access
	Mutations   *mutation.Service
}

// Names lists the compiled-in modules in order.
func Names(list []Constructor) []string {
	var names []string
	for _, c := range list {
		names = append(names, c(&modules.App{}).Name())
	}
	return names
}

// NewInstance makes the modules, puts their schema together and checks that all fits. An error is one
// clear sentence for the operator.
func NewInstance(o InstanceOptions) (*Instance, error) {
	if o.Gate == nil {
		o.Gate = admission.New(admission.Options{})
	}
	if o.Instants == nil {
		o.Instants = o.Clock
	}
	i := &Instance{o: o, access: map[string]auth.Access{}}
	i.app = &modules.App{DB: o.DB, Clock: o.Clock, Log: o.Log, PhotoRoot: o.PhotoRoot,
		Entities: &entity.Engine{DB: o.DB, Clock: o.Clock, ListCap: o.ListCap, Spelling: o.Chosen.Contract.Spelling},
		Schema:   func() *ast.Schema { return i.schema },
	}
	i.app.Config = i.config
	pins := o.Chosen.Pins
	registry := mutation.NewRegistry()
	i.Mutations = mutation.New(o.DB, registry, mutation.Options{Contract: o.Chosen.Contract.Name, Unmarked: o.Chosen.Contract.Unmarked, Async: o.Async, Drain: o.Drain, Principals: o.Principals, Clock: o.Instants, Stamps: o.Clock, Log: o.Log, Wake: o.Wake, Audit: o.Audit,
		Finished: func(e mutation.Event) { o.Metrics.Mutation(mutationStatus(e.Status)) }})
	i.app.Mutations = i.Mutations
	for _, c := range o.Compiled {
		m := c(i.app)
		i.all = append(i.all, m)
		if pins.Has(m.Name()) {
			i.modules = append(i.modules, m)
		}
	}
	if err := i.assemble(registry); err != nil {
		return nil, err
	}
	if pins.Has(modules.FHIRModule) {
		if err := i.assembleFHIR(pins[modules.FHIRModule]); err != nil {
			return nil, err
		}
	}
	return i, nil
}

func mutationStatus(status int) telemetry.MutationStatus {
	switch status {
	case mutation.Done:
		return telemetry.MutationSuccess
	case mutation.Failed:
		return telemetry.MutationError
	}
	return telemetry.MutationTakenOver
}

// assemble puts schema, entities, rights and mutations together.
func (i *Instance) assemble(registry *mutation.Registry) error {
	contract := i.o.Chosen.Contract
	base := sdl.Source{Module: "the contract", Text: contract.SDL}
	enabled, all := []sdl.Source{base}, []sdl.Source{base}
	var disabled []sdl.Source
	var models []entity.Model
	var roots []modules.Root
	for _, m := range i.all {
		if g, ok := m.(modules.GraphQL); ok {
			for _, face := range g.GraphQL() {
				if face.Contract != contract.Name {
					continue
				}
				source := sdl.Source{Module: m.Name(), Text: face.SDL}
				all = append(all, source)
				if !i.o.Chosen.Pins.Has(m.Name()) {
					disabled = append(disabled, source)
					continue
				}
				enabled = append(enabled, source)
				roots = append(roots, face.Roots...)
			}
		}
		if e, ok := m.(modules.Earlier); ok {
			for _, face := range e.Earlier(i.o.Chosen.Pins) {
				if face.Contract == contract.Name {
					enabled = append(enabled, sdl.Source{Module: m.Name(), Text: face.SDL})
					roots = append(roots, face.Roots...)
				}
			}
		}
		if e, ok := m.(modules.Entities); ok {
			models = append(models, e.Model())
		}
	}
	// Rows are described and loaded by the schema of all modules, whichever of them are served.
	whole, err := sdl.Assemble(all)
	if err != nil {
		return err
	}
	if i.app.Entities.Registry, err = entity.NewRegistry(whole, models...); err != nil {
		return err
	}
	var left []sdl.LeftOut
	if i.schema, left, err = sdl.AssembleEnabled(enabled, disabled); err != nil {
		return err
	}
	roots = i.leaveOut(roots, left)
	for _, r := range roots {
		i.access[r.Name] = r.Access
		if r.Mutation != nil {
			if err := registry.Add(r.Name, *r.Mutation); err != nil {
				return err
			}
		}
	}
	if i.schema == nil {
		i.o.Log.Warn("no enabled module has a query: GraphQL is not served", "root", i.o.Root)
		return nil
	}
	es, err := graph.Compose(i.schema, roots, contract.Scalars, func(ctx context.Context, name string) (*modules.Receipt, error) {
		return modules.Mutate(ctx, i.app, contract, name)
	})
	if err != nil {
		return err
	}
	i.graphql = graphqlhttp.New(es, contract.Wording, graphqlhttp.Limits{Body: i.o.MaxBody}, i.o.Log, gate{i.access, contract.Absent})
	i.graphql.Observe, i.graphql.Admit, i.graphql.Full = i.observe, i.admit, i.full
	return nil
}

// leaveOut drops the root fields that the schema does not have, and says what else it does not have.
func (i *Instance) leaveOut(roots []modules.Root, left []sdl.LeftOut) []modules.Root {
	if len(left) == 0 {
		return roots
	}
	var names []string
	for _, l := range left {
		names = append(names, l.String())
	}
	slices.Sort(names)
	i.o.Log.Info("left out of the schema, for their modules are not enabled", "root", i.o.Root, "fields", strings.Join(names, ", "))
	return slices.DeleteFunc(roots, func(r modules.Root) bool {
		owner := i.schemaRoot(r)
		return slices.ContainsFunc(left, func(l sdl.LeftOut) bool { return l.Field == r.Name && l.Type == owner }) && !i.serves(owner, r.Name)
	})
}

// schemaRoot is the type that a root field belongs to.
func (*Instance) schemaRoot(r modules.Root) string {
	if r.Mutation != nil {
		return "Mutation"
	}
	return "Query"
}

// serves says whether the schema has a root field; it may have it without an argument that was left out.
func (i *Instance) serves(owner, field string) bool {
	return i.schema != nil && i.schema.Types[owner] != nil && i.schema.Types[owner].Fields.ForName(field) != nil
}

func (i *Instance) observe(ctx context.Context, kind string, roots []string, took time.Duration, failed bool) {
	var err error
	if failed {
		err = fault.New(fault.Invalid, "failed")
	}
	for _, f := range roots {
		i.o.Metrics.Operation(kind, f, took, err)
		tracing.Past(ctx, kind+" "+f, took, failed, "graphql.operation.type", kind, "graphql.field", f)
	}
	telemetry.Of(ctx).SetOperation(strings.Join(roots, " "))
}

// gate checks the access rule of every root field before its resolver runs. absent is what the contract has in the
// place of those without an answer; it may be nil.
type gate struct {
	access map[string]auth.Access
	absent func(op *graphql.OperationContext, f graphql.CollectedField) graphql.Marshaler
}

func (gate) ExtensionName() string                   { return "Access" }
func (gate) Validate(graphql.ExecutableSchema) error { return nil }

// InterceptRootField implements graphql.RootFieldInterceptor.
func (g gate) InterceptRootField(ctx context.Context, next graphql.RootResolver) graphql.Marshaler {
	f := graphql.GetRootFieldContext(ctx).Field
	if strings.HasPrefix(f.Name, "__") {
		return next(ctx)
	}
	audit.From(ctx).SetOperation(f.Name)
	m := g.checked(ctx, f, next)
	if m == graphql.Null && g.absent != nil {
		if instead := g.absent(graphql.GetOperationContext(ctx), f); instead != nil {
			return instead
		}
	}
	return m
}

func (g gate) checked(ctx context.Context, f graphql.CollectedField, next graphql.RootResolver) graphql.Marshaler {
	if err := g.access[f.Name].Check(auth.From(ctx), f.Name); err != nil {
		e := &gqlerror.Error{Err: err, Message: fault.Message(err), Path: ast.Path{ast.PathName(f.Alias)}}
		if f.Position != nil {
			e.Locations = []gqlerror.Location{{Line: f.Position.Line, Column: f.Position.Column}}
		}
		graphql.AddError(ctx, e)
		return graphql.Null
	}
	return next(ctx)
}

// assembleFHIR makes the FHIR server of the modules' resources.
func (i *Instance) assembleFHIR(version string) error {
	release, err := apifhir.ReleaseOf(version)
	if err != nil {
		return fmt.Errorf("module %s: %w", modules.FHIRModule, err)
	}
	i.fhirRelease = release
	var resources []apifhir.Resource
	for _, m := range i.all { // whichever GraphQL modules are enabled
		if f, ok := m.(modules.FHIR); ok {
			resources = append(resources, f.Resources()...)
		}
	}
	i.subscriptions = &subscription.Service{DB: i.o.DB, Clock: i.o.Instants, Targets: subscription.ParseTargets(i.o.SubscriptionTargets)}
	resources = append(resources, i.subscriptions.Resource())
	events := new(auditevent.Service)
	if i.o.Audit != nil && i.o.AuditTable.DB != nil {
		resources = append(resources, events.Resource())
	}
	i.fhir, err = apifhir.New(apifhir.Config{DB: i.o.DB, BaseURL: i.o.BaseURL, MaxBody: i.o.MaxBody, Clock: i.o.Clock, Version: build.Version, Log: i.o.Log}, resources...)
	if err == nil {
		i.subscriptions.Serve(i.fhir)
		events.Serve(i.fhir)
	}
	return err
}

// Needs are the tables and columns that the instance needs: those of the enabled modules, of the modules
// whose FHIR resources are served, and of the modules that these work with.
func (i *Instance) Needs() []schema.Need {
	needed := map[string]bool{}
	var add func(name string)
	add = func(name string) {
		if needed[name] {
			return
		}
		needed[name] = true
		for _, m := range i.all {
			if m.Name() == name {
				for _, other := range m.Requires() {
					add(other)
				}
			}
		}
	}
	for _, m := range i.all {
		if _, resources := m.(modules.FHIR); i.o.Chosen.Pins.Has(m.Name()) || resources && i.fhir != nil {
			add(m.Name())
		}
	}
	var needs []schema.Need
	for _, m := range i.all {
		if d, ok := m.(modules.Database); ok && needed[m.Name()] {
			needs = append(needs, d.Needs()...)
		}
	}
	return needs
}

// Jobs are the daily jobs of the enabled modules.
func (i *Instance) Jobs() []modules.Job {
	var jobs []modules.Job
	for _, m := range i.modules {
		if j, ok := m.(modules.Jobs); ok {
			jobs = append(jobs, j.Jobs()...)
		}
	}
	return jobs
}

// Schema is the GraphQL schema of the instance, nil when it serves no GraphQL.
func (i *Instance) Schema() *ast.Schema { return i.schema }

// Mount adds the routes of the instance to e; a finds the principal of a request, for what known does.
func (i *Instance) Mount(e *echo.Echo, a *auth.Authenticator, known echo.MiddlewareFunc) {
	watched := func(way string) echo.MiddlewareFunc { return i.o.Audit.Middleware(way, a.Address) }
	signed := e.Group("/"+i.o.Root, auth.Middleware(a, auth.RenderErrors), known, named)
	if i.graphql != nil {
		for _, path := range []string{"/graphql", "/graphql/"} {
			signed.Any(path, echo.WrapHandler(i.graphql), watched(audit.GraphQL))
		}
	}
	g := signed.Group("", watched(audit.HTTP))
	if i.o.Operator != nil {
		for _, path := range []string{"", "/"} {
			g.Match([]string{http.MethodGet, http.MethodHead}, path, i.o.Operator)
		}
	}
	for _, path := range []string{"/audit", "/audit/"} {
		g.GET(path, i.o.Audit.Route(i.o.AuditTable))
	}
	for _, path := range []string{"/version", "/version/"} {
		g.Match([]string{http.MethodGet, http.MethodHead}, path, func(c echo.Context) error { return c.JSON(http.StatusOK, i.Describe()) })
	}
	(&endedstore.Sessions{DB: i.o.DB, Clock: i.o.Instants}).Routes(g)
	for _, m := range i.modules { // who is signed in, photos: these need no turn
		if r, ok := m.(modules.Routes); ok {
			r.Routes(g)
		}
	}
	if i.fhir != nil {
		for path, mount := range map[string]apifhir.Mount{
			"/api_fhir_r4": {Release: apifhir.R4},
			"/api_fhir":    {Release: i.fhirRelease, Compat: true},
		} {
			switch i.o.FHIRStatus {
			case config.StatusCompat:
				mount.Refusals500 = true
			case config.StatusStrict:
				mount.Refusals500 = false
			default:
				mount.Refusals500 = mount.Compat
			}
			for _, login := range []string{"/login", "/login/"} {
				e.POST("/"+i.o.Root+path+login, auth.LoginRoute(a, i.fhir.RenderError))
				e.Match([]string{http.MethodGet, http.MethodHead, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions}, "/"+i.o.Root+path+login, i.fhir.OnlyPost)
			}
			i.fhir.Mount(e.Group("/"+i.o.Root+path, auth.Middleware(a, i.fhir.RenderError), known, named, watched(audit.FHIR), i.countFHIR, i.admitHTTP(i.fhir.RenderError)), mount)
		}
	}
}

// countFHIR counts an interaction and names it in the request log.
func (i *Instance) countFHIR(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		start := time.Now()
		err := next(c)
		resource, rest, _ := strings.Cut(strings.Trim(c.Param("*"), "/"), "/")
		interaction := "search"
		switch method := c.Request().Method; {
		case resource == "metadata":
			interaction = "capabilities"
		case rest == "_search":
		case method == http.MethodPost:
			interaction = "create"
		case method == http.MethodPut:
			interaction = "update"
		case method == http.MethodPatch:
			interaction = "patch"
		case method == http.MethodDelete:
			interaction = "delete"
		case strings.HasSuffix(rest, "/_history"):
			interaction = "history"
		case strings.Contains(rest, "/_history/"):
			interaction = "vread"
		case rest != "":
			interaction = "read"
		}
		if resource == "" {
			interaction = "bundle"
		}
		release := "r4"
		if strings.HasSuffix(c.Path(), "/api_fhir/*") && i.fhirRelease == apifhir.STU3 {
			release = "stu3"
		}
		i.o.Metrics.FHIR(release, resource, interaction, c.Response().Status, time.Since(start))
		telemetry.Of(c.Request().Context()).SetOperation("FHIR " + interaction + " " + resource)
		tracing.Past(c.Request().Context(), "FHIR "+interaction+" "+resource, time.Since(start), c.Response().Status >= http.StatusInternalServerError, "fhir.release", release)
		return err
	}
}

// FHIR is the FHIR server of the instance, nil when it has none.
func (i *Instance) FHIR() *apifhir.Server { return i.fhir }

// Access gives the access rule of every root field, for tests of the rights.
func (i *Instance) Access() map[string]auth.Access { return maps.Clone(i.access) }

// named tells the request log who is signed in.
func named(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		if p := auth.From(c.Request().Context()); p != nil {
			telemetry.Of(c.Request().Context()).SetUser(p.Username)
		}
		return next(c)
	}
}

// config gives a module's configuration: its defaults, with the newest row of the database over them.
// A row that is not a JSON object is reported and left aside, as the Python backend did.
func (i *Instance) config(name string) modules.Config {
	c := modules.Config{}
	for _, m := range i.all {
		if d, ok := m.(modules.Defaults); ok && m.Name() == name {
			maps.Copy(c, d.DefaultConfig())
		}
	}
	if i.o.DB == nil || !i.o.DB.Offers("core_ModuleConfiguration", "config") {
		return c
	}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	text, err := (&core.Store{DB: i.o.DB}).Backend(ctx, name, i.o.Clock())
	if err != nil {
		i.o.Log.Error("module configuration: using the defaults", "module", name, "error", err)
		return c
	}
	if text == "" {
		return c
	}
	var row map[string]any
	if err := json.Unmarshal([]byte(text), &row); err != nil {
		i.o.Log.Error("module configuration is not a JSON object: using the defaults", "module", name, "error", err)
		return c
	}
	maps.Copy(c, row)
	return c
}
