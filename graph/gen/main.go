// Command gen derives what gqlgen reads from the modules' .graphql files and runs gqlgen. It is run by
// go generate in the folder graph; its results are committed.
package main

import (
	"log"
	"os"
	"path/filepath"

	"github.com/99designs/gqlgen/api"
	"github.com/99designs/gqlgen/codegen/config"

	"github.com/openimis/openimis-be-go/graph/sources"
	"github.com/openimis/openimis-be-go/internal/sdl"
)

func main() {
	log.SetFlags(0)
	if err := run(); err != nil {
		log.Fatal(err)
	}
}

func run() error {
	all, err := sources.Read("../modules")
	if err != nil {
		return err
	}
	roots, err := sdl.Roots(all)
	if err != nil {
		return err
	}
	for _, pattern := range []string{"schema/*.graphql", "*.generated.go"} { // of modules that are gone
		old, err := filepath.Glob(pattern)
		if err != nil {
			return err
		}
		for _, f := range old {
			if err := os.Remove(f); err != nil {
				return err
			}
		}
	}
	for _, s := range roots {
		text := "# Derived by graph/gen from modules/" + s.Module + "; do not edit.\n" + s.Text
		if err := os.WriteFile("schema/"+s.Module+".graphql", []byte(text), 0o644); err != nil {
			return err
		}
	}
	cfg, err := config.LoadConfig("gqlgen.yml")
	if err != nil {
		return err
	}
	return api.Generate(cfg)
}
