package db

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
	mssql "github.com/microsoft/go-mssqldb"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"github.com/openimis/openimis-be-go/internal/fault"
)

// Kinds of database errors, for errors.Is on what Write and Exec return.
var (
	// ErrDuplicate: a row with this key exists already.
	ErrDuplicate = errors.New("duplicate key")
	// ErrForeign: a referenced row does not exist, or a row is still referred to.
	ErrForeign = errors.New("foreign key")
	// ErrUnknown: the connection was lost, or the time was over, between sending COMMIT and its answer.
	// The transaction is done or undone; only its rows can tell. Write does not run it again: a caller
	// may that recognises its own work, by a key or by a queue row that went away with it.
	ErrUnknown = errors.New("the outcome of the transaction is unknown")
)

// transient says whether the same transaction may succeed when it is run again: deadlock, lock
// time-out, serialisation failure, busy, throttled, or a connection that was lost before the commit.
func transient(err error) bool {
	if errors.Is(err, ErrUnknown) || unwritable(err) && !handedOver(err) {
		return false
	}
	if severed(err) {
		return true
	}
	var ms mssql.Error
	if errors.As(err, &ms) {
		switch ms.Number {
		case 1205, 1222, 3960, 40197, 40501, 40613, 49918, 49919, 49920, 10928, 10929:
			return true
		case 4060, 922, 18401, 6005, 976, 978, 983, 3906: // starting, shutting down, or failing over to another replica
			return true
		case 33557097: // Babelfish's number for everything it has no number for
			return strings.Contains(ms.Message, "serialize access") || strings.Contains(ms.Message, "deadlock")
		}
		return false
	}
	var pg *pgconn.PgError
	if errors.As(err, &pg) {
		switch pg.Code {
		case "40001", "40P01", "55P03", "57P03":
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
	}
	return false
}

// handedOver says whether a replica that was the primary a moment ago refuses a change; a database that is
// read-only for good says the same.
func handedOver(err error) bool {
	var ms mssql.Error
	return errors.As(err, &ms) && ms.Number == 3906
}

// starting says whether the database is there and will soon let clients in.
func starting(err error) bool {
	var ms mssql.Error
	if errors.As(err, &ms) {
		switch ms.Number {
		case 922, 18401, 976, 978, 983, 40613:
			return true
		}
	}
	var pg *pgconn.PgError
	return errors.As(err, &pg) && pg.Code == "57P03"
}

// severed says whether err means that the connection is gone or was never made.
func severed(err error) bool {
	if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) {
		return false
	}
	var fatal mssql.ServerError // carries an mssql.Error that says why, for example that the session was killed
	var stream mssql.StreamError
	if errors.As(err, &fatal) || errors.As(err, &stream) {
		return true
	}
	var pg *pgconn.PgError
	if errors.As(err, &pg) {
		return pg.Code == "57P01" || pg.Code == "57P02" || strings.HasPrefix(pg.Code, "08")
	}
	var connect *pgconn.ConnectError
	var network net.Error
	return errors.Is(err, driver.ErrBadConn) || pgconn.SafeToRetry(err) || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) ||
		errors.As(err, &network) || errors.As(err, &connect)
}

// overdue says whether the time for a statement was over: the caller's, or the server's own limit.
func overdue(err error) bool {
	var pg *pgconn.PgError
	return errors.Is(err, context.DeadlineExceeded) || errors.As(err, &pg) && pg.Code == "57014"
}

// forbidden says whether the login lacks a right; where that is one to write, unwritable says so first.
func forbidden(err error) bool {
	var ms mssql.Error
	var pg *pgconn.PgError
	return errors.As(err, &ms) && (ms.Number == 229 || ms.Number == 230 || ms.Number == 262) || errors.As(err, &pg) && pg.Code == "42501"
}

// uncertain says whether a COMMIT that failed with err may have been done all the same. What the engine
// refuses is undone. The drivers' word that nothing was sent is not enough: pgx calls a connection "closed",
// safe to retry, that it closed itself when no answer came to what it had sent.
func uncertain(err error) bool {
	if err == driver.ErrBadConn { // itself, before anything was sent, and not what only claims to be it
		return false
	}
	return severed(err) || overdue(err) || errors.Is(err, context.Canceled)
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

// breaks says whether the transaction of a statement that failed with err may lack its effect or be
// broken, so that it must not be committed.
func breaks(err error) bool {
	var ms mssql.Error
	var pg *pgconn.PgError
	var lite *sqlite.Error
	return errors.As(err, &ms) || errors.As(err, &pg) || errors.As(err, &lite) || severed(err) ||
		errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)
}

// Describe adds the statement to a driver's error and tells the user about troubles that pass. Query and
// Tx do it; code that streams calls it with the error of its Rows.
func Describe(err error, src string) error {
	if err == nil || errors.Is(err, sql.ErrNoRows) || errors.Is(err, context.Canceled) {
		return err
	}
	full := fmt.Errorf("%w (statement: %s)", err, src)
	switch {
	case unwritable(err):
		return fault.Wrap(full, fault.Unavailable, "The database takes no changes just now (it is read-only or full); reading works. Try again later, or tell the operator.")
	case forbidden(err):
		return fault.Wrap(full, fault.Unavailable, "The server may not do this in its database; its operator has to give it the right (see server check).")
	case severed(err):
		return fault.Wrap(full, fault.Unavailable, "The database cannot be reached just now; try again in a moment.")
	case overdue(err):
		return fault.Wrap(full, fault.Unavailable, "The database did not answer in time; ask for less, or try again in a moment.")
	case transient(err):
		return fault.Wrap(full, fault.Unavailable, "The database is busy just now; try again in a moment.")
	}
	return full
}

// describeCommit is Describe for COMMIT, whose outcome may be unknown.
func describeCommit(err error) error {
	if err == nil || !uncertain(err) {
		return Describe(err, "COMMIT")
	}
	return fault.Wrap(fmt.Errorf("%w: %w (statement: COMMIT)", ErrUnknown, err), fault.Unavailable,
		"The database was lost while it saved, and may have saved or not; look before you try again.")
}

// oneLine joins the lines of an engine's error: pgx gives one per address that it tried.
func oneLine(err error) error {
	return brief{err, strings.Join(strings.Fields(err.Error()), " ")}
}

type brief struct {
	error
	text string
}

func (b brief) Error() string { return b.text }
func (b brief) Unwrap() error { return b.error }
