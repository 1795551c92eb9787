package db

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/openimis/openimis-be-go/internal/schema"
)

// Archive keeps history the legacy way (rules.md §0.1): it inserts a copy of each row as it is now,
// with ValidityTo = now and LegacyID = the row's id, and gives the live rows ValidityFrom = now. Call
// it before changing live rows. One statement for the copies and one for the live rows, whatever
// their number.
func (t *Tx) Archive(ctx context.Context, table string, now time.Time, ids []int) error {
	if len(ids) == 0 {
		return nil
	}
	tab, err := history(table)
	if err != nil {
		return err
	}
	var into, from []string
	for _, c := range tab.Columns {
		if c.Name == tab.Identity || c.Type == schema.RowVersion || !t.db.Offers(tab.Name, c.Name) {
			continue
		}
		into = append(into, `"`+c.Name+`"`)
		switch c.Name {
		case tab.ValidityTo:
			from = append(from, "?")
		case tab.LegacyIDColumn:
			from = append(from, `"`+tab.Identity+`"`)
		case tab.UUIDColumn:
			from = append(from, "$newuuid")
		default:
			from = append(from, `"`+c.Name+`"`)
		}
	}
	src := `INSERT INTO "` + tab.Name + `" (` + strings.Join(into, ", ") + `) SELECT ` + strings.Join(from, ", ") +
		` FROM "` + tab.Name + `" WHERE "` + tab.Identity + `" IN $ints(?)`
	if _, err := t.Exec(ctx, src, now, Ints(ids)); err != nil {
		return fmt.Errorf("archive rows of %s: %w", tab.Name, err)
	}
	t.watch(ctx, Updated, tab.Name, ids...)
	_, err = t.Exec(ctx, `UPDATE "`+tab.Name+`" SET "`+tab.ValidityFrom+`" = ? WHERE "`+tab.Identity+`" IN $ints(?)`, now, Ints(ids))
	return err
}

// Close ends live rows: ValidityTo = now. With Archive before it, it is the legacy logical delete.
func (t *Tx) Close(ctx context.Context, table string, now time.Time, ids []int) error {
	if len(ids) == 0 {
		return nil
	}
	tab, err := history(table)
	if err != nil {
		return err
	}
	t.watch(ctx, Closed, tab.Name, ids...)
	_, err = t.Exec(ctx, `UPDATE "`+tab.Name+`" SET "`+tab.ValidityTo+`" = ? WHERE "`+tab.Identity+`" IN $ints(?) AND "`+tab.ValidityTo+`" IS NULL`, now, Ints(ids))
	return err
}

func history(table string) (*schema.Table, error) {
	tab, err := lookup(table)
	if err != nil {
		return nil, err
	}
	if !tab.History {
		return nil, fmt.Errorf("table %s keeps no history", tab.Name)
	}
	return tab, nil
}
