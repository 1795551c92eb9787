// Package docs_test keeps what comments and documents refer to in existence.
package docs_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var (
	section   = regexp.MustCompile(`rules(?:\.md)?,? §([0-9]+(?:\.[0-9]+)?)`)
	heading   = regexp.MustCompile(`(?m)^#+ ([0-9]+(?:\.[0-9]+)?) `)
	document  = regexp.MustCompile(`\bdocs/([a-z0-9-]+\.(?:md|json))`)
	elsewhere = regexp.MustCompile(`\b(?:DESIGN\.md|STYLE\.md|reference/[a-z-]+\.(?:md|csv)|frontend\.md)\b`)
)

func sources(t *testing.T, visit func(path, text string)) {
	t.Helper()
	n := 0
	err := filepath.WalkDir("..", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && (strings.HasPrefix(d.Name(), ".") && d.Name() != ".." || d.Name() == "node_modules" || d.Name() == "bin" || d.Name() == "dist" || d.Name() == "data") {
			return filepath.SkipDir
		}
		if ext := filepath.Ext(path); d.IsDir() || ext != ".go" && ext != ".graphql" && ext != ".md" || strings.HasSuffix(path, "references_test.go") {
			return nil
		}
		text, err := os.ReadFile(path)
		if err == nil {
			n++
			visit(path, string(text))
		}
		return err
	})
	if err != nil || n < 100 {
		t.Fatalf("%d files were looked at: %v", n, err)
	}
}

// Sections of the rules that comments cite are in rules.md.
func TestCitedSectionsExist(t *testing.T) {
	rules, err := os.ReadFile("rules.md")
	if err != nil {
		t.Fatal(err)
	}
	known := map[string]bool{}
	for _, m := range heading.FindAllStringSubmatch(string(rules), -1) {
		known[m[1]] = true
	}
	cited := 0
	sources(t, func(path, text string) {
		for _, m := range section.FindAllStringSubmatch(text, -1) {
			cited++
			if !known[m[1]] {
				t.Errorf("%s cites section %s, which rules.md does not have", path, m[1])
			}
		}
	})
	if cited < 20 {
		t.Errorf("only %d citations were seen", cited)
	}
}

// Documents that are named are there, and nothing refers to what is not part of the project.
func TestNamedDocumentsExist(t *testing.T) {
	sources(t, func(path, text string) {
		for _, m := range document.FindAllStringSubmatch(text, -1) {
			if _, err := os.Stat(m[1]); err != nil {
				t.Errorf("%s names docs/%s, which is not there", path, m[1])
			}
		}
		for _, m := range elsewhere.FindAllString(text, -1) {
			t.Errorf("%s refers to %s, which is not part of the project", path, m)
		}
	})
}
