package subscription

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/openimis/openimis-be-go/internal/db"
)

const tableName = "imis_subscription"

// The states of a subscription.
const (
	active = "active"
	off    = "off"
	failed = "error" // given up; making it active again starts over
)

// row is a row of imis_subscription. Times are moments.
type row struct {
	ID       string     `db:"id"`
	Owner    string     `db:"owner"` // user name
	Status   string     `db:"status"`
	Reason   string     `db:"reason"`
	Criteria string     `db:"criteria"`
	Endpoint string     `db:"endpoint"`
	Payload  *string    `db:"payload"` // media type; NULL: the resource as application/fhir+json
	Headers  *string    `db:"headers"` // JSON list of "Name: value"
	Ends     *time.Time `db:"ends"`
	Changed  time.Time  `db:"changed"`
	Position time.Time  `db:"position"` // what was changed up to here was sent
	Sent     *string    `db:"sent"`     // JSON: versions that were sent lately, by id
	Mark     *string    `db:"mark"`     // the same place by row versions; NULL: changes are found by stamps
	Failures int        `db:"failures"` // in a row
	Due      time.Time  `db:"due"`      // not looked at before
	Error    *string    `db:"error"`
}

const columns = `s."id", s."owner", s."status", s."reason", s."criteria", s."endpoint", s."payload", s."headers", s."ends", s."changed", s."position", s."sent", s."mark", s."failures", s."due", s."error"`

// find reads a subscription; nil when there is none.
func find(ctx context.Context, q db.Query, id string) (*row, error) {
	var r row
	err := q.Get(ctx, &r, `SELECT `+columns+` FROM "imis_subscription" AS s WHERE s."id" = ?`, id)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	return &r, err
}

// list reads those of an owner, "" for all, in the order of their ids.
func list(ctx context.Context, q db.Query, owner string) (rows []row, err error) {
	if owner == "" {
		err = q.Select(ctx, &rows, `SELECT `+columns+` FROM "imis_subscription" AS s ORDER BY s."id"`)
	} else {
		err = q.Select(ctx, &rows, `SELECT `+columns+` FROM "imis_subscription" AS s WHERE s."owner" = ? ORDER BY s."id"`, owner)
	}
	return rows, err
}

func (r *row) values() db.Values {
	return db.Values{"id": r.ID, "owner": r.Owner, "status": r.Status, "reason": r.Reason, "criteria": r.Criteria, "endpoint": r.Endpoint, "payload": r.Payload,
		"headers": r.Headers, "ends": r.Ends, "changed": r.Changed, "position": r.Position, "sent": r.Sent, "mark": r.Mark, "failures": r.Failures, "due": r.Due, "error": r.Error}
}

func insert(ctx context.Context, tx *db.Tx, r *row) error {
	_, err := tx.Insert(ctx, tableName, r.values())
	return err
}

const updateSQL = `UPDATE "imis_subscription" SET "status" = ?, "reason" = ?, "criteria" = ?, "endpoint" = ?, "payload" = ?, "headers" = ?, "ends" = ?, "changed" = ?,
"position" = ?, "sent" = ?, "mark" = ?, "failures" = ?, "due" = ?, "error" = ? WHERE "id" = ?`

func update(ctx context.Context, tx *db.Tx, r *row) error {
	_, err := tx.Exec(ctx, updateSQL, r.Status, r.Reason, r.Criteria, r.Endpoint, r.Payload, r.Headers, r.Ends, r.Changed, r.Position, r.Sent, r.Mark, r.Failures, r.Due, r.Error, r.ID)
	return err
}

func remove(ctx context.Context, tx *db.Tx, id string) error {
	_, err := tx.Exec(ctx, `DELETE FROM "imis_subscription" WHERE "id" = ?`, id)
	return err
}

// due lists the active subscriptions that are to be looked at and that nobody else works on.
func due(ctx context.Context, q db.Query, now time.Time, most int) (ids []string, err error) {
	err = q.Select(ctx, &ids, `SELECT s."id" FROM "imis_subscription" AS s
WHERE s."status" = 'active' AND s."due" <= ? AND (s."lease_until" IS NULL OR s."lease_until" <= ?) ORDER BY s."due", s."id" $page(?, ?)`, now, now, most, 0)
	return ids, err
}

// lease takes a subscription for holder; false: somebody else has it, or it is not due any more.
func lease(ctx context.Context, tx *db.Tx, id, holder string, now, until time.Time) (bool, error) {
	n, err := tx.Exec(ctx, `UPDATE "imis_subscription" SET "leased_by" = ?, "lease_until" = ?
WHERE "id" = ? AND "status" = 'active' AND "due" <= ? AND ("lease_until" IS NULL OR "lease_until" <= ?)`, holder, until, id, now, now)
	return n == 1, err
}

// progress writes how far a subscription is, and renews or (until nil) gives back the lease. False: the
// lease was lost, or the subscription was changed or deleted meanwhile; then nothing is written.
func progress(ctx context.Context, tx *db.Tx, r *row, holder string, until *time.Time) (bool, error) {
	n, err := tx.Exec(ctx, `UPDATE "imis_subscription" SET "status" = ?, "position" = ?, "sent" = ?, "mark" = ?, "failures" = ?, "due" = ?, "error" = ?, "lease_until" = ?
WHERE "id" = ? AND "leased_by" = ? AND "changed" = ?`, r.Status, r.Position, r.Sent, r.Mark, r.Failures, r.Due, r.Error, until, r.ID, holder, r.Changed)
	return n == 1, err
}
