package claim_batch

import (
	"context"
	"errors"
	"time"

	"github.com/openimis/openimis-be-go/internal/auth"
	"github.com/openimis/openimis-be-go/internal/mutation"
)

// process is the right to run batches, to preview and to undo them.
var process = auth.Needs(111101)

// mutations have a handler each.
func (m *Module) mutations() map[string]mutation.Handler {
	return map[string]mutation.Handler{
		"processBatch": mutation.TypedLong(process, m.processBatch),
		"undoBatchRun": mutation.TypedLong(process, m.undoBatchRun),
	}
}

// placeInput names a location by its id; the legacy application writes -1 for national products.
type placeInput struct {
	LocationID *int `json:"location_id"`
}

func (p placeInput) location() *int {
	if p.LocationID == nil || *p.LocationID == national {
		return nil
	}
	return p.LocationID
}

const national = -1

type processInput struct {
	placeInput
	Year  int `json:"year"`
	Month int `json:"month"`
}

// processBatch runs a batch. It takes as long as it takes; a worker that dies leaves it to another one.
func (m *Module) processBatch(ctx context.Context, c mutation.Call, in processInput, report mutation.Report) (out mutation.Outcome, err error) {
	if err := m.store.mayRun(ctx, c.Principal.Scope, in.location()); err != nil {
		return out, err
	}
	r := Request{LocationID: in.location(), Year: in.Year, Month: in.Month, UserID: c.Principal.AuditUserID(), MutationID: c.ID}
	_, err = m.service.Run(ctx, "mutation "+c.ID, r, Report(report))
	return out, later(ctx, err, report)
}

// undoBatchRun undoes the last run of a location.
func (m *Module) undoBatchRun(ctx context.Context, c mutation.Call, in placeInput, report mutation.Report) (out mutation.Outcome, err error) {
	if err := m.store.mayRun(ctx, c.Principal.Scope, in.location()); err != nil {
		return out, err
	}
	err = m.service.Undo(ctx, "mutation "+c.ID, in.location(), c.ID, Report(report))
	return out, later(ctx, err, report)
}

// later has a mutation wait for the run that is under way.
func later(ctx context.Context, err error, report mutation.Report) error {
	if !errors.Is(err, ErrBusy) && !errors.Is(err, errElsewhere) {
		return err
	}
	if err := report(ctx, "Waiting for another batch run to end."); err != nil {
		return err
	}
	return mutation.Later(5 * time.Second)
}
