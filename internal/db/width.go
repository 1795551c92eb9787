package db

import (
	"math"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/shopspring/decimal"

	"github.com/openimis/openimis-be-go/internal/fault"
	"github.com/openimis/openimis-be-go/internal/schema"
)

// Width is the number of characters that a text column holds in the database at hand, 0 when there is no limit or no
// such column. Releases and installations differ: an insuree number had 12 characters until 1.4 and has 50 since 1.7.
func Width(q Query, table, column string) int {
	tab, ok := schema.Lookup(table)
	if !ok {
		return 0
	}
	c, ok := tab.Column(column)
	if !ok {
		return 0
	}
	return holds(q, tab, c).text
}

// capacity is what a column holds.
type capacity struct {
	text      int   // characters; 0: any number, or no text
	low, high int64 // of whole numbers
	whole     bool
	precision int // of a decimal, 0: none
	scale     int
	since     time.Time // of dates and times, zero: no limit
	until     time.Time
}

// holds says what a column holds: as the database says, else as the catalogue has it for the release.
func holds(q Query, tab *schema.Table, c *schema.Column) capacity {
	if d := databaseOf(q); d != nil {
		d.mu.RLock()
		found, ok := d.columns[strings.ToLower(tab.Name)][strings.ToLower(c.NameOn(schema.Dialect(d.dialect)))]
		d.mu.RUnlock()
		if ok && d.dialect != SQLite { // whose columns hold anything
			return found.capacity()
		}
	}
	version := release(q)
	if q.Dialect() == Postgres {
		version = schema.PG2410
	}
	spec, ok := c.At(version)
	if !ok {
		return capacity{}
	}
	return Column{Type: spec.Type.String(), Length: spec.Size, Precision: spec.Precision, Scale: spec.Scale}.capacity()
}

func databaseOf(q Query) *DB {
	switch x := q.(type) {
	case *DB:
		return x
	case *Tx:
		return x.db
	}
	return nil
}

// capacity reads the names that SQL Server, PostgreSQL and the catalogue have for types.
func (c Column) capacity() capacity {
	switch c.Type {
	case "varchar", "nvarchar", "char", "nchar", "bpchar", "text":
		return capacity{text: c.Length}
	case "tinyint":
		return capacity{whole: true, high: math.MaxUint8}
	case "smallint", "int2":
		return capacity{whole: true, low: math.MinInt16, high: math.MaxInt16}
	case "int", "int4":
		return capacity{whole: true, low: math.MinInt32, high: math.MaxInt32}
	case "decimal", "numeric":
		return capacity{precision: c.Precision, scale: c.Scale}
	case "smalldatetime":
		return capacity{since: time.Date(1900, 1, 1, 0, 0, 0, 0, time.UTC), until: time.Date(2079, 6, 6, 23, 59, 0, 0, time.UTC)}
	case "datetime":
		return capacity{since: time.Date(1753, 1, 1, 0, 0, 0, 0, time.UTC), until: time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC)}
	}
	return capacity{}
}

// fits says by an error that names the column, as a client would spell it, and its limit, that the column does not
// hold a value. Services check what they know the fields of before; this is for all the rest.
func (t *Tx) fits(tab *schema.Table, c *schema.Column, v any) error {
	if v == nil || djangoKey(tab, c) { // a key fits however it is spelled; see DjangoUUID
		return nil
	}
	can := holds(t, tab, c)
	field := strings.ToLower(c.Name[:1]) + c.Name[1:]
	switch x := v.(type) {
	case *string:
		if x != nil {
			return t.fits(tab, c, *x)
		}
	case string:
		if can.text == 0 || len(x) <= can.text {
			return nil
		}
		if n := t.length(strings.TrimRight(x, " ")); n > can.text {
			return fault.Input(field, "%s: the text has %d characters; at most %d are allowed.", field, n, can.text)
		}
	case *int:
		if x != nil {
			return t.fits(tab, c, int64(*x))
		}
	case int:
		return t.fits(tab, c, int64(x))
	case int64:
		if can.whole && (x < can.low || x > can.high) {
			return fault.Input(field, "%s: %d is out of range; allowed are %d to %d.", field, x, can.low, can.high)
		}
	case *decimal.Decimal:
		if x != nil {
			return t.fits(tab, c, *x)
		}
	case decimal.Decimal:
		if can.precision == 0 {
			return nil
		}
		if limit := decimal.New(1, int32(can.precision-can.scale)); x.Round(int32(can.scale)).Abs().GreaterThanOrEqual(limit) {
			return fault.Input(field, "%s: the number is out of range; less than %s is allowed.", field, limit)
		}
	case *time.Time:
		if x != nil {
			return t.fits(tab, c, *x)
		}
	case Date:
		return t.fits(tab, c, time.Time(x))
	case time.Time:
		if !can.since.IsZero() && (x.Before(can.since) || x.After(can.until)) {
			return fault.Input(field, "%s: %s is out of range; allowed are %s to %s.", field, x.Format(time.DateOnly), can.since.Format(time.DateOnly), can.until.Format(time.DateOnly))
		}
	}
	return nil
}

// length counts the characters of a text as the engine does.
func (t *Tx) length(s string) int {
	if t.db.dialect == SQLServer {
		return schema.Length(s)
	}
	return utf8.RuneCountInString(s)
}

// release tells the releases of the legacy database apart by columns that they added.
func release(q Query) schema.Version {
	switch {
	case q.Offers("tblInsuree", "Vulnerability"):
		return schema.V174
	case q.Offers("tblInsuree", "InsureeUUID"):
		return schema.V140
	}
	return schema.V130
}
