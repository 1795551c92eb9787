// Package rules decides about insurance policies: pure functions over loaded rows, which follow the legacy procedures.
// It knows no database, clock or client; internal/imports keeps it so.
//
// One file is one set of rules: period.go and value.go (what a new policy is), coverage.go (who is covered), payment.go,
// status.go and renewal.go (its life), inquiry.go, remaining.go and eligibility.go (what an insuree may still claim).
// Rows and codes are in model.go.
package rules

import (
	"time"

	"github.com/shopspring/decimal"
)

// Status of a policy.
const (
	StatusIdle      = 1
	StatusActive    = 2
	StatusSuspended = 4
	StatusExpired   = 8
	StatusReady     = 16 // paid, waiting for the payment to be matched; databases from 1.7 on
)

// Stage of a policy.
const (
	StageNew     = "N"
	StageRenewal = "R"
)

// Policy is a row of tblPolicy with the columns that business rules read.
type Policy struct {
	ID            int              `db:"PolicyID"`
	FamilyID      int              `db:"FamilyID"`
	ProductID     int              `db:"ProdID"`
	OfficerID     *int             `db:"OfficerID"`
	Stage         *string          `db:"PolicyStage"`
	Status        *int             `db:"PolicyStatus"`
	Value         *decimal.Decimal `db:"PolicyValue"`
	EnrollDate    time.Time        `db:"EnrollDate"`
	StartDate     time.Time        `db:"StartDate"`
	EffectiveDate *time.Time       `db:"EffectiveDate"`
	ExpiryDate    *time.Time       `db:"ExpiryDate"`
	ValidityTo    *time.Time       `db:"ValidityTo"`
}

// Current says whether the row is live.
func (p Policy) Current() bool { return p.ValidityTo == nil }

// HasStatus says whether the policy is in one of the statuses.
func (p Policy) HasStatus(statuses ...int) bool {
	for _, s := range statuses {
		if p.Status != nil && *p.Status == s {
			return true
		}
	}
	return false
}

// InsureePolicy is a row of tblInsureePolicy: one insuree under one policy. Without effective date the insuree is not covered.
type InsureePolicy struct {
	ID             int        `db:"InsureePolicyId"`
	InsureeID      int        `db:"InsureeId"`
	PolicyID       int        `db:"PolicyId"`
	EnrollmentDate *time.Time `db:"EnrollmentDate"`
	StartDate      *time.Time `db:"StartDate"`
	EffectiveDate  *time.Time `db:"EffectiveDate"`
	ExpiryDate     *time.Time `db:"ExpiryDate"`
	ValidityTo     *time.Time `db:"ValidityTo"`
	AuditUserID    *int       `db:"AuditUserId"`
	Offline        *bool      `db:"isOffline"`
}

// Current says whether the row is live.
func (p InsureePolicy) Current() bool { return p.ValidityTo == nil }

// Covers says whether a day lies within effective and expiry date, both included.
func (p InsureePolicy) Covers(day time.Time) bool {
	return p.EffectiveDate != nil && p.ExpiryDate != nil && !day.Before(*p.EffectiveDate) && !day.After(*p.ExpiryDate)
}

// Officer is a row of tblOfficer: who enrols and renews policies.
type Officer struct {
	ID           int        `db:"OfficerID"`
	Phone        *string    `db:"Phone"`
	SubstituteID *int       `db:"OfficerIDSubst"`
	WorksTo      *time.Time `db:"WorksTo"`
}

// value reads NULL as zero.
func value[T any](p *T) T {
	var zero T
	if p != nil {
		zero = *p
	}
	return zero
}
