package db

import "database/sql"

// Pool gives the connections that write, for tools that bring their own statements: goose in
// internal/migrate. Stores have no use for it.
func (d *DB) Pool() *sql.DB { return d.writer.DB }

// ReadPool gives the connections to the replica, for metrics; nil where there is none.
func (d *DB) ReadPool() *sql.DB {
	if d.replica == nil {
		return nil
	}
	return d.reader.DB
}
