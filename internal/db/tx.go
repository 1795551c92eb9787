package db

import (
	"context"
	"errors"
	"fmt"
	"sort"
	"strings"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/shopspring/decimal"

	"github.com/openimis/openimis-be-go/internal/schema"
)

// Values are the columns of a row to write, by their legacy names.
type Values map[string]any

// Tx is one transaction. It is a Query too; its reads see its writes.
type Tx struct {
	db     *DB
	tx     *sqlx.Tx
	failed error
	wrote  bool // rows were changed
	// changed are the tables whose rows were changed by helpers.
	changed map[string]bool
}

// Write runs fn in one transaction and commits when it returns nil. A transient failure (deadlock,
// lock time-out, lost connection before the commit, busy) rolls back and runs fn again, up to eight
// times; so fn must have no effect outside its Tx. A connection that is lost during the commit is not
// tried again: the error is ErrUnknown. what says for the log what is being written.
func (d *DB) Write(ctx context.Context, what string, fn func(tx *Tx) error) error {
	return d.retry(ctx, what, 8, func() error { return d.once(ctx, fn) })
}

func (d *DB) once(ctx context.Context, fn func(tx *Tx) error) (err error) {
	tx := &Tx{db: d}
	defer func() {
		d.writing.note(time.Now(), err, tx.wrote)
		if tx.wrote { // also where the outcome is unknown
			Follow(ctx)
		}
	}()
	inner, err := d.writer.BeginTxx(ctx, nil)
	if err != nil {
		return Describe(err, "BEGIN")
	}
	defer func() {
		if p := recover(); p != nil {
			_ = inner.Rollback()
			panic(p)
		}
		if err != nil {
			_ = inner.Rollback()
		}
	}()
	tx.tx = inner
	if err := fn(tx); err != nil {
		return err
	}
	if tx.failed != nil { // an error was swallowed: PostgreSQL would not commit it either
		return tx.failed
	}
	if err := ctx.Err(); err != nil { // known before COMMIT is sent: nothing will be saved
		return Describe(err, "COMMIT")
	}
	defer d.ended(tx)
	return describeCommit(inner.Commit())
}

// Dialect implements Query.
func (t *Tx) Dialect() Dialect { return t.db.dialect }

// Offers implements Query.
func (t *Tx) Offers(table, column string) bool { return t.db.Offers(table, column) }

// Select implements Query.
func (t *Tx) Select(ctx context.Context, dest any, src string, args ...any) error {
	text, conv, err := t.db.prepare(ctx, src, args)
	if err != nil {
		return err
	}
	defer timed(ctx, src, time.Now())
	return t.note(Describe(selectAll(ctx, t.tx, dest, text, conv), src))
}

// Get implements Query.
func (t *Tx) Get(ctx context.Context, dest any, src string, args ...any) error {
	text, conv, err := t.db.prepare(ctx, src, args)
	if err != nil {
		return err
	}
	defer timed(ctx, src, time.Now())
	return t.note(Describe(getOne(ctx, t.tx, dest, text, conv), src))
}

// Rows implements Query.
func (t *Tx) Rows(ctx context.Context, src string, args ...any) (*sqlx.Rows, error) {
	text, conv, err := t.db.prepare(ctx, src, args)
	if err != nil {
		return nil, err
	}
	defer timed(ctx, src, time.Now())
	rows, err := ask(ctx, t.tx, text, conv)
	return rows, t.note(Describe(err, src))
}

// Exec runs a statement that writes and returns how many rows it touched.
func (t *Tx) Exec(ctx context.Context, src string, args ...any) (int, error) {
	text, conv, err := t.db.prepare(ctx, src, args)
	if err != nil {
		return 0, err
	}
	defer timed(ctx, src, time.Now())
	res, err := t.tx.ExecContext(ctx, text, conv...)
	if err != nil {
		return 0, t.note(Describe(err, src))
	}
	n, err := res.RowsAffected()
	t.wrote = t.wrote || n > 0
	return int(n), err
}

// note remembers a failed statement, so that the transaction cannot commit after it.
func (t *Tx) note(err error) error {
	if err != nil && t.failed == nil && breaks(err) {
		t.failed = err
	}
	return err
}

// Try runs fn in a savepoint: when it fails, its writes are undone and the transaction goes on.
func (t *Tx) Try(ctx context.Context, fn func() error) error {
	save, undo, release := "SAVEPOINT imis_try", "ROLLBACK TO SAVEPOINT imis_try", "RELEASE SAVEPOINT imis_try"
	if t.db.dialect == SQLServer {
		save, undo, release = "SAVE TRANSACTION imis_try", "ROLLBACK TRANSACTION imis_try", ""
	}
	if _, err := t.tx.ExecContext(ctx, save); err != nil {
		return Describe(err, save)
	}
	before := t.failed
	err := fn()
	if err == nil {
		if release != "" {
			_, err = t.tx.ExecContext(ctx, release)
		}
		return err
	}
	if transient(err) {
		return err // the whole transaction is lost
	}
	if _, undoErr := t.tx.ExecContext(ctx, undo); undoErr != nil {
		return errors.Join(err, undoErr)
	}
	t.failed = before
	return err
}

// Insert adds one row and returns its identity (0 for a table without one). Columns that the database
// at hand does not offer are left out; a GUID column that is not given gets a new GUID, and a NOT NULL
// column with a catalogue default gets that default where the database has none of its own.
func (t *Tx) Insert(ctx context.Context, table string, v Values) (int, error) {
	tab, err := lookup(table)
	if err != nil {
		return 0, err
	}
	cols, args, err := t.columns(tab, t.complete(tab, v))
	if err != nil {
		return 0, err
	}
	marks := strings.TrimSuffix(strings.Repeat("?, ", len(cols)), ", ")
	src := `INSERT INTO "` + tab.Name + `" ("` + strings.Join(cols, `", "`) + `") `
	if tab.Identity == "" {
		_, err := t.Exec(ctx, src+"VALUES ("+marks+")", args...)
		return 0, err
	}
	if _, given := v[tab.Identity]; given {
		return 0, fmt.Errorf("insert into %s: the identity is the database's to give", tab.Name)
	}
	id, err := t.insertOne(ctx, tab, src, "VALUES ("+marks+")", args...)
	if err == nil {
		t.watch(ctx, Inserted, tab.Name, id)
	}
	return id, err
}

// insertOne runs INSERT of one row and returns its identity.
func (t *Tx) insertOne(ctx context.Context, tab *schema.Table, into, values string, args ...any) (int, error) {
	ids, err := t.inserted(ctx, tab, into, values, args...)
	if err != nil {
		return 0, err
	}
	if len(ids) != 1 {
		return 0, fmt.Errorf("insert into %s gave %d identities for one row", tab.Name, len(ids))
	}
	return ids[0], nil
}

// inserted runs an INSERT, in two parts between which SQL Server wants OUTPUT, and returns the identities in
// any order.
func (t *Tx) inserted(ctx context.Context, tab *schema.Table, into, rows string, args ...any) ([]int, error) {
	key := `"` + tab.Identity + `"`
	src := into + "$output(" + key + ") " + rows + " $returning(" + key + ")"
	text, conv, err := t.db.prepare(ctx, src, args)
	if err != nil {
		return nil, err
	}
	defer timed(ctx, src, time.Now())
	if t.db.hasTriggers(tab.Name) {
		text = throughTable(text, tab.Identity)
	}
	var ids []int
	err = t.note(Describe(selectAll(ctx, t.tx, &ids, text, conv), src))
	t.wrote = t.wrote || len(ids) > 0
	return ids, err
}

// Update sets columns of the row with the identity id. No row: sql.ErrNoRows is not raised; check the
// count where it matters.
func (t *Tx) Update(ctx context.Context, table string, id any, v Values) (int, error) {
	tab, err := lookup(table)
	if err != nil {
		return 0, err
	}
	cols, args, err := t.columns(tab, v)
	if err != nil || len(cols) == 0 {
		return 0, err
	}
	src := `UPDATE "` + tab.Name + `" SET "` + strings.Join(cols, `" = ?, "`) + `" = ? WHERE "` + tab.PrimaryKey[0] + `" = ?`
	n, err := t.Exec(ctx, src, append(args, t.typed(tab, tab.PrimaryKey[0], id))...)
	if key, ok := id.(int); ok && n > 0 {
		t.watch(ctx, Updated, tab.Name, key)
	}
	return n, err
}

func lookup(table string) (*schema.Table, error) {
	tab, ok := schema.Lookup(table)
	if !ok {
		return nil, fmt.Errorf("the catalogue has no table %q", table)
	}
	return tab, nil
}

// complete adds what an insert must not leave to the database.
func (t *Tx) complete(tab *schema.Table, v Values) Values {
	full := make(Values, len(v)+4)
	for k, x := range v {
		full[k] = x
	}
	for _, c := range tab.Columns {
		if _, given := full[c.Name]; given || c.Name == tab.Identity {
			continue
		}
		switch {
		case c.Type == schema.GUID && c.Name == tab.UUIDColumn:
			full[c.Name] = NewUUID()
		case t.db.dialect == Postgres && c.Postgres != nil && !c.Postgres.Nullable && c.Postgres.Default == "":
			if value, ok := t.defaultValue(c); ok {
				full[c.Name] = value
			} else if value, ok := schema.Neutral(tab.Name, c.Name); ok {
				full[c.Name] = value
			}
		}
	}
	return full
}

// defaultValue is the value of a legacy default, for PostgreSQL, whose columns have none.
func (t *Tx) defaultValue(c *schema.Column) (any, bool) {
	text := strings.Trim(c.Default, "()")
	switch {
	case c.Default == "":
		return nil, false
	case strings.EqualFold(text, "getdate"):
		return t.db.Now(), true
	case c.Type == schema.Bit:
		return text != "0", true
	case c.Type == schema.Text:
		return strings.Trim(strings.TrimPrefix(text, "N"), "'"), true
	}
	if n, err := decimal.NewFromString(text); err == nil {
		return n, true
	}
	return nil, false
}

// columns gives names and arguments in a fixed order, so that the text of the statement is stable.
func (t *Tx) columns(tab *schema.Table, v Values) (cols []string, args []any, err error) {
	for name := range v {
		if t.db.Offers(tab.Name, name) {
			cols = append(cols, name)
		}
	}
	sort.Strings(cols)
	for _, name := range cols {
		if c, ok := tab.Column(name); ok {
			if err := t.fits(tab, c, v[name]); err != nil {
				return nil, nil, err
			}
		}
		args = append(args, t.typed(tab, name, v[name]))
	}
	return cols, args, nil
}

// typed binds a value as its column's type wants it: dates as dates, NULLs with a type.
func (t *Tx) typed(tab *schema.Table, name string, v any) any {
	c, ok := tab.Column(name)
	if !ok {
		return v
	}
	switch c.Type {
	case schema.GUID:
		if djangoKey(tab, c) {
			switch x := v.(type) {
			case UUID:
				return DjangoUUID(x)
			case string:
				return DjangoUUID(x)
			case nil:
				return (*string)(nil)
			}
		}
	case schema.Date:
		switch x := v.(type) {
		case time.Time:
			return Date(x)
		case *time.Time:
			if x == nil {
				return (*Date)(nil)
			}
			return Date(*x)
		case nil:
			return (*Date)(nil)
		}
	case schema.DateTime, schema.SmallDateTime:
		if v == nil {
			return (*time.Time)(nil)
		}
	case schema.Int, schema.SmallInt, schema.TinyInt, schema.BigInt:
		if v == nil {
			return (*int)(nil)
		}
	case schema.Bit:
		if v == nil {
			return (*bool)(nil)
		}
	case schema.Binary: // the one type that SQL Server does not convert a NULL text to
		if v == nil {
			return []byte(nil)
		}
	}
	return v
}

// DDL runs a statement of the engine's own, as internal/schema makes them. Stores have no use for it.
func (t *Tx) DDL(ctx context.Context, text string) error {
	_, err := t.tx.ExecContext(ctx, text)
	return Describe(err, text)
}
