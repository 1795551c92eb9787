// Package sources finds the modules' .graphql files, for the generator.
package sources

import (
	"os"
	"path/filepath"

	"github.com/openimis/openimis-be-go/internal/sdl"
)

// Order is the order of the modules, in which dependencies go one way (DESIGN.md §2).
var Order = []string{"core", "location", "medical", "medical_pricelist", "product", "insuree", "policy", "claim", "claim_batch"}

// Read reads the files of all modules that have one.
func Read(folder string) ([]sdl.Source, error) {
	var out []sdl.Source
	for _, m := range Order {
		text, err := os.ReadFile(filepath.Join(folder, m, m+".graphql"))
		if os.IsNotExist(err) {
			continue
		}
		if err != nil {
			return nil, err
		}
		out = append(out, sdl.Source{Module: m, Text: string(text)})
	}
	return out, nil
}
