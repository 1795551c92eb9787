package mutation

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/openimis/openimis-be-go/internal/db"
	"github.com/openimis/openimis-be-go/internal/fault"
)

// Queue is what operators see of the queue, and what they do with mutations that were given up. Those are
// in a table of their own (imis_dead_mutation), in which no instance of any release looks for work.
type Queue struct {
	DB    *db.DB
	Clock func() time.Time
}

// State is where a mutation of the queue is.
type State string

// The states. A mutation waits for its turn; it is leased by the process that executes it, or did and lets it
// rest before the next attempt; or it was given up: the attempts were used up, or it failed for a reason that
// is not the user's.
const (
	Waiting State = "waiting"
	Leased  State = "leased"
	Dead    State = "dead"
)

// Item is one mutation of the queue.
type Item struct {
	ID        db.UUID    `db:"mutation_id"`
	Name      string     `db:"name"`
	Principal string     `db:"principal"`
	Payload   string     `db:"payload"` // as in the log: only Show has it
	Attempts  int        `db:"attempts"`
	Enqueued  time.Time  `db:"enqueued"`
	Contract  *string    `db:"contract"`
	LeasedBy  *string    `db:"leased_by"`
	Until     *time.Time `db:"lease_until"` // of the lease, or of the rest before the next attempt
	Died      *time.Time `db:"died"`
	Reason    *string    `db:"reason"` // why it was given up, in full
	State     State      `db:"-"`
}

// Depth counts the queue.
type Depth struct {
	Queued int        // waiting and leased
	Oldest *time.Time // when the oldest of them was queued
	Dead   int
}

const insertDead = `INSERT INTO "imis_dead_mutation" ("mutation_id", "name", "principal", "payload", "attempts", "enqueued", "contract", "died", "reason")
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`

// maxReason bounds what is kept of an error; a panic has its stack in it.
const maxReason = 4000

// bury keeps a mutation that is given up.
func bury(ctx context.Context, tx *db.Tx, e entry, now time.Time, reason string) error {
	if !tx.Offers("imis_dead_mutation", "") {
		return nil // `server migrate` was not run since the upgrade
	}
	if r := []rune(reason); len(r) > maxReason {
		reason = string(r[:maxReason])
	}
	_, err := tx.Exec(ctx, insertDead, e.ID, e.Name, e.Principal, e.Payload, e.Attempts, e.Enqueued, e.Contract, now, reason)
	return err
}

const (
	selectQueued = `SELECT $uuid(q."mutation_id") AS "mutation_id", q."name", q."principal", q."attempts", q."enqueued", q."contract", q."leased_by", q."lease_until"
FROM "imis_mutation_queue" q ORDER BY q."enqueued", q."mutation_id" $page(?, 0)`
	selectDead = `SELECT $uuid(d."mutation_id") AS "mutation_id", d."name", d."principal", d."attempts", d."enqueued", d."contract", d."died", d."reason"
FROM "imis_dead_mutation" d ORDER BY d."died" DESC, d."mutation_id" $page(?, 0)`
	countQueued = `SELECT COUNT(*) FROM "imis_mutation_queue" q`
	oldest      = `SELECT q."enqueued" FROM "imis_mutation_queue" q ORDER BY q."enqueued" $page(1, 0)`
	countDead   = `SELECT COUNT(*) FROM "imis_dead_mutation" d`

	oneQueued = `SELECT $uuid(q."mutation_id") AS "mutation_id", q."name", q."principal", q."payload", q."attempts", q."enqueued", q."contract", q."leased_by", q."lease_until"
FROM "imis_mutation_queue" q $updlock WHERE q."mutation_id" = ? $forupdate`
	oneDead = `SELECT $uuid(d."mutation_id") AS "mutation_id", d."name", d."principal", d."payload", d."attempts", d."enqueued", d."contract", d."died", d."reason"
FROM "imis_dead_mutation" d $updlock WHERE d."mutation_id" = ? $forupdate`
	deleteDead = `DELETE FROM "imis_dead_mutation" WHERE "mutation_id" = ?`
)

func (q *Queue) state(i *Item) {
	switch {
	case i.Died != nil:
		i.State = Dead
	case i.Until != nil && i.Until.After(q.Clock()) && i.LeasedBy != nil:
		i.State = Leased
	default:
		i.State = Waiting
	}
}

// List gives at most limit mutations that are queued, the oldest first, and as many that were given up, the
// newest first.
func (q *Queue) List(ctx context.Context, limit int) ([]Item, error) {
	ctx = db.FromPrimary(ctx)
	var items, dead []Item
	if err := q.DB.Select(ctx, &items, selectQueued, limit); err != nil {
		return nil, err
	}
	if err := q.DB.Select(ctx, &dead, selectDead, limit); err != nil {
		return nil, err
	}
	items = append(items, dead...)
	for i := range items {
		q.state(&items[i])
	}
	return items, nil
}

// Depth counts.
func (q *Queue) Depth(ctx context.Context) (d Depth, err error) {
	ctx = db.FromPrimary(ctx)
	if err := q.DB.Get(ctx, &d.Queued, countQueued); err != nil {
		return d, err
	}
	var first time.Time
	switch err := q.DB.Get(ctx, &first, oldest); {
	case err == nil:
		d.Oldest = &first
	case !errors.Is(err, sql.ErrNoRows):
		return d, err
	}
	return d, q.DB.Get(ctx, &d.Dead, countDead)
}

// Show gives one mutation with its payload; a fault not_found when it is neither queued nor given up.
func (q *Queue) Show(ctx context.Context, id string) (i Item, err error) {
	err = q.DB.Write(ctx, "look at a mutation", func(tx *db.Tx) error {
		i, err = q.find(ctx, tx, id)
		return err
	})
	return i, err
}

func (q *Queue) find(ctx context.Context, tx *db.Tx, id string) (i Item, err error) {
	key, ok := db.ParseUUID(id)
	if !ok {
		return i, fault.Input("id", "%q is not the id of a mutation.", id)
	}
	for _, src := range []string{oneQueued, oneDead} {
		i = Item{}
		if err := tx.Get(ctx, &i, src, key); err == nil {
			q.state(&i)
			return i, nil
		} else if !errors.Is(err, sql.ErrNoRows) {
			return i, err
		}
	}
	return i, fault.New(fault.NotFound, "The mutation %s is neither queued nor given up.", id)
}

// Retry puts a mutation that was given up into the queue again, as if it had come now, for the user who
// sent it and with the rights of that user at its execution. Its log is open again.
func (q *Queue) Retry(ctx context.Context, id string) (i Item, err error) {
	err = q.DB.Write(ctx, "retry a mutation", func(tx *db.Tx) error {
		if i, err = q.find(ctx, tx, id); err != nil {
			return err
		}
		if i.State != Dead {
			return fault.New(fault.Conflict, "The mutation %s was not given up: it is %s.", i.ID, i.State)
		}
		if _, err := tx.Exec(ctx, deleteDead, i.ID); err != nil {
			return err
		}
		_, err := tx.Insert(ctx, "imis_mutation_queue", db.Values{"mutation_id": i.ID, "name": i.Name, "principal": i.Principal,
			"payload": i.Payload, "attempts": 0, "leased_by": (*string)(nil), "lease_until": nil, "enqueued": q.Clock(), "contract": i.Contract})
		if err != nil {
			return err
		}
		_, err = tx.Exec(ctx, updateStatus, Received, (*string)(nil), db.DjangoUUID(i.ID))
		return err
	})
	return i, err
}

// Drop forgets a mutation that was given up, whose log keeps its error, or ends one that waits without
// executing it. One that a process is executing, or that rests before its next attempt, is refused.
func (q *Queue) Drop(ctx context.Context, id string) (i Item, err error) {
	err = q.DB.Write(ctx, "drop a mutation", func(tx *db.Tx) error {
		if i, err = q.find(ctx, tx, id); err != nil {
			return err
		}
		switch i.State {
		case Dead:
			_, err := tx.Exec(ctx, deleteDead, i.ID)
			return err
		case Leased:
			return fault.New(fault.Conflict, "The mutation %s is leased by %s until %s.", i.ID, *i.LeasedBy, i.Until.UTC().Format(time.RFC3339))
		}
		if _, err := tx.Exec(ctx, deleteRow, i.ID); err != nil {
			return err
		}
		return finish(ctx, tx, i.ID, "An operator has dropped the mutation.")
	})
	return i, err
}
