package importer

import (
	"context"

	"github.com/openimis/openimis-be-go/internal/db"
	"github.com/openimis/openimis-be-go/internal/schema"
)

// link is a reference that is written when all rows are there.
type link struct {
	line       int
	key, value any
}

// linked gives the columns of a table that may refer to rows which come later: of the same table, or of
// one whose key the legacy schema does not check but an installation may. The embedded database enforces
// no foreign keys.
func linked(tx *db.Tx, tab *schema.Table) map[string]bool {
	cols := map[string]bool{}
	if tx.Dialect() == db.SQLite || len(tab.PrimaryKey) != 1 {
		return cols
	}
	for _, f := range tab.Foreign {
		if c, ok := tab.Column(f.Column); ok && c.Nullable && (f.Table == tab.Name || f.Unchecked) {
			cols[c.Name] = true
		}
	}
	return cols
}

// link writes the references that load kept back. When the database refuses them, they are tried one by
// one to find the line.
func (t *table) link(ctx context.Context) error {
	for _, c := range t.tab.Columns {
		links := t.links[c.Name]
		if len(links) == 0 {
			continue
		}
		rows := make([][]any, len(links))
		for i, l := range links {
			rows[i] = []any{l.key, l.value}
		}
		update := func(rows [][]any) error {
			return t.tx.Try(ctx, func() error {
				_, err := t.tx.BulkUpdate(ctx, t.tab.Name, []string{t.tab.PrimaryKey[0], c.Name}, rows)
				return err
			})
		}
		err := update(rows)
		if err == nil {
			continue
		}
		for i, l := range links {
			if ctx.Err() != nil {
				break
			}
			if one := update(rows[i : i+1]); one != nil {
				return t.at(l.line, c.Name, one)
			}
		}
		return err
	}
	return nil
}
