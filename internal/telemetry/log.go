// Package telemetry is what operators see of the running server: the log, a line per request, and the
// metrics at /metrics. Start with [NewLogger], [NewMetrics] and [Requests], the middleware that ties
// them to a request; [Of] gives inner code the record of its request, to say who the user is and what
// is being done.
//
// Nothing here shows secrets or what people sent: no bodies, no credentials, of the query only the
// names of its parameters.
package telemetry

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"strings"
)

// NewLogger makes the program's log. format is text or json; empty means text when w is a terminal and
// JSON otherwise. Every record that is logged with the context of a request carries the request's id,
// user and operation.
func NewLogger(w io.Writer, level slog.Level, format string) *slog.Logger {
	o := &slog.HandlerOptions{Level: level, ReplaceAttr: redact}
	var h slog.Handler
	if format == "text" || format == "" && isTerminal(w) {
		h = slog.NewTextHandler(w, o)
	} else {
		h = slog.NewJSONHandler(w, o)
	}
	return slog.New(requestHandler{&counting{Handler: h, memory: newMemory()}})
}

func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	if !ok {
		return false
	}
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

const redacted = "[redacted]"

// secretWords are parts of attribute names whose values are never shown, whoever logs them.
var secretWords = []string{"password", "passwd", "authorization", "cookie", "token", "secret", "credential", "body"}

// redact is the last barrier: log statements should not name secrets, but if one does, it stays hidden.
func redact(_ []string, a slog.Attr) slog.Attr {
	key := strings.ToLower(a.Key)
	for _, word := range secretWords {
		if strings.Contains(key, word) {
			return slog.String(a.Key, redacted)
		}
	}
	switch v := a.Value.Any().(type) {
	case http.Header, *http.Request, url.Values:
		return slog.String(a.Key, redacted)
	case *url.URL:
		return slog.String(a.Key, v.Path)
	}
	return a
}

// requestHandler adds what is known of the request to each record.
type requestHandler struct{ slog.Handler }

// Handle implements slog.Handler.
func (h requestHandler) Handle(ctx context.Context, r slog.Record) error {
	r.AddAttrs(Of(ctx).attrs()...)
	return h.Handler.Handle(ctx, r)
}

// WithAttrs implements slog.Handler.
func (h requestHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return requestHandler{h.Handler.WithAttrs(attrs)}
}

// WithGroup implements slog.Handler.
func (h requestHandler) WithGroup(name string) slog.Handler {
	return requestHandler{h.Handler.WithGroup(name)}
}
