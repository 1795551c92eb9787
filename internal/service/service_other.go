//go:build !windows

package service

import (
	"context"
	"net"
	"os"
)

// managed: elsewhere a service is a program like any other.
func managed(string, func(context.Context) error) (bool, error) { return false, nil }

// Ready tells systemd that the program works now (sd_notify(3), Type=notify in the unit), so that a restart
// of several, one after the other, waits for each. Nobody is told where nobody asked.
func Ready() {
	name := os.Getenv("NOTIFY_SOCKET")
	if name == "" {
		return
	}
	c, err := net.DialUnix("unixgram", nil, &net.UnixAddr{Name: name, Net: "unixgram"})
	if err != nil {
		return // systemd gives up waiting, and says so
	}
	defer c.Close()
	_, _ = c.Write([]byte("READY=1"))
}
