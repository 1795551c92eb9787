package load

import (
	"slices"
	"time"

	"github.com/openimis/openimis-be-go/internal/db"
	"github.com/openimis/openimis-be-go/internal/schema"
)

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

// Neutral gives the value for a required column that a row does not bring.
func Neutral(table, column string) (any, bool) {
	v, ok := neutral[table][column]
	return v, ok
}

// withNeutral adds the neutral values of columns that the rows do not have and the database requires.
func withNeutral(q db.Query, tab *schema.Table, cols []string, rows [][]any) ([]string, [][]any) {
	var add []string
	for _, c := range tab.Columns {
		if _, ok := neutral[tab.Name][c.Name]; ok && q.Dialect() == db.Postgres && q.Offers(tab.Name, c.Name) && !slices.Contains(cols, c.Name) {
			add = append(add, c.Name)
		}
	}
	if len(add) == 0 {
		return cols, rows
	}
	wide := make([][]any, len(rows))
	for i, row := range rows {
		wide[i] = slices.Clip(row)
		for _, name := range add {
			wide[i] = append(wide[i], neutral[tab.Name][name])
		}
	}
	return append(slices.Clip(cols), add...), wide
}
