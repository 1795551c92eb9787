// Package proc reads what Linux knows of a process: for benchmarks, which report memory and processor time of the
// server's process and not of what measures it.
package proc

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"
)

// ResetPeak makes the peak of the resident memory of a process what it is now.
func ResetPeak(pid int) error {
	return os.WriteFile(fmt.Sprintf("/proc/%d/clear_refs", pid), []byte("5"), 0)
}

// Peak is the most memory, in MB, that a process had resident since it began or ResetPeak.
func Peak(pid int) (float64, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, err
	}
	_, line, ok := strings.Cut(string(text), "VmHWM:")
	fields := strings.Fields(line)
	if !ok || len(fields) < 2 || fields[1] != "kB" {
		return 0, fmt.Errorf("process %d has no VmHWM", pid)
	}
	kb, err := strconv.ParseFloat(fields[0], 64)
	return kb / 1024, err
}

// tick is the unit of processor times: Linux tells programs 100 to the second on every machine.
const tick = time.Second / 100

// CPU is the processor time that a process has used, its threads included.
func CPU(pid int) (time.Duration, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0, err
	}
	_, after, _ := strings.Cut(string(text), ") ") // the name of the program may have blanks
	fields := strings.Fields(after)
	if len(fields) < 13 {
		return 0, fmt.Errorf("process %d: %q is not understood", pid, text)
	}
	user, err := strconv.ParseInt(fields[11], 10, 64)
	if err != nil {
		return 0, err
	}
	system, err := strconv.ParseInt(fields[12], 10, 64)
	return time.Duration(user+system) * tick, err
}
