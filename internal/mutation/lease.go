package mutation

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/openimis/openimis-be-go/internal/clock"
	"github.com/openimis/openimis-be-go/internal/db"
)

// Lease gives things to one of several processes at a time, by rows of imis_lease.
type Lease struct {
	db    *db.DB
	clock clock.Clock
}

// NewLease makes a Lease.
func NewLease(d *db.DB, c clock.Clock) *Lease { return &Lease{db: d, clock: c} }

const updateHolder = `UPDATE "imis_lease" SET "holder" = ?, "until" = ? WHERE "name" = ? AND ("holder" = ? OR "until" <= ?)`

// Try takes or renews the lease name for holder. False: somebody else has it.
func (l *Lease) Try(ctx context.Context, name, holder string, ttl time.Duration) (ok bool, err error) {
	err = l.db.Write(ctx, "take lease "+name, func(tx *db.Tx) error {
		now := l.clock()
		n, err := tx.Exec(ctx, updateHolder, holder, now.Add(ttl), name, holder, now)
		if ok = n > 0; ok || err != nil {
			return err
		}
		_, found, err := state(ctx, tx, name)
		if found || err != nil {
			return err
		}
		_, err = tx.Insert(ctx, "imis_lease", db.Values{"name": name, "holder": holder, "until": now.Add(ttl)})
		ok = err == nil
		return err
	})
	if errors.Is(db.Kind(err), db.ErrDuplicate) {
		return false, nil // somebody else was faster
	}
	return ok && err == nil, err
}

// state reads the lease from the writing side, because a replica may be behind.
func (l *Lease) state(ctx context.Context, name string) (row leaseRow, found bool, err error) {
	err = l.db.Write(ctx, "read lease "+name, func(tx *db.Tx) (err error) {
		row, found, err = state(ctx, tx, name)
		return err
	})
	return row, found, err
}

// leaseRow is a row of imis_lease.
type leaseRow struct {
	Holder string    `db:"holder"`
	Until  time.Time `db:"until"`
}

func state(ctx context.Context, q db.Query, name string) (row leaseRow, found bool, err error) {
	err = q.Get(ctx, &row, `SELECT l."holder", l."until" FROM "imis_lease" l WHERE l."name" = ?`, name)
	if errors.Is(err, sql.ErrNoRows) {
		return row, false, nil
	}
	return row, err == nil, err
}
