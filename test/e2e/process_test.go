package e2e

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// restartAfter is how long a process that died stays away: RestartSec of the units in deploy/systemd.
const restartAfter = 2 * time.Second

// process is a program that runs and, as under a service manager, is started again when it dies.
type process struct {
	t       *testing.T
	name    string
	command []string
	env     []string
	owner   *syscall.Credential // nil: who runs the tests
	folder  string
	log     *os.File
	// farewell is the signal at the end of the test.
	farewell syscall.Signal

	mu     sync.Mutex
	cmd    *exec.Cmd
	wanted bool
	ended  chan struct{} // closed when cmd has ended
	err    error         // how
}

// run starts a process, which ends with the test.
func run(t *testing.T, name, folder string, owner *syscall.Credential, env []string, command ...string) *process {
	t.Helper()
	log, err := os.Create(filepath.Join(folder, name+".log"))
	if err != nil {
		t.Fatal(err)
	}
	p := &process{t: t, name: name, command: command, env: env, owner: owner, folder: folder, log: log, farewell: syscall.SIGKILL}
	p.start()
	t.Cleanup(func() {
		p.mu.Lock()
		p.wanted = false
		p.mu.Unlock()
		p.signal(p.farewell)
		if !p.gone(20 * time.Second) {
			p.signal(syscall.SIGKILL)
			p.gone(10 * time.Second)
		}
		if said := p.said(1 << 20); strings.Contains(said, "WARNING: DATA RACE") || strings.Contains(said, "panic:") {
			t.Errorf("%s is broken:\n%.8000s", p.name, said[max(strings.Index(said, "WARNING: DATA RACE"), strings.Index(said, "panic:")):])
		}
		if t.Failed() {
			t.Logf("the end of the log of %s:\n%s", p.name, p.said(30))
		}
	})
	return p
}

func (p *process) start() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.wanted = true
	if err := p.spawn(); err != nil {
		p.t.Fatalf("%s: %v", p.name, err)
	}
}

// spawn is called with mu held.
func (p *process) spawn() error {
	cmd := exec.Command(p.command[0], p.command[1:]...)
	cmd.Env = append(environment(), p.env...)
	cmd.Dir = p.folder
	cmd.Stdout, cmd.Stderr = p.log, p.log
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Credential: p.owner}
	if err := cmd.Start(); err != nil {
		return err
	}
	ended := make(chan struct{})
	p.cmd, p.ended = cmd, ended
	go func() {
		err := cmd.Wait()
		p.mu.Lock()
		p.err = err
		again := p.wanted
		close(ended)
		p.mu.Unlock()
		if !again {
			return
		}
		time.Sleep(restartAfter)
		p.mu.Lock()
		defer p.mu.Unlock()
		if p.wanted && p.cmd == cmd {
			if err := p.spawn(); err != nil {
				p.t.Errorf("%s cannot be started again: %v", p.name, err)
			}
		}
	}()
	return nil
}

// environment is that of the tests without the settings of the programs.
func environment() []string {
	var env []string
	for _, v := range os.Environ() {
		switch name, _, _ := strings.Cut(v, "="); name {
		case "PATH", "HOME", "TMPDIR", "LANG", "TZ":
			env = append(env, v)
		}
	}
	return env
}

func (p *process) signal(s syscall.Signal) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.cmd != nil && p.cmd.Process != nil {
		select {
		case <-p.ended:
		default:
			_ = syscall.Kill(-p.cmd.Process.Pid, s)
		}
	}
}

func (p *process) gone(within time.Duration) bool {
	p.mu.Lock()
	ended := p.ended
	p.mu.Unlock()
	select {
	case <-ended:
		return true
	case <-time.After(within):
		return false
	}
}

// kill ends the process as a power failure does. It comes back by itself.
func (p *process) kill() { p.signal(syscall.SIGKILL) }

// stop asks the process to end, as service managers do, and waits until it has. It stays away.
func (p *process) stop() {
	p.t.Helper()
	p.mu.Lock()
	p.wanted = false
	p.mu.Unlock()
	p.signal(syscall.SIGTERM)
	if !p.gone(time.Minute) {
		p.t.Fatalf("%s does not end", p.name)
	}
	if p.err != nil {
		p.t.Errorf("%s ended with %v:\n%s", p.name, p.err, p.said(20))
	}
}

// alive says whether the process runs.
func (p *process) alive() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	select {
	case <-p.ended:
		return false
	default:
		return true
	}
}

// said gives the last lines of the log.
func (p *process) said(lines int) string {
	text, err := os.ReadFile(p.log.Name())
	if err != nil {
		return err.Error()
	}
	all := strings.Split(strings.TrimSpace(string(text)), "\n")
	return strings.Join(all[max(0, len(all)-lines):], "\n")
}

// await waits until what holds.
func await(t *testing.T, what string, within time.Duration, holds func() bool) {
	t.Helper()
	for deadline := time.Now().Add(within); !holds(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%s: not within %v", what, within)
		}
	}
}

// freePort is a port of the loopback address that nobody listens on.
func freePort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return fmt.Sprint(l.Addr().(*net.TCPAddr).Port)
}

func listens(port string) bool {
	c, err := net.DialTimeout("tcp", "127.0.0.1:"+port, time.Second)
	if err != nil {
		return false
	}
	c.Close()
	return true
}

// output runs a program to its end.
func output(t *testing.T, env []string, command ...string) string {
	t.Helper()
	cmd := exec.Command(command[0], command[1:]...)
	cmd.Env = append(environment(), env...)
	text, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v\n%s", strings.Join(command, " "), err, text)
	}
	return string(text)
}
