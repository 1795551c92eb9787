package claim

import (
	"context"

	"github.com/openimis/openimis-be-go/internal/auth"
	"github.com/openimis/openimis-be-go/internal/db"
	"github.com/openimis/openimis-be-go/internal/mutation"
	"github.com/openimis/openimis-be-go/modules/claim/rules"
)

// Rights of claims (reference: rights.csv).
const (
	rightAdd      = 111002
	rightSubmit   = 111007
	rightReview   = 111008
	rightFeedback = 111009
	rightUpdate   = 111010 // update and select; whoever may add may also change what is not submitted yet
	rightProcess  = 111011
)

// Mutations implements modules.Mutations.
func (*Module) Mutations() map[string]mutation.Handler {
	feedback := func(flag int, done string) mutation.Handler { return flagging("FeedbackStatus", flag, done) }
	review := func(flag int, done string) mutation.Handler { return flagging("ReviewStatus", flag, done) }
	return map[string]mutation.Handler{
		"createClaim":             mutation.Typed(auth.Needs(rightAdd), create),
		"updateClaim":             mutation.Typed(auth.Needs(rightUpdate, rightAdd), update),
		"submitClaims":            mutation.Typed(auth.Needs(rightSubmit), submitClaims),
		"processClaims":           mutation.Typed(auth.Needs(rightProcess), processClaims),
		"selectClaimsForFeedback": feedback(rules.FlagSelected, "selected for feedback"),
		"bypassClaimsFeedback":    feedback(rules.FlagBypassed, "bypassed by feedback"),
		"skipClaimsFeedback":      feedback(rules.FlagSkipped, "left out of feedback"),
		"deliverClaimFeedback":    mutation.Typed(auth.Needs(rightFeedback), deliverFeedback),
		"selectClaimsForReview":   review(rules.FlagSelected, "selected for review"),
		"bypassClaimsReview":      review(rules.FlagBypassed, "bypassed by review"),
		"skipClaimsReview":        review(rules.FlagSkipped, "left out of review"),
		"deliverClaimReview":      mutation.Typed(auth.Needs(rightReview), deliverReview),
	}
}

func author(c mutation.Call) rules.Author {
	return rules.Author{UserID: c.Principal.AuditUserID(), Now: c.Now}
}

// submitClaims submits entered claims. A claim that the rules reject is no failure.
func submitClaims(ctx context.Context, tx *db.Tx, c mutation.Call, in idsInput) (mutation.Outcome, error) {
	return overMany(ctx, tx, c, in, "submitted", rules.StatusEntered, func(refs []rules.Ref) ([]rules.Changes, error) {
		changes, _, err := Submit(ctx, tx, refs, author(c))
		return changes, err
	})
}

// processClaims valuates checked claims.
func processClaims(ctx context.Context, tx *db.Tx, c mutation.Call, in idsInput) (mutation.Outcome, error) {
	return overMany(ctx, tx, c, in, "processed", rules.StatusChecked, func(refs []rules.Ref) ([]rules.Changes, error) {
		changes, _, err := Process(ctx, tx, refs, author(c))
		return changes, err
	})
}

func overMany(ctx context.Context, tx *db.Tx, c mutation.Call, in idsInput, step string, status int, run func([]rules.Ref) ([]rules.Changes, error)) (out mutation.Outcome, err error) {
	ids, err := in.list()
	if err != nil {
		return out, err
	}
	if err := Lock(ctx, tx, ids); err != nil {
		return out, err
	}
	good, bad, err := allowed(ctx, tx, c.Principal.Scope, ids, step, status)
	if err != nil {
		return out, err
	}
	refs := make([]rules.Ref, len(good))
	for i, id := range good {
		refs[i].ClaimID = id
	}
	changes, err := run(refs)
	if err != nil {
		return out, err
	}
	for i := range changes {
		if changes[i].Outcome.Failed {
			bad.add(changes[i].ClaimID, "the claim cannot be %s: an amount does not fit its column, or no product of its lines is current", step)
		}
	}
	return bad.outcome(), nil
}

// flagging sets FeedbackStatus or ReviewStatus of claims that are not processed yet, and keeps history.
func flagging(column string, flag int, step string) mutation.Handler {
	return mutation.Typed(auth.Needs(rightUpdate), func(ctx context.Context, tx *db.Tx, c mutation.Call, in idsInput) (out mutation.Outcome, err error) {
		ids, err := in.list()
		if err != nil {
			return out, err
		}
		if err := lockClaims(ctx, tx, ids); err != nil {
			return out, err
		}
		good, bad, err := allowed(ctx, tx, c.Principal.Scope, ids, step, rules.StatusEntered, rules.StatusChecked)
		if err != nil {
			return out, err
		}
		if len(good) == 0 {
			return bad.outcome(), nil
		}
		if err := setFlag(ctx, tx, author(c), column, flag, good); err != nil {
			return out, err
		}
		return bad.outcome(), nil
	})
}
