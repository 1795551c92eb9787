package dbtest

import (
	"os/exec"
	"testing"
)

// Windows has no such accounts.
func runAs(testing.TB, *exec.Cmd, string) {}

func own(testing.TB, string, string) {}
