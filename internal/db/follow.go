package db

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/jmoiron/sqlx"
)

// A replica is behind its primary. What may not be is read with a context of FromPrimary; whoever has written
// with a context of WithFollower reads from the primary with it from then on.

type primaryKey struct{}

// FromPrimary makes the reads under the returned context go to the primary.
func FromPrimary(ctx context.Context) context.Context {
	return context.WithValue(ctx, primaryKey{}, true)
}

// Follower notes whether something was written, or watched for, under its context: a reader who should see
// it has to follow the primary.
type Follower struct{ follows atomic.Bool }

// Follows says whether it happened.
func (f *Follower) Follows() bool { return f.follows.Load() }

type followerKey struct{}

// WithFollower gives a context with a Follower.
func WithFollower(ctx context.Context) (context.Context, *Follower) {
	f := &Follower{}
	return context.WithValue(ctx, followerKey{}, f), f
}

// Follow makes the reads under the context go to the primary, and those that its user makes soon after:
// call it where users watch for what another process writes for them, as in the log of mutations.
func Follow(ctx context.Context) context.Context {
	if f, ok := ctx.Value(followerKey{}).(*Follower); ok {
		f.follows.Store(true)
	}
	return FromPrimary(ctx)
}

// Replicated says whether reads go to a replica, as long as it is well.
func (d *DB) Replicated() bool { return d.replica != nil }

// toReplica says whether a read goes to the replica.
func (d *DB) toReplica(ctx context.Context) bool {
	if d.replica == nil || ctx.Value(primaryKey{}) != nil {
		return false
	}
	f, ok := ctx.Value(followerKey{}).(*Follower)
	return !(ok && f.Follows()) && d.replica.serves(time.Now())
}

// source is where a read goes.
func (d *DB) source(ctx context.Context) *sqlx.DB {
	switch {
	case d.replica != nil && !d.toReplica(ctx):
		return d.writer
	case d.planned != nil && ctx.Value(samePlanKey{}) != nil:
		return d.planned
	default:
		return d.reader
	}
}
