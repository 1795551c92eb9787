package claim_batch

import (
	"context"
	"time"

	"github.com/shopspring/decimal"

	"github.com/openimis/openimis-be-go/internal/auth"
	"github.com/openimis/openimis-be-go/internal/db"
)

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

// regional is the condition for rows of a district or region of s, or of the whole country.
func regional(s auth.Scope, alias string) (string, []any) {
	if s.All {
		return "", nil
	}
	column := alias + `."LocationId"`
	return `(` + column + ` IS NULL OR ` + column + ` IN $ints(?) OR ` + column + ` IN (SELECT d."ParentLocationId" FROM "tblLocations" AS d WHERE d."LocationId" IN $ints(?)))`,
		[]any{db.Ints(s.Districts), db.Ints(s.Districts)}
}
