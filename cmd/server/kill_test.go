package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/openimis/openimis-be-go/internal/build"
	"github.com/openimis/openimis-be-go/internal/db"
	"github.com/openimis/openimis-be-go/internal/progress"
	"github.com/openimis/openimis-be-go/internal/seed"
	"github.com/openimis/openimis-be-go/internal/service"
	"github.com/openimis/openimis-be-go/internal/testing/dbtest"
)

// asServer makes the test binary the server itself: TestMain runs main when it is set; the value is its subcommand.
const asServer = "IMIS_TEST_AS_SERVER"

// process is a server in a process of its own, which can be killed and started again.
type process struct {
	t   testing.TB
	env []string
	url string
	mu  sync.Mutex
	cmd *exec.Cmd
	out bytes.Buffer
}

func launch(t testing.TB, env ...string) *process {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := l.Addr().String()
	l.Close()
	p := &process{t: t, url: "http://" + addr, env: append([]string{asServer + "=serve", "LISTEN=" + addr, "SITE_ROOT=api", "LOG_LEVEL=warn", "REMOTE_USER_AUTHENTICATION=true"}, env...)}
	p.start()
	t.Cleanup(p.kill)
	return p
}

func (p *process) start() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.cmd = exec.Command(os.Args[0], "-test.run=^$")
	p.cmd.Env = append(os.Environ(), p.env...)
	p.cmd.Stderr = &p.out
	if err := p.cmd.Start(); err != nil {
		p.t.Fatal(err)
	}
}

// kill ends the process as a power failure would.
func (p *process) kill() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.cmd != nil {
		_ = p.cmd.Process.Kill()
		_ = p.cmd.Wait()
		p.cmd = nil
	}
}

// ready waits until the server answers.
func (p *process) ready() {
	p.t.Helper()
	for began := time.Now(); time.Since(began) < time.Minute; time.Sleep(25 * time.Millisecond) {
		if p.answers() {
			return
		}
	}
	p.t.Fatalf("the server does not get ready: %s", p.out.String())
}

// answers says whether the server is ready.
func (p *process) answers() bool {
	res, err := http.Get(p.url + "/readyz")
	if err != nil {
		return false
	}
	res.Body.Close()
	return res.StatusCode == http.StatusOK
}

var errGone = errors.New("the server is gone")

// post sends a query as Admin; errGone when the connection broke, so that nobody knows what happened.
func (p *process) post(query string) (map[string]any, error) {
	body, _ := json.Marshal(map[string]string{"query": query})
	req, _ := http.NewRequest(http.MethodPost, p.url+"/api/graphql", bytes.NewReader(body))
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Remote-User", "Admin")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, errGone
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	if err != nil {
		return nil, errGone
	}
	var a struct {
		Data   map[string]any
		Errors []struct{ Message string }
	}
	if err := json.Unmarshal(raw, &a); err != nil {
		return nil, fmt.Errorf("%w: %s", err, raw)
	}
	if len(a.Errors) > 0 {
		return nil, errors.New(a.Errors[0].Message)
	}
	return a.Data, nil
}

// A server is killed at random moments during 200 mutations and started again. Every mutation ends
// exactly once: its log says success, and the claim it creates is there once.
func TestKilledServerLosesNoMutationAndExecutesNoneTwice(t *testing.T) {
	for _, engine := range dbtest.Engines() {
		if engine == db.SQLServer {
			continue // the same code and statements; Babelfish takes a minute for each start
		}
		for _, async := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s async=%t", engine, async), func(t *testing.T) {
				t.Parallel()
				kill200(t, engine, async)
			})
		}
	}
}

func kill200(t *testing.T, engine db.Dialect, async bool) {
	const mutations = 200
	url := dbtest.URL(t, engine)
	d, err := db.Open(t.Context(), url, db.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	if err := seed.Seed(t.Context(), d, seed.Demo, time.Now().UTC(), progress.None); err != nil {
		t.Fatal(err)
	}
	var insuree, facility, diagnosis, admin int
	for src, to := range map[string]*int{
		`SELECT MIN("InsureeID") FROM "tblInsuree" WHERE "ValidityTo" IS NULL`:                                                                                 &insuree,
		`SELECT MIN("HfID") FROM "tblHF" WHERE "ValidityTo" IS NULL`:                                                                                           &facility,
		`SELECT MIN("ICDID") FROM "tblICDCodes" WHERE "ValidityTo" IS NULL`:                                                                                    &diagnosis,
		`SELECT MIN("ClaimAdminId") FROM "tblClaimAdmin" WHERE "ValidityTo" IS NULL AND "HFId" = (SELECT MIN("HfID") FROM "tblHF" WHERE "ValidityTo" IS NULL)`: &admin,
	} {
		if err := d.Get(t.Context(), to, src); err != nil {
			t.Fatal(err)
		}
	}
	p := launch(t, "DATABASE_URL="+url, fmt.Sprintf("ASYNC_MUTATIONS=%t", async))
	p.ready()

	ctx, stop := context.WithCancel(t.Context())
	var killer sync.WaitGroup
	kills := 0
	killer.Go(func() {
		random := rand.New(rand.NewPCG(7, uint64(len(engine))))
		for ctx.Err() == nil {
			select {
			case <-ctx.Done():
				return
			case <-time.After(time.Duration(200+random.IntN(500)) * time.Millisecond):
			}
			p.kill()
			kills++
			p.start()
			// Most of the time it gets as far as answering, however slow the machine is: otherwise it would be
			// killed at its start only.
			for wait := random.IntN(4) > 0; wait && ctx.Err() == nil && !p.answers(); {
				time.Sleep(25 * time.Millisecond)
			}
		}
	})
	day := time.Now().UTC().AddDate(0, 0, -3).Format("2006-01-02")
	for i := 0; i < mutations; {
		code := fmt.Sprintf("K%06d", i)
		_, err := p.post(fmt.Sprintf(`mutation { createClaim(input: { clientMutationId: %q clientMutationLabel: "kill" code: %q insureeId: %d adminId: %d dateFrom: %q dateTo: %q icdId: %d dateClaimed: %q healthFacilityId: %d visitType: "O" status: 2 }) { internalId } }`,
			"kill-"+code, code, insuree, admin, day, day, diagnosis, day, facility))
		switch {
		case err == nil:
			i++
			time.Sleep(20 * time.Millisecond) // so that there is somebody to kill
		case errors.Is(err, errGone):
			// Was it recorded? The client asks by its own id, and sends it again only if it was not. It
			// gives the database a moment: a commit that the dead process sent may be on its way.
			time.Sleep(500 * time.Millisecond)
			for {
				data, err := p.post(fmt.Sprintf(`{ mutationLogs(clientMutationId: %q) { totalCount } }`, "kill-"+code))
				if err == nil {
					if data["mutationLogs"].(map[string]any)["totalCount"] == 1.0 {
						i++
					}
					break
				}
				time.Sleep(20 * time.Millisecond)
			}
		default:
			t.Fatalf("%s: %v\n%s", code, err, p.out.String())
		}
	}
	stop()
	killer.Wait()
	p.ready()
	if kills < 5 {
		t.Errorf("only %d kills: the test proves little", kills)
	}
	waitForEnds(t, d, mutations)
	t.Logf("%d kills", kills)

	var logs []struct {
		Client string  `db:"client_mutation_id"`
		Status int     `db:"status"`
		Error  *string `db:"error"`
	}
	if err := d.Select(t.Context(), &logs, `SELECT "client_mutation_id", "status", "error" FROM "core_Mutation_Log" WHERE "client_mutation_label" = ?`, "kill"); err != nil {
		t.Fatal(err)
	}
	seen := map[string]int{}
	for _, l := range logs {
		seen[l.Client]++
		if l.Status != 2 {
			t.Errorf("%s ended with %d: %v", l.Client, l.Status, text(l.Error))
		}
	}
	var claims []string
	if err := d.Select(t.Context(), &claims, `SELECT "ClaimCode" FROM "tblClaim" WHERE $like("ClaimCode", ?)`, db.StartsWith("K0")); err != nil {
		t.Fatal(err)
	}
	made := map[string]int{}
	for _, c := range claims {
		made["kill-"+c]++
	}
	for i := range mutations {
		id := fmt.Sprintf("kill-K%06d", i)
		if seen[id] != 1 || made[id] != 1 {
			t.Errorf("%s: %d logs, %d claims", id, seen[id], made[id])
		}
	}
	if len(claims) != mutations {
		t.Errorf("%d claims for %d mutations", len(claims), mutations)
	}
}

func text(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

// waitForEnds waits until nothing is queued any more: what a dead process had taken is free again
// after its lease of 15 s.
func waitForEnds(t *testing.T, d *db.DB, mutations int) {
	t.Helper()
	for range 1800 {
		var open, queued int
		if err := d.Get(t.Context(), &open, `SELECT COUNT(*) FROM "core_Mutation_Log" WHERE "status" = 0`); err != nil {
			t.Fatal(err)
		}
		if err := d.Get(t.Context(), &queued, `SELECT COUNT(*) FROM "imis_mutation_queue"`); err != nil {
			t.Fatal(err)
		}
		if open == 0 && queued == 0 {
			return
		}
		time.Sleep(100 * time.Millisecond)
	}
	t.Fatalf("after three minutes not all of %d mutations have ended", mutations)
}

// servesInstead runs the server when the test binary was started for that.
func servesInstead() bool {
	if os.Getenv(asServer) == "" {
		return false
	}
	if v := os.Getenv("IMIS_TEST_RELEASE"); v != "" {
		build.Version = v
	}
	if err := service.Main("test", func(ctx context.Context) error { return run(ctx, []string{os.Getenv(asServer)}) }); err != nil && !strings.Contains(err.Error(), "signal") {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	return true
}
