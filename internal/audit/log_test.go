package audit

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/openimis/openimis-be-go/internal/auth"
	"github.com/openimis/openimis-be-go/internal/clock"
	"github.com/openimis/openimis-be-go/internal/db"
)

var now = time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)

var clerk = &auth.Principal{Username: "Clerk1"}

// memory is a sink that keeps lines, and fails or waits when asked to.
type memory struct {
	mu    sync.Mutex
	lines []Line
	fail  atomic.Bool
}

func (m *memory) String() string { return "memory" }

func (m *memory) Write(_ context.Context, lines []Line) error {
	if m.fail.Load() {
		return errors.New("no room")
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.lines = append(m.lines, lines...)
	return nil
}

// kept are the lines about subjects.
func (m *memory) kept() (lines []Line) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, l := range m.lines {
		if l.Subject != "" {
			lines = append(lines, l)
		}
	}
	return lines
}

func newLog(sink Sink, o Options) *Log {
	o.Process, o.Clock, o.Log, o.Every = "p", clock.Fixed(now), slog.New(slog.DiscardHandler), time.Millisecond
	return New(sink, o)
}

func end(l *Log) {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	l.Close(ctx)
}

func keys(ids ...int64) (int, func(int) int64) { return len(ids), func(i int) int64 { return ids[i] } }

func rows(r *Recorder, table string, ids ...int64) {
	n, key := keys(ids...)
	r.Rows(table, n, key)
}

func TestLinesOfARequest(t *testing.T) {
	m := &memory{}
	l := newLog(m, Options{})
	ctx, r := l.Begin(t.Context(), clerk, "203.0.113.9", "req-1", GraphQL)
	r.SetOperation("claims")
	r.SetOperation("insurees")
	r.SetOperation("claims")
	rows(From(ctx), "tblInsuree", 7, 3, 7)
	rows(From(ctx), "tblClaim", 9)
	rows(From(ctx), "tblItems", 1) // a register
	rows(From(ctx), "tblUsers", 1) // whoever entered something
	From(ctx).Code(Insuree, "100000014 ")
	From(ctx).Changed(db.Inserted, "tblClaim", []int{10})
	From(ctx).Changed(db.Updated, "tblClaim", []int{9, 9})
	From(ctx).Changed(db.Closed, "tblUsers", []int{4})
	r.End(ctx, false)
	r.End(ctx, false) // nothing more
	rows(r, "tblClaim", 11)
	r.End(ctx, true)
	end(l)
	var got []string
	for _, line := range m.kept() {
		got = append(got, fmt.Sprint(line.Seq, " ", line.Action, " ", line.Subject, " ", line.IDs, " ", line.Outcome))
		if line.User != "Clerk1" || line.Address != "203.0.113.9" || line.Request != "req-1" || line.Way != GraphQL || line.Operation != "claims insurees" || line.At != now || line.Count != len(line.IDs) {
			t.Errorf("line %+v", line)
		}
	}
	want := []string{"2 read insuree [3 7 code:100000014] ok", "3 read claim [9] ok", "4 create claim [10] ok", "5 update claim [9] ok", "6 delete user [4] ok", "7 read claim [11] failed"}
	if !slices.Equal(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
	if first, last := m.lines[0], m.lines[len(m.lines)-1]; first.Action != Start || first.Seq != 1 || last.Action != Stop || last.Seq != 8 {
		t.Errorf("from %+v to %+v", first, last)
	}
}

func TestManySubjectsMakeManyLines(t *testing.T) {
	m := &memory{}
	l := newLog(m, Options{})
	ctx, r := l.Begin(t.Context(), clerk, "", "", FHIR)
	r.Rows("tblInsuree", 1201, func(i int) int64 { return int64(i) })
	r.End(ctx, false)
	end(l)
	seen := map[string]bool{}
	for _, line := range m.kept() {
		for _, id := range line.IDs {
			seen[id] = true
		}
	}
	if len(m.kept()) != 3 || len(seen) != 1201 {
		t.Errorf("%d lines with %d subjects", len(m.kept()), len(seen))
	}
}

func TestNobodyAndOff(t *testing.T) {
	var off *Log
	for name, l := range map[string]*Log{"off": off, "nobody signed in": newLog(&memory{}, Options{})} {
		p := clerk
		if l != nil {
			p = nil
		}
		ctx, r := l.Begin(t.Context(), p, "", "", HTTP)
		rows(From(ctx), "tblClaim", 1)
		From(ctx).Code(Insuree, "1")
		r.SetOperation("x")
		r.End(ctx, false)
		l.Close(t.Context())
		if r != nil || From(ctx) != nil {
			t.Errorf("%s: a recorder", name)
		}
	}
}

func TestOnlySingle(t *testing.T) {
	m := &memory{}
	l := newLog(m, Options{OnlySingle: true})
	for _, c := range []struct {
		way  string
		keys []int64
	}{{GraphQL, []int64{1, 2}}, {GraphQL, []int64{3, 3}}, {FHIR, []int64{4, 5}}} {
		ctx, r := l.Begin(t.Context(), clerk, "", "", c.way)
		rows(r, "tblInsuree", c.keys...)
		r.Changed(db.Updated, "tblInsuree", []int{6})
		r.End(ctx, false)
	}
	end(l)
	var got []string
	for _, line := range m.kept() {
		got = append(got, fmt.Sprint(line.Way, line.Action, line.IDs))
	}
	if want := "graphqlupdate[6] graphqlread[3] graphqlupdate[6] fhirread[4 5] fhirupdate[6]"; strings.Join(got, " ") != want {
		t.Errorf("got %q", got)
	}
}

// While the sink fails lines wait; what is too much is counted, and the log says how much is missing.
func TestLossIsTold(t *testing.T) {
	m := &memory{}
	m.fail.Store(true)
	var written, lost atomic.Int64
	l := newLog(m, Options{Capacity: 21, Count: func(w, n int) { written.Add(int64(w)); lost.Add(int64(n)) }})
	for i := range 25 {
		ctx, r := l.Begin(t.Context(), clerk, "", "", FHIR)
		rows(r, "tblClaim", int64(i))
		r.End(ctx, false)
	}
	m.fail.Store(false)
	end(l)
	if n := len(m.kept()); n != 10 || lost.Load() != 15 || written.Load() != int64(len(m.lines)) {
		t.Errorf("%d lines kept, %d counted as lost, %d as written", n, lost.Load(), written.Load())
	}
	told := 0
	for _, line := range m.lines {
		if line.Action == Lost {
			told += line.Count
		}
	}
	if told != 15 {
		t.Errorf("%d told", told)
	}
	for i, line := range m.lines {
		if line.Seq != int64(i+1) {
			t.Fatalf("line %d has the number %d", i, line.Seq)
		}
	}
}

func TestBlockWaitsForRoom(t *testing.T) {
	m := &memory{}
	m.fail.Store(true)
	l := newLog(m, Options{Capacity: 21, Block: true})
	finished := make(chan bool)
	go func() {
		for i := range 100 {
			ctx, r := l.Begin(context.Background(), clerk, "", "", FHIR)
			rows(r, "tblClaim", int64(i))
			r.End(ctx, false)
		}
		close(finished)
	}()
	select {
	case <-finished:
		t.Fatal("nothing waited")
	case <-time.After(50 * time.Millisecond): // nothing tells that somebody waits
	}
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	_, r := l.Begin(gone, clerk, "", "", FHIR)
	rows(r, "tblClaim", 1000)
	r.End(gone, false) // whoever went away does not wait
	m.fail.Store(false)
	<-finished
	end(l)
	if n := len(m.kept()); n != 100 {
		t.Errorf("%d lines", n)
	}
}

func TestCloseDoesNotWaitForEver(t *testing.T) {
	m := &memory{}
	m.fail.Store(true)
	var lost atomic.Int64
	var log bytes.Buffer
	l := newLog(m, Options{Count: func(_, n int) { lost.Add(int64(n)) }})
	l.o.Log = slog.New(slog.NewTextHandler(&log, nil))
	ctx, r := l.Begin(t.Context(), clerk, "", "", FHIR)
	rows(r, "tblClaim", 1)
	r.End(ctx, false)
	end(l)
	if lost.Load() == 0 || !strings.Contains(log.String(), "lines of the audit log are lost") {
		t.Errorf("%d lost, log:\n%s", lost.Load(), log.String())
	}
	ctx, r = l.Begin(t.Context(), clerk, "", "", FHIR)
	rows(r, "tblClaim", 2)
	r.End(ctx, false)
}

func TestFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "audit.jsonl")
	s := NewFile(path)
	write := func(seq ...int64) {
		t.Helper()
		var lines []Line
		for _, n := range seq {
			lines = append(lines, Line{At: now, Process: "p", Seq: n, User: "Clerk\n1", Action: Read, Subject: Insuree, IDs: []string{"1"}, Count: 1})
		}
		if err := s.Write(t.Context(), lines); err != nil {
			t.Fatal(err)
		}
	}
	write(1, 2)
	other := NewFile(path) // another process
	if err := other.Write(t.Context(), []Line{{Seq: 7}}); err != nil {
		t.Fatal(err)
	}
	write(3)
	if err := os.Rename(path, path+".1"); err != nil {
		t.Fatal(err)
	}
	write(4)
	read := func(path string) (seqs []int64) {
		raw, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, text := range strings.Split(strings.TrimSpace(string(raw)), "\n") {
			var l Line
			if err := json.Unmarshal([]byte(text), &l); err != nil {
				t.Fatalf("%q: %v", text, err)
			}
			seqs = append(seqs, l.Seq)
		}
		return seqs
	}
	if got := fmt.Sprint(read(path+".1"), read(path)); got != "[1 2 7 3] [4]" {
		t.Error(got)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
	if err := NewFile(filepath.Join(path, "below a file")).Check(); err == nil {
		t.Error("something that is not a folder")
	}
}

func BenchmarkRecord(b *testing.B) {
	l := New(&memory{}, Options{})
	for b.Loop() {
		ctx, r := l.Begin(context.Background(), clerk, "203.0.113.9", "req", FHIR)
		r.SetOperation("GET Patient")
		r.Rows("tblInsuree", 10, func(i int) int64 { return int64(i) })
		r.End(ctx, false)
	}
}
