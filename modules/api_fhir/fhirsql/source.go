// Package fhirsql makes FHIR resources of legacy tables: a module describes the rows, what is joined to
// them, what search parameters ask of them and how a row becomes a resource, as data; reads, searches,
// pages, histories and chained parameters follow. Only current rows within the scope of the caller are
// found, a page is one or two statements (and one for the total, and those of Load), whatever its size.
//
//	source.go      Source: what a module describes (start here)
//	param.go       search parameters with their conditions
//	resource.go    Resource: sources as an apifhir.Resource
//	page.go        the statements of reads and pages
//	rows.go        what depends on the type of the rows: reading and mapping them
//	history.go     the versions of a row
//	changes.go     rows by the row versions that SQL Server gives them, for subscriptions
//	match.go       ids, identifiers and references to keys; Resolve for writes
//	reference.go   ids, identifiers and references from rows
//
// Databases before 1.4 have no UUID columns: there ids and references are the integer keys.
package fhirsql

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/openimis/openimis-be-go/internal/db"
	"github.com/openimis/openimis-be-go/internal/schema"
	"github.com/openimis/openimis-be-go/internal/table"
	apifhir "github.com/openimis/openimis-be-go/modules/api_fhir"
)

// Source is the rows of one table as resources. R is a struct that embeds Row and has a field with a db
// tag for every column, and a Ref (or a struct that embeds one) for every link.
type Source[R Rower] struct {
	Table   *table.Table
	Columns []string // read under their own names; those that the database lacks stay empty
	Links   []Link   // in the order of their joins
	// Only is a condition that all rows meet beside being current, with the alias of the rows.
	Only func(alias string) string
	// Asked is a parameter without which a search leaves the source out: places come without health
	// facilities unless physicalType asks for them. "": it always takes part.
	Asked string
	// Stamps are columns with further moments of changes, for tables with changes that leave ValidityFrom as it is. Map has
	// to write the latest of all as VersionTime, and an index in the order of them is in internal/schema.
	Stamps []string
	// Params beyond _id, _lastUpdated, identifier, refDate and refEndDate, which all sources have.
	Params []Param
	// Sort has the columns that _sort takes, by name.
	Sort map[string]string
	// Load fills in what the rows of a page have elsewhere (lines, members), with one statement for all of
	// them, which finds by key (db.SamePlan); it changes the elements of rows. Optional.
	Load func(ctx context.Context, q db.Query, rows []R) error
	// Map makes the resource of a row: return row.Entry(&fhir.Location{…}).
	Map func(row R) apifhir.Entry

	once sync.Once
	rows *source
}

// source is a Source but for the type of its rows. All that does not depend on the type is a method of it: methods of
// Source are compiled for each type, which made the program a megabyte larger.
type source struct {
	Table   *table.Table
	Columns []string
	Links   []Link
	Only    func(alias string) string
	Asked   string
	Stamps  []string
	Params  []Param
	Sort    map[string]string
	mapped  bool // there is a Map
	// read runs a statement and makes entries of its rows, in the order of keys; nil: in that of the statement.
	read func(ctx context.Context, q db.Query, src string, args []any, keys db.Ints) ([]apifhir.Entry, error)

	once   sync.Once
	byName map[string]Param // all parameters
}

// Rows is a Source of any rows.
type Rows interface{ source() *source }

func (s *Source[R]) source() *source {
	s.once.Do(func() {
		s.rows = &source{Table: s.Table, Columns: s.Columns, Links: s.Links, Only: s.Only, Asked: s.Asked, Stamps: s.Stamps, Params: s.Params, Sort: s.Sort, mapped: s.Map != nil,
			read: func(ctx context.Context, q db.Query, src string, args []any, keys db.Ints) ([]apifhir.Entry, error) {
				_, entries, err := s.load(ctx, q, src, args, keys)
				return entries, err
			}}
	})
	return s.rows
}

// Link is a row that t, or a link before it, refers to. It fills a Ref that the row holds under the alias
// as db tag; Columns are more of it, read as "alias.Column". Only current rows are joined to.
type Link struct {
	Alias string
	Table *table.Table
	// Via is the foreign key that points at it: a column of the rows, or "place.ParentLocationId" of a
	// link before it.
	Via     string
	Columns []string
}

// Rower is a struct that embeds Row.
type Rower interface{ base() Row }

// alias of the rows in statements without chains.
const alias = "t"

var col = table.Col

// reserved are the aliases of the statements themselves.
var reserved = map[string]bool{"": true, alias: true, "page": true, "live": true, "target": true, "other": true, "coded": true}

// changes are the moments of changes of the rows.
type changes struct{ columns []string }

func (s *source) changes() changes { return changes{append([]string{s.Table.From}, s.Stamps...)} }

// at is the expression for the last of them.
func (c changes) at(alias string) string {
	var columns []string
	for _, name := range c.columns {
		columns = append(columns, col(alias, name))
	}
	return schema.Latest(columns...)
}

// within is the condition that the last of them lies in a range. What is not before a moment has a column that is not: no
// index of a legacy database has the expression, but one may have the columns.
func (c changes) within(alias string, r apifhir.Range) (string, []any) {
	if r.Min == nil {
		return within(c.at(alias), r)
	}
	text, args := c.at(alias)+" >= ?", []any{*r.Min}
	if time.Since(*r.Min) < recently {
		text = "$seldom(" + text + ")"
	}
	if r.Max != nil {
		text, args = text+" AND "+c.at(alias)+" < ?", append(args, *r.Max)
	}
	if len(c.columns) > 1 {
		var parts []string
		for _, name := range c.columns {
			parts, args = append(parts, col(alias, name)+" >= ?"), append(args, *r.Min)
		}
		text += " AND (" + strings.Join(parts, " OR ") + ")"
	}
	text = "(" + text + ")"
	if r.Not {
		text = "NOT " + text
	}
	return text, args
}

// recently is how long ago a change may be to be among few.
const recently = 32 * 24 * time.Hour

// check says what is wrong with a description.
func (s *source) check() error {
	if !s.mapped {
		return fmt.Errorf("its source %s has no Map", s.Table.Name)
	}
	if s.Table.TextKey {
		return fmt.Errorf("its source %s has no integer key", s.Table.Name)
	}
	known := func(t *table.Table, columns ...string) error {
		for _, c := range columns {
			if _, ok := t.Catalogue().Column(c); !ok {
				return fmt.Errorf("table %s has no column %s", t.Name, c)
			}
		}
		return nil
	}
	if err := known(s.Table, s.Columns...); err != nil {
		return err
	}
	for name, column := range s.Sort {
		if err := known(s.Table, column); err != nil {
			return fmt.Errorf("_sort %s: %w", name, err)
		}
	}
	at := map[string]*table.Table{"": s.Table}
	for _, l := range s.Links {
		from, column := l.via()
		if reserved[l.Alias] || at[l.Alias] != nil {
			return fmt.Errorf("link %q: the alias is taken", l.Alias)
		}
		if at[from] == nil {
			return fmt.Errorf("link %s: there is no link %s before it", l.Alias, from)
		}
		if err := at[from].Refers(column, l.Table); err != nil {
			return fmt.Errorf("link %s: %w", l.Alias, err)
		}
		if err := known(l.Table, l.Columns...); err != nil {
			return fmt.Errorf("link %s: %w", l.Alias, err)
		}
		at[l.Alias] = l.Table
	}
	if err := known(s.Table, s.Stamps...); err != nil {
		return err
	}
	if _, ok := s.param(s.Asked); !ok && s.Asked != "" {
		return fmt.Errorf("its source %s has no parameter %s", s.Table.Name, s.Asked)
	}
	for _, p := range s.Params {
		if err := p.check(s.Table); err != nil {
			return fmt.Errorf("search parameter %s: %w", p.Name, err)
		}
	}
	return nil
}
