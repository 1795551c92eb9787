// Package instance knows which processes of this program, of whichever release, run on a database: each keeps a
// row in imis_instance with a heartbeat. Start with Keep; Live is what `server instances` shows and what
// internal/migrate asks before it changes something that an older release needs.
//
// Releases from before this table cannot be seen.
package instance

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"time"

	"github.com/openimis/openimis-be-go/internal/clock"
	"github.com/openimis/openimis-be-go/internal/db"
	"github.com/openimis/openimis-be-go/internal/schema"
)

const (
	table = "imis_instance"
	beat  = 10 * time.Second
	gone  = time.Minute    // without a heartbeat; the clocks of the servers should agree to some seconds
	kept  = 24 * time.Hour // how long the row of a process that died stays
)

// Process is a row of imis_instance.
type Process struct {
	ID         string    `db:"id"`
	Role       string    `db:"role"` // serve or worker
	Host       string    `db:"host"`
	PID        int       `db:"pid"`
	Version    string    `db:"version"`
	Roots      string    `db:"roots"`   // such as api,iapi
	Modules    string    `db:"modules"` // enabled, with their versions
	Contract   *string   `db:"contract"`
	SchemaStep int       `db:"schema_step"` // the last step of `server migrate` that this release knows
	Started    time.Time `db:"started"`
	Seen       time.Time `db:"seen"` // the last heartbeat
}

// String names a process for operators.
func (p Process) String() string {
	return fmt.Sprintf("release %s (%s %s on %s, process %d)", p.Version, p.Role, p.Roots, p.Host, p.PID)
}

// Needs is what the package needs of the database.
func Needs() schema.Need {
	return schema.Need{Table: table, Columns: []string{"id", "version", "schema_step", "seen"}, Why: "running instances are registered in it"}
}

// Registry keeps and reads the rows.
type Registry struct {
	DB    *db.DB
	Clock clock.Clock // default clock.System
	Log   *slog.Logger
}

func (r Registry) now() time.Time {
	if r.Clock == nil {
		return clock.System()
	}
	return r.Clock()
}

const (
	updateSeen = `UPDATE "imis_instance" SET "seen" = ? WHERE "id" = ?`
	deleteOne  = `DELETE FROM "imis_instance" WHERE "id" = ?`
	deleteOld  = `DELETE FROM "imis_instance" WHERE "seen" < ?`
	selectLive = `SELECT i."id", i."role", i."host", i."pid", i."version", i."roots", i."modules", i."contract", i."schema_step", i."started", i."seen"
FROM "imis_instance" i WHERE i."seen" > ? ORDER BY i."host", i."started", i."id"`
)

// Keep registers p and keeps its row until ctx ends, then takes it away. A database that is away is waited for.
func (r Registry) Keep(ctx context.Context, p Process) {
	if host, err := os.Hostname(); p.Host == "" && err == nil {
		p.Host = host
	}
	if p.PID == 0 {
		p.PID = os.Getpid()
	}
	p.Started = r.now()
	for {
		if err := r.Beat(ctx, p); err != nil && ctx.Err() == nil {
			r.Log.WarnContext(ctx, "the instance cannot be registered", "error", err)
		}
		select {
		case <-ctx.Done():
			last, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*time.Second)
			defer cancel()
			if err := r.Leave(last, p.ID); err != nil {
				r.Log.WarnContext(last, "the instance cannot be taken from the list; it goes by itself in a minute", "error", err)
			}
			return
		case <-time.After(beat):
		}
	}
}

// Beat says that p lives. It registers p when it is not, or no more, and forgets who died long ago.
func (r Registry) Beat(ctx context.Context, p Process) error {
	return r.DB.Write(ctx, "heartbeat", func(tx *db.Tx) error {
		now := r.now()
		n, err := tx.Exec(ctx, updateSeen, now, p.ID)
		if err != nil || n > 0 {
			return err
		}
		if _, err := tx.Exec(ctx, deleteOld, now.Add(-kept)); err != nil {
			return err
		}
		_, err = tx.Insert(ctx, table, db.Values{"id": p.ID, "role": p.Role, "host": cut(p.Host), "pid": p.PID, "version": cut(p.Version), "roots": p.Roots,
			"modules": p.Modules, "contract": p.Contract, "schema_step": p.SchemaStep, "started": p.Started, "seen": now})
		return err
	})
}

// Leave takes a process from the list.
func (r Registry) Leave(ctx context.Context, id string) error {
	return r.DB.Write(ctx, "end of the instance", func(tx *db.Tx) error {
		_, err := tx.Exec(ctx, deleteOne, id)
		return err
	})
}

// Live lists who had a heartbeat within the last minute. A database without the table has nobody.
func (r Registry) Live(ctx context.Context) (list []Process, err error) {
	if !r.DB.Offers(table, "") {
		return nil, nil
	}
	err = r.DB.Select(db.FromPrimary(ctx), &list, selectLive, r.now().Add(-gone))
	return list, err
}

// cut keeps what a column holds.
func cut(s string) string {
	if r := []rune(s); len(r) > 100 {
		return string(r[:100])
	}
	return s
}
