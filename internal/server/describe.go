package server

import (
	"fmt"
	"io"

	"github.com/openimis/openimis-be-go/modules"
)

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
