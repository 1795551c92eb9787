package entity

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/openimis/openimis-be-go/internal/audit"
	"github.com/openimis/openimis-be-go/internal/auth"
	"github.com/openimis/openimis-be-go/internal/db"
	"github.com/openimis/openimis-be-go/internal/relay"
)

// key is a primary or foreign key of either kind.
type key struct {
	n    int64
	s    string
	null bool
}

// rows is what one statement brought: for each row its keys and, as places in the arena, its columns.
type rows struct {
	n     int
	keys  []key  // n × len(plan.keys)
	cells []span // n × len(plan.columns)
}

// span is a value, already written as JSON, in the arena; empty is null.
type span struct{ from, to int32 }

// group is the part of a list that belongs to one parent.
type group struct {
	from, to int32 // rows of the node's table
	start    int   // offset of the first row in the whole list
	more     bool  // there are rows after the last
	total    int
	window   relay.Window
}

// loader loads the plans of one root field.
type loader struct {
	query    db.Query
	now      time.Time
	listCap  int
	spelling *Spelling
	budget   *budget
	arena    []byte
	reg      *Registry
	marks    *marks
	tries    *tries
	// principal decides what relations show.
	principal *auth.Principal
}

// list loads a list and what its nodes need. parents are the keys of the parent rows, nil at the root.
func (l *loader) list(ctx context.Context, m *manyPlan, parents []key) error {
	node := m.node
	if m.conn != nil {
		node = m.conn.node
	}
	q := m.query
	if node.typ.live != "" && !q.history {
		q.where.And(fmt.Sprintf(`t."%s" IS NULL`, node.typ.live))
	}
	if !m.rel.Open {
		q.restrict(node.typ, "t")
	}
	var err error
	if parents == nil {
		err = l.rootList(ctx, m, node)
	} else {
		err = l.childLists(ctx, m, node, parents)
	}
	if err != nil {
		return err
	}
	return l.relations(ctx, node)
}

// rootList loads the list of a root field. The length of the list is counted only when it is asked for
// and the page does not tell it: a page that reaches the end does.
func (l *loader) rootList(ctx context.Context, m *manyPlan, node *plan) error {
	w := m.args.Window(l.listCap)
	g := group{total: -1}
	if w.NeedTotal {
		if err := l.count(ctx, m, &g); err != nil {
			return err
		}
		w = w.Resolve(g.total)
	}
	g.window, g.start = w, w.Start
	if m.conn == nil || m.conn.needRows {
		if err := l.page(ctx, m, node, &g); err != nil {
			return err
		}
	}
	if g.total < 0 && m.conn != nil && m.conn.needTotal {
		if err := l.count(ctx, m, &g); err != nil {
			return err
		}
	}
	m.groups = []group{g}
	return nil
}

// page loads the rows of a root list's window.
func (l *loader) page(ctx context.Context, m *manyPlan, node *plan, g *group) error {
	w, q := g.window, *m.query
	few := func(looked int) bool {
		return q.few || node.typ.Table.EachUpTo == 0 || looked <= node.typ.Table.EachUpTo
	}
	where, args := q.conditions(few(w.End))
	src := "SELECT " + node.selectList() + " FROM " + q.from()
	skip, list, marked := w.Start, "", false
	if w.Start >= markFrom || w.End >= markFrom {
		list, marked = q.markable(q.from()+where, args)
	}
	if k, ok := l.marks.before(list, w.Start, time.Now()); ok {
		skip -= k.offset
		q.where = *q.where.Clone().And(fmt.Sprintf(`t."%s" > ?`, node.typ.Key), k.after)
		where, args = q.conditions(few(w.End - k.offset))
	}
	limit := w.End - w.Start
	// one row more tells whether there is a next page
	src += where + " ORDER BY " + strings.Join(q.order, ", ") + " $page(?, ?)"
	if err := l.scan(ctx, node, src, append(args, limit+1, skip), nil); err != nil {
		return err
	}
	n := node.table.n
	g.more = n > limit
	g.to = int32(min(n, limit))
	node.shown(ctx, 0, int(g.to))
	if !g.more && skip == w.Start && (n > 0 || w.Start == 0) {
		g.total = w.Start + n
	}
	if marked && g.to > 0 {
		keys, now := node.column0(), time.Now()
		l.marks.set(list, mark{w.Start, keys[0].n - 1, now})
		l.marks.set(list, mark{w.Start + int(g.to), keys[g.to-1].n, now})
	}
	return nil
}

// count asks for the length of a root list.
func (l *loader) count(ctx context.Context, m *manyPlan, g *group) error {
	if err := l.budget.statement(); err != nil {
		return err
	}
	where, args := m.query.conditions(m.query.few)
	return l.query.Get(ctx, &g.total, "SELECT COUNT(*) FROM "+m.query.from()+where, args...)
}

// childLists loads the lists of all parents with one statement, each cut to its page by a window
// function, and their lengths with another when they are asked for.
func (l *loader) childLists(ctx context.Context, m *manyPlan, node *plan, parents []key) error {
	m.groups = make([]group, len(parents))
	fk := `t."` + m.rel.Column + `"`
	text := m.rel.textKey(node)
	if text {
		fk = "$ci(" + fk + ")"
	}
	in, arg := inKeys(parents, text)
	own := *m.query // without the parents
	own.where = *own.where.Clone()
	q := m.query
	q.where.Before(fk+" IN "+in, arg)
	w := m.args.Window(l.listCap)
	index := map[key][]int{}
	for i, p := range parents {
		m.groups[i] = group{window: w, start: w.Start, total: -1}
		if !p.null {
			index[p.folded()] = append(index[p.folded()], i)
		}
	}
	if m.conn != nil && (m.conn.needTotal || w.NeedTotal) {
		if err := l.childTotals(ctx, m, fk, index); err != nil {
			return err
		}
		for i := range m.groups {
			g := &m.groups[i]
			g.window = w.Resolve(g.total)
			g.start = g.window.Start
		}
	}
	if m.conn != nil && !m.conn.needRows || len(index) == 0 {
		return nil
	}
	var owners []key
	if err := l.children(ctx, m, own, fk, index, &owners); err != nil {
		return err
	}
	for from := 0; from < len(owners); {
		to := from
		for to < len(owners) && owners[to].folded() == owners[from].folded() {
			to++
		}
		for _, i := range index[owners[from].folded()] {
			g := &m.groups[i]
			g.from, g.to = int32(from), int32(to)
			if m.conn != nil {
				if limit := g.window.End - g.window.Start; to-from > limit {
					g.more, g.to = true, int32(from+limit)
				}
			}
			node.shown(ctx, int(g.from), int(g.to))
		}
		from = to
	}
	return nil
}

// children loads the rows of all parents' lists, with those of each parent one after another. own is the query
// without the parents.
func (l *loader) children(ctx context.Context, m *manyPlan, own query, fk string, index map[key][]int, owners *[]key) error {
	if m.conn == nil {
		conditions, args := m.query.conditions(true)
		src := "SELECT " + m.node.selectList() + ", " + fk + ` AS "imis_fk" FROM ` + m.query.from() + conditions + " ORDER BY " + fk + ", " + strings.Join(m.query.order, ", ") + " $page(?, ?)"
		return l.scan(ctx, m.node, src, append(args, l.budget.rowsLeft()+1, 0), owners)
	}
	w := m.args.Window(l.listCap)
	possible := []way{ranked}
	if len(own.scopes) > 0 {
		possible = append(possible, rankedInReach)
	}
	if len(index) <= mostPaged && !own.random {
		possible = append(possible, paged)
		if len(index) <= soonPaged { // as quick where there are few children
			possible[0], possible[len(possible)-1] = paged, ranked
		}
	}
	kind := own.kindOfList("page", m.rel.Column, len(index), w.End-w.Start)
	chosen := l.tries.choose(kind, possible)
	src, args := "", []any(nil)
	if chosen == paged {
		src, args = m.pages(own, fk, index)
	} else {
		src, args = m.ranked(fk, w, chosen == ranked)
	}
	began := time.Now()
	err := l.scan(ctx, m.conn.node, src, args, owners)
	l.tries.took(kind, chosen, time.Since(began))
	return err
}

// A page for each parent is possible for at most mostPaged, and the first way for up to soonPaged.
const (
	mostPaged = 128
	soonPaged = 2
)

// ranked numbers the children of each parent and cuts the page out.
func (m *manyPlan) ranked(fk string, w relay.Window, each bool) (string, []any) {
	q, node := m.query, m.conn.node
	conditions, args := q.conditions(each)
	count := ""
	where := `x."imis_n" > ? AND x."imis_n" <= ?`
	switch {
	case w.NeedTotal: // the last rows of every list
		count = ", COUNT(*) OVER (PARTITION BY " + fk + `) AS "imis_c"`
		where += ` AND x."imis_n" > CASE WHEN x."imis_c" < ? THEN x."imis_c" ELSE ? END - ?`
		args = append(args, w.Start, w.End, w.End, w.End, w.Back)
	default:
		args = append(args, w.Start, w.End+1)
	}
	return "SELECT " + node.outerList() + `, x."imis_fk" FROM (SELECT ` + node.selectList() + ", " + fk + ` AS "imis_fk", ROW_NUMBER() OVER (PARTITION BY ` + fk + " ORDER BY " +
		strings.Join(q.order, ", ") + `) AS "imis_n"` + count + " FROM " + q.from() + conditions + ") AS x WHERE " + where +
		` ORDER BY x."imis_fk", x."imis_n"`, args
}

// pages asks for the page of each parent, side by side. The lengths of the lists are known where their pages
// depend on them.
func (m *manyPlan) pages(own query, fk string, index map[key][]int) (string, []any) {
	node := m.conn.node
	parents := slices.SortedFunc(maps.Keys(index), key.compare)
	is := fk + " = ?"
	if m.rel.textKey(node) {
		is = `$eq(t."` + m.rel.Column + `", ?)`
	}
	sorted, outer := "", `x."imis_p"`
	for i, o := range own.order {
		expr, down := strings.CutSuffix(o, " DESC")
		sorted += fmt.Sprintf(`, %s AS "o%d"`, expr, i)
		outer += fmt.Sprintf(`, x."o%d"`, i)
		if down {
			outer += " DESC"
		}
	}
	var b strings.Builder
	var args []any
	b.WriteString("SELECT " + node.outerList() + `, x."imis_fk" FROM (`)
	for i, p := range parents {
		var parent any = int(p.n)
		if m.rel.textKey(node) {
			parent = p.text()
		}
		q := own
		q.where = *own.where.Clone().Before(is, parent)
		conditions, more := q.conditions(true)
		if i > 0 {
			b.WriteString(" UNION ALL ")
		}
		n := strconv.Itoa(i)
		b.WriteString("SELECT * FROM (SELECT " + node.selectList() + ", " + fk + ` AS "imis_fk", ` + n + ` AS "imis_p"` + sorted + " FROM " + q.from() + conditions +
			" ORDER BY " + strings.Join(q.order, ", ") + ` $page(?, ?)) AS "p` + n + `"`)
		g := m.groups[index[p][0]].window
		args = append(append(args, more...), max(0, g.End-g.Start)+1, g.Start)
	}
	b.WriteString(") AS x ORDER BY " + outer)
	return b.String(), args
}

// compare orders keys.
func (k key) compare(o key) int { return cmp.Or(cmp.Compare(k.n, o.n), strings.Compare(k.s, o.s)) }

// textKey says whether the foreign key of the relation is a text.
func (m Many) textKey(node *plan) bool {
	if c, ok := node.typ.table.Column(m.Column); ok {
		return kindOfColumn(c) == kindText
	}
	return false
}

func (l *loader) childTotals(ctx context.Context, m *manyPlan, fk string, index map[key][]int) error {
	for i := range m.groups {
		m.groups[i].total = 0
	}
	if err := l.budget.statement(); err != nil {
		return err
	}
	possible := []way{ranked}
	if len(m.query.scopes) > 0 {
		possible = append(possible, rankedInReach)
	}
	kind := m.query.kindOfList("total", m.rel.Column, len(index), 0)
	chosen, began := l.tries.choose(kind, possible), time.Now()
	defer func() { l.tries.took(kind, chosen, time.Since(began)) }()
	where, args := m.query.conditions(chosen == ranked)
	src := "SELECT " + fk + ` AS "imis_fk", COUNT(*) AS "imis_c" FROM ` + m.query.from() + where + " GROUP BY " + fk
	rs, err := l.query.Rows(ctx, src, args...)
	if err != nil {
		return err
	}
	defer rs.Close()
	for rs.Next() {
		var k keyCell
		var n int
		if err := rs.Scan(&k, &n); err != nil {
			return err
		}
		for _, i := range index[k.folded()] {
			m.groups[i].total = n
		}
	}
	return db.Describe(rs.Err(), src)
}

// relations loads what the rows of a plan refer to, each relation with one statement.
func (l *loader) relations(ctx context.Context, p *plan) error {
	for _, v := range p.views {
		v.table, v.columns, v.keys = p.table, p.columns, p.keys
	}
	for _, view := range append([]*plan{p}, p.views...) {
		for i := range view.fields {
			f := &view.fields[i]
			var err error
			switch f.shape {
			case shapeOne:
				err = l.one(ctx, p, f)
			case shapeMany:
				parents := p.column0()
				if len(parents) == 0 {
					continue
				}
				if err = f.many.query.sortBy(nil); err == nil {
					err = l.list(ctx, f.many, parents)
				}
			}
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// shown tells the audit log which rows go out.
func (p *plan) shown(ctx context.Context, from, to int) {
	audit.From(ctx).Rows(p.typ.Table.Name, to-from, func(i int) int64 { return p.table.keys[(from+i)*len(p.keys)].n })
}

// column0 gives the primary keys of the rows.
func (p *plan) column0() []key { return p.keyColumn(0) }

func (p *plan) keyColumn(i int) []key {
	keys := make([]key, p.table.n)
	for r := range keys {
		keys[r] = p.table.keys[r*len(p.keys)+i]
	}
	return keys
}

// one loads the targets of a to-one relation.
func (l *loader) one(ctx context.Context, parent *plan, f *planField) error {
	o := f.one
	own := parent.keyColumn(f.index)
	o.target = make([]int32, len(own))
	distinct := make([]key, 0, len(own))
	seen := map[key]bool{}
	for i, k := range own {
		o.target[i] = -1
		if !k.null && !seen[k] {
			seen[k] = true
			distinct = append(distinct, k)
		}
	}
	if len(distinct) == 0 {
		return nil
	}
	column := o.node.typ.Key
	if o.rel.Reverse != "" {
		column = o.rel.Reverse
	}
	by := o.node.key(column)
	c, _ := o.node.typ.table.Column(column)
	text := kindOfColumn(c) == kindText
	in, arg := inKeys(distinct, text)
	q := newQuery(l.reg, o.node.typ)
	q.viewer = l.principal
	keyColumn := `t."` + column + `"`
	if text {
		keyColumn = "$ci(" + keyColumn + ")"
	}
	q.where.And(keyColumn+" IN "+in, arg)
	if o.rel.Reverse != "" && o.node.typ.live != "" {
		q.where.And(fmt.Sprintf(`t."%s" IS NULL`, o.node.typ.live))
	}
	if !o.rel.Open {
		q.restrict(o.node.typ, "t")
	}
	where, args := q.conditions(true)
	if err := l.scan(ctx, o.node, "SELECT "+o.node.selectList()+" FROM "+q.from()+where, args, nil); err != nil {
		return err
	}
	o.node.shown(ctx, 0, o.node.table.n)
	at := make(map[key]int32, o.node.table.n)
	for r := o.node.table.n - 1; r >= 0; r-- {
		at[o.node.table.keys[r*len(o.node.keys)+by].folded()] = int32(r)
	}
	for i, k := range own {
		if r, ok := at[k.folded()]; ok && !k.null {
			o.target[i] = r
		}
	}
	return l.relations(ctx, o.node)
}

// folded makes text keys equal that differ in case or trailing blanks only.
func (k key) folded() key {
	if k.s != "" {
		k.s = db.Folded(k.s)
	}
	return k
}

// inKeys renders the list side of IN for keys.
func inKeys(keys []key, text bool) (string, any) {
	if text {
		list := make(db.Texts, 0, len(keys))
		for _, k := range keys {
			if !k.null {
				s := k.s
				if s == "" {
					s = strconv.FormatInt(k.n, 10)
				}
				list = append(list, db.Folded(s))
			}
		}
		return "$texts(?)", list
	}
	list := make(db.Ints, 0, len(keys))
	for _, k := range keys {
		if !k.null {
			list = append(list, int(k.n))
		}
	}
	return "$ints(?)", list
}

// from renders the FROM clause.
func (q *query) from() string {
	s := `"` + q.typ.Table.Name + `" AS t`
	for _, j := range q.joins {
		s += " " + j
	}
	return s
}

// selectList names the columns that a plan needs: keys first, then what is written.
func (p *plan) selectList() string {
	var b strings.Builder
	for i, k := range p.keys {
		if i > 0 {
			b.WriteString(", ")
		}
		fmt.Fprintf(&b, `t."%s" AS "k%d"`, k, i)
	}
	for i, c := range p.columns {
		fmt.Fprintf(&b, `, t."%s" AS "c%d"`, c.name, i)
	}
	return b.String()
}

// outerList names the same columns of the derived table x.
func (p *plan) outerList() string {
	var b strings.Builder
	for i := range p.keys {
		if i > 0 {
			b.WriteString(", ")
		}
		fmt.Fprintf(&b, `x."k%d"`, i)
	}
	for i := range p.columns {
		fmt.Fprintf(&b, `, x."c%d"`, i)
	}
	return b.String()
}

// scan runs a statement and keeps its rows in the plan. owners receives the last column, the foreign
// key of a list.
func (l *loader) scan(ctx context.Context, p *plan, src string, args []any, owners *[]key) error {
	if err := l.budget.statement(); err != nil {
		return err
	}
	rs, err := l.query.Rows(ctx, src, args...)
	if err != nil {
		return err
	}
	defer rs.Close()
	keys := make([]keyCell, len(p.keys))
	cells := make([]jsonCell, len(p.columns))
	dest := make([]any, 0, len(keys)+len(cells)+1)
	for i := range keys {
		dest = append(dest, &keys[i])
	}
	for i := range cells {
		cells[i] = jsonCell{loader: l, column: p.columns[i]}
		dest = append(dest, &cells[i])
	}
	var owner keyCell
	if owners != nil {
		dest = append(dest, &owner)
	}
	t := &p.table
	for rs.Next() {
		before := len(l.arena)
		if err := rs.Scan(dest...); err != nil {
			return fmt.Errorf("%w (statement: %s)", err, src)
		}
		if err := l.budget.row(len(l.arena) - before); err != nil {
			return err
		}
		for i := range keys {
			t.keys = append(t.keys, keys[i].key)
		}
		for i := range cells {
			t.cells = append(t.cells, cells[i].span)
		}
		if owners != nil {
			*owners = append(*owners, owner.key)
		}
		t.n++
	}
	return db.Describe(rs.Err(), src)
}
