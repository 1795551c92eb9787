package claim_batch

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/jmoiron/sqlx"
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

// eachClaim streams the claims that a run looks at with their passed lines, in the order of their ids.
func eachClaim(ctx context.Context, q db.Query, r Request, products db.Ints, each func(c *rules.Claim, facility int)) error {
	all, err := stretches(ctx, q)
	for _, p := range all {
		if err == nil {
			err = eachClaimOf(ctx, q, r, products, p, each)
		}
	}
	return err
}

// eachClaimOf streams those of a stretch. Which they are is asked once, not with either kind of lines.
func eachClaimOf(ctx context.Context, q db.Query, r Request, products db.Ints, p part, each func(c *rules.Claim, facility int)) error {
	ids := db.Ints{}
	if err := q.Select(ctx, &ids, `SELECT c."ClaimID" FROM "tblClaim" AS c WHERE `+candidate, candidateArgs(r.Year, r.Month, products, p)...); err != nil {
		return fmt.Errorf("find claims: %w", err)
	}
	if len(ids) == 0 {
		return nil
	}
	var cursors [2]*lineCursor
	for i, k := range kinds {
		c, err := openLines(ctx, q, k, ids)
		if err != nil {
			return err
		}
		defer c.rows.Close()
		if err := c.next(); err != nil {
			return err
		}
		cursors[i] = c
	}
	for !cursors[0].done || !cursors[1].done {
		var claim rules.Claim
		var facility int
		at := min(cursors[0].claim(), cursors[1].claim())
		for i, c := range cursors {
			for c.claim() == at {
				row := c.row
				claim.ID, claim.Status, claim.RunID, claim.Level, claim.Processed = row.ClaimID, row.Status, row.RunID, row.Level, row.Processed
				facility = row.Facility
				claim.Lines = append(claim.Lines, rules.Line{Kind: i, ProductID: row.ProductID, Origin: row.Origin, Valuated: row.Valuated, Remunerated: row.Remunerated})
				if err := c.next(); err != nil {
					return err
				}
			}
		}
		each(&claim, facility)
	}
	return nil
}

// lineRow is a line with its claim.
type lineRow struct {
	ClaimID, Status       int
	RunID                 *int
	Facility              int
	Level                 string
	Processed             *time.Time
	ProductID             *int
	Origin                *string
	Valuated, Remunerated *decimal.Decimal
}

// lineCursor reads lines one after the other.
type lineCursor struct {
	rows *sqlx.Rows
	row  lineRow
	done bool
}

func openLines(ctx context.Context, q db.Query, k kind, claims db.Ints) (*lineCursor, error) {
	rows, err := q.Rows(ctx, `SELECT c."ClaimID", c."ClaimStatus", c."RunID", c."HFID", h."HFLevel", c."ProcessStamp",
		l."ProdID", l."PriceOrigin", l."PriceValuated", l."RemuneratedAmount"
		FROM "tblClaim" AS c JOIN "tblHF" AS h ON h."HfID" = c."HFID" JOIN "`+k.table+`" AS l ON l."ClaimID" = c."ClaimID"
		WHERE c."ClaimID" IN $ints(?) AND l."ValidityTo" IS NULL AND l."`+k.status+`" = 1 ORDER BY c."ClaimID"`, claims)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", k.table, err)
	}
	return &lineCursor{rows: rows}, nil
}

// next reads the next line, if there is one.
func (c *lineCursor) next() error {
	if !c.rows.Next() {
		c.done = true
		return c.rows.Err()
	}
	c.row = lineRow{}
	return c.rows.Scan(&c.row.ClaimID, &c.row.Status, &c.row.RunID, &c.row.Facility, &c.row.Level, &c.row.Processed,
		&c.row.ProductID, &c.row.Origin, &c.row.Valuated, &c.row.Remunerated)
}

// claim is the claim of the line at hand; after the last line it is beyond all.
func (c *lineCursor) claim() int {
	if c.done {
		return maxClaim
	}
	return c.row.ClaimID
}
