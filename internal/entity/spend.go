package entity

import "context"

// Spend counts values and bytes of an answer that is written elsewhere against what the operation may
// have, all its root fields together. Its error is for the user.
func Spend(ctx context.Context, values, bytes int) error { return budgetOf(ctx).written(values, bytes) }
