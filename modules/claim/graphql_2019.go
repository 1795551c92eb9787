package claim

import (
	"context"

	"github.com/openimis/openimis-be-go/internal/auth"
	"github.com/openimis/openimis-be-go/internal/db"
	"github.com/openimis/openimis-be-go/internal/mutation"
	"github.com/openimis/openimis-be-go/modules/claim/rules"
)

// The mutations of the contract of 2019: what they are called, who may use them, and which operation of the Service they
// are. graphql_2019_input.go reads their inputs, graphql_2019_words.go words what comes back.

// Mutations implements modules.Mutations.
func (*Module) Mutations() map[string]mutation.Handler {
	var s Service
	return map[string]mutation.Handler{
		"createClaim": one(func(ctx context.Context, tx *db.Tx, a Author, in claimInput) error {
			if err := in.checkNew(); err != nil {
				return err
			}
			form, err := in.form()
			if in.AdminID.value == nil { // null says as little as nothing
				form.Admin = nil
			}
			if err == nil {
				_, err = s.Enter(ctx, tx, a, form)
			}
			return err
		}, RightAdd),
		"updateClaim": one(func(ctx context.Context, tx *db.Tx, a Author, in claimInput) error {
			if err := needsID("id", in.ID); err != nil {
				return err
			}
			form, err := in.form()
			if err == nil {
				err = s.Update(ctx, tx, a, Update{ClaimID: *in.ID, Status: in.Status, Form: form, Keep: in.kept(), FeedbackStatus: in.FeedbackStatus, ReviewStatus: in.ReviewStatus})
			}
			return err
		}, RightUpdate, RightAdd),
		"deliverClaimReview": one(func(ctx context.Context, tx *db.Tx, a Author, in reviewInput) error {
			review, err := in.review()
			if err == nil {
				err = s.Review(ctx, tx, a, review)
			}
			return err
		}, RightReview),
		"deliverClaimFeedback": one(func(ctx context.Context, tx *db.Tx, a Author, in feedbackInput) error {
			feedback, err := in.feedback()
			if err == nil {
				err = s.GiveFeedback(ctx, tx, a, feedback)
			}
			return err
		}, RightFeedback),
		"submitClaims": many(func(ctx context.Context, tx *db.Tx, a Author, ids []int) ([]Outcome, error) {
			done, err := s.Submit(ctx, tx, a, refs(ids))
			return done.Outcomes, err
		}, RightSubmit),
		"processClaims": many(func(ctx context.Context, tx *db.Tx, a Author, ids []int) ([]Outcome, error) {
			done, err := s.Process(ctx, tx, a, refs(ids))
			return done.Outcomes, err
		}, RightProcess),
		"selectClaimsForFeedback": desk(s.Select, ForFeedback),
		"bypassClaimsFeedback":    desk(s.Bypass, ForFeedback),
		"skipClaimsFeedback":      desk(s.Skip, ForFeedback),
		"selectClaimsForReview":   desk(s.Select, ForReview),
		"bypassClaimsReview":      desk(s.Bypass, ForReview),
		"skipClaimsReview":        desk(s.Skip, ForReview),
	}
}

// one makes a mutation of an operation on one claim.
func one[In any](operation func(context.Context, *db.Tx, Author, In) error, rights ...int) mutation.Handler {
	return mutation.Typed(auth.Needs(rights...), func(ctx context.Context, tx *db.Tx, c mutation.Call, in In) (mutation.Outcome, error) {
		return mutation.Outcome{}, worded(operation(ctx, tx, Author{c.Principal, c.Now}, in))
	})
}

// many makes a mutation of an operation on many claims.
func many(operation func(context.Context, *db.Tx, Author, []int) ([]Outcome, error), rights ...int) mutation.Handler {
	return mutation.Typed(auth.Needs(rights...), func(ctx context.Context, tx *db.Tx, c mutation.Call, in idsInput) (out mutation.Outcome, err error) {
		ids, err := in.ids()
		if err != nil {
			return out, err
		}
		outcomes, err := operation(ctx, tx, Author{c.Principal, c.Now}, ids)
		return mutation.Outcome{Error: failures(outcomes)}, worded(err)
	})
}

func desk(operation func(context.Context, *db.Tx, Author, Desk, []int) ([]Outcome, error), d Desk) mutation.Handler {
	return many(func(ctx context.Context, tx *db.Tx, a Author, ids []int) ([]Outcome, error) {
		return operation(ctx, tx, a, d, ids)
	}, RightUpdate)
}

func refs(ids []int) []rules.Ref {
	list := make([]rules.Ref, len(ids))
	for i, id := range ids {
		list[i].ClaimID = id
	}
	return list
}
