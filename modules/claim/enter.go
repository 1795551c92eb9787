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
	"github.com/openimis/openimis-be-go/internal/mutation"
	"github.com/openimis/openimis-be-go/modules/location"
)

// create enters a claim.
func create(ctx context.Context, tx *db.Tx, c mutation.Call, in claimInput) (out mutation.Outcome, err error) {
	if err := in.check(c.Now, codeLength(tx)); err != nil {
		return out, err
	}
	for _, s := range []struct {
		field       string
		given, want int
	}{
		{"status", in.Status, StatusEntered},
		{"feedbackStatus", orFlag(in.FeedbackStatus), FlagIdle},
		{"reviewStatus", orFlag(in.ReviewStatus), FlagIdle},
	} {
		if s.given != s.want {
			return out, fault.Input(s.field, "%s: a new claim has %d; %d is not allowed.", s.field, s.want, s.given)
		}
	}
	for k, lines := range in.lines() {
		for i := range lines {
			if lines[i].ID != nil {
				at := fmt.Sprintf("%s[%d].id", Kind(k).inputName(), i)
				return out, fault.Input(at, "%s: a new claim has no line %d.", at, *lines[i].ID)
			}
		}
	}
	if err := in.references(ctx, tx, c.Principal, nil); err != nil {
		return out, err
	}
	_, err = insertClaim(ctx, tx, in.entered(c.Principal.AuditUserID()), c.Now)
	return out, err
}

func orFlag(flag *int) int {
	if flag == nil {
		return FlagIdle
	}
	return *flag
}

// codeLength is the length of tblClaim.ClaimCode: 8, in databases since 1.7 and on PostgreSQL 50.
func codeLength(q db.Query) int {
	if q.Offers("tblClaim", "JsonExt") || q.Offers("tblInsuree", "Vulnerability") {
		return 50
	}
	return claimCodeLength
}

// entered makes the rows of a new claim.
func (in *claimInput) entered(user int) *EnteredClaim {
	icd := in.diagnoses()
	e := &EnteredClaim{
		InsureeID: in.InsureeID, HFID: in.HealthFacilityID, ClaimAdminID: in.AdminID, ClaimCode: in.Code,
		DateClaimed: in.DateClaimed.Time, DateFrom: in.DateFrom.Time, DateTo: in.DateTo.pointer(),
		ICDID: in.ICDID, ICDID1: icd[1].id, ICDID2: icd[2].id, ICDID3: icd[3].id, ICDID4: icd[4].id,
		VisitType: in.VisitType, Claimed: in.total(), ClaimStatus: StatusEntered, AuditUserID: user,
	}
	for k, lines := range in.lines() {
		for i := range lines {
			e.Lines[k] = append(e.Lines[k], lines[i].entered(Kind(k), user))
		}
	}
	return e
}

func (l *lineInput) entered(k Kind, user int) EnteredLine {
	return EnteredLine{EntryID: *l.entry(k), QtyProvided: *l.QtyProvided, PriceAsked: *l.PriceAsked, Status: LinePassed,
		AuditUserID: user, Explanation: l.Explanation, Justification: l.Justification}
}

var (
	enteredClaimRecord = recordOf[EnteredClaim]()
	enteredLineRecord  = recordOf[EnteredLine]()
)

// insertClaim writes a new claim with its lines. Columns with a default are written too, for PostgreSQL
// has none, and a RejectionReason of NULL is passed over by legacy programs (rules.md §8.1).
func insertClaim(ctx context.Context, tx *db.Tx, e *EnteredClaim, now time.Time) (int, error) {
	row := db.Values{"Feedback": false, "FeedbackStatus": FlagIdle, "ReviewStatus": FlagIdle, "ApprovalStatus": 1,
		"RejectionReason": ReasonAccepted, "ValidityFrom": now}
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

func insertLines(ctx context.Context, tx *db.Tx, claim int, lines [kindCount][]EnteredLine, now time.Time) error {
	for k := range kindCount {
		columns := append([]string{"ClaimID", "ValidityFrom"}, enteredLineRecord.columns(Legacy[k].line())...)
		if k == Items {
			columns = append(columns, "Availability")
		}
		var rows [][]any
		for i := range lines[k] {
			row := append([]any{claim, now}, enteredLineRecord.values(&lines[k][i])...)
			if k == Items {
				row = append(row, true)
			}
			rows = append(rows, row)
		}
		if _, err := tx.BulkInsert(ctx, Legacy[k].Lines, columns, rows); err != nil {
			return fmt.Errorf("enter the lines of claim %d: %w", claim, err)
		}
	}
	return nil
}

// kept are the rows of a claim that is updated: what it refers to already need not be current any more.
type kept struct {
	claim   int
	entries [kindCount][]int
	insuree int
	icds    []int
	admin   *int
}

// references checks that what the input refers to exists, is current and may be used by p. The facility
// is locked, so that two claims at a time cannot take the same code.
func (in *claimInput) references(ctx context.Context, tx *db.Tx, p *auth.Principal, old *kept) error {
	if old == nil {
		old = &kept{}
	}
	if err := in.facility(ctx, tx, p, old.claim); err != nil {
		return err
	}
	if in.InsureeID != old.insuree {
		if err := known(ctx, tx, `SELECT i."InsureeID" FROM "tblInsuree" AS i WHERE i."InsureeID" IN $ints(?) AND i."ValidityTo" IS NULL`,
			reference{"insureeId", in.InsureeID, "insuree"}); err != nil {
			return err
		}
	}
	var icds []reference
	for _, d := range in.diagnoses() {
		if d.id != nil && !slices.Contains(old.icds, *d.id) {
			icds = append(icds, reference{d.field, *d.id, "diagnosis"})
		}
	}
	if err := known(ctx, tx, `SELECT d."ICDID" FROM "tblICDCodes" AS d WHERE d."ICDID" IN $ints(?) AND d."ValidityTo" IS NULL`, icds...); err != nil {
		return err
	}
	for k, lines := range in.lines() {
		n := Legacy[k]
		var used []reference
		for i := range lines {
			if id := *lines[i].entry(Kind(k)); !slices.Contains(old.entries[k], id) {
				member := [kindCount]string{"itemId", "serviceId"}[k]
				used = append(used, reference{fmt.Sprintf("%s[%d].%s", Kind(k).inputName(), i, member), id, [kindCount]string{"item", "service"}[k]})
			}
		}
		if err := known(ctx, tx, `SELECT e."`+n.EntryID+`" FROM "`+n.Entry+`" AS e WHERE e."`+n.EntryID+`" IN $ints(?) AND e."ValidityTo" IS NULL`, used...); err != nil {
			return err
		}
	}
	return in.admin(ctx, tx, p, old.admin)
}

// facility checks the health facility, locks it, and checks that its code is free.
func (in *claimInput) facility(ctx context.Context, tx *db.Tx, p *auth.Principal, claim int) error {
	s := p.Scope
	if s.HealthFacility != nil {
		s.Districts = nil // an administrator of claims enters those of his facility
	}
	where, more := location.FacilityScope(s, "h")
	src, args := and(`SELECT h."HfID" FROM "tblHF" AS h $updlock WHERE h."HfID" = ? AND h."ValidityTo" IS NULL`, []any{in.HealthFacilityID}, where, more)
	var id int
	switch err := tx.Get(ctx, &id, src+` $forupdate`, args...); {
	case errors.Is(err, sql.ErrNoRows):
		return fault.Input("healthFacilityId", "healthFacilityId: there is no health facility %d that you may enter claims for.", in.HealthFacilityID)
	case err != nil:
		return err
	}
	used, err := codeUsed(ctx, tx, in.HealthFacilityID, in.Code, claim)
	if err == nil && used {
		err = &fault.Error{Code: fault.Conflict, Field: "code", Message: fmt.Sprintf("code: the health facility has a claim %s already.", in.Code)}
	}
	return err
}

// codeUsed says whether a facility has another current claim with the code.
func codeUsed(ctx context.Context, q db.Query, facility int, code string, but int) (bool, error) {
	var n int
	err := q.Get(ctx, &n, `SELECT COUNT(*) FROM "tblClaim" AS c WHERE c."HFID" = ? AND $eq(c."ClaimCode", ?) AND c."ValidityTo" IS NULL AND c."ClaimID" <> ?`, facility, code, but)
	return n > 0, err
}

// admin checks the claim administrator. Without one, a claim administrator who enters the claim himself
// is meant: the 2019 application does not send any.
func (in *claimInput) admin(ctx context.Context, tx *db.Tx, p *auth.Principal, old *int) error {
	if in.AdminID == nil {
		in.AdminID = old
		if old != nil || p.Person == nil || p.Person.HealthFacility == nil {
			return nil
		}
		var id int
		err := tx.Get(ctx, &id, `SELECT a."ClaimAdminId" FROM "tblClaimAdmin" AS a WHERE a."HFId" = ? AND $eq(a."ClaimAdminCode", ?) AND a."ValidityTo" IS NULL ORDER BY a."ClaimAdminId" $page(?, ?)`,
			in.HealthFacilityID, p.Username, 1, 0)
		if errors.Is(err, sql.ErrNoRows) {
			return nil
		}
		in.AdminID = &id
		return err
	}
	if old != nil && *old == *in.AdminID {
		return nil
	}
	var n int
	err := tx.Get(ctx, &n, `SELECT COUNT(*) FROM "tblClaimAdmin" AS a WHERE a."ClaimAdminId" = ? AND a."HFId" = ? AND a."ValidityTo" IS NULL`, *in.AdminID, in.HealthFacilityID)
	if err == nil && n == 0 {
		err = fault.Input("adminId", "adminId: the health facility has no claim administrator %d.", *in.AdminID)
	}
	return err
}

// reference is an id of an input, with the field it is in and what it should be.
type reference struct {
	field string
	id    int
	what  string
}

// known checks that src, which takes the ids, finds all of them.
func known(ctx context.Context, q db.Query, src string, refs ...reference) error {
	if len(refs) == 0 {
		return nil
	}
	ids := make([]int, len(refs))
	for i, r := range refs {
		ids[i] = r.id
	}
	var found []int
	if err := q.Select(ctx, &found, src, db.Ints(ids)); err != nil {
		return err
	}
	for _, r := range refs {
		if !slices.Contains(found, r.id) {
			return fault.Input(r.field, "%s: there is no current %s %d.", r.field, r.what, r.id)
		}
	}
	return nil
}
