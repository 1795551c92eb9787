// Package admission decides when an operation may begin, so that a server that is asked for more than it can do
// stays as fast as it is for those whom it serves, and says so at once to the others. Start with New, then
// Gate.Enter.
//
// There are two lanes: one for operations that look at many rows or have been slow before, with a quarter of the
// places at most, and one for all others, which never wait behind those. In each lane users take turns, however much one
// of them sends. Who waits is let in or refused; while a lane has had somebody waiting all the time for a second,
// nobody waits for longer than a moment: whoever waits longer then would only keep others waiting (this is
// "controlled delay", as against the full queues that a fixed patience makes).
package admission

import (
	"context"
	"math/rand/v2"
	"runtime"
	"strconv"
	"sync"
	"time"

	"github.com/openimis/openimis-be-go/internal/fault"
)

// Options are the limits of a Gate. Zero values take the defaults.
type Options struct {
	Running  int           // operations at once; default 16, at least 4
	PerUser  int           // of one user; default half of Running
	Waiting  int           // operations that wait, in each lane; default eight times Running
	Patience time.Duration // how long one waits; default 5 s
	Now      func() time.Time
}

// The delay that is controlled: a lane is overloaded when somebody has waited in it all the time for busyFor, and
// then nobody waits longer than briefly.
const (
	busyFor      = time.Second
	brieflyLight = 100 * time.Millisecond
	brieflyHeavy = time.Second
)

// Gate admits operations. It may be used from many goroutines.
type Gate struct {
	light, heavy lane
	history      history
}

// New makes a Gate.
func New(o Options) *Gate {
	if o.Running == 0 {
		o.Running = 16
	}
	o.Running = max(o.Running, 4)
	if o.PerUser == 0 {
		o.PerUser = o.Running / 2
	}
	if o.Waiting == 0 {
		o.Waiting = 8 * o.Running
	}
	if o.Patience == 0 {
		o.Patience = 5 * time.Second
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	heavy := min(o.Running/4, max(2, runtime.GOMAXPROCS(0))) // more would only take turns on the processors
	made := func(places, perUser int, briefly time.Duration) lane {
		return lane{places: places, perUser: min(perUser, max(1, places*2/3)), most: o.Waiting, patience: o.Patience, briefly: min(briefly, o.Patience), now: o.Now, users: map[string]*user{}}
	}
	return &Gate{light: made(o.Running-heavy, o.PerUser, brieflyLight), heavy: made(heavy, max(1, o.PerUser/4), brieflyHeavy)}
}

// Operation is what wants to begin.
type Operation struct {
	// User takes turns with the others.
	User string
	// Shape tells operations apart that take about the same time, whatever their values. "" is not remembered.
	Shape string
	// Rows is how many rows it may look at, by its text.
	Rows int
}

// manyRows is how many rows make an operation a heavy one.
const manyRows = 5000

// Busy is the error of an operation that may not begin. Unwrap gives the fault that users see.
type Busy struct {
	// RetryAfter is when to try again, spread so that those refused together do not come back together.
	RetryAfter time.Duration
}

// Error implements error.
func (*Busy) Error() string { return busy.Error() }

// Unwrap makes it a fault.
func (*Busy) Unwrap() error { return busy }

// Seconds is the value of the header Retry-After.
func (b *Busy) Seconds() string {
	return strconv.Itoa(int((b.RetryAfter + time.Second - 1) / time.Second))
}

var busy = fault.New(fault.Unavailable, "The server is busy just now; try again in a few seconds.")

func refused() error {
	return &Busy{RetryAfter: time.Second + rand.N(3*time.Second)}
}

// Enter waits until the operation may begin. leave must be called once it has been executed; the error is a
// *Busy, or that of ctx.
func (g *Gate) Enter(ctx context.Context, o Operation) (leave func(), err error) {
	l := &g.light
	if o.Rows > manyRows || g.history.slow(o.Shape) {
		l = &g.heavy
	}
	if err := l.enter(ctx, o.User); err != nil {
		return nil, err
	}
	began := l.now()
	return sync.OnceFunc(func() {
		took := l.now().Sub(began)
		l.leave(o.User, took)
		g.history.took(o.Shape, took)
	}), nil
}

// Full refuses, by its error, an operation of a user of which nothing else is known yet: where even a light one
// would be refused, nobody needs to look at it.
func (g *Gate) Full(user string) error {
	if g.light.full(user) {
		return refused()
	}
	return nil
}

// Running is how many operations are being executed and how many wait.
func (g *Gate) Running() (running, waiting int) {
	for _, l := range []*lane{&g.light, &g.heavy} {
		l.mu.Lock()
		running, waiting = running+l.running, waiting+l.waiting
		l.mu.Unlock()
	}
	return running, waiting
}
