package rules

import (
	"time"

	"github.com/openimis/openimis-be-go/internal/calendar"
	insuree "github.com/openimis/openimis-be-go/modules/insuree/rules"
	product "github.com/openimis/openimis-be-go/modules/product/rules"
)

// Warnings of a renewal, added up.
const (
	WarnProductEnds   = 1 // the renewal date lies outside the new product's dates
	WarnOfficerLeaves = 4 // the officer will have stopped working by the renewal date
)

// chainLength is how far conversions of products and substitutions of officers are followed.
const chainLength = 20

// Ages of a photo, in months, at which a renewal asks for a new one. "Infant" is younger than 18 days: the procedure
// means minors, but counts days (rules-corrections §6.4).
const (
	infantDays         = 18
	photoMonths        = 60
	photoMonthsInfants = 12
)

// RenewalFilter restricts which policies are prompted for; nil and 0 restrict nothing, but for Interval.
type RenewalFilter struct {
	Interval *int // days from today to the expiry; nil takes the default; 0 means any expiry
	Region   *int
	District *int
	Ward     *int
	Village  *int
	Officer  *int
	From, To *time.Time // expiry date
}

// Due answers the one expiry date that the filter selects, or nil for any. standard is
// tblIMISDefaults.PolicyRenewalInterval.
func (f RenewalFilter) Due(today time.Time, standard *int) *time.Time {
	interval := f.Interval
	if interval == nil {
		interval = standard
	}
	if value(interval) == 0 {
		return nil
	}
	return new(calendar.AddDays(today, *interval))
}

// RenewalData is what the prompts for renewal depend on. A store may leave out candidates that the filter would
// refuse; all else concerns the candidates.
type RenewalData struct {
	Standard   *int // tblIMISDefaults.PolicyRenewalInterval
	Candidates []RenewalCandidate
	Policies   []Policy          // all policies of the candidates' families, closed ones too
	Prompted   map[int]bool      // policies that have a current renewal row
	Products   product.Catalogue // including all that conversion leads to; closed rows too
	Officers   map[int]Officer   // including all substitutes; closed rows too
	Members    map[int][]insuree.Insuree
}

// RenewalCandidate is a policy with the family's head and residence; families without a residence have none.
type RenewalCandidate struct {
	Policy
	insuree.Residence
	HeadID int
}

// Renewal is a prompt to insert into tblPolicyRenewals, with the insurees that need a new photo.
type Renewal struct {
	ID         int       `db:"RenewalID"`
	PolicyID   int       `db:"PolicyID"`
	InsureeID  int       `db:"InsureeID"` // head of the family
	ProductID  int       `db:"NewProdID"`
	OfficerID  int       `db:"NewOfficerID"`
	PromptDate time.Time `db:"RenewalPromptDate"`
	Date       time.Time `db:"RenewalDate"`
	Phone      *string   `db:"PhoneNumber"`
	Warnings   int       `db:"RenewalWarnings"`
	Photos     []int     `db:"-"` // rows for tblPolicyRenewalDetails
}

// Renewals answers the prompts to insert (uspPolicyRenewalInserts, rules §6.4), in the order of the candidates.
//
// A policy without officer is left out, so the procedure's warning 2 (no officer) does not exist. A policy is left out
// too when it was prompted for already, or when the family has, or had, a policy of the final product that starts on or
// after the renewal date.
func Renewals(f RenewalFilter, d RenewalData, today time.Time) []Renewal {
	due := f.Due(today, d.Standard)
	families := map[int][]Policy{}
	for _, p := range d.Policies {
		families[p.FamilyID] = append(families[p.FamilyID], p)
	}
	var renewals []Renewal
	for _, c := range d.Candidates {
		if !f.Selects(c, due) || d.Prompted[c.ID] {
			continue
		}
		officer, known := d.Officers[value(c.OfficerID)]
		if !known {
			continue
		}
		date := calendar.AddDays(*c.ExpiryDate, 1)
		r := Renewal{PolicyID: c.ID, InsureeID: c.HeadID, PromptDate: today, Date: date}
		prod, ended := convert(d.Products, c.ProductID)
		if ended && (date.Before(prod.DateFrom) || date.After(prod.DateTo)) {
			r.Warnings |= WarnProductEnds
		}
		r.ProductID = prod.ID
		r.Phone = officer.Phone
		officer, ended = substitute(d.Officers, officer, date)
		if ended {
			r.Phone = officer.Phone
			if officer.WorksTo != nil && officer.WorksTo.Before(date) {
				r.Warnings |= WarnOfficerLeaves
			}
		}
		r.OfficerID = officer.ID
		if followed(families[c.FamilyID], prod, date) {
			continue
		}
		r.Photos = photosDue(d.Members[c.FamilyID], date, today)
		renewals = append(renewals, r)
	}
	return renewals
}

// Selects says whether a candidate is prompted for; due is what [RenewalFilter.Due] answered.
func (f RenewalFilter) Selects(c RenewalCandidate, due *time.Time) bool {
	is := func(want *int, got int) bool { return value(want) == 0 || *want == got }
	return c.Current() && c.HasStatus(StatusActive, StatusExpired) && c.ExpiryDate != nil &&
		(due == nil || c.ExpiryDate.Equal(*due)) &&
		(f.From == nil || !c.ExpiryDate.Before(*f.From)) && (f.To == nil || !c.ExpiryDate.After(*f.To)) &&
		is(f.Region, c.RegionID) && is(f.District, c.DistrictID) && is(f.Ward, c.WardID) && is(f.Village, c.VillageID) &&
		is(f.Officer, value(c.OfficerID))
}

// convert follows ConversionProdID; ended is false when the chain goes on after its greatest length.
func convert(products product.Catalogue, id int) (p product.Product, ended bool) {
	p, _ = products.Row(id)
	for range chainLength {
		next, ok := products.Row(value(p.ConversionID))
		if !ok {
			return p, true
		}
		p = next
	}
	return p, value(p.ConversionID) == 0
}

// substitute answers who is in charge of a renewal: the officer, or when that one leaves before, the end of the chain of
// substitutes, whatever the dates of those between. ended is false when the chain goes on after its greatest length.
func substitute(officers map[int]Officer, o Officer, date time.Time) (_ Officer, ended bool) {
	if o.WorksTo == nil || !o.WorksTo.Before(date) {
		return o, true
	}
	for range chainLength {
		next, ok := officers[value(o.SubstituteID)]
		if !ok {
			return o, true
		}
		o = next
	}
	return o, value(o.SubstituteID) == 0
}

// followed looks for the product and, where a chain of conversions has no end, the next one in it.
func followed(policies []Policy, prod product.Product, date time.Time) bool {
	for _, p := range policies {
		if (p.ProductID == prod.ID || p.ProductID == value(prod.ConversionID)) && !p.StartDate.Before(date) {
			return true
		}
	}
	return false
}

// photosDue answers the members whose photo is missing or will be too old on the renewal date. Who is an infant is
// asked today.
func photosDue(members []insuree.Insuree, date, today time.Time) []int {
	var ids []int
	for _, m := range members {
		months := photoMonths
		if m.DOB != nil && calendar.Days(*m.DOB, today) < infantDays {
			months = photoMonthsInfants
		}
		if m.Current() && (m.PhotoDate == nil || calendar.Months(*m.PhotoDate, date) >= months) {
			ids = append(ids, m.ID)
		}
	}
	return ids
}
