package db

import (
	"context"
	"os"
	"path/filepath"
	"testing"
)

// A database that is being filled has no write-ahead log, which would become as large as it; whoever opens it next
// works with one.
func TestFill(t *testing.T) {
	file := filepath.Join(t.TempDir(), "new.db")
	mode := func(o Options) (mode string) {
		t.Helper()
		d, err := Open(t.Context(), "sqlite:"+file, o)
		if err != nil {
			t.Fatal(err)
		}
		defer d.Close()
		err = d.Write(t.Context(), "fill", func(tx *Tx) error {
			if err := tx.DDL(t.Context(), `CREATE TABLE IF NOT EXISTS "filled" ("a" INTEGER)`); err != nil {
				return err
			}
			return tx.DDL(t.Context(), `INSERT INTO "filled" VALUES (1)`)
		})
		if err != nil {
			t.Fatal(err)
		}
		if err := d.Pool().QueryRowContext(context.Background(), `PRAGMA journal_mode`).Scan(&mode); err != nil {
			t.Fatal(err)
		}
		if _, err := os.Stat(file + "-wal"); (err == nil) == o.Fill {
			t.Errorf("fill: %v; the write-ahead log: %v", o.Fill, err)
		}
		return mode
	}
	if got := mode(Options{Fill: true}); got != "delete" {
		t.Errorf("filled with journal_mode %s", got)
	}
	if got := mode(Options{}); got != "wal" {
		t.Errorf("then opened with journal_mode %s", got)
	}
	if got := mode(Options{Fill: true}); got != "delete" {
		t.Errorf("filled again with journal_mode %s", got)
	}
}
