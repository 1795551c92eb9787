package entity

import (
	"context"
	"sync/atomic"

	"github.com/openimis/openimis-be-go/internal/fault"
)

// What one operation may have, over all its root fields and their relations. Relations that lead back and
// forth multiply what is written without loading more rows. The React application needs a dozen statements at most.
const (
	mostRows       = 500_000
	mostValues     = 10_000_000
	mostBytes      = 32 << 20
	mostSelections = 300 // selections on objects of entities, wherever they are nested
	mostStatements = 400
)

// budget is what an operation has spent.
type budget struct {
	selections, statements, rows, loaded, values, bytes atomic.Int64
	memory                                              *Memory
	needed, held                                        atomic.Int64 // bytes of memory; they are claimed in steps
	// side is how many root fields load at the same time, each with a connection of its own.
	side chan struct{}
}

type budgetKey struct{}

// mostAtOnce is how many root fields of one operation are loaded at the same time.
const mostAtOnce = 3

// Bounded gives the root fields of an operation, which are resolved side by side, one budget, with a share of m
// (nil: as much as one likes). release must be called when the answer is sent or dropped.
func Bounded(ctx context.Context, m *Memory) (bounded context.Context, release func()) {
	b := newBudget()
	b.memory = m
	return context.WithValue(ctx, budgetKey{}, b), func() {
		if m != nil {
			m.used.Add(-b.held.Swap(0))
		}
	}
}

func newBudget() *budget { return &budget{side: make(chan struct{}, mostAtOnce)} }

func budgetOf(ctx context.Context) *budget {
	if b, ok := ctx.Value(budgetKey{}).(*budget); ok {
		return b
	}
	return newBudget()
}

// Memory is what the answers of a process that are being built may take together.
type Memory struct {
	most int64
	used atomic.Int64
}

// NewMemory bounds the memory of all answers to most bytes.
func NewMemory(most int64) *Memory { return &Memory{most: most} }

// Used is how many bytes the answers that are being built take.
func (m *Memory) Used() int64 { return m.used.Load() }

// An answer takes more than its length: slices grow ahead of what is put in, and the answer is written once by the
// engine and once more by the executor. Answers as short as most are (small) are let through whatever the others
// take.
const (
	perLoaded  = 2
	perRow     = 128
	perWritten = 4
	small      = 1 << 20
	step       = 64 << 10
)

// take claims bytes of the process's memory and says whether there are enough.
func (b *budget) take(bytes int64) bool {
	if b.memory == nil {
		return true
	}
	needed, held := b.needed.Add(bytes), b.held.Load()
	if needed <= held {
		return true
	}
	more := needed - held + step
	b.held.Add(more)
	return b.memory.used.Add(more) <= b.memory.most || needed <= small
}

// errMemory is for the answer that was too large at the wrong moment.
var errMemory = fault.New(fault.Unavailable, "The server is building too many large answers just now; ask for less, or try again in a few seconds.")

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
	if !b.take(int64(bytes)*perLoaded + perRow) {
		return errMemory
	}
	if b.rows.Add(1) > mostRows {
		return fault.New(fault.Invalid, "The answer would have more than %d rows; ask for fewer with first or with filters.", mostRows)
	}
	return nil
}

// written counts values and bytes of the answer.
func (b *budget) written(values, bytes int) error {
	v := b.values.Add(int64(values))
	if b.bytes.Add(int64(bytes)) > mostBytes || v > mostValues {
		return errAnswer
	}
	if !b.take(int64(bytes) * perWritten) {
		return errMemory
	}
	return nil
}

var errAnswer = fault.New(fault.Invalid, "The answer would be longer than %d MB or have more than %d values; ask for fewer rows with first or with filters, or for fewer relations.", mostBytes>>20, mostValues)
