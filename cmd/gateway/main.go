// Command gateway is the single entry of an openIMIS installation (package internal/gateway). It is set up
// by environment variables; `gateway config` prints them.
package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"sort"

	"github.com/openimis/openimis-be-go/internal/build"
	"github.com/openimis/openimis-be-go/internal/clock"
	"github.com/openimis/openimis-be-go/internal/config"
	"github.com/openimis/openimis-be-go/internal/gateway"
	"github.com/openimis/openimis-be-go/internal/service"
	"github.com/openimis/openimis-be-go/internal/telemetry"
	"github.com/openimis/openimis-be-go/internal/tracing"
)

const usage = `usage: gateway [--settings FILE]... [command]

  serve     route requests (the default)
  check     tell whether the servers behind the gateway answer
  config    print the effective configuration, secrets masked
  version   print version, commit, and the Go modules inside
`

func main() {
	args, err := config.FromFiles(os.Args[1:])
	if err == nil {
		err = service.Main("openimis-gateway", func(ctx context.Context) error { return run(ctx, args, os.Stdout) })
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "gateway:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, out io.Writer) error {
	command := "serve"
	if len(args) > 0 {
		command = args[0]
	}
	switch command {
	case "version", "--version":
		return build.Print(out)
	case "help", "--help", "-h":
		_, err := fmt.Fprint(out, usage)
		return err
	case "serve", "check", "config":
	default:
		return fmt.Errorf("unknown command %q\n\n%s", command, usage)
	}
	c, err := gateway.Load()
	if err != nil {
		return err
	}
	if command == "config" {
		return config.PrintSettings(out, config.Settings(c))
	}
	log := telemetry.NewLogger(service.LogTo(), slog.Level(c.LogLevel), string(c.LogFormat))
	g, err := gateway.New(c, clock.System, log)
	if err != nil {
		return err
	}
	if command == "check" {
		return g.Check(ctx, out)
	}
	end, err := tracing.Begin("openimis-gateway", build.Version, log)
	if err != nil {
		return err
	}
	defer end()
	return g.Serve(ctx, func(addresses map[string]string) {
		var names []string
		for name := range addresses {
			names = append(names, name)
		}
		sort.Strings(names)
		for _, name := range names {
			log.Info("listening", "what", name, "address", addresses[name])
		}
		service.Ready()
	})
}
