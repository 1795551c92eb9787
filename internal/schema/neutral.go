package schema

import "time"

// always stands for "valid since ever" where a table began to keep history only later.
var always = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)

// neutral are the values that mean what their absence meant before, for columns that a database
// requires and that neither it nor the catalogue gives a default: PostgreSQL's additions, and columns
// that SQL Server lets be NULL.
var neutral = map[string]map[string]any{
	"tblHF":                {"status": "AC"}, // active
	"tblConfirmationTypes": {"is_confirmation_number_required": false},
	"tblServices":          {"manualPrice": false, "ServPackageType": "S"}, // a single service
	"tblControls":          {"Usage": ""},
	"tblInsureePolicy":     {"AuditUserId": -1}, // the system
	"tblClaimAdmin":        {"ValidityFrom": always},
	"core_User":            {"ValidityFrom": always},
}

// Neutral gives the value of a required column that a row does not bring and no default covers.
func Neutral(table, column string) (any, bool) {
	v, ok := neutral[table][column]
	return v, ok
}
