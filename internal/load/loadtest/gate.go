// Package loadtest is sqlcheck.Gate for the packages that write rows with their own identities, which
// SQL Server takes after SET IDENTITY_INSERT (internal/load does it) and which the gate refuses anywhere
// else.
package loadtest

import (
	"errors"
	"fmt"
	"os"
	"sort"
	"strings"
	"sync"
	"testing"

	"github.com/openimis/openimis-be-go/internal/db"
	"github.com/openimis/openimis-be-go/internal/sqlcheck"
)

// allowed are the reasons that do not count for such an INSERT: it brings the identity, and what else it
// leaves out gets the default of the engine at hand.
var allowed = []string{"is the identity: the database gives it", "which must have a value"}

// Gate runs a package's tests and checks their statements. It is for TestMain.
func Gate(m *testing.M) int {
	var mu sync.Mutex
	seen := map[string]bool{}
	db.Observe(func(src string) {
		mu.Lock()
		defer mu.Unlock()
		seen[src] = true
	})
	code := m.Run()
	db.Observe(nil)
	texts := make([]string, 0, len(seen))
	for t := range seen {
		texts = append(texts, t)
	}
	sort.Strings(texts)
	for _, text := range texts {
		for _, reason := range reasons(text) {
			fmt.Fprintf(os.Stderr, "FAIL sqlcheck: refused statement %s\n  reason: %s\n", text, reason)
			code = max(code, 1)
		}
	}
	return code
}

func reasons(text string) []string {
	var r *sqlcheck.Refusal
	if !errors.As(sqlcheck.Check(text), &r) {
		return nil
	}
	var left []string
	for _, reason := range r.Reasons {
		if !strings.HasPrefix(text, "INSERT INTO") || !strings.Contains(reason, allowed[0]) && !strings.HasSuffix(reason, allowed[1]) {
			left = append(left, reason)
		}
	}
	return left
}
