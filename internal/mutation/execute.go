package mutation

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"runtime/debug"
	"time"

	"github.com/openimis/openimis-be-go/internal/audit"
	"github.com/openimis/openimis-be-go/internal/auth"
	"github.com/openimis/openimis-be-go/internal/db"
	"github.com/openimis/openimis-be-go/internal/fault"
	"github.com/openimis/openimis-be-go/internal/tracing"
)

// passing is the default of Options.Transient.
func passing(err error) bool {
	return fault.Code(err) == fault.Unavailable || errors.Is(err, context.DeadlineExceeded)
}

// errPoisonous is the error of a mutation whose process ended in it too often.
var errPoisonous = errors.New("interrupted too often")

// reason says why a mutation that failed with err is kept for the operator; "": it is not, for it was
// refused, as it would be the next time.
func (s *Service) reason(err error) string {
	if fault.Code(err) == fault.Internal || s.o.Transient(err) || errors.Is(err, errPoisonous) {
		return err.Error()
	}
	return ""
}

// aftermath is the time to write down how an execution ended, apart from its own time.
const aftermath = 30 * time.Second

// execute runs a leased mutation to its end: a final status, or a later attempt. With p nil the
// principal is loaded by name, with the rights of now.
func (s *Service) execute(ctx context.Context, e entry, p *auth.Principal) {
	started := time.Now()
	event := Event{Name: e.Name, Attempt: e.Attempts, Waited: s.o.Clock().Sub(e.Enqueued)}
	log := s.o.Log.With("mutation", e.Name, "id", string(e.ID), "user", e.Principal, "attempt", e.Attempts)

	ctx, span := tracing.Start(ctx, "mutation "+e.Name, "mutation.id", string(e.ID))
	outcome, err := s.attempt(ctx, &e, p)
	span.End(trouble(outcome, err))
	ctx, cancel := context.WithTimeout(ctx, aftermath)
	defer cancel()

	switch {
	case err == nil && outcome.Error == "":
		event.Status = Done
		log.InfoContext(ctx, "mutation done", "took", time.Since(started))
	case err == nil:
		event.Status = Failed
		log.InfoContext(ctx, "mutation done with errors", "error", outcome.Error)
	case errors.Is(err, errLost):
		log.WarnContext(ctx, "mutation was taken over or had ended; nothing was done")
		return
	case rests(err):
		event.Status = Received
		var later Later
		errors.As(err, &later)
		log.InfoContext(ctx, "mutation goes on later", "in", time.Duration(later))
		if err := s.interrupt(ctx, e, s.o.Clock().Add(time.Duration(later))); err != nil {
			log.ErrorContext(ctx, "mutation cannot be postponed; it is taken over when its lease expires", "error", err)
		}
	case s.o.Transient(err) && e.Attempts < s.o.MaxAttempts:
		event.Status = Received
		rest := s.o.Backoff << (e.Attempts - 1)
		log.WarnContext(ctx, "mutation is tried again", "in", rest, "error", err)
		if err := s.postpone(ctx, e, s.o.Clock().Add(rest)); errors.Is(err, errLost) {
			log.WarnContext(ctx, "mutation was taken over or had ended; nothing is left to do")
			return
		} else if err != nil {
			log.ErrorContext(ctx, "mutation cannot be postponed; it is taken over when its lease expires", "error", err)
		}
	default:
		event.Status = Failed
		text := fault.Message(err)
		if fault.Code(err) == fault.Internal {
			log.ErrorContext(ctx, "mutation failed", "error", err)
		} else {
			log.InfoContext(ctx, "mutation refused", "error", err)
		}
		if err := s.fail(ctx, e, text, s.reason(err)); errors.Is(err, errLost) {
			return
		} else if err != nil {
			log.ErrorContext(ctx, "the failure cannot be recorded; the mutation is taken over when its lease expires", "error", err)
			event.Status = Received
		}
	}
	event.Took = time.Since(started)
	if s.o.Finished != nil {
		s.o.Finished(event)
	}
}

// trouble says what went wrong with a mutation, for its span: as its user is told it, if at all.
func trouble(outcome Outcome, err error) string {
	if err != nil {
		return fault.Message(err)
	}
	if outcome.Error != "" {
		return "refused"
	}
	return ""
}

// attempt applies the mutation and its final status: in one transaction, or a long one with the status at its end.
func (s *Service) attempt(ctx context.Context, e *entry, p *auth.Principal) (outcome Outcome, err error) {
	if e.Attempts > s.o.MaxInterruptions {
		return Outcome{}, fault.Wrap(errPoisonous, fault.Conflict, "%s was interrupted %d times and is not tried again.", e.Name, s.o.MaxInterruptions)
	}
	h, ok := s.registry.lookup(e.Name)
	if !ok {
		return Outcome{}, fault.New(fault.NotFound, "There is no mutation %q.", e.Name)
	}
	if p == nil {
		if p, err = s.o.Principals(ctx, e.Principal); err != nil {
			return Outcome{}, err
		}
	}
	if err := h.Access.Check(p, e.Name); err != nil {
		return Outcome{}, err
	}
	ctx = auth.With(ctx, p)
	ctx, recorder := s.o.Audit.Begin(ctx, p, "", string(e.ID), audit.Mutation)
	recorder.SetOperation(e.Name)
	defer func() { recorder.End(ctx, err != nil) }()
	if h.Long != nil {
		return s.long(ctx, e, h, p)
	}
	ctx, cancel := context.WithTimeout(ctx, s.o.Timeout)
	defer cancel()
	running, halt := context.WithCancelCause(ctx)
	defer halt(nil)
	defer context.AfterFunc(s.halting, func() { halt(errStopped) })()
	outcome, err = s.short(running, *e, h, p)
	if err != nil && !errors.Is(err, errLost) && errors.Is(context.Cause(running), errStopped) {
		return Outcome{}, errStopped // rolled back
	}
	return outcome, err
}

// short applies a mutation and its final status in one transaction.
func (s *Service) short(ctx context.Context, e entry, h Handler, p *auth.Principal) (outcome Outcome, err error) {
	apply := func(tx *db.Tx) error {
		s.reach("leased", e)
		if err := takeAway(ctx, tx, e); err != nil {
			return err
		}
		if outcome, err = guarded(e.Name, func() (Outcome, error) { return h.Run(ctx, tx, s.call(e, p)) }); err != nil {
			return err
		}
		s.reach("applied", e)
		if err := finish(ctx, tx, e.ID, outcome.Error); err != nil {
			return err
		}
		s.reach("finished", e)
		return nil
	}
	err = s.db.Write(ctx, "mutation "+e.Name, apply)
	if errors.Is(err, db.ErrUnknown) {
		// The queue row tells how the COMMIT has ended: it went away with the effects, or it is still
		// there and nothing was done. So the same transaction may be asked for again.
		if err = s.db.Write(ctx, "mutation "+e.Name, apply); errors.Is(err, errLost) {
			err = nil
		}
	}
	s.reach("committed", e)
	return outcome, err
}

func (s *Service) call(e entry, p *auth.Principal) Call {
	return Call{ID: string(e.ID), Name: e.Name, Principal: p, Input: json.RawMessage(e.Payload), Now: s.o.Stamps()}
}

// guarded calls a handler and makes an error of its panic.
func guarded(name string, handler func() (Outcome, error)) (outcome Outcome, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("mutation %s panicked: %v\n%s", name, p, debug.Stack())
		}
	}()
	return handler()
}
