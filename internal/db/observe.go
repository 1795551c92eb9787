package db

import (
	"context"
	"sync"
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

// listeners see the portable text of every statement of the process.
var listeners struct {
	sync.RWMutex
	fns map[int]func(src string)
	n   int
}

// listening spares the lock when nobody listens, as in production.
var listening atomic.Int32

// Listen lets tests see the portable text of every statement until stop is called.
func Listen(fn func(src string)) (stop func()) {
	listeners.Lock()
	defer listeners.Unlock()
	if listeners.fns == nil {
		listeners.fns = map[int]func(string){}
	}
	listeners.n++
	id := listeners.n
	listeners.fns[id] = fn
	listening.Add(1)
	return func() {
		listeners.Lock()
		defer listeners.Unlock()
		delete(listeners.fns, id)
		listening.Add(-1)
	}
}

// observer is the one listener of Observe.
var observer func()

// Observe is Listen for a whole test binary (sqlcheck.Gate); nil ends it.
func Observe(fn func(src string)) {
	if observer != nil {
		observer()
		observer = nil
	}
	if fn != nil {
		observer = Listen(fn)
	}
}

func observe(ctx context.Context, src string) {
	if c, ok := ctx.Value(counterKey{}).(*Counter); ok {
		c.n.Add(1)
	}
	if listening.Load() == 0 {
		return
	}
	listeners.RLock()
	defer listeners.RUnlock()
	for _, fn := range listeners.fns {
		fn(src)
	}
}
