package claim

import (
	"context"
	"fmt"
	"time"

	"github.com/openimis/openimis-be-go/internal/db"
	"github.com/openimis/openimis-be-go/modules/claim/rules"
)

// Feedback is what the patient of a claim answered. Nil answers were not given.
type Feedback struct {
	ClaimID        int
	CareRendered   *bool
	PaymentAsked   *bool
	DrugPrescribed *bool
	DrugReceived   *bool
	Assessment     *int       // 0 (worst) to 5 (best)
	Officer        *int       // OfficerID of who collected it
	At             *time.Time // nil: now
}

// greatestAssessment is the best mark that a patient gives; 0 is the worst.
const greatestAssessment = 5

func (f *Feedback) check(now time.Time) (problems []rules.Problem) {
	if f.Assessment != nil && (*f.Assessment < 0 || *f.Assessment > greatestAssessment) {
		problems = append(problems, rules.Problem{Code: rules.BadValue, At: rules.Place{Part: rules.PartAssessment},
			Text: fmt.Sprintf("%d is not allowed; 0 (worst) to %d (best) are", *f.Assessment, greatestAssessment)})
	}
	if f.At != nil && (f.At.Before(rules.Earliest) || f.At.After(now.AddDate(0, 0, 1))) {
		problems = append(problems, rules.Problem{Code: rules.BadValue, At: rules.Place{Part: rules.PartFeedbackDate},
			Text: fmt.Sprintf("%s is in the future or before 1900", f.At.Format(time.DateOnly))})
	}
	return problems
}

// GiveFeedback writes what the patient of a checked claim answered. A claim has one row of tblFeedback; delivering again
// corrects it and keeps the old answers as history.
func (Service) GiveFeedback(ctx context.Context, tx *db.Tx, a Author, f Feedback) error {
	problems := f.check(a.Now)
	c, err := lockOne(ctx, tx, a, f.ClaimID, FeedbackGiven, rules.StatusChecked)
	if err != nil {
		return err
	}
	if !deliverable(c.FeedbackStatus) {
		return c.obstacle(FeedbackGiven, NotSelected)
	}
	if f.Officer != nil {
		switch found, err := current(ctx, tx, officerTable, nil, []rules.Named{{ID: *f.Officer}}); {
		case err != nil:
			return err
		case len(found) == 0:
			problems = append(problems, rules.Problem{Code: rules.UnknownOfficer, At: rules.Place{Part: rules.PartOfficer}, Text: fmt.Sprintf("there is no current officer %d", *f.Officer)})
		}
	}
	if len(problems) > 0 {
		return refused(problems)
	}
	if f.At == nil {
		f.At = &a.Now
	}
	if err := writeFeedback(ctx, tx, f, a.rules()); err != nil {
		return fmt.Errorf("write the feedback of claim %d: %w", f.ClaimID, err)
	}
	return nil
}
