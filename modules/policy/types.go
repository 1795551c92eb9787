package policy

import (
	"time"

	"github.com/shopspring/decimal"
)

// ByInsuree is the answer of policiesByInsuree.
type ByInsuree struct{ Items []*ByInsureeItem }

// ByInsureeItem is a policy in the enquiry (rules.md §6.5). Status: I idle, A active, S suspended, E expired.
type ByInsureeItem struct {
	ProductCode, ProductName *string
	ExpiryDate               *time.Time
	Status, DedType          *string
	Ded1, Ded2               *decimal.Decimal
	Ceiling1, Ceiling2       *decimal.Decimal
}

// FamilyBalance is the answer of policyBalance (rules.md §6.7).
type FamilyBalance struct {
	FamilyID                             *int
	ProductCode                          *string
	PolicyID                             *int
	PolicyValue, PremiumsAmount, Balance *decimal.Decimal
}

// EligibilityAnswer is the answer of the three eligibility queries (rules.md §6.6).
type EligibilityAnswer struct {
	ProdID                                                                                                                    *string
	TotalAdmissionsLeft, TotalVisitsLeft, TotalConsultationsLeft, TotalSurgeriesLeft, TotalDeliveriesLeft, TotalAntenatalLeft *int
	ConsultationAmountLeft, SurgeryAmountLeft, DeliveryAmountLeft, HospitalizationAmountLeft, AntenatalAmountLeft             *decimal.Decimal
	MinDateService, MinDateItem                                                                                               *time.Time
	ServiceLeft, ItemLeft                                                                                                     *int
	IsItemOk, IsServiceOk                                                                                                     *bool
}
