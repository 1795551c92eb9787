package db

import (
	"errors"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	mssql "github.com/microsoft/go-mssqldb"

	"github.com/openimis/openimis-be-go/internal/fault"
)

var refusals = []error{
	mssql.Error{Number: 3906}, mssql.Error{Number: 1105}, mssql.Error{Number: 9002},
	mssql.Error{Number: 229, Message: "The INSERT permission was denied on the object 'core_User'."},
	&pgconn.PgError{Code: "25006"}, &pgconn.PgError{Code: "53100"},
}

// What no further try can change is told at once, in words for users. That a replica was the primary a moment ago
// passes, but the number is that of a database which is read-only.
func TestRefusedWritesAreNotTriedAgain(t *testing.T) {
	for _, err := range refusals {
		if transient(err) != handedOver(err) || fault.Code(Describe(err, "x")) != fault.Unavailable {
			t.Errorf("%v: transient %v, %v", err, transient(err), Describe(err, "x"))
		}
	}
	if err := (mssql.Error{Number: 229, Message: "The SELECT permission was denied on the object 'tblUsers'."}); unwritable(err) {
		t.Error("a right to read is missing")
	}
}

func TestWritingIsNoticed(t *testing.T) {
	at := time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)
	var w writing
	check := func(when string, failing, ask bool) {
		t.Helper()
		if f, a := w.state(at); f != failing || a != ask {
			t.Errorf("%s: failing %v, ask %v", when, f, a)
		}
	}
	check("at first", false, false)
	for _, err := range refusals {
		w = writing{}
		w.note(at, err, false)
		check(err.Error(), true, false)
	}
	w.note(at.Add(time.Second), nil, true)
	check("what fits is written", true, false)
	at = at.Add(settle)
	check("later", true, true)
	check("asked already", true, false)
	w.note(at, nil, false)
	w.note(at, errors.New("another error"), true)
	check("nothing was written", true, false)
	w.note(at, nil, true)
	check("written", false, false)
}
