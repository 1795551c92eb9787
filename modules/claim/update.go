package claim

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/shopspring/decimal"

	"github.com/openimis/openimis-be-go/internal/db"
	"github.com/openimis/openimis-be-go/internal/fault"
	"github.com/openimis/openimis-be-go/internal/mutation"
	"github.com/openimis/openimis-be-go/modules/claim/rules"
)

// update changes a claim that is not processed yet. The input is the whole form, as the application sends
// it: what is missing (end, diagnoses, lines, explanations) is gone. Rows that change leave a copy,
// lines that are gone are closed.
//
// A checked claim stays checked, or goes back to entered when the input has status 2: then its lines
// have passed again, and it waits for another submission. Who may only add claims changes entered ones.
func update(ctx context.Context, tx *db.Tx, c mutation.Call, in claimInput) (out mutation.Outcome, err error) {
	if err := in.check(c.Now, codeLength(tx)); err != nil {
		return out, err
	}
	h, err := one(ctx, tx, c.Principal.Scope, "id", in.ID, "updated", rules.StatusEntered, rules.StatusChecked)
	if err != nil {
		return out, err
	}
	switch {
	case h.ClaimStatus == rules.StatusChecked && !c.Principal.Has(rightUpdate):
		return out, fault.New(fault.Forbidden, "Claim %s is checked already; you may update entered claims only (right %d is needed).", h.ClaimCode, rightUpdate)
	case in.Status != rules.StatusEntered && in.Status != h.ClaimStatus:
		return out, fault.Input("status", "status: %d is not allowed; claim %s is %s (%d) and can be that or entered (%d).", in.Status, h.ClaimCode, statusName(h.ClaimStatus), h.ClaimStatus, rules.StatusEntered)
	}
	old, err := keptBy(ctx, tx, h.ClaimID)
	if err != nil {
		return out, err
	}
	stored, err := currentLines(ctx, tx, h.ClaimID)
	if err != nil {
		return out, err
	}
	for k := range stored {
		for _, l := range stored[k] {
			old.entries[k] = append(old.entries[k], l.EntryID)
		}
	}
	if err := ownLines(in.lines(), stored); err != nil {
		return out, err
	}
	if err := in.references(ctx, tx, c.Principal, old); err != nil {
		return out, err
	}
	again := h.ClaimStatus == rules.StatusChecked && in.Status == rules.StatusEntered
	if err := in.writeClaim(ctx, tx, c, h.ClaimID, again); err != nil {
		return out, err
	}
	for k := range rules.KindCount {
		if err := updateLines(ctx, tx, c, h.ClaimID, k, in.lines()[k], stored[k], again); err != nil {
			return out, fmt.Errorf("update the lines of claim %d: %w", h.ClaimID, err)
		}
	}
	return out, nil
}

// ownLines checks that lines with an id are current lines of the claim, each once.
func ownLines(lines [rules.KindCount][]lineInput, stored [rules.KindCount]map[int]storedLine) error {
	for k := range rules.KindCount {
		seen := set{}
		for i := range lines[k] {
			id := lines[k][i].ID
			if id == nil {
				continue
			}
			at := fmt.Sprintf("%s[%d].id", inputName(k), i)
			if _, own := stored[k][*id]; !own {
				return fault.Input(at, "%s: the claim has no line %d.", at, *id)
			}
			if seen[*id] {
				return fault.Input(at, "%s: line %d is given twice.", at, *id)
			}
			seen.add(*id)
		}
	}
	return nil
}

func (in *claimInput) writeClaim(ctx context.Context, tx *db.Tx, c mutation.Call, claim int, again bool) error {
	icd := in.diagnoses()
	row := db.Values{
		"InsureeID": in.InsureeID, "HFID": in.HealthFacilityID, "ClaimAdminId": in.AdminID, "ClaimCode": in.Code,
		"DateClaimed": in.DateClaimed.Time, "DateFrom": in.DateFrom.Time, "DateTo": in.DateTo.pointer(),
		"ICDID": in.ICDID, "ICDID1": icd[1].id, "ICDID2": icd[2].id, "ICDID3": icd[3].id, "ICDID4": icd[4].id,
		"VisitType": in.VisitType, "Claimed": in.total(), "AuditUserID": c.Principal.AuditUserID(),
	}
	if again {
		row["ClaimStatus"], row["Approved"] = rules.StatusEntered, (*decimal.Decimal)(nil)
	}
	if err := tx.Archive(ctx, "tblClaim", c.Now, []int{claim}); err != nil {
		return err
	}
	if _, err := tx.Update(ctx, "tblClaim", claim, row); err != nil {
		return fmt.Errorf("update claim %d: %w", claim, err)
	}
	return nil
}

// updateLines makes the lines of a kind those of the input. again: all pass anew.
func updateLines(ctx context.Context, tx *db.Tx, c mutation.Call, claim int, k rules.Kind, lines []lineInput, stored map[int]storedLine, again bool) error {
	n, user := rules.Legacy[k], c.Principal.AuditUserID()
	gone := maps.Clone(stored)
	var added [rules.KindCount][]EnteredLine
	var changed []int
	var rows [][]any
	for i := range lines {
		in := &lines[i]
		if in.ID == nil {
			added[k] = append(added[k], in.entered(k, user))
			continue
		}
		was := stored[*in.ID]
		delete(gone, *in.ID)
		now := was
		now.EntryID, now.QtyProvided, now.PriceAsked, now.Explanation = *in.entry(k), *in.QtyProvided, *in.PriceAsked, in.Explanation
		if in.Justification != nil {
			now.Justification = in.Justification
		}
		if again {
			now.Status, now.Reason, now.QtyApproved, now.PriceApproved = rules.LinePassed, rules.ReasonPointer(rules.ReasonAccepted), nil, nil
		}
		if !now.equals(was) {
			changed = append(changed, was.LineID)
			rows = append(rows, append(storedLineRecord.values(&now), user))
		}
	}
	if err := tx.Archive(ctx, n.Lines, c.Now, changed); err != nil {
		return err
	}
	if _, err := tx.BulkUpdate(ctx, n.Lines, append(storedLineRecord.columns(lineLabels(n)), "AuditUserID"), rows); err != nil {
		return err
	}
	if err := tx.Close(ctx, n.Lines, c.Now, slices.Sorted(maps.Keys(gone))); err != nil {
		return err
	}
	return insertLines(ctx, tx, claim, added, c.Now)
}
