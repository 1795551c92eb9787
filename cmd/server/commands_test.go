package main

import (
	"context"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/openimis/openimis-be-go/internal/build"
)

// What is not a command, or no argument of one, does nothing but say so.
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

// Commands that only look leave nothing behind.
func TestLookingMakesNoFiles(t *testing.T) {
	for _, line := range []string{"check", "config", "modules", "version", "--version", "help"} {
		folder := t.TempDir()
		t.Chdir(folder)
		said, err := output(t, strings.Fields(line)...)
		if line == "check" && (err == nil || !strings.Contains(err.Error(), "there is no database yet: data/openimis.db")) {
			t.Errorf("server check: %v", err)
		}
		if line != "check" && err != nil {
			t.Errorf("server %s: %v", line, err)
		}
		if strings.Contains(line, "version") && !strings.HasPrefix(said, build.Version+"\ncommit  "+build.Commit+"\n") {
			t.Errorf("server %s prints %q", line, said)
		}
		if left, err := os.ReadDir(folder); err != nil || len(left) > 0 {
			t.Errorf("server %s leaves %v, %v", line, left, err)
		}
	}
}

// output runs a command and gives what it prints.
func output(t *testing.T, args ...string) (string, error) {
	t.Helper()
	read, write, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout := os.Stdout
	os.Stdout = write
	defer func() { os.Stdout = stdout }()
	done := make(chan string)
	go func() {
		text, _ := io.ReadAll(read)
		done <- string(text)
	}()
	err = run(context.Background(), args)
	write.Close()
	return <-done, err
}

// The embedded database is for the account that the server runs under.
func TestTheEmbeddedDatabaseIsPrivate(t *testing.T) {
	folder := t.TempDir()
	t.Setenv("DATABASE_URL", "sqlite:"+filepath.Join(folder, "new", "openimis.db"))
	if _, err := output(t, "migrate"); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(folder, "new", "openimis.db")
	if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v %v", info.Mode(), err)
	}
	if err := os.Chmod(file, 0o644); err != nil { // as an earlier release made it
		t.Fatal(err)
	}
	if _, err := output(t, "migrate"); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(file); err != nil || info.Mode().Perm()&0o007 != 0 {
		t.Errorf("%v %v", info.Mode(), err)
	}
}

// Nothing is done to a database before the arguments are understood.
func TestMigrateKnowsItsArguments(t *testing.T) {
	t.Setenv("DATABASE_URL", "sqlite:"+filepath.Join(t.TempDir(), "new", "openimis.db"))
	if _, err := output(t, "migrate", "--index"); err == nil || !strings.Contains(err.Error(), "allowed: --indexes, --indexes=print") {
		t.Error(err)
	}
	out, err := output(t, "migrate", "--indexes")
	if err != nil || !strings.Contains(out, "0 indexes were created") {
		t.Errorf("%s %v", out, err)
	}
	if out, err := output(t, "migrate", "--indexes=print"); err != nil || out != "" {
		t.Errorf("%s %v", out, err)
	}
}
