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

// Book is what a run of a location goes by.
type Book struct {
	run         Period
	from, until time.Time
	here        map[int]bool
	rates       map[int][]Rate
}

// NewBook takes the current products of the location, with and without relative prices, and the rates that pay them.
func NewBook(year, month int, products []Product, rates []Rate) *Book {
	b := &Book{run: Period{Month, year, month}, here: map[int]bool{}, rates: map[int][]Rate{}}
	b.from, b.until = Closed(year, month)
	for _, p := range products {
		b.here[p.ID] = true
	}
	for _, r := range rates {
		b.rates[r.ProductID] = append(b.rates[r.ProductID], r)
	}
	return b
}

// Change is what a run does to a claim.
type Change struct {
	Status int         // afterwards
	Run    bool        // it becomes part of the run
	Lines  map[int]Pay // by index in Claim.Lines
}

// Pay is the new RemuneratedAmount of a line; nil where the line has no valuated price.
type Pay struct{ Amount *decimal.Decimal }

// Decide is uspBatchProcess after the indexes: what happens to a claim. Not ok: nothing.
//
// Lines with relative prices of processed claims get index times price, whatever the month they were processed in.
// Such a claim is valuated once no passed line of a product of the location lacks its amount. Valuated claims of
// the month with a line without relative price are taken along. Of all these, the valuated ones without run that
// were processed in the time that the run closes become part of it.
func (b *Book) Decide(c Claim) (ch Change, ok bool) {
	if c.Processed == nil {
		return ch, false
	}
	ch = Change{Status: c.Status}
	local, lacking := false, false
	for i, l := range c.Lines {
		if l.ProductID == nil || !b.here[*l.ProductID] {
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
			if ch.Lines == nil {
				ch.Lines = map[int]Pay{}
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
	case c.Status == Valuated && c.RunID == nil && local && b.run.Contains(*c.Processed):
	default:
		return ch, false
	}
	ch.Run = ch.Status == Valuated && c.RunID == nil && !c.Processed.Before(b.from) && c.Processed.Before(b.until)
	return ch, true
}

// rate finds the index that pays a line.
func (b *Book) rate(c Claim, l Line) (Rate, bool) {
	for _, r := range b.rates[*l.ProductID] {
		if r.Period.Contains(*c.Processed) && r.pays(c.Level) {
			return r, true
		}
	}
	return Rate{}, false
}
