package db

import (
	"context"
	"database/sql"
	"reflect"
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
	tags := map[string]string{}
	for name := range mapper.TypeMap(struc).Names {
		tags[strings.ToLower(name)] = name
	}
	labels := make([]string, len(names))
	for i, n := range names {
		labels[i] = n
		if tag, ok := tags[strings.ToLower(n)]; ok {
			labels[i] = tag
		}
	}
	labelCache.Store(key, labels)
	return labelled{rows, labels}, nil
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

func selectAll(ctx context.Context, q queryer, dest any, text string, args []any) error {
	rows, err := q.QueryxContext(ctx, text, args...)
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
	return sqlx.StructScan(l, dest)
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
	rows, err := q.QueryxContext(ctx, text, args...)
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
