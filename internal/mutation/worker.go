package mutation

import (
	"context"
	"math/rand/v2"
	"sync"
	"time"
)

// Run executes queued mutations with n workers until ctx ends, then waits for the executions under way; long ones are
// told to stop and go on elsewhere, and what has not ended within Options.Drain is rolled back and gives its lease back,
// so that another process begins it at once. A long one keeps no worker: others are executed beside it.
// Every serving process should run at least one worker, even with Options.Async off: it takes over
// what processes that died have left.
func (s *Service) Run(ctx context.Context, n int) {
	var all sync.WaitGroup
	for range max(1, n) {
		all.Go(func() { s.work(ctx) })
	}
	s.poll(ctx)
	s.stop()
	defer time.AfterFunc(s.o.Drain, s.halt).Stop()
	all.Wait()
	s.running.Wait()
}

// wake rouses one idle worker of this process.
func (s *Service) wake() {
	select {
	case s.alarm <- struct{}{}:
	default: // one is being roused already
	}
}

// Wake tells the workers of this process that there may be a new row (for Broker).
func (s *Service) Wake() { s.wake() }

// recoverEvery is how often rows that nobody will execute are looked for.
const recoverEvery = time.Minute

// poll rouses a worker from time to time, so that nothing depends on being told.
func (s *Service) poll(ctx context.Context) {
	var recovered time.Time
	for {
		s.wake()
		if time.Since(recovered) > recoverEvery {
			recovered = time.Now()
			if _, err := s.Recover(ctx); err != nil && ctx.Err() == nil {
				s.o.Log.ErrorContext(ctx, "abandoned mutations cannot be looked for", "error", err)
			}
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(s.o.Poll*3/4 + rand.N(s.o.Poll/2+1)):
		}
	}
}

// Recover ends the rows that no instance offers a mutation for, once they are older than
// Options.Abandon, and returns how many. Rows whose lease has expired need no help: workers take them.
func (s *Service) Recover(ctx context.Context) (int, error) {
	n, err := s.abandon(ctx)
	if n > 0 {
		s.o.Log.WarnContext(ctx, "ended mutations that no instance offers", "count", n)
	}
	return n, err
}

func (s *Service) work(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-s.alarm:
		}
		for ctx.Err() == nil && s.next(ctx) {
		}
	}
}

// next executes one mutation; not ok: there is none, or the database is away.
func (s *Service) next(ctx context.Context) (ok bool) {
	e, found, err := s.claim(ctx)
	if err != nil {
		if ctx.Err() == nil {
			s.o.Log.ErrorContext(ctx, "the mutation queue cannot be read", "error", err)
		}
		return false
	}
	if !found {
		return false
	}
	s.wake() // there may be more, for another worker
	if h, _ := s.registry.lookup(e.Name); h.Long != nil {
		s.running.Go(func() { s.execute(context.WithoutCancel(ctx), e, nil) })
		return true
	}
	s.execute(context.WithoutCancel(ctx), e, nil)
	return true
}
