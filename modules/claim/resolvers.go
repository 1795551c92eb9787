package claim

import (
	"context"

	"github.com/openimis/openimis-be-go/internal/entity"
	"github.com/openimis/openimis-be-go/modules"
)

// Query resolves the module's root queries.
type Query struct{ app *modules.App }

// Claims lists the claims that the user may see.
func (q *Query) Claims(ctx context.Context) (*entity.Result, error) {
	return q.app.Entities.List(ctx, Entity, nil)
}

// ClaimAdmins lists the claim administrators for the picker.
func (q *Query) ClaimAdmins(ctx context.Context) (*entity.Result, error) {
	return q.app.Entities.List(ctx, AdminEntity, nil)
}

// ClaimOfficers lists the enrolment officers for the picker of feedback.
func (q *Query) ClaimOfficers(ctx context.Context) (*entity.Result, error) {
	return q.app.Entities.List(ctx, OfficerEntity, nil)
}

// Mutation resolves the module's mutations: each is logged, and its handler (mutations.go) does the work.
type Mutation struct{ app *modules.App }

// CreateClaim enters a claim.
func (m *Mutation) CreateClaim(ctx context.Context) (*modules.Receipt, error) {
	return modules.Mutate(ctx, m.app, "createClaim")
}

// UpdateClaim changes an entered claim and its lines.
func (m *Mutation) UpdateClaim(ctx context.Context) (*modules.Receipt, error) {
	return modules.Mutate(ctx, m.app, "updateClaim")
}

// SubmitClaims checks entered claims against the rules: they become checked or rejected.
func (m *Mutation) SubmitClaims(ctx context.Context) (*modules.Receipt, error) {
	return modules.Mutate(ctx, m.app, "submitClaims")
}

// ProcessClaims valuates checked claims.
func (m *Mutation) ProcessClaims(ctx context.Context) (*modules.Receipt, error) {
	return modules.Mutate(ctx, m.app, "processClaims")
}

// SelectClaimsForFeedback sets FeedbackStatus to [FlagSelected].
func (m *Mutation) SelectClaimsForFeedback(ctx context.Context) (*modules.Receipt, error) {
	return modules.Mutate(ctx, m.app, "selectClaimsForFeedback")
}

// BypassClaimsFeedback sets FeedbackStatus to [FlagBypassed].
func (m *Mutation) BypassClaimsFeedback(ctx context.Context) (*modules.Receipt, error) {
	return modules.Mutate(ctx, m.app, "bypassClaimsFeedback")
}

// SkipClaimsFeedback sets FeedbackStatus to [FlagSkipped].
func (m *Mutation) SkipClaimsFeedback(ctx context.Context) (*modules.Receipt, error) {
	return modules.Mutate(ctx, m.app, "skipClaimsFeedback")
}

// DeliverClaimFeedback stores what the patient of a claim answered.
func (m *Mutation) DeliverClaimFeedback(ctx context.Context) (*modules.Receipt, error) {
	return modules.Mutate(ctx, m.app, "deliverClaimFeedback")
}

// SelectClaimsForReview sets ReviewStatus to [FlagSelected].
func (m *Mutation) SelectClaimsForReview(ctx context.Context) (*modules.Receipt, error) {
	return modules.Mutate(ctx, m.app, "selectClaimsForReview")
}

// BypassClaimsReview sets ReviewStatus to [FlagBypassed].
func (m *Mutation) BypassClaimsReview(ctx context.Context) (*modules.Receipt, error) {
	return modules.Mutate(ctx, m.app, "bypassClaimsReview")
}

// SkipClaimsReview sets ReviewStatus to [FlagSkipped].
func (m *Mutation) SkipClaimsReview(ctx context.Context) (*modules.Receipt, error) {
	return modules.Mutate(ctx, m.app, "skipClaimsReview")
}

// DeliverClaimReview stores what a medical officer decided about the lines of a claim.
func (m *Mutation) DeliverClaimReview(ctx context.Context) (*modules.Receipt, error) {
	return modules.Mutate(ctx, m.app, "deliverClaimReview")
}
