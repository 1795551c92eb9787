package tracing

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
)

// exporter sends spans as OTLP over HTTP in JSON.
type exporter struct {
	url     string
	headers map[string]string
	client  *http.Client
	log     *slog.Logger
}

// exporterFromEnvironment gives nil when no collector is named.
func exporterFromEnvironment() (*exporter, error) {
	name, path := "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", ""
	if os.Getenv(name) == "" {
		name, path = "OTEL_EXPORTER_OTLP_ENDPOINT", "v1/traces"
	}
	value := os.Getenv(name)
	if value == "" {
		return nil, nil
	}
	u, err := url.Parse(value)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return nil, fmt.Errorf("%s=%q; allowed: an http(s) URL, such as http://collector:4318", name, value)
	}
	if path != "" {
		u = u.JoinPath(path)
	}
	e := &exporter{url: u.String(), headers: map[string]string{}, client: &http.Client{Timeout: 10 * time.Second}}
	for _, name := range []string{"OTEL_EXPORTER_OTLP_HEADERS", "OTEL_EXPORTER_OTLP_TRACES_HEADERS"} {
		for pair := range strings.SplitSeq(os.Getenv(name), ",") {
			if strings.TrimSpace(pair) == "" {
				continue
			}
			key, text, ok := strings.Cut(pair, "=")
			text, err := url.PathUnescape(strings.TrimSpace(text))
			if !ok || err != nil { // it may be a password
				return nil, fmt.Errorf("%s: not name=value,name=value", name)
			}
			e.headers[strings.TrimSpace(key)] = text
		}
	}
	for _, name := range []string{"OTEL_EXPORTER_OTLP_TIMEOUT", "OTEL_EXPORTER_OTLP_TRACES_TIMEOUT"} {
		if text := os.Getenv(name); text != "" {
			ms, err := strconv.Atoi(text)
			if err != nil || ms <= 0 {
				return nil, fmt.Errorf("%s=%q; allowed: milliseconds, more than 0", name, text)
			}
			e.client.Timeout = time.Duration(ms) * time.Millisecond
		}
	}
	return e, nil
}

// The messages of OTLP in JSON (opentelemetry-proto, trace.proto): ids are hexadecimal, 64-bit numbers are text.
type (
	message struct {
		ResourceSpans []resourceSpans `json:"resourceSpans"`
	}
	resourceSpans struct {
		Resource struct {
			Attributes []keyValue `json:"attributes"`
		} `json:"resource"`
		ScopeSpans []scopeSpans `json:"scopeSpans"`
	}
	scopeSpans struct {
		Scope struct {
			Name string `json:"name"`
		} `json:"scope"`
		Spans []span `json:"spans"`
	}
	span struct {
		TraceID      string     `json:"traceId"`
		SpanID       string     `json:"spanId"`
		TraceState   string     `json:"traceState,omitempty"`
		ParentSpanID string     `json:"parentSpanId,omitempty"`
		Name         string     `json:"name"`
		Kind         int        `json:"kind"`
		Start        string     `json:"startTimeUnixNano"`
		End          string     `json:"endTimeUnixNano"`
		Attributes   []keyValue `json:"attributes,omitempty"`
		Status       struct {
			Code    int    `json:"code,omitempty"`
			Message string `json:"message,omitempty"`
		} `json:"status"`
	}
	keyValue struct {
		Key   string         `json:"key"`
		Value map[string]any `json:"value"`
	}
)

func keyValues(list []attribute.KeyValue) (out []keyValue) {
	for _, a := range list {
		var v map[string]any
		switch a.Value.Type() {
		case attribute.BOOL:
			v = map[string]any{"boolValue": a.Value.AsBool()}
		case attribute.INT64:
			v = map[string]any{"intValue": strconv.FormatInt(a.Value.AsInt64(), 10)}
		case attribute.FLOAT64:
			v = map[string]any{"doubleValue": a.Value.AsFloat64()}
		default:
			v = map[string]any{"stringValue": a.Value.Emit()}
		}
		out = append(out, keyValue{string(a.Key), v})
	}
	return out
}

// encoded is the message for spans, all of one process.
func encoded(spans []sdktrace.ReadOnlySpan) ([]byte, error) {
	var list scopeSpans
	list.Scope.Name = spans[0].InstrumentationScope().Name
	for _, s := range spans {
		one := span{TraceID: s.SpanContext().TraceID().String(), SpanID: s.SpanContext().SpanID().String(), TraceState: s.SpanContext().TraceState().String(),
			Name: s.Name(), Kind: int(s.SpanKind()), // both count from internal, 1
			Start: strconv.FormatInt(s.StartTime().UnixNano(), 10), End: strconv.FormatInt(s.EndTime().UnixNano(), 10), Attributes: keyValues(s.Attributes())}
		if s.Parent().SpanID().IsValid() {
			one.ParentSpanID = s.Parent().SpanID().String()
		}
		switch s.Status().Code {
		case codes.Ok:
			one.Status.Code = 1
		case codes.Error:
			one.Status.Code, one.Status.Message = 2, s.Status().Description
		}
		list.Spans = append(list.Spans, one)
	}
	var r resourceSpans
	r.Resource.Attributes = keyValues(spans[0].Resource().Attributes())
	r.ScopeSpans = []scopeSpans{list}
	return json.Marshal(message{[]resourceSpans{r}})
}

// ExportSpans implements sdktrace.SpanExporter. What a collector does not take is lost, and told; requests never wait.
func (e *exporter) ExportSpans(ctx context.Context, spans []sdktrace.ReadOnlySpan) error {
	if len(spans) == 0 {
		return nil
	}
	body, err := encoded(spans)
	if err != nil {
		return err
	}
	pause := 200 * time.Millisecond
	for try := 1; ; try++ {
		again, err := e.send(ctx, body)
		if err == nil {
			return nil
		}
		if !again || try == 3 {
			e.log.WarnContext(ctx, "tracing: the collector does not take spans", "lost", len(spans), "error", err)
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(pause):
		}
		pause *= 4
	}
}

// send sends once; again says whether another try may help.
func (e *exporter) send(ctx context.Context, body []byte) (again bool, err error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, e.url, bytes.NewReader(body))
	if err != nil {
		return false, err
	}
	for name, value := range e.headers {
		r.Header.Set(name, value)
	}
	r.Header.Set("Content-Type", "application/json")
	answer, err := e.client.Do(r)
	if err != nil {
		return true, err
	}
	defer answer.Body.Close()
	_, _ = io.Copy(io.Discard, io.LimitReader(answer.Body, 64<<10))
	if answer.StatusCode/100 == 2 {
		return false, nil
	}
	switch answer.StatusCode {
	case http.StatusTooManyRequests, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		again = true
	}
	return again, fmt.Errorf("%s answers %s", e.url, answer.Status)
}

// Shutdown implements sdktrace.SpanExporter.
func (e *exporter) Shutdown(context.Context) error { return nil }
