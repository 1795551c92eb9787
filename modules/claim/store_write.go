package claim

import (
	"context"
	"fmt"
	"time"

	"github.com/openimis/openimis-be-go/internal/db"
	"github.com/openimis/openimis-be-go/modules/claim/rules"
)

// save writes changes with a fixed number of statements for every 2,000 rows. The procedures that the
// rules follow update in place: submission and processing leave no history.
func save(ctx context.Context, tx *db.Tx, changes []rules.Changes, now time.Time) error {
	var claims, dedRems [][]any
	var lines [rules.KindCount][][]any
	var replaced []int
	for i := range changes {
		ch := &changes[i]
		if ch.Claim != nil {
			claims = append(claims, append([]any{ch.ClaimID}, claimStateRecord.Values(ch.Claim)...))
		}
		for j := range ch.Lines {
			l := &ch.Lines[j]
			lines[l.Kind] = append(lines[l.Kind], append([]any{l.LineID}, lineStateRecord.Values(&l.LineState)...))
		}
		if ch.DeleteDedRem {
			replaced = append(replaced, ch.ClaimID)
		}
		if ch.DedRem != nil {
			dedRems = append(dedRems, append([]any{now}, dedRemRecord.Values(ch.DedRem)...))
		}
	}
	for k := range rules.KindCount {
		n := rules.Legacy[k]
		if _, err := tx.BulkUpdate(ctx, n.Lines, append([]string{n.LineID}, lineStateRecord.Columns(lineLabels(n))...), lines[k]); err != nil {
			return fmt.Errorf("write %s of %d claims: %w", n.Lines, len(changes), err)
		}
	}
	if len(replaced) > 0 {
		if _, err := tx.Exec(ctx, `DELETE FROM "tblClaimDedRem" WHERE "ClaimID" IN $ints(?)`, db.Ints(replaced)); err != nil {
			return fmt.Errorf("clear tblClaimDedRem of %d claims: %w", len(replaced), err)
		}
	}
	if _, err := tx.BulkInsert(ctx, "tblClaimDedRem", append([]string{"ValidityFrom"}, dedRemRecord.Columns(nil)...), dedRems); err != nil {
		return fmt.Errorf("write tblClaimDedRem of %d claims: %w", len(dedRems), err)
	}
	if _, err := tx.BulkUpdate(ctx, "tblClaim", append([]string{"ClaimID"}, claimStateRecord.Columns(nil)...), claims); err != nil {
		return fmt.Errorf("write %d claims: %w", len(claims), err)
	}
	return nil
}
