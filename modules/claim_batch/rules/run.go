package rules

import (
	"time"

	"github.com/shopspring/decimal"
)

// Status of claims and lines that runs look at (rules.md §8.1).
const (
	Processed  = 8  // ClaimStatus: lines wait for an index
	Valuated   = 16 // ClaimStatus: all lines have their amount
	LinePassed = 1  // ClaimItemStatus, ClaimServiceStatus
	Relative   = "R"
)

// Claim is a current claim.
type Claim struct {
	ID        int
	Status    int
	RunID     *int
	Level     string     // of the facility
	Processed *time.Time // ProcessStamp
	Lines     []Line
}

// Line is a current line that passed the checks. Kind and ID say which; the rules do not look at them.
type Line struct {
	Kind, ID    int
	ProductID   *int
	Origin      *string // R: relative price
	Valuated    *decimal.Decimal
	Remunerated *decimal.Decimal
}

// Book is what a run of a location looks at: its current products and the claims.
type Book struct {
	Products []Product // of the location, with and without relative prices
	Rates    []Rate
	Claims   []Claim
}

// Change is what a run does to a claim.
type Change struct {
	ClaimID int
	Status  int         // afterwards
	Run     bool        // it becomes part of the run
	Lines   map[int]Pay // by index in Claim.Lines
}

// Pay is the new RemuneratedAmount of a line; nil where the line has no valuated price.
type Pay struct{ Amount *decimal.Decimal }

// Run is uspBatchProcess after the indexes: what happens to the claims. Claims that it leaves alone are left out.
//
// Lines with relative prices of processed claims get index times price, whatever the month they were processed in.
// Such a claim is valuated once no passed line of a product of the location lacks its amount. Valuated claims of
// the month without relative price are taken along. Of all these, the valuated ones without run that were processed
// in the time that the run closes become part of it.
func (b Book) Run(year, month int) []Change {
	here := map[int]bool{}
	for _, p := range b.Products {
		here[p.ID] = true
	}
	from, until := Closed(year, month)
	this := Period{Month, year, month}
	var changes []Change
	for _, c := range b.Claims {
		if c.Processed == nil {
			continue
		}
		ch := Change{ClaimID: c.ID, Status: c.Status, Lines: map[int]Pay{}}
		local, lacking := false, false
		for i, l := range c.Lines {
			if l.ProductID == nil || !here[*l.ProductID] {
				continue
			}
			relative := l.Origin != nil && *l.Origin == Relative
			amount := l.Remunerated
			if rate, ok := b.rate(c, l); ok && relative && c.Status == Processed {
				amount = nil
				if l.Valuated != nil {
					paid := rate.Remunerate(*l.Valuated)
					amount = &paid
				}
				ch.Lines[i] = Pay{amount}
			}
			local = local || l.Origin != nil && !relative
			lacking = lacking || amount == nil
		}
		switch {
		case c.Status == Processed && len(ch.Lines) > 0:
			if !lacking {
				ch.Status = Valuated
			}
		case c.Status == Valuated && c.RunID == nil && local && this.Contains(*c.Processed):
		default:
			continue
		}
		ch.Run = ch.Status == Valuated && c.RunID == nil && !c.Processed.Before(from) && c.Processed.Before(until)
		changes = append(changes, ch)
	}
	return changes
}

// rate finds the index that pays a line.
func (b Book) rate(c Claim, l Line) (Rate, bool) {
	for _, r := range b.Rates {
		if r.ProductID == *l.ProductID && r.Period.Contains(*c.Processed) && r.pays(c.Level) {
			return r, true
		}
	}
	return Rate{}, false
}
