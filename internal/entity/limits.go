package entity

import (
	"time"

	"github.com/shopspring/decimal"

	"github.com/openimis/openimis-be-go/internal/schema"
)

// limits are the values that a column can have on every engine. A client may compare with any value; one
// that the column cannot have is not sent, for SQL Server and PostgreSQL refuse to convert it.
type limits struct {
	least, greatest *decimal.Decimal // nil: any number
	from, to        time.Time
}

var (
	day1900 = time.Date(1900, 1, 1, 0, 0, 0, 0, time.UTC)
	day2079 = time.Date(2079, 6, 6, 0, 0, 0, 0, time.UTC)
	day1753 = time.Date(1753, 1, 1, 0, 0, 0, 0, time.UTC)
	day9999 = time.Date(9999, 12, 31, 0, 0, 0, 0, time.UTC)
)

// rangeOf gives the limits of a column.
func rangeOf(t *schema.Table, name string) limits {
	l := limits{from: day1753, to: day9999}
	c, ok := t.Column(name)
	if !ok {
		return l
	}
	between := func(least, greatest int64) {
		a, b := decimal.NewFromInt(least), decimal.NewFromInt(greatest)
		l.least, l.greatest = &a, &b
	}
	switch c.Type {
	case schema.TinyInt:
		between(0, 1<<8-1)
	case schema.SmallInt:
		between(-1<<15, 1<<15-1)
	case schema.Int:
		between(-1<<31, 1<<31-1)
	case schema.BigInt:
		between(-1<<63, 1<<63-1)
	case schema.Decimal:
		greatest := decimal.New(1, int32(c.Precision-c.Scale))
		least := greatest.Neg()
		l.least, l.greatest = &least, &greatest
	case schema.SmallDateTime:
		l.from, l.to = day1900, day2079
	}
	return l
}

// beyond gives the condition that a comparison with n comes to when the column cannot have n.
func (l limits) beyond(column, op string, n decimal.Decimal) (where string, beyond bool) {
	switch {
	case l.least == nil:
	case n.LessThan(*l.least):
		return settled(column, op == ">" || op == ">="), true
	case n.GreaterThan(*l.greatest):
		return settled(column, op == "<" || op == "<="), true
	}
	return "", false
}

// outside is beyond for moments.
func (l limits) outside(column, op string, at time.Time) (where string, outside bool) {
	switch {
	case at.Before(l.from):
		return settled(column, op == ">" || op == ">="), true
	case at.After(l.to):
		return settled(column, op == "<" || op == "<="), true
	}
	return "", false
}

// settled is a comparison whose result is known for every value; nothing is true of NULL.
func settled(column string, all bool) string {
	if all {
		return column + " IS NOT NULL"
	}
	return "1 = 0"
}
