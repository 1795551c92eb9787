package claim

import (
	"context"
	"slices"

	"github.com/openimis/openimis-be-go/internal/db"
	"github.com/openimis/openimis-be-go/modules/claim/rules"
)

// Desk is where claims that are not processed yet may go: to review by a medical officer, or to feedback by the patient.
type Desk struct {
	column                      string
	selected, bypassed, skipped Step
}

// The desks.
var (
	ForFeedback = Desk{"FeedbackStatus", "selected for feedback", "bypassed by feedback", "left out of feedback"}
	ForReview   = Desk{"ReviewStatus", "selected for review", "bypassed by review", "left out of review"}
)

// Select sends claims to a desk.
func (Service) Select(ctx context.Context, tx *db.Tx, a Author, to Desk, claims []int) ([]Outcome, error) {
	return flag(ctx, tx, a, to.column, rules.FlagSelected, to.selected, claims)
}

// Bypass lets claims that were selected go on without the desk.
func (Service) Bypass(ctx context.Context, tx *db.Tx, a Author, desk Desk, claims []int) ([]Outcome, error) {
	return flag(ctx, tx, a, desk.column, rules.FlagBypassed, desk.bypassed, claims)
}

// Skip says that claims need not go to a desk.
func (Service) Skip(ctx context.Context, tx *db.Tx, a Author, desk Desk, claims []int) ([]Outcome, error) {
	return flag(ctx, tx, a, desk.column, rules.FlagSkipped, desk.skipped, claims)
}

// flag sets FeedbackStatus or ReviewStatus of claims that are not processed yet, and keeps history.
func flag(ctx context.Context, tx *db.Tx, a Author, column string, value int, step Step, claims []int) ([]Outcome, error) {
	ids := slices.Compact(slices.Sorted(slices.Values(claims)))
	found, err := lockClaims(ctx, tx, a.Scope, ids)
	if err != nil {
		return nil, err
	}
	allowed := []int{rules.StatusEntered, rules.StatusChecked}
	var outcomes []Outcome
	var good []int
	for _, id := range ids {
		o := Outcome{ClaimID: id}
		if c, ok := found[id]; !ok {
			o.Obstacle = &Obstacle{ClaimID: id, Reason: NotFound, Step: step}
		} else {
			o.Code, o.Status = c.ClaimCode, c.ClaimStatus
			if slices.Contains(allowed, c.ClaimStatus) {
				good = append(good, id)
			} else {
				o.Obstacle = c.obstacle(step, WrongStatus, allowed...)
			}
		}
		outcomes = append(outcomes, o)
	}
	return outcomes, setFlag(ctx, tx, a.rules(), column, value, good)
}
