package telemetry

import (
	"context"
	"log/slog"
	"strings"
	"sync"
	"time"
)

// counting passes records on, remembers the last errors, and counts warnings that repeat: the first one is
// logged at once, further ones within a minute only as "repeated" of one record at its end. Warnings are the
// same when their message and texts are; numbers and times may differ, and so may the request.
type counting struct {
	slog.Handler
	with   string // attributes and groups of the logger, for the key
	memory *memory
}

const (
	repeatWindow = time.Minute
	maxWarnings  = 1000 // that are counted at once; more are logged
	keptErrors   = 20
)

// memory is shared by a logger and those made of it.
type memory struct {
	mu       sync.Mutex
	warnings map[string]*repetition
	errors   []Noted
	after    func(d time.Duration, fn func()) // time.AfterFunc, but for tests
}

type repetition struct {
	n    int
	last slog.Record
}

// Noted is an error of the log.
type Noted struct {
	At      time.Time
	Message string
	Error   string
}

func newMemory() *memory {
	return &memory{warnings: map[string]*repetition{}, after: func(d time.Duration, fn func()) { time.AfterFunc(d, fn) }}
}

// LastErrors gives the last errors that were logged by log, which NewLogger made, the newest first.
func LastErrors(log *slog.Logger) []Noted {
	h, ok := log.Handler().(requestHandler)
	if !ok {
		return nil
	}
	c, ok := h.Handler.(*counting)
	if !ok {
		return nil
	}
	c.memory.mu.Lock()
	defer c.memory.mu.Unlock()
	out := make([]Noted, 0, len(c.memory.errors))
	for i := len(c.memory.errors) - 1; i >= 0; i-- {
		out = append(out, c.memory.errors[i])
	}
	return out
}

// Handle implements slog.Handler.
func (h *counting) Handle(ctx context.Context, r slog.Record) error {
	if r.Level >= slog.LevelError {
		h.memory.remember(r)
		return h.Handler.Handle(ctx, r)
	}
	if r.Level < slog.LevelWarn {
		return h.Handler.Handle(ctx, r)
	}
	key := h.with + r.Message
	r.Attrs(func(a slog.Attr) bool {
		if v := a.Value.Resolve(); a.Key != "request_id" && (v.Kind() == slog.KindString || v.Kind() == slog.KindAny) {
			key += "\x00" + a.Key + "=" + v.String()
		}
		return true
	})
	m := h.memory
	m.mu.Lock()
	if seen := m.warnings[key]; seen != nil {
		seen.n++
		seen.last = r.Clone()
		m.mu.Unlock()
		return nil
	}
	counted := len(m.warnings) < maxWarnings
	if counted {
		m.warnings[key] = &repetition{}
	}
	m.mu.Unlock()
	if counted {
		m.after(repeatWindow, func() { h.tell(key) })
	}
	return h.Handler.Handle(ctx, r)
}

// tell ends the minute of a warning.
func (h *counting) tell(key string) {
	m := h.memory
	m.mu.Lock()
	seen := m.warnings[key]
	delete(m.warnings, key)
	m.mu.Unlock()
	if seen != nil && seen.n > 0 {
		seen.last.AddAttrs(slog.Int("repeated", seen.n))
		_ = h.Handler.Handle(context.Background(), seen.last)
	}
}

func (m *memory) remember(r slog.Record) {
	n := Noted{At: r.Time, Message: r.Message}
	r.Attrs(func(a slog.Attr) bool {
		if a.Key == "error" {
			n.Error, _, _ = strings.Cut(a.Value.String(), "\n")
		}
		return true
	})
	m.mu.Lock()
	defer m.mu.Unlock()
	m.errors = append(m.errors, n)
	if len(m.errors) > keptErrors {
		m.errors = m.errors[1:]
	}
}

// WithAttrs implements slog.Handler.
func (h *counting) WithAttrs(attrs []slog.Attr) slog.Handler {
	with := h.with
	for _, a := range attrs {
		with += a.Key + "=" + a.Value.String() + "\x00"
	}
	return &counting{h.Handler.WithAttrs(attrs), with, h.memory}
}

// WithGroup implements slog.Handler.
func (h *counting) WithGroup(name string) slog.Handler {
	return &counting{h.Handler.WithGroup(name), h.with + name + "\x00", h.memory}
}
