package gateway

import (
	"bufio"
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"io"
	"maps"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/openimis/openimis-be-go/internal/clock"
)

// serve starts a gateway with its listeners and gives their addresses. It stops with the test.
func serve(t *testing.T, vars map[string]string) map[string]string {
	t.Helper()
	addresses, stop := begin(t, vars)
	t.Cleanup(func() {
		if err := stop(); err != nil {
			t.Error("the gateway ended with", err)
		}
	})
	return addresses
}

// begin starts a gateway. stop asks it to stop and gives how it ended.
func begin(t *testing.T, vars map[string]string) (addresses map[string]string, stop func() error) {
	t.Helper()
	all := map[string]string{"LISTEN": "127.0.0.1:0", "SESSION_SECRET": secret, "DATA_DIR": t.TempDir(), "DRAIN_DELAY": "0"}
	maps.Copy(all, vars)
	g := build(t, clock.System, all)
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	listening, ended := make(chan map[string]string, 1), make(chan error, 1)
	go func() { ended <- g.Serve(ctx, func(a map[string]string) { listening <- a }) }()
	select {
	case addresses = <-listening:
	case err := <-ended:
		cancel()
		t.Fatal("the gateway does not start: ", err)
	}
	return addresses, func() error { cancel(); return <-ended }
}

// A gateway that is told to stop says so first, and answers meanwhile; requests under way are finished.
func TestAStoppingGatewayTellsItFirst(t *testing.T) {
	arrived, release := make(chan bool, 1), make(chan bool)
	backend := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/api/long" {
			arrived <- true
			<-release
		}
	}))
	defer backend.Close()
	addresses, stop := begin(t, map[string]string{"BACKEND_URLS": backend.URL, "IBACKEND_URLS": backend.URL, "DRAIN_DELAY": "500ms"})
	base := "http://" + addresses["gateway"]
	ask := func(path string) (status int, closes bool) {
		answer, err := http.Get(base + path)
		if err != nil {
			return 0, true
		}
		answer.Body.Close()
		return answer.StatusCode, answer.Close
	}
	if status, closes := ask("/readyz"); status != http.StatusOK || closes {
		t.Fatalf("before: %d, closes %t", status, closes)
	}
	long := make(chan int, 1)
	go func() { status, _ := ask("/api/long"); long <- status }()
	<-arrived
	ended := make(chan error, 1)
	go func() { ended <- stop() }()
	told := false
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); {
		status, closes := ask("/readyz")
		if status == 0 {
			break // it does not listen any more
		}
		if status == http.StatusServiceUnavailable {
			if work, _ := ask("/api/x"); !told && (work != http.StatusOK || !closes) {
				t.Errorf("while it stops: %d, closes %t", work, closes)
			}
			told = true
		}
	}
	close(release)
	if status := <-long; !told || status != http.StatusOK {
		t.Errorf("told %t; the request under way: %d", told, status)
	}
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

// sink is a server that reads bodies whole and says how long they were.
func sink(t *testing.T) *httptest.Server {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		n, err := io.Copy(io.Discard, r.Body)
		if err != nil {
			panic(http.ErrAbortHandler)
		}
		fmt.Fprint(w, n)
	}))
	t.Cleanup(s.Close)
	return s
}

// Whoever only holds a connection loses it; whoever is slow, but sends, is served.
func TestSlowClients(t *testing.T) {
	address := serve(t, map[string]string{"BACKEND_URLS": sink(t).URL, "READ_HEADER_TIMEOUT": "300ms", "BODY_TIMEOUT": "300ms"})["gateway"]
	connect := func(send string) net.Conn {
		t.Helper()
		conn, err := net.Dial("tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { conn.Close() })
		if _, err := io.WriteString(conn, send); err != nil {
			t.Fatal(err)
		}
		_ = conn.SetReadDeadline(time.Now().Add(20 * time.Second))
		return conn
	}
	for what, send := range map[string]string{
		"nothing":              "",
		"half of a header":     "GET /api/x HTTP/1.1\r\nHost: h\r\nX-A: ",
		"a body that stops":    "POST /api/x HTTP/1.1\r\nHost: h\r\nContent-Length: 100\r\n\r\nabc",
		"a chunk that stops":   "POST /api/x HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n10\r\nabc",
		"a body on every path": "POST /readyz/x HTTP/1.1\r\nHost: h\r\nContent-Length: 100\r\n\r\nabc",
	} {
		answer, err := io.ReadAll(connect(send))
		if err != nil || strings.Contains(string(answer), "200 OK") || strings.HasPrefix(what, "a body that") && !strings.Contains(string(answer), " 408 ") {
			t.Errorf("%s: %q %v", what, answer, err)
		}
	}
	conn := connect("POST /api/x HTTP/1.1\r\nHost: h\r\nConnection: close\r\nContent-Length: 10\r\n\r\n")
	for range 10 {
		time.Sleep(100 * time.Millisecond) // three times the limit in all
		if _, err := io.WriteString(conn, "a"); err != nil {
			t.Fatal(err)
		}
	}
	if answer, err := io.ReadAll(conn); err != nil || !strings.Contains(string(answer), "200 OK") || !strings.HasSuffix(string(answer), "10") {
		t.Errorf("a slow upload: %q %v", answer, err)
	}
}

func TestUploads(t *testing.T) {
	base := "http://" + serve(t, map[string]string{"BACKEND_URLS": sink(t).URL, "MAX_UPLOAD": "8MB"})["gateway"]
	for size, want := range map[int]int{0: 200, 1 << 20: 200, 7 << 20: 200, 9 << 20: 413} {
		for _, length := range []int64{int64(size), -1} { // announced, or chunked
			r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, base+"/api/x", bytes.NewReader(make([]byte, size)))
			if err != nil {
				t.Fatal(err)
			}
			r.ContentLength = length
			answer, err := http.DefaultClient.Do(r)
			if err != nil {
				t.Fatal(err)
			}
			text, _ := io.ReadAll(answer.Body)
			answer.Body.Close()
			if answer.StatusCode != want || want == 200 && string(text) != fmt.Sprint(size) {
				t.Errorf("%d bytes (length %d): %d %.100s", size, length, answer.StatusCode, text)
			}
		}
	}
}

func TestWebSocketsPass(t *testing.T) {
	app := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !strings.EqualFold(r.Header.Get("Upgrade"), "websocket") {
			return // the gateway asks whether it lives
		}
		conn, rw, err := http.NewResponseController(w).Hijack()
		if err != nil {
			return
		}
		defer conn.Close()
		fmt.Fprint(rw, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n")
		_ = rw.Flush()
		for {
			line, err := rw.ReadString('\n')
			if err != nil {
				return
			}
			fmt.Fprint(rw, strings.ToUpper(line))
			_ = rw.Flush()
		}
	}))
	defer app.Close()
	conn, err := net.Dial("tcp", serve(t, map[string]string{"LEGACY_URL": app.URL, "BODY_TIMEOUT": "200ms"})["gateway"])
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(20 * time.Second))
	fmt.Fprint(conn, "GET /socket HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n")
	r := bufio.NewReader(conn)
	answer, err := http.ReadResponse(r, nil)
	if err != nil || answer.StatusCode != http.StatusSwitchingProtocols {
		t.Fatalf("%v %v", answer, err)
	}
	for _, word := range []string{"one\n", "two\n"} {
		time.Sleep(300 * time.Millisecond) // an idle one is no slow upload
		fmt.Fprint(conn, word)
		if line, err := r.ReadString('\n'); err != nil || line != strings.ToUpper(word) {
			t.Errorf("%q %v", line, err)
		}
	}
}

// certificate makes one for 127.0.0.1 in files.
func certificate(t *testing.T) (cert, key string, root *x509.CertPool) {
	t.Helper()
	private := must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))
	template := &x509.Certificate{SerialNumber: big.NewInt(1), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true}
	der := must(x509.CreateCertificate(rand.Reader, template, template, private.Public(), private))
	root = x509.NewCertPool()
	root.AddCert(must(x509.ParseCertificate(der)))
	cert, key = filepath.Join(t.TempDir(), "cert.pem"), filepath.Join(t.TempDir(), "key.pem")
	for path, block := range map[string]*pem.Block{cert: {Type: "CERTIFICATE", Bytes: der}, key: {Type: "PRIVATE KEY", Bytes: must(x509.MarshalPKCS8PrivateKey(private))}} {
		if err := os.WriteFile(path, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return cert, key, root
}

func TestTLS(t *testing.T) {
	in := install(t, false)
	cert, key, root := certificate(t)
	at := serve(t, map[string]string{"IBACKEND_URLS": in.Backend, "BACKEND_URLS": in.Backend, "TLS_CERT": cert, "TLS_KEY": key, "LISTEN_HTTP": "127.0.0.1:0", "ALLOWED_HOSTS": "127.0.0.1,imis.example.org"})
	b := newBrowser(t, "https://"+at["gateway"])
	b.Transport = &http.Transport{TLSClientConfig: &tls.Config{RootCAs: root, MinVersion: tls.VersionTLS12}, ForceAttemptHTTP2: true}
	answer, _ := b.form("/gateway/login", url.Values{"user": {"Klara"}, "password": {password}})
	if answer.ProtoMajor != 2 || answer.Header.Get("Strict-Transport-Security") == "" {
		t.Errorf("%s, Strict-Transport-Security %q", answer.Proto, answer.Header.Get("Strict-Transport-Security"))
	}
	cookies := answer.Cookies()
	if len(cookies) != 1 || cookies[0].Name != "__Host-openimis_session" || !cookies[0].Secure || !cookies[0].HttpOnly || cookies[0].SameSite != http.SameSiteLaxMode || cookies[0].Path != "/" || cookies[0].Domain != "" {
		t.Errorf("the session's cookie: %v", cookies)
	}
	if got := b.whoAmI("Remote-User", "Admin"); got != "Klara" {
		t.Errorf("over HTTP/2: %s", got)
	}
	old := &tls.Config{RootCAs: root, MaxVersion: tls.VersionTLS11, MinVersion: tls.VersionTLS10} //nolint:gosec // it must be refused
	if conn, err := tls.Dial("tcp", at["gateway"], old); err == nil {
		conn.Close()
		t.Error("TLS 1.1 is spoken")
	}

	plain := newBrowser(t, "http://"+at["http"])
	a, _ := plain.page("/front/x?y=1")
	if to := a.Header.Get("Location"); a.StatusCode != http.StatusPermanentRedirect || !strings.HasPrefix(to, "https://127.0.0.1") || !strings.HasSuffix(to, "/front/x?y=1") {
		t.Errorf("plain HTTP: %d to %q", a.StatusCode, to)
	}
	for _, c := range []struct{ listener, host string }{{at["http"], "evil.example"}, {at["http"], "imis.example.org.evil.example"}} {
		if status := raw(t, c.listener, "GET /front HTTP/1.1\r\nHost: "+c.host+"\r\nConnection: close\r\n\r\n"); status != http.StatusBadRequest {
			t.Errorf("the host %s: %d", c.host, status)
		}
	}
}

// What browsers are told with every answer, whichever server it is from, and an error too.
func TestHeadersOfAnswers(t *testing.T) {
	in := install(t, true)
	gateway := in.gateway("ALLOWED_HOSTS", "127.0.0.1")
	b := newBrowser(t, gateway.URL)
	b.legacyLogin("Klara", password)
	for _, path := range []string{"/", "/photos/x", "/iapi/core/users/current_user/", "/api/core/users/current_user/", "/front", "/gateway/style.css", "/readyz", "/nothing//here", "/.well-known/x"} {
		a, _ := b.page(path)
		h := a.Header
		if h.Get("X-Content-Type-Options") != "nosniff" || h.Get("X-Frame-Options") != "SAMEORIGIN" || h.Get("Referrer-Policy") != "same-origin" || h.Get("Access-Control-Allow-Origin") != "" || h.Get("Server") != "" {
			t.Errorf("%s: %v", path, h)
		}
		for _, name := range []string{"X-Content-Type-Options", "X-Frame-Options", "Referrer-Policy"} {
			if len(h.Values(name)) != 1 {
				t.Errorf("%s: %s is there %d times: %v", path, name, len(h.Values(name)), h.Values(name))
			}
		}
		if h.Get("Strict-Transport-Security") != "" {
			t.Errorf("%s: HTTPS is asked for over plain HTTP", path)
		}
	}
	if a, _ := newBrowser(t, strings.Replace(gateway.URL, "127.0.0.1", "localhost", 1)).page("/"); a.StatusCode != http.StatusBadRequest {
		t.Errorf("another host name: %d", a.StatusCode)
	}
}

// The secret is made once, is nobody else's to read, and a restart keeps sessions; a new one beside the old one lets them go on.
func TestTheSecretOfSessions(t *testing.T) {
	in := install(t, false)
	folder := t.TempDir()
	delete(in.vars, "SESSION_SECRET")
	first := in.gateway("DATA_DIR", folder)
	info, err := os.Stat(filepath.Join(folder, "gateway.secret"))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Fatalf("the file of the secret: %v %v", info, err)
	}
	b := newBrowser(t, first.URL)
	b.form("/gateway/login", url.Values{"user": {"Klara"}, "password": {password}})
	cookies := b.Jar.Cookies(must(url.Parse(first.URL)))
	secret := strings.TrimSpace(string(must(os.ReadFile(filepath.Join(folder, "gateway.secret")))))
	for what, c := range map[string]struct {
		vars []string
		want string
	}{
		"a restart":                    {[]string{"DATA_DIR", folder}, "Klara"},
		"another folder":               {[]string{"DATA_DIR", t.TempDir()}, "401"},
		"the same secret as a setting": {[]string{"SESSION_SECRET", secret}, "Klara"},
		"a new one before it":          {[]string{"SESSION_SECRET", strings.Repeat("n", 40) + " " + secret}, "Klara"},
		"a new one alone":              {[]string{"SESSION_SECRET", strings.Repeat("n", 40)}, "401"},
	} {
		g := in.gateway(c.vars...)
		other := newBrowser(t, g.URL)
		other.Jar.SetCookies(must(url.Parse(g.URL)), cookies)
		if got := other.whoAmI(); got != c.want {
			t.Errorf("%s: %s", what, got)
		}
	}
}
