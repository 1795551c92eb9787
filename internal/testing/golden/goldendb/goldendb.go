// Package goldendb puts golden scenarios into a database and reads the tables back. It is test support.
package goldendb

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"github.com/openimis/openimis-be-go/internal/db"
	"github.com/openimis/openimis-be-go/internal/schema"
	"github.com/openimis/openimis-be-go/internal/testing/golden"
)

// Insert writes the input rows of a scenario.
func Insert(t testing.TB, d *db.DB, s *golden.Scenario) (w *golden.World) {
	t.Helper()
	err := d.Write(t.Context(), s.ID, func(tx *db.Tx) (err error) {
		w, err = InsertIn(t.Context(), tx, s)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// InsertIn is Insert within a transaction.
func InsertIn(ctx context.Context, tx *db.Tx, s *golden.Scenario) (*golden.World, error) {
	return golden.Insert(s, func(table string, row golden.Record) (int, error) {
		return tx.Insert(ctx, table, Complete(tx, table, Fitting(table, row)))
	}, func(table string, id int, set golden.Record) error {
		_, err := tx.Update(ctx, table, id, Fitting(table, set))
		return err
	})
}

// Clean empties the tables of a scenario, and others.
func Clean(t testing.TB, d *db.DB, w *golden.World, others ...string) {
	t.Helper()
	tables := map[string]bool{}
	for _, list := range [][]golden.Table{w.Input, w.Expected.Tables} {
		for _, table := range list {
			tables[table.Name] = true
		}
	}
	for _, table := range others {
		tables[table] = true
	}
	err := d.Write(context.Background(), "clean", func(tx *db.Tx) error {
		var errs []error
		for table := range tables {
			_, err := tx.Exec(context.Background(), `DELETE FROM "`+table+`"`)
			errs = append(errs, err)
		}
		return errors.Join(errs...)
	})
	if err != nil {
		t.Fatal(err)
	}
}

// Fitting gives values the types of their columns: scenarios write bits as numbers, dates and decimals as text.
func Fitting(table string, row golden.Record) db.Values {
	tab, _ := schema.Lookup(table)
	out := db.Values{}
	for name, v := range row {
		c, ok := tab.Column(name)
		if !ok {
			panic(table + " has no column " + name)
		}
		switch x := v.(type) {
		case int:
			if c.Type == schema.Bit {
				v = x != 0
			}
		case string:
			switch c.Type {
			case schema.Decimal:
				v = decimal.RequireFromString(x)
			case schema.Date, schema.DateTime, schema.SmallDateTime:
				v = moment(x)
			}
		}
		out[name] = v
	}
	return out
}

// Complete gives values to columns that must have one on some engine and that scenarios do not give,
// such as the head of a family, who comes after it: the default of the legacy database, or zero.
func Complete(tx *db.Tx, table string, row db.Values) db.Values {
	tab, _ := schema.Lookup(table)
	for _, c := range tab.Columns {
		spec, _ := c.At(schema.V140)
		required := !spec.Nullable && spec.Default == "" || c.Name == tab.ValidityFrom
		if c.Postgres != nil {
			required = required || !c.Postgres.Nullable && c.Postgres.Default == ""
			spec.Type = c.Postgres.Type
		}
		if _, given := row[c.Name]; given || !required || c.Identity || !tx.Offers(table, c.Name) {
			continue
		}
		number, _ := strconv.Atoi(strings.Trim(c.Default, "()"))
		switch spec.Type {
		case schema.Bit:
			row[c.Name] = number != 0
		case schema.Int, schema.SmallInt, schema.TinyInt, schema.Decimal:
			row[c.Name] = number
		case schema.Text:
			if c.Name != tab.UUIDColumn {
				row[c.Name] = "-"
			}
		case schema.Date, schema.DateTime, schema.SmallDateTime:
			row[c.Name] = moment("2010-01-01")
		}
	}
	return row
}

func moment(s string) time.Time {
	for _, layout := range []string{time.DateOnly, "2006-01-02 15:04:05", "2006-01-02T15:04:05"} {
		if t, err := time.Parse(layout, s); err == nil {
			return t
		}
	}
	panic("no date: " + s)
}

// Rows reads a table in the order of its key, without row versions. With a world, the day of its run reads as now in
// columns that keep the day only.
func Rows(t testing.TB, q db.Query, w *golden.World, table string) (records []golden.Record) {
	t.Helper()
	tab, _ := schema.Lookup(table)
	var columns, quoted []string
	for _, c := range tab.Columns {
		if c.Type != schema.RowVersion && c.Type != schema.JSON && q.Offers(table, c.Name) {
			columns, quoted = append(columns, c.Name), append(quoted, `"`+c.Name+`"`)
		}
	}
	src := `SELECT ` + strings.Join(quoted, ", ") + ` FROM "` + tab.Name + `"`
	if len(tab.PrimaryKey) > 0 {
		src += ` ORDER BY "` + strings.Join(tab.PrimaryKey, `", "`) + `"`
	}
	rows, err := q.Rows(t.Context(), src)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		values, err := rows.SliceScan()
		if err != nil {
			t.Fatal(err)
		}
		rec := golden.Record{}
		for i, v := range values {
			if at, ok := v.(time.Time); ok {
				v = at.UTC()
				if w != nil && columns[i] == "DateProcessed" && at.UTC().Equal(w.Now.Truncate(24*time.Hour)) {
					v = w.Now
				}
			}
			rec[columns[i]] = v
		}
		records = append(records, rec)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return records
}
