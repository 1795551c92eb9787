package db

import (
	"context"
	"errors"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	mssql "github.com/microsoft/go-mssqldb"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// unwritable says whether err means that the database takes no writes while it may well be read: it is
// read-only (a standby, a database set so, a file), full, or the login lacks the rights to write.
func unwritable(err error) bool {
	var ms mssql.Error
	if errors.As(err, &ms) {
		switch ms.Number {
		case 3906, 3908, 3909: // read-only
			return true
		case 1101, 1105, 9002, 1827: // no space for data, for the log, or by the edition's limit
			return true
		case 229: // a right is missing
			return !strings.Contains(ms.Message, "SELECT permission")
		}
		return false
	}
	var pg *pgconn.PgError
	if errors.As(err, &pg) {
		return pg.Code == "25006" || pg.Code == "53100"
	}
	var lite *sqlite.Error
	if errors.As(err, &lite) {
		switch lite.Code() & 0xff {
		case sqlite3.SQLITE_READONLY, sqlite3.SQLITE_FULL:
			return true
		}
	}
	return false
}

// writing is what the database knows about its last attempts to write. A full database still takes what
// fits into the room left, so one success right after a failure does not mean that the trouble has passed.
type writing struct {
	mu     sync.Mutex
	failed time.Time // of the last write that was refused; zero: none, or writes work again
	asked  time.Time
}

// How long a refused write is believed in against successes, and how often the database is asked then.
const (
	settle   = 30 * time.Second
	askPause = 5 * time.Second
)

// note takes the end of a transaction: wrote says whether it changed rows.
func (w *writing) note(now time.Time, err error, wrote bool) {
	refused := err != nil && unwritable(err)
	if !refused && (err != nil || !wrote) {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	switch {
	case refused:
		w.failed = now
	case now.Sub(w.failed) >= settle:
		w.failed = time.Time{}
	}
}

// state says whether writes are refused, and whether it is time to ask again.
func (w *writing) state(now time.Time) (failing, ask bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	failing = !w.failed.IsZero()
	if ask = failing && now.Sub(w.failed) >= settle && now.Sub(w.asked) >= askPause; ask {
		w.asked = now
	}
	return failing, ask
}

// Unwritable says in a few words why the database takes no writes, "" while it does as far as is known:
// from what the last transactions that wrote met with. Some time after a failure it finds out by a write
// of its own whether the trouble has passed.
func (d *DB) Unwritable(ctx context.Context) string {
	failing, ask := d.writing.state(time.Now())
	if ask && d.Offers("imis_lease", "") && d.once(ctx, func(tx *Tx) error { return probeWrite(ctx, tx) }) == nil {
		return ""
	}
	if !failing {
		return ""
	}
	return "the database takes no changes (read-only, full, or without the rights): reading works, changes are refused"
}

// probeWrite changes a row of imis_lease that nobody looks at.
func probeWrite(ctx context.Context, tx *Tx) error {
	const name = "write probe"
	n, err := tx.Exec(ctx, `UPDATE "imis_lease" SET "until" = ? WHERE "name" = ?`, time.Unix(0, 0).UTC(), name)
	if err != nil || n > 0 {
		return err
	}
	_, err = tx.Insert(ctx, "imis_lease", Values{"name": name, "holder": "", "until": time.Unix(0, 0).UTC()})
	return err
}
