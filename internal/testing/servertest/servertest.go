// Package servertest makes the server that tests and benchmarks send requests to, as the program makes
// it: from environment variables, over a database, with a list of modules.
package servertest

import (
	"bytes"
	"encoding/json"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/openimis/openimis-be-go/internal/config"
	"github.com/openimis/openimis-be-go/internal/db"
	"github.com/openimis/openimis-be-go/internal/server"
)

// New makes a server over d that believes the user header of the same machine; env adds variables and
// replaces these.
func New(t testing.TB, d *db.DB, compiled []server.Constructor, env map[string]string) *server.Server {
	t.Helper()
	// d is used whatever DATABASE_URL says; an embedded one lets IMIS_FIXED_NOW pass.
	vars := map[string]string{"DATABASE_URL": "sqlite:unused.db", "REMOTE_USER_AUTHENTICATION": "true", "SECRET_KEY": strings.Repeat("servertest", 5),
		"AUDIT_LOG": "off"} // its statements would come between those that tests count
	maps.Copy(vars, env)
	conf, err := config.FromEnvironment(vars)
	if err != nil {
		t.Fatal(err)
	}
	s, err := server.New(conf, d, compiled, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// Serve serves s until the test ends and gives its address.
func Serve(t testing.TB, s *server.Server) (url string) {
	t.Helper()
	h := httptest.NewServer(s.Handler())
	t.Cleanup(h.Close)
	return h.URL
}

// GraphQL sends an operation to the server at base (of [Serve]) as a user, "" for nobody, and reads the
// answer whole.
func GraphQL(t testing.TB, base, user, query string) (answer *http.Response, body []byte) {
	t.Helper()
	sent, err := json.Marshal(map[string]string{"query": query})
	if err != nil {
		t.Fatal(err)
	}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, base+"/api/graphql", bytes.NewReader(sent))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	if user != "" {
		req.Header.Set("Remote-User", user)
	}
	answer, err = http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	if body, err = io.ReadAll(answer.Body); err != nil {
		t.Fatal(err)
	}
	return answer, body
}
