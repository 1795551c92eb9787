package db

import (
	"context"
	"database/sql"
	"errors"
	"reflect"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jmoiron/sqlx"
)

// replica is what is known of the server that reads go to (Options.ReadURL). A watch asks both servers again and
// again how far they are, over connections of its own, so that a busy pool is not taken for a lost server. While the
// replica cannot be reached or is further behind than the bound, reads go to the primary; it comes back by itself.
type replica struct {
	bound time.Duration
	every time.Duration

	away      atomic.Bool  // cannot be reached
	confirmed atomic.Int64 // all that was committed before this moment (Unix nanoseconds) is on the replica
	lag       atomic.Int64 // at the last look, nanoseconds

	fromReplica, fromPrimary, triedAgain atomic.Int64 // reads

	stop    context.CancelFunc
	stopped chan struct{}

	mu      sync.Mutex // of watching alone
	samples []sample   // of the primary, not yet seen on the replica; the oldest first
	standby bool       // what the markers of the samples are
	told    bool       // that the replica does not serve
}

// sample is how far the primary was at a moment.
type sample struct {
	at     time.Time
	marker int64
}

// defaultReadLag is the bound where Options.ReadLag gives none.
const defaultReadLag = 30 * time.Second

func newReplica(bound time.Duration) *replica {
	if bound <= 0 {
		bound = defaultReadLag
	}
	return &replica{bound: bound, every: min(max(bound/10, 50*time.Millisecond), time.Second)}
}

// serves says whether reads may go to the replica now.
func (r *replica) serves(now time.Time) bool {
	return !r.away.Load() && now.UnixNano()-r.confirmed.Load() <= int64(r.bound)
}

// lost takes the replica out, until the watch finds it well again.
func (r *replica) lost() {
	r.away.Store(true)
	r.triedAgain.Add(1)
}

// Replica tells about the server that reads go to.
type Replica struct {
	Serves                   bool          // it can be reached, and is not too far behind
	Lag                      time.Duration // how far it was behind at the last look
	FromReplica, FromPrimary int64         // reads so far
	TriedAgain               int64         // reads that failed there and were begun again
}

// Replica tells about the server that reads go to; false where there is none.
func (d *DB) Replica() (Replica, bool) {
	r := d.replica
	if r == nil {
		return Replica{}, false
	}
	return Replica{Serves: r.serves(time.Now()), Lag: time.Duration(r.lag.Load()), FromReplica: r.fromReplica.Load(), FromPrimary: r.fromPrimary.Load(), TriedAgain: r.triedAgain.Load()}, true
}

// watchReplica begins to watch, after a first look.
func (d *DB) watchReplica() error {
	own, err := d.Reserved(1)
	if err != nil {
		return err
	}
	r := d.replica
	ctx, stop := context.WithCancel(context.Background())
	r.stop, r.stopped = stop, make(chan struct{})
	d.lookAtReplica(ctx, own)
	go func() {
		defer close(r.stopped)
		tick := time.NewTicker(r.every)
		defer tick.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
				d.lookAtReplica(ctx, own)
			}
		}
	}()
	return nil
}

func (d *DB) endWatch() {
	if d.replica != nil && d.replica.stop != nil {
		d.replica.stop()
		<-d.replica.stopped
	}
}

// lookTimeout is how long one look at a server may take.
const lookTimeout = 2 * time.Second

// lookAtReplica compares the two servers.
func (d *DB) lookAtReplica(ctx context.Context, own *DB) {
	r := d.replica
	r.mu.Lock()
	defer r.mu.Unlock()
	standby, atReplica, err := own.marker(ctx, own.reader, nil)
	if err != nil {
		if ctx.Err() == nil {
			r.away.Store(true)
			d.tellOfReplica(err)
		}
		return
	}
	if standby != r.standby {
		r.standby, r.samples = standby, nil
	}
	// The replica was asked first: what it had then, it has now.
	at := time.Now()
	_, atPrimary, primaryErr := own.marker(ctx, own.writer, &standby)
	if primaryErr == nil {
		r.samples = append(r.samples, sample{at, atPrimary})
	}
	seen := 0
	for seen < len(r.samples) && r.samples[seen].marker <= atReplica {
		seen++
	}
	switch {
	case seen == len(r.samples) && primaryErr != nil: // nothing newer is known, and nobody can write
		r.confirmed.Store(time.Now().UnixNano())
	case seen > 0:
		r.confirmed.Store(r.samples[seen-1].at.UnixNano())
	}
	r.samples = r.samples[seen:]
	if len(r.samples) > 0 {
		r.lag.Store(int64(time.Since(r.samples[0].at)))
	} else {
		r.lag.Store(0)
	}
	if len(r.samples) > 4096 { // of a replica that is far behind every second one will do
		kept := r.samples[:0]
		for i := 0; i < len(r.samples); i += 2 {
			kept = append(kept, r.samples[i])
		}
		r.samples = kept
	}
	r.away.Store(false)
	d.tellOfReplica(nil)
}

// tellOfReplica logs that the replica has stopped or begun to serve.
func (d *DB) tellOfReplica(err error) {
	r := d.replica
	serves := r.serves(time.Now())
	if serves != r.told {
		return
	}
	r.told = !serves
	switch {
	case serves:
		d.log.Info("the replica serves reads again", "lag", time.Duration(r.lag.Load()).String())
	case err != nil:
		d.log.Warn("the replica cannot be reached: reads go to the primary", "error", oneLine(err))
	default:
		d.log.Warn("the replica is too far behind: reads go to the primary", "lag", time.Duration(r.lag.Load()).String(), "bound", r.bound.String())
	}
}

// marker is how far a server is: the position in the log of changes where the replica is a standby of PostgreSQL,
// which is exact; elsewhere the last heartbeat of an instance. standby says which of them, nil asks for it.
func (d *DB) marker(ctx context.Context, pool *sqlx.DB, standby *bool) (isStandby bool, marker int64, err error) {
	ctx, cancel := context.WithTimeout(ctx, lookTimeout)
	defer cancel()
	if d.dialect == Postgres {
		var at sql.NullInt64
		switch {
		case standby == nil:
			err = pool.GetContext(ctx, &at, `SELECT CASE WHEN pg_is_in_recovery() THEN CAST(pg_wal_lsn_diff(pg_last_wal_replay_lsn(), '0/0') AS bigint) END`)
			isStandby = at.Valid
		case *standby:
			isStandby = true
			err = pool.GetContext(ctx, &at, `SELECT CAST(pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0') AS bigint)`)
		}
		if err != nil || isStandby {
			return isStandby, at.Int64, err
		}
	}
	var beat sql.NullTime
	if d.Offers("imis_instance", "seen") {
		err = pool.GetContext(ctx, &beat, `SELECT MAX("seen") FROM "imis_instance"`)
	} else {
		err = pool.PingContext(ctx)
	}
	if beat.Valid {
		marker = beat.Time.UnixMicro()
	}
	return false, marker, err
}

// ofReplica says whether a read that failed at the replica may succeed at the primary: the replica is gone, or
// cancels what is in the way of what it gets.
func ofReplica(err error) bool {
	var pg *pgconn.PgError
	if errors.As(err, &pg) && pg.Code == "25006" {
		return false
	}
	return err != nil && !errors.Is(err, context.Canceled) && !errors.Is(err, context.DeadlineExceeded) && transient(err)
}

// reading runs fn where the read goes. What fails because of the replica is begun again at the primary; dest is
// what fn fills.
func (d *DB) reading(ctx context.Context, dest any, fn func(q queryer) error) error {
	pool := d.source(ctx)
	switch {
	case d.replica == nil:
		return fn(pool)
	case pool == d.writer:
		d.replica.fromPrimary.Add(1)
		return fn(pool)
	}
	d.replica.fromReplica.Add(1)
	filled := length(dest)
	err := fn(pool)
	if !ofReplica(err) || ctx.Err() != nil {
		return err
	}
	d.replica.lost()
	d.log.WarnContext(ctx, "a read failed at the replica and is begun again at the primary", "error", err)
	if filled >= 0 {
		reflect.ValueOf(dest).Elem().SetLen(filled)
	}
	return fn(d.writer)
}

// length is that of the slice that dest points to; -1 where it points to something else.
func length(dest any) int {
	if v := reflect.ValueOf(dest); v.Kind() == reflect.Pointer && v.Elem().Kind() == reflect.Slice {
		return v.Elem().Len()
	}
	return -1
}
