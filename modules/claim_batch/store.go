package claim_batch

import (
	"context"
	"time"

	"github.com/shopspring/decimal"

	"github.com/openimis/openimis-be-go/internal/auth"
	"github.com/openimis/openimis-be-go/internal/db"
	"github.com/openimis/openimis-be-go/internal/entity"
	"github.com/openimis/openimis-be-go/modules/location"
	"github.com/openimis/openimis-be-go/modules/product"
)

// BatchRun is tblBatchRun; no location means a national run.
var BatchRun = &entity.Type{
	Name: "BatchRunGQLType", Table: "tblBatchRun", Key: "RunID", Relay: true,
	Columns: map[string]string{
		"legacyId":     "LegacyID",
		"runDate":      "RunDate",
		"validityFrom": "ValidityFrom",
		"validityTo":   "ValidityTo",
		"auditUserId":  "AuditUserID",
		"runYear":      "RunYear",
		"runMonth":     "RunMonth",
	},
	One:    map[string]entity.One{"location": {To: location.Location, Column: "LocationId", Open: true}},
	Access: Search,
	Scope:  regional,
}

// RelativeIndex is tblRelIndex: the share of the price that a product paid in a period. Type: 12 month,
// 4 quarter, 1 year; care type: I in-patient, O out-patient, B both.
var RelativeIndex = &entity.Type{
	Name: "RelativeIndexGQLType", Table: "tblRelIndex", Key: "RelIndexID", Relay: true,
	Columns: map[string]string{
		"type":         "RelType",
		"careType":     "RelCareType",
		"year":         "RelYear",
		"period":       "RelPeriod",
		"calcDate":     "CalcDate",
		"relIndex":     "RelIndex",
		"validityFrom": "ValidityFrom",
		"validityTo":   "ValidityTo",
		"legacyId":     "LegacyID",
		"auditUserId":  "AuditUserID",
	},
	One: map[string]entity.One{
		"product":  {To: product.Entity, Column: "ProdID", Open: true},
		"location": {To: location.Location, Column: "LocationId", Open: true},
	},
	Access: Search,
	Scope:  regional,
}

// regional is the condition for rows of a district or region of s, or of the whole country.
func regional(s auth.Scope, alias string) (string, []any) {
	if s.All {
		return "", nil
	}
	column := alias + `."LocationId"`
	return `(` + column + ` IS NULL OR ` + column + ` IN $ints(?) OR ` + column + ` IN (SELECT d."ParentLocationId" FROM "tblLocations" AS d WHERE d."LocationId" IN $ints(?)))`,
		[]any{db.Ints(s.Districts), db.Ints(s.Districts)}
}

// Store has the module's SQL.
type Store struct{ DB *db.DB }

// summaryRow is a relative index with its run.
type summaryRow struct {
	Year     int              `db:"RunYear"`
	Month    int              `db:"RunMonth"`
	Code     string           `db:"ProductCode"`
	Name     string           `db:"ProductName"`
	CareType string           `db:"RelCareType"`
	CalcDate time.Time        `db:"CalcDate"`
	Index    *decimal.Decimal `db:"RelIndex"`
}

// Summaries reads the indexes of the national runs, newest first (rules.md §9.1: without a location
// argument only those of the whole country are shown).
func (s *Store) Summaries(ctx context.Context) ([]summaryRow, error) {
	var rows []summaryRow
	err := s.DB.Select(ctx, &rows, `SELECT b."RunYear", b."RunMonth", p."ProductCode", p."ProductName", r."RelCareType", r."CalcDate", r."RelIndex"
		FROM "tblBatchRun" AS b
		JOIN "tblRelIndex" AS r ON r."RelYear" = b."RunYear" AND r."RelPeriod" = b."RunMonth" AND r."LocationId" IS NULL
		JOIN "tblProduct" AS p ON p."ProdID" = r."ProdID"
		WHERE b."LocationId" IS NULL AND b."ValidityTo" IS NULL AND r."ValidityTo" IS NULL
		ORDER BY b."RunYear" DESC, b."RunMonth" DESC, r."RelIndexID"`)
	return rows, err
}
