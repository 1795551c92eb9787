package claim

import (
	"fmt"
	"strings"
	"time"

	"github.com/openimis/openimis-be-go/internal/auth"
	"github.com/openimis/openimis-be-go/modules/claim/rules"
)

// Service has what can be done with claims, whoever the client is. Each method does one thing within a transaction of
// the caller's: it locks, checks, decides by the rules and writes. Whoever calls it has checked the right to do it (the
// Right… of this package); which rows the author may see and change is looked at here.
//
// What the author asks for is refused with a *Refusal (the values), an *Obstacle (the state of the claim), or a
// *fault.Error; any other error is of the machine. After an error nothing may be committed.
//
// service_enter.go and service_update.go write claims, service_run.go submits and processes them, service_review.go,
// service_feedback.go and service_select.go are what medical officers do.
type Service struct{}

// Author is who does something, and when.
type Author struct {
	*auth.Principal
	Now time.Time
}

func (a Author) rules() rules.Author { return rules.Author{UserID: a.AuditUserID(), Now: a.Now} }

// Rights of claims (docs/rights.md). Whoever may add claims may also change what is not submitted yet.
const (
	RightAdd      = 111002
	RightSubmit   = 111007
	RightReview   = 111008
	RightFeedback = 111009
	RightUpdate   = 111010 // also to select, bypass and skip
	RightProcess  = 111011
)

// Refusal says what is wrong with a claim that somebody wants to write: everything that was found, in the order of a
// form. Nothing was written.
type Refusal struct{ Problems []rules.Problem }

// Error lists the problems.
func (r *Refusal) Error() string {
	texts := make([]string, len(r.Problems))
	for i := range r.Problems {
		texts[i] = r.Problems[i].Text
	}
	return strings.Join(texts, "; ")
}

// refused makes a Refusal of problems, nil when there are none.
func refused(problems []rules.Problem) error {
	if len(problems) == 0 {
		return nil
	}
	return &Refusal{problems}
}

// Reason why a claim is left alone.
type Reason int

// Reasons.
const (
	NotFound    Reason = iota + 1 // there is none of this id, or none that the author may see
	WrongStatus                   // its status does not allow the step; somebody else may have been faster
	NotSelected                   // it is not selected for review or feedback
	NotAllowed                    // the author may do this with entered claims only
	Changed                       // it is not any more what the author saw (its row version)
	Failed                        // the rules cannot evaluate it
)

// Obstacle says why a claim is left alone: an error where one claim is meant, a part of the results where many are.
type Obstacle struct {
	ClaimID int
	Reason  Reason
	Code    string // of the claim; empty when it was not found
	Status  int
	Step    Step
	Allowed []int // the statuses that allow the step
}

// Step is what somebody wants done, as the end of "the claim can be …".
type Step string

// Steps.
const (
	Updated       Step = "updated"
	Submitted     Step = "submitted"
	Processed     Step = "processed"
	Reviewed      Step = "reviewed"
	FeedbackGiven Step = "given feedback"
)

// Error says why in a sentence.
func (o *Obstacle) Error() string {
	switch o.Reason {
	case NotFound:
		return fmt.Sprintf("there is no claim %d that you may see", o.ClaimID)
	case WrongStatus:
		var names []string
		for _, s := range o.Allowed {
			names = append(names, StatusName(s))
		}
		return fmt.Sprintf("claim %s is %s; only %s claims can be %s", o.Code, StatusName(o.Status), strings.Join(names, " and "), o.Step)
	case NotSelected:
		if o.Step == Reviewed {
			return fmt.Sprintf("claim %s is not selected for review", o.Code)
		}
		return fmt.Sprintf("claim %s is not selected for feedback", o.Code)
	case NotAllowed:
		return fmt.Sprintf("Claim %s is %s already; you may update entered claims only (right %d is needed).", o.Code, StatusName(o.Status), RightUpdate)
	case Changed:
		return fmt.Sprintf("claim %s was changed by somebody else meanwhile", o.Code)
	}
	return fmt.Sprintf("the claim cannot be %s: an amount does not fit its column, or no product of its lines is current", o.Step)
}

var statusNames = map[int]string{rules.StatusRejected: "rejected", rules.StatusEntered: "entered", rules.StatusChecked: "checked",
	rules.StatusProcessed: "processed", rules.StatusValuated: "valuated"}

// StatusName is what a status is called in sentences.
func StatusName(status int) string {
	if name, ok := statusNames[status]; ok {
		return name
	}
	return fmt.Sprintf("in status %d", status)
}
