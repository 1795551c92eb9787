// Package tracing tells an OpenTelemetry collector what a request, an operation, a statement or a mutation took, and
// what belonged to it. It is off, and costs nothing, until a variable names a collector. Start with Begin; Start and
// Past make spans; exporter.go sends them.
//
// The variables are OpenTelemetry's own: OTEL_EXPORTER_OTLP_ENDPOINT (or …_TRACES_ENDPOINT), …_HEADERS, …_TIMEOUT,
// OTEL_SERVICE_NAME, OTEL_RESOURCE_ATTRIBUTES, OTEL_TRACES_SAMPLER, OTEL_BSP_*, OTEL_TRACES_EXPORTER=none and
// OTEL_SDK_DISABLED=true; docs/operations.md tells operators. Spans travel as JSON over HTTP, which every collector takes where it takes protobuf: that
// way the program needs neither protobuf nor gRPC for them.
package tracing

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"strings"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
)

// tracer is that of the process; nil: tracing is off.
var tracer atomic.Pointer[trace.Tracer]

// on gives the tracer, if any.
func on() trace.Tracer {
	if t := tracer.Load(); t != nil {
		return *t
	}
	return nil
}

// On says whether anybody listens, for who would have to make up what a span has.
func On() bool { return on() != nil }

// Begin reads the variables and begins to trace, if they ask for it. end sends what is left.
func Begin(service, version string, log *slog.Logger) (end func(), err error) {
	nothing := func() {}
	if strings.EqualFold(os.Getenv("OTEL_SDK_DISABLED"), "true") {
		return nothing, nil
	}
	switch exporters := os.Getenv("OTEL_TRACES_EXPORTER"); exporters {
	case "", "otlp":
	case "none":
		return nothing, nil
	default:
		return nothing, fmt.Errorf("OTEL_TRACES_EXPORTER=%q; allowed: otlp or none", exporters)
	}
	e, err := exporterFromEnvironment()
	if err != nil || e == nil {
		return nothing, err
	}
	for _, name := range []string{"OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL"} {
		if p := os.Getenv(name); p == "grpc" {
			return nothing, fmt.Errorf("%s=%q; allowed: http/json, which the HTTP port of a collector (4318) takes", name, p)
		}
	}
	if name := os.Getenv("OTEL_SERVICE_NAME"); name != "" {
		service = name
	}
	about, err := resource.New(context.Background(), resource.WithAttributes(attribute.String("service.version", version)), resource.WithFromEnv(),
		resource.WithAttributes(attribute.String("service.name", service)), resource.WithHost(), resource.WithProcessPID())
	if err != nil {
		log.Warn("tracing: not all about the process is known", "error", err)
	}
	e.log = log
	provider := sdktrace.NewTracerProvider(sdktrace.WithBatcher(e), sdktrace.WithResource(about))
	t := provider.Tracer("github.com/openimis/openimis-be-go")
	tracer.Store(&t)
	return func() {
		tracer.Store(nil)
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		if err := provider.Shutdown(ctx); err != nil {
			log.Warn("tracing: the last spans are lost", "error", err)
		}
	}, nil
}

// Span is something that takes time. A nil Span takes everything and keeps nothing.
type Span struct{ of trace.Span }

// Server begins the span of a request, as a part of what its traceparent names (W3C Trace Context).
func Server(r *http.Request, name string) (context.Context, *Span) {
	t := on()
	if t == nil {
		return r.Context(), nil
	}
	ctx := propagation.TraceContext{}.Extract(r.Context(), propagation.HeaderCarrier(r.Header))
	ctx, s := t.Start(ctx, name, trace.WithSpanKind(trace.SpanKindServer), trace.WithAttributes(attribute.String("http.request.method", r.Method)))
	return ctx, &Span{s}
}

// Pass names the span of ctx to the server that a request goes to.
func Pass(ctx context.Context, h http.Header) {
	if on() != nil {
		propagation.TraceContext{}.Inject(ctx, propagation.HeaderCarrier(h))
	}
}

// Start begins a span within that of ctx. pairs are names and values.
func Start(ctx context.Context, name string, pairs ...string) (context.Context, *Span) {
	t := on()
	if t == nil {
		return ctx, nil
	}
	ctx, s := t.Start(ctx, name, trace.WithAttributes(attributes(pairs)...))
	return ctx, &Span{s}
}

// Past makes a span, within that of ctx, of something that has just ended. Outside of any span it makes none.
func Past(ctx context.Context, name string, took time.Duration, failed bool, pairs ...string) {
	t := on()
	if t == nil || !trace.SpanFromContext(ctx).IsRecording() {
		return
	}
	kind := trace.SpanKindInternal
	if len(pairs) > 0 && strings.HasPrefix(pairs[0], "db.") {
		kind = trace.SpanKindClient
	}
	end := time.Now()
	_, s := t.Start(ctx, name, trace.WithTimestamp(end.Add(-took)), trace.WithSpanKind(kind), trace.WithAttributes(attributes(pairs)...))
	if failed {
		s.SetStatus(codes.Error, "")
	}
	s.End(trace.WithTimestamp(end))
}

// Status ends the span of a request.
func (s *Span) Status(name string, status int, pairs ...string) {
	if s == nil {
		return
	}
	s.of.SetName(name)
	s.of.SetAttributes(append(attributes(pairs), attribute.Int("http.response.status_code", status))...)
	if status >= http.StatusInternalServerError {
		s.of.SetStatus(codes.Error, "")
	}
	s.of.End()
}

// End ends a span; why is empty when all went well.
func (s *Span) End(why string, pairs ...string) {
	if s == nil {
		return
	}
	s.of.SetAttributes(attributes(pairs)...)
	if why != "" {
		s.of.SetStatus(codes.Error, why)
	}
	s.of.End()
}

func attributes(pairs []string) (list []attribute.KeyValue) {
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i+1] != "" {
			list = append(list, attribute.String(pairs[i], pairs[i+1]))
		}
	}
	return list
}
