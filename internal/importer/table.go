package importer

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/openimis/openimis-be-go/internal/db"
	"github.com/openimis/openimis-be-go/internal/load"
	"github.com/openimis/openimis-be-go/internal/progress"
	"github.com/openimis/openimis-be-go/internal/schema"
)

// table is the loading of one file.
type table struct {
	tx      *db.Tx
	tab     *schema.Table
	version schema.Version
	file    string
	report  progress.Func

	of, read, written int
	leftOut           map[*schema.Column]int // rows with a value
	pending           map[string]*group
	waiting           int // rows in pending
	later             map[string]bool
	links             map[string][]link // by column
}

// group collects rows that have the same columns, so that the database's defaults apply to the others.
type group struct {
	cols []string
	rows []row
}

type row struct {
	line    int
	values  []any
	special db.Values // what bulk insertion cannot carry
}

// load writes all rows of the file.
func (t *table) load(ctx context.Context) error {
	var err error
	if t.of, err = count(t.file); err != nil {
		return err
	}
	t.leftOut, t.pending = map[*schema.Column]int{}, map[string]*group{}
	t.later, t.links = linked(t.tx, t.tab), map[string][]link{}
	absent := !t.tx.Offers(t.tab.Name, "")
	t.report(t.tab.Name, 0, t.of)
	err = lines(t.file, func(line int, text []byte) error {
		t.read++
		cols, r, err := t.parse(line, text)
		if err != nil || absent {
			return err
		}
		key := strings.Join(cols, " ")
		g := t.pending[key]
		if g == nil {
			g = &group{cols: cols}
			t.pending[key] = g
		}
		g.rows = append(g.rows, r)
		if t.waiting++; t.waiting < load.Batch {
			return nil
		}
		return t.flush(ctx)
	})
	if err != nil {
		return err
	}
	if err := t.flush(ctx); err != nil {
		return err
	}
	if absent {
		return nil
	}
	if err := load.Number(ctx, t.tx, t.tab); err != nil {
		return fmt.Errorf("number the rows of %s: %w", t.tab.Name, err)
	}
	return nil
}

// placed is an error with its place in the dump.
type placed struct {
	file   string
	line   int
	column string // empty: the whole line
	err    error
}

func (p *placed) Error() string {
	if p.column == "" {
		return fmt.Sprintf("%s:%d: %v", p.file, p.line, p.err)
	}
	return fmt.Sprintf("%s:%d: column %s: %v", p.file, p.line, p.column, p.err)
}

func (p *placed) Unwrap() error { return p.err }

// at names the place of an error, unless it has one.
func (t *table) at(line int, column string, err error) error {
	if known := (*placed)(nil); errors.As(err, &known) {
		return err
	}
	return &placed{filepath.Base(t.file), line, column, err}
}

// parse reads a row: the names of its columns in the catalogue's order, and their values.
func (t *table) parse(line int, text []byte) ([]string, row, error) {
	got := make(map[*schema.Column]any, len(t.tab.Columns))
	seen := make(map[*schema.Column]bool, len(t.tab.Columns))
	err := fields(text, func(name string, v any) error {
		c, ok := t.tab.Column(name)
		if !ok {
			return t.at(line, name, fmt.Errorf("table %s has no such column", t.tab.Name))
		}
		if seen[c] {
			return t.at(line, name, errors.New("the column is there twice"))
		}
		seen[c] = true
		if c.Type == schema.RowVersion || !t.tx.Offers(t.tab.Name, c.Name) {
			n := t.leftOut[c]
			if v != nil {
				n++
			}
			t.leftOut[c] = n
			return nil
		}
		if v == nil {
			return nil
		}
		x, err := value(t.spec(c), v)
		if err != nil {
			return t.at(line, name, err)
		}
		got[c] = x
		return nil
	})
	if err != nil {
		return nil, row{}, t.at(line, "", err)
	}
	return t.arrange(line, got, seen)
}

// arrange puts the values of a row in the catalogue's order, and apart what bulk insertion cannot carry and
// links to rows that may not be there yet. seen has the columns that the row names, those that are NULL
// too.
func (t *table) arrange(line int, got map[*schema.Column]any, seen map[*schema.Column]bool) (cols []string, r row, err error) {
	r.line = line
	var key any
	if len(t.later) > 0 {
		c, _ := t.tab.Column(t.tab.PrimaryKey[0])
		key = got[c]
	}
	for _, c := range t.tab.Columns {
		v, has := got[c]
		if has && key != nil && t.later[c.Name] {
			t.links[c.Name] = append(t.links[c.Name], link{line, key, v})
			v = nil
		}
		switch {
		case c.Type == schema.RowVersion:
		case has && t.special(c):
			if r.special == nil {
				r.special = db.Values{}
			}
			if b, isBit := v.(bool); isBit { // bit(1)
				v = map[bool]string{false: "0", true: "1"}[b]
			}
			r.special[c.Name] = v
		case has:
			cols = append(cols, c.Name)
			r.values = append(r.values, v)
		case !t.required(c):
			if seen[c] && t.spec(c).Nullable && !t.special(c) { // NULL, even where the database has a default
				cols = append(cols, c.Name)
				r.values = append(r.values, nil)
			}
		default:
			if v, ok := schema.Neutral(t.tab.Name, c.Name); ok {
				cols = append(cols, c.Name)
				r.values = append(r.values, v)
			} else if t.spec(c).Default == "" {
				return nil, r, t.at(line, c.Name, errors.New("the column is required and has no default"))
			}
		}
	}
	return cols, r, nil
}

// spec gives the attributes of a column in this database.
func (t *table) spec(c *schema.Column) schema.Spec {
	if spec, ok := c.At(t.version); ok {
		if spec.Default == "" {
			spec.Default = c.Default // internal/db gives it where PostgreSQL has none
		}
		return spec
	}
	return c.Spec
}

// required says whether a row must have a value that only the file, or a default, can give.
func (t *table) required(c *schema.Column) bool {
	return t.tx.Offers(t.tab.Name, c.Name) && !t.spec(c).Nullable && c.Type != schema.RowVersion && c.Name != t.tab.UUIDColumn
}

// special says whether a column's values cannot travel as the JSON of a bulk insertion: bytes,
// documents, and PostgreSQL's bit(1), which is not a boolean.
func (t *table) special(c *schema.Column) bool {
	return c.Type == schema.Binary || c.Type == schema.JSON ||
		t.tx.Dialect() == db.Postgres && c.Type == schema.Bit && c.Postgres != nil && c.Postgres.SQLType == "bit"
}

// flush writes the pending rows.
func (t *table) flush(ctx context.Context) error {
	keys := make([]string, 0, len(t.pending))
	for k := range t.pending {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	for _, k := range keys {
		if err := t.write(ctx, t.pending[k]); err != nil {
			return err
		}
	}
	clear(t.pending)
	t.waiting = 0
	if t.read > 0 {
		t.report(t.tab.Name, t.read, t.of)
	}
	return nil
}

// write inserts the rows of a group. When the database refuses them, they are tried one by one to
// find the line.
func (t *table) write(ctx context.Context, g *group) error {
	err := t.tx.Try(ctx, func() error { return t.insert(ctx, g.cols, g.rows) })
	if err == nil {
		t.written += len(g.rows)
		return nil
	}
	if ctx.Err() != nil {
		return err
	}
	for _, r := range g.rows {
		if one := t.tx.Try(ctx, func() error { return t.insert(ctx, g.cols, []row{r}) }); one != nil {
			return t.at(r.line, "", t.explain(one))
		}
	}
	return fmt.Errorf("%s:%d-%d: %w", filepath.Base(t.file), g.rows[0].line, g.rows[len(g.rows)-1].line, err)
}

// explain says in words what the database means.
func (t *table) explain(err error) error {
	if db.Kind(err) == db.ErrDuplicate {
		return fmt.Errorf("a row with this %s is there already: %w", strings.Join(t.tab.PrimaryKey, " and "), err)
	}
	return err
}

func (t *table) insert(ctx context.Context, cols []string, rows []row) error {
	if len(t.tab.PrimaryKey) == 0 && slices.ContainsFunc(rows, func(r row) bool { return r.special != nil }) {
		return t.insertWhole(ctx, cols, rows)
	}
	values := make([][]any, len(rows))
	for i, r := range rows {
		values[i] = r.values
	}
	if err := load.Insert(ctx, t.tx, t.tab, cols, values); err != nil {
		return err
	}
	key := -1
	if len(t.tab.PrimaryKey) == 1 {
		key = slices.Index(cols, t.tab.PrimaryKey[0])
	}
	for _, r := range rows {
		if r.special == nil {
			continue
		}
		if key < 0 {
			return fmt.Errorf("the row needs its %s", strings.Join(t.tab.PrimaryKey, " and "))
		}
		if _, err := t.tx.Update(ctx, t.tab.Name, r.values[key], r.special); err != nil {
			return err
		}
	}
	return nil
}

// insertWhole writes rows of a table without a key, which cannot be completed afterwards.
func (t *table) insertWhole(ctx context.Context, cols []string, rows []row) error {
	for _, r := range rows {
		names, args := slices.Clone(cols), slices.Clone(r.values)
		for _, c := range t.tab.Columns {
			if v, ok := r.special[c.Name]; ok {
				names, args = append(names, c.Name), append(args, v)
			}
		}
		marks := strings.TrimSuffix(strings.Repeat("?, ", len(names)), ", ")
		if _, err := t.tx.Exec(ctx, `INSERT INTO "`+t.tab.Name+`" ("`+strings.Join(names, `", "`)+`") VALUES (`+marks+`)`, args...); err != nil {
			return err
		}
	}
	return nil
}

// result says what became of the file.
func (t *table) result() TableReport {
	r := TableReport{Table: t.tab.Name, File: filepath.Base(t.file), Read: t.read, Written: t.written}
	if !t.tx.Offers(t.tab.Name, "") {
		r.LeftOut = []LeftOut{{"*", t.read, "this database does not have the table"}}
		return r
	}
	for _, c := range t.tab.Columns {
		n, out := t.leftOut[c]
		if !out {
			continue
		}
		why := "this database does not have the column"
		if c.Type == schema.RowVersion {
			why = "the database writes row versions itself"
		}
		r.LeftOut = append(r.LeftOut, LeftOut{c.Name, n, why})
	}
	return r
}
