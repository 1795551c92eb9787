package rules

import (
	"cmp"
	"slices"
)

// Rows is everything that some claims ("the claims of the run") need to be submitted or processed,
// as flat as statements return it. Each field says which rows of which table belong here; rows beyond
// these do no harm unless the comment says "only".
// A store fills it with one statement a field (a Kind each), whatever the number of claims.
type Rows struct {
	// tblClaim: the claims of the run, and all other current claims with ClaimStatus > 2 of the
	// insurees of the run's claims. Each claim once. Submission only needs the others.
	Claims []Claim
	// tblClaimItems, tblClaimServices: every line, closed or current, of the run's claims, and the
	// current lines with RejectionReason 0 of the other claims in Claims.
	// Of the others, those may be left out whose item or service is in none of the run's claims.
	Lines [KindCount][]Line
	// tblClaimDedRem: sums of Ded* and Rem* by PolicyID and InsureeID (ClaimID 0), closed rows
	// included, for all policies of the families of the run's claims, whatever their status.
	// The run's claims are part of the sums. Processing only.
	DedRemSums []DedRem
	// tblClaimDedRem: the rows of the run's claims themselves. Processing only.
	DedRems []DedRem

	// tblHF, closed or not, of the run's claims.
	Facilities []Facility
	// tblInsuree, closed or not, of the run's claims (by id).
	Insurees []Insuree
	// tblFamilies, closed or not, of those insurees.
	Families []Family
	// tblPolicy: current ones in status 2 or 8 of those families.
	Policies []Policy
	// tblInsureePolicy: current ones of all policies of those families, of all members (they are counted).
	InsureePolicies []InsureePolicy
	// tblProduct, closed or not, of those policies, and those that lines already carry (ProdID).
	Products []Product
	// tblProductItems, tblProductServices: only current ones (ValidityTo NULL), of those products,
	// for the items and services of the run's claims.
	ProductLines [KindCount][]ProductLine
	// tblItems, tblServices: the rows of the lines of the run's claims and the copies whose LegacyID is one of them.
	Entries [KindCount][]Entry
	// tblPLItems, tblPLServices: only ids of current lists of the facilities.
	Lists [KindCount][]int
	// tblPLItemsDetail, tblPLServicesDetail: only current ones, of the facilities' lists (current or
	// not), for the items and services of the run's claims.
	Details [KindCount][]ListDetail
}

// Data is Rows indexed for the rules, kept up to date by Apply. It is not safe for concurrent use.
type Data struct {
	claims     map[int]*Claim
	byInsuree  map[int][]*Claim
	lines      map[insureeEntry][]*Line
	facilities map[int]*Facility
	insurees   map[int]*Insuree
	families   map[int]*Family
	policies   map[int][]*Policy // by family, ascending id
	covers     map[insureePolicy][]*InsureePolicy
	members    map[int][]*InsureePolicy // by policy
	products   map[int]*Product
	packages   [KindCount]map[productEntry][]*ProductLine // ascending id
	entries    [KindCount]map[int][]*Entry                // by live id, newest first
	lists      [KindCount]map[int]bool
	details    [KindCount]map[listEntry][]*ListDetail // ascending id
	dedRems    map[int][]DedRem                       // by claim
	byPolicy   map[int]dedRemSum
	byCover    map[insureePolicy]dedRemSum

	scratch evaluation
}

type (
	insureeEntry struct {
		insuree, entry int
		kind           Kind
	}
	insureePolicy struct{ insuree, policy int }
	productEntry  struct{ product, entry int }
	listEntry     struct{ list, entry int }
)

// NewData indexes rows, which must not be used any more afterwards.
func NewData(rows Rows) *Data {
	d := &Data{
		claims:     make(map[int]*Claim, len(rows.Claims)),
		byInsuree:  make(map[int][]*Claim, len(rows.Insurees)),
		lines:      make(map[insureeEntry][]*Line, len(rows.Lines[Items])+len(rows.Lines[Services])),
		facilities: index(rows.Facilities, func(f *Facility) int { return f.HfID }),
		insurees:   index(rows.Insurees, func(i *Insuree) int { return i.InsureeID }),
		families:   index(rows.Families, func(f *Family) int { return f.FamilyID }),
		products:   index(rows.Products, func(p *Product) int { return p.ProdID }),
		policies:   group(rows.Policies, func(p *Policy) int { return p.FamilyID }, func(p *Policy) int { return p.PolicyID }),
		covers: group(rows.InsureePolicies,
			func(p *InsureePolicy) insureePolicy { return insureePolicy{p.InsureeID, p.PolicyID} }, coverID),
		members:  group(rows.InsureePolicies, func(p *InsureePolicy) int { return p.PolicyID }, coverID),
		dedRems:  make(map[int][]DedRem, len(rows.DedRems)),
		byPolicy: make(map[int]dedRemSum),
		byCover:  make(map[insureePolicy]dedRemSum, len(rows.DedRemSums)),
	}
	for i := range rows.Policies {
		p := &rows.Policies[i]
		p.period = periodOf(p.EffectiveDate, p.ExpiryDate)
	}
	for i := range rows.InsureePolicies {
		p := &rows.InsureePolicies[i]
		p.period = periodOf(p.EffectiveDate, p.ExpiryDate)
	}
	for k := range KindCount {
		d.packages[k] = group(rows.ProductLines[k],
			func(l *ProductLine) productEntry { return productEntry{l.ProdID, l.EntryID} },
			func(l *ProductLine) int { return l.ProductLineID })
		d.details[k] = group(rows.Details[k],
			func(l *ListDetail) listEntry { return listEntry{l.ListID, l.EntryID} },
			func(l *ListDetail) int { return l.DetailID })
		d.entries[k] = versions(rows.Entries[k])
		d.lists[k] = make(map[int]bool, len(rows.Lists[k]))
		for _, id := range rows.Lists[k] {
			d.lists[k][id] = true
		}
	}
	d.addClaims(rows)
	for _, row := range rows.DedRemSums {
		d.sum(row, 1)
	}
	for _, row := range rows.DedRems {
		d.dedRems[row.ClaimID] = append(d.dedRems[row.ClaimID], row)
	}
	return d
}

func (d *Data) addClaims(rows Rows) {
	for i := range rows.Claims {
		c := &rows.Claims[i]
		c.from = dayOf(c.DateFrom)
		c.target = c.from
		if c.DateTo != nil {
			c.target = dayOf(*c.DateTo)
		}
		c.category = categoryOf(c.ClaimCategory)
		d.claims[c.ClaimID] = c
		d.byInsuree[c.InsureeID] = append(d.byInsuree[c.InsureeID], c)
	}
	for k := range KindCount {
		lines := rows.Lines[k]
		slices.SortStableFunc(lines, func(a, b Line) int { return cmp.Compare(a.LineID, b.LineID) })
		for i := range lines {
			l := &lines[i]
			c := d.claims[l.ClaimID]
			if c == nil {
				continue
			}
			l.Kind, l.claim, l.place = k, c, len(c.lines[k])
			if l.RejectionReason == nil {
				l.unset = true
				l.RejectionReason = reasonPointer(ReasonAccepted)
			}
			c.lines[k] = append(c.lines[k], l)
			if l.ValidityTo == nil {
				key := insureeEntry{c.InsureeID, l.EntryID, k}
				d.lines[key] = append(d.lines[key], l)
			}
		}
	}
}

// Claim of the run or of its insurees, in its present state; nil if there is none.
func (d *Data) Claim(id int) *Claim { return d.claims[id] }

// Lines of the claim, ascending by id.
func (c *Claim) Lines(k Kind) []*Line { return c.lines[k] }

func coverID(p *InsureePolicy) int { return p.InsureePolicyID }

func index[T any](rows []T, id func(*T) int) map[int]*T {
	m := make(map[int]*T, len(rows))
	for i := range rows {
		m[id(&rows[i])] = &rows[i]
	}
	return m
}

// group collects pointers to the rows by key, ascending by id within a group.
func group[T any, K comparable](rows []T, key func(*T) K, id func(*T) int) map[K][]*T {
	m := make(map[K][]*T, len(rows))
	for i := range rows {
		k := key(&rows[i])
		m[k] = append(m[k], &rows[i])
	}
	for _, g := range m {
		if len(g) > 1 {
			slices.SortStableFunc(g, func(a, b *T) int { return cmp.Compare(id(a), id(b)) })
		}
	}
	return m
}

// versions groups register rows by the id of the live row, newest first (§0.1); of versions that began at
// the same moment the live row is the newer.
func versions(rows []Entry) map[int][]*Entry {
	m := make(map[int][]*Entry, len(rows))
	for i := range rows {
		e := &rows[i]
		id := e.EntryID
		if e.ValidityTo != nil && e.LegacyID != nil {
			id = *e.LegacyID
		}
		m[id] = append(m[id], e)
	}
	for _, g := range m {
		slices.SortStableFunc(g, func(a, b *Entry) int {
			return cmp.Or(b.ValidityFrom.Compare(a.ValidityFrom), closed(a)-closed(b))
		})
	}
	return m
}

func closed(e *Entry) int {
	if e.ValidityTo != nil {
		return 1
	}
	return 0
}
