package db_test

import (
	"strings"
	"testing"
	"time"

	"github.com/openimis/openimis-be-go/internal/db"
	"github.com/openimis/openimis-be-go/internal/testing/dbtest"
	"github.com/openimis/openimis-be-go/internal/testing/dbtest/faketds"
)

// Columns without a zone get what the clock on the wall says; those of PostgreSQL the moment. The day is that of the
// zone on every engine, and a stamp comes back as the moment that it was.
func TestTimeZone(t *testing.T) {
	place, err := time.LoadLocation("Pacific/Auckland") // 12 or 13 hours ahead of UTC
	if err != nil {
		t.Fatal(err)
	}
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		d.SetZone(place)
		evening := time.Date(2026, 7, 1, 20, 30, 0, 0, time.UTC) // the morning of the 2nd there
		at := db.Stamp(d, evening)
		if y, m, day := at.Date(); y != 2026 || m != time.July || day != 2 || at.Hour() != 8 {
			t.Errorf("stamped %s", at)
		}
		var id int
		write(t, d, func(tx *db.Tx) error {
			row := item("Z1")
			row["ValidityFrom"] = at
			id, err = tx.Insert(ctx, "tblItems", row)
			return err
		})
		var got time.Time
		if err := d.Get(ctx, &got, `SELECT "ValidityFrom" FROM "tblItems" WHERE "ItemID" = ?`, id); err != nil || !db.Instant(d, got).Equal(evening) {
			t.Errorf("read %s, which is %s: %v", got, db.Instant(d, got), err)
		}
		if d.Dialect() != db.Postgres && got.Format(time.DateTime) != "2026-07-02 08:30:00" {
			t.Errorf("the column has %s", got)
		}
		if off := time.Since(db.Instant(d, d.Now())).Abs(); off > time.Minute {
			t.Errorf("now is %s off", off)
		}
		if d.Zone() != "Pacific/Auckland" {
			t.Error(d.Zone())
		}
	})
}

// Unless told, the time is that of SQL Server's clock, whose procedures stamp with GETDATE().
func TestTimeOfSQLServer(t *testing.T) {
	s := faketds.Start(t)
	s.Handle(func(r faketds.Request) *faketds.Reply {
		if strings.Contains(r.SQL, "GETUTCDATE()") {
			return &faketds.Reply{Columns: []string{"offset int"}, Rows: [][]any{{-209}}} // read on either side of a minute
		}
		return nil
	})
	d := open(t, s.URL(), db.Options{})
	moment := time.Date(2026, 1, 1, 1, 0, 0, 0, time.UTC)
	if at := db.Stamp(d, moment); !at.Equal(time.Date(2025, 12, 31, 21, 30, 0, 0, time.UTC)) || !db.Instant(d, at).Equal(moment) {
		t.Errorf("stamped %s", at)
	}
	if d.Zone() != "that of the database server, UTC-03:30" {
		t.Error(d.Zone())
	}
}
