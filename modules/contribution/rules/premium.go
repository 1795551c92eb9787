// Package rules says what a premium does to the policy that it pays for: [Activation]. It is pure: rows in, changes out.
package rules

import (
	"time"

	"github.com/shopspring/decimal"
)

// Premium is a row of tblPremium with the columns that business rules read.
type Premium struct {
	ID         int             `db:"PremiumId"`
	PolicyID   int             `db:"PolicyID"`
	Amount     decimal.Decimal `db:"Amount"`
	Receipt    string          `db:"Receipt"`
	PayDate    time.Time       `db:"PayDate"`
	PayType    string          `db:"PayType"` // one of PayTypes
	PhotoFee   *bool           `db:"isPhotoFee"`
	ValidityTo *time.Time      `db:"ValidityTo"`
}

// PayTypes are the ways to pay: bank transfer, cash, funding, mobile phone.
var PayTypes = []string{"B", "C", "F", "M"}

// Counts says whether the premium pays for the policy: photo fees and closed rows do not.
func (p Premium) Counts() bool { return p.ValidityTo == nil && (p.PhotoFee == nil || !*p.PhotoFee) }
