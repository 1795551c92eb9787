package db

import "strings"

// Reserved gives the same database through n connections of its own, which nothing else uses up: for signing in
// while all others are busy. It is closed with d.
func (d *DB) Reserved(n int) (*DB, error) {
	scheme, _, _ := strings.Cut(d.url, ":")
	o := d.options
	o.MaxConns = n
	d.mu.Lock()
	defer d.mu.Unlock()
	r := &DB{log: d.log, columns: d.columns, triggers: d.triggers, hexKeys: d.hexKeys, babelfish: d.babelfish, noJSON: d.noJSON, horizon: d.horizon, writing: d.writing, collation: d.collation, pooler: d.pooler, zone: d.zone, url: d.url, options: o, replica: d.replica}
	if err := r.connect(scheme); err != nil {
		return nil, err
	}
	if d.dialect == SQLite { // it has one writer
		_ = r.writer.Close()
		r.writer = d.writer
	}
	d.reserved = append(d.reserved, r)
	return r, nil
}
