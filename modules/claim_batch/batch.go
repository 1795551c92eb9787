package claim_batch

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"time"

	"github.com/openimis/openimis-be-go/internal/db"
	"github.com/openimis/openimis-be-go/modules/claim_batch/rules"
)

// The states of a run, in their order. What each means for readers of the legacy tables is in docs/claim-batch.md.
const (
	statePlanning   = "planning"   // its claims are being listed, its indexes computed
	stateStaging    = "staging"    // what it pays is computed in our own tables; nothing can be seen of it
	statePublishing = "publishing" // claims and lines are written, tied to a run that is still closed
	statePublished  = "published"  // the run is current; the claims are paid
	stateUndoing    = "undoing"    // the run is closed again; claims and lines are put back
	stateUndone     = "undone"     // everything is as it was before
	stateForgotten  = "forgotten"  // published, but what it did is not kept any more
)

// batch is a row of imis_batch.
type batch struct {
	ID         int       `db:"id"`
	LocationID *int      `db:"location_id"`
	Year       int       `db:"run_year"`
	Month      int       `db:"run_month"`
	State      string    `db:"state"`
	Position   int       `db:"position"`
	Last       int       `db:"last_claim"`
	RunID      *int      `db:"run_id"`
	AuditUser  int       `db:"audit_user_id"`
	MutationID *string   `db:"mutation_id"`
	Products   string    `db:"products"`
	Claims     int       `db:"claims"`
	Done       int       `db:"done"`
	Skipped    int       `db:"skipped"`
	Started    time.Time `db:"started"`
	Changed    time.Time `db:"changed"`

	local []rules.Product // those products, of a run whose plan was begun here
}

// products are the products that the location had when the run was planned.
func (b *batch) products() (ids db.Ints) {
	_ = json.Unmarshal([]byte(b.Products), &ids) // our own writing
	return ids
}

const batchColumns = `b."id", b."location_id", b."run_year", b."run_month", b."state", b."position", b."last_claim", b."run_id",
	b."audit_user_id", b."mutation_id", b."products", b."claims", b."done", b."skipped", b."started", b."changed"`

// errElsewhere says that another process went on with the run.
var errElsewhere = errors.New("another process goes on with the batch run")

// move writes the row as next, where it still is as b: what two processes do at once, one of them does for nothing.
func (b *batch) move(ctx context.Context, tx *db.Tx, next batch, now time.Time) error {
	next.Changed = now
	n, err := tx.Exec(ctx, `UPDATE "imis_batch" SET "state" = ?, "position" = ?, "last_claim" = ?, "run_id" = ?, "mutation_id" = ?,
		"claims" = ?, "done" = ?, "skipped" = ?, "changed" = ? WHERE "id" = ? AND "state" = ? AND "position" = ?`,
		next.State, next.Position, next.Last, next.RunID, next.MutationID, next.Claims, next.Done, next.Skipped, next.Changed,
		b.ID, b.State, b.Position)
	if err == nil && n != 1 {
		return errElsewhere
	}
	return err
}

// hold makes sure, and sees to it until the transaction ends, that the run is where it was read: what another process
// has done is not done again.
func (b *batch) hold(ctx context.Context, tx *db.Tx) error {
	n, err := tx.Exec(ctx, `UPDATE "imis_batch" SET "position" = "position" WHERE "id" = ? AND "state" = ? AND "position" = ?`, b.ID, b.State, b.Position)
	if err == nil && n != 1 {
		return errElsewhere
	}
	return err
}

// secret says whether the run has written into our own tables only, so that it can be thrown away.
func (b *batch) secret() bool { return b.State == statePlanning || b.State == stateStaging }

// unfinished finds the run that has begun and not ended; there is one at most.
func unfinished(ctx context.Context, q db.Query) (b *batch, err error) {
	return oneBatch(ctx, q, `SELECT `+batchColumns+` FROM "imis_batch" AS b WHERE b."state" IN ('`+statePlanning+`', '`+stateStaging+`', '`+statePublishing+`', '`+stateUndoing+`')`)
}

// batchOf finds the run behind a row of tblBatchRun.
func batchOf(ctx context.Context, q db.Query, runID int) (b *batch, err error) {
	return oneBatch(ctx, q, `SELECT `+batchColumns+` FROM "imis_batch" AS b WHERE b."run_id" = ? AND b."state" = '`+statePublished+`'`, runID)
}

func oneBatch(ctx context.Context, q db.Query, src string, args ...any) (*batch, error) {
	var b batch
	err := q.Get(ctx, &b, src, args...)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return nil, nil
	case err != nil:
		return nil, err
	}
	return &b, nil
}

// part is a stretch of claims by their ids: after From, up to To.
type part struct{ From, To int }

// next finds the claims of a run after a position, at most n; empty when there are no more.
func (b *batch) next(ctx context.Context, q db.Query, n int) (p part, claims int, err error) {
	var row struct {
		To     *int `db:"last"`
		Claims int  `db:"claims"`
	}
	err = q.Get(ctx, &row, `SELECT MAX(x."claim_id") AS "last", COUNT(*) AS "claims" FROM
		(SELECT c."claim_id" FROM "imis_batch_claim" AS c WHERE c."batch_id" = ? AND c."claim_id" > ? ORDER BY c."claim_id" $page(?, 0)) AS x`, b.ID, b.Position, n)
	if err != nil || row.To == nil {
		return part{b.Position, b.Position}, 0, err
	}
	return part{b.Position, *row.To}, row.Claims, nil
}

// stretch is how many ids of claims one statement that reads all claims goes through: what the engine sorts of them
// stays in memory, however many there are, and others wait for a second or two at most. Tests shorten it.
var stretch = 100_000

// stretches gives the stretches of all claims there are, in the order of their ids.
func stretches(ctx context.Context, q db.Query) (list []part, err error) {
	var ids struct { // each by itself: SQLite would read an index for both together
		First *int `db:"first_id"`
		Last  *int `db:"last_id"`
	}
	err = q.Get(ctx, &ids, `SELECT (SELECT MIN(c."ClaimID") FROM "tblClaim" AS c) AS "first_id", (SELECT MAX(c."ClaimID") FROM "tblClaim" AS c) AS "last_id"`)
	if err != nil || ids.Last == nil {
		return nil, err
	}
	for from := *ids.First - 1; from < *ids.Last; from += stretch {
		list = append(list, part{from, min(from+stretch, *ids.Last)})
	}
	return list, nil
}
