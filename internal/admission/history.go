package admission

import (
	"sync"
	"time"
)

// history remembers how long operations take that have the same shape. What counts is near the shortest time, for
// that is what an operation needs when nothing else is in its way.
type history struct {
	mu    sync.Mutex
	times map[string]time.Duration
}

const (
	slowFrom   = 300 * time.Millisecond
	mostShapes = 2000
)

func (h *history) slow(shape string) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.times[shape] >= slowFrom
}

func (h *history) took(shape string, d time.Duration) {
	if shape == "" {
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	known, ok := h.times[shape]
	switch {
	case ok && d > known:
		d = known + (d-known)/16
	case !ok:
		if d < slowFrom/10 { // most are never near
			return
		}
		if h.times == nil || len(h.times) >= mostShapes {
			h.times = map[string]time.Duration{}
		}
		d = min(d, slowFrom-1) // one slow time may be an accident
	}
	h.times[shape] = d
}
