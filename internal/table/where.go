package table

import (
	"slices"
	"strings"

	"github.com/openimis/openimis-be-go/internal/auth"
)

// The conditions that no row and that every row meets.
const (
	None = "1 = 0"
	All  = "1 = 1"
)

// Where collects conditions in portable SQL that all have to hold, with their arguments. The zero value
// holds for every row.
type Where struct {
	parts []string
	args  []any
}

// And adds a condition; an empty one says nothing.
func (w *Where) And(condition string, args ...any) *Where {
	if condition != "" {
		w.parts, w.args = append(w.parts, condition), append(w.args, args...)
	}
	return w
}

// Before puts a condition in front of the others: the engine sees first what leaves the fewest rows.
func (w *Where) Before(condition string, args ...any) *Where {
	w.parts, w.args = slices.Insert(w.parts, 0, condition), slices.Insert(w.args, 0, args...)
	return w
}

// Visible adds what always holds for rows of a table: they are current, and in the scope.
func (w *Where) Visible(t *Table, s auth.Scope, alias string) *Where {
	w.And(t.Current(alias))
	return w.Within(t, s, alias)
}

// Within adds the row security of a table.
func (w *Where) Within(t *Table, s auth.Scope, alias string) *Where {
	if t.Scope == nil {
		return w
	}
	condition, args := t.Scope(s, alias)
	return w.And(condition, args...)
}

// WithinFew is Within for a statement that looks at few rows.
func (w *Where) WithinFew(t *Table, s auth.Scope, alias string) *Where {
	if t.ScopeEach == nil {
		return w.Within(t, s, alias)
	}
	condition, args := t.ScopeEach(s, alias)
	return w.And(condition, args...)
}

// SQL is the clause with WHERE in front, "" without conditions; Args go with it.
func (w *Where) SQL() string {
	if len(w.parts) == 0 {
		return ""
	}
	return " WHERE " + strings.Join(w.parts, " AND ")
}

// Condition is the clause without WHERE.
func (w *Where) Condition() string {
	if len(w.parts) == 0 {
		return All
	}
	return strings.Join(w.parts, " AND ")
}

// Args are the arguments of SQL, followed by more.
func (w *Where) Args(more ...any) []any { return append(slices.Clone(w.args), more...) }

// Empty says that no condition was added.
func (w *Where) Empty() bool { return len(w.parts) == 0 }

// Clone is a copy to add to.
func (w *Where) Clone() *Where {
	return &Where{slices.Clone(w.parts), slices.Clone(w.args)}
}

// Parts are the conditions, without their arguments.
func (w *Where) Parts() []string { return w.parts }
