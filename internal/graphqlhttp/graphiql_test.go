package graphqlhttp

import (
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
)

// get asks a handler without a schema for its page.
func get(t *testing.T, headers map[string]string) *http.Response {
	t.Helper()
	r := httptest.NewRequest(http.MethodGet, "/api/graphql", nil)
	for k, v := range headers {
		r.Header.Set(k, v)
	}
	w := httptest.NewRecorder()
	(&Handler{log: slog.New(slog.DiscardHandler)}).ServeHTTP(w, r)
	return w.Result()
}

func body(t *testing.T, r *http.Response) string {
	t.Helper()
	b, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestBrowserGetsPage(t *testing.T) {
	r := get(t, map[string]string{"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"})
	if r.StatusCode != http.StatusOK || r.Header.Get("Content-Type") != "text/html; charset=utf-8" {
		t.Fatalf("status %d, type %q", r.StatusCode, r.Header.Get("Content-Type"))
	}
	html := body(t, r)
	if !strings.Contains(html, "<title>openIMIS GraphQL</title>") {
		t.Error("the page has not its title")
	}
	if m := regexp.MustCompile(`<(script|link|img|iframe)[^>]*\b(src|href)="(https?:)?//`).FindString(html); m != "" {
		t.Errorf("the page needs another server: %s", m)
	}
	if strings.Count(html, "<script>") != 1 || strings.Contains(html, "@import") {
		t.Error("the policy allows exactly one script and no imported style")
	}
}

func TestPolicyAllowsItsScriptOnly(t *testing.T) {
	r := get(t, map[string]string{"Accept": "text/html"})
	policy := r.Header.Get("Content-Security-Policy")
	html := body(t, r)
	script := html[strings.Index(html, "<script>")+len("<script>") : strings.LastIndex(html, "</script>")]
	for _, want := range []string{"default-src 'none'", "script-src '" + hash([]byte(script)) + "';", "connect-src 'self'"} {
		if !strings.Contains(policy, want) {
			t.Errorf("policy %q lacks %q", policy, want)
		}
	}
}

func TestPageIsNotSentTwice(t *testing.T) {
	etag := get(t, map[string]string{"Accept": "text/html"}).Header.Get("ETag")
	r := get(t, map[string]string{"Accept": "text/html", "If-None-Match": etag})
	if r.StatusCode != http.StatusNotModified || body(t, r) != "" {
		t.Errorf("status %d", r.StatusCode)
	}
}

// TestProgramsGetNoPage follows graphene-django: only who prefers HTML to JSON gets the page.
func TestProgramsGetNoPage(t *testing.T) {
	for _, accept := range []string{"", "*/*", "application/json", "application/json, text/html"} {
		if r := get(t, map[string]string{"Accept": accept}); r.StatusCode != http.StatusBadRequest {
			t.Errorf("Accept %q: status %d", accept, r.StatusCode)
		}
	}
}
