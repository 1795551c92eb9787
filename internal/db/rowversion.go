package db

import (
	"context"
	"errors"
	"strings"

	mssql "github.com/microsoft/go-mssqldb"

	"github.com/openimis/openimis-be-go/internal/schema"
)

// Row versions: SQL Server writes a new number, larger than all before it in the database, into the rowversion column of
// a row (type timestamp in the legacy tables) with every insert and update, whatever program makes it. So they tell what
// was changed where stamps do not. They are given when a row is written, not when its transaction ends: below Horizon
// all of them are settled. In statements $version(column) is the number of a row, and $atversion(?) what the column is
// compared with.

// VersionColumn is the column of a table that the database at hand numbers with every change; "" where it does not.
func VersionColumn(q Query, table string) string {
	d, t := databaseOf(q), (*schema.Table)(nil)
	if d == nil || d.dialect != SQLServer || d.horizon == "" {
		return ""
	}
	if t, _ = schema.Lookup(table); t == nil {
		return ""
	}
	d.mu.RLock()
	defer d.mu.RUnlock()
	for _, c := range t.Columns {
		if c.Type != schema.RowVersion {
			continue
		}
		switch d.columns[strings.ToLower(table)][strings.ToLower(c.Name)].Type {
		case "timestamp", "rowversion":
			return c.Name
		}
	}
	return ""
}

// Horizon is the row version below which every change has been committed or taken back, and above which every later one
// will be. It is for databases that have a VersionColumn.
func Horizon(ctx context.Context, q Query) (version int64, err error) {
	err = q.Get(ctx, &version, `SELECT CAST($horizon AS bigint) AS "Horizon"`)
	return version, err
}

// horizons are what gives the Horizon: SQL Server's own function; and that of Babelfish, which lacks it and numbers rows
// by their transaction, the oldest transaction that has not ended.
var horizons = []string{serverHorizon, `txid_snapshot_xmin(txid_current_snapshot())`}

const serverHorizon = "MIN_ACTIVE_ROWVERSION()"

// probeHorizon tries which of them the database knows.
func (d *DB) probeHorizon(ctx context.Context) error {
	d.horizon = ""
	for _, h := range horizons {
		_, err := d.writer.ExecContext(ctx, `SELECT CAST(`+h+` AS bigint)`)
		if err == nil {
			d.horizon = h
			return nil
		}
		var refused mssql.Error
		if !errors.As(err, &refused) {
			return err
		}
	}
	return nil
}
