package mutation

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/openimis/openimis-be-go/internal/auth"
	"github.com/openimis/openimis-be-go/internal/clock"
	"github.com/openimis/openimis-be-go/internal/db"
	"github.com/openimis/openimis-be-go/internal/fault"
	"github.com/openimis/openimis-be-go/internal/testing/dbtest"
	"github.com/openimis/openimis-be-go/internal/testing/sqlcheck"
)

func TestMain(m *testing.M) {
	if point := os.Getenv("IMIS_CRASH_AT"); point != "" {
		crash(point, os.Getenv("IMIS_CRASH_DB"))
	}
	os.Exit(sqlcheck.Gate(m))
}

var start = time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)

// lab is a Service over an empty database with a clock to turn.
type lab struct {
	*Service
	t      testing.TB
	mu     sync.Mutex
	at     time.Time
	events []Event
	fails  map[string]int // payload → how often the handler of "flaky" still fails
	users  map[string]*auth.Principal
}

var (
	clerk   = &auth.Principal{ID: "11111111-1111-1111-1111-111111111111", Username: "clerk", Rights: map[int]bool{111002: true}}
	visitor = &auth.Principal{ID: "22222222-2222-2222-2222-222222222222", Username: "visitor", Rights: map[int]bool{}}
	errBusy = errors.New("busy")
)

// effect is the visible effect of a mutation: a row of tblLogins with the number of the mutation.
func effect(ctx context.Context, tx *db.Tx, n int) error {
	_, err := tx.Insert(ctx, "tblLogins", db.Values{"UserId": 1, "LogAction": n, "LogTime": start})
	return err
}

type numbered struct {
	N int `json:"n"`
}

func newLab(t testing.TB, d *db.DB, change func(*Options)) *lab {
	l := &lab{t: t, at: start, fails: map[string]int{}, users: map[string]*auth.Principal{"clerk": clerk, "visitor": visitor}}
	needs := auth.Needs(111002)
	r := NewRegistry()
	add := func(name string, run func(ctx context.Context, tx *db.Tx, c Call, in numbered) (Outcome, error)) {
		if err := r.Add(name, Typed(needs, run)); err != nil {
			t.Fatal(err)
		}
	}
	add("count", func(ctx context.Context, tx *db.Tx, c Call, in numbered) (Outcome, error) {
		return Outcome{}, effect(ctx, tx, in.N)
	})
	add("partly", func(ctx context.Context, tx *db.Tx, c Call, in numbered) (Outcome, error) {
		return Outcome{Error: `{"7": {"error": "id 7 does not exist"}}`}, effect(ctx, tx, in.N)
	})
	add("refuse", func(ctx context.Context, tx *db.Tx, c Call, in numbered) (Outcome, error) {
		if err := effect(ctx, tx, in.N); err != nil {
			return Outcome{}, err
		}
		return Outcome{}, fault.New(fault.Conflict, "The claim is checked already.")
	})
	add("break", func(ctx context.Context, tx *db.Tx, c Call, in numbered) (Outcome, error) {
		return Outcome{}, errors.Join(effect(ctx, tx, in.N), errors.New("secret detail"))
	})
	add("panic", func(ctx context.Context, tx *db.Tx, c Call, in numbered) (Outcome, error) {
		_ = effect(ctx, tx, in.N)
		panic("secret detail")
	})
	add("flaky", func(ctx context.Context, tx *db.Tx, c Call, in numbered) (Outcome, error) {
		if err := effect(ctx, tx, in.N); err != nil {
			return Outcome{}, err
		}
		l.mu.Lock()
		defer l.mu.Unlock()
		if l.fails["flaky"] > 0 {
			l.fails["flaky"]--
			return Outcome{}, fmt.Errorf("flaky: %w", errBusy)
		}
		return Outcome{}, nil
	})
	o := Options{
		Principals: func(_ context.Context, name string) (*auth.Principal, error) {
			l.mu.Lock()
			defer l.mu.Unlock()
			if p, ok := l.users[name]; ok {
				return p, nil
			}
			return nil, fault.New(fault.Unauthenticated, "The user %q is not known.", name)
		},
		Clock:     l.now,
		Log:       slog.New(slog.DiscardHandler),
		Poll:      20 * time.Millisecond,
		Transient: func(err error) bool { return errors.Is(err, errBusy) || passing(err) },
		Finished: func(e Event) {
			l.mu.Lock()
			defer l.mu.Unlock()
			l.events = append(l.events, e)
		},
	}
	if change != nil {
		change(&o)
	}
	l.Service = New(d, r, o)
	return l
}

func (l *lab) now() time.Time       { l.mu.Lock(); defer l.mu.Unlock(); return l.at }
func (l *lab) pass(d time.Duration) { l.mu.Lock(); defer l.mu.Unlock(); l.at = l.at.Add(d) }

func (l *lab) submit(p *auth.Principal, name, input string) string {
	l.t.Helper()
	id, err := l.Submit(auth.With(l.t.Context(), p), name, json.RawMessage(input), nil, nil)
	if err != nil {
		l.t.Fatal(err)
	}
	return id
}

// logged is what the journal of the client shows.
type logged struct {
	Status  int     `db:"status"`
	Error   *string `db:"error"`
	Content string  `db:"json_content"`
	User    db.UUID `db:"user_id"`
	Client  *string `db:"client_mutation_id"`
	Label   *string `db:"client_mutation_label"`
}

func (l *lab) entry(id string) (row logged) {
	l.t.Helper()
	err := l.db.Get(l.t.Context(), &row, `SELECT m."status", m."error", m."json_content", m."user_id", m."client_mutation_id", m."client_mutation_label" FROM "core_Mutation_Log" m WHERE m."id" = ?`, id)
	if err != nil {
		l.t.Fatal(err)
	}
	return row
}

func (l *lab) count(src string, args ...any) (n int) {
	l.t.Helper()
	if err := l.db.Get(l.t.Context(), &n, src, args...); err != nil {
		l.t.Fatal(err)
	}
	return n
}

func (l *lab) effects(n int) int {
	return l.count(`SELECT COUNT(*) FROM "tblLogins" l WHERE l."LogAction" = ?`, n)
}
func (l *lab) queued() int { return l.count(`SELECT COUNT(*) FROM "imis_mutation_queue"`) }

// ended asserts how a mutation with the effect n has ended.
func (l *lab) ended(id string, n, status, effects int, text string) {
	l.t.Helper()
	row := l.entry(id)
	got := ""
	if row.Error != nil {
		got = *row.Error
	}
	if row.Status != status || !strings.Contains(got, text) || (text == "" && row.Error != nil) || strings.Contains(got, "secret") {
		l.t.Errorf("status %d, error %q; want %d, %q", row.Status, got, status, text)
	}
	if e := l.effects(n); e != effects {
		l.t.Errorf("%d effects, want %d", e, effects)
	}
}

func TestOutcomes(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		for i, c := range []struct {
			name, input string
			status      int
			effects     int
			text        string
		}{
			{"count", `{"n": %d, "client_mutation_id": "x"}`, Done, 1, ""},
			{"partly", `{"n": %d}`, Failed, 1, `{"7": {"error": "id 7 does not exist"}}`},
			{"refuse", `{"n": %d}`, Failed, 0, "The claim is checked already."},
			{"break", `{"n": %d}`, Failed, 0, "internal error"},
			{"panic", `{"n": %d}`, Failed, 0, "internal error"},
			{"count", `{"n": "%d"}`, Failed, 0, "n: string given, a whole number of its range expected."},
			{"count", `[%d]`, Failed, 0, "The input is not a JSON object."},
		} {
			for _, async := range []bool{false, true} {
				t.Run(fmt.Sprint(c.name, " ", i, " async ", async), func(t *testing.T) {
					l := newLab(t, d, func(o *Options) { o.Async = async })
					n := 10*i + 1
					if async {
						n++
					}
					id := l.submit(clerk, c.name, fmt.Sprintf(c.input, n))
					if async {
						l.ended(id, n, Received, 0, "")
						if !l.next(t.Context()) || l.next(t.Context()) {
							t.Error("not one row was executed")
						}
					}
					l.ended(id, n, c.status, c.effects, c.text)
					if l.queued() != 0 {
						t.Error("the queue row is still there")
					}
					if len(l.events) != 1 || l.events[0].Status != c.status || l.events[0].Attempt != 1 {
						t.Errorf("events %+v", l.events)
					}
				})
			}
		}
	})
}

func TestLogRow(t *testing.T) {
	l := newLab(t, dbtest.SQLite(t), nil)
	client, label, input := "c-1", "Création", `{"n":   1, "z": "ü"}`
	id, err := l.Submit(auth.With(t.Context(), clerk), "count", json.RawMessage(input), &client, &label)
	if err != nil {
		t.Fatal(err)
	}
	row := l.entry(id)
	if row.Content != input || *row.Client != client || *row.Label != label || string(row.User) != clerk.ID {
		t.Errorf("got %+v", row)
	}
}

func TestRefusedAtSubmit(t *testing.T) {
	l := newLab(t, dbtest.SQLite(t), nil)
	long := strings.Repeat("x", 256)
	for _, c := range []struct {
		what, name, input, code string
		p                       *auth.Principal
		client                  *string
	}{
		{"unknown mutation", "nothing", `{}`, fault.NotFound, clerk, nil},
		{"anonymous", "count", `{}`, fault.Unauthenticated, nil, nil},
		{"without the right", "count", `{}`, fault.Forbidden, visitor, nil},
		{"no JSON", "count", `{`, fault.Invalid, clerk, nil},
		{"long id", "count", `{}`, fault.Invalid, clerk, &long},
	} {
		id, err := l.Submit(auth.With(t.Context(), c.p), c.name, json.RawMessage(c.input), c.client, nil)
		if id != "" || fault.Code(err) != c.code {
			t.Errorf("%s: %q, %v", c.what, id, err)
		}
	}
	if n := l.count(`SELECT COUNT(*) FROM "core_Mutation_Log"`); n != 0 {
		t.Errorf("%d rows logged", n)
	}
}

func TestRightsAreCheckedAgainAtExecution(t *testing.T) {
	l := newLab(t, dbtest.SQLite(t), func(o *Options) { o.Async = true })
	a := l.submit(clerk, "count", `{"n": 1}`)
	l.users["clerk"] = visitor
	l.next(t.Context())
	l.ended(a, 1, Failed, 0, "right")
	b := l.submit(clerk, "count", `{"n": 2}`)
	delete(l.users, "clerk")
	l.next(t.Context())
	l.ended(b, 2, Failed, 0, "is not known")
}

// Whoever called may go away: the mutation ends all the same.
func TestCallerGoesAway(t *testing.T) {
	l := newLab(t, dbtest.SQLite(t), nil)
	ctx, cancel := context.WithCancel(auth.With(t.Context(), clerk))
	l.Service.at = func(point, _ string) {
		if point == "recorded" {
			cancel()
		}
	}
	id, err := l.Submit(ctx, "count", json.RawMessage(`{"n": 1}`), nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	l.ended(id, 1, Done, 1, "")
}

func TestTransientErrorsAreTriedAgain(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		l := newLab(t, d, nil)
		l.fails["flaky"] = 3
		id := l.submit(clerk, "flaky", `{"n": 1}`)
		l.ended(id, 1, Received, 0, "")
		for _, rest := range []time.Duration{time.Second, 2 * time.Second, 4 * time.Second} {
			l.pass(rest - 10*time.Millisecond)
			if l.next(t.Context()) {
				t.Fatalf("tried again before %v", rest)
			}
			l.pass(10 * time.Millisecond)
			if !l.next(t.Context()) {
				t.Fatalf("not tried again after %v", rest)
			}
		}
		l.ended(id, 1, Done, 1, "")

		l.fails["flaky"] = 99
		id = l.submit(clerk, "flaky", `{"n": 2}`)
		for range 20 {
			l.pass(time.Minute)
			l.next(t.Context())
		}
		l.ended(id, 2, Failed, 0, "internal error")
		if l.queued() != 0 || l.fails["flaky"] != 94 {
			t.Errorf("%d rows left after %d attempts", l.queued(), 99-l.fails["flaky"])
		}
	})
}

// While the effects are being made nobody takes the row, even after its lease, on engines with row
// locks; and a worker that lost its row changes nothing.
func TestExpiredLeaseIsTakenOverOnce(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		l := newLab(t, d, nil)
		slow := newLab(t, d, nil)
		slow.Service.at = func(point, _ string) {
			if point == "recorded" { // the process sleeps past its lease
				l.pass(16 * time.Second)
				if !l.next(t.Context()) {
					t.Error("the expired lease was not taken over")
				}
			}
		}
		id := slow.submit(clerk, "count", `{"n": 1}`)
		l.ended(id, 1, Done, 1, "")
		if len(slow.events) != 0 {
			t.Errorf("the loser reports %+v", slow.events)
		}
		if !d.RowLocks() {
			return // whoever looks waits for the living transaction to end
		}
		slow.Service.at = func(point, _ string) {
			if point == "applied" {
				l.pass(time.Hour)
				if l.next(t.Context()) {
					t.Error("a row was taken from a living transaction")
				}
			}
		}
		id = slow.submit(clerk, "count", `{"n": 2}`)
		l.ended(id, 2, Done, 1, "")
	})
}

func TestEveryMutationOnce(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		const mutations = 200
		submitter := newLab(t, d, func(o *Options) { o.Async = true })
		ctx, stop := context.WithCancel(t.Context())
		var workers sync.WaitGroup
		for range 2 { // two processes of three workers
			w := newLab(t, d, nil)
			workers.Go(func() { w.Run(ctx, 3) })
		}
		ids := make([]string, mutations)
		for i := range ids {
			ids[i] = submitter.submit(clerk, "count", fmt.Sprintf(`{"n": %d}`, i))
		}
		for deadline := time.Now().Add(time.Minute); submitter.queued() > 0; time.Sleep(5 * time.Millisecond) {
			if time.Now().After(deadline) {
				t.Fatalf("%d rows left", submitter.queued())
			}
		}
		stop()
		workers.Wait()
		for i, id := range ids {
			submitter.ended(id, i, Done, 1, "")
		}
	})
}

func TestAbandonedMutationsEnd(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		l := newLab(t, d, func(o *Options) { o.Async = true })
		id := l.submit(clerk, "count", `{"n": 1}`)
		other := New(d, NewRegistry(), Options{Clock: l.now, Log: slog.New(slog.DiscardHandler)}) // without the module
		if other.next(t.Context()) {
			t.Error("an instance took a mutation that it does not know")
		}
		if n, err := other.Recover(t.Context()); n != 0 || err != nil {
			t.Errorf("%d ended at once, %v", n, err)
		}
		l.pass(25 * time.Hour)
		if n, err := l.Recover(t.Context()); n != 0 || err != nil {
			t.Errorf("the instance that knows it ended %d, %v", n, err)
		}
		if n, err := other.Recover(t.Context()); n != 1 || err != nil {
			t.Errorf("%d ended after a day, %v", n, err)
		}
		l.ended(id, 1, Failed, 0, "No running instance")
	})
}

// crash is the child process of TestKilled: it kills itself, as kill -9 does, at a point of a mutation.
func crash(point, url string) {
	ctx := auth.With(context.Background(), clerk)
	d, err := db.Open(ctx, url, db.Options{})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	r := NewRegistry()
	_ = r.Add("count", Typed(auth.Needs(111002), func(ctx context.Context, tx *db.Tx, c Call, in numbered) (Outcome, error) {
		return Outcome{}, effect(ctx, tx, in.N)
	}))
	s := New(d, r, Options{Clock: clock.Fixed(start)})
	s.at = func(reached, _ string) {
		if reached == point {
			if me, err := os.FindProcess(os.Getpid()); err == nil {
				_ = me.Kill()
			}
			select {}
		}
	}
	_, err = s.Submit(ctx, "count", json.RawMessage(`{"n": 1}`), nil, nil)
	fmt.Fprintln(os.Stderr, "still alive:", err)
	os.Exit(1)
}

// Instances of two contracts share a database: each takes the mutations that are spelled as it expects.
func TestAWorkerLeavesOtherContractsAlone(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		speaking := func(contract string, unmarked bool) *lab {
			return newLab(t, d, func(o *Options) { o.Async, o.Contract, o.Unmarked = true, contract, unmarked })
		}
		old, recent, earlier := speaking("old", true), speaking("new", false), speaking("", false)
		ctx := auth.With(t.Context(), clerk)
		for i, l := range []*lab{old, recent, earlier} { // earlier is a release that marks nothing
			if _, err := l.Submit(ctx, "count", json.RawMessage(fmt.Sprintf(`{"n": %d}`, i)), nil, nil); err != nil {
				t.Fatal(err)
			}
		}
		took := func(l *lab) (n int) {
			for l.next(t.Context()) {
				n++
			}
			return n
		}
		if n := took(recent); n != 1 {
			t.Errorf("the new contract took %d", n)
		}
		if n := took(old); n != 2 {
			t.Errorf("the old contract took %d, want its own and the unmarked one", n)
		}
		// What nobody takes is ended in the end, though its name is known.
		if _, err := recent.Submit(ctx, "count", json.RawMessage(`{"n": 9}`), nil, nil); err != nil {
			t.Fatal(err)
		}
		old.pass(25 * time.Hour)
		if n, err := old.Recover(t.Context()); err != nil || n != 1 {
			t.Errorf("%d rows ended, %v", n, err)
		}
	})
}
