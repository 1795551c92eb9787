package core

import (
	"time"

	"github.com/shopspring/decimal"
)

// ModuleConfiguration is a row of core_ModuleConfiguration as clients read it.
type ModuleConfiguration struct {
	ID              string
	Module          string
	Layer           string // FE or BE
	Version         string
	Config          string // JSON
	IsExposed       bool
	IsDisabledUntil *time.Time
	Controls        []*Control
}

// Control is a row of tblControls: how a field of a form is used. Adjustibility: N hidden, O optional,
// M mandatory, R read-only.
type Control struct {
	FieldName     string  `db:"FieldName"`
	Adjustibility string  `db:"Adjustibility"`
	Usage         *string `db:"Usage"`
}

// Debug is what graphene-django's _debug field had; it is always empty, because SQL is nobody's
// business but the operator's.
type Debug struct{ SQL []*DebugSQL }

// DebugSQL is an element of Debug.
type DebugSQL struct {
	Vendor, Alias, RawSQL, Params                 string
	SQL, TransID, TransStatus, IsoLevel, Encoding *string
	Duration, StartTime, StopTime                 decimal.Decimal
	IsSlow, IsSelect                              bool
}
