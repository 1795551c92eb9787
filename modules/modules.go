// Package modules is the registry of the openIMIS modules: what a module is (Module and the small
// interfaces that it may add), which are enabled, and what they need. cmd/server lists the modules
// explicitly; nothing registers itself.
//
// Start with Module, then Choose (choice.go), Root (root.go) and Contract (contract.go).
package modules

import (
	"context"
	"log/slog"
	"strings"
	"time"

	"github.com/labstack/echo/v4"
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/openimis/openimis-be-go/internal/clock"
	"github.com/openimis/openimis-be-go/internal/db"
	"github.com/openimis/openimis-be-go/internal/entity"
	"github.com/openimis/openimis-be-go/internal/mutation"
	"github.com/openimis/openimis-be-go/internal/schema"
	apifhir "github.com/openimis/openimis-be-go/modules/api_fhir"
)

// Module is one openIMIS module. Its value is made once for each mounted instance.
type Module interface {
	// Name is the module's name in openimis.json: core, location, …
	Name() string
	// Requires names the modules whose rules and tables this one works with. They need not be enabled:
	// that decides which surface an instance serves, and their code is always there. The database must
	// have their tables.
	Requires() []string
}

// The optional interfaces. A module states with interface guards which ones it implements.
type (
	// GraphQL adds to the schema: a Face for each contract that the module speaks.
	GraphQL interface{ GraphQL() []Face }
	// Earlier adds what earlier releases served and the module's Face does not. It is asked on every
	// instance, whether the module is enabled or not, for fields have moved between modules.
	Earlier interface{ Earlier(pinned Pins) []Face }
	// Entities describes tables behind GraphQL types.
	Entities interface{ Model() entity.Model }
	// FHIR adds resources to the FHIR server.
	FHIR interface{ Resources() []apifhir.Resource }
	// Routes adds HTTP routes below the mount prefix, after authentication.
	Routes interface{ Routes(g *echo.Group) }
	// Jobs adds work done every day on one instance only.
	Jobs interface{ Jobs() []Job }
	// Database states the tables and columns that the module needs.
	Database interface{ Needs() []schema.Need }
	// Defaults gives the default of the module's configuration (core_ModuleConfiguration, layer be).
	Defaults interface{ DefaultConfig() map[string]any }
)

// Face is what a module adds to the GraphQL schema of one contract.
type Face struct {
	Contract string // the Name of a Contract
	SDL      string // its .graphql file, in the short form of package sdl
	Roots    []Root // its root fields
}

// Job is daily work: it runs once a day at the time of day At, in UTC.
type Job struct {
	Name string
	At   time.Duration
	Run  func(ctx context.Context) error
}

// App is what a module is made with.
type App struct {
	DB        *db.DB
	Clock     clock.Clock
	Log       *slog.Logger
	Entities  *entity.Engine
	Mutations *mutation.Service
	// Schema gives the instance's schema, once it is put together.
	Schema func() *ast.Schema
	// Config gives a module's effective configuration: its defaults with the newest row of
	// core_ModuleConfiguration over them.
	Config func(module string) Config
	// PhotoRoot is the folder of the insurees' photos; "" when there is none.
	PhotoRoot string
}

// Currency is the currency of all amounts, as FHIR writes it: three letters of ISO 4217, from the configuration
// of the module core (member currency). The legacy database does not say it; without a setting it is USD.
func (a *App) Currency() string {
	if a.Config != nil {
		if c := a.Config("core").Text("currency"); len(c) == 3 {
			return strings.ToUpper(c)
		}
	}
	return "USD"
}

// Config is the configuration of a module.
type Config map[string]any

// Ints reads a list of whole numbers.
func (c Config) Ints(key string) []int {
	var out []int
	list, _ := c[key].([]any)
	for _, v := range list {
		if n, ok := v.(float64); ok {
			out = append(out, int(n))
		}
	}
	return out
}

// Int reads a whole number; 0 when there is none.
func (c Config) Int(key string) int { n, _ := c[key].(float64); return int(n) }

// Text reads a text.
func (c Config) Text(key string) string { s, _ := c[key].(string); return s }

// Receipt answers a mutation: the log row's id and what the client called it.
type Receipt struct {
	InternalID       *string
	ClientMutationID *string
}
