package service

import (
	"context"
	"errors"
	"testing"

	"golang.org/x/sys/windows/svc"
)

func TestControl(t *testing.T) {
	requests, status := make(chan svc.ChangeRequest), make(chan svc.Status, 10)
	done := make(chan error, 1)
	go func() {
		done <- control(func(ctx context.Context) error { <-ctx.Done(); return nil }, requests, status)
	}()
	requests <- svc.ChangeRequest{Cmd: svc.Interrogate}
	requests <- svc.ChangeRequest{Cmd: svc.Stop}
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	var states []svc.State
	for len(status) > 0 {
		states = append(states, (<-status).State)
	}
	want := []svc.State{svc.StartPending, svc.Running, svc.Running, svc.StopPending, svc.Stopped}
	for i, s := range want {
		if i >= len(states) || states[i] != s {
			t.Fatalf("states %v, want %v", states, want)
		}
	}
}

func TestAProgramThatFails(t *testing.T) {
	status := make(chan svc.Status, 10)
	failure := errors.New("the port is taken")
	if err := control(func(context.Context) error { return failure }, nil, status); !errors.Is(err, failure) {
		t.Error(err)
	}
}
