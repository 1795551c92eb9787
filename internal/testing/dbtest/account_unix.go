//go:build !windows

package dbtest

import (
	"os"
	"os/exec"
	"os/user"
	"strconv"
	"syscall"
	"testing"
)

// runAs makes a command run as another account when the tests run as root: database programs refuse root.
func runAs(t testing.TB, cmd *exec.Cmd, account string) {
	t.Helper()
	if os.Getuid() != 0 {
		return
	}
	u, err := user.Lookup(account)
	if err != nil {
		t.Fatal(err)
	}
	uid, gid := number(t, u.Uid), number(t, u.Gid)
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uid, Gid: gid}}
}

// own gives a folder to that account.
func own(t testing.TB, folder, account string) {
	t.Helper()
	if os.Getuid() != 0 {
		return
	}
	u, err := user.Lookup(account)
	if err == nil {
		err = os.Chown(folder, int(number(t, u.Uid)), int(number(t, u.Gid)))
	}
	if err != nil {
		t.Fatal(err)
	}
}

func number(t testing.TB, id string) uint32 {
	t.Helper()
	n, err := strconv.ParseUint(id, 10, 32)
	if err != nil {
		t.Fatal(err)
	}
	return uint32(n)
}
