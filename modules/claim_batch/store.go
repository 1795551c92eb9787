package claim_batch

import (
	"cmp"
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

// summaryFilter narrows the summaries; nil leaves a column as it is.
type summaryFilter struct {
	AccountType, AccountYear, AccountMonth *int
	AccountRegion, AccountDistrict         *int
	AccountProduct                         *int
	AccountCareType                        *string
}

// Summaries reads the indexes of batch runs, the newest first (rules.md §9.1): those of a district or region, and
// without one those of the whole country.
func (s *Store) Summaries(ctx context.Context, scope auth.Scope, f summaryFilter) (rows []summaryRow, err error) {
	where, args := `b."LocationId" IS NULL`, []any(nil)
	if place := cmp.Or(f.AccountDistrict, f.AccountRegion); place != nil {
		where, args = `b."LocationId" = ?`, []any{*place}
	}
	for _, c := range []struct {
		condition string
		value     *int
	}{
		{`r."RelType" = ?`, f.AccountType}, {`b."RunYear" = ?`, f.AccountYear}, {`b."RunMonth" = ?`, f.AccountMonth}, {`r."ProdID" = ?`, f.AccountProduct},
	} {
		if c.value != nil {
			where, args = where+" AND "+c.condition, append(args, *c.value)
		}
	}
	if f.AccountCareType != nil {
		where, args = where+` AND r."RelCareType" = ?`, append(args, *f.AccountCareType)
	}
	if in, more := regional(scope, "b"); in != "" {
		where, args = where+" AND "+in, append(args, more...)
	}
	err = s.DB.Select(ctx, &rows, `SELECT b."RunYear", b."RunMonth", p."ProductCode", p."ProductName", r."RelCareType", r."CalcDate", r."RelIndex"
		FROM "tblBatchRun" AS b
		JOIN "tblRelIndex" AS r ON r."RelYear" = b."RunYear" AND r."RelPeriod" * 12 = b."RunMonth" * r."RelType" AND (r."LocationId" = b."LocationId" OR r."LocationId" IS NULL AND b."LocationId" IS NULL)
		JOIN "tblProduct" AS p ON p."ProdID" = r."ProdID"
		WHERE b."ValidityTo" IS NULL AND r."ValidityTo" IS NULL AND `+where+`
		ORDER BY b."RunYear" DESC, b."RunMonth" DESC, r."RelIndexID"`, args...)
	return rows, err
}

// names are the codes and names of rows.
type names map[int]struct{ Code, Name string }

// productNames and facilityNames read codes and names by id.
func (s *Store) productNames(ctx context.Context, ids []int) (names, error) {
	return s.names(ctx, `SELECT p."ProdID" AS "id", p."ProductCode" AS "code", p."ProductName" AS "name" FROM "tblProduct" AS p WHERE p."ProdID" IN $ints(?)`, ids)
}

func (s *Store) facilityNames(ctx context.Context, ids []int) (names, error) {
	return s.names(ctx, `SELECT h."HfID" AS "id", h."HFCode" AS "code", h."HFName" AS "name" FROM "tblHF" AS h WHERE h."HfID" IN $ints(?)`, ids)
}

func (s *Store) names(ctx context.Context, src string, ids []int) (names, error) {
	var rows []struct {
		ID   int    `db:"id"`
		Code string `db:"code"`
		Name string `db:"name"`
	}
	err := s.DB.Select(ctx, &rows, src, db.Ints(ids))
	found := names{}
	for _, r := range rows {
		found[r.ID] = struct{ Code, Name string }{r.Code, r.Name}
	}
	return found, err
}
