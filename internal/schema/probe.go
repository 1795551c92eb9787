package schema

import (
	"fmt"
	"sort"
	"strings"
)

// Need says that a module uses a table and some of its columns. Without an optional one it works
// differently, as its documentation says; without any other it cannot start.
type Need struct {
	Table    string
	Columns  []string // empty: the table alone
	Optional bool
	Why      string // completes "tblClaim.ClaimUUID is missing: …"; names the module
}

// Missing lists what is required and not there, one line a table or column, sorted and each once.
// have is what the database has: table → column; the case of the names does not matter.
func Missing(have map[string]map[string]bool, needs []Need) []string {
	return missing(have, needs, false)
}

// MissingOptional lists what is optional and not there, in the same way.
func MissingOptional(have map[string]map[string]bool, needs []Need) []string {
	return missing(have, needs, true)
}

func missing(have map[string]map[string]bool, needs []Need, optional bool) []string {
	offer := Offered(have)
	reasons := map[string][]string{}
	miss := func(what, why string) {
		for _, known := range reasons[what] {
			if known == why {
				return
			}
		}
		reasons[what] = append(reasons[what], why)
	}
	for _, n := range needs {
		if n.Optional != optional {
			continue
		}
		if !offer.HasTable(n.Table) {
			miss("table "+n.Table, n.Why)
			continue
		}
		for _, c := range n.Columns {
			if !offer.Has(n.Table, c) {
				miss("column "+n.Table+"."+c, n.Why)
			}
		}
	}
	lines := make([]string, 0, len(reasons))
	for what, why := range reasons {
		line := what + " is missing"
		if joined := strings.Join(why, "; "); joined != "" {
			line += ": " + joined
		}
		lines = append(lines, line)
	}
	sort.Strings(lines)
	return lines
}

// Offer is a real database seen through the catalogue.
type Offer struct {
	have map[string]map[string]bool // lower case
}

// Offered makes it from what the information schema lists.
func Offered(have map[string]map[string]bool) Offer {
	lower := make(map[string]map[string]bool, len(have))
	for table, columns := range have {
		key := strings.ToLower(table)
		if lower[key] == nil {
			lower[key] = make(map[string]bool, len(columns))
		}
		for c, there := range columns {
			if there {
				lower[key][strings.ToLower(c)] = true
			}
		}
	}
	return Offer{lower}
}

// HasTable says whether the database has a table.
func (o Offer) HasTable(table string) bool {
	_, ok := o.have[strings.ToLower(table)]
	return ok
}

// Has says whether the database has a column.
func (o Offer) Has(table, column string) bool {
	return o.have[strings.ToLower(table)][strings.ToLower(column)]
}

// tells lists a column or table per release that none before it has, newest first.
var tells = []struct {
	version       Version
	table, column string
}{
	{PG2410, "tblClaim", "JsonExt"},
	{V174Upgraded, "tblEmailSettings", "SenderDisplayName"},
	{V174, "tblInsuree", "Vulnerability"},
	{V140, "tblClaim", "ClaimUUID"},
	{V130, "tblClaim", "ClaimID"},
}

// Version is the newest release whose marks the database bears, for `server check` to name; what it can
// do is decided by its columns, not by this. Empty: no openIMIS database.
func (o Offer) Version() Version {
	for _, t := range tells {
		if o.Has(t.table, t.column) {
			return t.version
		}
	}
	return ""
}

// Unknown lists the columns of catalogue tables that the catalogue does not know: local extensions.
// NOT NULL ones among them would make inserts fail, so `server check` shows them.
func (o Offer) Unknown() []string {
	var unknown []string
	for name, columns := range o.have {
		t, ok := Lookup(name)
		if !ok {
			continue
		}
		for c := range columns {
			if _, ok := t.Column(c); !ok {
				unknown = append(unknown, fmt.Sprintf("%s.%s", t.Name, c))
			}
		}
	}
	sort.Strings(unknown)
	return unknown
}
