package claim

import (
	"context"
	"fmt"

	"github.com/openimis/openimis-be-go/internal/db"
	"github.com/openimis/openimis-be-go/internal/fault"
	"github.com/openimis/openimis-be-go/internal/mutation"
	"github.com/openimis/openimis-be-go/modules/claim/rules"
)

// reviewInput is the input of deliverClaimReview. Lines that it does not name stay as they are.
type reviewInput struct {
	ClaimID  *int        `json:"claim_id"`
	Items    []lineInput `json:"items"`
	Services []lineInput `json:"services"`
}

// deliverReview writes what a medical officer decided about a checked claim that was selected for review;
// a review can be delivered again until the claim is processed. When no line is left, the claim is
// rejected.
func deliverReview(ctx context.Context, tx *db.Tx, c mutation.Call, in reviewInput) (out mutation.Outcome, err error) {
	h, err := one(ctx, tx, c.Principal.Scope, "claimId", in.ClaimID, "reviewed", rules.StatusChecked)
	if err != nil {
		return out, err
	}
	if !deliverable(h.ReviewStatus) {
		return out, fault.New(fault.Conflict, "claim %s is not selected for review", h.ClaimCode)
	}
	lines := [rules.KindCount][]lineInput{rules.Items: in.Items, rules.Services: in.Services}
	stored, err := currentLines(ctx, tx, h.ClaimID)
	if err != nil {
		return out, err
	}
	if err := ownLines(lines, stored); err != nil {
		return out, err
	}
	user := c.Principal.AuditUserID()
	for k := range rules.KindCount {
		var changed []int
		var rows [][]any
		for i := range lines[k] {
			was, now, err := reviewed(k, i, &lines[k][i], stored[k])
			if err != nil {
				return out, err
			}
			if now.equals(was) {
				continue
			}
			stored[k][now.LineID] = now
			changed = append(changed, now.LineID)
			rows = append(rows, append(storedLineRecord.values(&now), user, c.Now))
		}
		n := rules.Legacy[k]
		if err := tx.Archive(ctx, n.Lines, c.Now, changed); err != nil {
			return out, err
		}
		columns := append(storedLineRecord.columns(lineLabels(n)), "AuditUserIDReview", "ValidityFromReview")
		if _, err := tx.BulkUpdate(ctx, n.Lines, columns, rows); err != nil {
			return out, fmt.Errorf("review the lines of claim %d: %w", h.ClaimID, err)
		}
	}
	approved, passed := rules.Zero, 0
	for k := range stored {
		for _, l := range stored[k] {
			if l.Status == rules.LinePassed {
				passed++
				approved = approved.Add(l.approved())
			}
		}
	}
	approved = approved.Round(2)
	if rules.Overflows(approved) {
		return out, fault.Input("services", "The approved lines add up to %s; less than %s is allowed.", approved, rules.AmountLimit)
	}
	row := db.Values{"ReviewStatus": rules.FlagDelivered, "Approved": approved, "AuditUserIDReview": user, "ValidityFromReview": c.Now, "AuditUserID": user}
	if passed == 0 {
		row["ClaimStatus"] = rules.StatusRejected
	}
	if err := tx.Archive(ctx, "tblClaim", c.Now, []int{h.ClaimID}); err != nil {
		return out, err
	}
	_, err = tx.Update(ctx, "tblClaim", h.ClaimID, row)
	return out, err
}

// deliverable: selected, or delivered already and corrected.
func deliverable(flag *int) bool {
	return flag != nil && (*flag == rules.FlagSelected || *flag == rules.FlagDelivered)
}

// reviewed applies the officer's decision to a line. What the rules rejected stays rejected. The form is
// complete: no quantity or price approved means those that were claimed.
func reviewed(k rules.Kind, i int, in *lineInput, stored map[int]storedLine) (was, now storedLine, err error) {
	at := func(member string) string { return fmt.Sprintf("%s[%d].%s", inputName(k), i, member) }
	if in.ID == nil {
		return was, now, fault.Input(at("id"), "%s: a review decides about lines of the claim; the id of the line is missing.", at("id"))
	}
	was = stored[*in.ID]
	if entry := in.entry(k); entry != nil && *entry != was.EntryID {
		return was, now, fault.Input(at("id"), "%s: line %d is about another item or service than %d.", at("id"), *in.ID, *entry)
	}
	if err := checkLineStatus(at, in.Status); err != nil {
		return was, now, err
	}
	if err := in.checkApproved(at); err != nil {
		return was, now, err
	}
	now = was
	if in.Justification != nil {
		now.Justification = in.Justification
	}
	byRules := was.Reason != nil && *was.Reason > rules.ReasonAccepted
	switch {
	case byRules && in.Status == rules.LinePassed:
		return was, now, fault.Input(at("status"), "%s: the line cannot pass: %s.", at("status"), rules.ReasonText(*was.Reason))
	case byRules:
		return was, now, nil
	case in.Status == rules.LinePassed:
		now.Status, now.Reason = rules.LinePassed, rules.ReasonPointer(rules.ReasonAccepted)
		now.QtyApproved, now.PriceApproved = in.QtyApproved, in.PriceApproved
	default:
		reason := rules.ReasonMedicalOfficer
		now.Status, now.Reason = rules.LineRejected, &reason
		now.QtyApproved, now.PriceApproved = in.QtyApproved, in.PriceApproved
	}
	return was, now, nil
}
