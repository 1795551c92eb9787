package db

import (
	"context"
	"database/sql"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"sync"

	"github.com/jmoiron/sqlx"
	"github.com/jmoiron/sqlx/reflectx"
)

// queryer is what a pool, a transaction and a prepared statement have in common.
type queryer interface {
	QueryxContext(ctx context.Context, query string, args ...any) (*sqlx.Rows, error)
}

// stmtQueryer lets a prepared statement pass for a queryer.
type stmtQueryer struct{ *sqlx.Stmt }

func (s stmtQueryer) QueryxContext(ctx context.Context, _ string, args ...any) (*sqlx.Rows, error) {
	return s.Stmt.QueryxContext(ctx, args...)
}

var mapper = reflectx.NewMapperFunc("db", strings.ToLower)

// labelled gives the columns of a result the spelling of the db tags: PostgreSQL spells a few legacy
// columns in another case (schema.Renames), and Babelfish answers in the case of the query.
type labelled struct {
	*sqlx.Rows
	labels []string
}

func (l labelled) Columns() ([]string, error) { return l.labels, nil }

type labelKey struct {
	struc reflect.Type
	names string
}

var labelCache sync.Map

// relabel finds the db tag of each column of rows, ignoring case.
func relabel(rows *sqlx.Rows, struc reflect.Type) (labelled, error) {
	names, err := rows.Columns()
	if err != nil {
		return labelled{}, err
	}
	key := labelKey{struc, strings.Join(names, "\x00")}
	if hit, ok := labelCache.Load(key); ok {
		return labelled{rows, hit.([]string)}, nil
	}
	tags := tagsOf(struc)
	labels := make([]string, len(names))
	for i, n := range names {
		labels[i] = tags.label(n)
	}
	labelCache.Store(key, labels)
	return labelled{rows, labels}, nil
}

// tags are the db tags of a struct by their lower-case spelling.
type tags map[string]string

func tagsOf(struc reflect.Type) tags {
	t := tags{}
	for name := range mapper.TypeMap(struc).Names {
		t[strings.ToLower(name)] = name
	}
	return t
}

// label is the spelling that a tag gives a column.
func (t tags) label(column string) string {
	if tag, ok := t[strings.ToLower(column)]; ok {
		return tag
	}
	return column
}

// structType gives the struct that a scan fills, or nil for scalars.
func structType(t reflect.Type) reflect.Type {
	for t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice {
		t = t.Elem()
	}
	if t.Kind() != reflect.Struct || reflect.PointerTo(t).Implements(scannerType) || len(mapper.TypeMap(t).Index) == 0 {
		return nil
	}
	if t.PkgPath() == "time" {
		return nil
	}
	return t
}

var scannerType = reflect.TypeOf((*sql.Scanner)(nil)).Elem()

// ask runs a query. PostgreSQL would have a number as the column has it, and pgx refuses one that is out of
// that range, where the other engines compare: such a parameter is cast, one after the other.
func ask(ctx context.Context, q queryer, text string, args []any) (*sqlx.Rows, error) {
	for range len(args) {
		rows, err := q.QueryxContext(ctx, text, args...)
		n := beyond(err)
		if n == 0 {
			return rows, err
		}
		text = widened(text, n)
	}
	return q.QueryxContext(ctx, text, args...)
}

// refused is how pgx begins to say that it cannot send a number.
var refused = regexp.MustCompile(`failed to encode args\[(\d+)\]: unable to encode -?\d+ into \w+ format for int[24] `)

// beyond is the number of the parameter that was out of its column's range; 0 when that is not what is wrong.
func beyond(err error) int {
	if err == nil {
		return 0
	}
	m := refused.FindStringSubmatch(err.Error())
	if m == nil {
		return 0
	}
	n, _ := strconv.Atoi(m[1]) // digits
	return n + 1
}

// widened casts a parameter of a statement for PostgreSQL to bigint.
func widened(text string, n int) string {
	mark := "$" + strconv.Itoa(n)
	var b strings.Builder
	for {
		i := strings.Index(text, mark)
		if i < 0 {
			return b.String() + text
		}
		end := i + len(mark)
		b.WriteString(text[:i])
		if end < len(text) && text[end] >= '0' && text[end] <= '9' {
			b.WriteString(mark)
		} else {
			b.WriteString("CAST(" + mark + " AS bigint)")
		}
		text = text[end:]
	}
}

func selectAll(ctx context.Context, q queryer, dest any, text string, args []any) error {
	rows, err := ask(ctx, q, text, args)
	if err != nil {
		return err
	}
	defer rows.Close()
	struc := structType(reflect.TypeOf(dest))
	if struc == nil {
		return scanScalars(rows, dest)
	}
	l, err := relabel(rows, struc)
	if err != nil {
		return err
	}
	return scanStructs(l, dest)
}

// scanStructs fills a slice of structs, each in its place: sqlx makes one and copies it.
func scanStructs(l labelled, dest any) error {
	list := reflect.ValueOf(dest).Elem()
	if list.Type().Elem().Kind() == reflect.Pointer {
		return sqlx.StructScan(l, dest)
	}
	paths := mapper.TraversalsByName(list.Type().Elem(), l.labels)
	for i, path := range paths {
		if len(path) == 0 {
			return &missingField{l.labels[i], list.Type().Elem()}
		}
	}
	targets := make([]any, len(paths))
	list.SetLen(0)
	for l.Next() {
		v := nextOf(list)
		for i, path := range paths {
			targets[i] = reflectx.FieldByIndexes(v, path).Addr().Interface()
		}
		if err := l.Scan(targets...); err != nil {
			return err
		}
	}
	return l.Err()
}

// nextOf makes a slice longer by an empty struct.
func nextOf(list reflect.Value) reflect.Value {
	n := list.Len()
	if n == list.Cap() { // one row, a page, or many
		list.Grow([]int{2, max(14, n)}[min(n, 1)])
	}
	list.SetLen(n + 1)
	v := list.Index(n)
	v.SetZero()
	return v
}

// scanScalars fills a slice from the first column.
func scanScalars(rows *sqlx.Rows, dest any) error {
	list := reflect.ValueOf(dest).Elem()
	list.SetLen(0)
	for rows.Next() {
		v := reflect.New(list.Type().Elem())
		if err := rows.Scan(v.Interface()); err != nil {
			return err
		}
		list.Set(reflect.Append(list, v.Elem()))
	}
	return rows.Err()
}

func getOne(ctx context.Context, q queryer, dest any, text string, args []any) error {
	rows, err := ask(ctx, q, text, args)
	if err != nil {
		return err
	}
	defer rows.Close()
	if !rows.Next() {
		if err := rows.Err(); err != nil {
			return err
		}
		return sql.ErrNoRows
	}
	struc := structType(reflect.TypeOf(dest))
	if struc == nil {
		if err := rows.Scan(dest); err != nil {
			return err
		}
		return rows.Err()
	}
	l, err := relabel(rows, struc)
	if err != nil {
		return err
	}
	if err := scanStruct(l, dest); err != nil {
		return err
	}
	return rows.Err()
}

// scanStruct fills one struct from the current row.
func scanStruct(l labelled, dest any) error {
	v := reflect.Indirect(reflect.ValueOf(dest))
	paths := mapper.TraversalsByName(v.Type(), l.labels)
	targets := make([]any, len(paths))
	for i, path := range paths {
		if len(path) == 0 {
			return &missingField{l.labels[i], v.Type()}
		}
		targets[i] = reflectx.FieldByIndexes(v, path).Addr().Interface()
	}
	return l.Rows.Scan(targets...)
}

type missingField struct {
	column string
	struc  reflect.Type
}

func (m *missingField) Error() string {
	return "the struct " + m.struc.String() + " has no field for column " + m.column
}
