package claim_batch

import (
	"context"

	"github.com/shopspring/decimal"

	"github.com/openimis/openimis-be-go/graph/contract2019"
	"github.com/openimis/openimis-be-go/internal/auth"
	"github.com/openimis/openimis-be-go/modules"
)

// GraphQL implements modules.GraphQL.
func (m *Module) GraphQL() []modules.Face {
	return []modules.Face{{Contract: contract2019.Name, SDL: batchRunSDL + sdl, Roots: append(modules.MutationRoots(m.mutations()),
		m.batchRuns(),
		modules.Root{Name: "relativeIndexes", Access: Search, List: m.app.List(RelativeIndex, nil)},
		modules.Root{Name: "batchRunsSummaries", Access: Search, Call: modules.Answer(m.summaries)},
		modules.Root{Name: "batchRunPreview", Access: process, Call: modules.Answer(m.preview)},
		modules.Root{Name: "accountPreview", Access: previewAccounts, Call: modules.Answer(m.accounts)},
		modules.Root{Name: "accountPreviewClaims", Access: previewAccounts, Call: modules.Answer(m.accountClaims)},
		modules.Root{Name: "capitationPayment", Access: seeCapitation, Call: modules.Answer(m.capitation)},
	)}}
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

// summaries lists the indexes of batch runs.
func (m *Module) summaries(ctx context.Context, f summaryFilter) ([]*RunSummary, error) {
	rows, err := m.store.Summaries(ctx, auth.ScopeOf(ctx), f)
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

type previewInput struct {
	LocationID  *int
	Year, Month int
}

// preview answers what a run would do.
func (m *Module) preview(ctx context.Context, in previewInput) (*RunPreview, error) {
	location := placeInput{in.LocationID}.location()
	if err := m.store.mayRun(ctx, auth.ScopeOf(ctx), location); err != nil {
		return nil, err
	}
	p, err := m.service.Preview(ctx, Request{LocationID: location, Year: in.Year, Month: in.Month})
	if err != nil {
		return nil, err
	}
	var products, facilities []int
	for _, t := range p.Totals {
		products, facilities = append(products, t.ProductID), append(facilities, t.FacilityID)
	}
	for _, x := range p.Indexes {
		products = append(products, x.ProductID)
	}
	product, err := m.store.productNames(ctx, products)
	if err != nil {
		return nil, err
	}
	facility, err := m.store.facilityNames(ctx, facilities)
	if err != nil {
		return nil, err
	}
	out := &RunPreview{Claims: p.Claims, Waiting: p.Waiting, Indexes: []IndexPreview{}, MissingDistributions: []MissingDistribution{}, Totals: []TotalPreview{}}
	for _, x := range p.Indexes {
		out.Indexes = append(out.Indexes, IndexPreview{ProductCode: product[x.ProductID].Code, CareType: string(x.Care), Type: int(x.Period.Type),
			Year: x.Period.Year, Period: x.Period.Number, RelIndex: x.Value})
	}
	for _, k := range p.Missing {
		out.MissingDistributions = append(out.MissingDistributions, MissingDistribution{ProductCode: product[k.ProductID].Code, CareType: string(k.Care), Type: int(k.Type), Period: k.Number})
	}
	for _, t := range p.Totals {
		out.Relative, out.Remunerated = out.Relative.Add(t.Relative), out.Remunerated.Add(t.Remunerated)
		out.Totals = append(out.Totals, TotalPreview{ProductCode: product[t.ProductID].Code, ProductName: product[t.ProductID].Name,
			HealthFacilityCode: facility[t.FacilityID].Code, HealthFacilityName: facility[t.FacilityID].Name,
			Claims: t.Claims, Lines: t.Lines, Relative: t.Relative, Remunerated: t.Remunerated})
	}
	return out, nil
}

// RunPreview is BatchRunPreviewGQLType.
type RunPreview struct {
	Claims, Waiting       int
	Relative, Remunerated decimal.Decimal
	Indexes               []IndexPreview
	MissingDistributions  []MissingDistribution
	Totals                []TotalPreview
}

// IndexPreview is BatchIndexGQLType.
type IndexPreview struct {
	ProductCode, CareType string
	Type, Year, Period    int
	RelIndex              *decimal.Decimal
}

// MissingDistribution is MissingDistributionGQLType: a percentage that tblRelDistr does not have, so that the index is
// computed with that of the index before it.
type MissingDistribution struct {
	ProductCode, CareType string
	Type, Period          int
}

// TotalPreview is BatchTotalGQLType.
type TotalPreview struct {
	ProductCode, ProductName               string
	HealthFacilityCode, HealthFacilityName string
	Claims, Lines                          int
	Relative, Remunerated                  decimal.Decimal
}
