// Package mutation is the durable log and queue of mutations (rules.md §1.5, docs/development.md).
//
// Start with Service.Submit: it writes a row of core_Mutation_Log (status 0) and one of
// imis_mutation_queue in one transaction, and runs the mutation at once or leaves it to the workers
// (Service.Run). Execution takes the queue row away, applies the effects and writes the final status in
// one transaction, so that a process killed at any point loses nothing and nothing happens twice: either
// all of it is committed, or the queue row is still there and is taken over when its lease has expired.
//
// registry.go has what modules provide, execute.go the execution (long.go that of long ones), queue.go all SQL, worker.go the
// workers, dead.go what operators see and do, broker.go RabbitMQ as an alarm clock, lease.go and daily.go jobs that run on one instance only.
package mutation

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/openimis/openimis-be-go/internal/audit"
	"github.com/openimis/openimis-be-go/internal/auth"
	"github.com/openimis/openimis-be-go/internal/clock"
	"github.com/openimis/openimis-be-go/internal/db"
	"github.com/openimis/openimis-be-go/internal/fault"
	"github.com/openimis/openimis-be-go/internal/schema"
)

// The values of core_Mutation_Log.status.
const (
	Received = 0
	Failed   = 1 // error says why
	Done     = 2
)

// Options tune a Service.
type Options struct {
	// Contract is what the payloads of this instance are spelled in: it marks the rows that it queues and takes
	// no others. Unmarked says that rows which name none, of earlier releases, are of it, too.
	Contract string
	Unmarked bool

	Async      bool // leave the execution to workers (ASYNC_MUTATIONS)
	Principals func(ctx context.Context, username string) (*auth.Principal, error)
	Clock      clock.Clock // of leases, the same on all instances
	Stamps     clock.Clock // of the log and of what executions write (db.DB.Now); default Clock
	Log        *slog.Logger

	Lease       time.Duration // how long a taken row is not taken by others; default 15 s
	Poll        time.Duration // how often idle workers look for rows; default 2 s
	Timeout     time.Duration // of one execution that is not a long one; default 5 min
	Patience    time.Duration // how long Submit waits for a long one; default 20 s
	Drain       time.Duration // how long executions may go on when Run ends, before they are undone and left to others; default 20 s
	MaxAttempts int           // executions that may fail for a passing reason; default 5
	Backoff     time.Duration // pause after the first of them, doubled after each; default 1 s
	// MaxInterruptions is after how many executions whose process ended in them a mutation is given up: it may be
	// what ends them. Default 20, for on a struggling machine others end it, too.
	MaxInterruptions int
	Abandon          time.Duration // how long a row waits for an instance that knows its mutation; default 24 h

	// Transient says whether an execution that failed with err may succeed later. Deadlocks and lost
	// connections were already tried again by db.Write; this is about longer troubles. The default
	// takes fault.Unavailable and time-outs.
	Transient func(err error) bool

	// Wake tells workers of other processes about a new row (see Broker.Wake). It must not block.
	Wake func(id string)

	// Audit keeps what executions change; nil keeps nothing.
	Audit *audit.Log

	// Finished sees every execution that ended or will be tried again, for metrics.
	Finished func(Event)
}

// Event is one execution.
type Event struct {
	Name    string
	Status  int // Done, Failed, or Received: it is tried again
	Attempt int // from 1
	Waited  time.Duration
	Took    time.Duration
}

// Service submits and executes mutations.
type Service struct {
	db       *db.DB
	registry *Registry
	o        Options
	holder   string        // names this process in leases
	alarm    chan struct{} // wakes one worker of this process
	running  sync.WaitGroup
	stopping context.Context // ends when Run is told to: long ones stop
	stop     context.CancelFunc
	halting  context.Context // ends when Options.Drain is over: all stop
	halt     context.CancelFunc
	turn     sync.Mutex
	served   string                 // whose mutation was taken last
	at       func(point, id string) // fault injection of tests; nil otherwise
}

// New makes a Service. Options.Principals is required.
func New(d *db.DB, r *Registry, o Options) *Service {
	set := func(p *time.Duration, v time.Duration) {
		if *p <= 0 {
			*p = v
		}
	}
	set(&o.Lease, 15*time.Second)
	set(&o.Poll, 2*time.Second)
	set(&o.Timeout, 5*time.Minute)
	set(&o.Patience, 20*time.Second)
	set(&o.Backoff, time.Second)
	set(&o.Drain, 20*time.Second)
	set(&o.Abandon, 24*time.Hour)
	if o.MaxAttempts <= 0 {
		o.MaxAttempts = 5
	}
	if o.MaxInterruptions <= 0 {
		o.MaxInterruptions = 20
	}
	if o.Clock == nil {
		o.Clock = clock.System
	}
	if o.Stamps == nil {
		o.Stamps = o.Clock
	}
	if o.Log == nil {
		o.Log = slog.Default()
	}
	if o.Transient == nil {
		o.Transient = passing
	}
	s := &Service{db: d, registry: r, o: o, holder: Holder(), alarm: make(chan struct{}, 1)}
	s.stopping, s.stop = context.WithCancel(context.Background())
	s.halting, s.halt = context.WithCancel(context.Background())
	return s
}

// Holder makes a name for this process in leases: host, process, and something that is never again.
func Holder() string {
	host, _ := os.Hostname()
	if len(host) > 50 {
		host = host[:50]
	}
	return fmt.Sprintf("%s/%d/%s", host, os.Getpid(), uuid.NewString()[:8])
}

// maxClientText is the length of client_mutation_id and client_mutation_label.
const maxClientText = 255

// Submit records the mutation name with its input (a JSON object with snake_case names, kept exactly
// as given in json_content) for the principal of ctx, and returns the id of the log row. It fails only
// when nothing was recorded: the mutation is not known (not_found), the principal may not use it
// (unauthenticated, forbidden), the texts are not valid (invalid), the database is away. What goes
// wrong later is in the log row. Unless Options.Async is on, the mutation has been tried when Submit
// returns, even if the caller went away; a long one goes on when Options.Patience is over.
func (s *Service) Submit(ctx context.Context, name string, input json.RawMessage, clientMutationID, label *string) (internalID string, err error) {
	h, ok := s.registry.lookup(name)
	if !ok {
		return "", fault.New(fault.NotFound, "There is no mutation %q.", name)
	}
	p := auth.From(ctx)
	if err := h.Access.Check(p, name); err != nil {
		return "", err
	}
	if p == nil {
		return "", fault.New(fault.Unauthenticated, "Sign in to use %s.", name)
	}
	if err := p.Changes(); err != nil {
		return "", err
	}
	if !json.Valid(input) {
		return "", fault.Input("input", "The input of %s is not valid JSON.", name)
	}
	for _, x := range []struct {
		field, column string
		text          *string
	}{{"clientMutationId", "client_mutation_id", clientMutationID}, {"clientMutationLabel", "client_mutation_label", label}} {
		most := maxClientText
		if width := db.Width(s.db, "core_Mutation_Log", x.column); width > 0 {
			most = width
		}
		if x.text != nil && schema.Length(*x.text) > most {
			return "", fault.Input(x.field, "%s has %d characters; at most %d are allowed.", x.field, schema.Length(*x.text), most)
		}
	}
	now := s.o.Clock()
	e := entry{ID: db.NewUUID(), Name: name, Principal: p.Username, Payload: string(input), Enqueued: now}
	if s.o.Contract != "" {
		e.Contract = &s.o.Contract
	}
	if !s.o.Async {
		e.lease(s.holder, now.Add(s.o.Lease))
		e.Attempts = 1
		s.running.Add(1)
	}
	if err := s.record(ctx, e, p.ID, clientMutationID, label); err != nil {
		if !s.o.Async {
			s.running.Done()
		}
		return "", fmt.Errorf("record mutation %s: %w", name, err)
	}
	s.reach("recorded", e)
	if s.o.Async {
		s.wake()
		if s.o.Wake != nil {
			s.o.Wake(string(e.ID))
		}
		return string(e.ID), nil
	}
	ended := make(chan struct{})
	go func() {
		defer s.running.Done()
		defer close(ended)
		s.execute(context.WithoutCancel(ctx), e, p)
	}()
	var patience <-chan time.Time
	if h.Long != nil {
		patience = time.After(s.o.Patience)
	}
	select {
	case <-ended:
	case <-patience: // it goes on; the log tells how far it is
	}
	return string(e.ID), nil
}

// reach tells tests how far an execution has come.
func (s *Service) reach(point string, e entry) {
	if s.at != nil {
		s.at(point, string(e.ID))
	}
}

// Wait waits until the executions that Submit began have ended, or ctx has. Use it to stop gracefully.
func (s *Service) Wait(ctx context.Context) error {
	done := make(chan struct{})
	go func() { s.running.Wait(); close(done) }()
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
