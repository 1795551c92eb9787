package build

import (
	"regexp"
	"runtime"
	"strings"
	"testing"
)

func TestPrintTellsVersionCommitAndModules(t *testing.T) {
	version, commit := Version, Commit
	defer func() { Version, Commit = version, commit }()
	Version, Commit = "1.2.3", "0123456789abcdef"
	var out strings.Builder
	if err := Print(&out); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(out.String(), "\n")
	if len(lines) < 4 || lines[0] != "1.2.3" || lines[1] != "commit  0123456789abcdef" || lines[2] != "built   "+runtime.Version()+", "+runtime.GOOS+"/"+runtime.GOARCH {
		t.Errorf("%s", out.String())
	}
	for _, line := range lines[3 : len(lines)-1] {
		if !regexp.MustCompile(`^module  [a-z0-9./_-]+ v[0-9]`).MatchString(line) {
			t.Errorf("%q", line)
		}
	}
}
