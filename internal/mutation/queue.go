package mutation

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/openimis/openimis-be-go/internal/db"
)

// entry is a row of imis_mutation_queue: a mutation that has not ended.
type entry struct {
	ID         db.UUID    `db:"mutation_id"`
	Name       string     `db:"name"`
	Principal  string     `db:"principal"`
	Payload    string     `db:"payload"`
	Attempts   int        `db:"attempts"` // executions begun
	LeasedBy   *string    `db:"leased_by"`
	LeaseUntil *time.Time `db:"lease_until"` // nobody but the holder takes the row before this
	Enqueued   time.Time  `db:"enqueued"`
	Contract   *string    `db:"contract"` // that the payload is spelled in; nil in rows of earlier releases
}

func (e *entry) lease(holder string, until time.Time) { e.LeasedBy, e.LeaseUntil = &holder, &until }

// record writes the log row and the queue row. When it is not known whether they were saved it writes
// them again: their id is used once, so a duplicate means that they were.
func (s *Service) record(ctx context.Context, e entry, userID string, clientMutationID, label *string) error {
	requested := s.o.Stamps()
	write := func(tx *db.Tx) error {
		_, err := tx.Insert(ctx, "core_Mutation_Log", db.Values{"id": e.ID, "json_content": e.Payload, "user_id": userID,
			"request_date_time": requested, "client_mutation_id": clientMutationID, "client_mutation_label": label, "status": Received})
		if err != nil {
			return err
		}
		_, err = tx.Insert(ctx, "imis_mutation_queue", db.Values{"mutation_id": e.ID, "name": e.Name, "principal": e.Principal,
			"payload": e.Payload, "attempts": e.Attempts, "leased_by": e.LeasedBy, "lease_until": e.LeaseUntil, "enqueued": e.Enqueued, "contract": e.Contract})
		return err
	}
	err := s.db.Write(ctx, "record mutation "+e.Name, write)
	if errors.Is(err, db.ErrUnknown) {
		if err = s.db.Write(ctx, "record mutation "+e.Name, write); errors.Is(db.Kind(err), db.ErrDuplicate) {
			return nil
		}
	}
	return err
}

// unmarked is the contract of rows that name none.
func (s *Service) unmarked() string {
	if s.o.Unmarked {
		return s.o.Contract
	}
	return ""
}

const selectNext = `SELECT $uuid(q."mutation_id") AS "mutation_id", q."name", q."principal", q."payload", q."attempts", q."leased_by", q."lease_until", q."enqueued", q."contract"
FROM "imis_mutation_queue" q $skiplocked
WHERE q."principal" > ? AND q."name" IN $texts(?) AND COALESCE(q."contract", ?) = ? AND (q."lease_until" IS NULL OR q."lease_until" <= ?)
ORDER BY q."principal", q."enqueued", q."mutation_id" $page(1, 0) $forskip`

// updateLease asks again whether the row is free: where lock hints do nothing, two may have read it.
const updateLease = `UPDATE "imis_mutation_queue" SET "leased_by" = ?, "lease_until" = ?, "attempts" = ?
WHERE "mutation_id" = ? AND ("lease_until" IS NULL OR "lease_until" <= ?)`

// claim leases a row that is free, or whose lease has expired, and whose mutation this instance knows, in
// the contract that it speaks: another instance on the same database may have other modules, and speak
// another one. Users take turns, in the order of their names; of one user's rows the oldest comes first. So
// somebody with a thousand mutations keeps nobody waiting.
func (s *Service) claim(ctx context.Context) (e entry, found bool, err error) {
	names := db.Texts(s.registry.names)
	err = s.db.Write(ctx, "claim a mutation", func(tx *db.Tx) error {
		found = false
		now := s.o.Clock()
		e = entry{}
		served := s.lastServed()
		err := tx.Get(ctx, &e, selectNext, served, names, s.unmarked(), s.o.Contract, now)
		if errors.Is(err, sql.ErrNoRows) && served != "" { // the round begins again
			err = tx.Get(ctx, &e, selectNext, "", names, s.unmarked(), s.o.Contract, now)
		}
		if errors.Is(err, sql.ErrNoRows) {
			return nil
		} else if err != nil {
			return err
		}
		found = true
		e.lease(s.holder, now.Add(s.o.Lease))
		e.Attempts++
		n, err := tx.Exec(ctx, updateLease, e.LeasedBy, e.LeaseUntil, e.Attempts, e.ID, now)
		found = n == 1
		return err
	})
	if found && err == nil {
		s.serve(e.Principal)
	}
	return e, found && err == nil, err
}

// lastServed is the user whose mutation this process took last; "" before the first.
func (s *Service) lastServed() string {
	s.turn.Lock()
	defer s.turn.Unlock()
	return s.served
}

func (s *Service) serve(principal string) {
	s.turn.Lock()
	defer s.turn.Unlock()
	s.served = principal
}

const deleteTaken = `DELETE FROM "imis_mutation_queue" WHERE "mutation_id" = ? AND "leased_by" = ?`

// errLost says that the row is no longer ours: its lease expired and somebody else took it, or it was
// executed already.
var errLost = errors.New("the mutation was taken over")

// takeAway removes the queue row in the transaction of the effects. From here on the row is locked, so
// that nobody takes it over while the transaction lives, however long; if the process dies the database
// undoes it.
func takeAway(ctx context.Context, tx *db.Tx, e entry) error {
	n, err := tx.Exec(ctx, deleteTaken, e.ID, e.LeasedBy)
	if err == nil && n != 1 {
		err = errLost
	}
	return err
}

const updateStatus = `UPDATE "core_Mutation_Log" SET "status" = ?, "error" = ? WHERE "id" = ?`

// finish writes the final status.
func finish(ctx context.Context, tx *db.Tx, id db.UUID, failure string) error {
	status, text := Done, (*string)(nil)
	if failure != "" {
		status, text = Failed, &failure
	}
	_, err := tx.Exec(ctx, updateStatus, status, text, db.DjangoUUID(id))
	return err
}

// fail ends a mutation without effects. With a reason it is kept for the operator (dead.go), in the same
// transaction; without one the user was told all that there is to say.
func (s *Service) fail(ctx context.Context, e entry, text, reason string) error {
	return s.db.Write(ctx, "fail mutation "+e.Name, func(tx *db.Tx) error {
		if err := takeAway(ctx, tx, e); err != nil {
			return err
		}
		if reason != "" {
			if err := bury(ctx, tx, e, s.o.Clock(), reason); err != nil {
				return err
			}
		}
		return finish(ctx, tx, e.ID, text)
	})
}

const updatePostponed = `UPDATE "imis_mutation_queue" SET "lease_until" = ? WHERE "mutation_id" = ? AND "leased_by" = ?`

// postpone lets the row rest until the given moment, when any worker may take it. errLost: it is no
// longer ours, because an attempt whose end we did not learn had ended well, or somebody took it over.
func (s *Service) postpone(ctx context.Context, e entry, until time.Time) error {
	return s.db.Write(ctx, "postpone mutation "+e.Name, func(tx *db.Tx) error {
		n, err := tx.Exec(ctx, updatePostponed, until, e.ID, e.LeasedBy)
		if err == nil && n != 1 {
			err = errLost
		}
		return err
	})
}

const selectAbandoned = `SELECT $uuid(q."mutation_id") AS "mutation_id", q."name", q."principal", q."payload", q."attempts", q."leased_by", q."lease_until", q."enqueued", q."contract"
FROM "imis_mutation_queue" q $skiplocked
WHERE (q."name" NOT IN $texts(?) OR COALESCE(q."contract", ?) <> ?) AND q."enqueued" < ? AND (q."lease_until" IS NULL OR q."lease_until" <= ?)
ORDER BY q."enqueued", q."mutation_id" $page(?, 0) $forskip`

const deleteRow = `DELETE FROM "imis_mutation_queue" WHERE "mutation_id" = ?`

// abandon ends rows that no instance has executed for so long that none will, and returns how many.
func (s *Service) abandon(ctx context.Context) (n int, err error) {
	const batch = 100
	err = s.db.Write(ctx, "abandon mutations", func(tx *db.Tx) error {
		now := s.o.Clock()
		var old []entry
		if err := tx.Select(ctx, &old, selectAbandoned, db.Texts(s.registry.names), s.unmarked(), s.o.Contract, now.Add(-s.o.Abandon), now, batch); err != nil {
			return err
		}
		for _, e := range old {
			if _, err := tx.Exec(ctx, deleteRow, e.ID); err != nil {
				return err
			}
			text := "No running instance offers the mutation " + e.Name + "."
			if err := bury(ctx, tx, e, now, text); err != nil {
				return err
			}
			if err := finish(ctx, tx, e.ID, text); err != nil {
				return err
			}
		}
		n = len(old)
		return nil
	})
	return n, err
}
