package sqlcheck

import (
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"sync"
	"testing"

	"github.com/openimis/openimis-be-go/internal/db"
)

// Gate runs a package's tests and then checks every distinct statement that they ran. A statement that
// [Check] refuses is printed with its T-SQL and the reasons, and makes the exit code non-zero. So does a struct that
// is not read straight from PostgreSQL (db.Roundabout). It is for TestMain:
//
//	func TestMain(m *testing.M) { os.Exit(sqlcheck.Gate(m)) }
func Gate(m *testing.M) int { return gate(m.Run, os.Stderr, none) }

// GateExcept is Gate without the reasons that do not count against a portable statement, as excused says.
func GateExcept(m *testing.M, excused func(statement, reason string) bool) int {
	return gate(m.Run, os.Stderr, excused)
}

func none(_, _ string) bool { return false }

func gate(run func() int, out io.Writer, excused func(statement, reason string) bool) int {
	seen := &recorder{texts: map[string]bool{}}
	db.Observe(seen.note)
	code := run()
	db.Observe(nil)
	refused := report(out, seen.sorted(), excused)
	around := db.Roundabout()
	for _, why := range around {
		fmt.Fprintf(out, "FAIL sqlcheck: rows are not read straight from PostgreSQL: %s\n", why)
	}
	if refused+len(around) > 0 && code == 0 {
		code = 1
	}
	return code
}

// report prints the refused statements among texts, with the reasons that count, and returns their number.
func report(out io.Writer, texts []string, excused func(statement, reason string) bool) int {
	refused := 0
	for _, text := range texts {
		var r *Refusal
		if !errors.As(Check(text), &r) {
			continue
		}
		reasons := slices.DeleteFunc(slices.Clone(r.Reasons), func(reason string) bool { return excused(text, reason) })
		if len(reasons) == 0 {
			continue
		}
		refused++
		fmt.Fprintf(out, "sqlcheck: refused statement\n  portable: %s\n", r.Statement)
		if r.TSQL != "" {
			fmt.Fprintf(out, "  T-SQL:    %s\n", r.TSQL)
		}
		for _, reason := range reasons {
			fmt.Fprintf(out, "  reason:   %s\n", reason)
		}
	}
	if refused > 0 {
		fmt.Fprintf(out, "FAIL sqlcheck: %d of %d statements refused\n", refused, len(texts))
	}
	return refused
}

// recorder keeps the distinct statements of a test run.
type recorder struct {
	mu    sync.Mutex
	texts map[string]bool
}

func (r *recorder) note(text string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.texts[text] = true
}

func (r *recorder) sorted() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	list := make([]string, 0, len(r.texts))
	for t := range r.texts {
		list = append(list, t)
	}
	slices.Sort(list)
	return list
}
