package audit

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/openimis/openimis-be-go/internal/db"
	"github.com/openimis/openimis-be-go/internal/fault"
	"github.com/openimis/openimis-be-go/internal/schema"
	"github.com/openimis/openimis-be-go/internal/table"
)

// tableName is that of the one that `server migrate` makes. Nothing here changes or deletes its rows.
const tableName = "imis_audit"

// Table is the sink imis_audit, which can be searched.
type Table struct{ DB *db.DB }

func (s Table) String() string { return "table " + tableName }

// Needs is what the sink needs of the database.
func Needs() schema.Need {
	return schema.Need{Table: tableName, Columns: []string{"at", "process", "seq"}, Why: "the audit log is kept in it (AUDIT_LOG=off or file:PATH does without)"}
}

// The widths of the columns.
const (
	nameWidth      = 100
	operationWidth = 255
)

var columns = []string{"at", "process", "seq", "username", "address", "request", "way", "operation", "action", "subject", "subject_id", "subjects", "amount", "outcome"}

// Write implements Sink: one transaction. Lines that a COMMIT without an answer has kept are not kept twice:
// their key is time, process and number.
func (s Table) Write(ctx context.Context, lines []Line) error {
	rows := make([][]any, len(lines))
	for i, l := range lines {
		var one, many *string
		if ids := storable(strings.Join(l.IDs, ",")); len(l.IDs) == 1 && schema.Length(ids) <= nameWidth {
			one = &ids
		} else if len(l.IDs) > 0 {
			list := "," + ids + ","
			many = &list
		}
		rows[i] = []any{l.At, cut(l.Process, nameWidth), l.Seq, text(l.User, nameWidth), text(l.Address, nameWidth), text(l.Request, nameWidth), text(l.Way, 20),
			text(l.Operation, operationWidth), string(l.Action), text(l.Subject, nameWidth), one, many, l.Count, text(l.Outcome, 20)}
	}
	err := s.DB.Write(ctx, "audit log", func(tx *db.Tx) error {
		_, err := tx.BulkInsert(ctx, tableName, columns, rows)
		return err
	})
	if errors.Is(db.Kind(err), db.ErrDuplicate) {
		return nil
	}
	return err
}

// text is a value of a column, NULL when empty.
func text(s string, width int) *string {
	if s == "" {
		return nil
	}
	s = cut(storable(s), width)
	return &s
}

// storable is a text as every database takes it. What a line says comes from outside, and one that is refused would hold up
// all that come after it.
func storable(s string) string {
	return strings.ReplaceAll(strings.ToValidUTF8(s, "\uFFFD"), "\x00", "\uFFFD")
}

func cut(s string, width int) string {
	for schema.Length(s) > width {
		r := []rune(s)
		s = string(r[:min(len(r)-1, width)])
	}
	return s
}

// Query says which lines to search. Empty members do not narrow.
type Query struct {
	From, To time.Time // To is not included
	User     string
	Way      string
	Action   Action
	Subject  string
	ID       string // a key, a UUID, or "code:" with a business code, as the line has it
	After    *Mark  // lines before this one: the next page
	Limit    int    // default 100
}

// Mark is the place of a line.
type Mark struct {
	At      time.Time
	Process string
	Seq     int64
}

// Search gives lines, the newest first. It reads the primary database, where lines are written.
func (s Table) Search(ctx context.Context, q Query) ([]Line, error) {
	if q.Limit <= 0 {
		q.Limit = 100
	}
	if strings.Contains(q.ID, ",") {
		return nil, fault.Input("id", "id %q is not valid; allowed: a number, a UUID, or code: and a code.", q.ID)
	}
	var w table.Where
	if !q.From.IsZero() {
		w.And(`a."at" >= ?`, q.From.UTC())
	}
	if !q.To.IsZero() {
		w.And(`a."at" < ?`, q.To.UTC())
	}
	for column, value := range map[string]string{"username": q.User, "way": q.Way, "action": string(q.Action), "subject": q.Subject} {
		if value != "" {
			w.And(`$eq(a."`+column+`", ?)`, value)
		}
	}
	if q.ID != "" {
		condition, args := Names(q.ID)
		w.And(condition, args...)
	}
	return Lines(ctx, s.DB, &w, Part{After: q.After, Limit: q.Limit})
}

// Names is the condition that a line names one of some ids.
func Names(ids ...string) (condition string, args []any) {
	parts := make([]string, len(ids))
	for i, id := range ids {
		parts[i] = `a."subject_id" = ? OR $like(a."subjects", ?)`
		args = append(args, id, db.Contains(","+id+","))
	}
	return "(" + strings.Join(parts, " OR ") + ")", args
}

// Part is which of the lines that meet conditions are read.
type Part struct {
	Oldest bool  // the oldest first, else the newest
	After  *Mark // those that come after this one
	Skip   int
	Limit  int
}

// Lines reads lines that meet conditions on the alias a.
func Lines(ctx context.Context, q db.Query, w *table.Where, p Part) ([]Line, error) {
	beyond, order := "<", "DESC"
	if p.Oldest {
		beyond, order = ">", "ASC"
	}
	w = w.Clone()
	if m := p.After; m != nil {
		w.And(strings.ReplaceAll(`(a."at" < ? OR (a."at" = ? AND (a."process" < ? OR (a."process" = ? AND a."seq" < ?))))`, "<", beyond), m.At.UTC(), m.At.UTC(), m.Process, m.Process, m.Seq)
	}
	src := `SELECT a."at", a."process", a."seq", a."username", a."address", a."request", a."way", a."operation", a."action", a."subject", a."subject_id", a."subjects", a."amount", a."outcome" FROM "imis_audit" a` +
		w.SQL() + strings.ReplaceAll(` ORDER BY a."at" DESC, a."process" DESC, a."seq" DESC`, "DESC", order) + ` $page(?, ?)`
	var rows []struct {
		At        time.Time `db:"at"`
		Process   string    `db:"process"`
		Seq       int64     `db:"seq"`
		User      *string   `db:"username"`
		Address   *string   `db:"address"`
		Request   *string   `db:"request"`
		Way       *string   `db:"way"`
		Operation *string   `db:"operation"`
		Action    string    `db:"action"`
		Subject   *string   `db:"subject"`
		One       *string   `db:"subject_id"`
		Many      *string   `db:"subjects"`
		Count     int       `db:"amount"`
		Outcome   *string   `db:"outcome"`
	}
	if err := q.Select(ctx, &rows, src, w.Args(p.Limit, p.Skip)...); err != nil {
		return nil, err
	}
	value := func(s *string) string {
		if s == nil {
			return ""
		}
		return *s
	}
	out := make([]Line, len(rows))
	for i, r := range rows {
		out[i] = Line{At: r.At.UTC(), Process: r.Process, Seq: r.Seq, User: value(r.User), Address: value(r.Address), Request: value(r.Request), Way: value(r.Way),
			Operation: value(r.Operation), Action: Action(r.Action), Subject: value(r.Subject), Count: r.Count, Outcome: value(r.Outcome)}
		switch {
		case r.One != nil:
			out[i].IDs = []string{*r.One}
		case r.Many != nil:
			out[i].IDs = strings.Split(strings.Trim(*r.Many, ","), ",")
		}
	}
	return out, nil
}

// Count counts lines that meet conditions on the alias a, up to most.
func Count(ctx context.Context, q db.Query, w *table.Where, most int) (n int, err error) {
	err = q.Get(ctx, &n, `SELECT COUNT(*) FROM (SELECT a."seq" FROM "imis_audit" a`+w.SQL()+` ORDER BY a."at", a."process", a."seq" $page(?, ?)) AS counted`, w.Args(most, 0)...)
	return n, err
}
