package claim

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/openimis/openimis-be-go/internal/db"
	"github.com/openimis/openimis-be-go/modules/claim/rules"
)

// Update is a claim as it shall be. Lines without an id are new, those that are missing are closed.
type Update struct {
	ClaimID int
	Status  int // that the claim has, or entered: then a checked claim waits for another submission
	rules.Form
	// Keep are the places of the form that the client says nothing about, and that stay as they are: PartTo,
	// PartVisitType, and PartDiagnosis from index 1. A nil Form.Admin and nil texts of lines stay anyway.
	Keep []rules.Place
	// FeedbackStatus and ReviewStatus are what the client holds them for: idle, or what they are. Nil: not said. They are
	// changed by Select, Bypass, Skip, Review and GiveFeedback.
	FeedbackStatus, ReviewStatus *int
}

// Update changes a claim that is not processed yet. Rows that change leave a copy, lines that are gone are closed. When a
// checked claim is entered again, its lines have passed again. Authors without the right to update, who may only add
// claims, change entered ones.
func (Service) Update(ctx context.Context, tx *db.Tx, a Author, u Update) error {
	old, err := lockOne(ctx, tx, a, u.ClaimID, Updated, rules.StatusEntered, rules.StatusChecked)
	if err != nil {
		return err
	}
	var problems []rules.Problem
	switch {
	case old.ClaimStatus == rules.StatusChecked && !a.Has(RightUpdate):
		return old.obstacle(Updated, NotAllowed)
	case u.Status == rules.StatusEntered || u.Status == old.ClaimStatus:
	case old.ClaimStatus == rules.StatusEntered:
		problems = []rules.Problem{{Code: rules.BadValue, At: rules.Place{Part: rules.PartStatus},
			Text: fmt.Sprintf("%d is not allowed; claim %s is entered and stays so (%d)", u.Status, old.ClaimCode, rules.StatusEntered)}}
	default:
		problems = []rules.Problem{{Code: rules.BadValue, At: rules.Place{Part: rules.PartStatus},
			Text: fmt.Sprintf("%d is not allowed; claim %s is %s and can stay so (%d) or be entered again (%d)", u.Status, old.ClaimCode, StatusName(old.ClaimStatus), old.ClaimStatus, rules.StatusEntered)}}
	}
	if old.lines, err = currentLines(ctx, tx, u.ClaimID); err != nil {
		return err
	}
	var ids [rules.KindCount][]int
	for k := range u.Lines {
		for _, l := range u.Lines[k] {
			ids[k] = append(ids[k], l.LineID)
		}
	}
	for _, f := range []struct {
		part       rules.Part
		given, has *int
	}{{rules.PartFeedbackStatus, u.FeedbackStatus, old.FeedbackStatus}, {rules.PartReviewStatus, u.ReviewStatus, old.ReviewStatus}} {
		if f.given != nil && *f.given != rules.FlagIdle && (f.has == nil || *f.given != *f.has) {
			problems = append(problems, rules.Problem{Code: rules.BadValue, At: rules.Place{Part: f.part},
				Text: fmt.Sprintf("%d is not allowed; claims are selected, bypassed and skipped by operations of their own", *f.given)})
		}
	}
	old.keep(u.Keep, &u.Form)
	problems = append(problems, checkForm(&u.Form, a.Now, CodeLength(tx))...)
	problems = append(problems, old.lines.Own(ids)...)
	problems = append(problems, old.lines.Judged(&u.Form)...)
	w, more, err := writable(ctx, tx, a, &u.Form, old)
	if err != nil {
		return fmt.Errorf("look up what claim %d refers to: %w", u.ClaimID, err)
	}
	if problems = append(problems, more...); len(problems) > 0 {
		return refused(problems)
	}
	if slices.Contains(u.Keep, rules.Place{Part: rules.PartVisitType}) { // as it is, even if nobody may write it any more
		w.VisitType = old.VisitType
	}
	again := old.ClaimStatus == rules.StatusChecked && u.Status == rules.StatusEntered
	if err := updateClaim(ctx, tx, u.ClaimID, w, again, a.rules()); err != nil {
		return fmt.Errorf("update claim %d: %w", u.ClaimID, err)
	}
	for k := range rules.KindCount {
		var added []writtenLine
		var changed []rules.WrittenLine
		gone := maps.Clone(old.lines[k])
		for i, l := range w.Lines[k] {
			if l.LineID == 0 {
				added = append(added, l)
				continue
			}
			was := old.lines[k][l.LineID]
			delete(gone, l.LineID)
			if now := was.Updated(u.Lines[k][i], l.EntryID, again); !now.Equals(was) {
				changed = append(changed, now)
			}
		}
		if err := writeLines(ctx, tx, k, changed, a.rules(), false); err != nil {
			return fmt.Errorf("update the lines of claim %d: %w", u.ClaimID, err)
		}
		if err := tx.Close(ctx, rules.Legacy[k].Lines, a.Now, slices.Sorted(maps.Keys(gone))); err != nil {
			return fmt.Errorf("close lines of claim %d: %w", u.ClaimID, err)
		}
		if err := insertLines(ctx, tx, u.ClaimID, k, added, a.rules()); err != nil {
			return err
		}
	}
	return nil
}
