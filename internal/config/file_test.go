package config_test

import (
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/openimis/openimis-be-go/internal/config"
)

func settings(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestSettingsFiles(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("backslashes are those of paths there")
	}
	for _, name := range []string{"T_PLAIN", "T_QUOTED", "T_SINGLE", "T_ESCAPED", "T_EMPTY", "T_LATER", "T_DOLLAR"} {
		t.Setenv(name, "") // restored afterwards
		if err := os.Unsetenv(name); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("T_GIVEN", "of the shell")
	one := settings(t, "one.env", "# a comment\n; another\n\nT_PLAIN=p@ss word=1 \r\nT_QUOTED=\"a \\\"b\\\" \\n $c\"\nT_SINGLE='it\\s'\nT_ESCAPED=a\\\\b\\'\nT_EMPTY=\nT_LATER=first\nT_GIVEN=of the file\nT_DOLLAR=x$Y\n")
	two := settings(t, "two.env", "  T_LATER = second\n")
	rest, err := config.FromFiles([]string{"--settings", one, "--settings=" + two, "migrate", "--settings"})
	if err != nil || !slices.Equal(rest, []string{"migrate", "--settings"}) {
		t.Fatal(rest, err)
	}
	for name, want := range map[string]string{"T_PLAIN": "p@ss word=1", "T_QUOTED": `a "b" \n $c`, "T_SINGLE": `it\s`, "T_ESCAPED": `a\b'`, "T_EMPTY": "", "T_LATER": "second", "T_GIVEN": "of the shell", "T_DOLLAR": "x$Y"} {
		if got := os.Getenv(name); got != want {
			t.Errorf("%s=%q, want %q", name, got, want)
		}
	}
}

func TestSettingsFilesThatAreWrong(t *testing.T) {
	for text, says := range map[string]string{
		"A=1\nhush-hush": "line 2: not NAME=value", "A B=hush-hush": "line 1: not NAME=value", "A=\"hush-hush": "line 1: the quotes around the value of A",
		"A='hush-hush": "the quotes", `A="hush"hush"`: "the quotes",
	} {
		_, err := config.FromFiles([]string{"--settings", settings(t, "x.env", text)})
		if err == nil || !strings.Contains(err.Error(), says) || strings.Contains(err.Error(), "hush") {
			t.Errorf("%q: %v", text, err)
		}
	}
	for _, args := range [][]string{{"--settings"}, {"--settings", filepath.Join(t.TempDir(), "none.env"), "check"}} {
		if _, err := config.FromFiles(args); err == nil {
			t.Error(args)
		}
	}
}
