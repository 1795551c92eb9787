package claim_batch

import (
	"context"
	"fmt"

	"github.com/openimis/openimis-be-go/internal/db"
)

// kind is one of the two tables of lines.
type kind struct {
	number            int
	table, id, status string
}

var kinds = []kind{
	{0, "tblClaimItems", "ClaimItemID", "ClaimItemStatus"},
	{1, "tblClaimServices", "ClaimServiceID", "ClaimServiceStatus"},
}

// cents is index times price, rounded half away from zero to whole cents, in whole numbers: the embedded database
// has binary fractions, on which it would round others.
const cents = `CASE WHEN r."scaled" * CAST(ROUND(l."PriceValuated" * 100, 0) AS bigint) >= 0
	THEN (r."scaled" * CAST(ROUND(l."PriceValuated" * 100, 0) AS bigint) + 5000) / 10000
	ELSE (r."scaled" * CAST(ROUND(l."PriceValuated" * 100, 0) AS bigint) - 5000) / 10000 END`

// stage decides about the candidates of a part, in our own tables only: which lines get what, and what becomes of
// the claims (rules.Book.Decide, a set at a time). Those that nothing happens to are forgotten.
//
// The conditions look each claim up by its key (EXISTS): no engine has statistics of tables that are being filled, and
// PostgreSQL took a set for one row and read it again for each claim.
func stage(ctx context.Context, tx *db.Tx, b *batch, p part) error {
	here := `s."batch_id" = ? AND s."claim_id" > ? AND s."claim_id" <= ?`
	own := `"batch_id" = ? AND "claim_id" > ? AND "claim_id" <= ?`
	run := func(what, src string, args ...any) error {
		if _, err := tx.Exec(ctx, src, args...); err != nil {
			return fmt.Errorf("%s: %w", what, err)
		}
		return nil
	}
	for _, k := range kinds {
		err := run("pay "+k.table, `INSERT INTO "imis_batch_line" ("batch_id", "claim_id", "kind", "line_id", "old_amount", "amount")
			SELECT s."batch_id", s."claim_id", CAST(? AS int), l."`+k.id+`", l."RemuneratedAmount", `+cents+` / 100.0
			FROM "imis_batch_claim" AS s JOIN "tblClaim" AS c ON c."ClaimID" = s."claim_id" JOIN "tblHF" AS h ON h."HfID" = c."HFID"
			JOIN "`+k.table+`" AS l ON l."ClaimID" = s."claim_id"
			JOIN "imis_batch_rate" AS r ON r."batch_id" = s."batch_id" AND r."product_id" = l."ProdID" AND c."ProcessStamp" >= r."valid_from" AND c."ProcessStamp" < r."valid_until"
				AND (r."care_type" = 'B' OR r."care_type" = 'I' AND h."HFLevel" = 'H' OR r."care_type" = 'O' AND h."HFLevel" <> 'H')
			WHERE `+here+` AND s."old_status" = 8 AND l."ValidityTo" IS NULL AND l."`+k.status+`" = 1 AND l."PriceOrigin" = 'R'`,
			k.number, b.ID, p.From, p.To)
		if err != nil {
			return err
		}
	}
	err := run("valuate claims", `UPDATE "imis_batch_claim" SET "new_status" = 16 WHERE `+own+` AND "old_status" = 8
		AND EXISTS (SELECT 1 FROM "imis_batch_line" AS x WHERE x."batch_id" = ? AND x."claim_id" = "imis_batch_claim"."claim_id")`, b.ID, p.From, p.To, b.ID)
	if err != nil {
		return err
	}
	for _, k := range kinds {
		err := run("find "+k.table+" without amount", `UPDATE "imis_batch_claim" SET "new_status" = 8 WHERE `+own+` AND "old_status" = 8 AND "new_status" = 16
			AND EXISTS (SELECT 1 FROM "`+k.table+`" AS l
				LEFT JOIN "imis_batch_line" AS x ON x."batch_id" = ? AND x."claim_id" = l."ClaimID" AND x."kind" = ? AND x."line_id" = l."`+k.id+`"
				WHERE l."ClaimID" = "imis_batch_claim"."claim_id" AND l."ValidityTo" IS NULL AND l."`+k.status+`" = 1 AND l."ProdID" IN $ints(?)
				AND (x."line_id" IS NULL AND l."RemuneratedAmount" IS NULL OR x."line_id" IS NOT NULL AND x."amount" IS NULL))`,
			b.ID, p.From, p.To, b.ID, k.number, b.products())
		if err != nil {
			return err
		}
		err = run("take valuated claims along", `UPDATE "imis_batch_claim" SET "new_status" = 16 WHERE `+own+` AND "old_status" = 16 AND "new_status" IS NULL
			AND EXISTS (SELECT 1 FROM "`+k.table+`" AS l WHERE l."ClaimID" = "imis_batch_claim"."claim_id" AND l."ValidityTo" IS NULL
				AND l."`+k.status+`" = 1 AND l."PriceOrigin" <> 'R' AND l."ProdID" IN $ints(?))`,
			b.ID, p.From, p.To, b.products())
		if err != nil {
			return err
		}
	}
	return run("forget the rest", `DELETE FROM "imis_batch_claim" WHERE `+own+` AND "new_status" IS NULL`, b.ID, p.From, p.To)
}
