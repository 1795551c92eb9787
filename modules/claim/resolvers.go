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

func (m *Mutation) CreateClaim(ctx context.Context) (*modules.Receipt, error) {
	return modules.Mutate(ctx, m.app, "createClaim")
}

func (m *Mutation) UpdateClaim(ctx context.Context) (*modules.Receipt, error) {
	return modules.Mutate(ctx, m.app, "updateClaim")
}

func (m *Mutation) SubmitClaims(ctx context.Context) (*modules.Receipt, error) {
	return modules.Mutate(ctx, m.app, "submitClaims")
}

func (m *Mutation) ProcessClaims(ctx context.Context) (*modules.Receipt, error) {
	return modules.Mutate(ctx, m.app, "processClaims")
}

func (m *Mutation) SelectClaimsForFeedback(ctx context.Context) (*modules.Receipt, error) {
	return modules.Mutate(ctx, m.app, "selectClaimsForFeedback")
}

func (m *Mutation) BypassClaimsFeedback(ctx context.Context) (*modules.Receipt, error) {
	return modules.Mutate(ctx, m.app, "bypassClaimsFeedback")
}

func (m *Mutation) SkipClaimsFeedback(ctx context.Context) (*modules.Receipt, error) {
	return modules.Mutate(ctx, m.app, "skipClaimsFeedback")
}

func (m *Mutation) DeliverClaimFeedback(ctx context.Context) (*modules.Receipt, error) {
	return modules.Mutate(ctx, m.app, "deliverClaimFeedback")
}

func (m *Mutation) SelectClaimsForReview(ctx context.Context) (*modules.Receipt, error) {
	return modules.Mutate(ctx, m.app, "selectClaimsForReview")
}

func (m *Mutation) BypassClaimsReview(ctx context.Context) (*modules.Receipt, error) {
	return modules.Mutate(ctx, m.app, "bypassClaimsReview")
}

func (m *Mutation) SkipClaimsReview(ctx context.Context) (*modules.Receipt, error) {
	return modules.Mutate(ctx, m.app, "skipClaimsReview")
}

func (m *Mutation) DeliverClaimReview(ctx context.Context) (*modules.Receipt, error) {
	return modules.Mutate(ctx, m.app, "deliverClaimReview")
}
