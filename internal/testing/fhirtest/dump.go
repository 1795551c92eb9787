// Package fhirtest keeps the FHIR bodies that tests receive, so that an independent validator can judge
// them afterwards (test/fhir, run by CI):
//
//	IMIS_FHIR_DUMP=/abs/dir go test -count=1 ./...
//	(cd test/fhir && go run ./validate /abs/dir)
//
// -count=1, because a test result from Go's cache writes no bodies.
package fhirtest

import (
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// DumpVariable names the folder, as an absolute path because every test runs in its own package's folder.
const DumpVariable = "IMIS_FHIR_DUMP"

// Dump keeps an R4 body when the variable is set, in the folder r4 below it: the validator tells releases
// by folder. name tells what was asked; it need not be unique.
func Dump(t testing.TB, name string, body []byte) {
	t.Helper()
	dump(t, "r4", name, body)
}

// DumpSTU3 is Dump for a body of FHIR STU3.
func DumpSTU3(t testing.TB, name string, body []byte) {
	t.Helper()
	dump(t, "stu3", name, body)
}

func dump(t testing.TB, release, name string, body []byte) {
	t.Helper()
	dir := os.Getenv(DumpVariable)
	if dir == "" || len(body) == 0 {
		return
	}
	if !filepath.IsAbs(dir) {
		t.Fatalf("%s must be an absolute path, not %q", DumpVariable, dir)
	}
	dir = filepath.Join(dir, release)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	file := fmt.Sprintf("%s-%x.json", fileName(t.Name()+"-"+name), sha256.Sum256(body))
	if err := os.WriteFile(filepath.Join(dir, file), body, 0o644); err != nil {
		t.Fatal(err)
	}
}

// fileName keeps letters and digits of a name, and of a long one the start.
func fileName(s string) string {
	s = strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r == '.' || r == '-' {
			return r
		}
		return '_'
	}, s)
	return s[:min(len(s), 120)]
}
