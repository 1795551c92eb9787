package mutation

import (
	"context"
	"fmt"
	"log/slog"
	"runtime/debug"
	"time"

	"github.com/openimis/openimis-be-go/internal/clock"
	"github.com/openimis/openimis-be-go/internal/db"
)

// Scheduler runs daily jobs once a day on one of all instances. imis_lease remembers the last day that a
// job has ended well, so that a day missed because nothing ran is made up for; only a job that was never
// run on the database waits for its next hour.
type Scheduler struct {
	lease  *Lease
	log    *slog.Logger
	holder string
}

// NewScheduler makes a Scheduler.
func NewScheduler(d *db.DB, c clock.Clock, log *slog.Logger) *Scheduler {
	if log == nil {
		log = slog.Default()
	}
	return &Scheduler{lease: NewLease(d, c), log: log, holder: Holder()}
}

const (
	jobLease   = 5 * time.Minute // of a job that runs; renewed while it does
	jobBackoff = jobLease        // a failed job rests as long as its lease
	lookAgain  = time.Minute     // while another instance runs the job, or the database is away
)

// Daily runs fn every day at the time of day at (since midnight UTC) until ctx ends. day is the day that
// fn runs for. A job that fails, panics or dies with its process is tried again after some minutes.
func (s *Scheduler) Daily(ctx context.Context, name string, at time.Duration, fn func(ctx context.Context, day time.Time) error) {
	job := &dailyJob{Scheduler: s, name: name, at: at % (24 * time.Hour), fn: fn, began: s.lease.clock()}
	for ctx.Err() == nil {
		select {
		case <-ctx.Done():
		case <-time.After(job.step(ctx)):
		}
	}
}

type dailyJob struct {
	*Scheduler
	name  string
	at    time.Duration
	fn    func(ctx context.Context, day time.Time) error
	began time.Time
}

// doneMark is the holder of a lease whose job has ended well for a day.
func doneMark(day time.Time) string { return "done " + day.Format(time.DateOnly) }

// step runs the job if it is due and says when to look again.
func (j *dailyJob) step(ctx context.Context) time.Duration {
	now := j.lease.clock()
	due := clock.Day(now).Add(j.at)
	if due.After(now) {
		due = due.AddDate(0, 0, -1)
	}
	day := clock.Day(due)
	tomorrow := min(due.AddDate(0, 0, 1).Sub(now), time.Hour) // look every hour: clocks are set

	row, found, err := j.lease.state(ctx, j.name)
	switch {
	case err != nil:
		j.log.ErrorContext(ctx, "the state of a daily job cannot be read", "job", j.name, "error", err)
		return lookAgain
	case found && row.Holder >= doneMark(day) && row.Holder <= doneMark(day.AddDate(1, 0, 0)):
		return tomorrow
	case !found && due.Before(j.began):
		return tomorrow
	case found && row.Until.After(now):
		return lookAgain
	}
	got, err := j.lease.Try(ctx, j.name, j.holder, jobLease)
	if err != nil || !got {
		if err != nil {
			j.log.ErrorContext(ctx, "a daily job cannot be leased", "job", j.name, "error", err)
		}
		return lookAgain
	}
	if err := j.run(ctx, day); err != nil { // the lease runs out, then anybody tries again
		j.log.ErrorContext(ctx, "a daily job failed and is tried again", "job", j.name, "day", day.Format(time.DateOnly), "error", err)
		return jobBackoff
	}
	if err := j.done(context.WithoutCancel(ctx), due); err != nil {
		j.log.ErrorContext(ctx, "a daily job ended well, but that cannot be recorded", "job", j.name, "error", err)
		return lookAgain
	}
	j.log.InfoContext(ctx, "a daily job has run", "job", j.name, "day", day.Format(time.DateOnly))
	return tomorrow
}

// run calls fn while it keeps the lease; fn is cancelled when the lease is lost.
func (j *dailyJob) run(ctx context.Context, day time.Time) (err error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	go func() {
		for {
			select {
			case <-ctx.Done():
				return
			case <-time.After(jobLease / 3):
			}
			if ok, err := j.lease.Try(ctx, j.name, j.holder, jobLease); err == nil && !ok {
				cancel(fmt.Errorf("the lease of the job %s was lost", j.name))
			}
		}
	}()
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("job %s panicked: %v\n%s", j.name, p, debug.Stack())
		}
	}()
	return j.fn(ctx, day)
}

// done marks the day, and keeps everybody from the lease until the next time is due.
func (j *dailyJob) done(ctx context.Context, due time.Time) error {
	return j.lease.db.Write(ctx, "end of job "+j.name, func(tx *db.Tx) error {
		_, err := tx.Exec(ctx, `UPDATE "imis_lease" SET "holder" = ?, "until" = ? WHERE "name" = ? AND "holder" = ?`,
			doneMark(due), due.AddDate(0, 0, 1), j.name, j.holder)
		return err
	})
}
