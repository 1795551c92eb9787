package progress_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/openimis/openimis-be-go/internal/progress"
)

func TestNothingIsDrawnWhereThereIsNoTerminal(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	report, end := progress.Terminal(f)
	for i := range 3 {
		report("Families", i, 2)
	}
	end()
	if data, err := os.ReadFile(path); err != nil || len(data) > 0 {
		t.Fatalf("wrote %q, %v", data, err)
	}
}
