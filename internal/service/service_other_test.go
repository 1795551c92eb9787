//go:build !windows

package service

import (
	"context"
	"os"
	"syscall"
	"testing"
	"time"
)

func TestMainEndsWithTheSignal(t *testing.T) {
	err := Main("test", func(ctx context.Context) error {
		me, err := os.FindProcess(os.Getpid())
		if err != nil {
			return err
		}
		if err := me.Signal(syscall.SIGTERM); err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(10 * time.Second):
			return context.DeadlineExceeded
		}
	})
	if err != nil {
		t.Error(err)
	}
}
