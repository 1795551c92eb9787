package db

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/shopspring/decimal"

	"github.com/openimis/openimis-be-go/internal/schema"
)

// bulkRows is how many rows one statement carries.
const bulkRows = 2000

// BulkInsert adds many rows with a statement per 2,000 and returns their identities in the order of
// the rows (nil for a table without identity). cols names the columns of every row; what Insert
// completes is completed here too.
func (t *Tx) BulkInsert(ctx context.Context, table string, cols []string, rows [][]any) ([]int, error) {
	tab, err := lookup(table)
	if err != nil {
		return nil, err
	}
	if len(rows) == 0 {
		return nil, nil
	}
	given := Values{}
	for _, c := range cols {
		given[c] = nil
	}
	full := t.complete(tab, given)
	names := append([]string{}, cols...)
	for c := range full {
		if _, ok := given[c]; !ok {
			names = append(names, c)
		}
	}
	slices.Sort(names[len(cols):])
	keep := names[:0:0]
	for _, c := range names {
		if t.db.Offers(tab.Name, c) {
			keep = append(keep, c)
		}
	}
	var ids []int
	for len(rows) > 0 {
		n := min(bulkRows, len(rows))
		batch := make([]map[string]any, n)
		for i, row := range rows[:n] {
			if len(row) != len(cols) {
				return nil, fmt.Errorf("bulk insert into %s: row %d has %d values for %d columns", tab.Name, i, len(row), len(cols))
			}
			v := Values{}
			for j, c := range cols {
				v[c] = row[j]
			}
			batch[i] = t.complete(tab, v)
		}
		got, err := t.insertRows(ctx, tab, keep, batch)
		if err != nil {
			return nil, err
		}
		ids = append(ids, got...)
		rows = rows[n:]
	}
	t.watch(ctx, Inserted, tab.Name, ids...)
	return ids, nil
}

func (t *Tx) insertRows(ctx context.Context, tab *schema.Table, cols []string, batch []map[string]any) ([]int, error) {
	data, err := t.encodeRows(tab, cols, batch, true)
	if err != nil {
		return nil, err
	}
	quoted := `"` + strings.Join(cols, `", "`) + `"`
	into := `INSERT INTO "` + tab.Name + `" (` + quoted + `) `
	from := `SELECT x."` + strings.Join(cols, `", x."`) + `" FROM ` + t.rowsMacro(tab, cols, true)
	if !t.db.babelfish { // which takes no ORDER BY beside OUTPUT; its OPENJSON keeps the order
		from += ` ORDER BY x."imis_ord" `
	}
	if tab.Identity == "" {
		if t.db.garbles(data) {
			return t.insertSingly(ctx, tab, cols, batch)
		}
		_, err := t.Exec(ctx, into+from, data)
		return nil, err
	}
	if t.db.garbles(data) {
		return t.insertSingly(ctx, tab, cols, batch)
	}
	ids, err := t.inserted(ctx, tab, into, from, data)
	if err != nil {
		return nil, err
	}
	slices.Sort(ids) // identities rise in the order of the SELECT; the result itself may come in any order
	return ids, nil
}

// garbles says whether the engine would change texts of the rows: Babelfish's OPENJSON leaves the
// escapes of JSON in them.
func (d *DB) garbles(rows Rows) bool { return d.babelfish && bytes.IndexByte(rows, '\\') >= 0 }

// insertSingly inserts rows with a statement each.
func (t *Tx) insertSingly(ctx context.Context, tab *schema.Table, cols []string, batch []map[string]any) (ids []int, err error) {
	into := `INSERT INTO "` + tab.Name + `" ("` + strings.Join(cols, `", "`) + `") `
	values := "VALUES (" + strings.TrimSuffix(strings.Repeat("?, ", len(cols)), ", ") + ")"
	for _, row := range batch {
		args := make([]any, len(cols))
		for i, c := range cols {
			args[i] = t.typed(tab, c, row[c])
		}
		if _, given := row[tab.Identity]; given || tab.Identity == "" { // the caller knows the identities
			if _, err := t.Exec(ctx, into+values, args...); err != nil {
				return nil, err
			}
			continue
		}
		id, err := t.insertOne(ctx, tab, into, values, args...)
		if err != nil {
			return nil, err
		}
		ids = append(ids, id)
	}
	return ids, nil
}

// BulkUpdate sets columns of many rows with a statement per 2,000. cols[0] is the key; a row's values
// are in the order of cols. It returns the number of rows touched.
func (t *Tx) BulkUpdate(ctx context.Context, table string, cols []string, rows [][]any) (int, error) {
	tab, err := lookup(table)
	if err != nil {
		return 0, err
	}
	var set, keep []string
	var index []int
	for i, c := range cols {
		if i > 0 && !t.db.Offers(tab.Name, c) {
			continue
		}
		keep = append(keep, c)
		index = append(index, i)
		if i > 0 {
			set = append(set, `"`+c+`" = x."`+c+`"`)
		}
	}
	if len(set) == 0 {
		return 0, nil
	}
	src := `UPDATE "` + tab.Name + `" SET ` + strings.Join(set, ", ") + ` FROM ` + t.rowsMacro(tab, keep, false) +
		` WHERE "` + tab.Name + `"."` + cols[0] + `" = x."` + cols[0] + `"`
	total := 0
	for len(rows) > 0 {
		n := min(bulkRows, len(rows))
		batch := make([]map[string]any, n)
		for i, row := range rows[:n] {
			batch[i] = map[string]any{}
			for k, c := range keep {
				batch[i][c] = row[index[k]]
			}
		}
		data, err := t.encodeRows(tab, keep, batch, false)
		if err != nil {
			return total, err
		}
		got := 0
		if t.db.garbles(data) {
			for _, row := range batch {
				one := Values{}
				for _, c := range keep[1:] {
					one[c] = row[c]
				}
				touched, err := t.Update(ctx, tab.Name, row[keep[0]], one)
				if err != nil {
					return total, err
				}
				got += touched
			}
		} else if got, err = t.Exec(ctx, src, data); err != nil {
			return total, err
		}
		keys := make([]int, 0, n)
		for _, row := range rows[:n] {
			if key, ok := row[0].(int); ok {
				keys = append(keys, key)
			}
		}
		t.watch(ctx, Updated, tab.Name, keys...)
		total += got
		rows = rows[n:]
	}
	return total, nil
}

// rowsMacro is $rows for columns of a table, with a column that keeps the order.
func (t *Tx) rowsMacro(tab *schema.Table, cols []string, ordered bool) string {
	var b strings.Builder
	b.WriteString("$rows(x, ?")
	for _, name := range cols {
		c, _ := tab.Column(name)
		kind := portableType(c)
		if t.db.hexKeys && djangoKey(tab, c) {
			kind = "text"
		}
		fmt.Fprintf(&b, `, "%s" %s`, name, kind)
	}
	if ordered {
		b.WriteString(`, "imis_ord" int`)
	}
	b.WriteString(")")
	return b.String()
}

// portableType is the type of a column for $rows.
func portableType(c *schema.Column) string {
	switch c.Type {
	case schema.SmallInt:
		return "smallint"
	case schema.TinyInt:
		return "tinyint"
	case schema.BigInt:
		return "bigint"
	case schema.Int:
		return "int"
	case schema.Bit:
		return "bit"
	case schema.Decimal:
		return fmt.Sprintf("decimal(%d,%d)", c.Precision, c.Scale)
	case schema.Date:
		return "date"
	case schema.DateTime, schema.SmallDateTime:
		return "datetime"
	case schema.GUID:
		if c.Postgres != nil && c.Postgres.SQLType != "uuid" {
			return "guidtext"
		}
		return "guid"
	}
	return "text"
}

// encodeRows writes the JSON that $rows reads: decimals as text, so that no digit is lost.
func (t *Tx) encodeRows(tab *schema.Table, cols []string, batch []map[string]any, ordered bool) (Rows, error) {
	var b bytes.Buffer
	b.WriteByte('[')
	for i, row := range batch {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteByte('{')
		for j, name := range cols {
			if j > 0 {
				b.WriteByte(',')
			}
			b.WriteByte('"')
			b.WriteString(name)
			b.WriteString(`":`)
			c, _ := tab.Column(name)
			x := row[name]
			if err := t.fits(tab, c, x); err != nil {
				return nil, err
			}
			if t.db.hexKeys && djangoKey(tab, c) {
				if key, ok := t.typed(tab, name, x).(DjangoUUID); ok {
					x = key.bind(true)
				}
			}
			v, err := t.jsonValue(c, x)
			if err != nil {
				return nil, fmt.Errorf("%s.%s: %w", tab.Name, name, err)
			}
			b.Write(v)
		}
		if ordered {
			fmt.Fprintf(&b, `,"imis_ord":%d`, i)
		}
		b.WriteByte('}')
	}
	b.WriteByte(']')
	return b.Bytes(), nil
}

func (t *Tx) jsonValue(c *schema.Column, v any) ([]byte, error) {
	switch x := v.(type) {
	case *time.Time:
		if x == nil {
			return []byte("null"), nil
		}
		return t.jsonValue(c, *x)
	case Date:
		return json.Marshal(time.Time(x).Format(dateFormat))
	case time.Time:
		if c.Type == schema.Date {
			return json.Marshal(x.Format(dateFormat))
		}
		format := datetimeFormat
		if t.db.dialect == SQLServer {
			format = "2006-01-02T15:04:05.000" // the only spelling that no language setting changes
		}
		return json.Marshal(x.UTC().Format(format))
	case decimal.Decimal:
		return []byte(`"` + x.String() + `"`), nil
	case *decimal.Decimal:
		if x == nil {
			return []byte("null"), nil
		}
		return []byte(`"` + x.String() + `"`), nil
	}
	return json.Marshal(v)
}
