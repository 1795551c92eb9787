package claim

import (
	"context"
	"fmt"

	"github.com/openimis/openimis-be-go/internal/db"
	"github.com/openimis/openimis-be-go/internal/fault"
	"github.com/openimis/openimis-be-go/internal/mutation"
	"github.com/openimis/openimis-be-go/modules/claim/rules"
)

// feedbackInput is the input of deliverClaimFeedback.
type feedbackInput struct {
	ClaimID  *int `json:"claim_id"`
	Feedback *struct {
		CareRendered   *bool      `json:"care_rendered"`
		PaymentAsked   *bool      `json:"payment_asked"`
		DrugPrescribed *bool      `json:"drug_prescribed"`
		DrugReceived   *bool      `json:"drug_received"`
		Asessment      *int       `json:"asessment"`
		CHFOfficerCode *int       `json:"chf_officer_code"`
		FeedbackDate   *inputTime `json:"feedback_date"`
	} `json:"feedback"`
}

// greatestAsessment is the best mark that a patient gives; 0 is the worst.
const greatestAsessment = 5

// deliverFeedback writes what the patient of a checked claim answered. A claim has one row of
// tblFeedback; delivering again corrects it and keeps the old answers as history.
func deliverFeedback(ctx context.Context, tx *db.Tx, c mutation.Call, in feedbackInput) (out mutation.Outcome, err error) {
	f := in.Feedback
	switch {
	case f == nil:
		return out, fault.Input("feedback", "feedback: the answers are missing.")
	case f.Asessment != nil && (*f.Asessment < 0 || *f.Asessment > greatestAsessment):
		return out, fault.Input("feedback.asessment", "feedback.asessment: %d is not allowed; 0 (worst) to %d (best) are.", *f.Asessment, greatestAsessment)
	case f.FeedbackDate != nil && (f.FeedbackDate.Before(earliest) || f.FeedbackDate.After(c.Now.AddDate(0, 0, 1))):
		return out, fault.Input("feedback.feedbackDate", "feedback.feedbackDate: %s is in the future or before 1900.", f.FeedbackDate.Format("2006-01-02"))
	}
	h, err := one(ctx, tx, c.Principal.Scope, "claimId", in.ClaimID, "given feedback", rules.StatusChecked)
	if err != nil {
		return out, err
	}
	if !deliverable(h.FeedbackStatus) {
		return out, fault.New(fault.Conflict, "claim %s is not selected for feedback", h.ClaimCode)
	}
	if f.CHFOfficerCode != nil {
		if err := known(ctx, tx, "tblOfficer", "OfficerID", reference{"feedback.chfOfficerCode", *f.CHFOfficerCode, "officer"}); err != nil {
			return out, err
		}
	}
	at := c.Now
	if f.FeedbackDate != nil {
		at = f.FeedbackDate.Time
	}
	yes := func(b *bool) bool { return b != nil && *b }
	user := c.Principal.AuditUserID()
	row := db.Values{"ClaimID": h.ClaimID, "CareRendered": yes(f.CareRendered), "PaymentAsked": yes(f.PaymentAsked), "DrugPrescribed": yes(f.DrugPrescribed),
		"DrugReceived": yes(f.DrugReceived), "Asessment": f.Asessment, "CHFOfficerCode": f.CHFOfficerCode, "FeedbackDate": at,
		"ValidityFrom": c.Now, "AuditUserID": user}
	id, err := writeFeedback(ctx, tx, c.Now, h.ClaimID, row)
	if err != nil {
		return out, fmt.Errorf("write the feedback of claim %d: %w", h.ClaimID, err)
	}
	if err := tx.Archive(ctx, "tblClaim", c.Now, []int{h.ClaimID}); err != nil {
		return out, err
	}
	_, err = tx.Update(ctx, "tblClaim", h.ClaimID, db.Values{"FeedbackID": id, "FeedbackStatus": rules.FlagDelivered, "Feedback": true, "AuditUserID": user})
	return out, err
}
