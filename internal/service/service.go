// Package service runs a program as the service manager of its system wants it: under systemd and in a
// terminal it ends with the signals that they send, on Windows with the requests of the service control
// manager. Start with Main.
package service

import (
	"context"
	"io"
	"os"
	"os/signal"
	"syscall"

	"gopkg.in/natefinch/lumberjack.v2"
)

// Main runs run until it is done or the system asks it to end, which ends the context. On Windows, when the
// service control manager started the program, name is that of the service.
func Main(name string, run func(ctx context.Context) error) error {
	if managed, err := managed(name, run); managed {
		return err
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	return run(ctx)
}

// LogTo is where the log goes: the file that the variable LOG_FILE names, kept below 100 MB with five older
// ones beside it, else standard error. A service of Windows has no other place for it.
func LogTo() io.Writer {
	path := os.Getenv("LOG_FILE")
	if path == "" {
		return os.Stderr
	}
	return &lumberjack.Logger{Filename: path, MaxSize: 100, MaxBackups: 5, Compress: true}
}
