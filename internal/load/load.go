// Package load writes rows that bring their own identities into an empty database. It is what
// internal/importer (dumps) and internal/seed (synthetic data) share: [Empty] refuses a database that
// is in use, [Insert] writes a batch, [Number] lets the database number on after the last row.
package load

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/openimis/openimis-be-go/internal/db"
	"github.com/openimis/openimis-be-go/internal/schema"
)

// Batch is how many rows one statement carries.
const Batch = 2000

// running lists the tables that a server writes by itself when it starts, so that their rows do not
// make a database one that is in use.
var running = []string{"imis_lease", "imis_secret", "imis_audit"}

// Empty says, by an error that names them, which tables have rows already.
func Empty(ctx context.Context, q db.Query) error {
	filled, err := filled(ctx, q)
	if err != nil {
		return err
	}
	return inUse(filled)
}

// registers are the tables that the scripts of the legacy database fill when they make an empty one. Of some
// they fill so few rows that more of them are somebody's: the administrator, and a region and a district
// (with those of the funding, four places) that are not real ones.
var registers = map[string]int{"tblCeilingInterpretation": 0, "tblConfirmationTypes": 0, "tblControls": 0, "tblEducations": 0, "tblFamilyTypes": 0,
	"tblGender": 0, "tblHFSublevel": 0, "tblIMISDefaults": 0, "tblIMISDefaultsPhone": 0, "tblIdentificationTypes": 0, "tblLanguages": 0,
	"tblLegalForms": 0, "tblPayerType": 0, "tblProfessions": 0, "tblRelations": 0, "tblRole": 0, "tblRoleRight": 0,
	"tblUsers": 1, "tblUserRole": 20, "tblUsersDistricts": 4, "tblLocations": 4}

// Fresh lists the tables of an empty database that the scripts of the legacy database have filled, in
// creation order; an error names those whose rows are somebody's.
func Fresh(ctx context.Context, q db.Query) ([]string, error) {
	all, err := filled(ctx, q)
	if err != nil {
		return nil, err
	}
	var fresh, used []string
	for _, t := range all {
		most, register := registers[t]
		if register && most > 0 {
			var n int
			if err := q.Get(ctx, &n, `SELECT COUNT(*) FROM "`+t+`"`); err != nil {
				return nil, err
			}
			register = n <= most
		}
		if register {
			fresh = append(fresh, t)
		} else {
			used = append(used, t)
		}
	}
	return fresh, inUse(used)
}

// filled lists the tables that have rows, in creation order.
func filled(ctx context.Context, q db.Query) (list []string, err error) {
	for _, t := range schema.Tables() {
		if !q.Offers(t.Name, "") || slices.Contains(running, t.Name) {
			continue
		}
		var has int
		src := `SELECT CASE WHEN EXISTS (SELECT 1 FROM "` + t.Name + `") THEN 1 ELSE 0 END`
		if err := q.Get(ctx, &has, src); err != nil {
			return nil, err
		}
		if has == 1 {
			list = append(list, t.Name)
		}
	}
	return list, nil
}

func inUse(filled []string) error {
	if len(filled) == 0 {
		return nil
	}
	more := ""
	if len(filled) > 5 {
		more = fmt.Sprintf(" and %d more", len(filled)-5)
		filled = filled[:5]
	}
	return fmt.Errorf("the database must be empty, but these tables have rows: %s%s", strings.Join(filled, ", "), more)
}

// Insert writes rows with the identities that they bring; cols names the values of each row. Between
// two calls no other table of the connection may be in the middle of one.
func Insert(ctx context.Context, tx *db.Tx, tab *schema.Table, cols []string, rows [][]any) error {
	switch {
	case tx.Dialect() == db.SQLite:
		return insertValues(ctx, tx, tab, cols, rows)
	case tx.Dialect() != db.SQLServer || tab.Identity == "" || !slices.Contains(cols, tab.Identity):
		_, err := tx.BulkInsert(ctx, tab.Name, cols, rows)
		return err
	}
	if err := tx.DDL(ctx, `SET IDENTITY_INSERT "`+tab.Name+`" ON`); err != nil {
		return err
	}
	if _, err := tx.BulkInsert(ctx, tab.Name, cols, rows); err != nil {
		return err
	}
	return tx.DDL(ctx, `SET IDENTITY_INSERT "`+tab.Name+`" OFF`)
}

// insertValues inserts by parameters, with a statement that is compiled once: on SQLite several times as fast as the
// JSON of a bulk insertion. Its databases have all defaults themselves.
func insertValues(ctx context.Context, tx *db.Tx, tab *schema.Table, cols []string, rows [][]any) error {
	var keep []int
	var names []string
	var dates []bool
	for i, name := range cols {
		if c, ok := tab.Column(name); ok && tx.Offers(tab.Name, name) {
			keep, names, dates = append(keep, i), append(names, name), append(dates, c.Type == schema.Date)
		}
	}
	marks := strings.TrimSuffix(strings.Repeat("?, ", len(names)), ", ")
	args := make([]any, len(keep))
	return tx.Repeat(ctx, `INSERT INTO "`+tab.Name+`" ("`+strings.Join(names, `", "`)+`") VALUES (`+marks+`)`, len(rows), func(i int) []any {
		for j, k := range keep {
			args[j] = rows[i][k]
			if t, ok := args[j].(time.Time); ok && dates[j] {
				args[j] = db.Date(t)
			}
		}
		return args
	})
}

// Number makes the database number new rows of a table after the greatest identity. SQLite and SQL
// Server do so by themselves.
func Number(ctx context.Context, tx *db.Tx, tab *schema.Table) error {
	if tx.Dialect() != db.Postgres || tab.Identity == "" {
		return nil
	}
	key, _ := tab.Column(tab.Identity)
	name := key.NameOn(schema.Postgres)
	return tx.DDL(ctx, fmt.Sprintf(`SELECT setval(pg_get_serial_sequence('"%s"', '%s'), (SELECT COALESCE(MAX("%s"), 0) + 1 FROM "%s"), false)`,
		tab.Name, name, name, tab.Name))
}
