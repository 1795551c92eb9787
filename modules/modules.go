// Package modules is the registry of the openIMIS modules: what a module is (Module and the small
// interfaces that it may add), which are enabled, and what they need. cmd/server lists the modules
// explicitly; nothing registers itself.
//
// Start with Module, then Check.
package modules

import (
	"context"
	"fmt"
	"log/slog"
	"sort"
	"strings"
	"time"

	"github.com/labstack/echo/v4"
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/openimis/openimis-be-go/graph/scalar"
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
	// Requires names the modules without which this one cannot work.
	Requires() []string
}

// The optional interfaces. A module states with interface guards which ones it implements.
type (
	// GraphQL adds to the schema: a Face for each contract that the module speaks.
	GraphQL interface{ GraphQL() []Face }
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

// Contract is what GraphQL clients of some releases send and expect, as a value.
type Contract struct {
	Name string
	// Scalars spells the scalars of the schema.
	Scalars map[string]scalar.Scalar
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

// Choice is a module as the operator lists it.
type Choice struct {
	Name    string
	Version string // "" means the contract of 2019, for api_fhir R4
}

// Contract is the wire contract that a pinned version speaks: "2019" for 0.0.x and none, else "current".
// Only the 2019 contract is served so far; api_fhir has its own rule (see api_fhir.Release).
func (c Choice) Contract() string {
	if c.Version == "" || strings.HasPrefix(c.Version, "0.0.") || c.Name == "api_fhir" {
		return "2019"
	}
	return "current"
}

// Check finds what is wrong with a list of enabled modules: unknown names, missing requirements,
// contracts that are not served. compiled gives every module's requirements.
func Check(choices []Choice, compiled map[string][]string) error {
	enabled := map[string]bool{}
	for _, c := range choices {
		if _, ok := compiled[c.Name]; !ok {
			return fmt.Errorf("unknown module %q; compiled in are: %s", c.Name, strings.Join(names(compiled), ", "))
		}
		if enabled[c.Name] {
			return fmt.Errorf("module %q is listed twice", c.Name)
		}
		if c.Contract() != "2019" {
			return fmt.Errorf("module %s is pinned to version %s, which speaks the current contract; this release serves the contract of 2019 (0.0.x)", c.Name, c.Version)
		}
		enabled[c.Name] = true
	}
	if len(choices) == 0 {
		return fmt.Errorf("no module is enabled")
	}
	for _, c := range choices {
		for _, need := range compiled[c.Name] {
			if !enabled[need] {
				return fmt.Errorf("module %s needs module %s, which is not enabled", c.Name, need)
			}
		}
	}
	return nil
}

func names(compiled map[string][]string) []string {
	list := make([]string, 0, len(compiled))
	for n := range compiled {
		list = append(list, n)
	}
	sort.Strings(list)
	return list
}

// Receipt answers a mutation: the log row's id and what the client called it.
type Receipt struct {
	InternalID       *string
	ClientMutationID *string
}
