package entity

import (
	"context"
	"sync/atomic"

	"github.com/openimis/openimis-be-go/internal/fault"
)

// What one operation may have, over all its root fields and their relations. Relations that lead back and
// forth multiply what is written without loading more rows. The 2019 application needs a dozen statements at most.
const (
	mostRows       = 500_000
	mostValues     = 10_000_000
	mostBytes      = 100 << 20
	mostSelections = 300 // selections on objects of entities, wherever they are nested
	mostStatements = 400
)

// budget is what an operation has spent.
type budget struct{ selections, statements, rows, loaded, values, bytes atomic.Int64 }

type budgetKey struct{}

// Bounded gives the root fields of an operation, which are resolved side by side, one budget.
func Bounded(ctx context.Context) context.Context {
	return context.WithValue(ctx, budgetKey{}, &budget{})
}

func budgetOf(ctx context.Context) *budget {
	if b, ok := ctx.Value(budgetKey{}).(*budget); ok {
		return b
	}
	return &budget{}
}

// selection counts a selection on objects.
func (b *budget) selection() error {
	if b.selections.Add(1) > mostSelections {
		return fault.New(fault.Invalid, "The operation selects more than %d objects and relations; ask for fewer in one operation.", mostSelections)
	}
	return nil
}

// statement counts a statement that is about to be made.
func (b *budget) statement() error {
	if b.statements.Add(1) > mostStatements {
		return fault.New(fault.Invalid, "The operation would take more than %d statements; ask for fewer relations in one operation.", mostStatements)
	}
	return nil
}

// rowsLeft is how many rows may still be loaded.
func (b *budget) rowsLeft() int { return int(max(0, mostRows-b.rows.Load())) }

// row counts a row that was loaded, and the bytes of its values.
func (b *budget) row(bytes int) error {
	if b.loaded.Add(int64(bytes)) > mostBytes {
		return errAnswer
	}
	if b.rows.Add(1) > mostRows {
		return fault.New(fault.Invalid, "The answer would have more than %d rows; ask for fewer with first or with filters.", mostRows)
	}
	return nil
}

// written counts values and bytes of the answer and says whether they are within the budget.
func (b *budget) written(values, bytes int) bool {
	v := b.values.Add(int64(values))
	return b.bytes.Add(int64(bytes)) <= mostBytes && v <= mostValues
}

var errAnswer = fault.New(fault.Invalid, "The answer would be longer than %d MB or have more than %d values; ask for fewer rows with first or with filters, or for fewer relations.", mostBytes>>20, mostValues)
