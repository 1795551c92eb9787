package dbtest

import (
	"testing"
	"time"

	"github.com/openimis/openimis-be-go/internal/db"
)

// Settled waits until what was committed so far is below the horizon of row versions. On Babelfish that takes the end of
// the transactions that other tests have open on the same server.
func Settled(t testing.TB, d *db.DB) {
	t.Helper()
	if d.Dialect() != db.SQLServer {
		return
	}
	var last int64
	if err := d.Pool().QueryRowContext(t.Context(), `SELECT CAST(@@DBTS AS bigint)`).Scan(&last); err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(2 * time.Minute); ; time.Sleep(20 * time.Millisecond) {
		horizon, err := db.Horizon(t.Context(), d)
		if err != nil {
			t.Fatal(err)
		}
		if horizon >= last {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("the horizon is %d, and %d was given two minutes ago", horizon, last)
		}
	}
}
