package claim_batch

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/openimis/openimis-be-go/internal/clock"
	"github.com/openimis/openimis-be-go/internal/db"
	"github.com/openimis/openimis-be-go/internal/fault"
	"github.com/openimis/openimis-be-go/internal/mutation"
)

// Service runs batches, previews them and undoes them. docs/claim-batch.md says how a run is cut into transactions.
type Service struct {
	DB    *db.DB
	Clock clock.Clock
	// Part is how many claims one transaction takes; 0 means DefaultPart.
	Part int
}

// DefaultPart is a second or two of work, for which others may have to wait.
const DefaultPart = 20_000

// Request asks for a run.
type Request struct {
	LocationID *int // nil: national products
	Year       int
	Month      int
	UserID     int    // for AuditUserID
	MutationID string // who asks a second time is told that it is done; may be empty
}

func (r Request) mutation() *string {
	if r.MutationID == "" {
		return nil
	}
	return &r.MutationID
}

// check refuses what cannot be a run.
func (r Request) check() error {
	if r.Month < 1 || r.Month > 12 {
		return fault.Input("month", "month is %d; allowed are 1 to 12.", r.Month)
	}
	if r.Year < 1900 || r.Year > 9999 {
		return fault.Input("year", "year is %d; allowed are 1900 to 9999.", r.Year)
	}
	return nil
}

// Report is told how far a run is.
type Report func(ctx context.Context, text string) error

// The lease that keeps runs apart: only one is under way in a database, because two may want the same claims.
const (
	leaseName = "claim_batch"
	leaseTime = time.Minute
)

// ErrBusy says that another run is under way.
var ErrBusy = fault.New(fault.Unavailable, "Another batch run is under way; try again when it has ended.")

// rest is for how long a run that nobody gets on with is taken for one that somebody is about to go on with: longer than a
// mutation's lease and its attempts.
const rest = 10 * time.Minute

// Run makes a batch run, or goes on with the one that was begun for the same location and month, and returns the
// RunID. holder names the caller in the lease. It fails with conflict when the run was made already (uspBatchProcess
// returns 2), or when another run or undo waits to be finished; with [ErrBusy] when another one is under way.
func (s *Service) Run(ctx context.Context, holder string, r Request, report Report) (runID int, err error) {
	if err := r.check(); err != nil {
		return 0, err
	}
	err = s.leased(ctx, holder, func(ctx context.Context) error {
		b, err := s.begin(ctx, r)
		for err == nil && b.State == stateUndoing { // an old plan, which is thrown away
			if err = s.retreat(ctx, holder, b, nil); err == nil && b.State == stateUndone {
				b, err = s.begin(ctx, r)
			}
		}
		if err != nil {
			return err
		}
		if b.State == statePlanning {
			if err := s.plan(ctx, holder, b, report); err != nil {
				return err
			}
		}
		for b.State != statePublished {
			if err := s.advance(ctx, holder, b, report); err != nil {
				return err
			}
		}
		runID = *b.RunID
		return nil
	})
	return runID, err
}

// leased runs fn while this caller has the lease, and gives it back.
func (s *Service) leased(ctx context.Context, holder string, fn func(ctx context.Context) error) error {
	lease := mutation.NewLease(s.DB, s.Clock)
	if ok, err := lease.Try(ctx, leaseName, holder, leaseTime); err != nil || !ok {
		return errors.Join(err, busyUnless(ok))
	}
	err := fn(ctx)
	_, free := lease.Try(context.WithoutCancel(ctx), leaseName, holder, 0)
	return errors.Join(err, free)
}

func busyUnless(ok bool) error {
	if ok {
		return nil
	}
	return ErrBusy
}

// begin finds the run to go on with, or begins to plan a new one.
func (s *Service) begin(ctx context.Context, r Request) (b *batch, err error) {
	err = s.DB.Write(ctx, "plan a batch run", func(tx *db.Tx) error {
		b, err = unfinished(ctx, tx)
		switch {
		case err != nil:
			return err
		case b != nil && b.State != stateUndoing && b.State != statePlanning && b.is(r) && b.asked(r):
			return nil
		case b != nil && b.State == stateUndoing && b.RunID == nil: // a plan that is being thrown away
			return nil
		case b != nil && s.fresh(b) && !(b.secret() && b.is(r)):
			return ErrBusy
		case b != nil && b.secret(): // half a plan, or one for another request, on figures of another day
			return s.turnBack(ctx, tx, b, "")
		case b != nil && (b.State == stateUndoing || !b.is(r)):
			return fault.New(fault.Conflict, "%s has begun and not ended; finish it first, by asking for the same again.", b.describe())
		case b != nil:
			next := *b
			next.MutationID = r.mutation()
			if err = b.move(ctx, tx, next, s.Clock()); err == nil {
				*b = next
			}
			return err
		}
		if r.MutationID != "" { // the run was made, but the process died before it could say so
			b, err = oneBatch(ctx, tx, `SELECT `+batchColumns+` FROM "imis_batch" AS b WHERE b."mutation_id" = ? AND b."state" = '`+statePublished+`'`, r.MutationID)
			if err != nil || b != nil {
				return err
			}
		}
		if err := locationExists(ctx, tx, r.LocationID); err != nil {
			return err
		}
		if err := notYetRun(ctx, tx, r); err != nil {
			return err
		}
		b, err = newBatch(ctx, tx, r, s.Clock())
		return err
	})
	if errors.Is(db.Kind(err), db.ErrDuplicate) { // somebody planned at the same moment
		return nil, ErrBusy
	}
	return b, err
}

func (b *batch) is(r Request) bool {
	return b.Year == r.Year && b.Month == r.Month && (b.LocationID == nil) == (r.LocationID == nil) && (b.LocationID == nil || *b.LocationID == *r.LocationID)
}

// fresh says whether somebody may be about to go on with a run that was interrupted.
func (s *Service) fresh(b *batch) bool { return s.Clock().Sub(b.Changed) < rest }

// asked says whether the run was begun by the same request.
func (b *batch) asked(r Request) bool {
	return (b.MutationID == nil) == (r.MutationID == "") && (b.MutationID == nil || *b.MutationID == r.MutationID)
}

func (b *batch) describe() string {
	what := "The batch run"
	if b.State == stateUndoing {
		what = "Undoing the batch run"
	}
	return fmt.Sprintf("%s of %s", what, period(b.LocationID, b.Year, b.Month))
}

// period names a run for users.
func period(location *int, year, month int) string {
	where := "the national products"
	if location != nil {
		where = fmt.Sprintf("location %d", *location)
	}
	return fmt.Sprintf("%s %d for %s", time.Month(month), year, where)
}

func locationExists(ctx context.Context, q db.Query, location *int) error {
	if location == nil {
		return nil
	}
	var id int
	err := q.Get(ctx, &id, `SELECT l."LocationId" FROM "tblLocations" AS l WHERE l."LocationId" = ? AND l."ValidityTo" IS NULL`, *location)
	if errors.Is(err, sql.ErrNoRows) {
		return fault.Input("locationId", "There is no location %d.", *location)
	}
	return err
}

// notYetRun refuses a second run for a location and month.
func notYetRun(ctx context.Context, q db.Query, r Request) error {
	var ids []int
	const current = `SELECT b."RunID" FROM "tblBatchRun" AS b WHERE b."ValidityTo" IS NULL AND b."RunYear" = ? AND b."RunMonth" = ? AND b."LocationId" `
	var err error
	if r.LocationID == nil {
		err = q.Select(ctx, &ids, current+`IS NULL`, r.Year, r.Month)
	} else {
		err = q.Select(ctx, &ids, current+`= ?`, r.Year, r.Month, *r.LocationID)
	}
	if err == nil && len(ids) > 0 {
		return fault.New(fault.Conflict, "The batch of %s has been run already.", period(r.LocationID, r.Year, r.Month))
	}
	return err
}

// further takes a run one transaction further: fn does the work and says where the run is then.
func (s *Service) further(ctx context.Context, holder string, b *batch, report Report, fn func(tx *db.Tx, next *batch) error) error {
	next := *b
	err := s.DB.Write(ctx, "batch run", func(tx *db.Tx) error {
		if err := s.keep(ctx, tx, holder, b); err != nil {
			return err
		}
		next = *b
		if err := fn(tx, &next); err != nil {
			return err
		}
		return b.move(ctx, tx, next, s.Clock())
	})
	if err != nil {
		return err
	}
	*b = next
	if report == nil {
		return nil
	}
	return report(ctx, b.progress())
}

// advance stages or publishes the next part of a run, or goes on to its next state.
func (s *Service) advance(ctx context.Context, holder string, b *batch, report Report) error {
	return s.further(ctx, holder, b, report, func(tx *db.Tx, next *batch) error {
		p, claims, err := b.next(ctx, tx, s.part())
		if err != nil {
			return err
		}
		next.Position, next.Done = p.To, b.Done+claims
		switch {
		case b.State == stateStaging && claims > 0:
			return stage(ctx, tx, b, p)
		case b.State == stateStaging:
			return s.beginPublishing(ctx, tx, b, next, s.Clock())
		case b.State == statePublishing && claims > 0:
			skipped, err := publish(ctx, tx, b, p)
			next.Skipped += skipped
			return err
		case b.State == statePublishing:
			next.State = statePublished
			return open(ctx, tx, b, s.Clock())
		}
		return fmt.Errorf("batch run %d is %s and cannot go on", b.ID, b.State)
	})
}

// beginPublishing writes the closed run, unless the legacy application has run the same batch meanwhile.
func (s *Service) beginPublishing(ctx context.Context, tx *db.Tx, b, next *batch, now time.Time) error {
	if err := notYetRun(ctx, tx, Request{LocationID: b.LocationID, Year: b.Year, Month: b.Month}); err != nil {
		return err
	}
	id, err := insertRun(ctx, tx, b, now)
	if err != nil {
		return err
	}
	next.State, next.Position, next.Done, next.RunID = statePublishing, 0, 0, &id
	return tx.Get(ctx, &next.Claims, `SELECT COUNT(*) FROM "imis_batch_claim" AS s WHERE s."batch_id" = ?`, b.ID)
}

func (s *Service) part() int {
	if s.Part > 0 {
		return s.Part
	}
	return DefaultPart
}

// keep renews the lease in the transaction of the work, which fails when somebody else has it or went on with the run.
func (s *Service) keep(ctx context.Context, tx *db.Tx, holder string, b *batch) error {
	n, err := tx.Exec(ctx, `UPDATE "imis_lease" SET "until" = ? WHERE "name" = ? AND "holder" = ?`, s.Clock().Add(leaseTime), leaseName, holder)
	if err == nil && n != 1 {
		return errElsewhere
	}
	if err != nil {
		return err
	}
	return b.hold(ctx, tx)
}

// progress says how far the run is.
func (b *batch) progress() string {
	switch b.State {
	case statePlanning:
		return fmt.Sprintf("The claims are being listed: %d so far.", b.Claims)
	case stateStaging:
		return fmt.Sprintf("Step 1 of 2: %d of %d claims are computed.", b.Done, b.Claims)
	case statePublishing:
		return fmt.Sprintf("Step 2 of 2: %d of %d claims are written.", b.Done, b.Claims)
	case stateUndoing:
		return fmt.Sprintf("%d of %d claims are put back.", b.Done, b.Claims)
	}
	return "Done."
}

// Undo puts the last run of a location back: claims, lines and indexes are as they were before it, and the run is
// gone. A run that has begun and not ended is undone as well. It fails with not_found when the location has no run,
// with conflict when the run was made by another program, or when its claims changed since, as another location's
// run may have changed them; with [ErrBusy] when a run is under way.
func (s *Service) Undo(ctx context.Context, holder string, location *int, mutationID string, report Report) error {
	return s.leased(ctx, holder, func(ctx context.Context) error {
		b, err := s.beginUndo(ctx, location, mutationID)
		if err != nil {
			return err
		}
		for b.State != stateUndone {
			if err := s.retreat(ctx, holder, b, report); err != nil {
				return err
			}
		}
		return nil
	})
}

// beginUndo finds the run to undo and hides it.
func (s *Service) beginUndo(ctx context.Context, location *int, mutationID string) (b *batch, err error) {
	err = s.DB.Write(ctx, "undo a batch run", func(tx *db.Tx) error {
		b, err = unfinished(ctx, tx)
		switch {
		case err != nil:
			return err
		case b != nil && b.State == stateUndoing && b.at(location):
			return nil
		case b != nil && s.fresh(b):
			return ErrBusy
		case b != nil && !b.at(location):
			return fault.New(fault.Conflict, "%s has begun and not ended; finish it first.", b.describe())
		case b == nil && mutationID != "":
			b, err = oneBatch(ctx, tx, `SELECT `+batchColumns+` FROM "imis_batch" AS b WHERE b."mutation_id" = ? AND b."state" = '`+stateUndone+`'`, mutationID)
			if err != nil || b != nil {
				return err
			}
		}
		if b == nil {
			if b, err = lastRun(ctx, tx, location); err != nil {
				return err
			}
		}
		return s.turnBack(ctx, tx, b, mutationID)
	})
	return b, err
}

func (b *batch) at(location *int) bool {
	return (b.LocationID == nil) == (location == nil) && (location == nil || *b.LocationID == *location)
}

// lastRun finds the last run of a location with what we know about it.
func lastRun(ctx context.Context, tx *db.Tx, location *int) (*batch, error) {
	var run struct {
		ID    *int `db:"id"`
		Count int  `db:"count"`
	}
	const last = `SELECT MAX(b."RunID") AS "id", COUNT(*) AS "count" FROM "tblBatchRun" AS b WHERE b."ValidityTo" IS NULL AND b."LocationId" `
	var err error
	if location == nil {
		err = tx.Get(ctx, &run, last+`IS NULL`)
	} else {
		err = tx.Get(ctx, &run, last+`= ?`, *location)
	}
	if err != nil {
		return nil, err
	}
	if run.ID == nil {
		return nil, fault.New(fault.NotFound, "There is no batch run to undo.")
	}
	b, err := batchOf(ctx, tx, *run.ID)
	if err != nil {
		return nil, err
	}
	if b == nil {
		return nil, fault.New(fault.Conflict, "Nothing was kept to undo the last batch run with: it was made by another program, or many runs ago.")
	}
	changed, err := changedSince(ctx, tx, b)
	if err != nil {
		return nil, err
	}
	if changed > 0 {
		return nil, fault.New(fault.Conflict, "%s cannot be undone: %d of its claims and lines changed since, by a later run of another location or by hand.", b.describe(), changed)
	}
	return b, nil
}

// turnBack makes a run one that is being undone.
func (s *Service) turnBack(ctx context.Context, tx *db.Tx, b *batch, mutationID string) error {
	now := s.Clock()
	next := *b
	next.State, next.Position, next.Done = stateUndoing, 0, 0
	if mutationID != "" {
		next.MutationID = &mutationID
	}
	switch b.State {
	case statePlanning, stateStaging:
		next.Last = 0
	case statePublishing:
		next.Last = b.Position
	default:
		next.Last = maxClaim
	}
	if b.RunID != nil {
		if err := hide(ctx, tx, b, now); err != nil {
			return err
		}
	}
	if err := b.move(ctx, tx, next, now); err != nil {
		return err
	}
	*b = next
	return nil
}

// maxClaim is beyond every ClaimID.
const maxClaim = 1<<31 - 1

// retreat takes an undo one transaction further.
func (s *Service) retreat(ctx context.Context, holder string, b *batch, report Report) error {
	return s.further(ctx, holder, b, report, func(tx *db.Tx, next *batch) error {
		p, claims, err := b.next(ctx, tx, s.part())
		if err != nil {
			return err
		}
		next.Position, next.Done = p.To, b.Done+claims
		if claims > 0 {
			return restore(ctx, tx, b, p)
		}
		next.State = stateUndone
		return erase(ctx, tx, b)
	})
}
