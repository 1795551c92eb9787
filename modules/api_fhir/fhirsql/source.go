// Package fhirsql answers FHIR reads and searches from one legacy table: a module describes the table,
// what is joined to it and what its search parameters mean as data, and gets the rows of a page with one
// statement (and one for the total), current rows only, within the scope of the caller.
//
//	source.go      Source: what a module describes (start here); Find and Search
//	where.go       the conditions of a search; Condition, for the parameters of a resource
//	reference.go   ids, identifiers and references from rows
//
// Databases before 1.4 have no UUID columns: there ids and references are the integer keys.
package fhirsql

import (
	"context"
	"database/sql"
	"errors"
	"strings"

	"github.com/openimis/openimis-be-go/internal/auth"
	"github.com/openimis/openimis-be-go/internal/db"
	"github.com/openimis/openimis-be-go/internal/fault"
	apifhir "github.com/openimis/openimis-be-go/modules/api_fhir"
)

// Table is a legacy table with history (ValidityFrom, ValidityTo) that a resource or a reference is about.
type Table struct {
	Name string
	Key  string // integer key
	UUID string // its column may be missing in the database
	Code string // the business code
}

// Source is the table behind a resource; the alias of its rows is t.
type Source struct {
	Type    string // of the resource, for messages
	Table   Table
	Columns []string // of t, read under their own names
	Links   []Link   // in the order of their joins
	Params  map[string]Condition
	Sort    map[string]string // expressions by the name in _sort; _id and _lastUpdated are known
	// Scope is the condition on the rows that somebody may see, "" for all. Nil: the register is open.
	Scope func(s auth.Scope, alias string) (where string, args []any)
}

// Link is a row that t, or a link before it, refers to. It fills a Ref that the Row holds under the
// alias as db tag; Columns are more of it, read as "alias.Column".
type Link struct {
	Alias   string
	Table   Table
	On      string // condition of the LEFT JOIN; only current rows are joined to
	Columns []string
	Lookup  bool // a table without history and UUID (tblLegalForms): Columns only
}

// alias of the table in all statements.
const alias = "t"

func col(alias, column string) string { return alias + `."` + column + `"` }

// has says whether the database has the UUIDs of the table.
func (t Table) has(q db.Query) bool { return t.UUID != "" && q.Offers(t.Name, t.UUID) }

// Find reads the current row that an id of a path names: its UUID, its code or its integer key, in this
// order. R embeds Row.
func Find[R any](ctx context.Context, d *db.DB, s *Source, id string) (R, error) {
	var row R
	err := d.Read(ctx, func(q db.Query) error {
		w := s.visible(ctx)
		w.and(s.Table.match(q, alias, "", id))
		src := "SELECT " + s.columns(q) + ` FROM "` + s.Table.Name + `" AS ` + alias + s.joins() +
			w.text() + " ORDER BY " + col(alias, s.Table.Key) + " $page(?, ?)"
		return q.Get(ctx, &row, src, append(w.args, 1, 0)...)
	})
	if errors.Is(err, sql.ErrNoRows) {
		return row, fault.New(fault.NotFound, "%s %s not found.", s.Type, id)
	}
	return row, err
}

// Search reads a page of current rows and, when the query wants it and the page does not already tell,
// counts all. R embeds Row.
func Search[R any](ctx context.Context, d *db.DB, s *Source, query apifhir.Query) (rows []R, total int, err error) {
	err = d.Read(ctx, func(q db.Query) error {
		rows, total = nil, 0
		w, err := s.where(ctx, q, query.Params)
		if err != nil {
			return err
		}
		if !query.CountOnly {
			if err := q.Select(ctx, &rows, s.page(q, w, query.Sort), append(w.args[:len(w.args):len(w.args)], query.Limit, query.Offset)...); err != nil {
				return err
			}
			if n := len(rows); n < query.Limit && (n > 0 || query.Offset == 0) {
				total = query.Offset + n
				return nil
			}
		}
		if !query.WantTotal {
			return nil
		}
		return q.Get(ctx, &total, `SELECT COUNT(*) FROM "`+s.Table.Name+`" AS `+alias+w.text(), w.args...)
	})
	return rows, total, err
}

// page is the statement of a page. The keys are cut out before anything is joined, so that the rows that
// a late page skips cost no joins.
func (s *Source) page(q db.Query, w *where, keys []apifhir.SortKey) string {
	key, order := col(alias, s.Table.Key), s.order(q, keys)
	return "SELECT " + s.columns(q) + ` FROM (SELECT ` + key + ` FROM "` + s.Table.Name + `" AS ` + alias + w.text() +
		" ORDER BY " + order + " $page(?, ?)) AS page JOIN \"" + s.Table.Name + `" AS ` + alias + " ON " + key + " = " + col("page", s.Table.Key) +
		s.joins() + " ORDER BY " + order
}

// order sorts as asked and always by the key in the end. No expression may stand there twice.
func (s *Source) order(q db.Query, keys []apifhir.SortKey) string {
	key := col(alias, s.Table.Key)
	var parts []string
	seen := map[string]bool{}
	add := func(expr string, desc bool) {
		if seen[expr] || seen[key] {
			return
		}
		seen[expr] = true
		if desc {
			expr += " DESC"
		}
		parts = append(parts, expr)
	}
	for _, k := range keys {
		switch k.Name {
		case "_id":
			if s.Table.has(q) {
				add("$uuid("+col(alias, s.Table.UUID)+")", k.Desc)
			} else {
				add(key, k.Desc)
			}
		case "_lastUpdated":
			add(col(alias, "ValidityFrom"), k.Desc)
		default:
			add(s.Sort[k.Name], k.Desc)
		}
	}
	add(key, false)
	return strings.Join(parts, ", ")
}

// columns is the select list: what Row has, the columns of t and those of the links.
func (s *Source) columns(q db.Query) string {
	list := append(s.Table.own(q, alias, ""), col(alias, "ValidityFrom")+` AS "Changed"`)
	for _, c := range s.Columns {
		list = append(list, col(alias, c)+` AS "`+c+`"`)
	}
	for _, l := range s.Links {
		if !l.Lookup {
			list = append(list, l.Table.own(q, l.Alias, l.Alias+".")...)
		}
		for _, c := range l.Columns {
			list = append(list, col(l.Alias, c)+` AS "`+l.Alias+`.`+c+`"`)
		}
	}
	return strings.Join(list, ", ")
}

// own are key, UUID and code of a table.
func (t Table) own(q db.Query, alias, prefix string) []string {
	list := []string{col(alias, t.Key) + ` AS "` + prefix + `Key"`}
	if t.has(q) {
		list = append(list, col(alias, t.UUID)+` AS "`+prefix+`UUID"`)
	}
	if t.Code != "" {
		list = append(list, col(alias, t.Code)+` AS "`+prefix+`Code"`)
	}
	return list
}

func (s *Source) joins() string {
	var b strings.Builder
	for _, l := range s.Links {
		b.WriteString(` LEFT JOIN "` + l.Table.Name + `" AS ` + l.Alias + " ON " + l.On)
		if !l.Lookup {
			b.WriteString(" AND " + col(l.Alias, "ValidityTo") + " IS NULL")
		}
	}
	return b.String()
}
