package claim

import (
	"context"
	"fmt"

	"github.com/openimis/openimis-be-go/internal/db"
	"github.com/openimis/openimis-be-go/modules/claim/rules"
)

// Review writes what a medical officer decided about a checked claim that was selected for review; a review can be
// delivered again until the claim is processed. When no line is left, the claim is rejected.
func (Service) Review(ctx context.Context, tx *db.Tx, a Author, r rules.Review) error {
	c, err := lockOne(ctx, tx, a, r.ClaimID, Reviewed, rules.StatusChecked)
	if err != nil {
		return err
	}
	if !deliverable(c.ReviewStatus) {
		return c.obstacle(Reviewed, NotSelected)
	}
	lines, err := currentLines(ctx, tx, r.ClaimID)
	if err != nil {
		return err
	}
	changed, problems := r.Apply(lines)
	approved, passed, more := lines.Approved()
	if problems = append(problems, more...); len(problems) > 0 {
		return refused(problems)
	}
	for k := range rules.KindCount {
		if err := writeLines(ctx, tx, k, changed[k], a.rules(), true); err != nil {
			return fmt.Errorf("review the lines of claim %d: %w", r.ClaimID, err)
		}
	}
	if err := writeReview(ctx, tx, r.ClaimID, approved, passed == 0, a.rules()); err != nil {
		return fmt.Errorf("review claim %d: %w", r.ClaimID, err)
	}
	return nil
}

// deliverable: selected, or delivered already and corrected.
func deliverable(flag *int) bool {
	return flag != nil && (*flag == rules.FlagSelected || *flag == rules.FlagDelivered)
}
