package table

import (
	"context"
	"fmt"
	"unicode/utf8"

	"github.com/openimis/openimis-be-go/internal/auth"
	"github.com/openimis/openimis-be-go/internal/db"
	"github.com/openimis/openimis-be-go/internal/fault"
	"github.com/openimis/openimis-be-go/internal/schema"
)

// How legacy rows are written (rules.md §0.1): each row carries who wrote it, and what there was stays as history. The
// tables are named as in the catalogue.

// Enter adds a row that its author signs, current from then on, and answers its key.
func Enter(ctx context.Context, tx *db.Tx, author auth.Author, table string, v db.Values) (int, error) {
	tab, audit, err := signed(table)
	if err != nil {
		return 0, err
	}
	v[audit], v[tab.ValidityFrom] = author.AuditUserID(), author.At
	return tx.Insert(ctx, table, v)
}

// Change keeps a row as it was and sets columns of the live one, which the author signs.
func Change(ctx context.Context, tx *db.Tx, author auth.Author, table string, key int, v db.Values) error {
	_, audit, err := signed(table)
	if err != nil {
		return err
	}
	if err := tx.Archive(ctx, table, author.At, []int{key}); err != nil {
		return err
	}
	v[audit] = author.AuditUserID()
	_, err = tx.Update(ctx, table, key, v)
	return err
}

// End keeps rows as they were and ends the live ones, which the author signs: the legacy delete.
func End(ctx context.Context, tx *db.Tx, author auth.Author, table string, keys ...int) error {
	if len(keys) == 0 {
		return nil
	}
	tab, audit, err := signed(table)
	if err != nil {
		return err
	}
	if err := tx.Archive(ctx, table, author.At, keys); err != nil {
		return err
	}
	_, err = tx.Exec(ctx, `UPDATE "`+tab.Name+`" SET "`+tab.ValidityTo+`" = ?, "`+audit+`" = ? WHERE "`+tab.PrimaryKey[0]+`" IN $ints(?)`,
		author.At, author.AuditUserID(), db.Ints(keys))
	return err
}

// signed finds a table that keeps history, and its column of who wrote a row.
func signed(table string) (tab *schema.Table, audit string, err error) {
	tab, ok := schema.Lookup(table)
	if ok && tab.ValidityFrom != "" && tab.ValidityTo != "" && len(tab.PrimaryKey) == 1 {
		if c, ok := tab.Column("AuditUserID"); ok {
			return tab, c.Name, nil
		}
	}
	return nil, "", fmt.Errorf("rows of %s are not signed or keep no history", table)
}

// Turn lets one transaction at a time give or change the codes of a table, for no constraint of the legacy tables keeps
// two rows from having the same. It locks the first row of the table.
func Turn(ctx context.Context, tx *db.Tx, table string) error {
	tab, ok := schema.Lookup(table)
	if !ok {
		return fmt.Errorf("the catalogue has no table %s", table)
	}
	var keys []int
	key := `t."` + tab.PrimaryKey[0] + `"`
	return tx.Select(ctx, &keys, `SELECT `+key+` FROM "`+tab.Name+`" t $updlock ORDER BY `+key+` $page(1, 0) $forupdate`)
}

// Taken says whether a current row other than self (0: none) has a business code, whoever may see it.
func (t *Table) Taken(ctx context.Context, q db.Query, code string, self int) (bool, error) {
	w := new(Where).And(t.Current("t")).And(t.CodeIs("t"), code).And(Col("t", t.Key)+" <> ?", self)
	var n int
	err := q.Get(ctx, &n, `SELECT COUNT(*) FROM "`+t.Name+`" AS t`+w.SQL(), w.Args()...)
	return n > 0, err
}

// Fit finds the first text that its column does not hold, of texts with field, column and text each. The error is about
// the field.
func Fit(q db.Query, table string, texts [][3]string) error {
	for _, t := range texts {
		field, text := t[0], t[2]
		if width := db.Width(q, table, t[1]); width != 0 && utf8.RuneCountInString(text) > width {
			return fault.Input(field, "%s has %d characters; at most %d are allowed.", field, utf8.RuneCountInString(text), width)
		}
	}
	return nil
}
