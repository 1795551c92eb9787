package service

import (
	"context"
	"fmt"
	"os"

	"golang.org/x/sys/windows/svc"
	"golang.org/x/sys/windows/svc/eventlog"
)

// managed runs the program as a Windows service, when the service control manager started it.
func managed(name string, run func(context.Context) error) (bool, error) {
	is, err := svc.IsWindowsService()
	if err != nil || !is {
		return false, nil
	}
	h := &handler{run: run}
	if err := svc.Run(name, h); err != nil {
		return true, err
	}
	if h.err != nil { // nobody sees standard error; the reason goes into the event log
		if log, err := eventlog.Open(name); err == nil {
			_ = log.Error(1, h.err.Error())
			_ = log.Close()
		}
		fmt.Fprintln(os.Stderr, h.err)
	}
	return true, h.err
}

// Ready has nobody to tell: the service control manager counts a service as running once it has begun.
func Ready() {}

type handler struct {
	run func(context.Context) error
	err error
}

// Execute implements svc.Handler.
func (h *handler) Execute(_ []string, requests <-chan svc.ChangeRequest, status chan<- svc.Status) (bool, uint32) {
	h.err = control(h.run, requests, status)
	if h.err != nil {
		return true, 1
	}
	return false, 0
}

// control runs the program and follows the requests of the service control manager: it may stop the
// service at any time, and is told how far that is.
func control(run func(context.Context) error, requests <-chan svc.ChangeRequest, status chan<- svc.Status) error {
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	const accepts = svc.AcceptStop | svc.AcceptShutdown
	status <- svc.Status{State: svc.StartPending}
	ended := make(chan error, 1)
	go func() { ended <- run(ctx) }()
	current := svc.Status{State: svc.Running, Accepts: accepts}
	status <- current
	for {
		select {
		case err := <-ended:
			status <- svc.Status{State: svc.Stopped}
			return err
		case r := <-requests:
			switch r.Cmd {
			case svc.Interrogate:
				status <- current
			case svc.Stop, svc.Shutdown:
				current = svc.Status{State: svc.StopPending, WaitHint: 30_000}
				status <- current
				stop()
			}
		}
	}
}
