package claim_batch

import (
	"context"

	"github.com/openimis/openimis-be-go/internal/db"
	"github.com/openimis/openimis-be-go/modules/claim_batch/rules"
)

// plan lists the claims that a run looks at, and computes its indexes and the rates it pays with: a stretch of claims in
// a transaction, which lists them and adds up what they are billed, so that the indexes are computed with every claim
// that they pay. What is processed after that is left to a later run. A plan that is interrupted is thrown away: the sums
// are in memory.
func (s *Service) plan(ctx context.Context, holder string, b *batch, report Report) error {
	f, err := newFigures(ctx, s.DB, b.local, rules.Due(b.Year, b.Month))
	if err != nil {
		return err
	}
	var all []part
	if len(b.local) > 0 {
		if all, err = stretches(ctx, s.DB); err != nil {
			return err
		}
	}
	for _, p := range all {
		var bills []billRow
		err := s.further(ctx, holder, b, report, func(tx *db.Tx, next *batch) error {
			listed, err := candidates(ctx, tx, b, p)
			if err != nil {
				return err
			}
			next.Position, next.Claims = p.To, b.Claims+listed
			bills, err = f.bills(ctx, tx, p)
			return err
		})
		if err != nil {
			return err
		}
		f.add(bills)
	}
	return s.further(ctx, holder, b, report, func(tx *db.Tx, next *batch) error {
		next.State, next.Position = stateStaging, 0
		computed, _ := f.indexes()
		return noteIndexes(ctx, tx, b, computed)
	})
}
