// Package importer loads dumps of an openIMIS database into an empty one: a folder with a JSON-lines
// file per table, <table>.jsonl or <table>.jsonl.gz, a JSON object per row with the columns by name.
// Start with [Import].
//
// Everything is one transaction: after a failure the database is as empty as before, and the import is
// simply started again. Rows keep their identities. Files may come from another release: a column that
// the catalogue knows and the database lacks is left out and reported; a required one that the file
// lacks gets its default. A table or column that nobody knows is an error. References between tables
// are taken as they are; the order of writing keeps the foreign keys that a legacy database enforces.
package importer

import (
	"context"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/openimis/openimis-be-go/internal/db"
	"github.com/openimis/openimis-be-go/internal/load"
	"github.com/openimis/openimis-be-go/internal/progress"
	"github.com/openimis/openimis-be-go/internal/schema"
)

// Report is what an import did.
type Report struct {
	Tables  []TableReport
	Cleared []string // tables whose rows, made by the scripts of the legacy database, gave way
}

// TableReport is about one file.
type TableReport struct {
	Table   string
	File    string
	Read    int // rows in the file
	Written int // rows in the database; 0 when it does not have the table
	LeftOut []LeftOut
}

// LeftOut is a column that was not written.
type LeftOut struct {
	Column string // "*": the whole table
	Rows   int    // rows that had a value there
	Why    string
}

// Import loads the folder dir into d, whose tables must exist and be empty, and tells report about every
// batch of rows. Errors name file, line and column. The database that the scripts of the legacy database
// make counts as empty: where a file brings a register that they fill, its rows take their place.
func Import(ctx context.Context, d *db.DB, dir string, report progress.Func) (Report, error) {
	files, err := list(dir)
	if err != nil {
		return Report{}, fmt.Errorf("import %s: %w", dir, err)
	}
	version := schema.Offered(d.Columns()).Version()
	if version == "" {
		return Report{}, fmt.Errorf("import %s: %s has no openIMIS tables; create them first", dir, d.Name())
	}
	for _, tab := range schema.OwnTables() {
		if f, ok := files[tab.Name]; ok && !d.Offers(tab.Name, "") {
			return Report{}, fmt.Errorf("import %s: %s is for a table that %s does not have yet: run `server migrate` first", dir, filepath.Base(f), d.Name())
		}
	}
	var done Report
	err = d.Write(ctx, "import", func(tx *db.Tx) error {
		done = Report{}
		var loaded []*table
		fresh, err := load.Fresh(ctx, tx)
		if err != nil {
			return err
		}
		if done.Cleared, err = clearFor(ctx, tx, files, fresh); err != nil {
			return err
		}
		for _, tab := range schema.Tables() {
			f, ok := files[tab.Name]
			if !ok {
				continue
			}
			t := &table{tx: tx, tab: tab, version: version, file: f, report: report}
			if err := t.load(ctx); err != nil {
				return err
			}
			done.Tables = append(done.Tables, t.result())
			loaded = append(loaded, t)
		}
		for _, t := range loaded {
			if err := t.link(ctx); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return Report{}, fmt.Errorf("import %s: %w", dir, err)
	}
	return done, nil
}

// clearFor empties those of the tables in fresh that a file brings, and those that refer to one: their rows
// would belong to other rows afterwards, a role to another user.
func clearFor(ctx context.Context, tx *db.Tx, files map[string]string, fresh []string) ([]string, error) {
	gone := map[string]bool{}
	for _, name := range fresh { // in creation order, so that what is referred to comes first
		tab, _ := schema.Lookup(name)
		_, gone[name] = files[name]
		for _, f := range tab.Foreign {
			gone[name] = gone[name] || gone[f.Table] && f.Table != name
		}
	}
	var cleared []string
	for _, name := range slices.Backward(fresh) {
		if !gone[name] {
			continue
		}
		if _, err := tx.Exec(ctx, `DELETE FROM "`+name+`"`); err != nil {
			return nil, fmt.Errorf("clear %s: %w", name, err)
		}
		cleared = append(cleared, name)
	}
	slices.Sort(cleared)
	return cleared, nil
}

// Print writes the report as `server import` shows it.
func (r Report) Print(w io.Writer) error {
	var b strings.Builder
	t := tabwriter.NewWriter(&b, 0, 4, 2, ' ', 0)
	fmt.Fprintln(t, "Table\tread\twritten\tleft out")
	rows := 0
	for _, table := range r.Tables {
		var out []string
		for _, l := range table.LeftOut {
			out = append(out, fmt.Sprintf("%s (%d values): %s", l.Column, l.Rows, l.Why))
		}
		fmt.Fprintf(t, "%s\t%d\t%d\t%s\n", table.Table, table.Read, table.Written, strings.Join(out, "; "))
		rows += table.Written
	}
	fmt.Fprintf(t, "%d tables\t\t%d\t\n", len(r.Tables), rows)
	_ = t.Flush() // into memory
	if len(r.Cleared) > 0 {
		fmt.Fprintf(&b, "Rows that the scripts of the legacy database had made gave way in: %s\n", strings.Join(r.Cleared, ", "))
	}
	_, err := io.WriteString(w, b.String())
	return err
}
