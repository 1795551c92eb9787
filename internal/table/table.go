// Package table describes legacy tables once: what a module says of a table in its table.go, completed by
// the catalogue (internal/schema). GraphQL entities, FHIR resources, statements in stores and the check at
// start (Needs) refer to the same value. Start with Table and New; where.go builds conditions.
//
// A description names no other description, so that tables may refer to each other in circles: which
// table a column points at is a fact of the catalogue, found by Target.
package table

import (
	"fmt"
	"strings"

	"github.com/openimis/openimis-be-go/internal/auth"
	"github.com/openimis/openimis-be-go/internal/db"
	"github.com/openimis/openimis-be-go/internal/schema"
)

// Scope gives the condition on rows of a table (as alias) that s may see; "" means all.
type Scope func(s auth.Scope, alias string) (where string, args []any)

// Table is one table of the database.
type Table struct {
	Name string
	// Code is the column of the business code that people know a row by; "" when there is none.
	Code string
	// CodeOf is the table whose code the rows are known by, where they have none of their own: a family by
	// the number of its head. CodeVia is the column that refers to it.
	CodeOf  *Table
	CodeVia string
	// Why says what the module uses the table for; it ends the sentence "… is missing: …".
	Why string
	// Columns are required beside the key and the code; Optional ones change behaviour where a database
	// lacks them, as WhyOptional says.
	Columns     []string
	Optional    []string
	WhyOptional string

	// Scope is row security. nil means that every row may be seen by who has access at all: registers.
	Scope Scope
	// ScopeEach is the same condition for statements that look at few rows, such as a page: it looks each
	// of them up, where Scope may begin with all that is in reach. nil: Scope serves for both.
	ScopeEach Scope
	// EachUpTo is the row of a list up to which pages are such statements; 0: all pages.
	EachUpTo int
	// AllWith is the right with which every row may be seen, whatever the scope; 0: none.
	AllWith int
	// Behind is the table whose rows FHIR lists first where the rows of two are one list. Where ids are numbers, those of
	// the rows begin with IDPrefix, for the numbers alone are the ids of the first.
	Behind   *Table
	IDPrefix string

	// New fills these from the catalogue.
	Key     string // the primary key
	TextKey bool   // it is a text (codes, GUIDs) and no integer
	UUID    string // the GUID that clients know a row by; databases before 1.4 lack it. "" when there is none
	From    string // ValidityFrom; "" when the table keeps no history
	To      string // ValidityTo, NULL in current rows
	Live    string // LegacyID: in a row of history, the key of the live one

	catalogue *schema.Table
}

// New completes a description. It panics on a name that the catalogue does not know: a description is
// written by a programmer, and a wrong one must not start.
func New(t Table) *Table {
	tab, ok := schema.Lookup(t.Name)
	if !ok {
		panic(fmt.Sprintf("table %s: the catalogue has no such table", t.Name))
	}
	t.catalogue, t.UUID = tab, tab.UUIDColumn
	if len(tab.PrimaryKey) > 0 && t.Key == "" {
		t.Key = tab.PrimaryKey[0]
	}
	t.From, t.To, t.Live = tab.ValidityFrom, tab.ValidityTo, tab.LegacyIDColumn
	for _, list := range [][]string{{t.Key}, {t.Code}, t.Columns, t.Optional} {
		for _, name := range list {
			if _, ok := tab.Column(name); !ok && name != "" {
				panic(fmt.Sprintf("table %s: the catalogue has no column %q", t.Name, name))
			}
		}
	}
	key, _ := tab.Column(t.Key)
	if key == nil {
		panic(fmt.Sprintf("table %s: it has no primary key; say which column is it", t.Name))
	}
	if t.CodeOf != nil {
		if err := t.Refers(t.CodeVia, t.CodeOf); err != nil {
			panic(err.Error())
		}
	}
	t.TextKey = key.Type == schema.Text || key.Type == schema.GUID
	return &t
}

// Catalogue is what the catalogue says of the table.
func (t *Table) Catalogue() *schema.Table { return t.catalogue }

// HasUUID says whether the database at hand has the table's UUIDs.
func (t *Table) HasUUID(q db.Query) bool { return t.UUID != "" && q.Offers(t.Name, t.UUID) }

// Second describes the same rows as the second of a list; see Behind.
func (t *Table) Second(behind *Table, prefix string) *Table {
	second := *t
	second.Behind, second.IDPrefix = behind, prefix
	return &second
}

// Prefix is what ids of the rows have before the number in the database at hand; "" where they are UUIDs.
func (t *Table) Prefix(q db.Query) string {
	if t.HasUUID(q) {
		return ""
	}
	return t.IDPrefix
}

// Target is the table whose key a column holds; not ok: the column is not a foreign key.
func (t *Table) Target(column string) (name string, ok bool) {
	for _, f := range t.catalogue.Foreign {
		if strings.EqualFold(f.Column, column) {
			return f.Table, true
		}
	}
	return "", false
}

// Refers says whether a column may hold the key of another table: it is a foreign key to it, or one that
// the catalogue knows nothing of.
func (t *Table) Refers(column string, to *Table) error {
	if _, ok := t.catalogue.Column(column); !ok {
		return fmt.Errorf("table %s has no column %s", t.Name, column)
	}
	if name, ok := t.Target(column); ok && !strings.EqualFold(name, to.Name) {
		return fmt.Errorf("%s.%s refers to %s, not to %s", t.Name, column, name, to.Name)
	}
	return nil
}

// Col is a column of the rows with an alias.
func Col(alias, column string) string { return alias + `."` + column + `"` }

// Current is the condition that a row is current; "" where the table keeps no history.
func (t *Table) Current(alias string) string {
	if t.To == "" {
		return ""
	}
	return Col(alias, t.To) + " IS NULL"
}

// HasCode says whether the rows are known by a business code.
func (t *Table) HasCode() bool { return t.Code != "" || t.CodeOf != nil }

// CodeIs is the condition that the business code of a row is the one argument; the table must have one.
func (t *Table) CodeIs(alias string) string {
	if t.Code != "" {
		return "$eq(" + Col(alias, t.Code) + ", ?)"
	}
	var w Where
	w.And(t.CodeOf.Current("coded")).And("$eq(" + Col("coded", t.CodeOf.Code) + ", ?)")
	return Col(alias, t.CodeVia) + " IN (SELECT " + Col("coded", t.CodeOf.Key) + ` FROM "` + t.CodeOf.Name + `" AS coded` + w.SQL() + ")"
}

// CodeColumn is the expression of the business code of a row, "" when there is none.
func (t *Table) CodeColumn(alias string) string {
	switch {
	case t.Code != "":
		return Col(alias, t.Code)
	case t.CodeOf != nil:
		return "(SELECT " + Col("coded", t.CodeOf.Code) + ` FROM "` + t.CodeOf.Name + `" AS coded WHERE ` + Col("coded", t.CodeOf.Key) + " = " + Col(alias, t.CodeVia) + ")"
	}
	return ""
}

// Needs lists what a module needs of its tables, for the check at start.
func Needs(tables ...*Table) []schema.Need {
	var needs []schema.Need
	for _, t := range tables {
		columns := []string{t.Key}
		for _, name := range append([]string{t.Code}, t.Columns...) {
			if name != "" {
				columns = append(columns, name)
			}
		}
		if t.To != "" {
			columns = append(columns, t.To)
		}
		needs = append(needs, schema.Need{Table: t.Name, Columns: columns, Why: t.Why})
		if t.UUID != "" {
			needs = append(needs, schema.Need{Table: t.Name, Columns: []string{t.UUID}, Optional: true, Why: "without it FHIR ids are numbers"})
		}
		if len(t.Optional) > 0 {
			needs = append(needs, schema.Need{Table: t.Name, Columns: t.Optional, Optional: true, Why: t.WhyOptional})
		}
	}
	return needs
}
