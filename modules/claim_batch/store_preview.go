package claim_batch

import (
	"context"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/shopspring/decimal"

	"github.com/openimis/openimis-be-go/internal/db"
	"github.com/openimis/openimis-be-go/modules/claim_batch/rules"
)

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
