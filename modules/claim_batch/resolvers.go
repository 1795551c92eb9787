package claim_batch

import (
	"context"

	"github.com/openimis/openimis-be-go/graph/contract2019"
	"github.com/openimis/openimis-be-go/modules"
)

// GraphQL implements modules.GraphQL.
func (m *Module) GraphQL() []modules.Face {
	return []modules.Face{{Contract: contract2019.Name, SDL: batchRunSDL + sdl, Roots: []modules.Root{
		m.batchRuns(),
		{Name: "relativeIndexes", Access: Search, List: m.app.List(RelativeIndex, nil)},
		{Name: "batchRunsSummaries", Access: Search, Call: modules.Answer(m.summaries)},
	}}}
}

func (m *Module) batchRuns() modules.Root {
	return modules.Root{Name: "batchRuns", Access: Search, List: m.app.List(BatchRun, nil)}
}

// Earlier implements modules.Earlier: before 0.0.11 the batch runs belonged to the module claim.
func (m *Module) Earlier(pinned modules.Pins) []modules.Face {
	if pinned.Has(m.Name()) || !pinned.Before("claim", "0.0.11") {
		return nil
	}
	return []modules.Face{{Contract: contract2019.Name, SDL: batchRunSDL, Roots: []modules.Root{m.batchRuns()}}}
}

// summaries lists the indexes of the national runs.
func (m *Module) summaries(ctx context.Context, _ modules.None) ([]*RunSummary, error) {
	rows, err := m.store.Summaries(ctx)
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
