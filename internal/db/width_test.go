package db_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"github.com/openimis/openimis-be-go/internal/db"
	"github.com/openimis/openimis-be-go/internal/fault"
	"github.com/openimis/openimis-be-go/internal/testing/dbtest"
)

// What a column does not hold is refused with its name and limit, whichever way it is written, and nothing is.
func TestWhatDoesNotFit(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		code := db.Width(d, "tblItems", "ItemCode")
		if code == 0 {
			t.Fatal("the width of ItemCode is not known")
		}
		for _, c := range []struct {
			column string
			value  any
			says   string
		}{
			{"ItemCode", strings.Repeat("é", code+1), fmt.Sprintf("itemCode: the text has %d characters; at most %d are allowed.", code+1, code)},
			{"ItemPrice", decimal.RequireFromString("12345678901234567.5"), "itemPrice: the number is out of range; less than 10000000000000000 is allowed."},
			{"ItemPrice", decimal.RequireFromString("9999999999999999.999"), "itemPrice: the number is out of range"},
			{"ItemFrequency", 40000, "itemFrequency: 40000 is out of range; allowed are -32768 to 32767."},
			{"ItemPatCat", -40000, "itemPatCat: -40000 is out of range"},
		} {
			row := item("X")
			row[c.column] = c.value
			err := d.Write(ctx, "insert", func(tx *db.Tx) error { _, err := tx.Insert(ctx, "tblItems", row); return err })
			wants(t, "insert", err, c.says)
			cols, values := []string{}, []any{}
			for k, v := range row {
				cols, values = append(cols, k), append(values, v)
			}
			err = d.Write(ctx, "insert many", func(tx *db.Tx) error {
				_, err := tx.BulkInsert(ctx, "tblItems", cols, [][]any{values})
				return err
			})
			wants(t, "insert many", err, c.says)
			err = d.Write(ctx, "update", func(tx *db.Tx) error {
				_, err := tx.Update(ctx, "tblItems", 1, db.Values{c.column: c.value})
				return err
			})
			wants(t, "update", err, c.says)
		}
		var n int
		if err := d.Get(ctx, &n, `SELECT COUNT(*) FROM "tblItems"`); err != nil || n != 0 {
			t.Errorf("%d rows, %v", n, err)
		}
		fits := item(strings.Repeat("é", code) + "  ") // blanks at the end do not count
		fits["ItemPrice"], fits["ItemFrequency"] = decimal.RequireFromString("9999999999999999.994"), 32767
		if d.Dialect() != db.SQLServer {
			fits["ItemCode"] = strings.Repeat("é", code)
		}
		write(t, d, func(tx *db.Tx) error { _, err := tx.Insert(ctx, "tblItems", fits); return err })
	})
}

func wants(t *testing.T, how string, err error, says string) {
	t.Helper()
	var e *fault.Error
	if !errors.As(err, &e) || e.Code != fault.Invalid || e.Field == "" || !strings.Contains(e.Message, says) {
		t.Errorf("%s: %v, want %s", how, err, says)
	}
}

// The database at hand decides, not the release that it looks like.
func TestWidthsAreThoseOfTheDatabase(t *testing.T) {
	dbtest.Need(t, db.Postgres)
	d := dbtest.Open(t, db.Postgres)
	if _, err := d.Pool().ExecContext(ctx, `ALTER TABLE "tblItems" ALTER COLUMN "ItemCode" TYPE varchar(3), ALTER COLUMN "ItemPrice" TYPE numeric(5,1), ALTER COLUMN "ItemName" TYPE text`); err != nil {
		t.Fatal(err)
	}
	if err := d.Probe(ctx); err != nil {
		t.Fatal(err)
	}
	if code, name := db.Width(d, "tblItems", "ItemCode"), db.Width(d, "tblItems", "ItemName"); code != 3 || name != 0 {
		t.Errorf("widths %d and %d", code, name)
	}
	for column, v := range map[string]any{"ItemCode": "four", "ItemPrice": decimal.NewFromInt(10000)} {
		row := item("X")
		row[column] = v
		err := d.Write(ctx, "insert", func(tx *db.Tx) error { _, err := tx.Insert(ctx, "tblItems", row); return err })
		wants(t, column, err, "allowed")
	}
}

// SQL Server's narrow types for dates, and its way to count characters.
func TestWidthsOfSQLServer(t *testing.T) {
	_, d := fake(t)
	for column, c := range map[string]struct {
		value any
		says  string
	}{
		"ItemCode":     {"12345😀", "itemCode: the text has 7 characters; at most 6 are allowed."},
		"ValidityFrom": {time.Date(1752, 12, 31, 0, 0, 0, 0, time.UTC), "validityFrom: 1752-12-31 is out of range; allowed are 1753-01-01"},
		"ItemPatCat":   {256, "itemPatCat: 256 is out of range; allowed are 0 to 255."},
	} {
		row := item("X")
		row[column] = c.value
		err := d.Write(ctx, "insert", func(tx *db.Tx) error { _, err := tx.Insert(ctx, "tblItems", row); return err })
		wants(t, column, err, c.says)
	}
}

// The keys of the Python backend's tables on SQL Server, char(32), fit however they are spelled, and are written
// as they are kept there.
func TestKeysOfThePythonBackendFit(t *testing.T) {
	s, d := fake(t)
	const key, kept = "940855E6-7DE8-4125-B4C6-0207FC35F6C7", "940855e67de84125b4c60207fc35f6c7"
	cols := []string{"id", "username"}
	for name, insert := range map[string]func(tx *db.Tx) error{
		"a row": func(tx *db.Tx) error {
			_, err := tx.Insert(ctx, "core_User", db.Values{"id": key, "username": "Admin"})
			return err
		},
		"a row, typed": func(tx *db.Tx) error {
			_, err := tx.Insert(ctx, "core_User", db.Values{"id": db.UUID(key), "username": "Admin"})
			return err
		},
		"rows": func(tx *db.Tx) error {
			_, err := tx.BulkInsert(ctx, "core_User", cols, [][]any{{key, "Admin"}})
			return err
		},
		"rows, typed": func(tx *db.Tx) error {
			_, err := tx.BulkInsert(ctx, "core_User", cols, [][]any{{db.UUID(key), "Admin"}})
			return err
		},
	} {
		if err := d.Write(ctx, "insert", insert); err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		all := s.Requests()
		if sent := fmt.Sprint(all[len(all)-2].Params); !strings.Contains(sent, kept) { // the last one is the COMMIT
			t.Errorf("%s: %s sends %s, want the key %s", name, all[len(all)-2].SQL, sent, kept)
		}
	}
}

// A number that a column cannot have is that of no row, and less or more than all: nothing goes wrong.
func TestNumbersBeyondAColumn(t *testing.T) {
	dbtest.Each(t, numbersBeyond)
}

func numbersBeyond(t *testing.T, d *db.DB) {
	write(t, d, func(tx *db.Tx) error { _, err := tx.Insert(ctx, "tblItems", item("N1")); return err })
	read := func(q db.Query) {
		for where, want := range map[string]int{`i."ItemFrequency" = ?`: 0, `i."ItemFrequency" < ?`: 1, `i."ItemPatCat" <> ?`: 1} {
			for _, beyond := range []int{70000, 2147483647, 1 << 40} {
				var got []int
				if err := q.Select(ctx, &got, `SELECT i."ItemID" FROM "tblItems" AS i WHERE `+where+` AND i."ItemCode" = ?`, beyond, "N1"); err != nil || len(got) != want {
					t.Errorf("%s with %d: %v, %v", where, beyond, got, err)
				}
			}
		}
	}
	read(d)
	write(t, d, func(tx *db.Tx) error { read(tx); return nil })
}
