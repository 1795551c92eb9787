//go:build linux

package proc

import (
	"os"
	"runtime/debug"
	"testing"
	"time"
)

// Memory and processor time of this process grow with what it does.
func TestOwnProcess(t *testing.T) {
	pid := os.Getpid()
	debug.FreeOSMemory()
	if err := ResetPeak(pid); err != nil {
		t.Fatal(err)
	}
	before, err := Peak(pid)
	if err != nil || before <= 0 {
		t.Fatal(before, err)
	}
	block := make([]byte, 64<<20)
	for i := range block {
		block[i] = byte(i)
	}
	if after, err := Peak(pid); err != nil || after < before+60 {
		t.Errorf("after 64 MB the peak is %v MB, it was %v; %v", after, before, err)
	}
	used, err := CPU(pid)
	if err != nil {
		t.Fatal(err)
	}
	for began := time.Now(); time.Since(began) < 20*time.Second; {
		if now, err := CPU(pid); err != nil || now > used+5*tick {
			return
		}
	}
	t.Error("no processor time was used")
}

func TestNoProcess(t *testing.T) {
	if _, err := Peak(-1); err == nil {
		t.Error("memory of a process that is not there")
	}
	if _, err := CPU(-1); err == nil {
		t.Error("time of a process that is not there")
	}
}
