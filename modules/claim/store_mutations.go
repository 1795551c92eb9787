package claim

import (
	"context"
	"fmt"
	"time"

	"github.com/openimis/openimis-be-go/internal/auth"
	"github.com/openimis/openimis-be-go/internal/db"
	"github.com/openimis/openimis-be-go/modules/claim/rules"
)

// head is what decides whether a mutation may touch a claim.
type head struct {
	ClaimID        int    `db:"ClaimID"`
	ClaimCode      string `db:"ClaimCode"`
	ClaimStatus    int    `db:"ClaimStatus"`
	FeedbackStatus *int   `db:"FeedbackStatus"`
	ReviewStatus   *int   `db:"ReviewStatus"`
	FeedbackID     *int   `db:"FeedbackID"`
	HFID           int    `db:"HFID"`
}

var headRecord = recordOf[head]()

// heads reads the claims that are current and in scope, by id. They must be locked.
func heads(ctx context.Context, tx *db.Tx, s auth.Scope, ids []int) (map[int]head, error) {
	where, more := ScopeWhere(s, "c")
	src, args := and(`SELECT `+headRecord.list("c", nil)+` FROM "tblClaim" AS c WHERE c."ClaimID" IN $ints(?) AND c."ValidityTo" IS NULL`, []any{db.Ints(ids)}, where, more)
	var rows []head
	if err := tx.Select(ctx, &rows, src, args...); err != nil {
		return nil, fmt.Errorf("read %d claims: %w", len(ids), err)
	}
	found := make(map[int]head, len(rows))
	for _, h := range rows {
		found[h.ClaimID] = h
	}
	return found, nil
}

// kept is what a claim that is updated refers to already: that need not be current any more.
type kept struct {
	claim   int
	entries [rules.KindCount][]int
	insuree int
	icds    []int
	admin   *int
}

// keptBy reads what the claim refers to.
func keptBy(ctx context.Context, q db.Query, claim int) (*kept, error) {
	var row struct {
		InsureeID    int  `db:"InsureeID"`
		ClaimAdminID *int `db:"ClaimAdminId"`
		ICDID        int  `db:"ICDID"`
		ICDID1       *int `db:"ICDID1"`
		ICDID2       *int `db:"ICDID2"`
		ICDID3       *int `db:"ICDID3"`
		ICDID4       *int `db:"ICDID4"`
	}
	err := q.Get(ctx, &row, `SELECT c."InsureeID", c."ClaimAdminId", c."ICDID", c."ICDID1", c."ICDID2", c."ICDID3", c."ICDID4" FROM "tblClaim" AS c WHERE c."ClaimID" = ?`, claim)
	if err != nil {
		return nil, fmt.Errorf("read claim %d: %w", claim, err)
	}
	old := &kept{claim: claim, insuree: row.InsureeID, admin: row.ClaimAdminID, icds: []int{row.ICDID}}
	for _, id := range []*int{row.ICDID1, row.ICDID2, row.ICDID3, row.ICDID4} {
		if id != nil {
			old.icds = append(old.icds, *id)
		}
	}
	return old, nil
}

// currentLines reads the current lines of a claim by id.
func currentLines(ctx context.Context, q db.Query, claim int) (byID [rules.KindCount]map[int]storedLine, err error) {
	for k := range rules.KindCount {
		n := rules.Legacy[k]
		var rows []storedLine
		if err := q.Select(ctx, &rows, `SELECT `+storedLineRecord.list("l", lineLabels(n))+` FROM "`+n.Lines+`" AS l WHERE l."ClaimID" = ? AND l."ValidityTo" IS NULL`, claim); err != nil {
			return byID, fmt.Errorf("read the lines of claim %d: %w", claim, err)
		}
		byID[k] = make(map[int]storedLine, len(rows))
		for _, l := range rows {
			byID[k][l.LineID] = l
		}
	}
	return byID, nil
}

// setFlag sets FeedbackStatus or ReviewStatus of claims, and keeps their rows as history.
func setFlag(ctx context.Context, tx *db.Tx, author rules.Author, column string, flag int, claims []int) error {
	if err := tx.Archive(ctx, "tblClaim", author.Now, claims); err != nil {
		return err
	}
	_, err := tx.Exec(ctx, `UPDATE "tblClaim" SET "`+column+`" = ?, "AuditUserID" = ? WHERE "ClaimID" IN $ints(?)`, flag, author.UserID, db.Ints(claims))
	if err != nil {
		return fmt.Errorf("set %s of %d claims: %w", column, len(claims), err)
	}
	return nil
}

// writeFeedback changes the current feedback of the claim, or adds it.
func writeFeedback(ctx context.Context, tx *db.Tx, now time.Time, claim int, row db.Values) (int, error) {
	var ids []int
	if err := tx.Select(ctx, &ids, `SELECT f."FeedbackID" FROM "tblFeedback" AS f WHERE f."ClaimID" = ? AND f."ValidityTo" IS NULL ORDER BY f."FeedbackID"`, claim); err != nil {
		return 0, err
	}
	if len(ids) == 0 {
		return tx.Insert(ctx, "tblFeedback", row)
	}
	if err := tx.Archive(ctx, "tblFeedback", now, ids[:1]); err != nil {
		return 0, err
	}
	_, err := tx.Update(ctx, "tblFeedback", ids[0], row)
	return ids[0], err
}
