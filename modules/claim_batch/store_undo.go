package claim_batch

import (
	"context"
	"fmt"
	"time"

	"github.com/openimis/openimis-be-go/internal/db"
)

// leftAs is the condition that a claim is as the run left it, with the run's id as parameter.
func leftAs(claim string) string {
	return claim + `."ValidityTo" IS NULL AND ` + claim + `."ClaimStatus" = s."new_status"
		AND (s."closing" = 1 AND s."new_status" = 16 AND ` + claim + `."RunID" = ? OR (s."closing" = 0 OR s."new_status" = 8)
			AND (` + claim + `."RunID" = s."old_run" OR ` + claim + `."RunID" IS NULL AND s."old_run" IS NULL))`
}

// changedSince counts what somebody changed after the run: claims, or amounts of lines. Another run may have.
func changedSince(ctx context.Context, q db.Query, b *batch) (int, error) {
	var total int
	err := q.Get(ctx, &total, `SELECT COUNT(*) FROM "imis_batch_claim" AS s LEFT JOIN "tblClaim" AS c ON c."ClaimID" = s."claim_id" AND `+leftAs("c")+`
		WHERE s."batch_id" = ? AND c."ClaimID" IS NULL`, b.RunID, b.ID)
	for _, k := range kinds {
		if err != nil {
			return 0, err
		}
		var n int
		err = q.Get(ctx, &n, `SELECT COUNT(*) FROM "imis_batch_line" AS s LEFT JOIN "`+k.table+`" AS l ON l."`+k.id+`" = s."line_id"
			AND (l."RemuneratedAmount" = s."amount" OR l."RemuneratedAmount" IS NULL AND s."amount" IS NULL)
			WHERE s."batch_id" = ? AND s."kind" = ? AND l."`+k.id+`" IS NULL`, b.ID, k.number)
		total += n
	}
	return total, err
}

// hide closes the run and takes its indexes away: from here on it is not paid.
func hide(ctx context.Context, tx *db.Tx, b *batch, now time.Time) error {
	if _, err := tx.Exec(ctx, `UPDATE "tblBatchRun" SET "ValidityTo" = ? WHERE "RunID" = ?`, now, b.RunID); err != nil {
		return err
	}
	_, err := tx.Exec(ctx, `DELETE FROM "tblRelIndex" WHERE "RelIndexID" IN (SELECT x."rel_index_id" FROM "imis_batch_index" AS x WHERE x."batch_id" = ? AND x."rel_index_id" IS NOT NULL)`, b.ID)
	return err
}

// restore puts the claims and lines of a part back, and forgets what they were. Claims after b.Last were never
// written.
func restore(ctx context.Context, tx *db.Tx, b *batch, p part) error {
	if written := (part{p.From, min(p.To, b.Last)}); written.From < written.To {
		_, err := tx.Exec(ctx, `UPDATE "tblClaim" SET "ClaimStatus" = s."old_status", "RunID" = s."old_run"
			FROM "imis_batch_claim" AS s WHERE "tblClaim"."ClaimID" = s."claim_id" AND `+leftAs(`"tblClaim"`)+`
			AND s."batch_id" = ? AND s."claim_id" > ? AND s."claim_id" <= ?`, b.RunID, b.ID, written.From, written.To)
		if err != nil {
			return fmt.Errorf("put claims back: %w", err)
		}
		if err := writeLines(ctx, tx, b, written, "old_amount"); err != nil {
			return err
		}
	}
	return forget(ctx, tx, b, p)
}

// forget deletes the staged rows of a part.
func forget(ctx context.Context, tx *db.Tx, b *batch, p part) error {
	for _, table := range []string{"imis_batch_line", "imis_batch_claim"} {
		if _, err := tx.Exec(ctx, `DELETE FROM "`+table+`" WHERE "batch_id" = ? AND "claim_id" > ? AND "claim_id" <= ?`, b.ID, p.From, p.To); err != nil {
			return err
		}
	}
	return nil
}

// erasePlan deletes the indexes and rates of a run.
func erasePlan(ctx context.Context, tx *db.Tx, b *batch) error {
	for _, table := range []string{"imis_batch_index", "imis_batch_rate"} {
		if _, err := tx.Exec(ctx, `DELETE FROM "`+table+`" WHERE "batch_id" = ?`, b.ID); err != nil {
			return err
		}
	}
	return nil
}

// erase deletes what is left of an undone run in the legacy tables and of its plan.
func erase(ctx context.Context, tx *db.Tx, b *batch) error {
	if err := erasePlan(ctx, tx, b); err != nil || b.RunID == nil {
		return err
	}
	_, err := tx.Exec(ctx, `DELETE FROM "tblBatchRun" WHERE "RunID" = ?`, *b.RunID)
	return err
}
