package db_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"github.com/openimis/openimis-be-go/internal/db"
	"github.com/openimis/openimis-be-go/internal/testing/dbtest"
)

var (
	ctx = context.Background()
	day = time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC)
	now = time.Date(2026, 11, 23, 10, 11, 12, 123_000_000, time.UTC)
)

func write(t *testing.T, d *db.DB, fn func(tx *db.Tx) error) {
	t.Helper()
	if err := d.Write(ctx, "test", fn); err != nil {
		t.Fatal(err)
	}
}

func item(code string) db.Values {
	return db.Values{"ItemCode": code, "ItemName": "Name of " + code, "ItemType": "D", "ItemPrice": decimal.RequireFromString("1200.50"),
		"ItemCareType": "O", "ItemFrequency": 0, "ItemPatCat": 15, "ValidityFrom": now, "AuditUserID": 1}
}

type itemRow struct {
	ID       int             `db:"ItemID"`
	Code     string          `db:"ItemCode"`
	Price    decimal.Decimal `db:"ItemPrice"`
	From     time.Time       `db:"ValidityFrom"`
	To       *time.Time      `db:"ValidityTo"`
	LegacyID *int            `db:"LegacyID"`
	UUID     db.UUID         `db:"ItemUUID"`
}

const selectItems = `SELECT "ItemID", "ItemCode", "ItemPrice", "ValidityFrom", "ValidityTo", "LegacyID", "ItemUUID" FROM "tblItems" `

// Every engine does what the stores count on.
func TestConformance(t *testing.T) { dbtest.Each(t, conform) }

func conform(t *testing.T, d *db.DB) {
	t.Run("text ignores case and trailing blanks", func(t *testing.T) {
		var id int
		write(t, d, func(tx *db.Tx) (err error) { id, err = tx.Insert(ctx, "tblItems", item("Aé1")); return err })
		var got []int
		for _, q := range []string{`WHERE $eq("ItemCode", ?)`, `WHERE $like("ItemCode", ?)`} {
			if err := d.Select(ctx, &got, `SELECT "ItemID" FROM "tblItems" `+q, "aÉ1"); err != nil || len(got) != 1 || got[0] != id {
				t.Errorf("%s: %v %v", q, got, err)
			}
		}
		if err := d.Select(ctx, &got, `SELECT "ItemID" FROM "tblItems" WHERE $like("ItemName", ?)`, db.Contains("OF AÉ")); err != nil || len(got) != 1 {
			t.Errorf("contains: %v %v", got, err)
		}
		if err := d.Select(ctx, &got, `SELECT "ItemID" FROM "tblItems" WHERE $like("ItemName", ?)`, db.Contains("a_é")); err != nil || len(got) != 0 {
			t.Errorf("_ is not a wildcard: %v %v", got, err)
		}
	})
	t.Run("decimals, times and GUIDs come back as they went", func(t *testing.T) {
		var id int
		write(t, d, func(tx *db.Tx) (err error) { id, err = tx.Insert(ctx, "tblItems", item("D1")); return err })
		var row itemRow
		if err := d.Get(ctx, &row, selectItems+`WHERE "ItemID" = ?`, id); err != nil {
			t.Fatal(err)
		}
		if !row.Price.Equal(decimal.RequireFromString("1200.5")) || !row.From.Equal(now) || row.To != nil || len(row.UUID) != 36 {
			t.Errorf("%+v", row)
		}
		var again int
		if err := d.Get(ctx, &again, `SELECT "ItemID" FROM "tblItems" WHERE "ItemUUID" = ?`, string(row.UUID)); err != nil || again != id {
			t.Errorf("by GUID: %d %v", again, err)
		}
	})
	t.Run("dates", func(t *testing.T) {
		write(t, d, func(tx *db.Tx) error {
			_, err := tx.Insert(ctx, "tblPLItems", db.Values{"PLItemName": "List", "DatePL": day, "ValidityFrom": now, "AuditUserID": 1})
			return err
		})
		var got []time.Time
		if err := d.Select(ctx, &got, `SELECT "DatePL" FROM "tblPLItems" WHERE "DatePL" = ? AND $date("ValidityFrom") = ? AND "ValidityFrom" >= ?`, db.Date(day), db.Date(day), day); err != nil || len(got) != 1 || !got[0].Equal(day) {
			t.Errorf("%v %v", got, err)
		}
	})
	t.Run("pages", func(t *testing.T) {
		write(t, d, func(tx *db.Tx) error {
			for i := range 25 {
				if _, err := tx.Insert(ctx, "tblItems", item(fmt.Sprintf("P%02d", i))); err != nil {
					return err
				}
			}
			return nil
		})
		var got []string
		if err := d.Select(ctx, &got, `SELECT "ItemCode" FROM "tblItems" WHERE $like("ItemCode", ?) ORDER BY $ci("ItemCode") $page(?, ?)`, "P%", 3, 20); err != nil || strings.Join(got, " ") != "P20 P21 P22" {
			t.Errorf("%v %v", got, err)
		}
	})
	t.Run("bulk insert of 5,000, found by 5,000 ids, updated, archived, closed", func(t *testing.T) {
		rows := make([][]any, 5000)
		for i := range rows {
			rows[i] = []any{fmt.Sprintf("B%d", i), "Bulk 'quoted' \"é\" \\ \t", "D", decimal.New(int64(i), -2), "O", 15, now, nil, 1}
		}
		cols := []string{"ItemCode", "ItemName", "ItemType", "ItemPrice", "ItemCareType", "ItemPatCat", "ValidityFrom", "ValidityTo", "AuditUserID"}
		var ids []int
		write(t, d, func(tx *db.Tx) (err error) { ids, err = tx.BulkInsert(ctx, "tblItems", cols, rows); return err })
		if len(ids) != 5000 {
			t.Fatalf("%d ids", len(ids))
		}
		var got []itemRow
		if err := d.Select(ctx, &got, selectItems+`WHERE "ItemID" IN $ints(?) ORDER BY "ItemID"`, db.Ints(ids)); err != nil || len(got) != 5000 {
			t.Fatalf("%d %v", len(got), err)
		}
		var name string
		if err := d.Get(ctx, &name, `SELECT "ItemName" FROM "tblItems" WHERE "ItemID" = ?`, ids[7]); err != nil || name != "Bulk 'quoted' \"é\" \\ \t" {
			t.Errorf("text %q %v", name, err)
		}
		if got[4999].Code != "B4999" || !got[4999].Price.Equal(decimal.RequireFromString("49.99")) || got[0].ID != ids[0] || len(got[7].UUID) != 36 {
			t.Errorf("%+v", got[4999])
		}
		var n int
		if err := d.Get(ctx, &n, `SELECT COUNT(*) FROM "tblItems" WHERE "ItemCode" IN $texts(?)`, db.Texts{"B1", "B77", "none"}); err != nil || n != 2 {
			t.Errorf("texts: %d %v", n, err)
		}
		later := now.Add(time.Hour)
		write(t, d, func(tx *db.Tx) error {
			if err := tx.Archive(ctx, "tblItems", later, ids[:10]); err != nil {
				return err
			}
			updates := make([][]any, 10)
			for i := range updates {
				updates[i] = []any{ids[i], decimal.RequireFromString("7.77"), nil, later}
			}
			touched, err := tx.BulkUpdate(ctx, "tblItems", []string{"ItemID", "ItemPrice", "ItemFrequency", "ValidityFrom"}, updates)
			if err == nil && touched != 10 {
				t.Errorf("touched %d", touched)
			}
			if err != nil {
				return err
			}
			return tx.Close(ctx, "tblItems", later, ids[9:10])
		})
		var copies []itemRow
		if err := d.Select(ctx, &copies, selectItems+`WHERE "LegacyID" IN $ints(?) ORDER BY "LegacyID"`, db.Ints(ids)); err != nil || len(copies) != 10 {
			t.Fatalf("%d copies, %v", len(copies), err)
		}
		if c := copies[3]; *c.LegacyID != ids[3] || !c.To.Equal(later) || !c.From.Equal(now) || c.Code != "B3" || !c.Price.Equal(decimal.RequireFromString("0.03")) || c.UUID == got[3].UUID {
			t.Errorf("copy %+v", c)
		}
		var live itemRow
		if err := d.Get(ctx, &live, selectItems+`WHERE "ItemID" = ?`, ids[3]); err != nil || !live.From.Equal(later) || live.To != nil || live.UUID != got[3].UUID || !live.Price.Equal(decimal.RequireFromString("7.77")) {
			t.Errorf("live %+v %v", live, err)
		}
		if err := d.Get(ctx, &live, selectItems+`WHERE "ItemID" = ?`, ids[9]); err != nil || live.To == nil || !live.To.Equal(later) {
			t.Errorf("closed %+v %v", live, err)
		}
	})
	t.Run("columns that PostgreSQL spells differently", func(t *testing.T) {
		type cover struct {
			ID      int  `db:"InsureePolicyId"`
			Insuree int  `db:"InsureeId"`
			Legacy  *int `db:"LegacyId"`
		}
		var id int
		write(t, d, func(tx *db.Tx) error {
			insuree, err := tx.Insert(ctx, "tblInsuree", db.Values{"FamilyID": 0, "CHFID": "1", "LastName": "L", "OtherNames": "O", "DOB": day, "IsHead": true, "CardIssued": false, "ValidityFrom": now, "AuditUserID": 1})
			if err != nil {
				t.Log(err)
				return err
			}
			id, err = tx.Insert(ctx, "tblInsureePolicy", db.Values{"InsureeId": insuree, "PolicyId": 1, "ValidityFrom": now, "AuditUserId": 1})
			return err
		})
		var got cover
		if err := d.Get(ctx, &got, `SELECT ip."InsureePolicyId", ip."InsureeId", ip."LegacyId" FROM "tblInsureePolicy" ip JOIN "tblInsuree" i ON i."InsureeID" = ip."InsureeId" WHERE ip."InsureePolicyId" = ?`, id); err != nil || got.ID != id || got.Legacy != nil {
			t.Errorf("%+v %v", got, err)
		}
	})
	t.Run("a failing transaction leaves nothing, a savepoint undoes its part", func(t *testing.T) {
		boom := errors.New("boom")
		err := d.Write(ctx, "test", func(tx *db.Tx) error {
			if _, err := tx.Insert(ctx, "tblItems", item("X1")); err != nil {
				return err
			}
			return boom
		})
		if !errors.Is(err, boom) {
			t.Fatal(err)
		}
		write(t, d, func(tx *db.Tx) error {
			if err := tx.Try(ctx, func() error { _, _ = tx.Insert(ctx, "tblItems", item("X2")); return boom }); !errors.Is(err, boom) {
				t.Errorf("Try: %v", err)
			}
			_, err := tx.Insert(ctx, "tblItems", item("X3"))
			return err
		})
		var got []string
		if err := d.Select(ctx, &got, `SELECT "ItemCode" FROM "tblItems" WHERE $like("ItemCode", ?)`, "X%"); err != nil || strings.Join(got, " ") != "X3" {
			t.Errorf("%v %v", got, err)
		}
		if err := d.Get(ctx, &got, `SELECT "ItemCode" FROM "tblItems" WHERE "ItemID" = ?`, -1); !errors.Is(err, sql.ErrNoRows) {
			t.Errorf("no row: %v", err)
		}
	})
	t.Run("concurrent writers lose nothing", func(t *testing.T) {
		var id int
		v := item("C1")
		v["ItemFrequency"] = 0
		write(t, d, func(tx *db.Tx) (err error) { id, err = tx.Insert(ctx, "tblItems", v); return err })
		errs := make(chan error)
		for range 8 {
			go func() {
				for range 10 {
					if err := d.Write(ctx, "count", func(tx *db.Tx) error {
						var n int
						if err := tx.Get(ctx, &n, `SELECT "ItemFrequency" FROM "tblItems" $updlock WHERE "ItemID" = ? $forupdate`, id); err != nil {
							return err
						}
						_, err := tx.Update(ctx, "tblItems", id, db.Values{"ItemFrequency": n + 1})
						return err
					}); err != nil {
						errs <- err
						return
					}
				}
				errs <- nil
			}()
		}
		for range 8 {
			if err := <-errs; err != nil {
				t.Error(err)
			}
		}
		var n int
		if err := d.Get(ctx, &n, `SELECT "ItemFrequency" FROM "tblItems" WHERE "ItemID" = ?`, id); err != nil || (n != 80 && d.Dialect() != db.SQLServer) {
			t.Errorf("%d %v", n, err)
		}
	})
}
