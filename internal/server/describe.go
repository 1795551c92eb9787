package server

import (
	"fmt"
	"io"

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
func (i *Instance) Describe() Description {
	d := Description{Root: i.o.Root, Version: Version}
	chosen := map[string]modules.Choice{}
	for _, c := range i.o.Choices {
		chosen[c.Name] = c
	}
	for _, name := range Names(i.o.Compiled) {
		m := ModuleDescription{Name: name}
		if c, on := chosen[name]; on {
			m.Enabled, m.Version, m.Contract = true, c.Version, c.Contract()
			if name == fhirModule {
				m.Contract, _ = apifhir.Release(c.Version)
			}
		}
		d.Modules = append(d.Modules, m)
	}
	return d
}

// PrintModules lists the modules for `server modules`. It says first what is wrong with the choice.
func PrintModules(w io.Writer, choices []modules.Choice, compiled []Constructor) error {
	if err := modules.Check(choices, Compiled(compiled)); err != nil {
		return err
	}
	i := &Instance{o: InstanceOptions{Choices: choices, Compiled: compiled}}
	fmt.Fprintf(w, "%-20s %-9s %-10s %s\n", "module", "enabled", "version", "contract")
	for _, m := range i.Describe().Modules {
		enabled, version := "no", m.Version
		if m.Enabled {
			enabled = "yes"
			if version == "" {
				version = "(none)"
			}
		}
		fmt.Fprintf(w, "%-20s %-9s %-10s %s\n", m.Name, enabled, version, m.Contract)
	}
	return nil
}
