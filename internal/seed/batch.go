package seed

import (
	"time"

	"github.com/shopspring/decimal"
)

// runKey names a batch run; region -1 is national.
type runKey struct {
	region int
	year   int
	month  int
}

// batchMonths is for how many full months before today batches have been run.
const batchMonths = 8

// indexKey names a relative index.
type indexKey struct {
	product int
	care    string
	year    int
	kind    int // periods in a year: 12, 4 or 1
	period  int
}

// batches writes the batch runs of the last months, and the relative indexes that they computed.
func (g *generator) batches() {
	g.runs, g.indexes = map[runKey]int{}, map[indexKey]decimal.Decimal{}
	for back := batchMonths; back >= 1; back-- {
		first := time.Date(g.today.Year(), g.today.Month()-time.Month(back), 1, 0, 0, 0, 0, time.UTC)
		run := first.AddDate(0, 1, 0).AddDate(0, 0, 2) // on the third of the next month
		if run.After(g.today) {
			run = g.today
		}
		year, month := first.Year(), int(first.Month())
		for region := -1; region < g.plan.Regions; region++ {
			if !g.hasProduct(region) {
				continue
			}
			g.runs[runKey{region, year, month}] = g.put("tblBatchRun", run, row{"LocationId": g.where(region), "RunDate": run.Add(10 * time.Hour), "RunYear": year, "RunMonth": month})
			for _, p := range g.products {
				if p.region == region {
					g.writeIndexes(p, run, year, month)
				}
			}
		}
	}
}

func (g *generator) hasProduct(region int) bool {
	for _, p := range g.products {
		if p.region == region {
			return true
		}
	}
	return false
}

// writeIndexes writes the indexes of a product that a run computes: of the month, and of the quarter or
// year that ends with it.
func (g *generator) writeIndexes(p *product, run time.Time, year, month int) {
	for branch, care := range []string{"B", "I", "O"} {
		kind, period, due := indexPeriod(p.periods[branch], month)
		if !due {
			continue
		}
		index := decimal.New(int64(g.between(7000, 11000)), -4)
		g.indexes[indexKey{p.id, care, year, kind, period}] = index
		g.put("tblRelIndex", run, row{"ProdID": p.id, "RelType": kind, "RelCareType": care, "RelYear": year, "RelPeriod": period, "CalcDate": run.Add(10 * time.Hour), "RelIndex": index,
			"LocationId": g.where(p.region)})
	}
}

// indexPeriod gives the type and period of the index that covers a month, and whether it is due then.
func indexPeriod(letter string, month int) (kind, period int, due bool) {
	switch letter {
	case "M":
		return 12, month, true
	case "Q":
		return 4, (month-1)/3 + 1, month%3 == 0
	case "Y":
		return 1, 1, month == 12
	}
	return 0, 0, false
}

// index gives the relative index for claims that a facility of a level had processed in a month.
func (g *generator) index(p *product, level string, processed time.Time) (decimal.Decimal, bool) {
	branch, care := general, "B"
	if p.periods[general] == "" {
		branch, care = outPatient, "O"
		if level == "H" {
			branch, care = inPatient, "I"
		}
	}
	kind, period, _ := indexPeriod(p.periods[branch], int(processed.Month()))
	index, ok := g.indexes[indexKey{p.id, care, processed.Year(), kind, period}]
	return index, ok
}
