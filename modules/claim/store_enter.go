package claim

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/openimis/openimis-be-go/internal/auth"
	"github.com/openimis/openimis-be-go/internal/db"
	"github.com/openimis/openimis-be-go/internal/fault"
	"github.com/openimis/openimis-be-go/modules/claim/rules"
	"github.com/openimis/openimis-be-go/modules/location"
)

var (
	enteredClaimRecord = recordOf[EnteredClaim]()
	enteredLineRecord  = recordOf[EnteredLine]()
)

// insertClaim writes a new claim with its lines. Columns with a default are written too, for PostgreSQL
// has none, and a RejectionReason of NULL is passed over by legacy programs (rules.md §8.1). The default of
// FeedbackID, 0, is no feedback's id: a database that checks the key would refuse it.
func insertClaim(ctx context.Context, tx *db.Tx, e *EnteredClaim, now time.Time) (int, error) {
	row := db.Values{"Feedback": false, "FeedbackStatus": rules.FlagIdle, "ReviewStatus": rules.FlagIdle, "ApprovalStatus": 1,
		"RejectionReason": rules.ReasonAccepted, "FeedbackID": nil, "ValidityFrom": now}
	values := enteredClaimRecord.values(e)
	for i, column := range enteredClaimRecord.columns(nil) {
		row[column] = values[i]
	}
	id, err := tx.Insert(ctx, "tblClaim", row)
	if err != nil {
		return 0, fmt.Errorf("enter claim %s: %w", e.ClaimCode, err)
	}
	return id, insertLines(ctx, tx, id, e.Lines, now)
}

func insertLines(ctx context.Context, tx *db.Tx, claim int, lines [rules.KindCount][]EnteredLine, now time.Time) error {
	for k := range rules.KindCount {
		columns := append([]string{"ClaimID", "ValidityFrom"}, enteredLineRecord.columns(lineLabels(rules.Legacy[k]))...)
		if k == rules.Items {
			columns = append(columns, "Availability")
		}
		var rows [][]any
		for i := range lines[k] {
			row := append([]any{claim, now}, enteredLineRecord.values(&lines[k][i])...)
			if k == rules.Items {
				row = append(row, true)
			}
			rows = append(rows, row)
		}
		if _, err := tx.BulkInsert(ctx, rules.Legacy[k].Lines, columns, rows); err != nil {
			return fmt.Errorf("enter the lines of claim %d: %w", claim, err)
		}
	}
	return nil
}

// reference is an id of an input, with the field it is in and what it should be.
type reference struct {
	field string
	id    int
	what  string
}

// known checks that all ids are those of current rows of a table.
func known(ctx context.Context, q db.Query, table, key string, refs ...reference) error {
	if len(refs) == 0 {
		return nil
	}
	ids := make([]int, len(refs))
	for i, r := range refs {
		ids[i] = r.id
	}
	var found []int
	if err := q.Select(ctx, &found, `SELECT r."`+key+`" FROM "`+table+`" AS r WHERE r."`+key+`" IN $ints(?) AND r."ValidityTo" IS NULL`, db.Ints(ids)); err != nil {
		return fmt.Errorf("look up %d rows of %s: %w", len(ids), table, err)
	}
	for _, r := range refs {
		if !slices.Contains(found, r.id) {
			return fault.Input(r.field, "%s: there is no current %s %d.", r.field, r.what, r.id)
		}
	}
	return nil
}

// lockFacility says whether a scope may enter claims for a health facility, and locks its row.
func lockFacility(ctx context.Context, tx *db.Tx, s auth.Scope, id int) (found bool, err error) {
	where, more := enteredFor(s)
	src, args := and(`SELECT h."HfID" FROM "tblHF" AS h $updlock WHERE h."HfID" = ? AND h."ValidityTo" IS NULL`, []any{id}, where, more)
	err = tx.Get(ctx, &id, src+` $forupdate`, args...)
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	return err == nil, err
}

// enteredFor is the condition on health facilities, as h, that a scope may enter claims for: a claim
// administrator enters those of his facility, not of its district.
func enteredFor(s auth.Scope) (where string, args []any) {
	if s.HealthFacility != nil {
		s.Districts = nil
	}
	return location.FacilityScope(s, "h")
}

// codeUsed says whether a facility has another current claim with the code.
func codeUsed(ctx context.Context, q db.Query, facility int, code string, but int) (bool, error) {
	var n int
	err := q.Get(ctx, &n, `SELECT COUNT(*) FROM "tblClaim" AS c WHERE c."HFID" = ? AND $eq(c."ClaimCode", ?) AND c."ValidityTo" IS NULL AND c."ClaimID" <> ?`, facility, code, but)
	return n > 0, err
}

// adminOf finds the claim administrator of a facility whose code is a user's name; nil when there is none.
func adminOf(ctx context.Context, q db.Query, facility int, username string) (*int, error) {
	var ids []int
	err := q.Select(ctx, &ids, `SELECT a."ClaimAdminId" FROM "tblClaimAdmin" AS a WHERE a."HFId" = ? AND $eq(a."ClaimAdminCode", ?) AND a."ValidityTo" IS NULL ORDER BY a."ClaimAdminId"`, facility, username)
	if err != nil || len(ids) == 0 {
		return nil, err
	}
	return &ids[0], nil
}

// isAdminOf says whether a claim administrator is one of a facility.
func isAdminOf(ctx context.Context, q db.Query, admin, facility int) (bool, error) {
	var n int
	err := q.Get(ctx, &n, `SELECT COUNT(*) FROM "tblClaimAdmin" AS a WHERE a."ClaimAdminId" = ? AND a."HFId" = ? AND a."ValidityTo" IS NULL`, admin, facility)
	return n > 0, err
}

// codeLength is the length of tblClaim.ClaimCode: 8, in databases since 1.7 and on PostgreSQL 50.
func codeLength(q db.Query) int {
	if q.Offers("tblClaim", "JsonExt") || q.Offers("tblInsuree", "Vulnerability") {
		return 50
	}
	return claimCodeLength
}
