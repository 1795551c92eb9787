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
	"strings"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/labstack/echo/v4"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/openimis/openimis-be-go/graph"
	"github.com/openimis/openimis-be-go/internal/auth"
	"github.com/openimis/openimis-be-go/internal/clock"
	"github.com/openimis/openimis-be-go/internal/db"
	"github.com/openimis/openimis-be-go/internal/endedsession"
	"github.com/openimis/openimis-be-go/internal/entity"
	"github.com/openimis/openimis-be-go/internal/fault"
	"github.com/openimis/openimis-be-go/internal/graphqlhttp"
	"github.com/openimis/openimis-be-go/internal/mutation"
	"github.com/openimis/openimis-be-go/internal/schema"
	"github.com/openimis/openimis-be-go/internal/sdl"
	"github.com/openimis/openimis-be-go/internal/telemetry"
	"github.com/openimis/openimis-be-go/modules"
	apifhir "github.com/openimis/openimis-be-go/modules/api_fhir"
	"github.com/openimis/openimis-be-go/modules/core"
)

// Constructor makes a module for an instance.
type Constructor func(app *modules.App) modules.Module

// Version is the version of the program, set when it is built.
var Version = "dev"

// fhirModule is the name that switches the FHIR server on; it is no Module, for it knows none of them.
const fhirModule = "api_fhir"

// InstanceOptions are what an instance is made of.
type InstanceOptions struct {
	Root       string // api or iapi
	Choices    []modules.Choice
	Compiled   []Constructor
	Contract   modules.Contract
	DB         *db.DB
	Clock      clock.Clock
	Log        *slog.Logger
	Metrics    *telemetry.Metrics
	Principals func(ctx context.Context, username string) (*auth.Principal, error)
	ListCap    int
	MaxBody    int64
	PhotoRoot  string
	Async      bool
	Wake       func(id string)
	BaseURL    func(r *http.Request) string
}

// Instance is the enabled modules behind one mount prefix.
type Instance struct {
	o         InstanceOptions
	modules   []modules.Module
	app       *modules.App
	schema    *ast.Schema
	graphql   *graphqlhttp.Handler
	fhir      *apifhir.Server
	fhirSTU3  bool
	access    map[string]auth.Access
	Mutations *mutation.Service
}

// Compiled gives the names of all modules with what each requires.
func Compiled(list []Constructor) map[string][]string {
	all := map[string][]string{fhirModule: nil}
	for _, c := range list {
		m := c(&modules.App{})
		all[m.Name()] = m.Requires()
	}
	return all
}

// Names lists the compiled-in modules in order.
func Names(list []Constructor) []string {
	var names []string
	for _, c := range list {
		names = append(names, c(&modules.App{}).Name())
	}
	return append(names, fhirModule)
}

// NewInstance makes the modules, puts their schema together and checks that all fits. An error is one
// clear sentence for the operator.
func NewInstance(o InstanceOptions) (*Instance, error) {
	if err := modules.Check(o.Choices, Compiled(o.Compiled)); err != nil {
		return nil, err
	}
	i := &Instance{o: o, access: map[string]auth.Access{}}
	i.app = &modules.App{DB: o.DB, Clock: o.Clock, Log: o.Log, PhotoRoot: o.PhotoRoot,
		Entities: &entity.Engine{DB: o.DB, Clock: o.Clock, ListCap: o.ListCap},
		Schema:   func() *ast.Schema { return i.schema },
	}
	i.app.Config = i.config
	enabled := map[string]string{}
	for _, c := range o.Choices {
		enabled[c.Name] = c.Version
	}
	registry := mutation.NewRegistry()
	i.Mutations = mutation.New(o.DB, registry, mutation.Options{Async: o.Async, Principals: o.Principals, Clock: o.Clock, Log: o.Log, Wake: o.Wake,
		Finished: func(e mutation.Event) { o.Metrics.Mutation(mutationStatus(e.Status)) }})
	i.app.Mutations = i.Mutations
	for _, c := range o.Compiled {
		m := c(i.app)
		if _, on := enabled[m.Name()]; on {
			i.modules = append(i.modules, m)
		}
	}
	if err := i.assemble(registry); err != nil {
		return nil, err
	}
	if version, on := enabled[fhirModule]; on {
		if err := i.assembleFHIR(version); err != nil {
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
	var sources []sdl.Source
	var models []entity.Model
	var roots []modules.Root
	for _, m := range i.modules {
		if g, ok := m.(modules.GraphQL); ok {
			for _, face := range g.GraphQL() {
				if face.Contract == i.o.Contract.Name {
					sources = append(sources, sdl.Source{Module: m.Name(), Text: face.SDL})
					roots = append(roots, face.Roots...)
				}
			}
		}
		if e, ok := m.(modules.Entities); ok {
			models = append(models, e.Model())
		}
	}
	for _, r := range roots {
		i.access[r.Name] = r.Access
		if r.Mutation != nil {
			if err := registry.Add(r.Name, *r.Mutation); err != nil {
				return err
			}
		}
	}
	var err error
	if i.schema, err = sdl.Assemble(sources); err != nil {
		return err
	}
	if i.app.Entities.Registry, err = entity.NewRegistry(i.schema, models...); err != nil {
		return err
	}
	es, err := graph.Compose(i.schema, roots, i.o.Contract.Scalars, func(ctx context.Context, name string) (*modules.Receipt, error) {
		return modules.Mutate(ctx, i.app, name)
	})
	if err != nil {
		return err
	}
	i.graphql = graphqlhttp.New(es, graphqlhttp.Limits{Body: i.o.MaxBody}, i.o.Log, gate{i.access})
	i.graphql.Observe = i.observe
	return nil
}

func (i *Instance) observe(ctx context.Context, kind string, roots []string, took time.Duration, failed bool) {
	var err error
	if failed {
		err = fault.New(fault.Invalid, "failed")
	}
	for _, f := range roots {
		i.o.Metrics.Operation(kind, f, took, err)
	}
	telemetry.Of(ctx).SetOperation(strings.Join(roots, " "))
}

// gate checks the access rule of every root field before its resolver runs, and bounds the answer.
type gate struct{ access map[string]auth.Access }

func (gate) ExtensionName() string                   { return "Access" }
func (gate) Validate(graphql.ExecutableSchema) error { return nil }

// InterceptOperation implements graphql.OperationInterceptor.
func (gate) InterceptOperation(ctx context.Context, next graphql.OperationHandler) graphql.ResponseHandler {
	return next(entity.Bounded(ctx))
}

// InterceptRootField implements graphql.RootFieldInterceptor.
func (g gate) InterceptRootField(ctx context.Context, next graphql.RootResolver) graphql.Marshaler {
	f := graphql.GetRootFieldContext(ctx).Field
	if strings.HasPrefix(f.Name, "__") {
		return next(ctx)
	}
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
	release, err := apifhir.Release(version)
	if err != nil {
		return fmt.Errorf("module %s: %w", fhirModule, err)
	}
	if i.fhirSTU3 = release == apifhir.STU3; i.fhirSTU3 {
		i.o.Log.Warn("api_fhir is pinned to a release of FHIR STU3, which this program does not serve yet: /api_fhir stays empty, R4 is at /api_fhir_r4", "root", i.o.Root, "version", version)
	}
	var resources []apifhir.Resource
	for _, m := range i.modules {
		if f, ok := m.(modules.FHIR); ok {
			resources = append(resources, f.Resources()...)
		}
	}
	i.fhir, err = apifhir.New(apifhir.Config{BaseURL: i.o.BaseURL, MaxBody: i.o.MaxBody, Clock: i.o.Clock, Version: Version, Log: i.o.Log}, resources...)
	return err
}

// Needs are the tables and columns that the enabled modules need.
func (i *Instance) Needs() []schema.Need {
	var needs []schema.Need
	for _, m := range i.modules {
		if d, ok := m.(modules.Database); ok {
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

// Schema is the GraphQL schema of the instance.
func (i *Instance) Schema() *ast.Schema { return i.schema }

// Mount adds the routes of the instance to e; a finds the principal of a request.
func (i *Instance) Mount(e *echo.Echo, a *auth.Authenticator) {
	g := e.Group("/"+i.o.Root, auth.Middleware(a, auth.RenderErrors), named)
	for _, path := range []string{"/graphql", "/graphql/"} {
		g.Any(path, echo.WrapHandler(i.graphql))
	}
	for _, path := range []string{"/version", "/version/"} {
		g.Match([]string{http.MethodGet, http.MethodHead}, path, func(c echo.Context) error { return c.JSON(http.StatusOK, i.Describe()) })
	}
	(&endedsession.Sessions{DB: i.o.DB, Clock: i.o.Clock}).Routes(g)
	for _, m := range i.modules {
		if r, ok := m.(modules.Routes); ok {
			r.Routes(g)
		}
	}
	if i.fhir != nil {
		mounts := []string{"/api_fhir_r4"}
		if !i.fhirSTU3 {
			mounts = append(mounts, "/api_fhir")
		}
		for _, path := range mounts {
			for _, login := range []string{"/login", "/login/"} {
				e.POST("/"+i.o.Root+path+login, auth.LoginRoute(a, i.fhir.RenderError))
			}
			i.fhir.Mount(e.Group("/"+i.o.Root+path, auth.Middleware(a, i.fhir.RenderError), named, i.countFHIR))
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
		case method == http.MethodDelete:
			interaction = "delete"
		case rest != "":
			interaction = "read"
		}
		i.o.Metrics.FHIR("r4", resource, interaction, c.Response().Status, time.Since(start))
		telemetry.Of(c.Request().Context()).SetOperation("FHIR " + interaction + " " + resource)
		return err
	}
}

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
// A row that is no JSON object is reported and left aside, as the Python backend did.
func (i *Instance) config(name string) modules.Config {
	c := modules.Config{}
	for _, m := range i.modules {
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
		i.o.Log.Error("module configuration is no JSON object: using the defaults", "module", name, "error", err)
		return c
	}
	maps.Copy(c, row)
	return c
}
