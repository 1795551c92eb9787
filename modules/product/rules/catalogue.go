package rules

import (
	"time"

	"github.com/openimis/openimis-be-go/internal/calendar"
)

// Catalogue finds products among loaded rows, live ones and historical copies.
type Catalogue struct {
	live     map[int]Product
	versions map[int][]Product
}

// Standing says whether a product was in the register on a day.
type Standing int

const (
	InRegister Standing = iota // a version was valid
	Unknown                    // no version had begun yet
	Deleted                    // the latest version is a live row that was closed, whenever that happened
)

// NewCatalogue indexes rows of tblProduct. For [Catalogue.At] it needs the copies too: rows with LegacyID = id.
func NewCatalogue(rows []Product) Catalogue {
	c := Catalogue{live: make(map[int]Product, len(rows)), versions: make(map[int][]Product, len(rows))}
	for _, p := range rows {
		c.live[p.ID] = p
		c.versions[p.ID] = append(c.versions[p.ID], p)
		if p.LegacyID != nil {
			c.versions[*p.LegacyID] = append(c.versions[*p.LegacyID], p)
		}
	}
	return c
}

// Row answers the row with an id as it is, closed or not.
func (c Catalogue) Row(id int) (Product, bool) {
	p, ok := c.live[id]
	return p, ok
}

// At answers the version of a product on a day (rules §6.3 step 1): of its live row and its copies, the latest that
// began on or before the day. With Unknown there is none; with Deleted the product is answered nevertheless, because
// policy values are computed from it all the same.
func (c Catalogue) At(id int, day time.Time) (Product, Standing) {
	var latest Product
	found := false
	for _, p := range c.versions[id] {
		if calendar.Day(p.ValidityFrom).After(day) {
			continue
		}
		if !found || p.ValidityFrom.After(latest.ValidityFrom) {
			latest, found = p, true
		}
	}
	switch {
	case !found:
		return Product{}, Unknown
	case latest.ValidityTo != nil && latest.LegacyID == nil:
		return latest, Deleted
	}
	return latest, InRegister
}
