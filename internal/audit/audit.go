// Package audit keeps who read or changed which insuree, family, claim or policy, when, and by which way.
//
// A Recorder travels in the context of a request or of a mutation. What loads rows tells it which
// (Recorder.Rows, once a statement; the engine of GraphQL's lists and the FHIR server do), and what writes
// them with the helpers of db.Tx is seen without being told. When it ends, it becomes one Line for each kind
// of subject and action. Log takes lines and writes them, many at a time and apart from the requests, to
// a Sink: a file (file.go) or the table imis_audit (table.go), which only ever grow. Start with Line; personal.go
// says which tables are watched, http.go has the middleware and the route that reads the log.
package audit

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/openimis/openimis-be-go/internal/auth"
	"github.com/openimis/openimis-be-go/internal/db"
)

// Action is what was done with a subject.
type Action string

// The actions of lines. Lost is about the log itself: Count lines could not be kept.
const (
	Read   Action = "read"
	Create Action = "create"
	Update Action = "update"
	Delete Action = "delete"
	Start  Action = "start"
	Stop   Action = "stop"
	Lost   Action = "lost"
)

// Line is one entry: a user did something with subjects of one kind.
type Line struct {
	At      time.Time `json:"at"` // UTC
	Process string    `json:"process"`
	// Seq counts the lines of a process from 1: a number that is missing is a line that was taken away, or
	// was lost when the process was killed. A process begins with Start and ends with Stop.
	Seq       int64    `json:"seq"`
	User      string   `json:"user,omitempty"`      // login name
	Address   string   `json:"address,omitempty"`   // of the client, as far as proxies tell
	Request   string   `json:"request,omitempty"`   // id in the request log (X-Request-Id), or of the mutation
	Way       string   `json:"way,omitempty"`       // graphql, fhir, http, mutation
	Operation string   `json:"operation,omitempty"` // root fields, "GET Patient", name of a mutation
	Action    Action   `json:"action"`
	Subject   string   `json:"subject,omitempty"` // insuree, family, claim, policy, …: see personal.go
	IDs       []string `json:"ids,omitempty"`     // keys of the legacy table, UUIDs, or "code:" with a business code
	Count     int      `json:"count"`
	Outcome   string   `json:"outcome,omitempty"` // ok or failed
}

// Outcomes.
const (
	OK     = "ok"
	Failed = "failed"
)

// maxIDs is how many subjects a line names; more make further lines.
const maxIDs = 500

// touched is what a recorder knows of one action and subject.
type touched struct {
	action  Action
	subject string
	keys    []int64
	refs    []string
}

// Recorder collects what one request or mutation touches. A nil Recorder takes everything and keeps
// nothing, so that code need not ask whether somebody listens. It is safe for concurrent use.
type Recorder struct {
	log  *Log
	line Line // what all lines have in common

	mu         sync.Mutex
	operations []string
	touched    []touched
}

type recorderKey struct{}

// Begin gives ctx a recorder for p; of nobody, and while the log is off, it gives none. End the recorder.
func (l *Log) Begin(ctx context.Context, p *auth.Principal, address, request, way string) (context.Context, *Recorder) {
	if l == nil || p == nil {
		return ctx, nil
	}
	if outer := From(ctx); outer != nil && address == "" { // a mutation that a request runs at once
		address = outer.line.Address
	}
	r := &Recorder{log: l, line: Line{User: p.Username, Address: address, Request: request, Way: way}}
	return db.WithWatcher(context.WithValue(ctx, recorderKey{}, r), r), r
}

// From gives the recorder of ctx, nil when there is none.
func From(ctx context.Context) *Recorder {
	r, _ := ctx.Value(recorderKey{}).(*Recorder)
	return r
}

// SetOperation adds to what is being done: a root field, a FHIR interaction.
func (r *Recorder) SetOperation(name string) {
	if r == nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if !slices.Contains(r.operations, name) {
		r.operations = append(r.operations, name)
	}
}

// Rows notes that rows of a table were read, by their keys: n of them, key(i) is one. Tables that hold
// nothing about people do not count.
func (r *Recorder) Rows(table string, n int, key func(i int) int64) {
	if r == nil || n == 0 {
		return
	}
	w, ok := watched[table]
	if !ok || !w.reads {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	t := r.entry(Read, w.subject)
	t.keys = slices.Grow(t.keys, n)
	for i := range n {
		t.keys = append(t.keys, key(i))
	}
}

// Code notes that somebody asked about a subject by its business code (an insurance number, a claim code)
// and was answered.
func (r *Recorder) Code(subject, code string) { r.ref(Read, subject, "code:"+strings.TrimSpace(code)) }

// UUID notes that a subject was read, by its UUID, for who knows no key.
func (r *Recorder) UUID(subject, uuid string) { r.ref(Read, subject, strings.ToLower(uuid)) }

func (r *Recorder) ref(a Action, subject, ref string) {
	if r == nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	t := r.entry(a, subject)
	t.refs = append(t.refs, strings.ReplaceAll(ref, ",", " ")) // the table separates by commas
}

// actions are how db names what a transaction does.
var actions = map[db.Change]Action{db.Inserted: Create, db.Updated: Update, db.Closed: Delete}

// Changed implements db.Watcher. A transaction that is tried again tells the same once more.
func (r *Recorder) Changed(change db.Change, table string, ids []int) {
	w, ok := watched[table]
	if !ok || r == nil || len(ids) == 0 {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	t := r.entry(actions[change], w.subject)
	for _, id := range ids {
		t.keys = append(t.keys, int64(id))
	}
}

// Changes notes changes that are not made with the helpers of db.Tx: statements of a store's own.
func (r *Recorder) Changes(a Action, table string, ids ...int) {
	for change, action := range actions {
		if action == a {
			r.Changed(change, table, ids)
		}
	}
}

func (r *Recorder) entry(a Action, subject string) *touched {
	for i := range r.touched {
		if t := &r.touched[i]; t.action == a && t.subject == subject {
			return t
		}
	}
	r.touched = append(r.touched, touched{action: a, subject: subject})
	return &r.touched[len(r.touched)-1]
}

// End hands over what was touched and forgets it; what comes afterwards is for another End. It waits
// only when the log is full and set up to block.
func (r *Recorder) End(ctx context.Context, failed bool) {
	if r == nil {
		return
	}
	r.mu.Lock()
	touched := r.touched
	r.touched = nil
	operation := strings.Join(r.operations, " ")
	r.mu.Unlock()
	if len(touched) == 0 {
		return
	}
	line := r.line
	line.Operation, line.Outcome = operation, OK
	if failed {
		line.Outcome = Failed
	}
	r.log.add(ctx, line, touched)
}

// lines makes the lines of what was touched: a subject once for each action.
func lines(common Line, all []touched) []Line {
	var out []Line
	for _, t := range all {
		slices.Sort(t.keys)
		ids := make([]string, 0, len(t.keys)+len(t.refs))
		for _, k := range slices.Compact(t.keys) {
			ids = append(ids, strconv.FormatInt(k, 10))
		}
		slices.Sort(t.refs)
		ids = append(ids, slices.Compact(t.refs)...)
		for part := range slices.Chunk(ids, maxIDs) {
			l := common
			l.Action, l.Subject, l.IDs, l.Count = t.action, t.subject, part, len(part)
			out = append(out, l)
		}
	}
	return out
}

// single says whether all of what was read are rows of one subject of each kind.
func single(all []touched) bool {
	for _, t := range all {
		if t.action == Read && len(t.refs) == 0 && slices.ContainsFunc(t.keys, func(k int64) bool { return k != t.keys[0] }) {
			return false
		}
	}
	return true
}
