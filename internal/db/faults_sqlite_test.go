package db_test

import (
	"database/sql"
	"strings"
	"testing"
	"time"

	"github.com/openimis/openimis-be-go/internal/db"
	"github.com/openimis/openimis-be-go/internal/fault"
	"github.com/openimis/openimis-be-go/internal/testing/dbtest"
)

// Another program may hold the write lock of an embedded database: a writer waits for it, but not for
// ever, and readers do not wait at all.
func TestSQLiteLockedByAnotherProgram(t *testing.T) {
	url := dbtest.URL(t, db.SQLite)
	other, err := sql.Open("sqlite", strings.TrimPrefix(strings.Split(url, "?")[0], "sqlite:"))
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	other.SetMaxOpenConns(1)
	exec := func(text string) {
		t.Helper()
		if _, err := other.Exec(text); err != nil {
			t.Fatal(err)
		}
	}
	insert := func(d *db.DB) (int, error) {
		return insertItem(ctx, d, "L", func(*db.Tx, int) error { return nil })
	}

	patient := open(t, url, db.Options{})
	impatient := open(t, url+"&_pragma=busy_timeout(20)", db.Options{})
	exec("BEGIN IMMEDIATE")
	runs, err := insert(impatient)
	shown(t, err, fault.Unavailable)
	if runs != 0 || !strings.Contains(fault.Message(err), "busy") {
		t.Errorf("locked for long: %d runs, %v", runs, err)
	}
	if n := items(t, impatient, "L"); n != 0 {
		t.Errorf("%d rows", n)
	}

	released := make(chan bool)
	go func() {
		time.Sleep(100 * time.Millisecond) // a lock that is let go; nothing tells when somebody waits for it
		_, _ = other.Exec("ROLLBACK")
		close(released)
	}()
	if runs, err := insert(patient); runs != 1 || err != nil {
		t.Errorf("locked for a moment: %d runs, %v", runs, err)
	}
	<-released
	if n := items(t, impatient, "L"); n != 1 {
		t.Errorf("%d rows", n)
	}
}
