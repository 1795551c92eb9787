package db

import (
	"context"
	"math/rand/v2"
	"time"
)

// patience is how long after the first try another one may begin: an engine that lets a writer wait
// ten seconds for a lock need not do so eight times.
const patience = 15 * time.Second

// retry runs fn up to tries times while it fails for a transient reason, with growing, jittered pauses.
func (d *DB) retry(ctx context.Context, what string, tries int, fn func() error) error {
	pause := 5 * time.Millisecond
	for began, try := time.Now(), 1; ; try++ {
		err := fn()
		if err == nil || try >= tries || !transient(err) || ctx.Err() != nil || time.Since(began) > patience {
			return err
		}
		d.log.WarnContext(ctx, "database: trying again", "what", what, "try", try, "error", err)
		select {
		case <-ctx.Done():
			return err
		case <-time.After(pause/2 + rand.N(pause)):
		}
		pause = min(pause*2, 500*time.Millisecond)
	}
}
