package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/openimis/openimis-be-go/internal/clock"
	"github.com/openimis/openimis-be-go/internal/db"
	"github.com/openimis/openimis-be-go/internal/gateway"
	"github.com/openimis/openimis-be-go/internal/progress"
	"github.com/openimis/openimis-be-go/internal/seed"
	"github.com/openimis/openimis-be-go/internal/testing/dbtest"
)

// cluster is several servers, each in a process of its own, behind a gateway.
type cluster struct {
	t         testing.TB
	instances []*process
	gateway   *httptest.Server
}

func newCluster(t testing.TB, n int, env ...string) *cluster {
	t.Helper()
	c := &cluster{t: t}
	var urls []string
	for range n {
		p := launch(t, append([]string{"REMOTE_USER_AUTHENTICATION=false", "DRAIN_DELAY=0"}, env...)...)
		c.instances = append(c.instances, p)
		urls = append(urls, p.url)
	}
	for _, p := range c.instances {
		p.ready()
	}
	conf, err := gateway.FromEnvironment(map[string]string{"BACKEND_URLS": strings.Join(urls, ","), "IBACKEND_URLS": strings.Join(urls, ","), "SESSION_SECRET": strings.Repeat("k", 40), "DATA_DIR": t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	g, err := gateway.New(conf, clock.System, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	t.Cleanup(stop)
	g.Watch(ctx)
	c.gateway = httptest.NewServer(g.Handler())
	t.Cleanup(c.gateway.Close)
	return c
}

// get asks for a FHIR path, or with an operation GraphQL, and gives the answer; an error for all but success.
func (c *cluster) get(client *http.Client, path, operation string) (string, error) {
	method, body := http.MethodGet, ""
	if operation != "" {
		text, err := json.Marshal(map[string]string{"query": operation})
		if err != nil {
			return "", err
		}
		method, body = http.MethodPost, string(text)
	}
	r, err := http.NewRequest(method, c.gateway.URL+"/api/"+path, strings.NewReader(body))
	if err != nil {
		return "", err
	}
	r.Header.Set("Content-Type", "application/json")
	r.SetBasicAuth("Admin", "admin123")
	answer, err := client.Do(r)
	if err != nil {
		return "", err
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err == nil && (answer.StatusCode != http.StatusOK || strings.Contains(string(text), `"errors"`)) {
		err = fmt.Errorf("%d %.300s", answer.StatusCode, text)
	}
	return string(text), err
}

// metric reads a figure of an instance.
func (p *process) metric(name string) string {
	answer, err := http.Get(p.url + "/metrics")
	if err != nil {
		return ""
	}
	defer answer.Body.Close()
	text, _ := io.ReadAll(answer.Body)
	for _, line := range strings.Split(string(text), "\n") {
		if value, ok := strings.CutPrefix(line, name+" "); ok {
			return value
		}
	}
	return ""
}

func eventually(t testing.TB, what string, happened func() bool) {
	t.Helper()
	for began := time.Now(); !happened(); time.Sleep(20 * time.Millisecond) {
		if time.Since(began) > time.Minute {
			t.Fatalf("after a minute: not %s", what)
		}
	}
}

// filled makes a primary and a standby with demo data.
func filled(t testing.TB, size seed.Size) (primary, standby *dbtest.Server) {
	t.Helper()
	primary, standby = dbtest.Replicated(t)
	d, err := db.Open(t.Context(), primary.URL(), db.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	if err := seed.Seed(t.Context(), d, size, time.Now().UTC(), progress.None); err != nil {
		t.Fatal(err)
	}
	return primary, standby
}

// Two servers behind the gateway, over a primary and its standby: a server and the standby are lost while people
// read, and nobody sees an error; whoever writes sees it at once, whichever server answers.
func TestServersAndReplicaAreLostWithoutAnError(t *testing.T) {
	primary, standby := filled(t, seed.Demo)
	c := newCluster(t, 2, "DATABASE_URL="+primary.URL(), "DATABASE_READ_URL="+standby.URL(), "DATABASE_READ_LAG=20s")
	for _, p := range c.instances {
		eventually(t, "reading from the standby", func() bool { return p.metric("openimis_replica_serves") == "1" })
	}
	alone := &http.Client{}

	// A user writes while the standby applies nothing.
	standby.Exec(t, `SELECT pg_wal_replay_pause()`)
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	writer := &http.Client{Jar: jar}
	const claims = `{ claims(status: 2, first: 1) { edges { node { id code } } } }`
	text, err := c.get(writer, "graphql", claims)
	if err != nil {
		t.Fatal(err)
	}
	var before struct {
		Data struct {
			Claims struct {
				Edges []struct{ Node struct{ ID, Code string } }
			}
		}
	}
	if err := json.Unmarshal([]byte(text), &before); err != nil || len(before.Data.Claims.Edges) != 1 {
		t.Fatalf("%s %v", text, err)
	}
	code := before.Data.Claims.Edges[0].Node.Code
	d, err := db.Open(t.Context(), primary.URL(), db.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	var id int
	if err := d.Get(t.Context(), &id, `SELECT c."ClaimID" FROM "tblClaim" c WHERE $eq(c."ClaimCode", ?) AND c."ValidityTo" IS NULL`, code); err != nil {
		t.Fatal(err)
	}
	if text, err := c.get(writer, "graphql", fmt.Sprintf(`mutation { submitClaims(input: {ids: [%d], clientMutationId: "m"}) { internalId } }`, id)); err != nil {
		t.Fatal(text, err)
	}
	for i := range 6 { // on one server and the other
		text, err := c.get(writer, "graphql", `{ claims(code: "`+code+`") { edges { node { status } } } }`)
		if err != nil || !strings.Contains(text, `"status"`) || strings.Contains(text, `"status":2`) {
			t.Errorf("read %d after writing: %s %v", i, text, err)
		}
	}
	standby.Exec(t, `SELECT pg_wal_replay_resume()`)

	// People read all along.
	var read atomic.Int64
	done := make(chan struct{})
	var wg sync.WaitGroup
	for range 6 {
		wg.Go(func() {
			for {
				select {
				case <-done:
					return
				default:
				}
				text, err := c.get(alone, "api_fhir_r4/Location?physicalType=D&_count=2", "")
				if err != nil || !strings.Contains(text, `"Bundle"`) {
					t.Errorf("%.200s %v", text, err)
				}
				read.Add(1)
			}
		})
	}
	more := func(n int64) {
		from := read.Load()
		eventually(t, "reading on", func() bool { return read.Load() >= from+n })
	}
	more(100)
	c.instances[0].kill()
	more(300)
	c.instances[0].start()
	c.instances[0].ready()
	more(100)
	standby.Kill()
	more(300)
	for _, p := range c.instances {
		eventually(t, "without the standby", func() bool { return p.metric("openimis_replica_serves") == "0" })
		if !p.answers() {
			t.Error("the loss of the standby makes a server unready")
		}
	}
	standby.Start(t)
	for _, p := range c.instances {
		eventually(t, "with the standby again", func() bool { return p.metric("openimis_replica_serves") == "1" })
	}
	more(100)
	close(done)
	wg.Wait()
	for _, p := range c.instances {
		if n := p.metric("openimis_replica_reads_total"); n == "" || n == "0" {
			t.Errorf("reads from the standby: %q", n)
		}
	}
	if u, err := url.Parse(c.gateway.URL); err != nil || len(jar.Cookies(u)) == 0 {
		t.Errorf("cookies %v", err)
	}
}
