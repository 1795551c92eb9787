package main

import (
	"context"
	"strings"
	"testing"
)

// What is no command, or no argument of one, does nothing but say so.
func TestCommandsRefuseWhatTheyDoNotUnderstand(t *testing.T) {
	t.Setenv("DATABASE_URL", "sqlite:"+t.TempDir()+"/t.db")
	for _, c := range []struct{ line, says string }{
		{"serve now", `serve takes no arguments, "now" is not understood`},
		{"config --json", `config takes no arguments, "--json" is not understood`},
		{"version --short", `version takes no arguments, "--short" is not understood`},
		{"seed --size", `seed: "--size" is not understood; allowed: --size demo|district|national`},
		{"seed --size=huge", `seed: --size "huge"; allowed: demo, district, national`},
		{"import", "import takes one folder"},
		{"import nowhere", "import nowhere: "},
	} {
		if err := run(context.Background(), strings.Fields(c.line)); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("server %s: %v", c.line, err)
		}
	}
}
