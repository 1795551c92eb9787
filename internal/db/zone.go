package db

import (
	"context"
	"sync"
	"time"
)

// zone is where the installation is. The legacy tables keep what the clock on the wall says, without a zone
// (GETDATE() of the stored procedures): stamps are that, labelled UTC. PostgreSQL's have a zone, and are moments.
type zone struct {
	naive    bool
	location *time.Location // nil: as far from UTC as the database server's clock

	mu     sync.Mutex
	offset time.Duration // of the server's clock
	asked  time.Time
	asking bool
	ask    func(ctx context.Context) (time.Duration, error)
}

// offsetRest is how long the server's distance from UTC is believed: summer time begins and ends.
const offsetRest = 5 * time.Minute

// openZone learns how far the database server's clock is from UTC.
func (d *DB) openZone(ctx context.Context) error {
	d.zone = &zone{naive: d.dialect != Postgres, location: time.UTC}
	if d.dialect != SQLServer {
		return nil
	}
	d.zone.location = nil
	d.zone.ask = func(ctx context.Context) (time.Duration, error) {
		var minutes int
		err := d.writer.GetContext(ctx, &minutes, `SELECT DATEDIFF(MINUTE, GETUTCDATE(), GETDATE())`)
		return (time.Duration(minutes) * time.Minute).Round(15 * time.Minute), err // the two may be read on either side of a minute
	}
	offset, err := d.zone.ask(ctx)
	d.zone.offset, d.zone.asked = offset, time.Now()
	return err
}

// SetZone says where the installation is. Before it that is where SQL Server's clock is, and UTC on the other
// engines. Call it before use.
func (d *DB) SetZone(l *time.Location) { d.zone.location = l }

// Zone names the time zone of stamps and of today.
func (d *DB) Zone() string {
	if d.zone.location != nil {
		return d.zone.location.String()
	}
	return "that of the database server, UTC" + time.Unix(0, 0).In(d.zone.at()).Format("-07:00")
}

// at is the place that times are told for.
func (z *zone) at() *time.Location {
	if z.location != nil {
		return z.location
	}
	z.mu.Lock()
	defer z.mu.Unlock()
	if z.ask != nil && !z.asking && time.Since(z.asked) > offsetRest {
		z.asking = true
		go z.refresh()
	}
	return time.FixedZone("", int(z.offset/time.Second))
}

func (z *zone) refresh() {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	offset, err := z.ask(ctx)
	z.mu.Lock()
	defer z.mu.Unlock()
	z.asking, z.asked = false, time.Now()
	if err == nil { // else it is most likely what it was
		z.offset = offset
	}
}

// Now is the clock of stamps and of today: what columns get, to the millisecond that they keep. Its calendar date is
// that of the zone.
func (d *DB) Now() time.Time { return d.stamp(time.Now().Truncate(time.Millisecond)) }

func (d *DB) stamp(t time.Time) time.Time {
	local := t.In(d.zone.at())
	if !d.zone.naive {
		return local
	}
	return wall(local, time.UTC)
}

func (d *DB) instant(t time.Time) time.Time {
	if !d.zone.naive {
		return t
	}
	return wall(t.UTC(), d.zone.at()).UTC()
}

// wall is what the clock on the wall says in t, somewhere else.
func wall(t time.Time, l *time.Location) time.Time {
	return time.Date(t.Year(), t.Month(), t.Day(), t.Hour(), t.Minute(), t.Second(), t.Nanosecond(), l)
}

// Stamp is a moment as a column has it, to compare columns with.
func Stamp(q Query, moment time.Time) time.Time {
	if d := databaseOf(q); d != nil {
		return d.stamp(moment)
	}
	return moment
}

// Instant is the moment that a stamp of a column stands for, to tell those elsewhere.
func Instant(q Query, stamp time.Time) time.Time {
	if d := databaseOf(q); d != nil {
		return d.instant(stamp)
	}
	return stamp
}
