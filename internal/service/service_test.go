package service

import (
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestTheLogGoesToAFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "openimis.log")
	t.Setenv("LOG_FILE", path)
	w := LogTo()
	if _, err := io.WriteString(w, "a line\n"); err != nil {
		t.Fatal(err)
	}
	if c, ok := w.(io.Closer); ok {
		defer c.Close()
	}
	text, err := os.ReadFile(path)
	if err != nil || !strings.Contains(string(text), "a line") {
		t.Errorf("%q %v", text, err)
	}
}

func TestSystemdIsToldWhenTheProgramIsReady(t *testing.T) {
	socket := filepath.Join(t.TempDir(), "notify")
	l, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: socket, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	t.Setenv("NOTIFY_SOCKET", socket)
	Ready()
	_ = l.SetReadDeadline(time.Now().Add(10 * time.Second))
	said := make([]byte, 100)
	n, err := l.Read(said)
	if err != nil || string(said[:n]) != "READY=1" {
		t.Errorf("%q %v", said[:n], err)
	}
	t.Setenv("NOTIFY_SOCKET", "")
	Ready() // nobody asks
}
