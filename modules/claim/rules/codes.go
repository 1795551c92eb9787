package rules

import "fmt"

// tblClaim.ClaimStatus.
const (
	StatusRejected  = 1
	StatusEntered   = 2
	StatusChecked   = 4
	StatusProcessed = 8 // valuated but for the relative index of the batch run
	StatusValuated  = 16
)

// ClaimItemStatus and ClaimServiceStatus.
const (
	LinePassed   = 1
	LineRejected = 2
)

// tblClaim.FeedbackStatus and ReviewStatus.
const (
	FlagIdle      = 1
	FlagSkipped   = 2
	FlagSelected  = 4
	FlagDelivered = 8
	FlagBypassed  = 16
)

// RejectionReason of claim lines.
const (
	ReasonMedicalOfficer  = -1
	ReasonAccepted        = 0
	ReasonRegister        = 1
	ReasonPriceList       = 2
	ReasonCover           = 3
	ReasonPatientCategory = 4
	ReasonFrequency       = 5
	ReasonDuplicate       = 6
	ReasonInsuree         = 7
	ReasonDiagnosis       = 8
	ReasonTargetDate      = 9
	ReasonCareType        = 10
	ReasonAdmissions      = 11
	ReasonVisits          = 12
	ReasonConsultations   = 13
	ReasonSurgeries       = 14
	ReasonDeliveries      = 15
	ReasonQuantity        = 16
	ReasonWaiting         = 17
	ReasonAntenatal       = 19
)

var reasonTexts = map[int]string{
	ReasonMedicalOfficer:  "rejected by a medical officer",
	ReasonAccepted:        "accepted",
	ReasonRegister:        "the item or service is not in the register at the date of the claim",
	ReasonPriceList:       "the item or service is not in the price list of the health facility",
	ReasonCover:           "no policy covers the item or service",
	ReasonPatientCategory: "the item or service is not meant for this category of patient",
	ReasonFrequency:       "the item or service was provided too recently",
	ReasonDuplicate:       "the item or service is claimed twice",
	ReasonInsuree:         "the insuree or the family is not valid",
	ReasonDiagnosis:       "the diagnosis is not valid",
	ReasonTargetDate:      "the claim has no date of provision",
	ReasonCareType:        "the type of care does not fit the health facility or the length of stay",
	ReasonAdmissions:      "the maximum number of hospital admissions is reached",
	ReasonVisits:          "the maximum number of visits is reached",
	ReasonConsultations:   "the maximum number of consultations is reached",
	ReasonSurgeries:       "the maximum number of surgeries is reached",
	ReasonDeliveries:      "the maximum number of deliveries is reached",
	ReasonQuantity:        "the maximum quantity of the item or service is reached",
	ReasonWaiting:         "the waiting period of the item or service is not over",
	ReasonAntenatal:       "the maximum number of antenatal contacts is reached",
}

// ReasonText says in a sentence why a line has this RejectionReason.
func ReasonText(reason int) string {
	if text, ok := reasonTexts[reason]; ok {
		return text
	}
	return fmt.Sprintf("rejected for reason %d", reason)
}

// Claim categories (tblClaim.ClaimCategory and tblServices.ServCategory).
const (
	catSurgery = iota
	catDelivery
	catAntenatal
	catHospitalization
	catConsultation
	catVisit
	categoryCount
)

// categories ties a category to its code, to the reason of its limit of claims and to its columns in the
// product. Their order is that of precedence: a claim with any surgery is a surgery.
var categories = [categoryCount]struct {
	code      string
	reason    int
	maxNumber func(*Product) *int
	maxAmount func(*Product) Amount // nil: no cap by amount
	paid      func(*DedRem) *Amount
}{
	catSurgery: {"S", ReasonSurgeries,
		func(p *Product) *int { return p.MaxNoSurgery },
		func(p *Product) Amount { return p.MaxAmountSurgery },
		func(r *DedRem) *Amount { return &r.RemSurgery }},
	catDelivery: {"D", ReasonDeliveries,
		func(p *Product) *int { return p.MaxNoDelivery },
		func(p *Product) Amount { return p.MaxAmountDelivery },
		func(r *DedRem) *Amount { return &r.RemDelivery }},
	catAntenatal: {"A", ReasonAntenatal,
		func(p *Product) *int { return p.MaxNoAntenatal },
		func(p *Product) Amount { return p.MaxAmountAntenatal },
		func(r *DedRem) *Amount { return &r.RemAntenatal }},
	catHospitalization: {"H", ReasonAdmissions,
		func(p *Product) *int { return p.MaxNoHospitalization },
		func(p *Product) Amount { return p.MaxAmountHospitalization },
		func(r *DedRem) *Amount { return &r.RemHospitalization }},
	catConsultation: {"C", ReasonConsultations,
		func(p *Product) *int { return p.MaxNoConsultation },
		func(p *Product) Amount { return p.MaxAmountConsultation },
		func(r *DedRem) *Amount { return &r.RemConsult }},
	catVisit: {"V", ReasonVisits,
		func(p *Product) *int { return p.MaxNoVisits }, nil, nil},
}

// categoryOf reads a stored category; NULL counts as a visit.
// An unknown letter is none of them (-1) and matches no limit.
func categoryOf(code *string) int {
	if code == nil {
		return catVisit
	}
	for i := range categories {
		if sameLetter(*code, categories[i].code) {
			return i
		}
	}
	return -1
}
