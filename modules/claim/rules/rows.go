package rules

import (
	"encoding/binary"
	"time"

	"github.com/shopspring/decimal"

	product "github.com/openimis/openimis-be-go/modules/product/rules"
)

// Claim is a row of tblClaim with its lines, closed lines included.
type Claim struct {
	ClaimID    int        `db:"ClaimID"`
	ClaimCode  string     `db:"ClaimCode"`
	InsureeID  int        `db:"InsureeID"`
	HFID       int        `db:"HFID"`
	DateFrom   time.Time  `db:"DateFrom"`
	DateTo     *time.Time `db:"DateTo"`
	VisitType  *string    `db:"VisitType"`
	ValidityTo *time.Time `db:"ValidityTo"`
	// RowID is 0 where the database has no row versions, see Ref.
	RowID RowVersion `db:"RowID"`
	ClaimState

	lines    [KindCount][]*Line // ascending id
	from     day
	target   day // of provision: DateTo, or DateFrom without it
	category int
}

// RowVersion is the number that SQL Server gives a row with every change (type timestamp). Other engines
// have none and it is 0.
type RowVersion int64

// Scan implements sql.Scanner.
func (v *RowVersion) Scan(src any) error {
	*v = 0
	if b, ok := src.([]byte); ok && len(b) == 8 {
		*v = RowVersion(binary.BigEndian.Uint64(b))
	}
	return nil
}

// ClaimState is what the rules change of a claim.
type ClaimState struct {
	ClaimStatus        int        `db:"ClaimStatus"`
	ClaimCategory      *string    `db:"ClaimCategory"`
	Approved           Amount     `db:"Approved"`
	FeedbackStatus     *int       `db:"FeedbackStatus"`
	ReviewStatus       *int       `db:"ReviewStatus"`
	AuditUserIDSubmit  *int       `db:"AuditUserIDSubmit"`
	SubmitStamp        *time.Time `db:"SubmitStamp"`
	AuditUserIDProcess *int       `db:"AuditUserIDProcess"`
	ProcessStamp       *time.Time `db:"ProcessStamp"`
	DateProcessed      *time.Time `db:"DateProcessed"`
}

// Line is an item or a service of a claim: tblClaimItems, tblClaimServices.
type Line struct {
	Kind          Kind            `db:"-"`
	LineID        int             `db:"LineID"`
	ClaimID       int             `db:"ClaimID"`
	EntryID       int             `db:"EntryID"` // ItemID, ServiceID
	QtyProvided   decimal.Decimal `db:"QtyProvided"`
	PriceAsked    decimal.Decimal `db:"PriceAsked"`
	PriceApproved Amount          `db:"PriceApproved"`
	ValidityTo    *time.Time      `db:"ValidityTo"`
	LineState

	claim *Claim
	place int // in claim.lines
	// unset: the stored RejectionReason is NULL. It is read as 0 and written as 0 with the next change,
	// because the legacy programs skip such lines (rules.md §13 #10).
	unset bool
}

// LineState is what the rules change of a line.
type LineState struct {
	Status              int     `db:"Status"` // ClaimItemStatus, ClaimServiceStatus
	RejectionReason     *int    `db:"RejectionReason"`
	QtyApproved         Amount  `db:"QtyApproved"`
	ProdID              *int    `db:"ProdID"`
	PolicyID            *int    `db:"PolicyID"`
	PriceOrigin         *string `db:"PriceOrigin"`
	Limitation          *string `db:"Limitation"`
	LimitationValue     Amount  `db:"LimitationValue"`
	PriceAdjusted       Amount  `db:"PriceAdjusted"`
	PriceValuated       Amount  `db:"PriceValuated"`
	DeductableAmount    Amount  `db:"DeductableAmount"`
	ExceedCeilingAmount Amount  `db:"ExceedCeilingAmount"`
	RemuneratedAmount   Amount  `db:"RemuneratedAmount"`
}

// Reason of rejection, NULL read as 0.
func (s *LineState) Reason() int {
	if s.RejectionReason == nil {
		return ReasonAccepted
	}
	return *s.RejectionReason
}

// DedRem is a row of tblClaimDedRem: what one claim deducted and remunerated under a policy.
type DedRem struct {
	PolicyID           int    `db:"PolicyID"`
	InsureeID          int    `db:"InsureeID"`
	ClaimID            int    `db:"ClaimID"`
	DedG               Amount `db:"DedG"`
	DedOP              Amount `db:"DedOP"`
	DedIP              Amount `db:"DedIP"`
	RemG               Amount `db:"RemG"`
	RemIP              Amount `db:"RemIP"`
	RemOP              Amount `db:"RemOP"`
	RemConsult         Amount `db:"RemConsult"`
	RemSurgery         Amount `db:"RemSurgery"`
	RemDelivery        Amount `db:"RemDelivery"`
	RemHospitalization Amount `db:"RemHospitalization"`
	RemAntenatal       Amount `db:"RemAntenatal"`
	AuditUserID        int    `db:"AuditUserID"`
}

// Facility is what the rules need of a health facility (tblHF).
type Facility struct {
	HfID        int     `db:"HfID"`
	HFLevel     string  `db:"HFLevel"`
	HFCareType  *string `db:"HFCareType"` // NULL counts as B, both
	PLItemID    *int    `db:"PLItemID"`
	PLServiceID *int    `db:"PLServiceID"`
}

func (f *Facility) List(k Kind) *int {
	if k == Items {
		return f.PLItemID
	}
	return f.PLServiceID
}

// Insuree is what the rules need of a row of tblInsuree.
type Insuree struct {
	InsureeID  int        `db:"InsureeID"`
	FamilyID   *int       `db:"FamilyID"`
	DOB        *time.Time `db:"DOB"` // nil on PostgreSQL only
	Gender     *string    `db:"Gender"`
	ValidityTo *time.Time `db:"ValidityTo"`
}

// Family tells whether a family is current (tblFamilies).
type Family struct {
	FamilyID   int        `db:"FamilyID"`
	ValidityTo *time.Time `db:"ValidityTo"`
}

// Policy is what the rules need of a row of tblPolicy.
type Policy struct {
	PolicyID      int        `db:"PolicyID"`
	FamilyID      int        `db:"FamilyID"`
	ProdID        int        `db:"ProdID"`
	PolicyStage   *string    `db:"PolicyStage"`
	PolicyStatus  *int       `db:"PolicyStatus"`
	EffectiveDate *time.Time `db:"EffectiveDate"`
	ExpiryDate    *time.Time `db:"ExpiryDate"`
	ValidityTo    *time.Time `db:"ValidityTo"`

	period period
}

// InsureePolicy is the cover of one insuree under a policy (tblInsureePolicy).
type InsureePolicy struct {
	InsureePolicyID int        `db:"InsureePolicyId"`
	InsureeID       int        `db:"InsureeId"`
	PolicyID        int        `db:"PolicyId"`
	EffectiveDate   *time.Time `db:"EffectiveDate"`
	ExpiryDate      *time.Time `db:"ExpiryDate"`
	ValidityTo      *time.Time `db:"ValidityTo"`

	period period
}

// Product holds the deductibles, ceilings and limits of tblProduct.
type Product struct {
	ProdID                int        `db:"ProdID"`
	ValidityTo            *time.Time `db:"ValidityTo"`
	CeilingInterpretation *string    `db:"CeilingInterpretation"` // I by stay, H by level of the facility
	Threshold             *int       `db:"Threshold"`

	product.Deductibles
	product.Ceilings
	product.CategoryLimits
}

// ProductLine is an item or a service that a product covers: tblProductItems, tblProductServices.
// Plain columns are for visit type O, the suffixes E and R for emergency and referral.
type ProductLine struct {
	ProductLineID         int     `db:"ProductLineID"` // ProdItemID, ProdServiceID
	ProdID                int     `db:"ProdID"`
	EntryID               int     `db:"EntryID"`
	PriceOrigin           string  `db:"PriceOrigin"` // P price list, O price asked, R relative
	LimitationType        string  `db:"LimitationType"`
	LimitationTypeE       *string `db:"LimitationTypeE"`
	LimitationTypeR       *string `db:"LimitationTypeR"`
	LimitAdult            Amount  `db:"LimitAdult"`
	LimitAdultE           Amount  `db:"LimitAdultE"`
	LimitAdultR           Amount  `db:"LimitAdultR"`
	LimitChild            Amount  `db:"LimitChild"`
	LimitChildE           Amount  `db:"LimitChildE"`
	LimitChildR           Amount  `db:"LimitChildR"`
	WaitingPeriodAdult    *int    `db:"WaitingPeriodAdult"`
	WaitingPeriodChild    *int    `db:"WaitingPeriodChild"`
	LimitNoAdult          *int    `db:"LimitNoAdult"`
	LimitNoChild          *int    `db:"LimitNoChild"`
	CeilingExclusionAdult *string `db:"CeilingExclusionAdult"`
	CeilingExclusionChild *string `db:"CeilingExclusionChild"`
}

// Entry is a version of an item or a service in its register: tblItems, tblServices.
type Entry struct {
	EntryID      int             `db:"EntryID"`
	LegacyID     *int            `db:"LegacyID"`
	Price        decimal.Decimal `db:"Price"`
	CareType     string          `db:"CareType"`
	Frequency    *int            `db:"Frequency"`
	PatCat       int             `db:"PatCat"`
	Category     *string         `db:"Category"` // services only
	ValidityFrom time.Time       `db:"ValidityFrom"`
	ValidityTo   *time.Time      `db:"ValidityTo"`
}

// ListDetail is an entry of a price list: tblPLItemsDetail, tblPLServicesDetail.
type ListDetail struct {
	DetailID     int    `db:"DetailID"`
	ListID       int    `db:"ListID"` // PLItemID, PLServiceID
	EntryID      int    `db:"EntryID"`
	PriceOverule Amount `db:"PriceOverule"`
}
