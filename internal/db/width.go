package db

import "github.com/openimis/openimis-be-go/internal/schema"

// Width is the number of characters that a text column holds in the database at hand, 0 when there is no limit or no
// such column. Releases differ: an insuree number had 12 characters until 1.4 and has 50 since 1.7.
func Width(q Query, table, column string) int {
	tab, ok := schema.Lookup(table)
	if !ok {
		return 0
	}
	c, ok := tab.Column(column)
	if !ok {
		return 0
	}
	if q.Dialect() == Postgres && c.Postgres != nil {
		return c.Postgres.Size
	}
	spec, ok := c.At(release(q))
	if !ok {
		return 0
	}
	return spec.Size
}

// release tells the releases of the legacy database apart by columns that they added.
func release(q Query) schema.Version {
	switch {
	case q.Offers("tblInsuree", "Vulnerability"):
		return schema.V174
	case q.Offers("tblInsuree", "InsureeUUID"):
		return schema.V140
	}
	return schema.V130
}
