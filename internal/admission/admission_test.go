package admission

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/openimis/openimis-be-go/internal/fault"
)

// do runs an operation that takes a time and says whether it was admitted.
func do(t *testing.T, g *Gate, o Operation, takes time.Duration) bool {
	t.Helper()
	leave, err := g.Enter(t.Context(), o)
	var busy *Busy
	switch {
	case err == nil:
		time.Sleep(takes)
		leave()
		return true
	case !errors.As(err, &busy):
		t.Error(err)
	case fault.Code(err) != fault.Unavailable || fault.Message(err) == "":
		t.Errorf("%v says %q", err, fault.Message(err))
	default:
		if n, _ := strconv.Atoi(busy.Seconds()); n < 1 || n > 5 {
			t.Errorf("try again after %s s", busy.Seconds())
		}
	}
	return false
}

func idle(t *testing.T, g *Gate) {
	t.Helper()
	if running, waiting := g.Running(); running != 0 || waiting != 0 || len(g.light.users) != 0 || len(g.heavy.users) != 0 || len(g.light.turns) != 0 {
		t.Errorf("%d run and %d wait at the end; users %v %v", running, waiting, g.light.users, g.heavy.users)
	}
}

func TestLimitsHold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := New(Options{Running: 8, PerUser: 3, Waiting: 1000})
		var running, most, mine, mostMine, done atomic.Int64
		var all sync.WaitGroup
		for i := range 60 {
			user := fmt.Sprint(i % 6)
			all.Go(func() {
				leave, err := g.Enter(t.Context(), Operation{User: user})
				if err != nil {
					t.Error(err)
					return
				}
				raise(&most, running.Add(1))
				if user == "0" {
					raise(&mostMine, mine.Add(1))
				}
				time.Sleep(50 * time.Millisecond)
				if user == "0" {
					mine.Add(-1)
				}
				running.Add(-1)
				done.Add(1)
				leave()
				leave() // twice does no harm
			})
		}
		all.Wait()
		if most.Load() != 6 || mostMine.Load() > 3 || done.Load() != 60 { // two of the eight places are for heavy ones
			t.Errorf("%d at once, %d of one user, %d done", most.Load(), mostMine.Load(), done.Load())
		}
		idle(t, g)
	})
}

func raise(to *atomic.Int64, v int64) {
	for old := to.Load(); v > old && !to.CompareAndSwap(old, v); old = to.Load() {
	}
}

// A user who sends hundreds of operations does not keep another one waiting.
func TestUsersTakeTurns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := New(Options{Running: 4, PerUser: 8, Waiting: 500})
		var all sync.WaitGroup
		for range 200 {
			all.Go(func() { do(t, g, Operation{User: "greedy"}, 20*time.Millisecond) })
		}
		synctest.Wait()
		began := time.Now()
		for i := range 5 {
			all.Go(func() {
				if !do(t, g, Operation{User: fmt.Sprint("modest", i)}, 20*time.Millisecond) {
					t.Error("a modest user was refused")
				}
				if took := time.Since(began); took > 150*time.Millisecond {
					t.Errorf("a modest user waited for %v", took)
				}
			})
		}
		all.Wait()
		idle(t, g)
	})
}

func TestHeavyOperationsHaveALaneOfTheirOwn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := New(Options{Running: 8, PerUser: 8})
		var all sync.WaitGroup
		for i := range 40 {
			all.Go(func() { do(t, g, Operation{User: fmt.Sprint(i), Rows: manyRows + 1}, time.Second) })
		}
		synctest.Wait()
		if running, _ := g.Running(); running != 2 {
			t.Errorf("%d heavy operations at once", running)
		}
		began := time.Now()
		if !do(t, g, Operation{User: "cheap"}, time.Millisecond) || time.Since(began) > 2*time.Millisecond {
			t.Errorf("a cheap operation took %v", time.Since(began))
		}
		all.Wait()
		idle(t, g)
	})
}

// What is asked for at four times the rate that can be served: as much is done as without the excess, and nobody
// who is served waits for long.
func TestOverloadIsRefusedEarly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := New(Options{Running: 8, PerUser: 8})
		const takes, duration = 10 * time.Millisecond, 10 * time.Second
		var served, refused atomic.Int64
		var longest atomic.Int64
		var all sync.WaitGroup
		gap := takes / 6 / 4 // six places
		for i := range int(duration / gap) {
			began := time.Now()
			all.Go(func() {
				if !do(t, g, Operation{User: fmt.Sprint(i % 40)}, takes) {
					refused.Add(1)
					return
				}
				served.Add(1)
				if i > int(3*time.Second/gap) { // it takes a moment until it is known
					raise(&longest, int64(time.Since(began)))
				}
			})
			time.Sleep(gap)
		}
		all.Wait()
		if want := int64(duration / takes * 6); served.Load() < want*95/100 {
			t.Errorf("%d were served, %d could be", served.Load(), want)
		}
		if d := time.Duration(longest.Load()); d > brieflyLight+2*takes {
			t.Errorf("somebody who was served waited for %v", d)
		}
		if refused.Load() == 0 {
			t.Error("nobody was refused")
		}
		idle(t, g)
	})
}

// A burst is not an overload: all of it is served, though some wait.
func TestBurstsAreServed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := New(Options{Running: 8, PerUser: 8})
		var all sync.WaitGroup
		for i := range 60 {
			all.Go(func() {
				if !do(t, g, Operation{User: fmt.Sprint(i % 4)}, 90*time.Millisecond) {
					t.Error("refused")
				}
			})
		}
		all.Wait()
		idle(t, g)
	})
}

func TestFullQueueDropsTheGreediest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := New(Options{Running: 4, PerUser: 4, Waiting: 10})
		var all sync.WaitGroup
		var refused atomic.Int64
		all.Go(func() { do(t, g, Operation{User: "other"}, 200*time.Millisecond) })
		synctest.Wait()
		for range 14 {
			all.Go(func() {
				if !do(t, g, Operation{User: "greedy"}, 100*time.Millisecond) {
					refused.Add(1)
				}
			})
		}
		synctest.Wait()
		if refused.Load() != 2 { // two run, ten wait
			t.Errorf("%d were refused", refused.Load())
		}
		all.Go(func() {
			if !do(t, g, Operation{User: "modest"}, time.Millisecond) {
				t.Error("a modest user was refused")
			}
		})
		all.Wait()
		if refused.Load() != 3 {
			t.Errorf("%d were refused", refused.Load())
		}
		idle(t, g)
	})
}

func TestWhoGivesUpLeavesTheQueue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := New(Options{Running: 4, PerUser: 1, Patience: 2 * time.Second})
		leave, err := g.Enter(t.Context(), Operation{User: "a"})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := g.Enter(ctx, Operation{User: "a"}); !errors.Is(err, context.DeadlineExceeded) {
			t.Error(err)
		}
		began := time.Now()
		if do(t, g, Operation{User: "a"}, 0) || time.Since(began) != 2*time.Second {
			t.Errorf("waited for %v", time.Since(began))
		}
		leave()
		idle(t, g)
	})
}

// What was slow before goes to the lane of heavy operations, until it is fast.
func TestSlowShapesAreRemembered(t *testing.T) {
	var h history
	steps := []struct {
		took time.Duration
		slow bool
	}{{2 * time.Second, false}, {20 * time.Second, true}, {400 * time.Millisecond, true}, {5 * time.Millisecond, false}, {time.Second, false}}
	for i, s := range steps {
		h.took("claims", s.took)
		if h.slow("claims") != s.slow || h.slow("others") {
			t.Errorf("after %d: slow %t", i+1, h.slow("claims"))
		}
	}
	for i := range 3 * mostShapes {
		h.took(fmt.Sprint(i), time.Second)
	}
	if len(h.times) > mostShapes {
		t.Errorf("%d shapes are kept", len(h.times))
	}
	h.took("", time.Hour)
	if h.slow("") {
		t.Error("what has no shape is remembered")
	}
}
