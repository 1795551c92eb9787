// Package build says what was built: `make build` sets version and commit with the linker, the versions of the
// Go modules in the program are Go's own record.
package build

import (
	"fmt"
	"io"
	"runtime"
	"runtime/debug"
)

var (
	// Version is the version of the programs, "dev" when they were built without make.
	Version = "dev"
	// Commit is what they were built from, "unknown" without make.
	Commit = "unknown"
)

// Print tells version, commit, compiler, and the Go modules that the program is made of.
func Print(w io.Writer) error {
	if _, err := fmt.Fprintln(w, Version); err != nil {
		return err
	}
	if _, err := fmt.Fprintf(w, "commit  %s\nbuilt   %s, %s/%s\n", Commit, runtime.Version(), runtime.GOOS, runtime.GOARCH); err != nil {
		return err
	}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return nil
	}
	for _, m := range info.Deps {
		if m.Replace != nil {
			m = m.Replace
		}
		if _, err := fmt.Fprintf(w, "module  %s %s\n", m.Path, m.Version); err != nil {
			return err
		}
	}
	return nil
}
