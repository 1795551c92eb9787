package server

import (
	"fmt"
	"io"

	"github.com/openimis/openimis-be-go/internal/build"
	"github.com/openimis/openimis-be-go/modules"
	apifhir "github.com/openimis/openimis-be-go/modules/api_fhir"
)

// Description is what `server modules` and /version tell.
type Description struct {
	Root    string              `json:"root"`
	Version string              `json:"version"`
	Modules []ModuleDescription `json:"modules"`
}

// ModuleDescription is one module of an instance.
type ModuleDescription struct {
	Name     string `json:"name"`
	Enabled  bool   `json:"enabled"`
	Version  string `json:"version,omitempty"`
	Contract string `json:"contract,omitempty"`
}

// Describe lists the modules that are compiled in, with those that are enabled.
func (i *Instance) Describe() Description { return describe(i.o.Root, i.o.Chosen, i.o.Compiled) }

func describe(root string, chosen modules.Chosen, compiled []Constructor) Description {
	d := Description{Root: root, Version: build.Version}
	for _, name := range append(Names(compiled), modules.FHIRModule) {
		m := ModuleDescription{Name: name}
		if chosen.Pins.Has(name) {
			m.Enabled, m.Version, m.Contract = true, chosen.Pins[name], chosen.Contract.Name
			if name == modules.FHIRModule {
				release, _ := apifhir.ReleaseOf(m.Version)
				m.Contract = string(release)
			}
		}
		d.Modules = append(d.Modules, m)
	}
	return d
}

// PrintModules lists the modules for `server modules`.
func PrintModules(w io.Writer, chosen modules.Chosen, compiled []Constructor) {
	fmt.Fprintf(w, "%-20s %-9s %-10s %s\n", "module", "enabled", "version", "contract")
	for _, m := range describe("", chosen, compiled).Modules {
		enabled, version := "no", m.Version
		if m.Enabled {
			enabled = "yes"
			if version == "" {
				version = "(none)"
			}
		}
		fmt.Fprintf(w, "%-20s %-9s %-10s %s\n", m.Name, enabled, version, m.Contract)
	}
	for _, name := range chosen.Skipped {
		fmt.Fprintf(w, "%-20s %-9s\n", name, "skipped")
	}
}
