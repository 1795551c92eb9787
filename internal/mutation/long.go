package mutation

import (
	"context"
	"errors"
	"time"

	"github.com/openimis/openimis-be-go/internal/auth"
	"github.com/openimis/openimis-be-go/internal/db"
)

// long runs a handler that makes transactions of its own while it holds the queue row by renewing its lease, and then
// takes the row away and writes the final status in one transaction.
func (s *Service) long(ctx context.Context, e *entry, h Handler, p *auth.Principal) (outcome Outcome, err error) {
	running, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	defer context.AfterFunc(s.stopping, func() { cancel(errStopped) })()
	beating, held := make(chan struct{}), *e
	go func() { defer close(beating); s.beat(running, cancel, held) }()

	outcome, err = guarded(e.Name, func() (Outcome, error) {
		return h.Long(running, s.call(*e, p), func(ctx context.Context, text string) error { return s.report(ctx, e, text) })
	})
	why := context.Cause(running)
	cancel(nil)
	<-beating
	switch {
	case err != nil && (errors.Is(why, errLost) || errors.Is(why, errStopped)):
		return Outcome{}, why
	case err != nil:
		return Outcome{}, err
	}
	end := func(tx *db.Tx) error {
		if err := takeAway(ctx, tx, *e); err != nil {
			return err
		}
		return finish(ctx, tx, e.ID, outcome.Error)
	}
	err = s.db.Write(ctx, "end mutation "+e.Name, end)
	if errors.Is(err, db.ErrUnknown) {
		if err = s.db.Write(ctx, "end mutation "+e.Name, end); errors.Is(err, errLost) {
			err = nil
		}
	}
	return outcome, err
}

// errStopped says that the process stops; another one goes on with the mutation.
var errStopped = errors.New("the process stops")

// rests says whether an execution ended so that it goes on later.
func rests(err error) bool {
	var later Later
	return errors.Is(err, errStopped) || errors.As(err, &later)
}

// beat renews the lease until ctx ends. When somebody else took the row over, it ends the execution.
func (s *Service) beat(ctx context.Context, cancel context.CancelCauseFunc, e entry) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-time.After(s.o.Lease / 3):
		}
		if err := s.postpone(ctx, e, s.o.Clock().Add(s.o.Lease)); errors.Is(err, errLost) {
			cancel(errLost)
			return
		} else if err != nil && ctx.Err() == nil {
			s.o.Log.WarnContext(ctx, "the lease of a mutation cannot be renewed", "mutation", e.Name, "id", string(e.ID), "error", err)
		}
	}
}

const (
	updateReport   = `UPDATE "core_Mutation_Log" SET "error" = ? WHERE "id" = ? AND "status" = 0`
	updateProgress = `UPDATE "imis_mutation_queue" SET "lease_until" = ?, "attempts" = 1 WHERE "mutation_id" = ? AND "leased_by" = ?`
)

// report writes how far a mutation is. An execution that gets on is not given up after some attempts.
func (s *Service) report(ctx context.Context, e *entry, text string) error {
	return s.db.Write(ctx, "report on mutation "+e.Name, func(tx *db.Tx) error {
		n, err := tx.Exec(ctx, updateProgress, s.o.Clock().Add(s.o.Lease), e.ID, e.LeasedBy)
		if err != nil {
			return err
		}
		if n != 1 {
			return errLost
		}
		e.Attempts = 1
		_, err = tx.Exec(ctx, updateReport, text, db.DjangoUUID(e.ID))
		return err
	})
}

const updateInterrupted = `UPDATE "imis_mutation_queue" SET "lease_until" = ?, "attempts" = ? WHERE "mutation_id" = ? AND "leased_by" = ?`

// interrupt lets the row rest, without counting the attempt.
func (s *Service) interrupt(ctx context.Context, e entry, until time.Time) error {
	return s.db.Write(ctx, "postpone mutation "+e.Name, func(tx *db.Tx) error {
		_, err := tx.Exec(ctx, updateInterrupted, until, max(0, e.Attempts-1), e.ID, e.LeasedBy)
		return err
	})
}
