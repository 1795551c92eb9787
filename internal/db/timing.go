package db

import (
	"context"
	"sync/atomic"
	"time"
)

// Took is told of every statement that Query and Tx ran: its portable text, without arguments, and how long the
// database took (of Rows: until the first row). It must be quick and safe for concurrent use.
type Took func(ctx context.Context, src string, took time.Duration)

// took is of the whole process, like its log.
var took atomic.Pointer[Took]

// Time has fn told of the statements of the process; nil ends it.
func Time(fn Took) {
	if fn == nil {
		took.Store(nil)
		return
	}
	took.Store(&fn)
}

func timed(ctx context.Context, src string, began time.Time) {
	if fn := took.Load(); fn != nil {
		(*fn)(ctx, src, time.Since(began))
	}
}
