package dbtest

import (
	"bytes"
	"context"
	"database/sql"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/openimis/openimis-be-go/internal/db"
	"github.com/openimis/openimis-be-go/internal/schema"
)

// Server is a PostgreSQL server of a test's own, which it may stop and start.
type Server struct {
	bin, data string
	port      int
	cmd       *exec.Cmd
	log       bytes.Buffer
	ended     chan struct{}
}

// Replicated makes a PostgreSQL server with a database that has all tables, and a second one that follows it by
// streaming replication, with initdb and pg_basebackup. They end with the test. Where these programs are not
// installed the test is skipped, and fails under CI.
func Replicated(t testing.TB) (primary, replica *Server) {
	t.Helper()
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/initdb")
	if len(found) == 0 {
		if path, err := exec.LookPath("initdb"); err == nil {
			found = []string{path}
		}
	}
	if len(found) == 0 {
		if os.Getenv("CI") != "" {
			t.Fatal("initdb is not there: install the server of PostgreSQL")
		}
		t.Skip("there is no initdb")
	}
	bin := filepath.Dir(found[len(found)-1])
	dir, err := os.MkdirTemp("", "imis_replica") // t.TempDir is closed to other accounts
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	primary = newServer(t, bin, filepath.Join(dir, "primary"))
	primary.run(t, "initdb", "-D", primary.data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync")
	primary.Start(t)
	if err := primary.exec(`CREATE DATABASE imis`, "postgres"); err != nil {
		t.Fatal(err)
	}
	d, err := db.Open(t.Context(), primary.URL(), db.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	if err := create(d, schema.Postgres, schema.PG2410); err != nil {
		t.Fatal(err)
	}
	replica = newServer(t, bin, filepath.Join(dir, "replica"))
	replica.run(t, "pg_basebackup", "-h", "127.0.0.1", "-p", strconv.Itoa(primary.port), "-U", "postgres", "-D", replica.data, "-R", "-X", "stream", "--checkpoint=fast", "--no-sync")
	replica.Start(t)
	return primary, replica
}

func newServer(t testing.TB, bin, data string) *Server {
	t.Helper()
	if err := os.Mkdir(data, 0o700); err != nil {
		t.Fatal(err)
	}
	own(t, data, "postgres")
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer free.Close()
	return &Server{bin: bin, data: data, port: free.Addr().(*net.TCPAddr).Port}
}

// run runs one of PostgreSQL's programs to its end.
func (s *Server) run(t testing.TB, program string, args ...string) {
	t.Helper()
	cmd := exec.Command(filepath.Join(s.bin, program), args...)
	cmd.Dir = s.data
	runAs(t, cmd, "postgres")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", program, err, out)
	}
}

// URL is that of the database.
func (s *Server) URL() string {
	return fmt.Sprintf("postgres://postgres@127.0.0.1:%d/imis?sslmode=disable", s.port)
}

// Start starts the server and waits until it lets clients in.
func (s *Server) Start(t testing.TB) {
	t.Helper()
	cmd := exec.Command(filepath.Join(s.bin, "postgres"), "-D", s.data, "-p", strconv.Itoa(s.port), "-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories=",
		"-c", "fsync=off", "-c", "max_connections=200", "-c", "shared_buffers=64MB", "-c", "wal_receiver_status_interval=1s", "-c", "wal_retrieve_retry_interval=200ms")
	cmd.Dir = s.data
	s.log.Reset()
	cmd.Stdout, cmd.Stderr = &s.log, &s.log
	runAs(t, cmd, "postgres")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	s.cmd, s.ended = cmd, ended
	go func() { _ = cmd.Wait(); close(ended) }()
	t.Cleanup(func() { s.Kill() })
	for began := time.Now(); ; time.Sleep(50 * time.Millisecond) {
		if err := s.exec(`SELECT 1`, "postgres"); err == nil {
			return
		} else if time.Since(began) > time.Minute {
			t.Fatalf("PostgreSQL does not start: %v\n%s", err, strings.TrimSpace(s.log.String()))
		}
	}
}

// Kill ends the server at once, as a machine that is switched off.
func (s *Server) Kill() {
	select {
	case <-s.ended:
		return
	default:
	}
	_ = s.cmd.Process.Signal(syscall.SIGQUIT) // nothing is finished or saved, as in a crash; but its children end too
	<-s.ended
}

// Exec runs a statement in the database.
func (s *Server) Exec(t testing.TB, statement string) {
	t.Helper()
	if err := s.exec(statement, "imis"); err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
}

func (s *Server) exec(statement, database string) error {
	c, err := sql.Open("pgx", fmt.Sprintf("postgres://postgres@127.0.0.1:%d/%s?sslmode=disable", s.port, database))
	if err != nil {
		return err
	}
	defer c.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	_, err = c.ExecContext(ctx, statement)
	return err
}

// PID is that of the server's first process.
func (s *Server) PID() int { return s.cmd.Process.Pid }
