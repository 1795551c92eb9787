package telemetry

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	"github.com/openimis/openimis-be-go/internal/tracing"
)

// statement is one SQL statement of a request.
type statement struct {
	src  string
	took time.Duration
}

// keptStatements is how many of the slowest statements of a request the log of slow operations shows.
const keptStatements = 3

// Statements makes the function that db.Time takes: it measures every statement, notes the slowest ones of each
// request, and logs those that take slow or longer (0: none). The text has no arguments, so that it tells
// about nobody.
func Statements(log *slog.Logger, m *Metrics, slow time.Duration) func(ctx context.Context, src string, took time.Duration) {
	return func(ctx context.Context, src string, took time.Duration) {
		m.statement(src, took)
		Of(ctx).note(statement{src, took})
		if tracing.On() {
			tracing.Past(ctx, verbOf(src), took, false, "db.query.text", oneLine(src))
		}
		if slow > 0 && took >= slow {
			log.LogAttrs(ctx, slog.LevelWarn, "slow statement", slog.Float64("ms", milliseconds(took)), slog.String("sql", oneLine(src)))
		}
	}
}

func (r *Request) note(s statement) {
	r.set(func() {
		at, _ := slices.BinarySearchFunc(r.slowest, s, func(a, b statement) int { return int(b.took - a.took) })
		if at < keptStatements {
			r.slowest = slices.Insert(r.slowest, at, s)[:min(len(r.slowest)+1, keptStatements)]
		}
	})
}

// slow gives the slowest statements with their times.
func (r *Request) slow() string {
	var lines []string
	r.set(func() {
		for _, s := range r.slowest {
			lines = append(lines, fmt.Sprintf("%.1f ms: %s", milliseconds(s.took), oneLine(s.src)))
		}
	})
	return strings.Join(lines, "; ")
}

func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

// longest is how much of a statement the log shows.
const longest = 2000

func oneLine(src string) string {
	src = strings.Join(strings.Fields(src), " ")
	if r := []rune(src); len(r) > longest {
		return string(r[:longest]) + " …"
	}
	return src
}

// verbs are what a statement can do; what begins otherwise is other.
var verbs = map[string]bool{"select": true, "insert": true, "update": true, "delete": true}

// statement counts a statement by its verb; WITH begins a select here.
func (m *Metrics) statement(src string, took time.Duration) {
	if m == nil {
		return
	}
	verb := verbOf(src)
	m.sql.Observe(took.Seconds(), verb)
}

// verbOf is what a statement does.
func verbOf(src string) string {
	verb, _, _ := strings.Cut(strings.TrimSpace(src), " ")
	switch verb = strings.ToLower(verb); {
	case verb == "with":
		return "select"
	case verbs[verb]:
		return verb
	}
	return other
}
