package claim_batch

import (
	"context"

	"github.com/openimis/openimis-be-go/internal/entity"
	"github.com/openimis/openimis-be-go/modules"
)

// Query resolves the module's root fields.
type Query struct {
	app   *modules.App
	store *Store
}

// BatchRuns lists batch runs.
func (q *Query) BatchRuns(ctx context.Context) (*entity.Result, error) {
	return q.app.Entities.List(ctx, BatchRun, nil)
}

// RelativeIndexes lists relative indexes.
func (q *Query) RelativeIndexes(ctx context.Context) (*entity.Result, error) {
	return q.app.Entities.List(ctx, RelativeIndex, nil)
}

// BatchRunsSummaries lists the indexes of the national runs.
func (q *Query) BatchRunsSummaries(ctx context.Context) ([]*RunSummary, error) {
	rows, err := q.store.Summaries(ctx)
	if err != nil {
		return nil, err
	}
	out := make([]*RunSummary, 0, len(rows))
	for _, r := range rows {
		label := r.Code + " " + r.Name
		date := r.CalcDate.Format("2006-01-02")
		out = append(out, &RunSummary{RunYear: &r.Year, RunMonth: &r.Month, ProductLabel: &label, CareType: &r.CareType, CalcDate: &date, Index: r.Index})
	}
	return out, nil
}
