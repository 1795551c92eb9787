// Package rules says what an insurance product is: what it costs, when its policies run, and how much it covers. It is
// pure: rows in, answers out.
//
// Start with [Product]; [Catalogue] answers which version of a product applied on a day.
package rules

import (
	"time"

	"github.com/shopspring/decimal"
)

// Product is a row of tblProduct, live or historical, with the columns that business rules read. Amounts are
// nullable; whether NULL and 0 mean the same differs from rule to rule, so they are kept apart.
type Product struct {
	ID           int        `db:"ProdID"`
	LegacyID     *int       `db:"LegacyID"`
	ValidityFrom time.Time  `db:"ValidityFrom"`
	ValidityTo   *time.Time `db:"ValidityTo"`
	Code         string     `db:"ProductCode"`
	Name         string     `db:"ProductName"`
	DateFrom     time.Time  `db:"DateFrom"`
	DateTo       time.Time  `db:"DateTo"`
	ConversionID *int       `db:"ConversionProdID"`
	MemberCount  int        `db:"MemberCount"`
	Threshold    *int       `db:"Threshold"` // members included in the lump sum and in the policy ceilings

	Fees
	Duration
	Deductibles
	Ceilings
	CategoryLimits
}

// Fees make up the value of a policy.
type Fees struct {
	LumpSum                 decimal.Decimal  `db:"LumpSum"`
	PremiumAdult            *decimal.Decimal `db:"PremiumAdult"`
	PremiumChild            *decimal.Decimal `db:"PremiumChild"`
	RegistrationLumpSum     *decimal.Decimal `db:"RegistrationLumpSum"`
	RegistrationFee         *decimal.Decimal `db:"RegistrationFee"`
	AssemblyLumpSum         *decimal.Decimal `db:"GeneralAssemblyLumpSum"`
	AssemblyFee             *decimal.Decimal `db:"GeneralAssemblyFee"`
	EnrolmentDiscountPerc   *int             `db:"EnrolmentDiscountPerc"`
	EnrolmentDiscountPeriod *int             `db:"EnrolmentDiscountPeriod"` // months
	RenewalDiscountPerc     *int             `db:"RenewalDiscountPerc"`
	RenewalDiscountPeriod   *int             `db:"RenewalDiscountPeriod"` // months
}

// Duration says when a policy starts and ends. All periods are months; cycles are "DD-MM", NULL or empty.
type Duration struct {
	InsurancePeriod      int     `db:"InsurancePeriod"`
	AdministrationPeriod *int    `db:"AdministrationPeriod"`
	GracePeriod          int     `db:"GracePeriod"`
	GracePeriodRenewal   *int    `db:"GracePeriodRenewal"`
	WaitingPeriod        *int    `db:"WaitingPeriod"`
	StartCycle1          *string `db:"StartCycle1"`
	StartCycle2          *string `db:"StartCycle2"`
	StartCycle3          *string `db:"StartCycle3"`
	StartCycle4          *string `db:"StartCycle4"`
}

// Deductibles are what the insured pay themselves, per treatment, insuree or policy; all care, or out-patient (OP)
// and in-patient (IP) care apart.
type Deductibles struct {
	DedTreatment   *decimal.Decimal `db:"DedTreatment"`
	DedOPTreatment *decimal.Decimal `db:"DedOPTreatment"`
	DedIPTreatment *decimal.Decimal `db:"DedIPTreatment"`
	DedInsuree     *decimal.Decimal `db:"DedInsuree"`
	DedOPInsuree   *decimal.Decimal `db:"DedOPInsuree"`
	DedIPInsuree   *decimal.Decimal `db:"DedIPInsuree"`
	DedPolicy      *decimal.Decimal `db:"DedPolicy"`
	DedOPPolicy    *decimal.Decimal `db:"DedOPPolicy"`
	DedIPPolicy    *decimal.Decimal `db:"DedIPPolicy"`
}

// Ceilings are what the scheme pays at most. A policy ceiling grows by the extra amount with each member above the
// threshold, up to the ceiling of ceilings.
type Ceilings struct {
	MaxTreatment           *decimal.Decimal `db:"MaxTreatment"`
	MaxOPTreatment         *decimal.Decimal `db:"MaxOPTreatment"`
	MaxIPTreatment         *decimal.Decimal `db:"MaxIPTreatment"`
	MaxInsuree             *decimal.Decimal `db:"MaxInsuree"`
	MaxOPInsuree           *decimal.Decimal `db:"MaxOPInsuree"`
	MaxIPInsuree           *decimal.Decimal `db:"MaxIPInsuree"`
	MaxPolicy              *decimal.Decimal `db:"MaxPolicy"`
	MaxOPPolicy            *decimal.Decimal `db:"MaxOPPolicy"`
	MaxIPPolicy            *decimal.Decimal `db:"MaxIPPolicy"`
	MaxPolicyExtraMember   *decimal.Decimal `db:"MaxPolicyExtraMember"`
	MaxPolicyExtraMemberOP *decimal.Decimal `db:"MaxPolicyExtraMemberOP"`
	MaxPolicyExtraMemberIP *decimal.Decimal `db:"MaxPolicyExtraMemberIP"`
	MaxCeilingPolicy       *decimal.Decimal `db:"MaxCeilingPolicy"`
	MaxCeilingPolicyOP     *decimal.Decimal `db:"MaxCeilingPolicyOP"`
	MaxCeilingPolicyIP     *decimal.Decimal `db:"MaxCeilingPolicyIP"`
}

// CategoryLimits restrict the number and the amount of treatments by category of care.
type CategoryLimits struct {
	MaxNoConsultation        *int             `db:"MaxNoConsultation"`
	MaxNoSurgery             *int             `db:"MaxNoSurgery"`
	MaxNoDelivery            *int             `db:"MaxNoDelivery"`
	MaxNoHospitalization     *int             `db:"MaxNoHospitalizaion"` // so spelled in the schema
	MaxNoVisits              *int             `db:"MaxNoVisits"`
	MaxNoAntenatal           *int             `db:"MaxNoAntenatal"`
	MaxAmountConsultation    *decimal.Decimal `db:"MaxAmountConsultation"`
	MaxAmountSurgery         *decimal.Decimal `db:"MaxAmountSurgery"`
	MaxAmountDelivery        *decimal.Decimal `db:"MaxAmountDelivery"`
	MaxAmountHospitalization *decimal.Decimal `db:"MaxAmountHospitalization"`
	MaxAmountAntenatal       *decimal.Decimal `db:"MaxAmountAntenatal"`
}

// Limit is how often and from when a product covers one item or service: a current row of tblProductItems or
// tblProductServices.
type Limit struct {
	ProductID          int  `db:"ProdID"`
	NumberAdult        *int `db:"LimitNoAdult"` // 0 and NULL: unlimited
	NumberChild        *int `db:"LimitNoChild"`
	WaitingPeriodAdult *int `db:"WaitingPeriodAdult"` // months from the effective date
	WaitingPeriodChild *int `db:"WaitingPeriodChild"`
}

// Cycles answers the start cycles in column order.
func (d Duration) Cycles() [4]*string {
	return [4]*string{d.StartCycle1, d.StartCycle2, d.StartCycle3, d.StartCycle4}
}

// Of answers the limit number and the waiting period for adults or children.
func (l Limit) Of(adult bool) (number, waiting *int) {
	if adult {
		return l.NumberAdult, l.WaitingPeriodAdult
	}
	return l.NumberChild, l.WaitingPeriodChild
}
