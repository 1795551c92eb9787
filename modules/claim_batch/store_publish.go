package claim_batch

import (
	"context"
	"fmt"
	"time"

	"github.com/shopspring/decimal"

	"github.com/openimis/openimis-be-go/internal/db"
	"github.com/openimis/openimis-be-go/internal/fault"
)

// errChanged says that claims changed while they were written; the part is tried again.
var errChanged = fault.New(fault.Unavailable, "Claims changed while the batch run wrote them; try again in a moment.")

// insertRun writes the row of the run, closed: lists and reports do not offer it until it is opened.
func insertRun(ctx context.Context, tx *db.Tx, b *batch, now time.Time) (int, error) {
	return tx.Insert(ctx, "tblBatchRun", db.Values{"LocationId": b.LocationID, "RunDate": now, "ValidityFrom": now, "ValidityTo": now,
		"AuditUserID": b.AuditUser, "RunYear": b.Year, "RunMonth": b.Month})
}

// publish writes the staged claims and lines of a part. Claims that somebody changed since they were staged are left
// as they are and counted.
func publish(ctx context.Context, tx *db.Tx, b *batch, p part) (skipped int, err error) {
	const own = `"batch_id" = ? AND "claim_id" > ? AND "claim_id" <= ?`
	skipped, err = tx.Exec(ctx, `DELETE FROM "imis_batch_claim" WHERE `+own+` AND NOT EXISTS (SELECT 1 FROM "tblClaim" AS c WHERE c."ClaimID" = "imis_batch_claim"."claim_id"
		AND c."ValidityTo" IS NULL AND c."ClaimStatus" = "imis_batch_claim"."old_status" AND (c."RunID" = "imis_batch_claim"."old_run" OR c."RunID" IS NULL AND "imis_batch_claim"."old_run" IS NULL))`,
		b.ID, p.From, p.To)
	if err != nil {
		return 0, err
	}
	if skipped > 0 {
		_, err := tx.Exec(ctx, `DELETE FROM "imis_batch_line" WHERE `+own+` AND NOT EXISTS
			(SELECT 1 FROM "imis_batch_claim" AS s WHERE s."batch_id" = ? AND s."claim_id" = "imis_batch_line"."claim_id")`, b.ID, p.From, p.To, b.ID)
		if err != nil {
			return 0, err
		}
	}
	var staged int
	if err := tx.Get(ctx, &staged, `SELECT COUNT(*) FROM "imis_batch_claim" AS s WHERE s."batch_id" = ? AND s."claim_id" > ? AND s."claim_id" <= ? AND s."new_status" = 16`, b.ID, p.From, p.To); err != nil {
		return 0, err
	}
	written, err := tx.Exec(ctx, `UPDATE "tblClaim" SET "ClaimStatus" = s."new_status", "RunID" = CASE WHEN s."closing" = 1 THEN CAST(? AS int) ELSE s."old_run" END
		FROM "imis_batch_claim" AS s WHERE "tblClaim"."ClaimID" = s."claim_id" AND s."batch_id" = ? AND s."claim_id" > ? AND s."claim_id" <= ? AND s."new_status" = 16
		AND "tblClaim"."ValidityTo" IS NULL AND "tblClaim"."ClaimStatus" = s."old_status" AND ("tblClaim"."RunID" = s."old_run" OR "tblClaim"."RunID" IS NULL AND s."old_run" IS NULL)`,
		b.RunID, b.ID, p.From, p.To)
	if err != nil {
		return 0, fmt.Errorf("write claims: %w", err)
	}
	if written != staged {
		return 0, errChanged
	}
	return skipped, writeLines(ctx, tx, b, p, "amount")
}

// writeLines gives the lines of a part an amount of imis_batch_line.
func writeLines(ctx context.Context, tx *db.Tx, b *batch, p part, column string) error {
	for _, k := range kinds {
		_, err := tx.Exec(ctx, `UPDATE "`+k.table+`" SET "RemuneratedAmount" = s."`+column+`" FROM "imis_batch_line" AS s
			WHERE "`+k.table+`"."`+k.id+`" = s."line_id" AND s."kind" = ? AND s."batch_id" = ? AND s."claim_id" > ? AND s."claim_id" <= ?`, k.number, b.ID, p.From, p.To)
		if err != nil {
			return fmt.Errorf("write %s: %w", k.table, err)
		}
	}
	return nil
}

// open makes the run current and writes its indexes: from here on it is paid.
func open(ctx context.Context, tx *db.Tx, b *batch, now time.Time) error {
	if _, err := tx.Exec(ctx, `UPDATE "tblBatchRun" SET "ValidityTo" = NULL, "ValidityFrom" = ?, "RunDate" = ? WHERE "RunID" = ?`, now, now, b.RunID); err != nil {
		return err
	}
	var rows []struct {
		Ordinal   int              `db:"ordinal"`
		ProductID int              `db:"product_id"`
		Type      int              `db:"rel_type"`
		Care      string           `db:"care_type"`
		Year      int              `db:"rel_year"`
		Period    int              `db:"rel_period"`
		Value     *decimal.Decimal `db:"rel_index"`
	}
	if err := tx.Select(ctx, &rows, `SELECT x."ordinal", x."product_id", x."rel_type", x."care_type", x."rel_year", x."rel_period", x."rel_index"
		FROM "imis_batch_index" AS x WHERE x."batch_id" = ? ORDER BY x."ordinal"`, b.ID); err != nil {
		return err
	}
	for _, r := range rows {
		id, err := tx.Insert(ctx, "tblRelIndex", db.Values{"ProdID": r.ProductID, "RelType": r.Type, "RelCareType": r.Care, "RelYear": r.Year,
			"RelPeriod": r.Period, "CalcDate": b.Started, "RelIndex": r.Value, "ValidityFrom": now, "AuditUserID": b.AuditUser, "LocationId": b.LocationID})
		if err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, `UPDATE "imis_batch_index" SET "rel_index_id" = ? WHERE "batch_id" = ? AND "ordinal" = ?`, id, b.ID, r.Ordinal); err != nil {
			return err
		}
	}
	return nil
}
