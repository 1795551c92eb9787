package stu3

// EligibilityRequest asks what an insured person is entitled to.
type EligibilityRequest struct {
	Id                 *ID              `json:"id,omitempty"`
	Identifier         []Identifier     `json:"identifier,omitempty"`
	Status             *string          `json:"status,omitempty"`
	Patient            *Reference       `json:"patient,omitempty"`
	Created            *string          `json:"created,omitempty"`
	BenefitCategory    *CodeableConcept `json:"benefitCategory,omitempty"`
	BenefitSubCategory *CodeableConcept `json:"benefitSubCategory,omitempty"`
}

// EligibilityResponse is the answer.
type EligibilityResponse struct {
	Id        *ID                    `json:"id,omitempty"`
	Meta      *Meta                  `json:"meta,omitempty"`
	Status    *string                `json:"status,omitempty"` // active, cancelled, draft, entered-in-error
	Created   *string                `json:"created,omitempty"`
	Request   *Reference             `json:"request,omitempty"`
	Outcome   *CodeableConcept       `json:"outcome,omitempty"`
	Inforce   *bool                  `json:"inforce,omitempty"`
	Insurance []EligibilityInsurance `json:"insurance,omitempty"`
}

// EligibilityInsurance is the entitlement by one policy.
type EligibilityInsurance struct {
	Extension      []Extension      `json:"extension,omitempty"`
	Coverage       *Reference       `json:"coverage,omitempty"`
	Contract       *Reference       `json:"contract,omitempty"`
	BenefitBalance []BenefitBalance `json:"benefitBalance,omitempty"`
}

// BenefitBalance is one kind of benefit. Bahmni reads term and the type of financial without asking
// whether they are there.
type BenefitBalance struct {
	Category    CodeableConcept    `json:"category"`
	SubCategory *CodeableConcept   `json:"subCategory,omitempty"`
	Excluded    *bool              `json:"excluded,omitempty"`
	Name        *string            `json:"name,omitempty"`
	Description *string            `json:"description,omitempty"`
	Unit        *CodeableConcept   `json:"unit,omitempty"`
	Term        *CodeableConcept   `json:"term,omitempty"`
	Financial   []BenefitFinancial `json:"financial,omitempty"`
}

// BenefitFinancial is what is allowed and what was used of a benefit.
type BenefitFinancial struct {
	Type               CodeableConcept `json:"type"`
	AllowedUnsignedInt *int            `json:"allowedUnsignedInt,omitempty"`
	AllowedString      *string         `json:"allowedString,omitempty"`
	AllowedMoney       *Money          `json:"allowedMoney,omitempty"`
	UsedUnsignedInt    *int            `json:"usedUnsignedInt,omitempty"`
	UsedMoney          *Money          `json:"usedMoney,omitempty"`
}
