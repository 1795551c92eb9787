//go:build !windows

package dbtest

import (
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/openimis/openimis-be-go/internal/db"
)

// PgBouncer starts a pooler in transaction mode before the server of a PostgreSQL URL and gives the URL that
// leads through it. The program is pgbouncer, or what IMIS_TEST_PGBOUNCER names; without it the test is
// skipped, and fails under CI.
func PgBouncer(t testing.TB, dsn string) string {
	t.Helper()
	Need(t, db.Postgres)
	program := os.Getenv("IMIS_TEST_PGBOUNCER")
	if program == "" {
		program = "pgbouncer"
	}
	path, err := exec.LookPath(program)
	if err != nil {
		path, err = exec.LookPath("/usr/sbin/pgbouncer") // where users that are not root do not look
	}
	if err != nil {
		if os.Getenv("CI") != "" || os.Getenv("IMIS_TEST_PGBOUNCER") != "" {
			t.Fatalf("%s is not there: %v", program, err)
		}
		t.Skip("there is no pgbouncer")
	}
	u, err := url.Parse(dsn)
	if err != nil {
		t.Fatal(err)
	}
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	port := free.Addr().(*net.TCPAddr).Port
	free.Close()
	dir, err := os.MkdirTemp("", "imis_pgbouncer") // t.TempDir is closed to other accounts
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	server := "host=" + u.Hostname() + " user=" + u.User.Username()
	if p := u.Port(); p != "" {
		server += " port=" + p
	}
	if p, ok := u.User.Password(); ok {
		server += " password=" + p
	}
	config := filepath.Join(dir, "pgbouncer.ini")
	text := fmt.Sprintf("[databases]\n* = %s\n[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = %d\nauth_type = any\npool_mode = transaction\ndefault_pool_size = 3\nunix_socket_dir =\n", server, port)
	if err := os.WriteFile(config, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(path, config)
	runAs(t, cmd, "nobody")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	address := net.JoinHostPort("127.0.0.1", strconv.Itoa(port))
	for began := time.Now(); ; time.Sleep(20 * time.Millisecond) {
		if c, err := net.Dial("tcp", address); err == nil {
			c.Close()
			break
		}
		if time.Since(began) > 20*time.Second {
			t.Fatal("pgbouncer does not listen")
		}
	}
	u.Host = address
	return u.String()
}
