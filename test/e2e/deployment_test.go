// Package e2e tests whole deployments from outside, as the people and systems that use them see them: the built programs in
// processes of their own, over PostgreSQL and RabbitMQ servers that may be killed, beside a stand-in for the legacy
// application. Start with deploy (deployment_test.go).
//
//	process_test.go   a program that is started again when it dies
//	services_test.go  PostgreSQL and RabbitMQ
//	client_test.go    somebody who signs in at the legacy application and uses the backends; load
//	browser_test.go   the same with Chromium
//	kill_test.go      any process is killed (hang_test.go: or hangs)
//	sessions_test.go  sessions end on every gateway
//	restart_test.go   backends are restarted one by one
//	releases_test.go  two releases on one database
//
// It is a module of its own, because the library that drives the browser stays out of the program.
package e2e

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// repository is where the programs are built from.
const repository = "../.."

var built struct {
	sync.Mutex
	folder  string
	version map[string]string // of the source, where its programs are
}

func TestMain(m *testing.M) {
	code := m.Run()
	if built.folder != "" {
		_ = os.RemoveAll(built.folder)
	}
	os.Exit(code)
}

// build builds the programs of a source tree once and gives the folder that they are in.
func build(t *testing.T, source, version string) string {
	t.Helper()
	built.Lock()
	defer built.Unlock()
	if to, ok := built.version[version]; ok {
		return to
	}
	if built.folder == "" {
		dir, err := os.MkdirTemp("", "openimis-e2e-bin-")
		if err != nil {
			t.Fatal(err)
		}
		built.folder, built.version = dir, map[string]string{}
	}
	to := filepath.Join(built.folder, version)
	packages := []string{"./cmd/server"}
	if version == current {
		packages = append(packages, "./cmd/gateway", "./internal/testing/legacyapp/standin")
	}
	if err := os.Mkdir(to, 0o755); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("go", append([]string{"build", "-trimpath", "-ldflags", "-s -w -X github.com/openimis/openimis-be-go/internal/build.Version=" + version, "-o", to + "/"}, packages...)...)
	cmd.Dir = source
	cmd.Env = append(os.Environ(), "GOWORK=off")
	if os.Getenv("CGO_ENABLED") == "" { // CGO_ENABLED=1 GOFLAGS=-race builds them with the race detector
		cmd.Env = append(cmd.Env, "CGO_ENABLED=0")
	}
	if text, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("build %s: %v\n%s", version, err, text)
	}
	built.version[version] = to
	return to
}

// current names the build of this source tree.
const current = "current"

// deployment is the whole of it.
type deployment struct {
	t        *testing.T
	bin      string
	dir      string
	postgres *process
	rabbit   *process
	services map[string]*process
	address  map[string]string // of the servers among them
	db       string            // URL
	common   []string          // variables of every server and worker
	gateways []string          // their addresses
	root     *x509.CertPool
}

// shape is what differs between deployments.
type shape struct {
	ibackends, backends, workers, gateways int
}

// logins are those of the demo data.
var logins = []string{"Admin=admin123", "medical=medicalmedical", "clerk=clerkclerk"}

// newDeployment makes the database, fills it, and starts RabbitMQ; no server yet. server is the program that fills it.
func newDeployment(t *testing.T, bin string) *deployment {
	t.Helper()
	d := &deployment{t: t, bin: bin, dir: folder(t, nil), services: map[string]*process{}, address: map[string]string{}}
	d.postgres, d.db = startPostgres(t)
	var broker string
	d.rabbit, broker = startRabbit(t)
	d.common = []string{"DATABASE_URL=" + d.db, "CELERY_BROKER_URL=" + broker, "ASYNC_MUTATIONS=true", "SECRET_KEY=" + strings.Repeat("e2e", 20), "LOG_LEVEL=info"}
	d.server("seed", "--size", "demo")
	return d
}

// server runs a command of the server program to its end.
func (d *deployment) server(args ...string) string {
	d.t.Helper()
	return output(d.t, d.common, append([]string{filepath.Join(d.bin, "server")}, args...)...)
}

// launch starts a server or worker of the programs in bin: role is iapi, api or worker.
func (d *deployment) launch(name, bin, role string, more ...string) (address string) {
	d.t.Helper()
	env := append(append([]string{}, d.common...), more...)
	command := []string{filepath.Join(bin, "server"), "serve"}
	port := freePort(d.t)
	switch role {
	case "worker":
		command[1] = "worker"
		env = append(env, "SITE_ROOT=iapi")
	case "iapi":
		env = append(env, "REMOTE_USER_AUTHENTICATION=true", "SITE_ROOT=iapi", "LISTEN=127.0.0.1:"+port)
	default:
		env = append(env, "SITE_ROOT="+role, "LISTEN=127.0.0.1:"+port)
	}
	d.services[name] = run(d.t, name, d.dir, nil, env, command...)
	d.address[name] = "http://127.0.0.1:" + port
	return d.address[name]
}

// deploy starts everything and waits until it is ready.
func deploy(t *testing.T, s shape) *deployment {
	t.Helper()
	bin := build(t, repository, current)
	d := newDeployment(t, bin)
	var ibackends, backends []string
	for i := range s.ibackends {
		ibackends = append(ibackends, d.launch(fmt.Sprintf("ibackend%d", i+1), bin, "iapi"))
	}
	for i := range s.backends {
		backends = append(backends, d.launch(fmt.Sprintf("backend%d", i+1), bin, "api"))
	}
	for i := range s.workers {
		d.launch(fmt.Sprintf("worker%d", i+1), bin, "worker")
	}
	d.front(ibackends, backends, s.gateways)
	return d
}

// front starts the legacy application and gateways before the given servers, and waits until all are ready.
func (d *deployment) front(ibackends, backends []string, gateways int) {
	t := d.t
	t.Helper()
	bin := build(t, repository, current)
	legacy := freePort(t)
	d.services["legacy"] = run(t, "legacy", d.dir, nil, nil, append([]string{filepath.Join(bin, "standin"), "127.0.0.1:" + legacy}, logins...)...)
	react := filepath.Join(d.dir, "front")
	if err := os.Mkdir(react, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(react, "index.html"), []byte("<!DOCTYPE html><title>openIMIS front</title><h1 id=front>The React application</h1>"), 0o644); err != nil {
		t.Fatal(err)
	}
	d.certificate()
	for i := range gateways {
		d.gateways = append(d.gateways, d.gateway(fmt.Sprintf("gateway%d", i+1), "LEGACY_URL=http://127.0.0.1:"+legacy, "FRONT_DIR="+react,
			"IBACKEND_URLS="+strings.Join(ibackends, ","), "BACKEND_URLS="+strings.Join(backends, ",")))
	}
	for _, g := range d.gateways {
		await(t, "gateway and backends", 2*time.Minute, func() bool { return d.get(g+"/readyz") == http.StatusOK })
	}
	for _, b := range append(append([]string{}, ibackends...), backends...) {
		await(t, "the server at "+b, 2*time.Minute, func() bool { return d.get(b+"/readyz") == http.StatusOK })
	}
}

// gateway starts one.
func (d *deployment) gateway(name string, more ...string) (address string) {
	d.t.Helper()
	port := freePort(d.t)
	env := append([]string{"LISTEN=127.0.0.1:" + port, "TLS_CERT=" + filepath.Join(d.dir, "cert.pem"), "TLS_KEY=" + filepath.Join(d.dir, "key.pem"),
		"SESSION_SECRET=" + strings.Repeat("s", 40), "LOGINS_PER_MINUTE=1000", "DATA_DIR=" + filepath.Join(d.dir, name)}, more...)
	d.services[name] = run(d.t, name, d.dir, nil, env, filepath.Join(build(d.t, repository, current), "gateway"))
	return "https://127.0.0.1:" + port
}

// certificate makes one of the deployment's own, in cert.pem and key.pem.
func (d *deployment) certificate() {
	t := d.t
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "openIMIS e2e"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour), IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign}
	der, err := x509.CreateCertificate(rand.Reader, template, template, private.Public(), private)
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	d.root = x509.NewCertPool()
	d.root.AddCert(parsed)
	secret, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	for path, block := range map[string]*pem.Block{"cert.pem": {Type: "CERTIFICATE", Bytes: der}, "key.pem": {Type: "PRIVATE KEY", Bytes: secret}} {
		if err := os.WriteFile(filepath.Join(d.dir, path), pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// transport is what clients of the deployment use.
func (d *deployment) transport() *http.Transport {
	return &http.Transport{TLSClientConfig: &tls.Config{RootCAs: d.root, MinVersion: tls.VersionTLS12}, MaxIdleConnsPerHost: 32, ForceAttemptHTTP2: true}
}

// get asks without a login and gives the status, 0 when there is no answer.
func (d *deployment) get(url string) int {
	ctx, cancel := context.WithTimeout(d.t.Context(), 5*time.Second)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		d.t.Fatal(err)
	}
	transport := d.transport()
	defer transport.CloseIdleConnections()
	answer, err := (&http.Client{Transport: transport}).Do(r)
	if err != nil {
		return 0
	}
	answer.Body.Close()
	return answer.StatusCode
}
