package db

import (
	"database/sql"
	"database/sql/driver"
	"encoding/json"
	"math"
	"strings"
	"time"

	"github.com/golang-sql/civil"
	mssql "github.com/microsoft/go-mssqldb"
	"github.com/shopspring/decimal"
)

// Date binds t as a calendar date, for date columns. The time of day is dropped.
type Date time.Time

// Ints is a list parameter of integers for $ints.
type Ints []int

// Texts is a list parameter of strings for $texts.
type Texts []string

// Rows is the parameter of $rows: a JSON array of objects.
type Rows []byte

// Formats of dates and timestamps in SQLite, and in the JSON of $rows for every engine.
const (
	dateFormat     = "2006-01-02"
	datetimeFormat = "2006-01-02 15:04:05.000"
)

// LongestSearch is how many characters a text that is searched for may have: no column of that kind is
// longer, and SQL Server takes patterns of 4,000 characters, in which each may be escaped.
const LongestSearch = 1999

// Contains makes the pattern of $like that finds text anywhere.
func Contains(text string) string { return "%" + escapeLike(text) + "%" }

// StartsWith makes the pattern of $like that finds text at the start.
func StartsWith(text string) string { return escapeLike(text) + "%" }

// Folded is text as $ci has it, for the elements of $texts beside it.
func Folded(text string) string { return strings.ToLower(strings.TrimRight(text, " ")) }

// escapeLike makes %, _, [ and \ mean themselves.
func escapeLike(s string) string {
	return strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`, `[`, `\[`).Replace(s)
}

// convert makes an argument fit the driver: SQLite gets texts for dates, SQL Server its narrow types
// and typed NULLs (reference: go-mssqldb sends int as bigint and time.Time as datetimeoffset, which
// would convert the column instead of the parameter), PostgreSQL takes Go's own types.
func (d Dialect) convert(arg any) (any, error) {
	switch v := arg.(type) {
	case Ints:
		if d == Postgres {
			return array(v), nil
		}
		if v == nil {
			return "[]", nil
		}
		b, err := json.Marshal([]int(v))
		return string(b), err
	case Texts:
		if v == nil {
			return "[]", nil
		}
		b, err := json.Marshal([]string(v))
		return string(b), err
	case Rows:
		return string(v), nil
	case int:
		return d.integer(int64(v)), nil
	case int64:
		return d.integer(v), nil
	case Date:
		return d.date(time.Time(v)), nil
	case time.Time:
		return d.timestamp(v), nil
	case decimal.Decimal:
		if d == SQLite {
			f, _ := v.Float64()
			return f, nil
		}
		return v.String(), nil
	case *int:
		return null(d, v, sql.NullInt32{})
	case *int64:
		return null(d, v, sql.NullInt64{})
	case *string:
		return null(d, v, sql.NullString{})
	case *bool:
		return null(d, v, sql.NullBool{})
	case *time.Time:
		return null(d, v, mssql.NullDateTime{})
	case *Date:
		return null(d, v, mssql.NullDate{})
	case *decimal.Decimal:
		return null(d, v, sql.NullString{})
	case *UUID:
		return null(d, v, sql.NullString{})
	case nil:
		if d == SQLServer {
			return sql.NullString{}, nil
		}
		return nil, nil
	case driver.Valuer:
		value, err := v.Value()
		if value == nil && err == nil {
			return d.convert(nil)
		}
		return value, err
	}
	return arg, nil
}

// array is a list as PostgreSQL's int[]. A number beyond it is the key of no row.
func array(v Ints) []int32 {
	list := make([]int32, 0, len(v))
	for _, n := range v {
		if n >= math.MinInt32 && n <= math.MaxInt32 {
			list = append(list, int32(n))
		}
	}
	return list
}

// null dereferences p, or gives the typed NULL that SQL Server needs.
func null[T any](d Dialect, p *T, typed any) (any, error) {
	if p != nil {
		return d.convert(*p)
	}
	if d == SQLServer {
		return typed, nil
	}
	return nil, nil
}

func (d Dialect) integer(v int64) any {
	if d == SQLServer && v >= math.MinInt32 && v <= math.MaxInt32 {
		return int32(v)
	}
	return v
}

func (d Dialect) date(t time.Time) any {
	switch d {
	case SQLite:
		return t.Format(dateFormat)
	case SQLServer:
		return civil.DateOf(t)
	}
	y, m, day := t.Date()
	return time.Date(y, m, day, 0, 0, 0, 0, time.UTC)
}

func (d Dialect) timestamp(t time.Time) any {
	switch d {
	case SQLite:
		return t.UTC().Format(datetimeFormat)
	case SQLServer:
		return mssql.DateTime1(t.UTC())
	}
	return t.UTC()
}

// convertAll converts the arguments of one statement.
func (d Dialect) convertAll(args []any) ([]any, error) {
	if len(args) == 0 {
		return nil, nil
	}
	out := make([]any, len(args))
	for i, a := range args {
		v, err := d.convert(a)
		if err != nil {
			return nil, err
		}
		out[i] = v
	}
	return out, nil
}
