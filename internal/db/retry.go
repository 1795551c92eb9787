package db

import (
	"context"
	"database/sql/driver"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	mssql "github.com/microsoft/go-mssqldb"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// Kinds of database errors, for errors.Is on what Write and Exec return.
var (
	// ErrDuplicate: a row with this key exists already.
	ErrDuplicate = errors.New("duplicate key")
	// ErrForeign: a referenced row does not exist, or a row is still referred to.
	ErrForeign = errors.New("foreign key")
)

// transient says whether the same transaction may succeed when it is run again: deadlock, lock
// time-out, serialisation failure, busy, throttled, or a connection that was lost before the commit.
func transient(err error) bool {
	var ms mssql.Error
	if errors.As(err, &ms) {
		switch ms.Number {
		case 1205, 1222, 3960, 40197, 40501, 40613, 49918, 49919, 49920, 10928, 10929:
			return true
		case 33557097: // Babelfish's number for everything it has no number for
			return strings.Contains(ms.Message, "serialize access") || strings.Contains(ms.Message, "deadlock")
		}
		return false
	}
	var pg *pgconn.PgError
	if errors.As(err, &pg) {
		switch pg.Code {
		case "40001", "40P01", "55P03", "57P01", "57P02", "57P03":
			return true
		}
		return strings.HasPrefix(pg.Code, "53")
	}
	var lite *sqlite.Error
	if errors.As(err, &lite) {
		switch lite.Code() & 0xff {
		case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED:
			return true
		}
		return false
	}
	return unreachable(err)
}

// unreachable says whether err means that the connection is gone or was never made.
func unreachable(err error) bool {
	var op net.Error
	if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) {
		return false
	}
	var connect *pgconn.ConnectError
	return errors.Is(err, driver.ErrBadConn) || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) ||
		errors.As(err, &op) || errors.As(err, &connect)
}

// Kind gives ErrDuplicate or ErrForeign for an error of that kind, else nil.
func Kind(err error) error {
	var ms mssql.Error
	if errors.As(err, &ms) {
		switch ms.Number {
		case 2627, 2601:
			return ErrDuplicate
		case 547:
			return ErrForeign
		}
	}
	var pg *pgconn.PgError
	if errors.As(err, &pg) {
		switch pg.Code {
		case "23505":
			return ErrDuplicate
		case "23503":
			return ErrForeign
		}
	}
	var lite *sqlite.Error
	if errors.As(err, &lite) {
		switch lite.Code() {
		case sqlite3.SQLITE_CONSTRAINT_UNIQUE, sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY:
			return ErrDuplicate
		case sqlite3.SQLITE_CONSTRAINT_FOREIGNKEY:
			return ErrForeign
		}
	}
	return nil
}

// isDriverError says whether err came from the engine, so that the transaction may be broken.
func isDriverError(err error) bool {
	var ms mssql.Error
	var pg *pgconn.PgError
	var lite *sqlite.Error
	return errors.As(err, &ms) || errors.As(err, &pg) || errors.As(err, &lite) || unreachable(err)
}

// retry runs fn up to tries times while it fails for a transient reason, with growing, jittered pauses.
func (d *DB) retry(ctx context.Context, what string, tries int, fn func() error) error {
	pause := 5 * time.Millisecond
	for try := 1; ; try++ {
		err := fn()
		if err == nil || try >= tries || !transient(err) || ctx.Err() != nil {
			return err
		}
		d.log.WarnContext(ctx, "database: trying again", "what", what, "try", try, "error", err)
		select {
		case <-ctx.Done():
			return err
		case <-time.After(pause/2 + rand.N(pause)):
		}
		pause = min(pause*2, 500*time.Millisecond)
	}
}
