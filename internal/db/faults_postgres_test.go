package db_test

import (
	"context"
	"database/sql"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/openimis/openimis-be-go/internal/db"
	"github.com/openimis/openimis-be-go/internal/fault"
	"github.com/openimis/openimis-be-go/internal/testing/dbtest"
)

// postgres gives the URL of an empty PostgreSQL database with settings for its sessions ("&a=b"), and
// the connection of a superuser to it.
func postgres(t *testing.T, settings string) (url string, admin *sql.DB) {
	t.Helper()
	dbtest.Need(t, db.Postgres)
	url = dbtest.URL(t, db.Postgres)
	admin, err := sql.Open("pgx", url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { admin.Close() })
	return url + "?application_name=test" + settings, admin
}

// killSessions ends all sessions of the database but the superuser's, and waits until they are gone.
func killSessions(t *testing.T, admin *sql.DB, condition string) {
	t.Helper()
	others := ` FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() ` + condition
	var n int
	if err := admin.QueryRow(`SELECT COUNT(pg_terminate_backend(pid))` + others).Scan(&n); err != nil || n == 0 {
		t.Fatalf("%d sessions killed, %v", n, err)
	}
	for n > 0 {
		if err := admin.QueryRow(`SELECT COUNT(*)` + others).Scan(&n); err != nil {
			t.Fatal(err)
		}
	}
}

func insertItem(ctx context.Context, d *db.DB, code string, then func(tx *db.Tx, run int) error) (runs int, err error) {
	err = d.Write(ctx, "insert", func(tx *db.Tx) error {
		runs++
		if _, err := tx.Insert(ctx, "tblItems", item(code)); err != nil {
			return err
		}
		return then(tx, runs)
	})
	return runs, err
}

// items counts the items with the code.
func items(t *testing.T, d *db.DB, code string) (n int) {
	t.Helper()
	if err := d.Read(ctx, func(q db.Query) error {
		return q.Get(ctx, &n, `SELECT COUNT(*) FROM "tblItems" WHERE "ItemCode" = ?`, code)
	}); err != nil {
		t.Fatal(err)
	}
	return n
}

func TestPostgresSessionKilledInTransaction(t *testing.T) {
	url, admin := postgres(t, "")
	d := open(t, url, db.Options{})
	runs, err := insertItem(ctx, d, "K", func(tx *db.Tx, run int) error {
		if run == 1 {
			killSessions(t, admin, "AND state = 'idle in transaction'")
		}
		_, err := tx.Exec(ctx, `UPDATE "tblItems" SET "ItemName" = ? WHERE "ItemCode" = ?`, "Killed once", "K")
		return err
	})
	if runs != 2 || err != nil || items(t, d, "K") != 1 {
		t.Errorf("%d runs, %v, %d rows", runs, err, items(t, d, "K"))
	}
}

// What cannot be known is not repeated: neither what was done nor what was not.
func TestPostgresConnectionLostAtCommit(t *testing.T) {
	url, admin := postgres(t, "")
	proxy := dbtest.NewProxy(t, url)
	d := open(t, proxy.URL, db.Options{})
	for name, c := range map[string]struct {
		strike func()
		rows   int
	}{
		"answer": {func() { proxy.LoseAnswer("commit\x00") }, 1},
		"asked":  {func() { proxy.LoseRequest("commit\x00") }, 0},
		"killed": {func() { killSessions(t, admin, "AND state = 'idle in transaction'") }, 0},
	} {
		t.Run(name, func(t *testing.T) {
			runs, err := insertItem(ctx, d, name, func(*db.Tx, int) error { c.strike(); return nil })
			shown(t, err, fault.Unavailable)
			if runs != 1 || !errors.Is(err, db.ErrUnknown) {
				t.Errorf("%d runs, %v", runs, err)
			}
			if n := items(t, d, name); n != c.rows {
				t.Errorf("%d rows, want %d", n, c.rows)
			}
		})
	}
}

func TestPostgresDeadlock(t *testing.T) {
	url, _ := postgres(t, "&deadlock_timeout=50ms")
	d := open(t, url, db.Options{})
	var ids [2]int
	write(t, d, func(tx *db.Tx) (err error) {
		for i := range ids {
			if ids[i], err = tx.Insert(ctx, "tblItems", item("D")); err != nil {
				return err
			}
		}
		return nil
	})
	var both, all sync.WaitGroup
	both.Add(2)
	runs := [2]int{}
	for i := range ids {
		all.Go(func() {
			if err := d.Write(ctx, "deadlock", func(tx *db.Tx) error {
				runs[i]++
				for step, id := range []int{ids[i], ids[1-i]} {
					if step == 1 && runs[i] == 1 {
						both.Done()
						both.Wait()
					}
					if _, err := tx.Exec(ctx, `UPDATE "tblItems" SET "ItemFrequency" = "ItemFrequency" + 1 WHERE "ItemID" = ?`, id); err != nil {
						return err
					}
				}
				return nil
			}); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	var counts []int
	if err := d.Select(ctx, &counts, `SELECT "ItemFrequency" FROM "tblItems" WHERE "ItemID" IN $ints(?)`, db.Ints(ids[:])); err != nil {
		t.Fatal(err)
	}
	if runs[0]+runs[1] != 3 || counts[0] != 2 || counts[1] != 2 {
		t.Errorf("runs %v, counts %v", runs, counts)
	}
}

// Two transactions that each count the rows before they add one: one of them is refused, at COMMIT, and
// then counts again.
func TestPostgresSerializationFailure(t *testing.T) {
	url, _ := postgres(t, "&default_transaction_isolation=serializable")
	d := open(t, url, db.Options{})
	var both, all sync.WaitGroup
	both.Add(2)
	runs, seen := [2]int{}, [2]int{}
	for i := range runs {
		all.Go(func() {
			if err := d.Write(ctx, "serialize", func(tx *db.Tx) error {
				runs[i]++
				if err := tx.Get(ctx, &seen[i], `SELECT COUNT(*) FROM "tblItems"`); err != nil {
					return err
				}
				if runs[i] == 1 {
					both.Done()
					both.Wait()
				}
				_, err := tx.Insert(ctx, "tblItems", item("S"))
				return err
			}); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if runs[0]+runs[1] < 3 || seen[0]+seen[1] != 1 || items(t, d, "S") != 2 {
		t.Errorf("runs %v, seen %v, %d rows", runs, seen, items(t, d, "S"))
	}
}

func TestPostgresTimeLimits(t *testing.T) {
	url, admin := postgres(t, "&statement_timeout=200ms&lock_timeout=20ms")
	d := open(t, url, db.Options{})
	for name, c := range map[string]struct {
		statement string
		runs      int
		text      string
	}{
		"statement": {`SELECT COUNT(pg_sleep(5)) FROM "tblItems"`, 1, "did not answer in time"},
		"lock":      {`SELECT COUNT(*) FROM "tblOfficer"`, 8, "busy"},
	} {
		t.Run(name, func(t *testing.T) {
			holder, err := admin.Begin()
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = holder.Rollback() }()
			if _, err := holder.Exec(`LOCK TABLE "tblOfficer" IN ACCESS EXCLUSIVE MODE`); err != nil {
				t.Fatal(err)
			}
			runs, err := insertItem(ctx, d, "T", func(tx *db.Tx, _ int) error {
				var n int
				return tx.Get(ctx, &n, c.statement)
			})
			shown(t, err, fault.Unavailable)
			if runs != c.runs || !strings.Contains(fault.Message(err), c.text) || items(t, d, "T") != 0 {
				t.Errorf("%d runs, %v", runs, err)
			}
		})
	}
}

func TestPostgresCallerGivesUp(t *testing.T) {
	url, admin := postgres(t, "")
	d := open(t, url, db.Options{})
	short, cancel := context.WithTimeout(ctx, 50*time.Millisecond)
	defer cancel()
	var n int
	err := d.Get(short, &n, `SELECT COUNT(*) FROM pg_sleep(60)`)
	shown(t, err, fault.Unavailable)
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Error(err)
	}
	for deadline := time.Now().Add(2 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		if err := admin.QueryRow(`SELECT COUNT(*) FROM pg_stat_activity WHERE datname = current_database() AND state = 'active' AND query LIKE '%pg_sleep(60)%' AND pid <> pg_backend_pid()`).Scan(&n); err != nil {
			t.Fatal(err)
		}
		if n == 0 {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("the server still works for somebody who is gone")
		}
	}
}

func TestPostgresPoolRecovers(t *testing.T) {
	url, admin := postgres(t, "")
	d := open(t, url, db.Options{})
	for range 2 {
		var busy sync.WaitGroup
		for range 8 { // fills the pool
			busy.Go(func() {
				var n int
				if err := d.Read(ctx, func(q db.Query) error { return q.Get(ctx, &n, `SELECT COUNT(*) FROM pg_sleep(0.02)`) }); err != nil {
					t.Error(err)
				}
			})
		}
		busy.Wait()
		killSessions(t, admin, "")
		if _, err := insertItem(ctx, d, "P", func(*db.Tx, int) error { return nil }); err != nil {
			t.Errorf("write: %v", err)
		}
		killSessions(t, admin, "")
		if err := d.Ping(ctx); err != nil {
			t.Errorf("ping: %v", err)
		}
	}
	if n := items(t, d, "P"); n != 2 {
		t.Errorf("%d rows", n)
	}
}
