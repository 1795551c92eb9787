package claim

import (
	"context"
	"fmt"
	"time"

	"github.com/shopspring/decimal"

	"github.com/openimis/openimis-be-go/internal/db"
	"github.com/openimis/openimis-be-go/modules/claim/rules"
)

// writtenClaim is a row of tblClaim as its facility writes it, with its lines.
type writtenClaim struct {
	InsureeID    int             `db:"InsureeID"`
	HFID         int             `db:"HFID"`
	ClaimAdminID *int            `db:"ClaimAdminId"`
	ClaimCode    string          `db:"ClaimCode"`
	DateClaimed  time.Time       `db:"DateClaimed"`
	DateFrom     time.Time       `db:"DateFrom"`
	DateTo       *time.Time      `db:"DateTo"`
	ICDID        *int            `db:"ICDID"`
	ICDID1       *int            `db:"ICDID1"`
	ICDID2       *int            `db:"ICDID2"`
	ICDID3       *int            `db:"ICDID3"`
	ICDID4       *int            `db:"ICDID4"`
	VisitType    *string         `db:"VisitType"`
	GuaranteeID  *string         `db:"GuaranteeId"`
	Explanation  *string         `db:"Explanation"`
	Claimed      decimal.Decimal `db:"Claimed"`

	Lines [rules.KindCount][]writtenLine `db:"-"`
}

// diagnoses are the columns of the main and the further diagnoses.
func (w *writtenClaim) diagnoses() [rules.DiagnosisCount]**int {
	return [...]**int{&w.ICDID, &w.ICDID1, &w.ICDID2, &w.ICDID3, &w.ICDID4}
}

// writtenLine is a claim line as its facility writes it, passed until submission says otherwise.
type writtenLine struct {
	LineID          int             `db:"-"` // 0: new
	EntryID         int             `db:"EntryID"`
	QtyProvided     decimal.Decimal `db:"QtyProvided"`
	PriceAsked      decimal.Decimal `db:"PriceAsked"`
	Status          int             `db:"Status"`
	RejectionReason int             `db:"RejectionReason"`
	Explanation     *string         `db:"Explanation"`
	Justification   *string         `db:"Justification"`
}

var (
	writtenClaimRecord = db.RecordOf[writtenClaim]()
	newLineRecord      = db.RecordOf[writtenLine]()
)

func (w *writtenClaim) row(a rules.Author) db.Values {
	row := db.Values{"AuditUserID": a.UserID}
	values := writtenClaimRecord.Values(w)
	for i, column := range writtenClaimRecord.Columns(nil) {
		row[column] = values[i]
	}
	return row
}

// insertClaim writes a new claim with its lines. Columns with a default are written too, for PostgreSQL
// has none, and a RejectionReason of NULL is passed over by legacy programs (rules.md §8.1). The default of
// FeedbackID, 0, is not a feedback's id: a database that checks the key would refuse it.
func insertClaim(ctx context.Context, tx *db.Tx, w *writtenClaim, a rules.Author) (int, error) {
	row := w.row(a)
	for column, v := range (db.Values{"ClaimStatus": rules.StatusEntered, "Feedback": false, "FeedbackStatus": rules.FlagIdle, "ReviewStatus": rules.FlagIdle, "ApprovalStatus": 1,
		"RejectionReason": rules.ReasonAccepted, "FeedbackID": nil, "ValidityFrom": a.Now}) {
		row[column] = v
	}
	id, err := tx.Insert(ctx, "tblClaim", row)
	if err != nil {
		return 0, err
	}
	for k := range rules.KindCount {
		if err := insertLines(ctx, tx, id, k, w.Lines[k], a); err != nil {
			return 0, err
		}
	}
	return id, nil
}

// updateClaim writes what the facility changed, and keeps the row as history. again: the claim is entered again.
func updateClaim(ctx context.Context, tx *db.Tx, claim int, w *writtenClaim, again bool, a rules.Author) error {
	row := w.row(a)
	delete(row, "GuaranteeId") // as it is
	delete(row, "Explanation")
	if again {
		row["ClaimStatus"], row["Approved"] = rules.StatusEntered, (*decimal.Decimal)(nil)
	}
	return archiveAndUpdate(ctx, tx, claim, row, a)
}

func insertLines(ctx context.Context, tx *db.Tx, claim int, k rules.Kind, lines []writtenLine, a rules.Author) error {
	columns := append([]string{"ClaimID", "ValidityFrom", "AuditUserID"}, newLineRecord.Columns(lineLabels(rules.Legacy[k]))...)
	if k == rules.Items {
		columns = append(columns, "Availability")
	}
	var rows [][]any
	for i := range lines {
		row := append([]any{claim, a.Now, a.UserID}, newLineRecord.Values(&lines[i])...)
		if k == rules.Items {
			row = append(row, true)
		}
		rows = append(rows, row)
	}
	if _, err := tx.BulkInsert(ctx, rules.Legacy[k].Lines, columns, rows); err != nil {
		return fmt.Errorf("enter the lines of claim %d: %w", claim, err)
	}
	return nil
}
