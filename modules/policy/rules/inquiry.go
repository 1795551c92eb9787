package rules

import (
	"cmp"
	"slices"
	"time"

	"github.com/shopspring/decimal"

	"github.com/openimis/openimis-be-go/internal/calendar"
	insuree "github.com/openimis/openimis-be-go/modules/insuree/rules"
	product "github.com/openimis/openimis-be-go/modules/product/rules"
)

// InquiryData is what the inquiry about an insuree depends on.
type InquiryData struct {
	Insuree     insuree.Insuree
	Residence   *insuree.Residence // nil when the family has none
	Members     []insuree.Insuree  // of the family
	Policies    []Policy           // of the family, closed rows too: they make the difference to having had none
	Products    product.Catalogue  // live rows of these policies' products
	Cover       []InsureePolicy    // of the insuree, closed rows too
	Consumption []Consumption      // of the family's members and policies, closed rows too
}

// Consumption is a row of tblClaimDedRem: what a claim used up of deductibles (Ded) and ceilings (Rem).
type Consumption struct {
	PolicyID   int              `db:"PolicyID"`
	InsureeID  int              `db:"InsureeID"`
	DedG       *decimal.Decimal `db:"DedG"`
	DedOP      *decimal.Decimal `db:"DedOP"`
	DedIP      *decimal.Decimal `db:"DedIP"`
	RemG       *decimal.Decimal `db:"RemG"`
	RemOP      *decimal.Decimal `db:"RemOP"`
	RemIP      *decimal.Decimal `db:"RemIP"`
	ValidityTo *time.Time       `db:"ValidityTo"`
}

// CoverStatus is the state of an insuree's cover under a policy.
type CoverStatus string

const (
	CoverIdle      CoverStatus = "I"
	CoverActive    CoverStatus = "A"
	CoverSuspended CoverStatus = "S"
	CoverExpired   CoverStatus = "E"
)

// Kinds of remaining amounts.
const (
	DedTypeGeneral = 1.0 // first and second amount are the same
	DedTypeIPOP    = 1.1 // first amount in-patient, second out-patient
)

// InquiryRow is the cover of an insuree by one policy, and what remains of its deductibles and ceilings.
type InquiryRow struct {
	PolicyID *int // nil when the family never had a policy
	Product  *product.Product
	Expiry   *time.Time
	Status   CoverStatus
	DedType  *float64
	Ded1     *decimal.Decimal
	Ded2     *decimal.Decimal
	Ceiling1 *decimal.Decimal
	Ceiling2 *decimal.Decimal
}

// Inquire answers the covers of an insuree (uspPolicyInquiry, rules §6.5), by product and policy. district 0 asks
// about all districts. Active covers hide all others; else, if there are several, those hide the ones that expired more
// than two calendar years ago.
//
// Kept as they are (rules §13 no. 11): once the insuree has consumed anything, the insuree-level amounts of policies
// from which nothing was consumed are unknown, and likewise the deductibles per policy once the family has; a product without
// threshold has no policy ceiling, and a ceiling of ceilings of 0 is one; what the family consumed is taken off the
// policy's ceilings once for each cover of the insuree by the policy; the kind of amounts of one policy is carried over
// to the next that has none.
func Inquire(d InquiryData, district int, today time.Time) []InquiryRow {
	if !d.Insuree.Current() || d.Residence == nil || (district != 0 && d.Residence.DistrictID != district) {
		return nil
	}
	rows := d.covers(today)
	slices.SortStableFunc(rows, func(a, b InquiryRow) int {
		return cmp.Or(cmp.Compare(a.productID(), b.productID()), cmp.Compare(value(a.PolicyID), value(b.PolicyID)))
	})
	use := d.use()
	covers := map[int]int{}
	for _, r := range rows {
		covers[value(r.PolicyID)]++
	}
	var carried *float64
	for i, r := range rows {
		if r.PolicyID != nil {
			use.left(*r.PolicyID, *r.Product, covers[*r.PolicyID]).write(&rows[i], &carried)
		}
	}
	return relevant(rows, today)
}

func (r InquiryRow) productID() int {
	if r.Product == nil {
		return 0
	}
	return r.Product.ID
}

// covers lists the base rows. A closed policy, product or cover hides its row, while a missing cover leaves a row
// without dates.
func (d InquiryData) covers(today time.Time) []InquiryRow {
	if len(d.Policies) == 0 {
		return []InquiryRow{{Status: CoverIdle}}
	}
	var rows []InquiryRow
	for _, p := range d.Policies {
		prod, ok := d.Products.Row(p.ProductID)
		if !ok || !p.Current() || prod.ValidityTo != nil || !d.Insuree.InFamily(p.FamilyID) {
			continue
		}
		covered := false
		add := func(ip InsureePolicy) {
			covered = true
			if ip.Current() {
				rows = append(rows, InquiryRow{PolicyID: &p.ID, Product: &prod, Expiry: ip.ExpiryDate, Status: coverStatus(ip, p, today)})
			}
		}
		for _, ip := range d.Cover {
			if ip.PolicyID == p.ID && ip.InsureeID == d.Insuree.ID {
				add(ip)
			}
		}
		if !covered {
			add(InsureePolicy{})
		}
	}
	return rows
}

func coverStatus(ip InsureePolicy, p Policy, today time.Time) CoverStatus {
	switch {
	case ip.EffectiveDate == nil || today.Before(*ip.EffectiveDate):
		return CoverIdle
	case ip.ExpiryDate != nil && today.After(*ip.ExpiryDate):
		return CoverExpired
	case p.HasStatus(StatusIdle):
		return CoverIdle
	case p.HasStatus(StatusActive):
		return CoverActive
	case p.HasStatus(StatusSuspended):
		return CoverSuspended
	}
	return CoverExpired
}

func relevant(rows []InquiryRow, today time.Time) []InquiryRow {
	if active := filter(rows, func(r InquiryRow) bool { return r.Status == CoverActive }); len(active) > 0 {
		return active
	}
	recent := filter(rows, func(r InquiryRow) bool { return r.Expiry != nil && calendar.Years(*r.Expiry, today) <= 2 })
	if len(recent) > 1 {
		return recent
	}
	return rows
}

func filter[T any](rows []T, keep func(T) bool) []T {
	var kept []T
	for _, r := range rows {
		if keep(r) {
			kept = append(kept, r)
		}
	}
	return kept
}
