package db

import "context"

type samePlanKey struct{}

// SamePlan says that the reads under the returned context have one good plan, whatever their arguments: they find rows
// by key, a few at a time, and join others by key. PostgreSQL makes that plan once for a session instead of each time
// ([plainly] says why others are made for the arguments at hand); with ten joins, planning takes ten times as long as
// the statement. It changes nothing within a transaction, behind a pooler and on the other engines.
func SamePlan(ctx context.Context) context.Context {
	return context.WithValue(ctx, samePlanKey{}, true)
}
