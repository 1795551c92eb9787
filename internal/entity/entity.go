// Package entity answers GraphQL selections over tables. A module describes its types as data (Type:
// which column a field is, which relations there are, who may see which rows); the package does the
// rest for all of them alike. Start with Type, then Engine.List.
//
// A request is executed in three steps: the selection is compiled to a plan (plan.go), the plan is
// loaded breadth-first (load.go), one statement for a list and one for each relation asked for,
// whatever the number of rows, and written to JSON (write.go). Row security is part of loading: every
// statement on a table with a Scope carries its condition, so no query, alias or nesting gets past it.
package entity

import (
	"time"

	"github.com/openimis/openimis-be-go/internal/auth"
	"github.com/openimis/openimis-be-go/internal/table"
)

// Type describes a GraphQL object type whose objects are rows of a table.
type Type struct {
	Name string // the GraphQL type, also in global ids
	// Table has the rows; its key is shown as id, and its scope decides who sees which.
	Table *table.Table
	// Relay says that id is a global id; otherwise it is the key as it is.
	Relay bool
	// Columns maps fields to columns. How a value looks follows from the field's GraphQL type.
	Columns map[string]string
	// NullFalse are Boolean fields that are false where the column is NULL.
	NullFalse []string
	// NullKept are fields that the contract says are never null, and that are null all the same where the
	// column is: a row with one gap is worth more to clients than none.
	NullKept []string
	// Computed are fields made from one column.
	Computed map[string]Computed
	One      map[string]One
	Many     map[string]Many
	// Filters are further names that arguments may compare: name → column.
	Filters map[string]string
	// Access is who may ask for the type, at the root or through a relation.
	Access auth.Access
	// Order sorts lists that ask for no order, as column names; default the key.
	Order []string
}

// One is a relation to at most one row.
type One struct {
	To *Type
	// Column is the foreign key in the own table; or
	Column string
	// Reverse is the foreign key in To's table that holds the own key.
	Reverse string
	// Open grants the target to whoever sees the row itself: the scope of To does not apply. For
	// registers, and for the patient of a claim that may be seen.
	Open bool
	// Access replaces the access of To.
	Access *auth.Access
}

// Many is a relation to the rows whose Column holds the own key.
type Many struct {
	To     *Type
	Column string
	// Open and Access as in One.
	Open   bool
	Access *auth.Access
}

// Computed is a field made from a column of the row.
type Computed struct {
	Column string
	// Int makes the value of an Int field from a date; nil when there is none.
	Int func(now time.Time, date time.Time) *int
}

// Extension adds relations to a type: of the own module, where types refer to each other in circles, or
// of an earlier one.
type Extension struct {
	Type *Type
	One  map[string]One
	Many map[string]Many
}

// Model is what a module contributes.
type Model struct {
	Types      []*Type
	Extensions []Extension
}
