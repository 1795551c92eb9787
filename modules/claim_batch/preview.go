package claim_batch

import (
	"cmp"
	"context"
	"slices"

	"github.com/shopspring/decimal"

	"github.com/openimis/openimis-be-go/internal/db"
	"github.com/openimis/openimis-be-go/modules/claim_batch/rules"
)

// Preview is what a run would do. Nothing is written for it.
type Preview struct {
	Indexes []rules.Index
	// Missing are the distribution percentages that are not defined: the index takes that of the index before it.
	Missing []rules.DistributionKey
	Claims  int // that would become part of the run
	Waiting int // that would get amounts and still wait for others
	Totals  []Total
}

// Total is what the claims of a run come to by product and health facility, with the lines whose price is not
// relative.
type Total struct {
	ProductID, FacilityID int
	Claims, Lines         int
	Relative              decimal.Decimal // RemuneratedAmount of lines with a relative price
	Remunerated           decimal.Decimal // RemuneratedAmount of all lines
}

// Preview computes a run by the rules, claim by claim. It fails as Run does when the batch was run already. The
// run that follows gives the same figures, if nothing changes in between.
func (s *Service) Preview(ctx context.Context, r Request) (p *Preview, err error) {
	if err := r.check(); err != nil {
		return nil, err
	}
	err = s.DB.Read(ctx, func(q db.Query) error {
		if err := locationExists(ctx, q, r.LocationID); err != nil {
			return err
		}
		if err := notYetRun(ctx, q, r); err != nil {
			return err
		}
		p, err = preview(ctx, q, r)
		return err
	})
	return p, err
}

func preview(ctx context.Context, q db.Query, r Request) (*Preview, error) {
	products, err := localProducts(ctx, q, r.LocationID)
	if err != nil || len(products) == 0 {
		return &Preview{}, err
	}
	p := &Preview{}
	if p.Indexes, p.Missing, err = indexes(ctx, q, products, rules.Due(r.Year, r.Month)); err != nil {
		return nil, err
	}
	paying, err := rates(ctx, q, products, p.Indexes)
	if err != nil {
		return nil, err
	}
	book := rules.NewBook(r.Year, r.Month, products, paying)
	totals := tally{}
	err = eachClaim(ctx, q, r, productIDs(products), func(c *rules.Claim, facility int) {
		ch, ok := book.Decide(*c)
		switch {
		case !ok:
		case ch.Run:
			p.Claims++
			totals.add(c, facility, ch)
		case ch.Status == rules.Processed:
			p.Waiting++
		}
	})
	p.Totals = totals.list()
	return p, err
}

type tallyKey struct{ product, facility int }

type tally map[tallyKey]*Total

func (t tally) add(c *rules.Claim, facility int, ch rules.Change) {
	var seen []int
	for i, l := range c.Lines {
		if l.ProductID == nil {
			continue
		}
		k := tallyKey{*l.ProductID, facility}
		sum := t[k]
		if sum == nil {
			sum = &Total{ProductID: k.product, FacilityID: k.facility}
			t[k] = sum
		}
		if !slices.Contains(seen, k.product) {
			seen = append(seen, k.product)
			sum.Claims++
		}
		sum.Lines++
		amount := l.Remunerated
		if pay, ok := ch.Lines[i]; ok {
			amount = pay.Amount
		}
		if amount == nil {
			continue
		}
		sum.Remunerated = sum.Remunerated.Add(*amount)
		if l.Origin != nil && *l.Origin == rules.Relative {
			sum.Relative = sum.Relative.Add(*amount)
		}
	}
}

func (t tally) list() (list []Total) {
	for _, sum := range t {
		list = append(list, *sum)
	}
	slices.SortFunc(list, func(a, b Total) int {
		return cmp.Or(cmp.Compare(a.ProductID, b.ProductID), cmp.Compare(a.FacilityID, b.FacilityID))
	})
	return list
}
