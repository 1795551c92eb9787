// Package contract compares a running server with the recorded contract of the Python backends, for
// tests: Send sends a recorded request and compares the answer, Missing compares the schema. The
// recordings themselves stay outside of the project (IMIS_TEST_SHARED names their folder).
package contract

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"sort"
	"strings"
	"unicode/utf8"
)

// Sample is a recorded request with its answer.
type Sample struct {
	File    string // without .json
	Request struct {
		Method, Path string
		Headers      map[string]string
		Body         json.RawMessage
	}
	Response struct {
		Status int
		Body   any
	}
}

// Load reads the samples of a folder in the order of their numbers.
func Load(dir string) ([]Sample, error) {
	files, err := filepath.Glob(filepath.Join(dir, "*.json"))
	if err != nil {
		return nil, err
	}
	if len(files) == 0 {
		return nil, fmt.Errorf("no samples in %s", dir)
	}
	sort.Strings(files)
	var out []Sample
	for _, f := range files {
		raw, err := os.ReadFile(f)
		if err != nil {
			return nil, err
		}
		var s Sample
		if err := json.Unmarshal(raw, &s); err != nil {
			return nil, fmt.Errorf("%s: %w", f, err)
		}
		s.File = strings.TrimSuffix(filepath.Base(f), ".json")
		out = append(out, s)
	}
	return out, nil
}

// Send sends a sample to base, which takes the place of the recorded /api, and says how the answer
// differs; "" when it does not. UUIDs, times and hosts do not count, and of an answer that is not a JSON object
// or list (a page for a browser) only the status does.
func Send(client *http.Client, base string, s Sample) (difference string, err error) {
	var body io.Reader
	if len(s.Request.Body) > 0 && string(s.Request.Body) != "null" {
		raw := []byte(s.Request.Body)
		var text string
		if json.Unmarshal(raw, &text) == nil {
			raw = []byte(text)
		}
		body = bytes.NewReader(raw)
	}
	r, err := http.NewRequest(s.Request.Method, base+strings.TrimPrefix(s.Request.Path, "/api"), body)
	if err != nil {
		return "", err
	}
	if body != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	for k, v := range s.Request.Headers {
		r.Header.Set(k, v)
	}
	res, err := client.Do(r)
	if err != nil {
		return "", err
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	if err != nil {
		return "", err
	}
	if res.StatusCode != s.Response.Status {
		return fmt.Sprintf("status: recorded %d, here %d (%.200s)", s.Response.Status, res.StatusCode, raw), nil
	}
	var got any
	if json.Unmarshal(raw, &got) != nil {
		got = "<not json>"
	}
	want := s.Response.Body
	switch want.(type) {
	case map[string]any, []any:
	default:
		want, got = "<not json>", "<not json>"
	}
	return first(normal(want, ""), normal(got, ""), "$"), nil
}

var (
	uuids  = regexp.MustCompile(`[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}`)
	hosts  = regexp.MustCompile(`https?://[^/\s"]+`)
	global = regexp.MustCompile(`^[A-Za-z0-9+/]{16,}={0,2}$`)
)

// normal replaces what differs from run to run.
func normal(v any, key string) any {
	switch x := v.(type) {
	case map[string]any:
		out := map[string]any{}
		for k, e := range x {
			out[k] = normal(e, k)
		}
		return out
	case []any:
		out := make([]any, len(x))
		for i, e := range x {
			out[i] = normal(e, key)
		}
		return out
	case string:
		if key == "requestDateTime" {
			return "<time>"
		}
		if global.MatchString(x) {
			if raw, err := base64.StdEncoding.DecodeString(x); err == nil && utf8.Valid(raw) {
				x = "relay:" + string(raw)
			}
		}
		return uuids.ReplaceAllString(hosts.ReplaceAllString(x, "<host>"), "<uuid>")
	}
	return v
}

// first describes the first difference.
func first(a, b any, path string) string {
	show := func(v any) string { t, _ := json.Marshal(v); return fmt.Sprintf("%.160s", t) }
	if reflect.TypeOf(a) != reflect.TypeOf(b) {
		return fmt.Sprintf("%s: recorded %s, here %s", path, show(a), show(b))
	}
	switch x := a.(type) {
	case map[string]any:
		y := b.(map[string]any)
		keys := map[string]bool{}
		for k := range x {
			keys[k] = true
		}
		for k := range y {
			keys[k] = true
		}
		sorted := make([]string, 0, len(keys))
		for k := range keys {
			sorted = append(sorted, k)
		}
		sort.Strings(sorted)
		for _, k := range sorted {
			_, recorded := x[k]
			_, here := y[k]
			switch {
			case !recorded:
				return path + "." + k + ": not recorded"
			case !here:
				return path + "." + k + ": missing here"
			}
			if d := first(x[k], y[k], path+"."+k); d != "" {
				return d
			}
		}
		return ""
	case []any:
		y := b.([]any)
		if len(x) != len(y) {
			return fmt.Sprintf("%s: recorded %d elements, here %d", path, len(x), len(y))
		}
		for i := range x {
			if d := first(x[i], y[i], fmt.Sprintf("%s[%d]", path, i)); d != "" {
				return d
			}
		}
		return ""
	}
	if a != b {
		return fmt.Sprintf("%s: recorded %s, here %s", path, show(a), show(b))
	}
	return ""
}
