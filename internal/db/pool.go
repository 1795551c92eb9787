package db

import "database/sql"

// Pool gives the connections that write, for tools that bring their own statements: goose in
// internal/migrate. Stores have no use for it.
func (d *DB) Pool() *sql.DB { return d.writer.DB }
