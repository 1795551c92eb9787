package rules

import (
	"cmp"
	"math"
	"slices"
	"time"

	"github.com/shopspring/decimal"

	"github.com/openimis/openimis-be-go/internal/calendar"
	insuree "github.com/openimis/openimis-be-go/modules/insuree/rules"
	product "github.com/openimis/openimis-be-go/modules/product/rules"
)

// EligibilityData is what the answer depends on whether an insuree may have a service or an item.
type EligibilityData struct {
	Insuree  *insuree.Insuree // the current row; nil when there is none of that number
	Covers   []ProductCover
	Products product.Catalogue // rows of the covers' products
	Service  *Wanted           // nil when no service was asked for
	Item     *Wanted
	Claims   []PastClaim // of the insuree, closed ones too
	Services []PastLine  // service lines of the current ones, closed lines too
	Items    []PastLine
}

// ProductCover is a current InsureePolicy of the insuree with product and status of its policy.
type ProductCover struct {
	InsureePolicy
	ProductID    int        `db:"ProdID"`
	Status       *int       `db:"PolicyStatus"`
	PolicyClosed *time.Time `db:"PolicyClosed"` // ValidityTo of the policy
}

// Wanted is the service or item asked for, with the limits that the covers' products set for it. An unknown code is
// one without limits.
type Wanted struct {
	Category *string // of a service
	Limits   []product.Limit
}

// PastClaim is a claim that counts against limits.
type PastClaim struct {
	ID         int        `db:"ClaimID"`
	Status     int        `db:"ClaimStatus"`
	Category   *string    `db:"ClaimCategory"`
	From       time.Time  `db:"DateFrom"`
	To         *time.Time `db:"DateTo"`
	ValidityTo *time.Time `db:"ValidityTo"`
}

// counts: current and past entry.
func (c PastClaim) counts() bool { return c.ValidityTo == nil && c.Status > claimEntered }

// PastLine is a service or item line of a past claim.
type PastLine struct {
	ClaimID         int        `db:"ClaimID"`
	ProductID       *int       `db:"ProdID"`
	Status          int        `db:"LineStatus"` // ClaimServiceStatus or ClaimItemStatus
	RejectionReason *int       `db:"RejectionReason"`
	ValidityTo      *time.Time `db:"ValidityTo"`
}

// Codes of claims and lines that the rule tells apart.
const (
	claimEntered = 2 // claims above have passed the submission
	linePassed   = 1
)

// Eligibility is what an insuree may still have. Numbers and amounts are nil when unlimited or unknown.
type Eligibility struct {
	MinDateService *time.Time // from when the service is covered
	MinDateItem    *time.Time
	ServiceLeft    *int
	ItemLeft       *int
	ServiceOK      bool
	ItemOK         bool
	Totals         *Totals // nil without any cover
}

// Totals is what is left by category of care under one product.
type Totals struct {
	ProductID             int
	Admissions            *int
	Visits                *int
	Consultations         *int
	Surgeries             *int
	Deliveries            *int
	Antenatal             *int
	ConsultationAmount    *decimal.Decimal
	SurgeryAmount         *decimal.Decimal
	DeliveryAmount        *decimal.Decimal
	HospitalizationAmount *decimal.Decimal
	AntenatalAmount       *decimal.Decimal
}

// Enquire answers whether an insuree may have a service and an item, and what is left of the limits
// (uspServiceItemEnquiry, rules §6.6).
//
// Kept as they are (rules §13 no. 12): all passed lines of the insuree count against the limit of a service or item,
// whatever they were for, and once more for each further cover with the same start and limits; a limit overdrawn by
// them looks open again, only exactly 0 left closes it; claims none of which passed make the limits unknown; expired
// covers count; the totals are those of one product. The procedure takes any product of the covers; here it is the one
// with the lowest id.
func Enquire(d EligibilityData, today time.Time) Eligibility {
	e := Eligibility{ServiceOK: true, ItemOK: true}
	if d.Insuree == nil {
		return e
	}
	e.Totals = d.totals()
	if d.Service != nil {
		e.MinDateService, e.ServiceLeft = d.limit(*d.Service, d.Services, today)
		e.ServiceOK = open(e.MinDateService, e.ServiceLeft, today) && e.Totals.allow(value(d.Service.Category))
	}
	if d.Item != nil {
		e.MinDateItem, e.ItemLeft = d.limit(*d.Item, d.Items, today)
		e.ItemOK = open(e.MinDateItem, e.ItemLeft, today)
	}
	return e
}

// open says that a limit is not used up and its waiting period is over; what is unknown does not close it.
func open(minDate *time.Time, left *int, today time.Time) bool {
	return (left == nil || *left != 0) && (minDate == nil || !minDate.After(today))
}

// limit answers from when and how often a service or item is covered, over all active policies (rules §6.6 step 2).
func (d EligibilityData) limit(w Wanted, lines []PastLine, today time.Time) (minDate *time.Time, left *int) {
	type bound struct {
		from *time.Time
		left *int
	}
	used, known := d.used(lines)
	if !known {
		return nil, nil
	}
	adult := calendar.IsAdult(d.Insuree.DOB, today)
	var open, waiting []bound // open now, and with an unknown date or still waiting
	for _, s := range d.starts(w.Limits) {
		var b bound
		number, months := s.limit.Of(adult)
		if months != nil && s.effective != nil {
			b.from = new(calendar.AddMonths(*s.effective, *months))
		}
		if value(number) != 0 {
			b.left = new(*number - used*s.covers)
		}
		if b.from != nil && !b.from.After(today) {
			open = append(open, b)
		} else {
			waiting = append(waiting, b)
		}
	}
	earliest := func(bounds []bound) (first *time.Time) {
		for _, b := range bounds {
			if b.from != nil && (first == nil || b.from.Before(*first)) {
				first = b.from
			}
		}
		return first
	}
	if minDate = earliest(open); minDate == nil {
		minDate = earliest(waiting)
	}
	for _, b := range open {
		if b.left == nil {
			return minDate, nil
		}
	}
	for _, b := range slices.Concat(open, waiting) {
		if b.from != nil && b.from.After(today) {
			continue
		}
		if b.left != nil && (left == nil || *b.left > *left) {
			left = b.left
		}
	}
	return minDate, left
}

// start is a limit from the day on which covers begin, and by how many of them.
type start struct {
	limit     product.Limit
	effective *time.Time
	covers    int
}

// starts lists the limits of the covers by active policies. Covers with equal limits and days are one.
func (d EligibilityData) starts(limits []product.Limit) []start {
	type terms struct {
		product                                              int
		effective                                            int64
		numberAdult, numberChild, waitingAdult, waitingChild int
	}
	var starts []start
	at := map[terms]int{}
	for _, c := range d.Covers {
		if value(c.Status) != StatusActive || c.PolicyClosed != nil {
			continue
		}
		for _, l := range limits {
			if l.ProductID != c.ProductID {
				continue
			}
			key := terms{l.ProductID, math.MinInt64, orNone(l.NumberAdult), orNone(l.NumberChild), orNone(l.WaitingPeriodAdult), orNone(l.WaitingPeriodChild)}
			if c.EffectiveDate != nil {
				key.effective = c.EffectiveDate.Unix()
			}
			if _, ok := at[key]; !ok {
				at[key] = len(starts)
				starts = append(starts, start{limit: l, effective: c.EffectiveDate})
			}
			starts[at[key]].covers++
		}
	}
	return starts
}

// orNone is a number that no limit has for NULL.
func orNone(n *int) int {
	if n == nil {
		return math.MinInt
	}
	return *n
}

// used counts the passed lines of the insuree's submitted claims. It is unknown when there are or were claims but none was
// submitted, or when all lines of the submitted ones were rejected or closed; a submitted claim that never had lines is
// known.
func (d EligibilityData) used(lines []PastLine) (n int, known bool) {
	if len(d.Claims) == 0 {
		return 0, true
	}
	byClaim := map[int][]PastLine{}
	for _, l := range lines {
		byClaim[l.ClaimID] = append(byClaim[l.ClaimID], l)
	}
	for _, c := range d.Claims {
		if !c.counts() {
			continue
		}
		known = known || len(byClaim[c.ID]) == 0
		for _, l := range byClaim[c.ID] {
			if l.ValidityTo == nil && l.Status == linePassed {
				n, known = n+1, true
			}
		}
	}
	return n, known
}

// totals answers what is left by category under the first product of the covers (rules §6.6 step 4).
func (d EligibilityData) totals() *Totals {
	var ids []int
	for _, c := range d.Covers {
		if p, ok := d.Products.Row(c.ProductID); ok && p.ValidityTo == nil && c.PolicyClosed == nil {
			ids = append(ids, c.ProductID)
		}
	}
	if len(ids) == 0 {
		return nil
	}
	slices.SortFunc(ids, cmp.Compare)
	p, _ := d.Products.Row(ids[0])
	n := d.count(p.ID)
	left := func(limit *int, used int) *int {
		if limit == nil {
			return nil
		}
		return new(max(0, *limit-used))
	}
	return &Totals{
		ProductID:             p.ID,
		Admissions:            left(p.MaxNoHospitalization, n["H"]),
		Visits:                left(p.MaxNoVisits, n["V"]),
		Consultations:         left(p.MaxNoConsultation, n["C"]),
		Surgeries:             left(p.MaxNoSurgery, n["S"]),
		Deliveries:            left(p.MaxNoDelivery, n["D"]),
		Antenatal:             left(p.MaxNoAntenatal, n["A"]),
		ConsultationAmount:    p.MaxAmountConsultation,
		SurgeryAmount:         p.MaxAmountSurgery,
		DeliveryAmount:        p.MaxAmountDelivery,
		HospitalizationAmount: p.MaxAmountHospitalization,
		AntenatalAmount:       p.MaxAmountAntenatal,
	}
}

// count counts by category of the claim what was consumed of a product: claims with a passed service line in categories
// C, S, D and A; visits (V) by line; admissions (H) by line and by every cover of the claim's last day.
func (d EligibilityData) count(productID int) map[string]int {
	claims := map[int]PastClaim{}
	for _, c := range d.Claims {
		if c.counts() {
			claims[c.ID] = c
		}
	}
	n := map[string]int{}
	seen := map[int]bool{}
	for _, l := range d.Services {
		c, ok := claims[l.ClaimID]
		if !ok || l.ValidityTo != nil || value(l.ProductID) != productID || value(l.RejectionReason) != 0 {
			continue
		}
		switch category := value(c.Category); category {
		case "V":
			n[category]++
		case "H":
			for _, cover := range d.Covers {
				if cover.Covers(c.end()) {
					n["H"]++
				}
			}
		case "C", "S", "D", "A":
			if !seen[c.ID] {
				seen[c.ID] = true
				n[category]++
			}
		}
	}
	return n
}

func (c PastClaim) end() time.Time {
	if c.To != nil {
		return *c.To
	}
	return c.From
}

// allow says whether the totals leave room for a service of a category. Only surgeries, consultations and deliveries
// have a number and an amount that close them; other categories have none (rules-corrections §6.6 step 5).
func (t *Totals) allow(category string) bool {
	if t == nil {
		return true
	}
	room := func(n *int, amount *decimal.Decimal) bool {
		return (n == nil || *n != 0) && (amount == nil || amount.IsPositive())
	}
	switch category {
	case "S":
		return room(t.Surgeries, t.SurgeryAmount)
	case "C":
		return room(t.Consultations, t.ConsultationAmount)
	case "D":
		return room(t.Deliveries, t.DeliveryAmount)
	}
	return true
}
