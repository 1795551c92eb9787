// Command server is openIMIS' backend: `server` serves, `server worker` executes queued mutations, and
// the other subcommands look after the database. See the README for the environment variables.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	_ "time/tzdata" // for TIME_ZONE on machines without a time zone database

	"github.com/openimis/openimis-be-go/internal/config"
	"github.com/openimis/openimis-be-go/internal/server"
	"github.com/openimis/openimis-be-go/internal/service"
	"github.com/openimis/openimis-be-go/modules"
	"github.com/openimis/openimis-be-go/modules/claim"
	"github.com/openimis/openimis-be-go/modules/claim_batch"
	"github.com/openimis/openimis-be-go/modules/contribution"
	"github.com/openimis/openimis-be-go/modules/core"
	"github.com/openimis/openimis-be-go/modules/insuree"
	"github.com/openimis/openimis-be-go/modules/location"
	"github.com/openimis/openimis-be-go/modules/medical"
	"github.com/openimis/openimis-be-go/modules/medical_pricelist"
	"github.com/openimis/openimis-be-go/modules/policy"
	"github.com/openimis/openimis-be-go/modules/product"
)

// compiled is the explicit list of modules, in the order of their dependencies.
var compiled = []server.Constructor{
	func(a *modules.App) modules.Module { return core.New(a) },
	func(a *modules.App) modules.Module { return location.New(a) },
	func(a *modules.App) modules.Module { return medical.New(a) },
	func(a *modules.App) modules.Module { return medical_pricelist.New(a) },
	func(a *modules.App) modules.Module { return product.New(a) },
	func(a *modules.App) modules.Module { return insuree.New(a) },
	func(a *modules.App) modules.Module { return policy.New(a) },
	func(a *modules.App) modules.Module { return contribution.New(a) },
	func(a *modules.App) modules.Module { return claim.New(a) },
	func(a *modules.App) modules.Module { return claim_batch.New(a) },
}

func main() {
	args, err := config.FromFiles(os.Args[1:])
	if err == nil {
		err = service.Main("openimis-server", func(ctx context.Context) error { return run(ctx, args) })
	}
	if err != nil {
		if !errors.Is(err, errUsage) {
			fmt.Fprintln(os.Stderr, "server:", err)
		}
		os.Exit(1)
	}
}
