package claim_batch

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/openimis/openimis-be-go/internal/db"
	"github.com/openimis/openimis-be-go/modules"
)

// keptRuns is how many runs of each location can be undone, the last first.
const keptRuns = 3

// Jobs implements modules.Jobs: at night the details of runs that nobody will undo are forgotten.
func (m *Module) Jobs() []modules.Job {
	return []modules.Job{{Name: "claim_batch prune", At: 3 * time.Hour, Run: func(ctx context.Context) error {
		return m.service.Prune(ctx, "prune")
	}}}
}

// Prune forgets what older runs than the last three of each location did, a part at a time. Afterwards they cannot be
// undone. While a run is under way it does nothing.
func (s *Service) Prune(ctx context.Context, holder string) error {
	err := s.leased(ctx, holder, func(ctx context.Context) error {
		var runs []batch
		if err := s.DB.Select(ctx, &runs, `SELECT `+batchColumns+` FROM "imis_batch" AS b WHERE b."state" = '`+statePublished+`' ORDER BY b."id" DESC`); err != nil {
			return err
		}
		seen := map[int]int{}
		for i := range runs {
			where := 0
			if runs[i].LocationID != nil {
				where = *runs[i].LocationID
			}
			if seen[where]++; seen[where] <= keptRuns {
				continue
			}
			if err := s.forgetRun(ctx, holder, &runs[i]); err != nil {
				return fmt.Errorf("forget batch run %d: %w", runs[i].ID, err)
			}
		}
		return nil
	})
	if errors.Is(err, ErrBusy) {
		return nil
	}
	return err
}

// forgetRun deletes the details of a run: first it is marked as one that cannot be undone.
func (s *Service) forgetRun(ctx context.Context, holder string, b *batch) error {
	for more := true; more; {
		next := *b
		err := s.DB.Write(ctx, "forget a batch run", func(tx *db.Tx) error {
			if err := s.keep(ctx, tx, holder, b); err != nil {
				return err
			}
			next = *b
			next.State = stateForgotten
			if b.State != stateForgotten {
				next.Position = 0
				return b.move(ctx, tx, next, s.Clock())
			}
			p, claims, err := b.next(ctx, tx, s.part())
			if err != nil {
				return err
			}
			if more = claims > 0; !more {
				return erasePlan(ctx, tx, b)
			}
			next.Position = p.To
			if err := forget(ctx, tx, b, p); err != nil {
				return err
			}
			return b.move(ctx, tx, next, s.Clock())
		})
		if err != nil {
			return err
		}
		*b = next
	}
	return nil
}
