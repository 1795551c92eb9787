package server_test

import (
	"context"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/openimis/openimis-be-go/internal/testing/dbtest"
	"github.com/openimis/openimis-be-go/internal/testing/servertest"
)

// Clients that only hold connections are cut off, wherever in a request they stop.
func TestSlowClients(t *testing.T) {
	s := servertest.New(t, dbtest.SQLite(t), compiled, map[string]string{"READ_HEADER_TIMEOUT": "300ms", "REQUEST_TIMEOUT": "600ms", "IDLE_TIMEOUT": "300ms"})
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- s.Serve(ctx, l, func(string) {}) }()
	defer func() {
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}()
	for what, send := range map[string]string{
		"nothing":            "",
		"half of a header":   "POST /api/graphql HTTP/1.1\r\nHost: h\r\nX-A: ",
		"a body that stops":  "POST /api/graphql HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{\"query\"",
		"a chunk that stops": "POST /api/graphql HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n10\r\n{",
		"a connection idle":  "GET /healthz HTTP/1.1\r\nHost: h\r\n\r\n",
	} {
		conn, err := net.Dial("tcp", l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(conn, send); err != nil {
			t.Fatal(err)
		}
		_ = conn.SetReadDeadline(time.Now().Add(20 * time.Second))
		answer, err := io.ReadAll(conn) // until the server closes it
		conn.Close()
		if err != nil || strings.Contains(string(answer), "200 OK") != (what == "a connection idle") {
			t.Errorf("%s: %q %v", what, answer, err)
		}
	}
}

// Every answer has the headers that keep browsers from guessing types, framing pages and telling addresses; no
// other site may read any (CORS), whatever it asks for.
func TestSecurityHeaders(t *testing.T) {
	base := servertest.Serve(t, servertest.New(t, dbtest.SQLite(t), compiled, nil))
	for _, method := range []string{http.MethodGet, http.MethodPost, http.MethodOptions} {
		for _, path := range []string{"/", "/healthz", "/readyz", "/api/graphql", "/iapi/graphql", "/api/api_fhir_r4/metadata", "/api/api_fhir_r4/Patient", "/api/version", "/nothing/here"} {
			r, err := http.NewRequestWithContext(t.Context(), method, base+path, nil)
			if err != nil {
				t.Fatal(err)
			}
			r.Header.Set("Origin", "https://evil.example")
			r.Header.Set("Access-Control-Request-Method", "POST")
			answer, err := http.DefaultClient.Do(r)
			if err != nil {
				t.Fatal(err)
			}
			answer.Body.Close()
			h := answer.Header
			if h.Get("X-Content-Type-Options") != "nosniff" || h.Get("X-Frame-Options") != "SAMEORIGIN" || h.Get("Referrer-Policy") != "same-origin" || h.Get("Server") != "" {
				t.Errorf("%s %s: %v", method, path, h)
			}
			for name := range h {
				if strings.HasPrefix(name, "Access-Control-") {
					t.Errorf("%s %s: %s: %s", method, path, name, h.Get(name))
				}
			}
		}
	}
}
