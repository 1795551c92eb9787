package migrate

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/pressly/goose/v3/lock"

	"github.com/openimis/openimis-be-go/internal/db"
)

// locker lets one instance migrate at a time. PostgreSQL and SQL Server have locks that end with the
// session, so a killed instance leaves none behind. SQLite has a row with a lease instead, and so has
// PostgreSQL behind a pooler, where a session ends with each transaction.
type locker struct {
	dialect db.Dialect
	pooled  bool
}

var _ lock.SessionLocker = locker{}

const (
	lockName = "imis_migration"
	lockKey  = 7_203_114_559 // PostgreSQL's advisory locks have numbers; ours
	lockWait = 2 * time.Minute

	// lease is how long the row of an instance that was killed keeps others waiting. A step that takes
	// longer is still safe, because steps are harmless where their work is done.
	lease = 10 * time.Second
)

// SessionLock implements lock.SessionLocker.
func (l locker) SessionLock(ctx context.Context, conn *sql.Conn) error {
	ctx, cancel := context.WithTimeout(ctx, lockWait)
	defer cancel()
	switch {
	case l.dialect == db.Postgres && !l.pooled:
		_, err := conn.ExecContext(ctx, `SELECT pg_advisory_lock($1)`, int64(lockKey))
		return waited(err)
	case l.dialect == db.SQLServer:
		var result int
		err := conn.QueryRowContext(ctx, `DECLARE @result int;
EXEC @result = sp_getapplock @Resource = N'`+lockName+`', @LockMode = 'Exclusive', @LockOwner = 'Session', @LockTimeout = 120000;
SELECT @result`).Scan(&result)
		if err == nil && result < 0 {
			err = fmt.Errorf("sp_getapplock answered %d", result)
		}
		return waited(err)
	}
	return waited(leaseRow(ctx, conn, l.dialect))
}

// SessionUnlock implements lock.SessionLocker.
func (l locker) SessionUnlock(ctx context.Context, conn *sql.Conn) error {
	const row = `DELETE FROM imis_migration_lock`
	unlock := map[db.Dialect]string{
		db.SQLite:    row,
		db.Postgres:  fmt.Sprintf(`SELECT pg_advisory_unlock(%d)`, int64(lockKey)),
		db.SQLServer: `EXEC sp_releaseapplock @Resource = N'` + lockName + `', @LockOwner = 'Session'`,
	}[l.dialect]
	if l.pooled {
		unlock = row
	}
	_, err := conn.ExecContext(ctx, unlock)
	return err
}

// leaseRow waits until the row of the lock is free or its lease has run out, and takes it.
func leaseRow(ctx context.Context, conn *sql.Conn, dialect db.Dialect) error {
	insert := `INSERT INTO imis_migration_lock (id, holder, until) VALUES (1, ?1, ?2)
ON CONFLICT (id) DO UPDATE SET holder = excluded.holder, until = excluded.until WHERE imis_migration_lock.until < ?3`
	if dialect == db.Postgres {
		insert = strings.ReplaceAll(insert, "?", "$")
	}
	if _, err := conn.ExecContext(ctx, `CREATE TABLE IF NOT EXISTS imis_migration_lock (id INTEGER PRIMARY KEY, holder TEXT NOT NULL, until BIGINT NOT NULL)`); err != nil {
		return err
	}
	holder := uuid.NewString()
	for {
		now := time.Now()
		res, err := conn.ExecContext(ctx, insert,
			holder, now.Add(lease).UnixMilli(), now.UnixMilli())
		if err != nil {
			return err
		}
		if n, err := res.RowsAffected(); err != nil || n == 1 {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(50 * time.Millisecond):
		}
	}
}

func waited(err error) error {
	if err != nil {
		return fmt.Errorf("wait for another instance that migrates: %w", err)
	}
	return nil
}
