// Package build says what was built: `make build` sets the version with the linker.
package build

// Version is the version of the programs, "dev" when they were built without make.
var Version = "dev"
