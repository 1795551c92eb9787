package mutation

import (
	"context"
	"encoding/json"
	"log/slog"
	"sync/atomic"
	"testing"
	"time"

	"github.com/openimis/openimis-be-go/internal/auth"
	"github.com/openimis/openimis-be-go/internal/db"
	"github.com/openimis/openimis-be-go/internal/fault"
	"github.com/openimis/openimis-be-go/internal/testing/dbtest"
)

// commit is how the COMMIT of PostgreSQL looks on the wire.
const commit = "commit\x00"

// proxied gives a PostgreSQL database behind a proxy, with one connection, so that no other one survives
// when the proxy breaks it.
func proxied(t *testing.T) (*db.DB, *dbtest.Proxy) {
	t.Helper()
	dbtest.Need(t, db.Postgres)
	proxy := dbtest.NewProxy(t, dbtest.URL(t, db.Postgres))
	d, err := db.Open(t.Context(), proxy.URL, db.Options{Log: slog.New(slog.DiscardHandler), MaxConns: 1})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	return d, proxy
}

// A connection that is lost while a mutation commits leaves it open whether the mutation is done. It ends
// exactly once all the same, because the queue row tells.
func TestConnectionLostAtCommit(t *testing.T) {
	d, proxy := proxied(t)
	for n, c := range []struct {
		name   string
		lose   func(text string)
		record bool // the COMMIT of Submit's rows, instead of that of the effects
		away   bool // and the database is away afterwards
		runs   int32
	}{
		{"effects saved", proxy.LoseAnswer, false, false, 1},
		{"effects not saved", proxy.LoseRequest, false, false, 2},
		{"effects saved, then the database is away", proxy.LoseAnswer, false, true, 1},
		{"effects not saved, then the database is away", proxy.LoseRequest, false, true, 2},
		{"queue row saved", proxy.LoseAnswer, true, false, 1},
		{"queue row not saved", proxy.LoseRequest, true, false, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			l := newLab(t, d, nil)
			var runs atomic.Int32
			l.Service.at = func(point, _ string) {
				if point != "finished" || runs.Add(1) > 1 || c.record {
					return
				}
				if c.lose(commit); c.away {
					proxy.ThenDown()
				}
			}
			if c.record {
				c.lose(commit)
			}
			id := l.submit(clerk, "count", input(n))
			proxy.Down(false)
			if c.away {
				if l.next(t.Context()) {
					t.Error("taken over before the lease has expired")
				}
				l.pass(16 * time.Second)
				if found := l.next(t.Context()); found != (c.runs == 2) {
					t.Errorf("taken over after the lease has expired: %v", found)
				}
			}
			l.ended(id, n, Done, 1, "")
			if l.queued() != 0 || runs.Load() != c.runs || l.count(`SELECT COUNT(*) FROM "core_Mutation_Log"`) != n+1 {
				t.Errorf("run %d times, want %d; %d rows in the queue", runs.Load(), c.runs, l.queued())
			}
			if last := l.events[len(l.events)-1]; last.Status != Done && !(c.away && c.runs == 1) {
				t.Errorf("events %+v", l.events)
			}
		})
	}
}

// The last attempt too is looked after before it is called failed.
func TestConnectionLostAtCommitOfTheLastAttempt(t *testing.T) {
	d, proxy := proxied(t)
	l := newLab(t, d, func(o *Options) { o.MaxAttempts = 1 })
	l.Service.at = func(point, _ string) {
		if point == "finished" {
			proxy.LoseAnswer(commit)
		}
	}
	l.ended(l.submit(clerk, "count", input(1)), 1, Done, 1, "")
}

// Submit says that nothing was recorded only when that is so.
func TestSubmitWithoutDatabase(t *testing.T) {
	d, proxy := proxied(t)
	l := newLab(t, d, nil)
	proxy.LoseRequest(`"core_Mutation_Log"`)
	proxy.ThenDown()
	ctx, cancel := context.WithTimeout(auth.With(t.Context(), clerk), 2*time.Second)
	defer cancel()
	_, err := l.Submit(ctx, "count", json.RawMessage(input(1)), nil, nil)
	if fault.Code(err) != fault.Unavailable {
		t.Errorf("the error is %v", err)
	}
	proxy.Down(false)
	if n := l.count(`SELECT COUNT(*) FROM "core_Mutation_Log"`); n != 0 {
		t.Errorf("%d mutations were recorded", n)
	}
}

func input(n int) string {
	text, _ := json.Marshal(numbered{n})
	return string(text)
}
