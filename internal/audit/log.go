package audit

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/openimis/openimis-be-go/internal/clock"
)

// Sink is where lines go. Write keeps all of them or none, in order, and may be asked for the same lines
// again after an error.
type Sink interface {
	Write(ctx context.Context, lines []Line) error
	// String names it for the operator.
	String() string
}

// Options tune a Log.
type Options struct {
	Process    string // names this process in its lines
	OnlySingle bool   // of GraphQL, keep reading only where it is about one subject of a kind (AUDIT_READS=single)
	Block      bool   // when the sink does not keep up, let requests wait instead of losing lines (AUDIT_FULL=block)
	Clock      clock.Clock
	Log        *slog.Logger
	// Count is told how many lines were written and how many were lost, for metrics.
	Count func(written, lost int)

	Capacity int           // subjects that may wait for the sink; default 200,000
	Batch    int           // lines of one Write; default 500
	Every    time.Duration // how long a line waits at most for company; default 500 ms
}

// Log writes lines to a sink, in the background. While the sink fails, lines wait and are tried again;
// when too many wait, further ones are lost, counted, and the loss is a line itself, or requests wait.
// A process that is killed loses what waits: at most Every of it while the sink works. A nil Log is off.
type Log struct {
	sink Sink
	o    Options

	mu      sync.Mutex
	waiting []Line
	weight  int // subjects in waiting
	lost    int // since the last line that told of it
	seq     int64
	room    chan struct{} // closed, and made anew, when lines have been written
	wake    chan struct{}
	started bool
	closing bool
	stop    chan struct{}
	ended   chan struct{}
}

// New makes a Log.
func New(sink Sink, o Options) *Log {
	if o.Clock == nil {
		o.Clock = clock.System
	}
	if o.Log == nil {
		o.Log = slog.Default()
	}
	if o.Count == nil {
		o.Count = func(int, int) {}
	}
	if o.Capacity <= 0 {
		o.Capacity = 200_000
	}
	if o.Batch <= 0 {
		o.Batch = 500
	}
	if o.Every <= 0 {
		o.Every = 500 * time.Millisecond
	}
	return &Log{sink: sink, o: o, room: make(chan struct{}), wake: make(chan struct{}, 1), stop: make(chan struct{}), ended: make(chan struct{})}
}

// add queues the lines of what was touched.
func (l *Log) add(ctx context.Context, common Line, all []touched) {
	if l.o.OnlySingle && common.Way == "graphql" && !single(all) {
		all = changes(all)
	}
	common.At = l.now()
	for _, line := range lines(common, all) {
		l.queue(ctx, line)
	}
}

func changes(all []touched) (out []touched) {
	for _, t := range all {
		if t.action != Read {
			out = append(out, t)
		}
	}
	return out
}

// queue adds one line, or counts it as lost.
func (l *Log) queue(ctx context.Context, line Line) {
	for {
		l.mu.Lock()
		if !l.started {
			l.started = true
			l.append(Line{At: line.At, Action: Start})
			go l.run()
		}
		full := l.weight+1+len(line.IDs) > l.o.Capacity
		if !full && !l.closing {
			l.append(line)
			ring := len(l.waiting) >= l.o.Batch
			l.mu.Unlock()
			if ring {
				select {
				case l.wake <- struct{}{}:
				default:
				}
			}
			return
		}
		room := l.room
		if !l.o.Block || l.closing || ctx.Err() != nil {
			l.lost++
			l.mu.Unlock()
			l.o.Count(0, 1)
			return
		}
		l.mu.Unlock()
		select {
		case <-room:
		case <-ctx.Done():
		}
	}
}

// now is the moment of a line, as precise as all databases keep it.
func (l *Log) now() time.Time { return l.o.Clock().UTC().Truncate(time.Millisecond) }

// append numbers a line and lets it wait. The caller holds mu.
func (l *Log) append(line Line) {
	l.seq++
	line.Process, line.Seq = l.o.Process, l.seq
	l.waiting = append(l.waiting, line)
	l.weight += 1 + len(line.IDs)
}

// run writes until the log is closed.
func (l *Log) run() {
	defer close(l.ended)
	tick := time.NewTicker(l.o.Every)
	defer tick.Stop()
	pause := time.Duration(0)
	for {
		stopping := false
		select {
		case <-l.wake:
		case <-tick.C:
		case <-l.stop:
			stopping = true
		}
		for l.flush(&pause) {
		}
		if stopping {
			return
		}
		if pause > 0 {
			select {
			case <-time.After(pause):
			case <-l.stop:
				l.flush(&pause)
				return
			}
		}
	}
}

// writeTimeout bounds one Write of the sink.
const writeTimeout = 15 * time.Second

// flush writes a batch. It says whether there is more to write at once; pause is how long to wait after
// a failure.
func (l *Log) flush(pause *time.Duration) (more bool) {
	l.mu.Lock()
	if l.lost > 0 { // told before what comes after the loss
		l.append(Line{At: l.now(), Action: Lost, Count: l.lost})
		l.lost = 0
	}
	batch := l.waiting[:min(len(l.waiting), l.o.Batch)]
	l.mu.Unlock()
	if len(batch) == 0 {
		return false
	}
	ctx, cancel := context.WithTimeout(context.Background(), writeTimeout)
	err := l.sink.Write(ctx, batch)
	cancel()
	if err != nil {
		*pause = min(max(2*(*pause), l.o.Every), 30*time.Second)
		l.mu.Lock()
		waiting := len(l.waiting)
		l.mu.Unlock()
		l.o.Log.Error("the audit log cannot be written; its lines wait", "sink", l.sink.String(), "waiting", waiting, "again_in", pause.String(), "error", err)
		return false
	}
	*pause = 0
	l.o.Count(len(batch), 0)
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, line := range batch {
		l.weight -= 1 + len(line.IDs)
	}
	l.waiting = l.waiting[len(batch):]
	if len(l.waiting) == 0 {
		l.waiting = nil // let go of the array
	}
	close(l.room)
	l.room = make(chan struct{})
	return len(l.waiting) >= l.o.Batch || l.closing && len(l.waiting) > 0
}

// Close writes what waits and ends the log. What cannot be written until ctx ends is lost and told in
// the program's log.
func (l *Log) Close(ctx context.Context) {
	if l == nil {
		return
	}
	l.mu.Lock()
	if l.closing || !l.started {
		l.closing = true
		l.mu.Unlock()
		return
	}
	l.append(Line{At: l.now(), Action: Stop})
	l.closing = true
	l.mu.Unlock()
	close(l.stop)
	select {
	case <-l.ended:
	case <-ctx.Done():
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if n := len(l.waiting) + l.lost; n > 0 {
		l.o.Log.Error("lines of the audit log are lost", "sink", l.sink.String(), "lines", n)
		l.o.Count(0, len(l.waiting))
	}
}
