package db

import (
	"context"
	"sync/atomic"
)

// Counter counts the statements of one request.
type Counter struct{ n atomic.Int64 }

// Statements is how many there were so far.
func (c *Counter) Statements() int { return int(c.n.Load()) }

type counterKey struct{}

// WithCounter makes every statement under the returned context count.
func WithCounter(ctx context.Context) (context.Context, *Counter) {
	c := &Counter{}
	return context.WithValue(ctx, counterKey{}, c), c
}

// observer sees the portable text of every statement of the process.
var observer atomic.Pointer[func(src string)]

// Observe lets tests see the portable text of every statement; nil ends it.
func Observe(fn func(src string)) {
	if fn == nil {
		observer.Store(nil)
		return
	}
	observer.Store(&fn)
}

func observe(ctx context.Context, src string) {
	if c, ok := ctx.Value(counterKey{}).(*Counter); ok {
		c.n.Add(1)
	}
	if fn := observer.Load(); fn != nil {
		(*fn)(src)
	}
}
