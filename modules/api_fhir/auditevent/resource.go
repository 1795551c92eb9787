// Package auditevent serves the audit log, where it is kept in the database, as AuditEvent of R4: a line is a resource. The
// log is written by internal/audit; nothing here changes it.
//
//	resource.go  the resource, its search parameters, reading and searching
//	event.go     a line as a resource
//	names.go     what lines call insurees, claims and so on, and the resources that those are
package auditevent

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"hash/fnv"
	"slices"
	"sort"
	"strconv"
	"strings"
	"time"

	"github.com/openimis/openimis-be-go/internal/audit"
	"github.com/openimis/openimis-be-go/internal/db"
	"github.com/openimis/openimis-be-go/internal/fault"
	"github.com/openimis/openimis-be-go/internal/table"
	apifhir "github.com/openimis/openimis-be-go/modules/api_fhir"
)

const (
	mostOfAPage = 100     // events: each may name 500 subjects
	mostCounted = 100_000 // events, unless an accurate total is asked for
	mostNamed   = 50      // subjects that a search asks for
)

// Service makes the resource. Serve has to be told the server that it is of, whose resources the events refer to.
type Service struct{ server *apifhir.Server }

// Serve tells the service the server that has its resource.
func (s *Service) Serve(server *apifhir.Server) { s.server = server }

// Resource is AuditEvent of R4. Who holds the right reads every event, but is told only of what they may see otherwise which
// person or claim it was about. Reading is an event too.
func (s *Service) Resource() apifhir.Resource {
	return apifhir.Resource{
		Release: apifhir.R4, Type: "AuditEvent", Doc: "The audit log: who read or changed what, when and by which way; the newest first.", Personal: true,
		Access: apifhir.Access{Get: audit.MayRead}, MaxCount: mostOfAPage, Sort: []string{"date"},
		Params: []apifhir.Param{
			apifhir.IDParam, apifhir.UpdatedParam,
			{Name: "date", Type: apifhir.Date, Doc: "When it happened"},
			{Name: "agent-name", Type: apifhir.String, Doc: "Start of the login name of who did it", Modifiers: []string{"exact", "contains"}},
			{Name: "altid", Type: apifhir.Token, Doc: "Login name of who did it"},
			{Name: "address", Type: apifhir.String, Doc: "Start of the network address that it came from", Modifiers: []string{"exact", "contains"}},
			{Name: "entity", Type: apifhir.Reference, Doc: "What was read or changed", Targets: targets()},
			{Name: "patient", Type: apifhir.Reference, Doc: "The person whose own data were read or changed", Targets: []string{"Patient"}},
			{Name: "entity-name", Type: apifhir.String, Doc: "Start of the operation: a root field of GraphQL, a mutation, GET Patient", Modifiers: []string{"exact", "contains"}},
			{Name: "type", Type: apifhir.Token, Doc: "rest: through FHIR; 110110: by other ways; 110100: start, end and losses of the log; 110101: the log itself was read; 110137: users and their rights were changed", Allowed: codesOf(types[:])},
			{Name: "subtype", Type: apifhir.Token, Doc: "create, update or delete through FHIR; 110120 start, 110121 end", Allowed: codesOf(subtypes[:])},
			{Name: "action", Type: apifhir.Token, Doc: "C, R, U, D, E", Allowed: []string{"C", "R", "U", "D", "E"}},
			{Name: "outcome", Type: apifhir.Token, Doc: "0: done; 4: refused or failed", Allowed: []string{"0", "4"}},
		},
		Read: s.read, Search: s.search,
	}
}

func (s *Service) read(ctx context.Context, q db.Query, id string) (apifhir.Entry, error) {
	lines, err := byIDs(ctx, q, []string{id})
	if err != nil {
		return apifhir.Entry{}, err
	}
	if len(lines) == 0 {
		return apifhir.Entry{}, fault.New(fault.NotFound, "AuditEvent %s not found.", id)
	}
	audit.From(ctx).Code(audit.Itself, "AuditEvent/"+id)
	entries, err := s.entries(ctx, q, lines)
	if err != nil {
		return apifhir.Entry{}, err
	}
	return entries[0], nil
}

func (s *Service) search(ctx context.Context, q db.Query, query apifhir.Query) (page apifhir.Page, err error) {
	audit.From(ctx).Code(audit.Itself, "AuditEvent?"+asked(query.Params))
	w, none, err := s.where(ctx, q, query.Params)
	if err != nil || none {
		return page, err
	}
	if query.WantTotal {
		most := mostCounted + 1
		if query.Exact || query.CountOnly {
			most = 1 << 30
		}
		if page.Total, err = audit.Count(ctx, q, w, most); err != nil {
			return page, err
		}
		page.Uncounted = page.Total > mostCounted && !query.Exact && !query.CountOnly
	}
	if query.CountOnly {
		return page, nil
	}
	part := audit.Part{Oldest: len(query.Sort) > 0 && !query.Sort[0].Desc, Skip: query.Offset, Limit: query.Limit}
	if query.After != "" {
		if part.After, err = parsePosition(query.After); err != nil {
			return page, fault.Input("page-after", "Parameter page-after: it is not a place in the audit log.")
		}
		part.Skip = 0
	}
	lines, err := audit.Lines(ctx, q, w, part)
	if err != nil {
		return page, err
	}
	page.Entries, err = s.entries(ctx, q, lines)
	return page, err
}

// asked is a search in words, as the log keeps it.
func asked(params map[string][]apifhir.Criterion) string {
	var parts []string
	for name, criteria := range params {
		for _, c := range criteria {
			var values []string
			for _, v := range c.Any {
				values = append(values, v.Text)
			}
			if c.Chain != nil {
				values = append(values, "…")
			}
			parts = append(parts, name+"="+strings.Join(values, " "))
		}
	}
	sort.Strings(parts)
	return strings.Join(parts, "&")
}

// where is the condition that lines meet criteria; none: no line can.
func (s *Service) where(ctx context.Context, q db.Query, params map[string][]apifhir.Criterion) (w *table.Where, none bool, err error) {
	w = new(table.Where)
	for name, criteria := range params {
		for _, c := range criteria {
			var condition string
			var args []any
			switch name {
			case "_id":
				condition, args, err = identified(ctx, q, c)
			case "entity", "patient":
				condition, args, err = s.about(ctx, q, name, c)
			default:
				condition, args = anyOf(c, conditions[name])
			}
			if err != nil || condition == "" {
				return w, true, err
			}
			w.And(condition, args...)
		}
	}
	return w, false, nil
}

// anyOf is the condition that one of the values of a criterion holds, "" when none can.
func anyOf(c apifhir.Criterion, of condition) (string, []any) {
	var parts []string
	var args []any
	for _, v := range c.Any {
		if where, more := of(c, v); where != "" {
			parts, args = append(parts, where), append(args, more...)
		}
	}
	if len(parts) == 0 {
		return "", nil
	}
	return "(" + strings.Join(parts, " OR ") + ")", args
}

// condition is what a value of a parameter asks of a line, as the alias a; "" when no line has it.
type condition func(c apifhir.Criterion, v apifhir.Value) (string, []any)

// conditions are those of the parameters that ask for nothing but the line.
var conditions = map[string]condition{
	"_lastUpdated": happened, "date": happened,
	"agent-name": text("username"), "address": text("address"), "entity-name": text("operation"),
	"altid": func(_ apifhir.Criterion, v apifhir.Value) (string, []any) {
		if v.System != nil && *v.System != "" {
			return "", nil
		}
		return `$eq(a."username", ?)`, []any{v.Code}
	},
	"type": coded(types[:]), "subtype": coded(subtypes[:]),
	"action": func(_ apifhir.Criterion, v apifhir.Value) (string, []any) {
		if v.System != nil && *v.System != "http://hl7.org/fhir/audit-event-action" {
			return "", nil
		}
		var parts []string
		for action, code := range actions {
			if v.Code == "" || v.Code == code.Code() {
				parts = append(parts, "'"+string(action)+"'")
			}
		}
		slices.Sort(parts)
		return `a."action" IN (` + strings.Join(parts, ", ") + ")", nil
	},
	"outcome": func(_ apifhir.Criterion, v apifhir.Value) (string, []any) {
		switch {
		case v.System != nil && *v.System != "http://hl7.org/fhir/audit-event-outcome":
			return "", nil
		case v.Code == "4":
			return "NOT " + succeeded, nil
		case v.Code == "0":
			return succeeded, nil
		}
		return table.All, nil
	},
}

// succeeded is that a line is about something that was done. It is never NULL.
const succeeded = `(COALESCE(a."outcome", '') <> 'failed' AND a."action" <> 'lost')`

func happened(_ apifhir.Criterion, v apifhir.Value) (string, []any) {
	parts, args := []string{table.All}, []any(nil)
	if v.Range.Min != nil {
		parts, args = append(parts, `a."at" >= ?`), append(args, v.Range.Min.UTC())
	}
	if v.Range.Max != nil {
		parts, args = append(parts, `a."at" < ?`), append(args, v.Range.Max.UTC())
	}
	where := "(" + strings.Join(parts, " AND ") + ")"
	if v.Range.Not {
		where = "NOT " + where
	}
	return where, args
}

func text(column string) condition {
	return func(c apifhir.Criterion, v apifhir.Value) (string, []any) {
		switch c.Modifier {
		case "exact":
			return `$eq(a."` + column + `", ?)`, []any{v.Text}
		case "contains":
			return `$like(a."` + column + `", ?)`, []any{db.Contains(v.Text)}
		}
		return `$starts(a."` + column + `", ?)`, []any{db.StartsWith(v.Text)}
	}
}

// coded asks for the lines that one of some kinds is of.
func coded(kinds []kind) condition {
	return func(_ apifhir.Criterion, v apifhir.Value) (string, []any) {
		var parts []string
		for _, k := range kinds {
			if (v.System == nil || *v.System == k.system) && (v.Code == "" || v.Code == k.code) {
				parts = append(parts, k.where)
			}
		}
		if len(parts) == 0 {
			return "", nil
		}
		return "(" + strings.Join(parts, " OR ") + ")", nil
	}
}

func codesOf(kinds []kind) (codes []string) {
	for _, k := range kinds {
		codes = append(codes, k.code)
	}
	return codes
}

// The id of a line is made of its key: moment, number, and a sum of the process, whose name is too long for an id.
func idOf(l audit.Line) string {
	sum := fnv.New32a()
	_, _ = sum.Write([]byte(l.Process))
	return fmt.Sprintf("%d-%d-%08x", l.At.UnixNano(), l.Seq, sum.Sum32())
}

// position is the place of a line, for the page after it.
func position(l audit.Line) string {
	return fmt.Sprintf("%d-%d-%s", l.At.UnixNano(), l.Seq, base64.RawURLEncoding.EncodeToString([]byte(l.Process)))
}

var errForm = errors.New("not of the form moment-number-process")

// key reads the moment and the number of an id or a position, and what comes behind them.
func key(text string) (at time.Time, seq int64, rest string, err error) {
	parts := strings.SplitN(text, "-", 3)
	if len(parts) != 3 {
		return at, 0, "", errForm
	}
	nano, err := strconv.ParseInt(parts[0], 10, 64)
	if err == nil {
		seq, err = strconv.ParseInt(parts[1], 10, 64)
	}
	if at = time.Unix(0, nano).UTC(); err != nil || at.Year() < 1970 {
		return at, 0, "", errForm
	}
	return at, seq, parts[2], nil
}

func parsePosition(text string) (*audit.Mark, error) {
	at, seq, rest, err := key(text)
	if err != nil {
		return nil, err
	}
	process, err := base64.RawURLEncoding.DecodeString(rest)
	if err != nil {
		return nil, err
	}
	return &audit.Mark{At: at, Process: string(process), Seq: seq}, nil
}

// byIDs reads lines by their ids.
func byIDs(ctx context.Context, q db.Query, ids []string) ([]audit.Line, error) {
	var parts []string
	var args []any
	for _, id := range ids {
		if at, seq, _, err := key(id); err == nil {
			parts, args = append(parts, `a."at" = ? AND a."seq" = ?`), append(args, at, seq)
		}
	}
	if len(parts) == 0 {
		return nil, nil
	}
	w := new(table.Where).And("("+strings.Join(parts, " OR ")+")", args...)
	lines, err := audit.Lines(ctx, q, w, audit.Part{Limit: 10 * len(ids)})
	return slices.DeleteFunc(lines, func(l audit.Line) bool { return !slices.Contains(ids, idOf(l)) }), err
}

// identified is the condition of _id.
func identified(ctx context.Context, q db.Query, c apifhir.Criterion) (string, []any, error) {
	var ids []string
	for _, v := range c.Any {
		if v.System == nil || *v.System == "" {
			ids = append(ids, v.Code)
		}
	}
	if len(ids) > mostOfAPage {
		return "", nil, fault.Input("_id", "Parameter _id: at most %d ids can be asked for.", mostOfAPage)
	}
	lines, err := byIDs(ctx, q, ids)
	if err != nil || len(lines) == 0 {
		return "", nil, err
	}
	var parts []string
	var args []any
	for _, l := range lines {
		parts, args = append(parts, `a."at" = ? AND a."process" = ? AND a."seq" = ?`), append(args, l.At, l.Process, l.Seq)
	}
	return "(" + strings.Join(parts, " OR ") + ")", args, nil
}
