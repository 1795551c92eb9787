package claim

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/shopspring/decimal"

	"github.com/openimis/openimis-be-go/internal/auth"
	"github.com/openimis/openimis-be-go/internal/db"
	"github.com/openimis/openimis-be-go/internal/table"
	"github.com/openimis/openimis-be-go/modules/claim/rules"
)

// storedClaim is what decides whether somebody may change a claim, and what the claim refers to.
type storedClaim struct {
	ClaimID        int        `db:"ClaimID"`
	ClaimCode      string     `db:"ClaimCode"`
	ClaimStatus    int        `db:"ClaimStatus"`
	FeedbackStatus *int       `db:"FeedbackStatus"`
	ReviewStatus   *int       `db:"ReviewStatus"`
	InsureeID      int        `db:"InsureeID"`
	ClaimAdminID   *int       `db:"ClaimAdminId"`
	DateTo         *time.Time `db:"DateTo"`
	VisitType      *string    `db:"VisitType"`
	ICDID          int        `db:"ICDID"`
	ICDID1         *int       `db:"ICDID1"`
	ICDID2         *int       `db:"ICDID2"`
	ICDID3         *int       `db:"ICDID3"`
	ICDID4         *int       `db:"ICDID4"`

	lines rules.WrittenLines
}

var (
	storedClaimRecord = db.RecordOf[storedClaim]()
	writtenLineRecord = db.RecordOf[rules.WrittenLine]()
)

// id is 0 for no claim.
func (c *storedClaim) id() int {
	if c == nil {
		return 0
	}
	return c.ClaimID
}

// keep puts into a form what the claim has at places that the client says nothing about.
func (c *storedClaim) keep(places []rules.Place, f *rules.Form) {
	for _, at := range places {
		switch at.Part {
		case rules.PartTo:
			f.To = c.DateTo
		case rules.PartDiagnosis:
			if id := [rules.DiagnosisCount]*int{&c.ICDID, c.ICDID1, c.ICDID2, c.ICDID3, c.ICDID4}[at.Index]; id != nil {
				f.Diagnoses[at.Index] = rules.Named{ID: *id}
			}
		}
	}
}

func (c *storedClaim) diagnoses() []int {
	ids := []int{c.ICDID}
	for _, id := range []*int{c.ICDID1, c.ICDID2, c.ICDID3, c.ICDID4} {
		if id != nil {
			ids = append(ids, *id)
		}
	}
	return ids
}

// has says whether a line of the claim is about an item or service already.
func (c *storedClaim) has(k rules.Kind, entry int) bool {
	if c == nil || entry == 0 {
		return false
	}
	for _, l := range c.lines[k] {
		if l.EntryID == entry {
			return true
		}
	}
	return false
}

func (c *storedClaim) obstacle(step Step, why Reason, allowed ...int) *Obstacle {
	return &Obstacle{ClaimID: c.ClaimID, Reason: why, Code: c.ClaimCode, Status: c.ClaimStatus, Step: step, Allowed: allowed}
}

// lockClaims reads the claims that are current and in scope, by id, and keeps everybody else from changing them until the
// transaction ends.
func lockClaims(ctx context.Context, tx *db.Tx, s auth.Scope, ids []int) (map[int]*storedClaim, error) {
	where, more := ScopeWhere(s, "c")
	w := new(table.Where).And(`c."ClaimID" IN $ints(?) AND c."ValidityTo" IS NULL`, db.Ints(ids)).And(where, more...)
	src := `SELECT ` + storedClaimRecord.List("c", nil) + ` FROM "tblClaim" AS c $updlock WHERE ` + w.Condition()
	var rows []storedClaim
	if err := tx.Select(ctx, &rows, src+` ORDER BY c."ClaimID" $forupdate`, w.Args()...); err != nil {
		return nil, fmt.Errorf("lock %d claims: %w", len(ids), err)
	}
	found := make(map[int]*storedClaim, len(rows))
	for i := range rows {
		found[rows[i].ClaimID] = &rows[i]
	}
	return found, nil
}

// lockOne locks a single claim whose status must allow the step.
func lockOne(ctx context.Context, tx *db.Tx, a Author, id int, step Step, allowed ...int) (*storedClaim, error) {
	found, err := lockClaims(ctx, tx, a.Scope, []int{id})
	if err != nil {
		return nil, err
	}
	switch c := found[id]; {
	case c == nil:
		return nil, &Obstacle{ClaimID: id, Reason: NotFound, Step: step}
	case !slices.Contains(allowed, c.ClaimStatus):
		return nil, c.obstacle(step, WrongStatus, allowed...)
	default:
		return c, nil
	}
}

// setFlag sets FeedbackStatus or ReviewStatus of claims, and keeps their rows as history.
func setFlag(ctx context.Context, tx *db.Tx, a rules.Author, column string, flag int, claims []int) error {
	if len(claims) == 0 {
		return nil
	}
	if err := tx.Archive(ctx, "tblClaim", a.Now, claims); err != nil {
		return err
	}
	_, err := tx.Exec(ctx, `UPDATE "tblClaim" SET "`+column+`" = ?, "AuditUserID" = ? WHERE "ClaimID" IN $ints(?)`, flag, a.UserID, db.Ints(claims))
	if err != nil {
		return fmt.Errorf("set %s of %d claims: %w", column, len(claims), err)
	}
	return nil
}

// writeReview writes that a claim was reviewed, and keeps its row as history.
func writeReview(ctx context.Context, tx *db.Tx, claim int, approved decimal.Decimal, rejected bool, a rules.Author) error {
	row := db.Values{"ReviewStatus": rules.FlagDelivered, "Approved": approved, "AuditUserIDReview": a.UserID, "ValidityFromReview": a.Now, "AuditUserID": a.UserID}
	if rejected {
		row["ClaimStatus"] = rules.StatusRejected
	}
	return archiveAndUpdate(ctx, tx, claim, row, a)
}

func archiveAndUpdate(ctx context.Context, tx *db.Tx, claim int, row db.Values, a rules.Author) error {
	if err := tx.Archive(ctx, "tblClaim", a.Now, []int{claim}); err != nil {
		return err
	}
	_, err := tx.Update(ctx, "tblClaim", claim, row)
	return err
}

// currentLines reads the current lines of a claim.
func currentLines(ctx context.Context, q db.Query, claim int) (lines rules.WrittenLines, err error) {
	for k := range rules.KindCount {
		n := rules.Legacy[k]
		var rows []rules.WrittenLine
		if err := q.Select(ctx, &rows, `SELECT `+writtenLineRecord.List("l", lineLabels(n))+` FROM "`+n.Lines+`" AS l WHERE l."ClaimID" = ? AND l."ValidityTo" IS NULL`, claim); err != nil {
			return lines, fmt.Errorf("read the lines of claim %d: %w", claim, err)
		}
		lines[k] = make(map[int]rules.WrittenLine, len(rows))
		for _, l := range rows {
			lines[k][l.LineID] = l
		}
	}
	return lines, nil
}

// writeLines writes what changed of lines, and keeps their rows as history.
func writeLines(ctx context.Context, tx *db.Tx, k rules.Kind, lines []rules.WrittenLine, a rules.Author, review bool) error {
	n := rules.Legacy[k]
	columns := writtenLineRecord.Columns(lineLabels(n))
	if review {
		columns = append(columns, "AuditUserIDReview", "ValidityFromReview")
	} else {
		columns = append(columns, "AuditUserID")
	}
	ids := make([]int, len(lines))
	rows := make([][]any, len(lines))
	for i := range lines {
		ids[i] = lines[i].LineID
		rows[i] = append(writtenLineRecord.Values(&lines[i]), a.UserID)
		if review {
			rows[i] = append(rows[i], a.Now)
		}
	}
	if err := tx.Archive(ctx, n.Lines, a.Now, ids); err != nil {
		return err
	}
	_, err := tx.BulkUpdate(ctx, n.Lines, columns, rows)
	return err
}

// writeFeedback changes the current feedback of the claim, or adds it, and marks the claim.
func writeFeedback(ctx context.Context, tx *db.Tx, f Feedback, a rules.Author) error {
	var ids []int
	if err := tx.Select(ctx, &ids, `SELECT f."FeedbackID" FROM "tblFeedback" AS f WHERE f."ClaimID" = ? AND f."ValidityTo" IS NULL ORDER BY f."FeedbackID"`, f.ClaimID); err != nil {
		return err
	}
	row := db.Values{"ClaimID": f.ClaimID, "CareRendered": f.CareRendered, "PaymentAsked": f.PaymentAsked, "DrugPrescribed": f.DrugPrescribed,
		"DrugReceived": f.DrugReceived, "Asessment": f.Assessment, "CHFOfficerCode": f.Officer, "FeedbackDate": *f.At,
		"ValidityFrom": a.Now, "AuditUserID": a.UserID}
	var id int
	var err error
	if len(ids) == 0 {
		id, err = tx.Insert(ctx, "tblFeedback", row)
	} else {
		id = ids[0]
		if err = tx.Archive(ctx, "tblFeedback", a.Now, ids[:1]); err == nil {
			_, err = tx.Update(ctx, "tblFeedback", id, row)
		}
	}
	if err != nil {
		return err
	}
	return archiveAndUpdate(ctx, tx, f.ClaimID, db.Values{"FeedbackID": id, "FeedbackStatus": rules.FlagDelivered, "Feedback": true, "AuditUserID": a.UserID}, a)
}
